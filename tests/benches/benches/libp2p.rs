//! A block sent window by window with the proof of every tile, held against the plain bytes of the same windows on
//! the same libp2p connection: TCP, Noise and Yamux on loopback, the protocol and the pipeline of `lyceum-net`. What
//! proofs cost is the making of a stream at one end and its check at the other, each on threads of their own.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread;

use criterion::{Criterion, Throughput};
use futures::StreamExt;
use libp2p::request_response::{Behaviour, Config, Event, Message, ProtocolSupport, ResponseChannel};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, noise, tcp, yamux};
use lyceum_benches::{Sample, criterion, folder, smoke, write_facts};
use lyceum_net::Limits;
use lyceum_net::wire::{Answer, Codec, PROTOCOL, Request};
use lyceum_store::{Root, Source, Store, Window, window_count, window_range};
use lyceum_tensorblock::encode;
use lyceum_tensorblock::verified::encoded_len;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

/// What is asked for under this root comes as it lies there, without proofs.
const PLAIN: Root = [0; 32];

type Node = Swarm<Behaviour<Codec>>;

fn swarm() -> Node {
    let limits = Limits::default();
    let config =
        Config::default().with_request_timeout(limits.request).with_max_concurrent_streams(2 * limits.depth);
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| Behaviour::new([(PROTOCOL, ProtocolSupport::Full)], config))
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(limits.idle))
        .build()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Answers until `stop` is dropped.
async fn serve(
    store: Arc<Store>,
    real: Root,
    here: oneshot::Sender<(PeerId, Multiaddr)>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut swarm = swarm();
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    let mut here = Some(here);
    let (made, mut answers) = mpsc::channel::<(ResponseChannel<Answer>, Answer)>(64);
    loop {
        tokio::select! {
            _ = &mut stop => return,
            Some((channel, answer)) = answers.recv() => {
                swarm.behaviour_mut().send_response(channel, answer).unwrap();
            }
            event = swarm.select_next_some() => match event {
                SwarmEvent::NewListenAddr { address, .. } => {
                    if let Some(here) = here.take() {
                        here.send((*swarm.local_peer_id(), address)).unwrap();
                    }
                }
                SwarmEvent::Behaviour(Event::Message {
                    message: Message::Request { request: Request::Slice { root, range }, channel, .. }, ..
                }) => {
                    let (store, made) = (store.clone(), made.clone());
                    tokio::task::spawn_blocking(move || {
                        made.blocking_send((channel, Answer::Slice(stream(&store, &real, root == PLAIN, range))))
                    });
                }
                _ => {}
            },
        }
    }
}

/// Both sides map the file afresh for each window, as a store does.
fn stream(store: &Store, root: &Root, plain: bool, range: Range<u64>) -> Vec<u8> {
    if plain {
        return store.get(root).unwrap()[range.start as usize..range.end as usize].to_vec();
    }
    let mut out = Vec::with_capacity(encoded_len(store.len(root).unwrap(), &range).unwrap() as usize);
    store.slice(root, range, &mut out).unwrap();
    out
}

/// Takes all windows, as many at once as a fetch does, each to its place in `into`.
async fn take(swarm: &mut Node, from: PeerId, root: Root, len: u64, into: &Arc<Mutex<Vec<u8>>>) {
    let (mut next, mut asked) = (0..window_count(len), std::collections::HashMap::new());
    let (written, mut done) = mpsc::channel::<()>(64);
    let mut left = window_count(len);
    while left > 0 {
        while asked.len() < Limits::default().depth
            && let Some(index) = next.next()
        {
            let request = Request::Slice { root, range: window_range(len, index) };
            asked.insert(swarm.behaviour_mut().send_request(&from, request), index);
        }
        tokio::select! {
            Some(()) = done.recv() => left -= 1,
            event = swarm.select_next_some() => match event {
                SwarmEvent::Behaviour(Event::Message {
                    message: Message::Response { request_id, response: Answer::Slice(stream) }, ..
                }) => {
                    let index = asked.remove(&request_id).unwrap();
                    let (into, written) = (into.clone(), written.clone());
                    tokio::task::spawn_blocking(move || {
                        let at = window_range(len, index).start as usize;
                        let put = |bytes: &[u8]| {
                            into.lock().unwrap()[at..at + bytes.len()].copy_from_slice(bytes);
                        };
                        if root == PLAIN {
                            put(&stream);
                        } else {
                            put(Window::decode(&root, len, index, &stream).unwrap().bytes());
                        }
                        written.blocking_send(())
                    });
                }
                SwarmEvent::Behaviour(other) => panic!("{other:?}"),
                _ => {}
            },
        }
    }
}

fn on_a_connection(c: &mut Criterion, store: &Arc<Store>, root: Root, bytes: &[u8]) {
    let (tell, there) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let serving = {
        let store = store.clone();
        thread::spawn(move || runtime().block_on(serve(store, root, tell, stopped)))
    };
    let runtime = runtime();
    let len = bytes.len() as u64;
    let (mut swarm, from) = runtime.block_on(async {
        let (peer, address) = there.await.unwrap();
        let mut swarm = swarm();
        swarm.dial(address).unwrap();
        while !swarm.is_connected(&peer) {
            swarm.select_next_some().await;
        }
        (swarm, peer)
    });
    let mut group = c.benchmark_group("libp2p");
    group.throughput(Throughput::Bytes(len));
    for (name, root) in [("verified", root), ("copy", PLAIN)] {
        let into = Arc::new(Mutex::new(vec![0; bytes.len()]));
        group.bench_function(name, |b| b.iter(|| runtime.block_on(take(&mut swarm, from, root, len, &into))));
        assert!(*into.lock().unwrap() == bytes, "{name}");
    }
    group.finish();
    drop(stop);
    serving.join().unwrap();
}

fn main() {
    let mut c = criterion().sample_size(20);
    let rows = if smoke() { 64 } else { 1024 };
    let bytes = encode(&Sample::new(16, rows, 1024).tensors()).unwrap();
    let dir = folder(env!("CARGO_TARGET_TMPDIR")).join("libp2p");
    let store = Arc::new(Store::open(dir).unwrap());
    let root = store.put(&bytes).unwrap();
    let len = bytes.len() as u64;
    let streams =
        (0..window_count(len)).map(|i| encoded_len(len, &window_range(len, i)).unwrap()).sum::<u64>();
    let facts = json!({ "bytes": len, "proofs": streams - len });
    write_facts(&folder(env!("CARGO_TARGET_TMPDIR")), "libp2p", &facts);
    on_a_connection(&mut c, &store, root, &bytes);
    store.remove(&root).unwrap();
    c.final_summary();
}
