// Passed to a function that may store it, and never does.
package main

type point struct{ x, y int }

var kept *point

//go:noinline
func area(p *point) int {
	if p.x < 0 {
		kept = p
	}
	return p.x * p.y
}

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
