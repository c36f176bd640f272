//! Work on a chain that somebody stops: whoever stopped it is told what was sent, and how it goes on.

use std::sync::{Arc, Mutex, PoisonError};

use lyceum_chain::cosmos::{Client, Sending, Settings, Signer};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Refusal};

/// The last transaction that a command has sent.
#[derive(Debug, Clone, Default)]
pub struct LastSent(Arc<Mutex<Option<Sending>>>);

/// What the same command would do once more.
#[derive(Debug, Clone, Copy)]
pub enum Repeated {
    /// The same again.
    Again,
    /// What is missing of it; how, in words.
    GoesOn(&'static str),
}

impl LastSent {
    /// Connects as an account. Each of its transactions is shown before an endpoint gets it: whatever happens then, its
    /// hash is known.
    pub async fn connect(&self, settings: Settings, signer: Arc<dyn Signer>) -> anyhow::Result<Client> {
        let client = Client::connect(settings, signer).await?;
        let last = self.clone();
        client.tell_sending(move |sending| {
            noteln!("sent as {}, waiting for a block", sending.hash);
            last.set(sending.clone());
        });
        Ok(client)
    }

    fn set(&self, sending: Sending) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sending);
    }

    fn get(&self) -> Option<Sending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does work until it is done, or until Ctrl-C or SIGTERM.
    pub async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
        repeated: Repeated,
    ) -> anyhow::Result<T> {
        // Both are heard before anything is sent.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            done = work => return done,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Err(stopped(self.get(), repeated).into())
    }
}

fn stopped(sent: Option<Sending>, repeated: Repeated) -> Refusal {
    let (code, words) = match (sent, repeated) {
        (None, Repeated::Again) => ("tx.stopped", "stopped; nothing was sent".to_owned()),
        (None, Repeated::GoesOn(how)) => ("deploy.stopped", format!("stopped; {how}")),
        (Some(Sending { hash, timeout_height }), Repeated::Again) => {
            let words = format!(
                "stopped, and transaction {hash} is sent: a block up to height {timeout_height} may still include it, \
                 and the same command would send a second one. Look first what became of it: at /tx?hash=0x{hash} of an \
                 endpoint, in an explorer, or at what it changes (`lyceum balance`)"
            );
            ("tx.stopped_sent", words)
        }
        (Some(Sending { hash, .. }), Repeated::GoesOn(how)) => (
            "deploy.stopped",
            format!("stopped; the last transaction is {hash}, which may still be included; {how}"),
        ),
    };
    Refusal::new(Failure::Interrupted, code, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_stops_gives_what_it_gives() {
        let sent = LastSent::default();
        assert_eq!(sent.unless_stopped(async { Ok(7) }, Repeated::Again).await.unwrap(), 7);
        let failed = sent.unless_stopped::<()>(async { anyhow::bail!("no") }, Repeated::Again).await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
    }

    #[test]
    fn who_stops_is_told_what_is_sent_and_whether_the_command_may_be_repeated() {
        let sending = || Some(Sending { hash: "AB12".to_owned(), timeout_height: 25 });
        let once = stopped(sending(), Repeated::Again);
        for part in ["transaction AB12", "up to height 25", "/tx?hash=0xAB12", "would send a second one"] {
            assert!(once.to_string().contains(part), "{once}");
        }
        assert_eq!(once.code(), "tx.stopped_sent");
        assert_eq!(stopped(None, Repeated::Again).to_string(), "stopped; nothing was sent");
        let on = stopped(sending(), Repeated::GoesOn("it goes on")).to_string();
        assert!(on.contains("AB12") && on.ends_with("it goes on"), "{on}");
        assert_eq!(stopped(None, Repeated::GoesOn("it goes on")).to_string(), "stopped; it goes on");
    }
}
