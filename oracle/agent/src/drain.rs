//! [`Drain`]: asks the nodes of a process to leave in good order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Where leaving stands.
#[derive(Debug, Clone, Copy, Default)]
struct Stand {
    begun: bool,
    until: Option<Instant>,
}

/// A request to leave; clones are the same request. Once it is begun, nodes take nothing new, finish what they owe,
/// and end; when its time is over they end at once, and what they still owe goes on in their next life.
#[derive(Debug, Clone)]
pub struct Drain(Arc<watch::Sender<Stand>>);

impl Default for Drain {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stand::default())))
    }
}

impl Drain {
    /// Not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins; after `within`, if it is given, nodes end whatever they owe. Said again, the shorter time counts: a
    /// second signal is `begin(Some(Duration::ZERO))`.
    pub fn begin(&self, within: Option<Duration>) {
        let until = within.and_then(|d| Instant::now().checked_add(d));
        self.0.send_modify(|stand| {
            stand.begun = true;
            stand.until = match (stand.until, until) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        });
    }

    /// Whether it is begun.
    pub fn is_begun(&self) -> bool {
        self.0.borrow().begun
    }

    /// Returns once it is begun.
    pub async fn begun(&self) {
        // The sender is ours, so the channel cannot close before we are gone.
        let _ = self.0.subscribe().wait_for(|stand| stand.begun).await;
    }

    /// Returns once its time is over; never if it has none.
    pub async fn over(&self) {
        let mut stand = self.0.subscribe();
        loop {
            let until = stand.borrow_and_update().until;
            match until {
                Some(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => return,
                    // The time may have been shortened.
                    _ = stand.changed() => {}
                },
                None => {
                    let _ = stand.changed().await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_signal_shortens_the_time() {
        let drain = Drain::new();
        assert!(!drain.is_begun());
        drain.begin(None);
        drain.begun().await;
        let waiting = tokio::spawn({
            let drain = drain.clone();
            async move { drain.over().await }
        });
        drain.begin(Some(Duration::from_secs(1_000_000)));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drain.begin(Some(Duration::ZERO));
        waiting.await.unwrap();
        drain.begin(None);
        drain.over().await;
    }
}
