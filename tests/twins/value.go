// The value itself is returned.
package main

type point struct{ x, y int }

//go:noinline
func makePoint(n int) point {
	p := point{n, n} // HERE
	return p
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		p := makePoint(i)
		sum += p.x + p.y
	}
	println(sum)
}
