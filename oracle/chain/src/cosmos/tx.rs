//! Transactions as bytes: built, estimated, signed. Nothing here talks to anybody but the signer.

use cosmos_sdk_proto::cosmos::base::abci::v1beta1::TxMsgData;
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use cosmos_sdk_proto::cosmos::tx::signing::v1beta1::SignMode;
use cosmos_sdk_proto::cosmos::tx::v1beta1::mode_info::{Single, Sum};
use cosmos_sdk_proto::cosmos::tx::v1beta1::{
    AuthInfo, Fee as ProtoFee, ModeInfo, SignDoc, SignerInfo, TxBody, TxRaw,
};
use cosmrs::Any;
use cosmwasm_std::{Event, Uint128};
use prost::Message as _;

use super::pending_txs::{Executed, hash, show};
use super::settings::Settings;
use super::signer::Signer;
use crate::{ChainError, Result};

/// The longest transaction that is sent: a node reads requests of up to 1 000 000 bytes, and a simulation's is hex.
pub const MAX_TX_BYTES: usize = 480 * 1024;

/// What a transaction is estimated to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    /// Gas that the simulation used.
    pub gas_used: u64,
    /// Gas that is allowed: with the adjustment.
    pub gas_limit: u64,
    /// What that costs, in units of the settings' denom.
    pub amount: u128,
}

impl Fee {
    /// The fee for simulated gas.
    pub fn of(gas_used: u64, settings: &Settings) -> Result<Self> {
        // Exact up to 2^53 gas, which no block has.
        let gas_limit = (gas_used as f64 * settings.gas_adjustment).ceil() as u64;
        if gas_limit > settings.gas_ceiling {
            return Err(ChainError::GasAboveCeiling { needed: gas_limit, ceiling: settings.gas_ceiling });
        }
        let amount = Uint128::from(gas_limit).checked_mul_ceil(settings.price()?).map_err(|e| {
            ChainError::Setting { name: "gas_price", reason: format!("{gas_limit} gas: {e}") }
        })?;
        Ok(Self { gas_used, gas_limit, amount: amount.u128() })
    }
}

/// A transaction that was executed.
#[derive(Debug, Clone, PartialEq)]
pub struct Included {
    /// Its hash, hex.
    pub hash: String,
    /// The height that holds it.
    pub height: u64,
    /// Gas that was allowed.
    pub gas_wanted: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// Every event, as the chain gives them.
    pub events: Vec<Event>,
    /// The messages' responses.
    pub data: Vec<Any>,
}

impl Included {
    pub(super) fn new(bytes: &[u8], executed: Executed) -> Self {
        // What the chain executed it also encoded; a caller that needs a response finds it missing.
        let data = TxMsgData::decode(executed.data.as_slice()).unwrap_or_default();
        Self {
            hash: show(&hash(bytes)),
            height: executed.height,
            gas_wanted: executed.gas_wanted,
            gas_used: executed.gas_used,
            events: executed.events,
            data: data.msg_responses,
        }
    }
}

/// An account as the chain knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub number: u64,
    /// The sequence of its next transaction.
    pub sequence: u64,
}

/// What a signature is over, beside the messages.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The account, with the sequence that this transaction takes.
    pub account: Account,
    /// The last height at which it may be executed; none for a simulation.
    pub timeout_height: u64,
    /// Gas and fee.
    pub fee: Option<Fee>,
}

/// The mark and the height at which the transaction was signed, or the memo of the settings. A simulation's is as long
/// as any.
fn memo(settings: &Settings, timeout_height: u64) -> String {
    let signed_at = match timeout_height {
        0 => u64::from(u32::MAX),
        height => height.saturating_sub(settings.timeout_heights),
    };
    settings.mark.as_ref().map_or_else(|| settings.memo.clone(), |mark| format!("{mark} {signed_at}"))
}

