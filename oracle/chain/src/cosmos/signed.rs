//! Which transactions an account signed lately, whoever sent them: what tells a node that another process uses its key.
//!
//! No endpoint is trusted. An endpoint states which sequences to look at, and a lie only costs some requests. But every
//! transaction that is returned carries the account's own signature for this chain, which nobody can make without the
//! key. The height at which it was signed is in the signed bytes; the block that an endpoint names does not count.

use std::collections::BTreeSet;

use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, SignDoc, TxBody, TxRaw};
use futures::future::join_all;
use k256::ecdsa::signature::Verifier as _;
use k256::ecdsa::{Signature, VerifyingKey};
use prost::Message as _;
use tendermint_rpc::Order;
use tendermint_rpc::endpoint::tx_search;

use super::client::Client;
use super::http::MAX_BLOCK;
use super::signer::PublicKey;
use super::tx::Account;

/// A transaction that carries the account's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The sequence that it takes.
    pub sequence: u64,
    /// Its memo: a mark and the height at which it was signed, where a program with a mark signed it.
    pub memo: String,
    /// Its messages' types.
    pub messages: Vec<String>,
}

impl Signed {
    /// The mark of the program that signed it, and the height at which it did.
    pub fn mark(&self) -> Option<(&str, u64)> {
        let (mark, height) = self.memo.rsplit_once(' ')?;
        Some((mark, height.parse().ok()?))
    }

    /// Reads a transaction; nothing if it is not the account's, or its signature is wrong.
    fn read(bytes: &[u8], key: &PublicKey, account: Account, chain_id: &str) -> Option<Self> {
        let TxRaw { body_bytes, auth_info_bytes, signatures } = TxRaw::decode(bytes).ok()?;
        let body = TxBody::decode(body_bytes.as_slice()).ok()?;
        let auth = AuthInfo::decode(auth_info_bytes.as_slice()).ok()?;
        let ([info], [signature]) = (auth.signer_infos.as_slice(), signatures.as_slice()) else {
            return None;
        };
        if info.sequence != account.sequence {
            return None;
        }
        let chain_id = chain_id.to_owned();
        let doc = SignDoc { body_bytes, auth_info_bytes, chain_id, account_number: account.number };
        let verifier = VerifyingKey::from_sec1_bytes(&key.to_bytes()).ok()?;
        let signature = Signature::from_slice(signature).ok()?;
        verifier.verify(&doc.encode_to_vec(), &signature).ok()?;
        let messages = body.messages.into_iter().map(|message| message.type_url).collect();
        Some(Self { sequence: info.sequence, memo: body.memo, messages })
    }
}

impl Client {
    /// The account's latest transactions, without those whose sequence is in `known`: at most `most` below each sequence
    /// that an endpoint states. They come from the endpoints' indexes; a transaction that no index has is left out.
    pub async fn latest_signed(&self, most: u64, known: &BTreeSet<u64>) -> Vec<Signed> {
        let accounts = self.account_everywhere().await.into_iter().flatten();
        let wanted: BTreeSet<(u64, u64)> = accounts
            .flat_map(|(_, account)| {
                let first = account.sequence.saturating_sub(most);
                (first..account.sequence).map(move |sequence| (sequence, account.number))
            })
            .filter(|(sequence, _)| !known.contains(sequence))
            .collect();
        let of = |(sequence, number)| self.signed_with(Account { sequence, number });
        join_all(wanted.into_iter().map(of)).await.into_iter().flatten().collect()
    }

