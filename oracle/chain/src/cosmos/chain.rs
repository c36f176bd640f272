//! [`Cosmos`]: Lyceum's contracts on a real chain, as one account sees them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmwasm::wasm::v1::MsgExecuteContract;
use cosmrs::Any;
use cosmwasm_std::Addr;
use futures::stream::{self, StreamExt as _};
use prost::Message as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::blocks::Header;
use super::client::Client;
use super::events::Filter;
use super::send::PendingTx;
use super::signer::check_address;
use super::tx::Included;
use crate::{BlockEvents, Chain, ChainError, Contracts, Head, MAX_EVENTS, Msg, Result, Tx, TxResult, Until};

/// Headers are asked for in pages of this size.
const HEADERS: u64 = 20;
/// How many heights' results are asked for at once.
const AT_ONCE: usize = 4;
/// Trouble that lasts so long ends a wait.
const TROUBLE: Duration = Duration::from_secs(20);

/// Lyceum's contracts on a real chain.
///
/// After [`Chain::head`], [`Chain::wait`] or [`Chain::submit`] every query is about the state of that moment, until
/// the next of them. One value is one turn: tasks that live by different heights each have their own.
#[derive(Debug)]
pub struct Cosmos {
    client: Client,
    contracts: Contracts,
    filter: Filter,
    /// The last committed height of this turn; 0 before the first.
    turn: AtomicU64,
}

impl Cosmos {
    /// The contracts through a client.
    pub fn new(client: Client, contracts: Contracts) -> Self {
        let filter = Filter::new(&contracts);
        Self { client, contracts, filter, turn: AtomicU64::new(0) }
    }

    /// The chain itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Messages as the chain wants them, as [`Client::send`] and [`Client::simulate`] take them.
    pub fn messages(&self, tx: &[Msg]) -> Result<Vec<Any>> {
        let prefix = &self.client.settings().prefix;
        tx.iter()
            .map(|msg| {
                let coin =
                    |c: &cosmwasm_std::Coin| Coin { denom: c.denom.clone(), amount: c.amount.to_string() };
                let execute = MsgExecuteContract {
                    sender: self.client.account().to_string(),
                    contract: check_address(msg.contract.as_str(), prefix)?.into_string(),
                    msg: msg.msg.to_vec(),
                    funds: msg.funds.iter().map(coin).collect(),
                };
                let type_url = "/cosmwasm.wasm.v1.MsgExecuteContract".to_owned();
                Ok(Any { type_url, value: execute.encode_to_vec() })
            })
            .collect()
    }

    fn turn(&self) -> Option<u64> {
        Some(self.turn.load(Ordering::Relaxed)).filter(|h| *h > 0)
    }

    fn begin_turn(&self, committed: u64) {
        self.turn.fetch_max(committed, Ordering::Relaxed);
    }

    fn result(&self, included: Included) -> TxResult {
        self.begin_turn(included.height);
        TxResult {
            height: included.height,
            gas: included.gas_used,
            events: self.filter.of_messages(included.events),
        }
    }

    /// Awaits the oldest transaction of several that were sent.
    async fn settle(
        &self,
        sent: &mut VecDeque<(usize, PendingTx, Vec<Any>)>,
        results: &mut [Option<Result<TxResult>>],
    ) {
        if let Some((index, pending, msgs)) = sent.pop_front() {
            let result = self.client.confirm(pending, &msgs).await;
            results[index] = Some(result.map(|included| self.result(included)));
        }
    }
}

impl Chain for Cosmos {
    fn account(&self) -> &Addr {
        self.client.account()
    }

    fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    fn chain_id(&self) -> &str {
        self.client.chain_id()
    }

    async fn query<T, M>(&self, contract: &Addr, msg: &M) -> Result<T>
    where
        T: DeserializeOwned + Send,
        M: Serialize + Sync,
    {
        self.client.smart(contract, msg, self.turn()).await
    }

