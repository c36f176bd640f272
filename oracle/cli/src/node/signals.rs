//! SIGTERM and SIGINT: the first asks the node to finish what it owes, the second stops it at once.

use std::time::Duration;

use lyceum_agent::{Cancel, Drain};
use tokio::signal::unix::{SignalKind, signal};

/// Asks the node to leave once standard input has ended.
pub fn leave_with_input(drain: Drain, within: Duration) {
    tokio::spawn(async move {
        input_ended().await;
        drain.begin(Some(within));
    });
}

/// Waits until standard input has ended. The thread that reads it ends with the process.
pub async fn input_ended() {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = tell.send(());
    });
    let _ = told.await;
}

/// Listens until dropped.
pub fn listen(drain: Drain, cancel: Cancel, within: Duration) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = term.recv() => "SIGTERM",
                Some(()) = int.recv() => "SIGINT",
                else => return,
            };
            if drain.is_begun() {
                tracing::warn!(
                    signal = name,
                    "stopping at once; what is owed goes on when the node starts again"
                );
                drain.begin(Some(Duration::ZERO));
                cancel.cancel();
            } else {
                tracing::info!(
                    signal = name,
                    seconds = within.as_secs(),
                    "leaving: nothing new is taken, what is owed is finished; a second signal stops at once"
                );
                drain.begin(Some(within));
            }
        }
    }))
}
