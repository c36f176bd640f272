//! [`Endpoint`]: one CometBFT RPC server. Every call has a time limit, and an answer is measured while it arrives.

use std::time::Duration;

use tendermint_rpc::dialect::v0_38::Dialect;
use tendermint_rpc::error::ErrorDetail;
use tendermint_rpc::{Response as _, SimpleRequest};

use super::outside::one_line;
use crate::{ChainError, Result};

/// The longest answer that is read, unless a call says otherwise.
pub const MAX_ANSWER: usize = 8 << 20;
/// The longest block or block's results that are read.
pub const MAX_BLOCK: usize = 64 << 20;
/// How long a connection may take to come about, at most.
const CONNECT: Duration = Duration::from_secs(3);

/// Why an endpoint gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It can't be reached.
    Down {
        /// Why.
        reason: String,
        /// Whether the request may have arrived all the same.
        sent: bool,
    },
    /// What it says is no answer; why.
    Unreadable(String),
    /// It answered with an error of its own.
    Said(String),
}

/// One RPC server.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: reqwest::Url,
    client: reqwest::Client,
}

impl Endpoint {
    /// An endpoint by its `http` or `https` URL; nothing is sent yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self> {
        let wrong = |reason: String| ChainError::Setting { name: "rpc", reason };
        let url: reqwest::Url = url.parse().map_err(|e| wrong(format!("{url:?}: {e}")))?;
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT))
            .redirect(reqwest::redirect::Policy::none());
        if matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            // A proxy of the environment is not for this machine itself.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| wrong(e.to_string()))?;
        Ok(Self { url, client })
    }

    /// Its name in errors and logs: no user, password or path, any of which may hold a secret.
    pub fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|p| format!(":{p}")).unwrap_or_default();
        format!("{}://{host}{port}", self.url.scheme())
    }

    /// The URL of its websocket.
    pub fn websocket(&self) -> String {
        let mut url = self.url.clone();
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Both are special schemes of the URL standard, between which a change is allowed.
        let _ = url.set_scheme(scheme);
        let path = format!("{}/websocket", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.into()
    }

    /// Asks, and reads at most `limit` bytes of the answer.
    pub async fn call<R>(&self, request: R, limit: usize) -> std::result::Result<R::Output, Trouble>
    where
        R: SimpleRequest<Dialect>,
    {
        let body = request.into_json();
        let post = self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        let lost = |e: reqwest::Error| {
            let sent = !e.is_connect() && !e.is_builder();
            Trouble::Down { reason: one_line(&causes(&e.without_url())), sent }
        };
        let mut response = post.send().await.map_err(lost)?;
        let status = response.status();
        let garbage = |reason: String| Trouble::Unreadable(one_line(&reason));
        let too_long = || garbage(format!("its answer is longer than {limit} bytes"));
        if response.content_length().is_some_and(|n| n > limit as u64) {
            return Err(too_long());
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if answer.len() + chunk.len() > limit {
                return Err(too_long());
            }
            answer.extend_from_slice(&chunk);
        }
        match R::Response::from_string(&answer) {
            Ok(response) => Ok(response.into()),
            Err(error) => match error.detail() {
                ErrorDetail::Response(said) => {
                    let said = &said.source;
                    Err(Trouble::Said(one_line(said.data().unwrap_or_else(|| said.message()))))
                }
                _ if !status.is_success() => Err(garbage(format!("answers with the HTTP status {status}"))),
                _ => Err(garbage(format!("answers what CometBFT 0.38 does not: {error}"))),
            },
        }
    }
}

/// An error with what lies under it: a library's own text rarely says what went wrong.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}
