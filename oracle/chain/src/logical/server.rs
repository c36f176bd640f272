//! [`serve`]: the loop that owns the ledger and closes heights.

use std::collections::VecDeque;

use cosmwasm_std::{Addr, Binary, Event};
use tokio::sync::{mpsc, oneshot};

use super::Clock;
use crate::{BlockEvents, ChainError, Head, MAX_EVENTS, Result, Tx, TxEvents, TxResult, Until};

/// Commands that wait for the ledger before senders are held back.
pub const CHANNEL: usize = 256;
/// Heights whose events are kept.
const KEPT: usize = 65_536;

/// What keeps state: the contracts in an App, or a test's stand-in.
pub trait Ledger {
    /// Executes a transaction at a head: all of it or, with the reason, nothing.
    fn execute(&mut self, head: Head, sender: &Addr, tx: Tx) -> std::result::Result<Vec<Event>, String>;

    /// Answers a query as JSON.
    fn query(&self, contract: &Addr, msg: &[u8]) -> std::result::Result<Binary, String>;

    /// Whether there is a contract at an address.
    fn knows(&self, contract: &Addr) -> bool;

    /// What an account holds, ulyc.
    fn balance(&self, account: &Addr) -> std::result::Result<u128, String>;

    /// A new head.
    fn advance(&mut self, head: Head);
}

type Reply<T> = oneshot::Sender<T>;

/// What a handle asks.
pub(super) enum Command {
    Query { contract: Addr, msg: Binary, reply: Reply<Result<Binary>> },
    Balance { account: Addr, reply: Reply<Result<u128>> },
    Head { reply: Reply<Head> },
    Events { from: u64, reply: Reply<Result<Vec<BlockEvents>>> },
    Submit { participant: usize, txs: Vec<Tx>, reply: Reply<Result<Vec<Result<TxResult>>>> },
    Wait { participant: usize, until: Until, reply: Reply<Result<Head>> },
    Leave { participant: usize },
}

/// How a participant is to be woken.
enum Sleeper {
    Submitted(Vec<Result<TxResult>>, Reply<Result<Vec<Result<TxResult>>>>),
    Waiting(Reply<Result<Head>>),
}

struct Server<L> {
    ledger: L,
    clock: Clock,
    accounts: Vec<Addr>,
    /// Transactions of this height by participant, each with whether somebody still awaits its result.
    pending: Vec<Vec<(Tx, bool)>>,
    sleepers: Vec<Option<Sleeper>>,
    events: VecDeque<BlockEvents>,
}

/// Serves a ledger to its participants until the last of their handles is gone.
pub(super) fn run<L: Ledger>(
    ledger: L,
    clock: Clock,
    accounts: Vec<Addr>,
    mut inbox: mpsc::Receiver<Command>,
) {
    let count = accounts.len();
    let mut server = Server {
        ledger,
        clock,
        accounts,
        pending: vec![Vec::new(); count],
        sleepers: (0..count).map(|_| None).collect(),
        events: VecDeque::new(),
    };
    while let Some(command) = inbox.blocking_recv() {
        server.take(command);
        while server.clock.complete() {
            server.close();
        }
    }
}

/// Puts a ledger at a head on a thread of its own, for participants in the order of their accounts, each of which
/// is awake. `start` makes the ledger there: it need not be `Send`. Gives the sender that handles share.
pub fn serve<L: Ledger>(
    start: impl FnOnce() -> std::result::Result<(L, Head, u64, Vec<Addr>), String> + Send + 'static,
) -> Result<Vec<super::handle::Seat>> {
    let (outbox, inbox) = mpsc::channel(CHANNEL);
    let (up, is_up) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("chain".to_owned()).spawn(move || match start() {
        Ok((ledger, head, block_seconds, accounts)) => {
            let clock = Clock::new(head, block_seconds, accounts.len());
            // Nobody listens only if the caller is gone, and then the inbox is closed as well.
            let _ = up.send(Ok(accounts.clone()));
            run(ledger, clock, accounts, inbox);
        }
        Err(reason) => {
            let _ = up.send(Err(ChainError::Start(reason)));
        }
    });
    thread.map_err(|e| ChainError::Start(e.to_string()))?;
    let accounts = is_up.recv().map_err(|_| ChainError::Start("its thread ended".to_owned()))??;
    Ok(accounts
        .into_iter()
        .enumerate()
        .map(|(participant, account)| super::handle::Seat { participant, account, outbox: outbox.clone() })
        .collect())
}

