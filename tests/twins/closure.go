// Captured by a closure that is returned.
package main

//go:noinline
func counter() func() int {
	n := 0 // HERE
	return func() int {
		n++
		return n
	}
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		next := counter()
		sum += next() + next()
	}
	println(sum)
}
