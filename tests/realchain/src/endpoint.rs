//! [`Endpoint`]: a way to a server that a test can cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const OPEN: u8 = 0;
const REFUSING: u8 = 1;
const SILENT: u8 = 2;

/// A port of loopback that hands on to another one, until it is told to refuse or to fall silent.
#[derive(Debug)]
pub struct Endpoint {
    /// Its address, `http://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<AtomicU8>,
    taken: Arc<AtomicUsize>,
    cut: watch::Sender<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Endpoint {
    /// Hands on to this `http://HOST:PORT`.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub async fn before(target: &str) -> Self {
        let target = target.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let (cut, watching) = watch::channel(0);
        let state = Arc::new(AtomicU8::new(OPEN));
        let taken = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(serve(listener, target, state.clone(), taken.clone(), watching));
        Self { url, state, taken, cut, task }
    }

    /// Ends every connection now, in the middle of what it says, and each new one at once.
    pub fn refuse(&self) {
        self.become_(REFUSING);
    }

    /// Ends every connection; new ones are taken and never answered.
    pub fn fall_silent(&self) {
        self.become_(SILENT);
    }

    /// Hands on again.
    pub fn open(&self) {
        self.become_(OPEN);
    }

    /// How many connections were asked for.
    pub fn connections(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    fn become_(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
        self.cut.send_modify(|times| *times += 1);
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    target: String,
    state: Arc<AtomicU8>,
    taken: Arc<AtomicUsize>,
    watching: watch::Receiver<u64>,
) {
    while let Ok((mut near, _)) = listener.accept().await {
        taken.fetch_add(1, Ordering::SeqCst);
        let mut watching = watching.clone();
        watching.mark_unchanged();
        match state.load(Ordering::SeqCst) {
            REFUSING => {}
            SILENT => {
                tokio::spawn(async move {
                    let _open = near;
                    let _ = watching.changed().await;
                });
            }
            _ => {
                let target = target.clone();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = watching.changed() => {}
                    }
                });
            }
        }
    }
}
