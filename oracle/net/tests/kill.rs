//! Two real processes: one is killed in the middle of a fetch, and what it had isn't asked for again.
//!
//! This test binary runs itself as the victim. The source stops sending after so many windows, so the point at
//! which the victim is killed is counted, never timed.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Peer, TCP, bytes, honest, introduce, limits};
use lyceum_net::{Identity, Limits, Network, PeerEntry, Progress, Want};
use lyceum_store::{Root, Source, Store, WINDOW};
use lyceum_tensorblock::tile::TILE_LEN;

const DIR: &str = "LYCEUM_NET_KILL_DIR";
const FROM: &str = "LYCEUM_NET_KILL_FROM";
const WINDOWS: u64 = 14;
const BEFORE: usize = 6;

fn content() -> Vec<u8> {
    bytes(WINDOWS * WINDOW, 21)
}

fn root() -> Root {
    *blake3::hash(&content()).as_bytes()
}

/// The victim. As a test of its own, without the variables, it has nothing to do.
#[tokio::test]
async fn child() {
    let (Some(dir), Ok(from)) = (std::env::var_os(DIR), std::env::var(FROM)) else { return };
    let store = Arc::new(Store::open(dir).unwrap());
    let identity = Identity::from_secret([1; 32]);
    let limits = Limits { depth: 1, ..limits() };
    let net = Network::start(&identity, &[TCP.parse().unwrap()], store, limits).await.unwrap();
    let key = Identity::from_secret([2; 32]).public();
    let source = PeerEntry { key, account: "source".to_owned(), addresses: vec![from] };
    net.set_peers(vec![source]).await.unwrap();
    let (tell, mut progress) = tokio::sync::watch::channel(Progress::default());
    let telling = tokio::spawn(async move {
        while progress.changed().await.is_ok() {
            let done = progress.borrow_and_update().done;
            let mut out = std::io::stdout().lock();
            writeln!(out, "\ndone {done}").unwrap();
            out.flush().unwrap();
        }
    });
    // Never ends: the source stops, and the parent kills this process.
    let _ = net.fetch(&Want::new(root(), u64::MAX), Some(&tell)).await;
    telling.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_goes_on_where_it_was() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let left = AtomicUsize::new(BEFORE);
    let (stops, _) = Peer::serving(2, limits(), None, move |store, root, range, out| {
        let window = range.end - range.start > TILE_LEN;
        if window && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err() {
            let _ = released.lock().unwrap().recv();
        }
        store.slice(root, range, out)
    })
    .await;
    stops.store.put(&content()).unwrap();
    let victim = Identity::from_secret([1; 32]);
    let entry = PeerEntry { key: victim.public(), account: "victim".to_owned(), addresses: vec![] };
    stops.net.set_peers(vec![entry]).await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(DIR, dir.path())
        .env(FROM, stops.net.listening()[0].to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    let (done, child) = tokio::task::spawn_blocking(move || {
        let most = (BEFORE as u64 * WINDOW).to_string();
        let reached = said.lines().map_while(Result::ok).any(|line| line == format!("done {most}"));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        (reached, child)
    })
    .await
    .unwrap();
    drop(child);
    assert!(done, "the victim ended before it was killed");
    drop(release);

    let store = Arc::new(Store::open(dir.path()).unwrap());
    assert!(!store.has(&root()));
    let net = Network::start(&victim, &[TCP.parse().unwrap()], store.clone(), limits()).await.unwrap();
    let here = Peer { dir, identity: victim, store, net };
    let (good, served) = Peer::serving(3, limits(), None, honest).await;
    good.store.put(&content()).unwrap();
    introduce(&[&here, &good]).await;
    here.fetch(&root()).await.unwrap();
    here.store.verify(&root()).unwrap();
    assert_eq!(served.windows().len(), WINDOWS as usize - BEFORE);
}
