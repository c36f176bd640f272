//! SIGTERM, SIGINT and SIGHUP (the terminal is gone): the first asks the node to finish what it owes, the second stops
//! it at once.

use std::time::Duration;

use lyceum_agent::{Cancel, Drain};
use tokio::signal::unix::{Signal, SignalKind, signal};

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

/// SIGXFSZ: 25 on Linux for x86-64 and ARM, and on macOS.
const FILE_LIMIT: i32 = 25;

/// A file that reaches its limit (`ulimit -f`) ends a process by a signal. With a handler, which lasts as long as the
/// process, the write fails instead, as on a full disk: a log line is lost, a command says what it could not write.
pub fn survive_file_limits() {
    // The handler needs a runtime only while it is made. Where it cannot be, nothing is worse than before.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        let _inside = runtime.enter();
        let _ = signal(SignalKind::from_raw(FILE_LIMIT));
    }
}

/// The next signal of a kind that is listened to; never one of a kind that is not.
async fn received(signal: &mut Option<Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether this process was started with SIGHUP ignored.
fn ignores_hangup() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| is_ignored(&status, 1))
}

/// Whether a signal's bit is set in a process' mask of ignored ones.
fn is_ignored(status: &str, signal: u32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Listens until dropped.
pub fn listen(drain: Drain, cancel: Cancel, within: Duration) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // A node that was started under nohup must outlive its terminal.
    let mut hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = term.recv() => "SIGTERM",
                Some(()) = int.recv() => "SIGINT",
                Some(()) = received(&mut hangup) => "SIGHUP",
                else => return,
            };
            if drain.is_begun() {
                tracing::warn!("{name}: stopping at once; what is owed goes on when the node starts again");
                drain.begin(Some(Duration::ZERO));
                cancel.cancel();
            } else {
                tracing::info!(
                    "{name}: leaving within {} s: nothing new is taken, what is owed is finished; a second signal \
                     stops at once",
                    within.as_secs()
                );
                drain.begin(Some(within));
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_ignores_is_read_from_its_mask() {
        let status = "Name:\tlyceum\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert!(is_ignored(status, 1) && is_ignored(status, 13));
        assert!(!is_ignored(status, 2) && !is_ignored("", 1));
    }
}
