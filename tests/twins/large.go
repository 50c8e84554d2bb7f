// Used only locally, but too large for the stack.
package main

//go:noinline
func fill(n int) int {
	buffer := make([]byte, 128<<10) // HERE
	for i := range buffer {
		buffer[i] = byte(n)
	}
	return int(buffer[n])
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += fill(i)
	}
	println(sum)
}
