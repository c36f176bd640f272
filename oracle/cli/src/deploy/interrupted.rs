//! Work on a chain that somebody stops: nothing is lost, and whoever stopped it is told how it goes on.

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Refusal};

/// Does work until it is done, or until Ctrl-C or SIGTERM; then `goes_on` says what to do.
pub async fn unless_stopped<T>(
    work: impl Future<Output = anyhow::Result<T>>,
    goes_on: &str,
) -> anyhow::Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => return done,
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    Err(Refusal::new(Failure::Interrupted, "deploy.stopped", format!("stopped; {goes_on}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_stops_gives_what_it_gives() {
        assert_eq!(unless_stopped(async { Ok(7) }, "").await.unwrap(), 7);
        let failed = unless_stopped::<()>(async { anyhow::bail!("no") }, "").await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
    }
}
