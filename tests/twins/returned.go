// A pointer to it is returned.
package main

type point struct{ x, y int }

//go:noinline
func newPoint(n int) *point {
	p := point{n, n} // HERE
	return &p
}

//go:noinline
func use(n int) int {
	p := newPoint(n)
	return p.x + p.y
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += use(i)
	}
	println(sum)
}
