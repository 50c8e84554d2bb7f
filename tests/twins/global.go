// Stored in a global variable.
package main

type config struct{ level int }

var current *config

//go:noinline
func configure(n int) {
	current = &config{n} // HERE
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		configure(i)
		sum += current.level
	}
	println(sum)
}
