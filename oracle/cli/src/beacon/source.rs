//! [`Source`]: takes rounds from endpoints that speak drand's HTTP API. Whatever an endpoint answers is bounded and
//! verified against the beacon's public key before anybody sees it, so an endpoint can withhold a round and nothing
//! else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, anyhow};
use blst::min_sig::PublicKey;
use cosmwasm_std::Binary;
use lyceum_agent::BeaconSource;
use lyceum_api::tasks;
use lyceum_onchain::beacon;
use tokio::runtime::Handle;

use super::info::{Round, verify};
use crate::failure::{Failure, Refusal};

/// The longest answer that is read: a round has about 200 bytes.
const MAX_BYTES: usize = 4096;
/// How long one endpoint may take, connecting included.
const LIMIT: Duration = Duration::from_secs(4);
/// How often the endpoints are asked for a round that somebody waits for, and how long after one another. Who still
/// waits then asks again.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);
/// Rounds that are fetched at once.
const AT_ONCE: usize = 16;
/// Rounds that are remembered.
const KEPT: usize = 64;

/// A beacon's rounds, from one or several endpoints.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    endpoints: Vec<reqwest::Url>,
    client: reqwest::Client,
    key: PublicKey,
    config: tasks::Beacon,
    rounds: Mutex<Rounds>,
    /// Whether the last round that was asked for could not be had.
    failing: AtomicBool,
    runtime: Handle,
}

#[derive(Default)]
struct Rounds {
    known: BTreeMap<u64, Binary>,
    under_way: BTreeSet<u64>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("endpoints", &self.0.endpoints).finish_non_exhaustive()
    }
}

