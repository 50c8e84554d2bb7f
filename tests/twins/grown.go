// A slice that grows in a loop, used only locally.
package main

//go:noinline
func collect(n int) int {
	all := []int{} // HERE
	for i := 0; i < n; i++ {
		all = append(all, i)
	}
	return all[n/2]
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += collect(1 + i%40)
	}
	println(sum)
}
