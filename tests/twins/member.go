// A pointer to it stands in a struct that is returned.
package main

type name struct{ text [16]byte }

type person struct {
	name *name
	age  int
}

//go:noinline
func newPerson(n int) person {
	is := name{} // HERE
	is.text[0] = byte(n)
	return person{&is, n}
}

//go:noinline
func use(n int) int {
	p := newPerson(n)
	return p.age + int(p.name.text[0])
}

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += use(i)
	}
	println(sum)
}