impl Source {
    /// Takes the rounds of a beacon from these endpoints, in this order; each is the URL before `/public/ROUND`. Must
    /// be called within a tokio runtime, on which rounds are then fetched.
    pub fn new(endpoints: &[String], beacon: &tasks::Beacon) -> anyhow::Result<Self> {
        let endpoints: Vec<reqwest::Url> =
            endpoints.iter().map(|url| endpoint(url)).collect::<anyhow::Result<_>>()?;
        if endpoints.is_empty() {
            let words = "no endpoint of the beacon is named; give one, such as http://127.0.0.1:26670";
            return Err(Refusal::new(Failure::Config, "beacon.endpoint", words).into());
        }
        let key = PublicKey::key_validate(&beacon.public_key).map_err(|_| {
            let words =
                "the beacon's public key in the deployment is no point of G2: this deployment can't be used";
            anyhow::Error::from(Refusal::new(Failure::Network, "beacon.public_key", words))
        })?;
        let client = reqwest::Client::builder()
            .timeout(LIMIT)
            .connect_timeout(LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("the HTTP client does not start")?;
        let (config, runtime) = (beacon.clone(), Handle::try_current()?);
        Ok(Self(Arc::new(Inner {
            endpoints,
            client,
            key,
            config,
            rounds: Mutex::default(),
            failing: AtomicBool::new(false),
            runtime,
        })))
    }

    /// The signature of a round, from the first endpoint that has it.
    pub async fn fetch(&self, round: u64) -> anyhow::Result<Binary> {
        let mut trouble = Vec::new();
        for url in &self.0.endpoints {
            match self.ask(url, round).await {
                Ok(signature) => return Ok(signature),
                Err(error) => trouble.push(format!("{url}: {error:#}")),
            }
        }
        let words = format!(
            "no beacon endpoint gives round {round}: {}; is the beacon up, and is its address right?",
            trouble.join("; ")
        );
        Err(Refusal::new(Failure::Unreachable, "beacon.silent", words).into())
    }

    async fn ask(&self, base: &reqwest::Url, round: u64) -> anyhow::Result<Binary> {
        let mut url = base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("not a URL with a path"))?
            .pop_if_empty()
            .extend(["public", &round.to_string()]);
        let mut response = self.0.client.get(url).send().await.map_err(reqwest::Error::without_url)?;
        if !response.status().is_success() {
            return Err(anyhow!("answered {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(anyhow!("answers more than {MAX_BYTES} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        let found: Round = serde_json::from_slice(&body).context("answers something else than a round")?;
        if found.round != round || !verify(&self.0.key, round, &found.signature) {
            return Err(anyhow!("gives another signature than this beacon's of round {round}"));
        }
        Ok(found.signature.into())
    }

    /// Fetches a round for whoever asks next.
    async fn keep(self, round: u64) {
        let mut found = None;
        for attempt in 0..TRIES {
            match self.fetch(round).await {
                Ok(signature) => {
                    if self.0.failing.swap(false, Ordering::Relaxed) {
                        tracing::info!("the beacon's outage is over: round {round} came");
                    }
                    found = Some(signature);
                    break;
                }
                Err(error) if attempt + 1 == TRIES => match self.0.failing.swap(true, Ordering::Relaxed) {
                    false => tracing::warn!("the beacon's outage begins: round {round}: {error:#}"),
                    true => tracing::info!("the beacon's outage goes on: round {round}: {error:#}"),
                },
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        // A poisoned lock would need a panic within the few lines that hold it.
        let Ok(mut rounds) = self.0.rounds.lock() else { return };
        rounds.under_way.remove(&round);
        rounds.known.extend(found.map(|signature| (round, signature)));
        while rounds.known.len() > KEPT {
            // Not the one just found, however late it came.
            let Some(oldest) = rounds.known.keys().find(|known| **known != round).copied() else { break };
            rounds.known.remove(&oldest);
        }
    }
}

fn endpoint(url: &str) -> anyhow::Result<reqwest::Url> {
    let wrong = |why: &str| {
        let words = format!(
            "the beacon's endpoint {url:?} {why}; expected http://HOST:PORT or https://HOST/CHAIN-HASH"
        );
        anyhow::Error::from(Refusal::new(Failure::Config, "beacon.endpoint", words))
    };
    let parsed: reqwest::Url = url.parse().map_err(|_| wrong("is no URL"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err(wrong("is not of http or https"));
    }
    Ok(parsed)
}

impl BeaconSource for Source {
    /// What was fetched; a round that is out and was not asked for yet is fetched from now on.
    fn signature(&self, round: u64, now: u64) -> Option<Binary> {
        if beacon::round_time(self.0.config.genesis, self.0.config.period, round) > now {
            return None;
        }
        let mut rounds = self.0.rounds.lock().ok()?;
        if let Some(known) = rounds.known.get(&round) {
            return Some(known.clone());
        }
        if rounds.under_way.len() < AT_ONCE && rounds.under_way.insert(round) {
            self.0.runtime.spawn(self.clone().keep(round));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::routing::get;

    use super::super::{Info, Key, router};
    use super::*;

    const GENESIS: u64 = 1_000;

    /// A beacon that listens, with its description, its clock and its URL.
    async fn beacon(folder: &std::path::Path) -> (Info, Arc<AtomicU64>, String) {
        let key = Key::load_or_create(&folder.join("beacon.key")).unwrap();
        let info = Info::local(&key.public(), GENESIS, 3);
        let clock = Arc::new(AtomicU64::new(0));
        let shown = clock.clone();
        let pages = router(key, info.clone(), Arc::new(move || shown.load(Ordering::SeqCst)));
        (info, clock, listen(pages).await)
    }

    async fn listen(pages: Router) -> String {
        let server = lyceum_serve::Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", server.address());
        tokio::spawn(server.answer(pages));
        url
    }

    /// A relay asks again and again.
    async fn had(source: &Source, round: u64, now: u64) -> Binary {
        loop {
            if let Some(signature) = source.signature(round, now) {
                return signature;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn rounds_of_our_own_beacon_are_taken_when_they_are_out_and_the_contract_verifies_them() {
        let folder = tempfile::tempdir().unwrap();
        let (info, clock, url) = beacon(folder.path()).await;
        for url in [url.clone(), format!("{url}/"), format!("{url}/{}", hex::encode(&info.hash))] {
            let source = Source::new(&[url], &info.config()).unwrap();
            clock.store(GENESIS - 1, Ordering::SeqCst);
            assert_eq!(source.signature(1, GENESIS - 1), None, "not out");
            let error = format!("{:#}", source.fetch(1).await.unwrap_err());
            assert!(error.contains("425"), "{error}");
            clock.store(GENESIS + 12, Ordering::SeqCst);
            let signature = had(&source, 5, GENESIS + 12).await;
            let api = cosmwasm_std::testing::MockApi::default();
            assert!(beacon::verify(&api, &info.public_key, 5, &signature).unwrap());
            assert!(source.fetch(6).await.is_err());
            assert!(source.fetch(0).await.is_err());
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_lies_floods_or_is_gone_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let (info, clock, honest) = beacon(folder.path()).await;
        clock.store(GENESIS + 30, Ordering::SeqCst);
        let other = tempfile::tempdir().unwrap();
        let (_, other_clock, foreign) = beacon(other.path()).await;
        other_clock.store(GENESIS + 30, Ordering::SeqCst);
        let flood = listen(Router::new().fallback(get(|| async { "1".repeat(1 << 20) }))).await;
        let noise = listen(Router::new().fallback(get(|| async { "{}" }))).await;
        let gone = "http://127.0.0.1:1".to_owned();
        let bad = [gone, flood, noise, foreign];
        for url in &bad {
            assert!(Source::new(std::slice::from_ref(url), &info.config()).unwrap().fetch(3).await.is_err());
        }
        let mut all = bad.to_vec();
        all.push(honest);
        let source = Source::new(&all, &info.config()).unwrap();
        had(&source, 3, GENESIS + 30).await;
    }

    #[tokio::test]
    async fn endpoints_that_are_none_are_refused_with_what_is_expected() {
        for url in ["", "127.0.0.1:26670", "ftp://127.0.0.1/", "http://"] {
            let error = Source::new(&[url.to_owned()], &Info::quicknet().config()).unwrap_err();
            assert!(error.to_string().contains("expected http"), "{url}: {error}");
        }
        assert!(Source::new(&[], &Info::quicknet().config()).is_err());
    }

    #[tokio::test]
    async fn the_pages_are_drands() {
        let folder = tempfile::tempdir().unwrap();
        let (info, clock, url) = beacon(folder.path()).await;
        clock.store(GENESIS + 3, Ordering::SeqCst);
        let said: Info = reqwest::get(format!("{url}/info"))
            .await
            .unwrap()
            .text()
            .await
            .map(|t| serde_json::from_str(&t).unwrap())
            .unwrap();
        assert_eq!(said, info);
        let latest = reqwest::get(format!("{url}/public/latest")).await.unwrap().text().await.unwrap();
        assert_eq!(serde_json::from_str::<Round>(&latest).unwrap().round, 2);
        assert_eq!(reqwest::get(format!("{url}/public/x")).await.unwrap().status().as_u16(), 400);
        assert_eq!(reqwest::get(format!("{url}/nothing")).await.unwrap().status().as_u16(), 404);
        let chains = reqwest::get(format!("{url}/chains")).await.unwrap().text().await.unwrap();
        assert_eq!(chains, format!("[\"{}\"]", hex::encode(&info.hash)));
    }
}
