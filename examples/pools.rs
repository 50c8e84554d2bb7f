// The same in Rust, with no crate: esc.h is dlsym and a call.
//
//	rustc -g -O -o pools pools.rs && esc record ./pools && esc report
use std::cell::Cell;
use std::ffi::{c_void, CString};
use std::os::raw::{c_char, c_uint};

extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

// What libesc.so has of that name; NULL where it is not preloaded.
fn find(name: &str) -> *mut c_void {
    let name = CString::new(name).unwrap();

    // RTLD_DEFAULT is NULL
    unsafe { dlsym(std::ptr::null_mut(), name.as_ptr()) }
}

type New = extern "C" fn(*const c_char) -> c_uint;
type Allocate = extern "C" fn(c_uint, *const c_void, usize);
type Reset = extern "C" fn(c_uint);

// Memory that is given out from its begin on, and given back at once.
struct Arena {
    memory: Vec<Cell<u64>>,
    used: Cell<usize>,
    pool: c_uint,
    allocate: Option<Allocate>,
    reset: Option<Reset>,
}

impl Arena {
    fn new(name: &str, size: usize) -> Arena {
        let name = CString::new(name).unwrap();
        let (new, allocate, reset): (Option<New>, Option<Allocate>, Option<Reset>) = unsafe {
            (
                std::mem::transmute(find("esc_api_pool_new")),
                std::mem::transmute(find("esc_api_pool_allocate")),
                std::mem::transmute(find("esc_api_pool_reset")),
            )
        };

        Arena {
            memory: vec![Cell::new(0); size],
            used: Cell::new(0),
            pool: new.map_or(0, |new| new(name.as_ptr())),
            allocate,
            reset,
        }
    }

    // The function that says it is the pool's: the block is its caller's.
    fn numbers(&self, count: usize) -> &[Cell<u64>] {
        let from = self.used.get();
        let block = &self.memory[from..from + count];

        self.used.set(from + count);
        if let Some(allocate) = self.allocate {
            allocate(self.pool, block.as_ptr() as *const c_void, count * 8);
        }
        block
    }

    fn clear(&mut self) {
        if let Some(reset) = self.reset {
            reset(self.pool);
        }
        self.used.set(0);
    }
}

#[inline(never)]
fn squares(arena: &Arena, request: u64) -> &[Cell<u64>] {
    let list = arena.numbers(5);

    for (i, number) in list.iter().enumerate() {
        number.set(request + i as u64);
    }
    list
}

#[inline(never)]
fn answer(arena: &mut Arena, request: u64) -> u64 {
    let sum = squares(arena, request).iter().map(|n| n.get() * n.get()).sum();

    arena.clear();
    sum
}

fn main() {
    let mut arena = Arena::new("requests", 512);
    let sum: u64 = (0..1000).map(|request| answer(&mut arena, request)).sum();

    println!("{}", sum);
}
