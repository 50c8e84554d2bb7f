// Used only in the function that makes it.
package main

type point struct{ x, y int }

//go:noinline
func length(n int) int {
	p := &point{n, n} // HERE
	return p.x*p.x + p.y*p.y
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += length(i)
	}
	println(sum)
}
