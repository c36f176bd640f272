//! node.toml: what it says ([`Config`]), every key with its words ([`keys`]), how it is written ([`template()`]) and
//! how it is read and refused ([`read`]).
//!
//! Keys stand in one table, from which the file that `lyceum init` writes and the refusal of unknown keys both come;
//! a test holds the table against the structs below.

mod keys;
mod read;
mod template;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cosmwasm_std::Addr;
use lyceum_chain::cosmos::Settings;
use serde::Deserialize;

pub use template::{Answers, template};

use crate::logs;

/// A role that node.toml may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes tasks, trains, claims.
    Trainer,
    /// Sits on committees and audits datasets.
    Evaluator,
    /// Moves claims and datasets along.
    Coordinator,
    /// Keeps blocks and serves them.
    Storage,
}

impl Role {
    /// Whether others fetch blocks from a node of this role, so that it must be reached.
    pub fn serves_blocks(self) -> bool {
        matches!(self, Self::Trainer | Self::Storage)
    }
}

/// An address that peers may be reached by: a documentation address, as nobody has it.
pub const EXAMPLE_ADDRESS: &str = "/ip4/203.0.113.7/udp/26690/quic-v1";

/// A node's configuration, validated.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder that paths are relative to: node.toml's own.
    #[serde(skip)]
    pub folder: PathBuf,
    pub node: Node,
    pub chain: Chain,
    pub key: Key,
    #[serde(default)]
    pub trainer: Trainer,
    #[serde(default)]
    pub coordinator: Coordinator,
    #[serde(default)]
    pub work: Work,
    #[serde(default)]
    pub store: Store,
    #[serde(default)]
    pub net: Net,
    #[serde(default)]
    pub beacon: Beacon,
    #[serde(default)]
    pub serve: Serve,
    #[serde(default)]
    pub log: Log,
}

/// `[node]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    pub name: String,
    pub roles: Vec<Role>,
    #[serde(default = "yes")]
    pub vote: bool,
    #[serde(default = "yes")]
    pub collect: bool,
    #[serde(default = "yes")]
    pub enroll: bool,
    pub operator: Option<String>,
    #[serde(default)]
    pub stake_ulyc: u64,
    #[serde(default = "reserve")]
    pub reserve_ulyc: u64,
    #[serde(default = "drain")]
    pub drain_seconds: u64,
}

/// `[chain]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    pub id: String,
    pub rpc: Vec<String>,
    #[serde(default = "deployment")]
    pub deployment: PathBuf,
    #[serde(default = "prefix")]
    pub prefix: String,
    #[serde(default = "gas_price")]
    pub gas_price: String,
    #[serde(default = "gas_adjustment")]
    pub gas_adjustment: f64,
    #[serde(default = "gas_ceiling")]
    pub gas_ceiling: u64,
    #[serde(default = "timeout_heights")]
    pub timeout_heights: u64,
    #[serde(default = "request_seconds")]
    pub request_seconds: u64,
    pub fee_granter: Option<String>,
    #[serde(default = "stale_seconds")]
    pub stale_seconds: u64,
}

/// `[key]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub name: String,
    pub passphrase_file: Option<PathBuf>,
}

/// `[trainer]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trainer {
    pub tasks: Vec<u64>,
    pub domains: Vec<u64>,
    pub peak_lr_nano: Option<u64>,
    pub claims_at_once: usize,
}

/// `[coordinator]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Coordinator {
    pub plan: Option<PathBuf>,
}

/// `[work]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Work {
    pub device: String,
    pub jobs: usize,
    pub gpus: Vec<String>,
    pub classes: Vec<String>,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    pub folder: PathBuf,
    pub quota_gib: Option<u64>,
    pub least_free_mib: u64,
}

/// `[net]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Net {
    pub listen: Vec<String>,
    pub announce: Vec<String>,
    pub allow_private: bool,
}

/// `[beacon]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Beacon {
    pub urls: Vec<String>,
}

/// `[serve]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    pub listen: SocketAddr,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub level: String,
    pub format: logs::Format,
}

fn yes() -> bool {
    true
}
fn reserve() -> u64 {
    5_000_000
}
fn drain() -> u64 {
    900
}
fn deployment() -> PathBuf {
    "deployment.json".into()
}
fn prefix() -> String {
    "wasm".to_owned()
}
fn gas_price() -> String {
    "0.025".to_owned()
}
fn gas_adjustment() -> f64 {
    1.3
}
fn gas_ceiling() -> u64 {
    50_000_000
}
fn timeout_heights() -> u64 {
    20
}
fn request_seconds() -> u64 {
    10
}
fn stale_seconds() -> u64 {
    60
}

impl Default for Work {
    fn default() -> Self {
        let classes = vec![lyceum_api::tasks::CLASS_FP32.to_owned()];
        Self { device: "cpu".to_owned(), jobs: 1, gpus: vec![], classes }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { folder: "store".into(), quota_gib: None, least_free_mib: 512 }
    }
}

impl Default for Net {
    fn default() -> Self {
        let listen = ["/ip4/0.0.0.0/udp/26690/quic-v1", "/ip4/0.0.0.0/tcp/26690"];
        Self { listen: listen.map(str::to_owned).into(), announce: vec![], allow_private: false }
    }
}

impl Default for Serve {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 26680)) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: logs::Format::Human }
    }
}

impl Config {
    /// Reads and validates a file; refusals name file, line and key.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        read::load(path)
    }

    /// Validates a text as a file would be.
    pub fn check(path: &Path, text: &str) -> anyhow::Result<()> {
        read::parse(path, text).map(drop)
    }

    /// A path of the file, made whole.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The client's settings.
    pub fn settings(&self) -> Settings {
        let c = &self.chain;
        Settings {
            prefix: c.prefix.clone(),
            gas_price: c.gas_price.clone(),
            gas_adjustment: c.gas_adjustment,
            gas_ceiling: c.gas_ceiling,
            timeout_heights: c.timeout_heights,
            request_timeout: Duration::from_secs(c.request_seconds),
            fee_granter: c.fee_granter.as_ref().map(Addr::unchecked),
            ..Settings::new(c.id.clone(), c.rpc.clone())
        }
    }
}
