//! [`Contract`]: the typed client every contract of Lyceum is called through.

use std::marker::PhantomData;

use cosmwasm_std::{Addr, Coin, CosmosMsg, QuerierWrapper, StdResult, WasmMsg, to_json_binary};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The messages of one contract, by its marker type (e.g. [`crate::nodes::Nodes`]).
pub trait Interface {
    /// What it executes.
    type Execute: Serialize;
    /// What it answers.
    type Query: Serialize;
}

/// The address of a contract together with what may be said to it.
#[derive(Debug, Clone)]
pub struct Contract<I> {
    addr: Addr,
    interface: PhantomData<I>,
}

impl<I: Interface> Contract<I> {
    /// A client for the contract at a validated address.
    pub fn new(addr: Addr) -> Self {
        Self { addr, interface: PhantomData }
    }

    /// The address.
    pub fn addr(&self) -> &Addr {
        &self.addr
    }

    /// A message that executes there, with funds.
    pub fn execute(&self, msg: &I::Execute, funds: Vec<Coin>) -> StdResult<CosmosMsg> {
        self.send(msg, funds)
    }

    /// What [`only`] made, as a message.
    pub(crate) fn send(&self, msg: &impl Serialize, funds: Vec<Coin>) -> StdResult<CosmosMsg> {
        let contract_addr = self.addr.to_string();
        Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(msg)?, funds }.into())
    }

    /// Asks the contract. The modules of the contracts wrap this with the answer's type.
    pub fn query<T: DeserializeOwned>(&self, querier: &QuerierWrapper<'_>, msg: &I::Query) -> StdResult<T> {
        self.ask(querier, msg)
    }

    /// What [`only`] made, as a query.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        querier: &QuerierWrapper<'_>,
        msg: &impl Serialize,
    ) -> StdResult<T> {
        querier.query_wasm_smart(self.addr.as_str(), msg)
    }
}

/// One variant of a message, written as its own enum writes it. A contract that says only this to a neighbour then
/// holds no code for all the rest that the neighbour hears.
macro_rules! only {
    ($variant:ident { $($field:ident: $type:ty),* $(,)? }) => {{
        #[derive(serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Only {
            $variant { $($field: $type),* },
        }
        Only::$variant { $($field),* }
    }};
}
pub(crate) use only;
