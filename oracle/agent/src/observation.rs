//! [`Observation`]: everything a decision depends on.

use std::collections::BTreeMap;
use std::sync::Arc;

use cosmwasm_std::{Addr, Coin, coins};
use lyceum_api::canonical::{Encoder, commitment};
use lyceum_api::{DENOM, Hash32};
use lyceum_chain::{Contracts, Msg, Tx};
use serde::Serialize;

use crate::roles::Own;
use crate::{Done, Pace, View};

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

    /// This node's rank for a message that others may send as well: as good as random, and the same every time.
    pub(crate) fn rank(&self, key: &str) -> u64 {
        let hash = Hash32::of(format!("{}/{key}", self.account).as_bytes());
        let mut eight = [0; 8];
        eight.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(eight)
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

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed.
    Done,
    /// It was refused, and nothing of it happened; often because another node was faster with the same.
    Refused {
        /// The contract's or the chain's words.
        words: String,
    },
    /// It may have been executed, or may still be: the view will tell.
    Unknown {
        /// Why it is not known.
        words: String,
    },
    /// It was held back.
    Unsent,
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
    /// What became of transactions it sent, by key.
    pub outcomes: Vec<(String, Outcome)>,
    /// Work that is done, by key.
    pub done: Vec<(String, Done)>,
    /// How it stands as a node on chain, if its role [`crate::roles::Enroller`] looks.
    pub own: Option<Own>,
    /// Whose time it lives by.
    pub pace: Pace,
    /// Whether it leaves: it takes nothing new.
    pub draining: bool,
}

impl Observation {
    /// Now, Unix seconds.
    pub fn now(&self) -> u64 {
        self.view.time
    }
}
