// Passed to a variadic function that formats it.
package main

import (
	"fmt"
	"io"
)

//go:noinline
func log(n int) {
	fmt.Fprintln(io.Discard, n+1000) // HERE
}

func main() {
	for i := 0; i < 1000; i++ {
		log(i)
	}
}
