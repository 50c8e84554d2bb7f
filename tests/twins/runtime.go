// Used only locally; how large it is, is known at run time.
package main

//go:noinline
func fill(n int) int {
	buffer := make([]byte, n) // HERE
	for i := range buffer {
		buffer[i] = byte(n)
	}
	return int(buffer[n/2])
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += fill(16 + i%100)
	}
	println(sum)
}
