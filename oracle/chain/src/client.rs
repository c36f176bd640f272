//! The [`Chain`] trait.

use std::future::Future;

use cosmwasm_std::Addr;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{BlockEvents, ChainError, Contracts, Head, Msg, Result, Tx, TxResult, Until};

/// The most heights that one call of [`Chain::events`] gives.
pub const MAX_EVENTS: usize = 256;

/// A chain with Lyceum's contracts, as one account sees it.
///
/// An account takes turns: at every height at which it is awake it may query, and then ends its turn with either
/// [`Chain::submit`] or [`Chain::wait`]. On a real chain nobody waits for a turn; on the embedded one time stands
/// still until every participant has ended its own.
pub trait Chain: Send + Sync + 'static {
    /// The account that signs.
    fn account(&self) -> &Addr;

    /// Where the contracts are.
    fn contracts(&self) -> &Contracts;

    /// The chain's id.
    fn chain_id(&self) -> &str;

    /// Asks a contract about the state at the beginning of this height.
    fn query<T, M>(&self, contract: &Addr, msg: &M) -> impl Future<Output = Result<T>> + Send
    where
        T: DeserializeOwned + Send,
        M: Serialize + Sync;

    /// Ends the turn with transactions; they are executed in this order at this height. One that is refused does
    /// not stop those after it. Returns, in order, what became of each, at the next height.
    fn submit(&self, txs: Vec<Tx>) -> impl Future<Output = Result<Vec<Result<TxResult>>>> + Send;

    /// Ends the turn; returns at the first height at which the wait is over.
    fn wait(&self, until: Until) -> impl Future<Output = Result<Head>> + Send;

    /// The events of closed heights from a height on, oldest first, at most [`MAX_EVENTS`] heights; none if no
    /// closed height is left. Heights without a transaction may be left out. A caller's cursor is the last height it
    /// was given and one.
    fn events(&self, from_height: u64) -> impl Future<Output = Result<Vec<BlockEvents>>> + Send;

    /// The height that is open.
    fn head(&self) -> impl Future<Output = Result<Head>> + Send;

    /// What an account holds, ulyc.
    fn balance(&self, account: &Addr) -> impl Future<Output = Result<u128>> + Send;

    /// Ends the turn with one transaction.
    fn execute(&self, msgs: Vec<Msg>) -> impl Future<Output = Result<TxResult>> + Send {
        async { self.submit(vec![msgs]).await?.pop().unwrap_or(Err(ChainError::Stopped)) }
    }
}
