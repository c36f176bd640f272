//! [`Handle`]: one participant's [`Chain`].

use cosmwasm_std::{Addr, from_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use super::server::Command;
use crate::types::json;
use crate::{BlockEvents, Chain, ChainError, Contracts, Head, Result, Tx, TxResult, Until};

/// A participant's place at a served ledger.
#[derive(Debug)]
pub struct Seat {
    pub(super) participant: usize,
    pub(super) account: Addr,
    pub(super) outbox: mpsc::Sender<Command>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Command")
    }
}

/// What every participant knows of its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The chain's id.
    pub chain_id: String,
    /// Where the contracts are.
    pub contracts: Contracts,
}

/// One participant. Dropping it takes it out of the chain's account.
#[derive(Debug)]
pub struct Handle {
    seat: Seat,
    info: Info,
}

impl Handle {
    /// A participant that knows its chain.
    pub fn new(seat: Seat, info: Info) -> Self {
        Self { seat, info }
    }

    /// Its index: transactions of a height are taken in this order.
    pub fn participant(&self) -> usize {
        self.seat.participant
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.seat.outbox.send(command(reply)).await.map_err(|_| ChainError::Stopped)?;
        answer.await.map_err(|_| ChainError::Stopped)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let (participant, outbox) = (self.seat.participant, self.seat.outbox.clone());
        // A full channel must not swallow this, or the others would wait forever; so a thread waits instead.
        if let Err(mpsc::error::TrySendError::Full(command)) = outbox.try_send(Command::Leave { participant })
        {
            std::thread::spawn(move || outbox.blocking_send(command));
        }
    }
}

impl Chain for Handle {
    fn account(&self) -> &Addr {
        &self.seat.account
    }

    fn contracts(&self) -> &Contracts {
        &self.info.contracts
    }

    fn chain_id(&self) -> &str {
        &self.info.chain_id
    }

    async fn query<T, M>(&self, contract: &Addr, msg: &M) -> Result<T>
    where
        T: DeserializeOwned + Send,
        M: Serialize + Sync,
    {
        let msg = json("a query", msg)?;
        let answer = self.ask(|reply| Command::Query { contract: contract.clone(), msg, reply }).await??;
        from_json(&answer).map_err(|e| ChainError::Json(e.to_string()))
    }

    async fn submit(&self, txs: Vec<Tx>) -> Result<Vec<Result<TxResult>>> {
        let participant = self.seat.participant;
        self.ask(|reply| Command::Submit { participant, txs, reply }).await?
    }

    async fn wait(&self, until: Until) -> Result<Head> {
        let participant = self.seat.participant;
        self.ask(|reply| Command::Wait { participant, until, reply }).await?
    }

    async fn events(&self, from_height: u64) -> Result<Vec<BlockEvents>> {
        self.ask(|reply| Command::Events { from: from_height, reply }).await?
    }

    async fn head(&self) -> Result<Head> {
        self.ask(|reply| Command::Head { reply }).await
    }

    async fn balance(&self, account: &Addr) -> Result<u128> {
        self.ask(|reply| Command::Balance { account: account.clone(), reply }).await?
    }
}
