// A pointer to it stands in a struct that stays here.
package main

type name struct{ text [16]byte }

type person struct {
	name *name
	age  int
}

//go:noinline
func work(n int) int {
	p := person{&name{}, n} // HERE
	p.name.text[0] = byte(n)
	return p.age + int(p.name.text[0])
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += work(i)
	}
	println(sum)
}
