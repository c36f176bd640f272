//! What the parser allocates is bounded by the file, whatever its header says.

#![expect(unsafe_code, reason = "a global allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use lyceum_tensorblock::{Block, Dtype, Tensor, encode};

struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::SeqCst);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size, Ordering::SeqCst);
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// One test, so that nothing else allocates meanwhile.
#[test]
fn parsing_allocates_less_than_a_quarter_of_the_file_whatever_the_header_claims() {
    let names: Vec<String> = (0..300).map(|i| format!("{i:03}")).collect();
    let tensor = |name| Tensor { name, dtype: Dtype::Int8, shape: vec![0], data: &[] };
    let good = encode(&names.iter().map(|name| tensor(name)).collect::<Vec<_>>()).unwrap();
    let claims = [0, 1, 299, 300, 301, 1_000, 65_536, 65_537, 1 << 31, 1 << 32, u64::MAX / 2, u64::MAX];
    for at in [64, 72, 80, 88, 128, 133, 135, 141, 149] {
        for claim in claims {
            let mut bytes = good.clone();
            bytes[at..at + 8].copy_from_slice(&claim.to_le_bytes());
            let before = ALLOCATED.load(Ordering::SeqCst);
            let parsed = Block::parse(&bytes[..]);
            let allocated = ALLOCATED.load(Ordering::SeqCst) - before;
            assert!(allocated <= bytes.len() / 4, "{claim} at {at}: {allocated} bytes allocated");
            assert_eq!(parsed.is_ok(), bytes == good, "{claim} at {at}");
        }
    }
}
