//! [`Network`]: the App with its contracts, its accounts, and its time.

use anyhow::Context;
use cosmwasm_std::{Addr, Timestamp, coins, from_json, to_json_binary};
use cw_multi_test::AppResponse;
use lyceum_api::{DENOM, charter, tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::app;
use crate::{Addresses, Beacon, Builder, Ledger, NetworkApp, NetworkError, Tx};

/// A whole network: in one App, unless it was put on another ledger.
pub struct Network<L = NetworkApp> {
    /// The App, for whatever the helpers do not say.
    pub app: L,
    /// The contracts.
    pub at: Addresses,
    /// The beacon with its key.
    pub beacon: Beacon,
    /// The charter's authority.
    pub authority: Addr,
    /// Seconds between heights.
    pub block_seconds: u64,
    /// Nodes in the order in which they bonded.
    pub(crate) bonded: Vec<Addr>,
    /// ulyc that the faucet gave.
    minted: u128,
}

impl<L: Ledger> std::fmt::Debug for Network<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network")
            .field("at", &self.at)
            .field("height", &self.height())
            .finish_non_exhaustive()
    }
}

impl Network {
    /// A network with the economy's defaults.
    pub fn new() -> anyhow::Result<Self> {
        Self::builder().build()
    }

    /// A network to configure first.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl<L: Ledger> Network<L> {
    /// A network whose contracts are there already.
    pub fn over(app: L, at: Addresses, beacon: Beacon, authority: Addr, block_seconds: u64) -> Self {
        Self { app, at, beacon, authority, block_seconds, bonded: Vec::new(), minted: 0 }
    }

    /// The account of a name; always the same.
    pub fn account(&self, name: &str) -> Addr {
        self.app.account(name)
    }

    /// Gives an account ulyc that come from nowhere: this is a test's faucet.
    pub fn fund(&mut self, account: &Addr, amount: u128) -> anyhow::Result<()> {
        if amount == 0 {
            return Ok(());
        }
        self.app.fund(account, amount).with_context(|| format!("{account} cannot be funded"))?;
        self.minted += amount;
        Ok(())
    }

    /// All ulyc that the faucet ever gave: there are no others.
    pub fn minted(&self) -> u128 {
        self.minted
    }

    /// What an account holds, ulyc.
    pub fn balance(&self, account: &Addr) -> anyhow::Result<u128> {
        Ok(self.app.balance(account)?)
    }

    /// The height.
    pub fn height(&self) -> u64 {
        self.app.block().height
    }

    /// The time, Unix seconds.
    pub fn time(&self) -> u64 {
        self.app.block().time.seconds()
    }

    /// Goes on to the next height.
    pub fn next_height(&mut self) {
        self.travel(self.block_seconds);
    }

    /// Goes on by so many seconds, and as many heights as fit (one at least).
    pub fn travel(&mut self, seconds: u64) {
        self.app.advance(seconds, self.block_seconds);
    }

    /// The chain's id.
    pub fn chain_id(&self) -> String {
        self.app.block().chain_id
    }

    /// Goes on until a time, if it has not come.
    pub fn travel_to(&mut self, time: Timestamp) {
        let now = self.app.block().time;
        if time > now {
            // Times of contracts are whole seconds or between two; past it is past it.
            self.travel(time.seconds() - now.seconds() + u64::from(time.subsec_nanos() > now.subsec_nanos()));
        }
    }

    /// Waits until a moment has passed: windows may include their end.
    pub fn travel_past(&mut self, time: Timestamp) {
        self.travel_to(time.plus_seconds(1));
    }

    /// Executes one message and goes on to the next height. An error says which account and contract it was,
    /// then the contract's own words.
    pub fn execute<M: Serialize>(
        &mut self,
        sender: &Addr,
        contract: &Addr,
        msg: &M,
        funds: u128,
    ) -> anyhow::Result<AppResponse> {
        let funds = if funds == 0 { vec![] } else { coins(funds, DENOM) };
        let tx = Tx { contract: contract.clone(), msg: to_json_binary(msg).map_err(app)?, funds };
        let mut responses = self.execute_tx(sender, vec![tx])?;
        self.next_height();
        responses.pop().context("one message has one response")
    }

    /// Executes several messages as one transaction, at the present height.
    pub fn execute_tx(&mut self, sender: &Addr, tx: Vec<Tx>) -> anyhow::Result<Vec<AppResponse>> {
        Ok(self.app.execute_tx(sender, tx)?)
    }

    /// Asks a contract.
    pub fn query<T: DeserializeOwned, M: Serialize>(&self, contract: &Addr, msg: &M) -> anyhow::Result<T> {
        let answer = self.app.ask(contract, to_json_binary(msg).map_err(app)?)?;
        let failed = |e| NetworkError::Query { contract: contract.clone(), words: crate::words(&e) };
        Ok(from_json(answer).map_err(failed)?)
    }

    /// The last id of a list that is asked for page by page; none if it is empty.
    pub(crate) fn last_id<T: DeserializeOwned, M: Serialize>(
        &self,
        contract: &Addr,
        page_after: impl Fn(Option<u64>) -> M,
        last_of: impl Fn(&T) -> Option<u64>,
    ) -> anyhow::Result<Option<u64>> {
        let mut last = None;
        while let Some(id) = last_of(&self.query(contract, &page_after(last))?) {
            last = Some(id);
        }
        Ok(last)
    }

    /// Has the authority act through the charter.
    pub fn act(&mut self, action: charter::Action) -> anyhow::Result<AppResponse> {
        let (sender, charter) = (self.authority.clone(), self.at.charter.clone());
        self.execute(&sender, &charter, &charter::ExecuteMsg::Act { action }, 0)
    }

    /// Sends a permissionless message to `tasks`, as somebody without a part in anything.
    pub(crate) fn anyone(&mut self, msg: &tasks::ExecuteMsg) -> anyhow::Result<AppResponse> {
        let (sender, tasks) = (self.account("anyone"), self.at.tasks.clone());
        self.execute(&sender, &tasks, msg, 0)
    }

    /// Waits for a round of the beacon and posts it, unless it is there already.
    pub fn post_round(&mut self, round: u64) -> anyhow::Result<()> {
        self.travel_to(Timestamp::from_seconds(self.beacon.time_of(round)));
        let query = tasks::QueryMsg::Beacon { round };
        let known: tasks::BeaconResponse = self.query(&self.at.tasks, &query)?;
        if known.randomness.is_none() {
            let signature = self.beacon.sign(round);
            self.anyone(&tasks::ExecuteMsg::PostBeacon { round, signature })?;
        }
        Ok(())
    }

    /// Posts every round that somebody waits for and that is out by now; says how many.
    pub fn post_wanted_rounds(&mut self) -> anyhow::Result<usize> {
        let query = tasks::QueryMsg::WantedRounds { limit: None };
        let wanted: tasks::RoundsResponse = self.query(&self.at.tasks, &query)?;
        let out: Vec<u64> =
            wanted.rounds.into_iter().filter(|r| self.beacon.time_of(*r) <= self.time()).collect();
        for round in &out {
            self.post_round(*round)?;
        }
        Ok(out.len())
    }
}