fn parts(msgs: &[Any], terms: Terms, settings: &Settings, signer: &dyn Signer) -> Result<(Vec<u8>, Vec<u8>)> {
    let wrong = |e: cosmrs::ErrorReport| ChainError::Key(e.to_string());
    let memo = memo(settings, terms.timeout_height);
    let body =
        TxBody { messages: msgs.to_vec(), memo, timeout_height: terms.timeout_height, ..TxBody::default() };
    let mode = ModeInfo { sum: Some(Sum::Single(Single { mode: SignMode::Direct.into() })) };
    let info = SignerInfo {
        public_key: Some(signer.public_key().to_any().map_err(wrong)?),
        mode_info: Some(mode),
        sequence: terms.account.sequence,
    };
    let amount = terms.fee.map(|fee| Coin { denom: settings.denom.clone(), amount: fee.amount.to_string() });
    let fee = ProtoFee {
        // The SDK refuses a coin of nothing.
        amount: amount.into_iter().filter(|c| c.amount != "0").collect(),
        gas_limit: terms.fee.map_or(0, |fee| fee.gas_limit),
        payer: String::new(),
        granter: settings.fee_granter.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    #[allow(deprecated)] // tip
    let auth = AuthInfo { signer_infos: vec![info], fee: Some(fee), tip: None };
    Ok((body.encode_to_vec(), auth.encode_to_vec()))
}

fn bounded(bytes: Vec<u8>) -> Result<Vec<u8>> {
    if bytes.len() > MAX_TX_BYTES {
        let (bytes, limit) = (bytes.len() as u64, MAX_TX_BYTES as u64);
        return Err(ChainError::TooLarge { what: "the transaction".to_owned(), bytes, limit });
    }
    Ok(bytes)
}

/// A transaction's bytes for simulation: its signature is not looked at. It pays the least fee: the chain simulates
/// taking one only if there is one, and taking it is a quarter of a bank send's gas.
pub fn unsigned(msgs: &[Any], account: Account, settings: &Settings, signer: &dyn Signer) -> Result<Vec<u8>> {
    let amount = u128::from(Fee::of(1, settings)?.amount > 0);
    let fee = Some(Fee { gas_used: 0, gas_limit: settings.gas_ceiling, amount });
    let terms = Terms { account, timeout_height: 0, fee };
    let (body_bytes, auth_info_bytes) = parts(msgs, terms, settings, signer)?;
    bounded(TxRaw { body_bytes, auth_info_bytes, signatures: vec![vec![]] }.encode_to_vec())
}

/// A signed transaction's bytes.
pub async fn sign(msgs: &[Any], terms: Terms, settings: &Settings, signer: &dyn Signer) -> Result<Vec<u8>> {
    let (body_bytes, auth_info_bytes) = parts(msgs, terms, settings, signer)?;
    let doc = SignDoc {
        body_bytes,
        auth_info_bytes,
        chain_id: settings.chain_id.clone(),
        account_number: terms.account.number,
    };
    let signature = signer.sign(&doc.encode_to_vec()).await?;
    let SignDoc { body_bytes, auth_info_bytes, .. } = doc;
    bounded(TxRaw { body_bytes, auth_info_bytes, signatures: vec![signature.to_vec()] }.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;

    fn settings() -> Settings {
        Settings::new("lyceum-1", vec!["http://127.0.0.1:1".to_owned()])
    }

    #[test]
    fn a_fee_is_the_simulated_gas_with_its_margin_rounded_up() {
        let fee = Fee::of(70_685, &settings()).unwrap();
        assert_eq!(fee, Fee { gas_used: 70_685, gas_limit: 91_891, amount: 2_298 });
        let free = Settings { gas_price: "0".to_owned(), ..settings() };
        assert_eq!(Fee::of(1, &free).unwrap().amount, 0);
    }

    #[test]
    fn gas_above_the_ceiling_is_refused_with_both_numbers() {
        let low = Settings { gas_ceiling: 90_000, ..settings() };
        let error = Fee::of(70_685, &low).unwrap_err();
        assert_eq!(error, ChainError::GasAboveCeiling { needed: 91_891, ceiling: 90_000 });
        assert!(error.to_string().contains("raise gas_ceiling"));
    }

    #[tokio::test]
    async fn a_memo_is_simulated_and_signed() {
        let (key, _) = Key::generate().unwrap();
        let settings = Settings { memo: "invoice 7".to_owned(), ..settings() };
        let account = Account { number: 3, sequence: 9 };
        let terms = Terms { account, timeout_height: 40, fee: None };
        let signed = sign(&[], terms, &settings, &key).await.unwrap();
        for bytes in [signed, unsigned(&[], account, &settings, &key).unwrap()] {
            let raw = TxRaw::decode(bytes.as_slice()).unwrap();
            assert_eq!(TxBody::decode(raw.body_bytes.as_slice()).unwrap().memo, "invoice 7");
        }
    }

    #[tokio::test]
    async fn the_same_terms_give_the_same_bytes_and_a_large_transaction_is_not_sent() {
        let (key, _) = Key::generate().unwrap();
        let msg = |n| Any { type_url: "/cosmos.bank.v1beta1.MsgSend".to_owned(), value: vec![7; n] };
        let account = Account { number: 3, sequence: 9 };
        let terms = Terms { account, timeout_height: 40, fee: Some(Fee::of(10, &settings()).unwrap()) };
        let first = sign(&[msg(10)], terms, &settings(), &key).await.unwrap();
        assert_eq!(sign(&[msg(10)], terms, &settings(), &key).await.unwrap(), first);
        let other = Terms { account: Account { sequence: 10, ..account }, ..terms };
        assert_ne!(sign(&[msg(10)], other, &settings(), &key).await.unwrap(), first);
        let large = unsigned(&[msg(MAX_TX_BYTES)], account, &settings(), &key).unwrap_err();
        assert_eq!(large.code(), "chain.too_large");
    }
}
