//! [`Contract`]: the typed client every contract of Lyceum is called through.

use std::marker::PhantomData;

use cosmwasm_std::{
    Addr, Binary, Coin, ContractResult, CosmosMsg, Empty, QuerierWrapper, QueryRequest, StdError, StdResult,
    SystemResult, WasmMsg, WasmQuery, from_json, to_json_binary, to_json_vec,
};
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
        Ok(message(&self.addr, to_json_binary(msg)?, funds))
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
        from_json(answer(querier, &self.addr, to_json_binary(msg)?)?)
    }
}

// What follows exists once in a contract, and not once for every message and answer.

fn message(addr: &Addr, msg: Binary, funds: Vec<Coin>) -> CosmosMsg {
    WasmMsg::Execute { contract_addr: addr.to_string(), msg, funds }.into()
}

/// As [`QuerierWrapper::query_wasm_smart`] asks, with its words for what went wrong.
fn answer(querier: &QuerierWrapper<'_>, addr: &Addr, msg: Binary) -> StdResult<Binary> {
    let request: QueryRequest<Empty> = WasmQuery::Smart { contract_addr: addr.to_string(), msg }.into();
    match querier.raw_query(&to_json_vec(&request)?) {
        SystemResult::Ok(ContractResult::Ok(answer)) => Ok(answer),
        SystemResult::Ok(ContractResult::Err(error)) => {
            Err(StdError::msg(["Querier contract error: ", &error].concat()))
        }
        SystemResult::Err(error) => Err(StdError::msg(format!("Querier system error: {error}"))),
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
