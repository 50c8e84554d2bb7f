// Hazard: Rust panics over frames with marks: caught, nested, on threads, and out
// of main. Each frame allocates. Expected: as natively.
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Guard(Vec<u8>);

impl Drop for Guard {
    fn drop(&mut self) {
        let copy = self.0.clone();
        DROPPED.fetch_add(copy.len(), Ordering::Relaxed);
    }
}

#[inline(never)]
fn frame(depth: usize, fails: bool) -> usize {
    let guard = Guard(vec![1; 8 + depth % 5]);
    let text = format!("{} {}", depth, guard.0.len());
    if depth == 0 {
        if fails {
            panic!("at the end of {}", text);
        }
        return text.len();
    }
    frame(depth - 1, fails) + unsafe { std::ptr::read_volatile(&text.len()) }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut sum = 0;
    for round in 0..300 {
        match catch_unwind(|| frame(round % 20, round % 3 != 0)) {
            Ok(n) => sum += n,
            Err(e) => sum += e.downcast_ref::<String>().map_or(1, |s| s.len()),
        }
        let again = catch_unwind(AssertUnwindSafe(|| {
            let _guard = Guard(vec![2; 3]);
            if let Err(e) = catch_unwind(|| frame(round % 7, true)) {
                resume_unwind(e);
            }
        }));
        sum += again.is_err() as usize;
    }
    let threads: Vec<_> = (0..8)
        .map(|n| std::thread::spawn(move || frame(n, n % 2 == 0)))
        .collect();
    for t in threads {
        sum += t.join().unwrap_or(1000);
    }
    println!("{} dropped {}", sum, DROPPED.load(Ordering::Relaxed));
    std::panic::set_hook(Box::new(|info| {
        eprintln!("panicked at line {}", info.location().map_or(0, |l| l.line()));
    }));
    frame(3, true);
}
