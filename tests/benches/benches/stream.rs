//! A block sent with the proof of every tile, held against the plain bytes going the same way: in memory, and over
//! one TCP connection of this machine, with nothing of libp2p on either side; the bench `libp2p` has that.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::thread;

use criterion::{Criterion, Throughput};
use lyceum_benches::{Sample, criterion, folder, smoke, write_facts};
use lyceum_tensorblock::verified::{SliceError, decode_range, encode_range};
use lyceum_tensorblock::{Outboard, Root, encode};
use serde_json::json;

/// What both sides of a connection take from the system at once.
const BUFFER: usize = 64 * 1024;

/// What only proved tiles may reach.
#[derive(Default)]
struct Received(Vec<u8>);

impl Received {
    fn stream(&mut self, root: &Root, len: usize, stream: impl Read) {
        self.0.clear();
        let take = |_, tile: &[u8]| -> Result<(), SliceError> {
            self.0.extend_from_slice(tile);
            Ok(())
        };
        decode_range(root, len as u64, 0..len as u64, stream, take).unwrap();
    }
}

fn in_memory(c: &mut Criterion, bytes: &[u8], outboard: &Outboard) {
    let whole = 0..bytes.len() as u64;
    let root = outboard.root();
    let mut wire = Vec::with_capacity(bytes.len() + outboard.bytes().len());
    let mut received = Received(Vec::with_capacity(bytes.len()));
    let mut group = c.benchmark_group("memory");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("verified", |b| {
        b.iter(|| {
            wire.clear();
            encode_range(bytes, outboard, whole.clone(), &mut wire).unwrap();
            received.stream(&root, bytes.len(), &wire[..]);
        });
    });
    assert!(received.0 == bytes);
    let proofs = wire.len() - bytes.len();
    let facts = json!({ "bytes": bytes.len(), "proofs": proofs });
    write_facts(&folder(env!("CARGO_TARGET_TMPDIR")), "stream", &facts);
    // As many copies as above: into the wire, and out of it.
    group.bench_function("copy", |b| {
        b.iter(|| {
            wire.clear();
            wire.extend_from_slice(bytes);
            received.0.clear();
            received.0.extend_from_slice(&wire);
        });
    });
}

/// Sends by `send` on a thread of its own each time `b` wants it, and receives here.
fn over_tcp(
    b: &mut criterion::Bencher<'_>,
    send: impl Fn(&mut dyn Write) + Send,
    mut receive: impl FnMut(&mut BufReader<TcpStream>),
) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    sender.set_nodelay(true).unwrap();
    let mut stream = BufReader::with_capacity(BUFFER, stream);
    let (again, asked) = sync_channel::<()>(1);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut out = BufWriter::with_capacity(BUFFER, sender);
            while asked.recv().is_ok() {
                send(&mut out);
                out.flush().unwrap();
            }
        });
        b.iter(|| {
            again.send(()).unwrap();
            receive(&mut stream);
        });
        drop(again);
    });
}

fn on_a_connection(c: &mut Criterion, bytes: &[u8], outboard: &Outboard) {
    let whole = 0..bytes.len() as u64;
    let root = outboard.root();
    let mut received = Received(Vec::with_capacity(bytes.len()));
    let mut group = c.benchmark_group("tcp");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("verified", |b| {
        let send = |out: &mut dyn Write| encode_range(bytes, outboard, whole.clone(), out).unwrap();
        over_tcp(b, send, |stream| received.stream(&root, bytes.len(), stream));
    });
    assert!(received.0 == bytes);
    group.bench_function("copy", |b| {
        let send = |out: &mut dyn Write| bytes.chunks(BUFFER).for_each(|chunk| out.write_all(chunk).unwrap());
        over_tcp(b, send, |stream| {
            received.0.clear();
            io::copy(&mut stream.take(bytes.len() as u64), &mut received.0).unwrap();
        });
    });
    assert!(received.0 == bytes);
}

fn main() {
    let mut c = criterion();
    let rows = if smoke() { 64 } else { 1024 };
    let bytes = encode(&Sample::new(16, rows, 1024).tensors()).unwrap();
    let outboard = Outboard::of(&bytes).unwrap();
    in_memory(&mut c, &bytes, &outboard);
    on_a_connection(&mut c, &bytes, &outboard);
    c.final_summary();
}