    /// A transaction is sent as soon as the one before it was taken by a node. One that a simulation refuses while
    /// earlier ones are under way is tried once more after them, since it may build on what they do.
    async fn submit(&self, txs: Vec<Tx>) -> Result<Vec<Result<TxResult>>> {
        let mut results: Vec<Option<Result<TxResult>>> = (0..txs.len()).map(|_| None).collect();
        let mut sent = VecDeque::new();
        for (index, tx) in txs.iter().enumerate() {
            let msgs = match self.messages(tx) {
                Ok(msgs) => msgs,
                Err(error) => {
                    results[index] = Some(Err(error));
                    continue;
                }
            };
            let mut begun = self.client.submit(&msgs).await;
            if begun.as_ref().is_err_and(ChainError::is_of_one_transaction) && !sent.is_empty() {
                while !sent.is_empty() {
                    self.settle(&mut sent, &mut results).await;
                }
                begun = self.client.submit(&msgs).await;
            }
            match begun {
                Ok(pending) => {
                    let contested = pending.is_contested();
                    sent.push_back((index, pending, msgs));
                    // It may have to be signed again, and those after it must not overtake it.
                    while contested && !sent.is_empty() {
                        self.settle(&mut sent, &mut results).await;
                    }
                }
                Err(error) => {
                    let ends = !error.is_of_one_transaction();
                    results[index] = Some(Err(error.clone()));
                    if ends {
                        // Those after it would fare the same, and must not overtake it.
                        results[index + 1..].fill(Some(Err(error)));
                        break;
                    }
                }
            }
        }
        while !sent.is_empty() {
            self.settle(&mut sent, &mut results).await;
        }
        Ok(results.into_iter().map(|r| r.unwrap_or(Err(ChainError::Stopped))).collect())
    }

    async fn wait(&self, until: Until) -> Result<Head> {
        let watch = &self.client.inner.watch;
        let mut seen = watch.seen.subscribe();
        let turn = match self.turn() {
            Some(turn) => turn,
            None => seen.borrow().height,
        };
        if until == Until::default() {
            return Err(ChainError::Stalled { height: turn + 1 });
        }
        loop {
            let now = *seen.borrow_and_update();
            let head = Head { height: now.height + 1, time: now.time };
            if now.height > turn && until.over(head, now.changed > turn) {
                self.begin_turn(now.height);
                return Ok(head);
            }
            if tokio::time::timeout(Duration::from_secs(1), seen.changed()).await.is_err()
                && let Some(trouble) = watch.trouble(TROUBLE)
            {
                return Err(trouble);
            }
        }
    }

    async fn events(&self, from_height: u64) -> Result<Vec<BlockEvents>> {
        let watch = &self.client.inner.watch;
        let seen = watch.advance().await?;
        let from = from_height.max(1);
        let last = seen.height.min(from.saturating_add(MAX_EVENTS as u64 - 1));
        let mut headers: Vec<Header> = Vec::new();
        let mut first = from;
        while first <= last {
            let page = watch.pool.headers(first, last.min(first + HEADERS - 1)).await?;
            first += page.len() as u64;
            headers.extend(page);
        }
        let heights = stream::iter(headers).map(|header| async move {
            let head = Head { height: header.height, time: header.time };
            Ok(self.filter.block(head, watch.results(header.height).await?))
        });
        // In order, and only so many answers are held at once, whatever their number.
        let mut heights = heights.buffered(AT_ONCE);
        let mut out = Vec::new();
        while let Some(height) = heights.next().await {
            out.push(height?);
        }
        Ok(out)
    }

    async fn head(&self) -> Result<Head> {
        let head = self.client.head().await?;
        self.begin_turn(head.height - 1);
        Ok(head)
    }

    async fn balance(&self, account: &Addr) -> Result<u128> {
        check_address(account.as_str(), &self.client.settings().prefix)?;
        self.client.balance_at(account, self.turn()).await
    }
}
