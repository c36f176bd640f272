//! [`Client`]: one account's way to a chain.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cosmos_sdk_proto::cosmos::auth::v1beta1::{QueryAccountInfoRequest, QueryAccountInfoResponse};
use cosmos_sdk_proto::cosmos::bank::v1beta1::{QueryBalanceRequest, QueryBalanceResponse};
use cosmos_sdk_proto::cosmos::tx::v1beta1::{SimulateRequest, SimulateResponse};
use cosmrs::Any;
use cosmwasm_std::{Addr, Attribute, Event};
use tendermint_rpc::endpoint::broadcast::tx_sync;

use super::answers::{Failure, Payer, refusal};
use super::follow::{Watch, follow};
use super::outside::one_line;
use super::pending_txs::TxHash;
use super::pool::{EndpointStatus, Pool};
use super::query::{Asked, Failed};
use super::sequence::{Lane, expected};
use super::settings::Settings;
use super::signer::{Signer, address};
use super::tx::{Account, Fee, unsigned};
use super::websocket::{Task, listen};
use crate::{ChainError, Head, Result};

/// How often a simulation is repeated with the sequence that the chain names, and how often of it without a pause.
const TRIES: u32 = 48;
const AT_ONCE: u32 = 4;
/// The first and longest pause before a node is asked once more.
pub(super) const PAUSE: Duration = Duration::from_millis(100);
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(2);

const ACCOUNT_INFO: &str = "/cosmos.auth.v1beta1.Query/AccountInfo";

/// One account's client of a chain, which knows no contract yet. Clones share the account's sequence, so any number
/// of tasks may send through them at once. Two clients of one key in one process get along as well, but slower.
///
/// A future of [`Client::send`] that is dropped leaves the transaction as it is: it may be executed all the same.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub watch: Arc<Watch>,
    pub settings: Settings,
    pub signer: Arc<dyn Signer>,
    pub account: Addr,
    /// Held while a transaction is signed and offered, not while its inclusion is awaited.
    pub lane: tokio::sync::Mutex<Sequences>,
    /// Whoever is told what is sent.
    pub tell: OnceLock<Tell>,
    /// They end with the last clone.
    _tasks: [Task; 2],
}

/// A signed transaction on its way to an endpoint: from now on it may be executed, up to its timeout height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Its hash, hex.
    pub hash: String,
    /// The last height that may hold it.
    pub timeout_height: u64,
}

pub(super) type Tell = Box<dyn Fn(&Sending) + Send + Sync>;

/// Signed bytes that a node saw and did not take. It may have kept them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub hash: TxHash,
    pub sequence: u64,
    pub timeout_height: u64,
}

/// What is known of the account.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    pub number: Option<u64>,
    pub lane: Lane,
    /// What nodes saw and did not take, the last of it: before another sequence is signed with, it must be over.
    pub shown: Option<Shown>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chain, account) = (&self.inner.settings.chain_id, &self.inner.account);
        f.debug_struct("Client").field("chain", chain).field("account", account).finish_non_exhaustive()
    }
}

/// How the way to a chain stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Each endpoint, in the order of the settings.
    pub endpoints: Vec<EndpointStatus>,
    /// The last head that was seen.
    pub head: Head,
    /// How long ago it came.
    pub silence: Duration,
    /// Transactions that were sent and are awaited.
    pub awaited: usize,
    /// Whether a websocket tells of new blocks; polling goes on in any case.
    pub websocket: bool,
    /// The trouble that following the chain has at the moment.
    pub trouble: Option<ChainError>,
}

impl Client {
    /// Connects: validates the settings, refuses endpoints of another chain, and follows the chain from now on.
    /// The account need not be on the chain yet.
    pub async fn connect(settings: Settings, signer: Arc<dyn Signer>) -> Result<Self> {
        settings.check()?;
        let account = address(&signer.public_key(), &settings.prefix)?;
        let pool = Pool::new(&settings)?;
        pool.connect().await?;
        let watch = Arc::new(Watch::new(pool));
        watch.advance().await?;
        let tasks = [Task(tokio::spawn(follow(watch.clone()))), Task(tokio::spawn(listen(watch.clone())))];
        let (lane, tell) = (tokio::sync::Mutex::default(), OnceLock::new());
        let inner = Inner { watch, settings, signer, account, lane, tell, _tasks: tasks };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Has each transaction told right before an endpoint gets it, also one that is signed anew because the one before
    /// can no longer be executed. Who is told first stays the only one.
    pub fn tell_sending(&self, tell: impl Fn(&Sending) + Send + Sync + 'static) {
        let _ = self.inner.tell.set(Box::new(tell));
    }

    /// The account that signs.
    pub fn account(&self) -> &Addr {
        &self.inner.account
    }

    /// Who pays for what is sent, and at what price.
    pub(super) fn payer(&self) -> Payer<'_> {
        Payer { account: self.inner.account.as_str(), gas_price: &self.inner.settings.gas_price }
    }

