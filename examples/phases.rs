// The same in Rust, with no crate: esc.h is dlsym and a call.
//
//	rustc -g -O -o phases phases.rs && esc run ./phases
use std::ffi::{c_void, CString};
use std::os::raw::c_char;

mod esc {
    use super::*;

    extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    // What libesc.so has of that name; None where it is not preloaded.
    fn call(name: &str, argument: Option<&str>) {
        let name = CString::new(name).unwrap();
        let text = argument.map(|text| CString::new(text).unwrap_or_default());

        unsafe {
            // RTLD_DEFAULT is NULL
            let found = dlsym(std::ptr::null_mut(), name.as_ptr());

            if !found.is_null() {
                let found: extern "C" fn(*const c_char) = std::mem::transmute(found);

                found(text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()));
            }
        }
    }

    pub fn phase(name: Option<&str>) {
        call("esc_api_phase", name);
    }

    pub fn thread_name(name: &str) {
        call("esc_api_thread_name", Some(name));
    }
}

fn load() -> Vec<String> {
    esc::phase(Some("load"));
    (0..100).map(|i| format!("entry {}", i)).collect()
}

#[inline(never)]
fn length(text: &str) -> usize {
    text.len()
}

// The copy never leaves: esc says so, of this phase.
#[inline(never)]
fn answer(table: &[String], number: usize) -> usize {
    let request = table[number % table.len()].clone();

    length(&request)
}

fn main() {
    let table = load();

    esc::phase(Some("serve"));
    let server = std::thread::spawn(move || {
        esc::thread_name("server");
        (0..1000).map(|i| answer(&table, i)).sum::<usize>()
    });
    println!("{}", server.join().unwrap());
    esc::phase(None);
}
