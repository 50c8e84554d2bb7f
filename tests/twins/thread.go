// Handed to another thread.
package main

type job struct{ n int }

//go:noinline
func hand(jobs chan *job, n int) {
	j := &job{n} // HERE
	jobs <- j
}

func main() {
	jobs := make(chan *job)
	done := make(chan int)
	go func() {
		sum := 0
		for j := range jobs {
			sum += j.n
		}
		done <- sum
	}()
	for i := 0; i < 1000; i++ {
		hand(jobs, i)
	}
	close(jobs)
	println(<-done)
}
