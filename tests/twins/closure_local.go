// Captured by a closure that is called here only.
package main

//go:noinline
func sum(limit int) int {
	var table [8]int
	add := func(n int) { table[n%8] += n } // HERE
	for i := 0; i < limit; i++ {
		add(i)
	}
	return table[0] + table[7]
}

func main() {
	all := 0
	for i := 0; i < 1000; i++ {
		all += sum(i % 20)
	}
	println(all)
}
