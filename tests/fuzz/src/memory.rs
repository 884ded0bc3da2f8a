//! A limit on the memory that one input may take. libFuzzer's own `-malloc_limit_mb` works only with a sanitizer.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes that one input may hold at a time.
pub const MOST: usize = 64 << 20;

struct Limited;

static HELD: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

#[global_allocator]
static ALLOCATOR: Limited = Limited;

/// Runs `work`. An allocation that takes more than [`MOST`] bytes beyond what is held now ends the process, which libFuzzer
/// reports together with the input.
pub fn limited<T>(work: impl FnOnce() -> T) -> T {
    LIMIT.store(HELD.load(Relaxed) + MOST, Relaxed);
    let done = work();
    LIMIT.store(usize::MAX, Relaxed);
    done
}

fn is_too_much(size: usize) -> bool {
    HELD.load(Relaxed).saturating_add(size) > LIMIT.load(Relaxed)
}

// SAFETY: every call goes to the system's allocator as it came; a null pointer is the answer the contract has for a refusal.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_too_much(layout.size()) {
            return std::ptr::null_mut();
        }
        HELD.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_too_much(layout.size()) {
            return std::ptr::null_mut();
        }
        HELD.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_too_much(size.saturating_sub(layout.size())) {
            return std::ptr::null_mut();
        }
        HELD.fetch_add(size, Relaxed);
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}
