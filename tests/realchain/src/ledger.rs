//! [`Wasmd`]: the real chain as a [`Ledger`], so that the helpers of `lyceum-testing` drive it. Accounts are made as
//! they are named; time is the chain's own, waited for; what every message used is written down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosmrs::bank::MsgSend;
use cosmrs::tx::Msg as _;
use cosmrs::{AccountId, Any, Coin};
use cosmwasm_std::{Addr, Binary, BlockInfo, Timestamp, from_json, to_json_binary};
use lyceum_chain::cosmos::{Client, Cosmos, Key, Settings, Signer as _, address};
use lyceum_chain::{ChainError, Contracts, Msg};
use lyceum_testing::cw_multi_test::AppResponse;
use lyceum_testing::{Ledger, NetworkError, Tx};
use tokio::runtime::Runtime;

use crate::Chain;

/// What every account gets for its fees, ulyc, when it is made.
const FEES: u128 = 10_000_000;
/// How often the chain is asked whether a time has come.
const POLL: Duration = Duration::from_millis(100);

/// One message that the chain executed.
#[derive(Debug, Clone)]
pub struct Spent {
    /// The contract.
    pub contract: Addr,
    /// The message's name, e.g. `reveal_attestation`.
    pub message: String,
    /// Gas that a simulation of it used, just before.
    pub simulated: u64,
    /// Gas that it used.
    pub used: u64,
    /// Bytes of the message.
    pub bytes: usize,
}

/// A real chain that the helpers of `lyceum-testing` stand on.
pub struct Wasmd {
    runtime: Runtime,
    settings: Settings,
    contracts: Contracts,
    faucet: Client,
    accounts: Mutex<Accounts>,
    /// Every transaction of one message, in order.
    pub spent: Vec<Spent>,
}

#[derive(Default)]
struct Accounts {
    by_name: BTreeMap<String, Addr>,
    clients: BTreeMap<Addr, (Client, String)>,
}

impl std::fmt::Debug for Wasmd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wasmd").field("chain_id", &self.settings.chain_id).finish_non_exhaustive()
    }
}

impl Wasmd {
    /// The ledger of a chain on which the contracts are.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub fn new(chain: &Chain, contracts: Contracts) -> Result<Self, ChainError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| ChainError::Start(e.to_string()))?;
        let key = Arc::new(Key::from_mnemonic(&chain.faucet.mnemonic, 0)?);
        let settings = chain.settings();
        let faucet = runtime.block_on(Client::connect(settings.clone(), key))?;
        Ok(Self { runtime, settings, contracts, faucet, accounts: Mutex::default(), spent: Vec::new() })
    }

    /// Makes an account known under a name: one that exists already, such as the authority's.
    ///
    /// # Errors
    /// When the words are none, or the chain does not answer.
    pub fn adopt(&self, name: &str, words: &str) -> Result<Addr, ChainError> {
        let key = Key::from_mnemonic(words, 0)?;
        let account = address(&key.public_key(), &self.settings.prefix)?;
        let client = self.runtime.block_on(Client::connect(self.settings.clone(), Arc::new(key)))?;
        let mut accounts = self.accounts();
        accounts.by_name.insert(name.to_owned(), account.clone());
        accounts.clients.insert(account.clone(), (client, words.to_owned()));
        Ok(account)
    }

    /// Makes accounts with so many ulyc each, paid in one transaction.
    ///
    /// # Errors
    /// When the faucet has too few coins, or the chain does not answer.
    pub fn name(&self, names: &[&str], amount: u128) -> Result<Vec<Addr>, ChainError> {
        let mut accounts = Vec::with_capacity(names.len());
        for name in names {
            accounts.push(self.adopt(name, &Key::generate()?.1)?);
        }
        let payments = accounts.iter().map(|to| self.payment(to, amount)).collect::<Result<_, _>>()?;
        self.runtime.block_on(self.faucet.send(payments))?;
        Ok(accounts)
    }

    /// The words of an account that was named, for a wallet.
    pub fn words(&self, account: &Addr) -> Option<String> {
        self.accounts().clients.get(account).map(|(_, words)| words.clone())
    }

    fn accounts(&self) -> std::sync::MutexGuard<'_, Accounts> {
        // A panic while it was held left the maps whole.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, account: &Addr) -> Result<Client, NetworkError> {
        let none = || NetworkError::App(format!("{account} was never named: its key is not here"));
        self.accounts().clients.get(account).map(|(client, _)| client.clone()).ok_or_else(none)
    }

    fn pay(&self, to: &Addr, amount: u128) -> Result<(), ChainError> {
        let message = self.payment(to, amount)?;
        self.runtime.block_on(self.faucet.send(vec![message])).map(|_| ())
    }

    fn payment(&self, to: &Addr, amount: u128) -> Result<Any, ChainError> {
        let id = |a: &Addr| a.as_str().parse::<AccountId>().map_err(|e| ChainError::Json(e.to_string()));
        let denom = self.settings.denom.parse().map_err(|e| ChainError::Json(format!("{e}")))?;
        let message = MsgSend {
            from_address: id(self.faucet.account())?,
            to_address: id(to)?,
            amount: vec![Coin { denom, amount }],
        };
        message.to_any().map_err(|e| ChainError::Json(e.to_string()))
    }

    fn messages(&self, client: &Client, tx: &[Tx]) -> Result<Vec<Any>, ChainError> {
        let msgs: Vec<Msg> = tx
            .iter()
            .map(|m| Msg { contract: m.contract.clone(), msg: m.msg.clone(), funds: m.funds.clone() })
            .collect();
        Cosmos::new(client.clone(), self.contracts.clone()).messages(&msgs)
    }
}