impl<L: Ledger> Server<L> {
    fn take(&mut self, command: Command) {
        // A reply that nobody awaits any more is dropped.
        match command {
            Command::Query { contract, reply, .. } if !self.ledger.knows(&contract) => {
                let _ = reply.send(Err(ChainError::UnknownContract { address: contract.into_string() }));
            }
            Command::Query { contract, msg, reply } => {
                let answer = self.ledger.query(&contract, &msg);
                let contract = contract.into_string();
                let _ = reply.send(answer.map_err(|words| ChainError::Query { contract, words }));
            }
            Command::Balance { account, reply } => {
                let answer = self.ledger.balance(&account);
                let contract = account.into_string();
                let _ = reply.send(answer.map_err(|words| ChainError::Query { contract, words }));
            }
            Command::Head { reply } => {
                let _ = reply.send(self.clock.head());
            }
            Command::Events { from, reply } => {
                let _ = reply.send(self.events_from(from));
            }
            Command::Submit { participant, txs, reply } => {
                if self.may_act(participant) {
                    self.clock.submitted(participant);
                    let pending = &mut self.pending[participant];
                    pending.iter_mut().for_each(|(_, awaited)| *awaited = false);
                    pending.extend(txs.into_iter().map(|tx| (tx, true)));
                    self.sleepers[participant] = Some(Sleeper::Submitted(Vec::new(), reply));
                } else {
                    let _ = reply.send(Err(ChainError::TurnTaken { participant }));
                }
            }
            Command::Wait { participant, until, reply } => {
                if self.may_act(participant) {
                    self.clock.waits(participant, until);
                    self.sleepers[participant] = Some(Sleeper::Waiting(reply));
                } else {
                    let _ = reply.send(Err(ChainError::TurnTaken { participant }));
                }
            }
            Command::Leave { participant } => self.clock.leaves(participant),
        }
    }

    /// Whether a participant may end its turn: it is awake, or the future in which it ended it was dropped. What it
    /// submitted in that one is executed all the same.
    fn may_act(&self, participant: usize) -> bool {
        let abandoned = match self.sleepers.get(participant) {
            Some(Some(Sleeper::Submitted(_, reply))) => reply.is_closed(),
            Some(Some(Sleeper::Waiting(reply))) => reply.is_closed(),
            _ => false,
        };
        self.clock.may_act(participant) || abandoned
    }

    fn events_from(&self, from: u64) -> Result<Vec<BlockEvents>> {
        match self.events.front() {
            Some(first) if first.head.height > from && self.events.len() == KEPT => {
                Err(ChainError::Pruned { asked: from, earliest: first.head.height })
            }
            _ => {
                let begin = self.events.partition_point(|e| e.head.height < from);
                Ok(self.events.iter().skip(begin).take(MAX_EVENTS).cloned().collect())
            }
        }
    }

    fn execute(&mut self, head: Head, sender: &Addr, tx: Tx) -> Result<TxResult> {
        if let Some(msg) = tx.iter().find(|msg| !self.ledger.knows(&msg.contract)) {
            return Err(ChainError::UnknownContract { address: msg.contract.to_string() });
        }
        let done = self.ledger.execute(head, sender, tx);
        done.map(|events| TxResult { height: head.height, events, gas: 0 })
            .map_err(|words| ChainError::Refused { words })
    }

    /// Closes a complete height: by participant, then in the order of submission.
    fn close(&mut self) {
        let head = self.clock.head();
        let mut txs = Vec::new();
        for participant in 0..self.accounts.len() {
            let sender = self.accounts[participant].clone();
            for (tx, awaited) in std::mem::take(&mut self.pending[participant]) {
                let result = self.execute(head, &sender, tx);
                let events = result.as_ref().map(|done| done.events.clone()).unwrap_or_default();
                txs.push(TxEvents { sender: sender.clone(), events, fee: 0 });
                if let Some(Sleeper::Submitted(results, _)) = &mut self.sleepers[participant]
                    && awaited
                {
                    results.push(result);
                }
            }
        }
        let changed = !txs.is_empty();
        if changed {
            if self.events.len() == KEPT {
                self.events.pop_front();
            }
            self.events.push_back(BlockEvents { head, txs });
        }
        let woken = self.clock.close(changed);
        if let Some(head) = woken.head {
            self.ledger.advance(head);
        }
        for participant in woken.participants {
            let stalled = ChainError::Stalled { height: head.height };
            let heard = match (self.sleepers[participant].take(), woken.head) {
                (Some(Sleeper::Waiting(reply)), Some(head)) => reply.send(Ok(head)).is_ok(),
                (Some(Sleeper::Waiting(reply)), None) => reply.send(Err(stalled)).is_ok(),
                (Some(Sleeper::Submitted(results, reply)), _) => reply.send(Ok(results)).is_ok(),
                (None, _) => true,
            };
            if !heard {
                // Its future was dropped: nobody would ever end this turn.
                self.clock.leaves(participant);
            }
        }
    }
}
