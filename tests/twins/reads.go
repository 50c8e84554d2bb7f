// Passed to a function that only reads it.
package main

type point struct{ x, y int }

//go:noinline
func area(p *point) int { return p.x * p.y }

//go:noinline
func work(n int) int {
	p := &point{n, n} // HERE
	return area(p)
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += work(i)
	}
	println(sum)
}