/// The name of an execute message: the one key of its object, or the text itself.
fn name(msg: &Binary) -> String {
    match from_json::<serde_json::Value>(msg) {
        Ok(serde_json::Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn chain(error: ChainError) -> NetworkError {
    NetworkError::App(error.to_string())
}

impl Ledger for Wasmd {
    fn account(&self, name: &str) -> Addr {
        if let Some(known) = self.accounts().by_name.get(name) {
            return known.clone();
        }
        // A fixture: without an account nothing of the test can go on.
        let (_, words) = Key::generate().expect("the machine has randomness");
        let account = self.adopt(name, &words).expect("the chain answers");
        self.pay(&account, FEES).expect("the faucet has coins");
        account
    }

    fn fund(&mut self, account: &Addr, amount: u128) -> Result<(), NetworkError> {
        self.pay(account, amount).map_err(chain)
    }

    fn balance(&self, account: &Addr) -> Result<u128, NetworkError> {
        self.runtime.block_on(self.faucet.balance(account)).map_err(chain)
    }

    fn block(&self) -> BlockInfo {
        let head = self.runtime.block_on(self.faucet.head()).expect("the chain answers");
        BlockInfo {
            height: head.height,
            time: Timestamp::from_seconds(head.time),
            chain_id: self.settings.chain_id.clone(),
        }
    }

    fn advance(&mut self, seconds: u64, _block_seconds: u64) {
        // The next height comes by itself: every message is waited for.
        if seconds == 0 {
            return;
        }
        let until = self.block().time.seconds() + seconds;
        while self.block().time.seconds() < until {
            std::thread::sleep(POLL);
        }
    }

    fn execute_tx(&mut self, sender: &Addr, tx: Vec<Tx>) -> Result<Vec<AppResponse>, NetworkError> {
        let client = self.client(sender)?;
        let refused = |error: ChainError| match error {
            ChainError::Refused { words } => NetworkError::Refused { sender: sender.clone(), words },
            other => chain(other),
        };
        let messages = self.messages(&client, &tx).map_err(chain)?;
        let simulated = self.runtime.block_on(client.simulate(&messages)).map_err(refused)?;
        let included = self.runtime.block_on(client.send(messages)).map_err(refused)?;
        if let [one] = tx.as_slice() {
            self.spent.push(Spent {
                contract: one.contract.clone(),
                message: name(&one.msg),
                simulated: simulated.gas_used,
                used: included.gas_used,
                bytes: one.msg.len(),
            });
        }
        // The chain says of every event which message it belongs to.
        let of = |index: usize| {
            let mine = |e: &&cosmwasm_std::Event| {
                e.attributes.iter().any(|a| a.key == "msg_index" && a.value == index.to_string())
            };
            AppResponse {
                events: included.events.iter().filter(mine).cloned().collect(),
                ..Default::default()
            }
        };
        Ok((0..tx.len()).map(of).collect())
    }

    fn ask(&self, contract: &Addr, msg: Binary) -> Result<Binary, NetworkError> {
        let failed = |words: String| NetworkError::Query { contract: contract.clone(), words };
        let msg: serde_json::Value = from_json(&msg).map_err(|e| failed(e.to_string()))?;
        let answer: Result<serde_json::Value, ChainError> =
            self.runtime.block_on(self.faucet.smart(contract, &msg, None));
        match answer {
            Ok(answer) => to_json_binary(&answer).map_err(|e| failed(e.to_string())),
            Err(ChainError::Query { words, .. }) => Err(failed(words)),
            Err(other) => Err(chain(other)),
        }
    }
}