    /// The chain's id.
    pub fn chain_id(&self) -> &str {
        &self.inner.settings.chain_id
    }

    /// How the chain is reached and paid.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The height that is open (the last committed one and one), and the last committed block's time.
    pub async fn head(&self) -> Result<Head> {
        let seen = self.inner.watch.advance().await?;
        Ok(Head { height: seen.height + 1, time: seen.time })
    }

    /// How the way to the chain stands, without asking it anything.
    pub fn status(&self) -> Status {
        let watch = &self.inner.watch;
        let seen = *watch.seen.borrow();
        let awaited = watch.pending_txs().len();
        Status {
            endpoints: watch.pool.status(),
            head: Head { height: seen.height + 1, time: seen.time },
            silence: watch.silence(),
            awaited,
            websocket: watch.websocket.load(std::sync::atomic::Ordering::Relaxed),
            trouble: watch.trouble(Duration::ZERO),
        }
    }

    /// What an account holds of the settings' denom.
    pub async fn balance(&self, account: &Addr) -> Result<u128> {
        self.balance_at(account, None).await
    }

    /// What an account held at a height.
    pub async fn balance_at(&self, account: &Addr, height: Option<u64>) -> Result<u128> {
        let denom = self.inner.settings.denom.clone();
        let request = QueryBalanceRequest { address: account.to_string(), denom };
        let answer: QueryBalanceResponse =
            self.abci("/cosmos.bank.v1beta1.Query/Balance", &request, height).await?;
        let amount = answer.balance.map(|c| c.amount).unwrap_or_else(|| "0".to_owned());
        amount.parse().map_err(|_| {
            let found = one_line(&amount);
            ChainError::unusable(format!(
                "the balance of {account} is said to be \"{found}\", which is no amount"
            ))
        })
    }

    /// The signer's account as the chain has it; none before it first received funds.
    pub async fn account_info(&self) -> Result<Option<Account>> {
        let request = self.account_request();
        let path = ACCOUNT_INFO;
        match self.asked::<_, QueryAccountInfoResponse>(path, &request, None).await? {
            Asked::Answer(answer) => {
                Ok(answer.info.map(|i| Account { number: i.account_number, sequence: i.sequence }))
            }
            Asked::Failed(failed) if failed.words.contains("not found") => Ok(None),
            Asked::Failed(failed) => Err(failed.into_query(path)),
        }
    }

    /// The signer's account as each endpoint has it that answers, with the height of that state; none if it does not
    /// say.
    pub(super) async fn account_everywhere(&self) -> Vec<Option<(u64, Account)>> {
        let request = self.account_request();
        let answers = self.asked_everywhere(ACCOUNT_INFO, &request).await.into_iter();
        let account = |answer: Option<(u64, QueryAccountInfoResponse)>| {
            let (height, found) = answer?;
            let found = found.info?;
            Some((height, Account { number: found.account_number, sequence: found.sequence }))
        };
        answers.map(account).collect()
    }

    fn account_request(&self) -> QueryAccountInfoRequest {
        QueryAccountInfoRequest { address: self.inner.account.to_string() }
    }

    /// The account with the sequence of the next transaction.
    pub(super) async fn next_account(&self, state: &mut Sequences) -> Result<Account> {
        if let (Some(number), Some(sequence)) = (state.number, state.lane.next()) {
            return Ok(Account { number, sequence });
        }
        let found = self.account_info().await?.ok_or_else(|| ChainError::InsufficientFunds {
            account: self.inner.account.to_string(),
            words: "it is not on the chain yet, as it never held anything".to_owned(),
        })?;
        state.number = Some(found.number);
        let head = self.inner.watch.seen.borrow().height;
        state.lane.learn(found.sequence, head);
        Ok(Account { sequence: state.lane.next().unwrap_or(found.sequence), ..found })
    }

