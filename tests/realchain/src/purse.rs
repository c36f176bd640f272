//! [`Purse`]: an account with coins.

use std::sync::Arc;

use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountRequest, QueryAccountResponse};
use cosmrs::bank::MsgSend;
use cosmrs::tx::Msg as _;
use cosmrs::{AccountId, Any, Coin};
use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{Client, Key, Settings, Signer as _, address};
use lyceum_chain::{ChainError, Result};
use prost::Message as _;
use tokio::sync::Mutex;

use crate::Chain;

/// Tests that run side by side take coins from the same account; they do so one after another.
static FILLING: Mutex<()> = Mutex::const_new(());

/// An account, its key and a client for it.
#[derive(Debug, Clone)]
pub struct Purse {
    /// The account's key, for a client of its own.
    pub key: Arc<Key>,
    /// How the chain is reached.
    pub settings: Settings,
    /// The account's client.
    pub client: Client,
}

impl Chain {
    /// What a client of this chain is made with: all endpoints, the first validator's first.
    pub fn settings(&self) -> Settings {
        Settings {
            prefix: self.prefix.clone(),
            denom: self.denom.clone(),
            gas_price: self.gas_price.clone(),
            ..Settings::new(self.chain_id.clone(), self.rpc.clone())
        }
    }

    /// New accounts with this many coins each, from the faucet.
    pub async fn purses(&self, accounts: usize, coins: u128) -> Result<Vec<Purse>> {
        let _one = FILLING.lock().await;
        let faucet = Purse::of(Key::from_mnemonic(&self.faucet.mnemonic, 0)?, self.settings()).await?;
        faucet.fill(accounts, coins).await
    }

    /// One new account with this many coins.
    pub async fn purse(&self, coins: u128) -> Result<Purse> {
        self.purses(1, coins).await?.pop().ok_or(ChainError::Stopped)
    }
}

impl Purse {
    /// The account of a key.
    pub async fn of(key: Key, settings: Settings) -> Result<Self> {
        let key = Arc::new(key);
        let client = Client::connect(settings.clone(), key.clone()).await?;
        Ok(Self { key, settings, client })
    }

    /// The same account through a client that knows nothing of this one, as another process has it.
    pub async fn apart(&self, settings: Settings) -> Result<Self> {
        let client = Client::connect(settings.clone(), self.key.clone()).await?;
        Ok(Self { key: self.key.clone(), settings, client })
    }

    /// New accounts with this many coins each, paid from this one in one transaction.
    pub async fn fill(&self, accounts: usize, coins: u128) -> Result<Vec<Self>> {
        let mut keys = Vec::with_capacity(accounts);
        let mut messages = Vec::with_capacity(accounts);
        for _ in 0..accounts {
            let (key, _) = Key::generate()?;
            messages.push(self.pay(&address(&key.public_key(), &self.settings.prefix)?, coins));
            keys.push(key);
        }
        self.client.send(messages).await?;
        let mut purses = Vec::with_capacity(accounts);
        for key in keys {
            purses.push(Self::of(key, self.settings.clone()).await?);
        }
        Ok(purses)
    }

    /// The message that pays coins to another account.
    ///
    /// # Panics
    /// When the settings' denom or an address is none, which connecting has found out before.
    pub fn pay(&self, to: &Addr, coins: u128) -> Any {
        let id = |address: &Addr| address.as_str().parse::<AccountId>().expect("an address of the client");
        let denom = self.settings.denom.parse().expect("a denom the client takes");
        let message = MsgSend {
            from_address: id(self.client.account()),
            to_address: id(to),
            amount: vec![Coin { denom, amount: coins }],
        };
        message.to_any().expect("a plain message has an encoding")
    }

    /// How many transactions of this account the chain has taken, by its own count.
    pub async fn sequence(&self) -> Result<u64> {
        let request = QueryAccountRequest { address: self.client.account().to_string() };
        let answer: QueryAccountResponse =
            self.client.abci("/cosmos.auth.v1beta1.Query/Account", &request, None).await?;
        let account =
            answer.account.ok_or_else(|| ChainError::Json("no account in the answer".to_owned()))?;
        let account =
            BaseAccount::decode(account.value.as_slice()).map_err(|e| ChainError::Json(e.to_string()))?;
        Ok(account.sequence)
    }
}
