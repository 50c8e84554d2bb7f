// expect: owned::push_loop buffer owned::push_loop+0 local=900
// expect: owned::text caller owned::use_text+1 up=300
// expect: owned::counted caller owned::use_counted+1 up=300
// expect: owned::shape caller owned::use_shape+1 up=300
// expect: owned::keep live live=40
// expect: owned::send thread thread=300
// ignored: owned::main
// Vec, String, Rc, a trait object, a leaked Box, a channel's message.
use std::rc::Rc;
use std::thread;

// A value read back through a volatile pointer is opaque to the optimiser.
fn black_box<T>(x: T) -> T {
    let y = unsafe { std::ptr::read_volatile(&x) };
    std::mem::forget(x);
    y
}

#[inline(never)]
fn push_loop() -> usize {
    let mut v: Vec<u64> = Vec::new();
    for i in 0..16 {
        v.push(black_box(i));
    }
    let n = black_box(v.len());
    drop(v);
    black_box(n)
}

#[inline(never)]
fn text(i: usize) -> String {
    black_box("x".repeat(40 + i % 3))
}

#[inline(never)]
fn use_text(i: usize) -> usize {
    let t = text(i);
    let n = t.len();
    drop(t);
    black_box(n)
}

#[inline(never)]
fn counted(i: usize) -> Rc<[usize; 5]> {
    black_box(Rc::new([i; 5]))
}

#[inline(never)]
fn use_counted(i: usize) -> usize {
    let a = counted(i);
    let b = Rc::clone(&a);
    let n = b[2];
    drop(a);
    drop(b);
    black_box(n)
}

trait Shape {
    fn area(&self) -> usize;
}

struct Square(usize, [usize; 4]);

impl Shape for Square {
    fn area(&self) -> usize {
        self.0 * self.0 + self.1[1]
    }
}

#[inline(never)]
fn shape(i: usize) -> Box<dyn Shape> {
    black_box(Box::new(Square(i, [i; 4])))
}

#[inline(never)]
fn use_shape(i: usize) -> usize {
    let s = shape(i);
    let n = s.area();
    drop(s);
    black_box(n)
}

#[inline(never)]
fn keep(i: usize) -> usize {
    let b = black_box(Box::new([i; 7]));
    Box::leak(b)[3]
}

#[inline(never)]
fn send(i: usize) -> Box<[usize; 6]> {
    black_box(Box::new([i; 6]))
}

fn main() {
    let mut sum = 0;
    for i in 0..300 {
        sum += push_loop() + use_text(i) + use_counted(i) + use_shape(i);
    }
    for i in 0..40 {
        sum += keep(i);
    }
    for _ in 0..10 {
        let mut boxes: [Option<Box<[usize; 6]>>; 30] = Default::default();
        for (i, b) in boxes.iter_mut().enumerate() {
            *b = Some(send(i));
        }
        let worker = thread::spawn(move || {
            let mut n = 0;
            for b in boxes.iter_mut() {
                if let Some(b) = b.take() {
                    n += b[1];
                    drop(b);
                }
            }
            n
        });
        sum += worker.join().unwrap_or(0);
    }
    if sum == 1 {
        println!("{}", sum);
    }
}
