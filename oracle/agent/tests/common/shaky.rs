//! A chain that does not answer now and then, as one behind bad endpoints: asked again, it does.

use std::sync::atomic::{AtomicU64, Ordering};

use cosmwasm_std::Addr;
use lyceum_chain::logical::Handle;
use lyceum_chain::{BlockEvents, Chain, ChainError, Contracts, Head, Result, Tx, TxResult, Until};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A handle whose every so many calls fail.
pub struct Shaky {
    inner: Handle,
    every: u64,
    calls: AtomicU64,
}

impl Shaky {
    /// Every so many calls fail; 0 = none does.
    pub fn new(inner: Handle, every: u64) -> Self {
        Self { inner, every, calls: AtomicU64::new(0) }
    }

    /// Counts a call, and says which failure it is, if it is one.
    fn failure(&self) -> Option<u64> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        (self.every > 0 && call.is_multiple_of(self.every)).then(|| call / self.every)
    }

    fn answers(&self) -> Result<()> {
        match self.failure() {
            Some(_) => {
                let (endpoint, reason) = ("nowhere".to_owned(), "as the test wants it".to_owned());
                Err(ChainError::Unreachable { endpoint, reason })
            }
            None => Ok(()),
        }
    }
}

impl Chain for Shaky {
    fn account(&self) -> &Addr {
        self.inner.account()
    }

    fn contracts(&self) -> &Contracts {
        self.inner.contracts()
    }

    fn chain_id(&self) -> &str {
        self.inner.chain_id()
    }

    async fn query<T, M>(&self, contract: &Addr, msg: &M) -> Result<T>
    where
        T: DeserializeOwned + Send,
        M: Serialize + Sync,
    {
        self.answers()?;
        self.inner.query(contract, msg).await
    }

    /// Fails before anything is sent, or after everything was: nobody can tell which.
    async fn submit(&self, txs: Vec<Tx>) -> Result<Vec<Result<TxResult>>> {
        let lost = || {
            let (hash, reason) = ("00".to_owned(), "as the test wants it".to_owned());
            ChainError::Undecided { hash, reason }
        };
        match self.failure() {
            Some(which) if which.is_multiple_of(2) => {
                let results = self.inner.submit(txs).await?;
                Ok(results.into_iter().map(|_| Err(lost())).collect())
            }
            Some(_) => Ok(txs.into_iter().map(|_| Err(lost())).collect()),
            None => self.inner.submit(txs).await,
        }
    }

    async fn wait(&self, until: Until) -> Result<Head> {
        self.answers()?;
        self.inner.wait(until).await
    }

    async fn events(&self, from_height: u64) -> Result<Vec<BlockEvents>> {
        self.answers()?;
        self.inner.events(from_height).await
    }

    async fn head(&self) -> Result<Head> {
        self.answers()?;
        self.inner.head().await
    }

    async fn balance(&self, account: &Addr) -> Result<u128> {
        self.answers()?;
        self.inner.balance(account).await
    }
}
