//! The tensor block held against the safetensors crate and blake3: opening a file, verifying one, and keeping its
//! sidecar when some tiles change.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput};
use lyceum_benches::{Sample, criterion, folder, smoke};
use lyceum_tensorblock::tile::TILE_LEN;
use lyceum_tensorblock::{Outboard, TensorBlock, encode, export_safetensors, write};
use safetensors::SafeTensors;

/// Opens a tensor block and looks at every tensor.
fn open_block(path: &Path) -> usize {
    let block = TensorBlock::open(path).unwrap();
    block.tensors().map(|tensor| black_box(tensor.data).len()).sum()
}

/// The same as safetensors' own documentation does it.
fn open_safetensors(path: &Path) -> usize {
    let file = File::open(path).unwrap();
    #[expect(unsafe_code, reason = "mapping a file is unsafe by nature; nobody changes this one")]
    let map = unsafe { memmap2::Mmap::map(&file) }.unwrap();
    let tensors = SafeTensors::deserialize(&map).unwrap();
    tensors.iter().map(|(_, tensor)| black_box(tensor.data()).len()).sum()
}

fn open(c: &mut Criterion) {
    let folder = folder(env!("CARGO_TARGET_TMPDIR"));
    // An expert block of a large model, and a whole checkpoint's table.
    for (name, count, rows, columns) in [("large", 24, 512, 1024), ("many", 1000, 32, 32)] {
        let rows = if smoke() { 8 } else { rows };
        let (block, other) =
            (folder.join(format!("open_{name}.tblock")), folder.join(format!("open_{name}.safetensors")));
        write(&block, &Sample::new(count, rows, columns).tensors()).unwrap();
        export_safetensors(&TensorBlock::open(&block).unwrap(), &other).unwrap();
        assert_eq!(open_block(&block), open_safetensors(&other));
        let mut group = c.benchmark_group(format!("open_{name}"));
        group.bench_function("lyceum", |b| b.iter(|| open_block(&block)));
        group.bench_function("safetensors", |b| b.iter(|| open_safetensors(&other)));
    }
}

fn verify(c: &mut Criterion) {
    let block = TensorBlock::from_bytes(&sample()).unwrap();
    let root = block.root();
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Bytes(block.bytes().len() as u64));
    // From bytes that nobody has looked at yet: format and root.
    group.bench_function("lyceum", |b| {
        b.iter(|| lyceum_tensorblock::Block::parse(block.bytes()).unwrap().root() == root);
    });
    group.bench_function("sidecar", |b| b.iter(|| Outboard::of(block.bytes()).unwrap().root() == root));
    group.bench_function("blake3", |b| b.iter(|| *blake3::hash(block.bytes()).as_bytes() == root));
}

fn delta(c: &mut Criterion) {
    let bytes = sample();
    let tiles = bytes.len() as u64 / TILE_LEN;
    let mut outboard = Outboard::of(&bytes).unwrap();
    let mut group = c.benchmark_group("delta");
    group.bench_function("whole", |b| b.iter(|| blake3::hash(&bytes)));
    group.bench_function("whole_sidecar", |b| b.iter(|| Outboard::of(&bytes).unwrap()));
    for touched in [1u64, 16, 256] {
        // Spread evenly: the most ancestors that so many tiles can have.
        let touched: Vec<u64> = (0..touched).map(|i| i * tiles / touched).collect();
        group.bench_with_input(BenchmarkId::new("tiles", touched.len()), &touched, |b, touched| {
            b.iter(|| outboard.update(&bytes, touched).unwrap());
        });
    }
}

/// A block of 64 MiB.
fn sample() -> Vec<u8> {
    let rows = if smoke() { 64 } else { 1024 };
    encode(&Sample::new(16, rows, 1024).tensors()).unwrap()
}

fn main() {
    let mut c = criterion();
    open(&mut c);
    verify(&mut c);
    delta(&mut c);
    c.final_summary();
}
