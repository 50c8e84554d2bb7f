// For variants.test: inlined, generic and boxed.
use std::hint::black_box;

struct Point {
    x: u64,
    y: u64,
}

#[inline(always)]
fn make<T>(value: T) -> Box<T> {
    Box::new(black_box(value))
}

#[inline(never)]
fn local(x: u64) -> u64 {
    let point = make(Point { x, y: 1 });
    black_box(&point);
    point.x + point.y
}

#[inline(never)]
fn returned(x: u64) -> Box<u64> {
    make(x)
}

fn main() {
    let mut sum = 0;
    for i in 0..500 {
        sum += local(i);
        sum += *black_box(returned(i));
    }
    black_box(sum);
}