    /// What a transaction of these messages would cost now; the chain executes it and forgets it.
    pub async fn simulate(&self, msgs: &[Any]) -> Result<Fee> {
        Ok(self.foresee(msgs).await?.0)
    }

    /// [`Client::simulate`], and the events that the messages would give.
    pub async fn foresee(&self, msgs: &[Any]) -> Result<(Fee, Vec<Event>)> {
        let mut state = self.inner.lane.lock().await;
        let (_, fee, events) = self.foresee_next(&mut state, msgs).await?;
        Ok((fee, events))
    }

    /// Simulates with the sequence that the chain expects next, and gives the account with it. A simulation carries no
    /// signature, so whatever a node says of the sequence, it learns nothing that could be executed.
    pub(super) async fn foresee_next(
        &self,
        state: &mut Sequences,
        msgs: &[Any],
    ) -> Result<(Account, Fee, Vec<Event>)> {
        let settings = &self.inner.settings;
        for tried in 0..TRIES {
            pause_among(tried).await;
            let account = self.next_account(state).await?;
            let tx_bytes = unsigned(msgs, account, settings, self.inner.signer.as_ref())?;
            #[allow(deprecated)] // tx
            let request = SimulateRequest { tx: None, tx_bytes };
            let path = "/cosmos.tx.v1beta1.Service/Simulate";
            let asked = match self.asked::<_, SimulateResponse>(path, &request, None).await? {
                // One that expects something else every time is not the only one to be asked.
                Asked::Failed(failed) if tried % AT_ONCE == AT_ONCE - 1 => {
                    let mut others = self.asked_everywhere(path, &request).await.into_iter().flatten();
                    others.next().map_or(Asked::Failed(failed), |(_, answer)| Asked::Answer(answer))
                }
                asked => asked,
            };
            match asked {
                Asked::Answer(answer) => {
                    let Some(gas) = answer.gas_info.map(|g| g.gas_used).filter(|gas| *gas > 0) else {
                        let words = "a simulation is answered without the gas that it used";
                        return Err(ChainError::unusable(words));
                    };
                    let events = answer.result.map(|r| r.events).unwrap_or_default();
                    let events = events.into_iter().map(event).collect();
                    return Ok((account, Fee::of(gas, settings)?, events));
                }
                Asked::Failed(Failed { codespace, code, words }) => match expected(&words) {
                    Some(sequence) => self.repair(state, sequence).await,
                    None => {
                        let failure = Failure { codespace: &codespace, code, words: &words };
                        return Err(refusal(self.payer(), failure));
                    }
                },
            }
        }
        let reason = format!(
            "the account's sequence was another one {TRIES} times in a row: much else is sent with its key, or an \
             endpoint lies"
        );
        Err(ChainError::Disagree { reason })
    }

    /// A node expects another sequence than ours: goes on from there, and gives it what it lost.
    pub(super) async fn repair(&self, state: &mut Sequences, expected: u64) {
        let watch = &self.inner.watch;
        let head = watch.seen.borrow().height;
        let ours = state.lane.next();
        let ours = ours.map_or_else(|| "unknown".to_owned(), |ours| ours.to_string());
        tracing::debug!("the account's sequence is {expected}, ours was {ours}: repaired");
        for lost in state.lane.mismatch(expected, head).resend {
            // What it answers shows in the answer to the next.
            let _ = watch.pool.ask_once(tx_sync::Request::new(lost.to_vec())).await;
        }
    }
}

/// Before the next of several tries at a sequence: none at once, as what was just expected is soon taken by whoever
/// else uses the key; and every few tries one, as others come in bursts, and a node that has a new block goes through
/// its mempool first.
async fn pause_among(tried: u32) {
    if tried > 0 && tried.is_multiple_of(AT_ONCE) {
        let doublings = (tried / AT_ONCE - 1).min(5);
        tokio::time::sleep(PAUSE.saturating_mul(1 << doublings).min(MAX_PAUSE)).await;
    }
}

/// An event as contracts know them; attributes as the chain gives them.
fn event(from: cosmos_sdk_proto::tendermint::abci::Event) -> Event {
    let attributes = from.attributes.into_iter().map(|a| {
        // `Attribute::new` refuses the chain's own keys in debug builds.
        Attribute { key: a.key, value: a.value }
    });
    let mut event = Event::new(from.r#type);
    event.attributes = attributes.collect();
    event
}
