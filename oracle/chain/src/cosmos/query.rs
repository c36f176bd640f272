//! Queries: the chain's own and the contracts', at a height.

use cosmos_sdk_proto::cosmwasm::wasm::v1::{QuerySmartContractStateRequest, QuerySmartContractStateResponse};
use cosmwasm_std::{Addr, from_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tendermint_rpc::endpoint::abci_query;

use super::answers::{no_such_contract, own_words};
use super::blocks::height as as_height;
use super::client::Client;
use super::http::MAX_ANSWER;
use super::member::error_of;
use super::pool::Answer;
use super::signer::check_address;
use crate::types::json;
use crate::{ChainError, Result};

/// The longest query: a node reads requests of up to 1 000 000 bytes, and a query's data is hex.
const MAX_QUERY: usize = 480 * 1024;

/// What the chain itself answered.
pub(super) enum Asked<A> {
    Answer(A),
    Failed(Failed),
}

/// A query that the chain refused.
pub(super) struct Failed {
    pub codespace: String,
    pub code: u32,
    pub words: String,
}

impl Failed {
    /// As an error of whoever was asked.
    pub fn into_query(self, asked: &str) -> ChainError {
        ChainError::Query { contract: asked.to_owned(), words: own_words(&self.words) }
    }
}

impl Client {
    /// A module's gRPC query, through `abci_query`, at a committed height or now.
    pub async fn abci<Q, A>(&self, path: &str, request: &Q, height: Option<u64>) -> Result<A>
    where
        Q: prost::Message,
        A: prost::Message + Default,
    {
        match self.asked(path, request, height).await? {
            Asked::Answer(answer) => Ok(answer),
            Asked::Failed(failed) => Err(failed.into_query(path)),
        }
    }

    pub(super) async fn asked<Q, A>(&self, path: &str, request: &Q, height: Option<u64>) -> Result<Asked<A>>
    where
        Q: prost::Message,
        A: prost::Message + Default,
    {
        let data = request.encode_to_vec();
        if data.len() > MAX_QUERY {
            let (bytes, limit) = (data.len() as u64, MAX_QUERY as u64);
            return Err(ChainError::TooLarge { what: format!("the query {path}"), bytes, limit });
        }
        let at = height.map(as_height).transpose()?;
        let request = abci_query::Request::new(Some(path.to_owned()), data, at, false);
        let elsewhere = |answer: &Answer<abci_query::Response>| match answer {
            Ok(answer) if answer.response.log.contains("height in the future") => {
                Some(format!("has not height {} yet", height.unwrap_or(0)))
            }
            Ok(answer) if answer.response.code.is_ok() => {
                let read = A::decode(answer.response.value.as_slice());
                read.err().map(|error| format!("answers {path} with what is no answer to it: {error}"))
            }
            Ok(_) => None,
            Err(words) => Some(error_of(words)),
        };
        let answer = self.inner.watch.pool.ask(request, MAX_ANSWER, elsewhere).await?;
        let response =
            answer.map_err(|words| ChainError::Query { contract: path.to_owned(), words })?.response;
        if response.code.is_err() {
            let (code, words) = (response.code.value(), response.log);
            if let Some(height) = height
                && is_gone(&words)
            {
                return Err(ChainError::StateGone { height });
            }
            return Ok(Asked::Failed(Failed { codespace: response.codespace, code, words }));
        }
        let unreadable =
            |error| ChainError::unusable(format!("{path} is answered with what is no answer: {error}"));
        A::decode(response.value.as_slice()).map(Asked::Answer).map_err(unreadable)
    }

    /// What each endpoint answers that does, with the height of its state; none where that is no answer to the query.
    pub(super) async fn asked_everywhere<Q, A>(&self, path: &str, request: &Q) -> Vec<Option<(u64, A)>>
    where
        Q: prost::Message,
        A: prost::Message + Default,
    {
        let request = abci_query::Request::new(Some(path.to_owned()), request.encode_to_vec(), None, false);
        let answers = self.inner.watch.pool.each(request, MAX_ANSWER).await.into_iter();
        let read = |answer: Answer<abci_query::Response>| {
            let response = answer.ok()?.response;
            let value = response.code.is_ok().then_some(response.value)?;
            Some((response.height.value(), A::decode(value.as_slice()).ok()?))
        };
        answers.map(read).collect()
    }

    /// Asks a contract, at a committed height or now.
    pub async fn smart<T, M>(&self, contract: &Addr, msg: &M, height: Option<u64>) -> Result<T>
    where
        T: DeserializeOwned,
        M: Serialize,
    {
        check_address(contract.as_str(), &self.inner.settings.prefix)?;
        let query_data = json("a query", msg)?.to_vec();
        let request = QuerySmartContractStateRequest { address: contract.to_string(), query_data };
        let path = "/cosmwasm.wasm.v1.Query/SmartContractState";
        match self.asked::<_, QuerySmartContractStateResponse>(path, &request, height).await? {
            Asked::Answer(answer) => from_json(&answer.data).map_err(|e| {
                let why = own_words(&e.to_string());
                ChainError::Json(format!("{contract} answers what this program cannot read: {why}"))
            }),
            Asked::Failed(failed) => match no_such_contract(&failed.words) {
                Some(_) => Err(ChainError::UnknownContract { address: contract.to_string() }),
                None => Err(failed.into_query(contract.as_str())),
            },
        }
    }
}

/// Whether a node no longer has a height's state.
fn is_gone(words: &str) -> bool {
    words.contains("failed to load state at height") || words.contains("version does not exist")
}
