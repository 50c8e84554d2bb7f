// expect: boxed::local_box stack boxed::local_box+0 local=500
// expect: boxed::make_box caller boxed::use_box+1 up=500
// expect: boxed::local_vec stack boxed::local_vec+0 local=500
// Rust 1.63 has no stable std::hint::black_box: a value read back through a
// volatile pointer is as opaque.
fn black_box<T>(x: T) -> T {
    let y = unsafe { std::ptr::read_volatile(&x) };
    std::mem::forget(x);
    y
}

#[inline(never)]
fn local_box(i: u64) -> u64 {
    let b = black_box(Box::new([i; 6]));
    let sum = b.iter().sum();
    drop(b);
    black_box(sum)
}

#[inline(never)]
fn make_box(i: u64) -> Box<[u64; 4]> {
    black_box(Box::new([i; 4]))
}

#[inline(never)]
fn use_box(i: u64) -> u64 {
    let b = make_box(i);
    let sum = b.iter().sum();
    drop(b);
    black_box(sum)
}

#[inline(never)]
fn local_vec(i: u64) -> u64 {
    let v = black_box(vec![i; 10]);
    let sum = v.iter().sum();
    drop(v);
    black_box(sum)
}

fn main() {
    let mut sum = 0u64;
    for i in 0..500 {
        sum = sum.wrapping_add(local_box(i));
        sum = sum.wrapping_add(use_box(i));
        sum = sum.wrapping_add(local_vec(i));
    }
    if sum == 1 {
        println!("{}", sum);
    }
}
