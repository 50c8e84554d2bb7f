// expect: unwound::risky stack unwound::risky+0 local=200
// expect: unwound::made caller unwound::attempt+1 up=200
// A panic unwinds through the frames that own the blocks.
use std::panic;

fn black_box<T>(x: T) -> T {
    let y = unsafe { std::ptr::read_volatile(&x) };
    std::mem::forget(x);
    y
}

#[inline(never)]
fn fail(i: u64) {
    if black_box(i) % 2 == 0 {
        panic::resume_unwind(Box::new(()));
    }
}

#[inline(never)]
fn risky(i: u64) -> u64 {
    let b = black_box(Box::new([i; 8]));
    fail(i);
    let n = b[3];
    drop(b);
    black_box(n)
}

#[inline(never)]
fn made(i: u64) -> Box<[u64; 5]> {
    black_box(Box::new([i; 5]))
}

#[inline(never)]
fn attempt(i: u64) -> u64 {
    let b = made(i);
    let n = b[1] + risky(i);
    drop(b);
    black_box(n)
}

fn main() {
    let mut sum = 0u64;
    for i in 0..200 {
        sum += panic::catch_unwind(|| attempt(i)).unwrap_or(1);
    }
    if sum == 0 {
        println!("{}", sum);
    }
}
