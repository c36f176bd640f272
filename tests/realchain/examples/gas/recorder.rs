//! [`Recorder`]: the App in process, with accounts whose keys are known. It writes down when each kind of message
//! first comes, or stops before one and hands over the state in which it would have been executed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cosmrs::crypto::secp256k1::SigningKey;
use cosmwasm_std::{Addr, Binary, BlockInfo};
use lyceum_api::Hash32;
use lyceum_chain::Result as ChainResult;
use lyceum_chain::cosmos::{BoxFuture, PublicKey, Signature, Signer, address};
use lyceum_testing::cw_multi_test::AppResponse;
use lyceum_testing::{Addresses, Ledger, NetworkApp, NetworkError, Tx};
use serde_json::Value;

/// The error that ends a story at its message.
pub const STOPPED: &str = "the message that is to be measured";

/// What a recorder looks for.
pub enum Watch {
    /// Nothing.
    Nothing,
    /// When each kind first came, seconds after the story's beginning.
    Survey(BTreeMap<String, u64>),
    /// The first message of a kind.
    Until(String),
}

/// A message that was about to be executed.
pub struct Moment {
    /// Who was to sign.
    pub key: NamedKey,
    /// The message.
    pub tx: Tx,
}

/// The App, watched.
pub struct Recorder {
    pub app: NetworkApp,
    pub watch: Watch,
    pub moment: Option<Moment>,
    at: Addresses,
    begun: u64,
    names: RefCell<BTreeMap<Addr, String>>,
}

/// A key that is made of a name: it protects nothing.
#[derive(Debug, Clone)]
pub struct NamedKey(String);

impl NamedKey {
    fn key(&self) -> SigningKey {
        let secret = Hash32::of(format!("lyceum/gas/{}", self.0).as_bytes());
        SigningKey::from_slice(&secret.0).expect("a hash is a secret key, but for one in 2^128")
    }

    /// Its address.
    pub fn address(&self) -> Addr {
        address(&self.key().public_key(), "wasm").expect("a key has an address")
    }
}

impl Signer for NamedKey {
    fn public_key(&self) -> PublicKey {
        self.key().public_key()
    }

    fn sign<'a>(&'a self, doc: &'a [u8]) -> BoxFuture<'a, ChainResult<Signature>> {
        Box::pin(async move { Ok(self.key().sign(doc).expect("a key signs")) })
    }
}

impl Recorder {
    /// `names` are the accounts that were named before.
    pub fn new(app: NetworkApp, at: Addresses, watch: Watch, names: BTreeMap<Addr, String>) -> Self {
        let begun = app.block_info().time.seconds();
        Self { app, watch, moment: None, at, begun, names: RefCell::new(names) }
    }

    /// Every account that was named.
    pub fn known(&self) -> BTreeMap<Addr, String> {
        self.names.borrow().clone()
    }

    /// `CONTRACT.MESSAGE`, and for what the charter passes on `charter.act/ACTION`.
    fn kind(&self, tx: &Tx) -> String {
        let contract = named(&self.at).into_iter().find(|(_, at)| **at == tx.contract);
        let contract = contract.map_or("unknown", |(name, _)| name);
        let value: Value = serde_json::from_slice(&tx.msg).unwrap_or_default();
        let first = |value: &Value| -> Option<(String, Value)> {
            match value {
                Value::String(name) => Some((name.clone(), Value::Null)),
                Value::Object(fields) => fields.iter().next().map(|(k, v)| (k.clone(), v.clone())),
                _ => None,
            }
        };
        let (name, body) = first(&value).unwrap_or_default();
        match first(&body["action"]).filter(|_| name == "act") {
            Some((action, _)) => format!("{contract}.act/{action}"),
            None => format!("{contract}.{name}"),
        }
    }
}

/// The contracts by name.
pub fn named(at: &Addresses) -> [(&'static str, &Addr); 7] {
    [
        ("charter", &at.charter),
        ("nodes", &at.nodes),
        ("datasets", &at.datasets),
        ("experts", &at.experts),
        ("tasks", &at.tasks),
        ("credits", &at.credits),
        ("rewards", &at.rewards),
    ]
}

impl Ledger for Recorder {
    fn account(&self, name: &str) -> Addr {
        let mut names = self.names.borrow_mut();
        let address = NamedKey(name.to_owned()).address();
        names.insert(address.clone(), name.to_owned());
        address
    }

    fn fund(&mut self, account: &Addr, amount: u128) -> Result<(), NetworkError> {
        self.app.fund(account, amount)
    }

    fn balance(&self, account: &Addr) -> Result<u128, NetworkError> {
        self.app.balance(account)
    }

    fn block(&self) -> BlockInfo {
        self.app.block()
    }

    fn advance(&mut self, seconds: u64, block_seconds: u64) {
        self.app.advance(seconds, block_seconds);
    }

    fn execute_tx(&mut self, sender: &Addr, tx: Vec<Tx>) -> Result<Vec<AppResponse>, NetworkError> {
        let name = self.names.borrow().get(sender).cloned();
        let kind = match (tx.as_slice(), &name) {
            ([one], Some(_)) => self.kind(one),
            _ => return self.app.execute_tx(sender, tx),
        };
        if matches!(&self.watch, Watch::Until(wanted) if *wanted == kind) {
            let key = NamedKey(name.unwrap_or_default());
            self.moment = tx.into_iter().next().map(|tx| Moment { key, tx });
            return Err(NetworkError::App(STOPPED.to_owned()));
        }
        let after = self.app.block_info().time.seconds() - self.begun;
        let done = self.app.execute_tx(sender, tx)?;
        if let Watch::Survey(seen) = &mut self.watch {
            seen.entry(kind).or_insert(after);
        }
        Ok(done)
    }

    fn ask(&self, contract: &Addr, msg: Binary) -> Result<Binary, NetworkError> {
        self.app.ask(contract, msg)
    }
}
