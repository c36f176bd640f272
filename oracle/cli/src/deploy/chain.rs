//! What deployment asks a chain and sends it, message by message.

use cosmos_sdk_proto::cosmos::base::query::v1beta1::PageRequest;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmwasm::wasm::v1::{
    ContractInfo, MsgExecuteContract, MsgInstantiateContract2, MsgMigrateContract, MsgStoreCode,
    MsgStoreCodeResponse, QueryCodeRequest, QueryCodesRequest, QueryCodesResponse, QueryContractInfoRequest,
    QueryContractInfoResponse,
};
use cosmrs::Any;
use cosmwasm_std::Addr;
use lyceum_api::DENOM;
use lyceum_chain::ChainError;
use lyceum_chain::cosmos::{Client, Included};

use super::artifacts::Artifact;
use crate::failure::{Failure, Refusal};

/// Codes on a page, and pages that are looked through from the newest on. A code that is older is stored anew.
const PAGE: u64 = 100;
const PAGES: usize = 50;

/// What wasmd says of a code without its bytes; younger than `cosmos-sdk-proto`.
#[derive(Clone, PartialEq, prost::Message)]
struct CodeInfo {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(bytes = "vec", tag = "3")]
    checksum: Vec<u8>,
}

/// A message of the module.
pub fn any<M: prost::Message>(name: &str, msg: &M) -> Any {
    Any { type_url: format!("/cosmwasm.wasm.v1.{name}"), value: msg.encode_to_vec() }
}

/// A code on the chain with this checksum.
pub async fn code_of(client: &Client, checksum: &[u8; 32]) -> anyhow::Result<Option<u64>> {
    let mut key = vec![];
    for _ in 0..PAGES {
        let pagination = Some(PageRequest { key, limit: PAGE, reverse: true, ..PageRequest::default() });
        let request = QueryCodesRequest { pagination };
        let page: QueryCodesResponse = client.abci("/cosmwasm.wasm.v1.Query/Codes", &request, None).await?;
        if let Some(found) = page.code_infos.iter().find(|c| c.data_hash == checksum) {
            return Ok(Some(found.code_id));
        }
        key = page.pagination.map(|p| p.next_key).unwrap_or_default();
        if key.is_empty() {
            break;
        }
    }
    Ok(None)
}

/// The number of the newest code; 0 where there is none.
pub async fn last_code(client: &Client) -> anyhow::Result<u64> {
    let pagination = Some(PageRequest { limit: 1, reverse: true, ..PageRequest::default() });
    let request = QueryCodesRequest { pagination };
    let page: QueryCodesResponse = client.abci("/cosmwasm.wasm.v1.Query/Codes", &request, None).await?;
    Ok(page.code_infos.first().map_or(0, |c| c.code_id))
}

/// The checksum of a code.
pub async fn checksum_of(client: &Client, code: u64) -> anyhow::Result<Vec<u8>> {
    let request = QueryCodeRequest { code_id: code };
    let found: CodeInfo = client.abci("/cosmwasm.wasm.v1.Query/CodeInfo", &request, None).await?;
    Ok(found.checksum)
}

/// What the chain says of a contract, if it is there.
pub async fn contract(client: &Client, address: &str) -> anyhow::Result<Option<ContractInfo>> {
    let request = QueryContractInfoRequest { address: address.to_owned() };
    let path = "/cosmwasm.wasm.v1.Query/ContractInfo";
    match client.abci::<_, QueryContractInfoResponse>(path, &request, None).await {
        Ok(answer) => Ok(answer.contract_info),
        Err(ChainError::UnknownContract { .. }) => Ok(None),
        Err(ChainError::Query { words, .. }) if absent(&words) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn absent(words: &str) -> bool {
    ["no such contract", "not found"].iter().any(|said| words.contains(said))
}

/// What a transaction's first message was answered; a chain may leave answers out.
pub fn answer<M: prost::Message + Default>(done: &Included) -> Option<M> {
    done.data.first().and_then(|any| M::decode(any.value.as_slice()).ok())
}

/// Stores a code, and verifies what the chain made of it.
pub async fn store(client: &Client, artifact: &Artifact) -> anyhow::Result<(u64, Included)> {
    let done = client.send(vec![store_msg(client.account(), artifact)?]).await?;
    let (code, found) = match answer::<MsgStoreCodeResponse>(&done) {
        Some(answer) => (Some(answer.code_id), answer.checksum),
        // A chain that leaves answers out still says what it stored.
        None => (code_of(client, &artifact.checksum).await?, artifact.checksum.to_vec()),
    };
    match code.filter(|_| found == artifact.checksum) {
        Some(code) => Ok((code, done)),
        None => {
            let words = format!(
                "the chain stored {} with another checksum ({}) than {}: this chain changes what it stores, don't use it",
                artifact.name,
                hex::encode(&found),
                artifact.hex()
            );
            Err(Refusal::new(Failure::Network, "deploy.checksum", words).into())
        }
    }
}

/// The message that stores a code.
pub fn store_msg(sender: &Addr, artifact: &Artifact) -> anyhow::Result<Any> {
    let msg = MsgStoreCode {
        sender: sender.to_string(),
        wasm_byte_code: artifact.packed()?,
        instantiate_permission: None,
    };
    Ok(any("MsgStoreCode", &msg))
}

/// A contract to bring up.
pub struct Up<'a> {
    /// Its code.
    pub code: u64,
    /// Who may migrate it.
    pub admin: &'a Addr,
    /// Its name for people.
    pub label: String,
    /// Its configuration.
    pub msg: Vec<u8>,
    /// The salt of its address.
    pub salt: Vec<u8>,
}

/// The message that brings a contract up.
pub fn up_msg(sender: &Addr, up: Up<'_>) -> Any {
    let msg = MsgInstantiateContract2 {
        sender: sender.to_string(),
        admin: up.admin.to_string(),
        code_id: up.code,
        label: up.label,
        msg: up.msg,
        funds: vec![],
        salt: up.salt,
        fix_msg: false,
    };
    any("MsgInstantiateContract2", &msg)
}

/// The message that migrates a contract to a code.
pub fn migrate_msg(admin: &str, contract: &str, code: u64) -> Any {
    let msg = MsgMigrateContract {
        sender: admin.to_owned(),
        contract: contract.to_owned(),
        code_id: code,
        msg: b"{}".to_vec(),
    };
    any("MsgMigrateContract", &msg)
}

/// A message to a contract, with ulyc.
pub fn execute_msg(sender: &str, contract: &str, msg: Vec<u8>, ulyc: u128) -> Any {
    let funds = coins(ulyc);
    let msg = MsgExecuteContract { sender: sender.to_owned(), contract: contract.to_owned(), msg, funds };
    any("MsgExecuteContract", &msg)
}

/// An amount of ulyc as the chain has it.
pub fn coins(ulyc: u128) -> Vec<Coin> {
    if ulyc == 0 { vec![] } else { vec![Coin { denom: DENOM.to_owned(), amount: ulyc.to_string() }] }
}