    async fn signed_with(&self, account: Account) -> Option<Signed> {
        let inner = &self.inner;
        let query = format!("tx.acc_seq='{}/{}'", inner.account, account.sequence);
        let request = tx_search::Request::new(query, false, 1, 2, Order::Ascending);
        let (key, chain_id) = (inner.signer.public_key(), &inner.settings.chain_id);
        let answers = inner.watch.pool.each(request, MAX_BLOCK).await.into_iter().flatten();
        let mut found = answers.flat_map(|answer| answer.txs);
        found.find_map(|found| Signed::read(&found.tx, &key, account, chain_id))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cosmrs::Any;

    use super::super::lying::Stub;
    use super::super::tx::{Fee, Terms, sign};
    use super::super::{Key, Settings, Signer};
    use super::*;

    fn settings(rpc: Vec<String>, mark: &str) -> Settings {
        Settings { mark: Some(mark.to_owned()), ..Settings::new("stub-1", rpc) }
    }

    /// A transaction as the account's client would sign it at a height.
    async fn signed(key: &Key, settings: &Settings, sequence: u64, height: u64) -> Vec<u8> {
        let account = Account { number: 4, sequence };
        let timeout_height = height + settings.timeout_heights;
        let terms = Terms { account, timeout_height, fee: Some(Fee::of(10, settings).unwrap()) };
        let msg = Any { type_url: "/cosmwasm.wasm.v1.MsgExecuteContract".to_owned(), value: vec![1] };
        sign(&[msg], terms, settings, key).await.unwrap()
    }

    #[tokio::test]
    async fn what_the_account_signed_is_found_with_its_mark_whoever_sent_it() {
        let (key, words) = Key::generate().unwrap();
        let stub = Stub::at(100).await;
        let settings = settings(vec![stub.url.clone()], "node a");
        let other = Settings { mark: None, ..settings.clone() };
        let txs = vec![signed(&key, &settings, 7, 90).await, signed(&key, &other, 8, 91).await];
        stub.now(|says| (says.sequence, says.txs) = (9, txs));
        let again = Arc::new(Key::from_mnemonic(&words, 0).unwrap());
        let client = Client::connect(settings, again).await.unwrap();
        let found = client.latest_signed(4, &BTreeSet::new()).await;
        let sequences: Vec<_> = found.iter().map(|signed| signed.sequence).collect();
        assert_eq!(sequences, [7, 8]);
        assert_eq!((found[0].mark(), found[1].mark()), (Some(("node a", 90)), None));
        let known = BTreeSet::from([7, 8]);
        assert_eq!(client.latest_signed(4, &known).await, []);
        assert_eq!(client.latest_signed(1, &BTreeSet::new()).await.len(), 1, "the newest");
    }

    #[tokio::test]
    async fn an_endpoint_cannot_make_up_what_the_account_signed() {
        let (key, _) = Key::generate().unwrap();
        let (stranger, _) = Key::generate().unwrap();
        let stub = Stub::at(100).await;
        let settings = settings(vec![stub.url.clone()], "node a");
        let mine = signed(&key, &settings, 7, 90).await;
        let mut other_memo = TxRaw::decode(mine.as_slice()).unwrap();
        let mut body = TxBody::decode(other_memo.body_bytes.as_slice()).unwrap();
        body.memo = "node b 99".to_owned();
        other_memo.body_bytes = body.encode_to_vec();
        let other_chain = Settings { chain_id: "stub-2".to_owned(), ..settings.clone() };
        let lies = [
            ("somebody else's signature", signed(&stranger, &settings, 7, 90).await),
            ("another memo under the signature", other_memo.encode_to_vec()),
            ("signed for another chain", signed(&key, &other_chain, 7, 90).await),
            ("of another sequence", signed(&key, &settings, 6, 90).await),
            ("no transaction", vec![1, 2, 3]),
        ];
        let public = key.public_key();
        let account = Account { number: 4, sequence: 7 };
        for (what, tx) in lies {
            assert_eq!(Signed::read(&tx, &public, account, "stub-1"), None, "{what}");
        }
        assert!(Signed::read(&mine, &public, account, "stub-1").is_some());
        // A false sequence has it look where nothing is.
        stub.now(|says| (says.sequence, says.txs) = (u64::MAX, vec![mine]));
        let client = Client::connect(settings, Arc::new(key)).await.unwrap();
        assert_eq!(client.latest_signed(4, &BTreeSet::new()).await, []);
    }

    #[tokio::test]
    async fn one_endpoint_that_hides_them_hides_nothing() {
        let (key, _) = Key::generate().unwrap();
        let (silent, honest) = (Stub::at(100).await, Stub::at(100).await);
        let settings = settings(vec![silent.url.clone(), honest.url.clone()], "node a");
        let txs = vec![signed(&key, &settings, 7, 90).await];
        silent.now(|says| says.sequence = 3);
        honest.now(|says| (says.sequence, says.txs) = (8, txs));
        let client = Client::connect(settings, Arc::new(key)).await.unwrap();
        assert_eq!(client.latest_signed(4, &BTreeSet::new()).await.len(), 1);
    }
}
