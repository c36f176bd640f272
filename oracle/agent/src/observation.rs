//! [`Observation`]: everything a decision depends on.

use std::collections::BTreeMap;
use std::sync::Arc;

use cosmwasm_std::{Addr, Coin, coins};
use lyceum_api::canonical::{Encoder, commitment};
use lyceum_api::{DENOM, Hash32};
use lyceum_chain::{Contracts, Msg, Tx};
use serde::Serialize;

use crate::{Done, View};

/// Who a node is. Its secret never leaves it; salts are derived from it, so none can be lost between a commit and
/// its reveal.
#[derive(Clone)]
pub struct Identity {
    /// The node's account.
    pub account: Addr,
    /// The chain's id.
    pub chain_id: String,
    /// Where the contracts are.
    pub contracts: Contracts,
    /// The node's secret.
    pub secret: Hash32,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Identity {
    /// The salt for a purpose and subject.
    pub fn salt(&self, purpose: &str, subject: u64) -> Hash32 {
        let mut e = Encoder::new("lyceum/node-salt", 1);
        e.hash(&self.secret).str(&self.chain_id).str(self.account.as_str()).str(purpose).u64(subject);
        e.digest()
    }

    /// A commitment by this node, to be revealed on a contract with [`Identity::salt`] of the same purpose and subject.
    pub fn commit(
        &self,
        tag: &'static str,
        contract: &Addr,
        subject: u64,
        content: &Hash32,
        salt: &Hash32,
    ) -> Hash32 {
        commitment(
            tag,
            &self.chain_id,
            contract.as_str(),
            subject,
            self.account.as_str(),
            content,
            salt.as_bytes(),
        )
    }

    /// A transaction of one message without funds.
    pub fn tx<M: Serialize>(&self, contract: &Addr, msg: &M) -> Tx {
        self.paid_tx(contract, msg, 0)
    }

    /// A transaction of one message with ulyc.
    pub fn paid_tx<M: Serialize>(&self, contract: &Addr, msg: &M, ulyc: u128) -> Tx {
        let funds: Vec<Coin> = if ulyc == 0 { vec![] } else { coins(ulyc, DENOM) };
        // Messages are our own types, whose JSON cannot fail; if one ever did, an empty transaction is refused.
        Msg::new(contract, msg, funds).into_iter().collect()
    }
}

/// What a node sees when it is awake.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Who it is.
    pub me: Identity,
    /// The chain.
    pub view: Arc<View>,
    /// Its frozen power in open votes, by dataset.
    pub power: BTreeMap<u64, u64>,
    /// What became of transactions it sent, by key: nothing, or the words of the refusal.
    pub outcomes: Vec<(String, Option<String>)>,
    /// Work that is done, by key.
    pub done: Vec<(String, Done)>,
}

impl Observation {
    /// Now, Unix seconds.
    pub fn now(&self) -> u64 {
        self.view.time
    }
}
