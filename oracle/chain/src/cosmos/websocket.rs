//! The websocket that wakes [`super::follow`] at every new block. It is only a hint: where it fails, polling goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use tendermint_rpc::client::CompatMode;
use tendermint_rpc::query::EventType;
use tendermint_rpc::{SubscriptionClient as _, WebSocketClient, WebSocketClientUrl, WebSocketConfig};

use super::follow::Watch;

/// The longest message that is read: a block and its results.
const MAX_MESSAGE: usize = 64 << 20;
/// How long connecting, subscribing and the next block may take.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(60);
/// The first and the longest pause before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Ends a task when it is dropped.
#[derive(Debug)]
pub struct Task(pub tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens for ever.
pub async fn listen(watch: Arc<Watch>) {
    let mut pause = PAUSE;
    loop {
        // A task of its own: a library's panic on what a server sends ends it alone.
        let watched = watch.clone();
        let mut task = Task(tokio::spawn(async move {
            if let Err(reason) = subscribe(&watched).await {
                tracing::debug!("no websocket, polling goes on: {reason}");
            }
        }));
        let _ = (&mut task.0).await;
        let worked = watch.websocket.swap(false, Ordering::Relaxed);
        pause = if worked { PAUSE } else { (pause * 2).min(MAX_PAUSE) };
        tokio::time::sleep(pause).await;
    }
}

async fn subscribe(watch: &Watch) -> Result<(), String> {
    let url = watch.pool.websocket().ok_or("no endpoint of this chain")?;
    let url: WebSocketClientUrl = url.parse().map_err(|e: tendermint_rpc::Error| e.to_string())?;
    let config = WebSocketConfig {
        max_message_size: Some(MAX_MESSAGE),
        max_frame_size: Some(MAX_MESSAGE),
        ..WebSocketConfig::default()
    };
    let connect = WebSocketClient::builder(url).compat_mode(CompatMode::V0_38).config(config).build();
    let late = |_| "it takes too long".to_owned();
    let (client, driver) =
        tokio::time::timeout(CONNECT, connect).await.map_err(late)?.map_err(|e| e.to_string())?;
    let _driver = Task(tokio::spawn(async move {
        if let Err(error) = driver.run().await {
            tracing::debug!("the websocket ends: {error}");
        }
    }));
    let subscribe = client.subscribe(EventType::NewBlock.into());
    let mut blocks =
        tokio::time::timeout(CONNECT, subscribe).await.map_err(late)?.map_err(|e| e.to_string())?;
    watch.websocket.store(true, Ordering::Relaxed);
    while let Some(block) = tokio::time::timeout(SILENCE, blocks.next()).await.map_err(|_| "it is silent")? {
        block.map_err(|e| e.to_string())?;
        watch.wake.notify_one();
    }
    Ok(())
}
