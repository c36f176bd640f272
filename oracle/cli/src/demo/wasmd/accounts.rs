//! Keys and coins: every member's account, made here, filled by the localnet's faucet.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use cosmrs::bank::MsgSend;
use cosmrs::tx::Msg as _;
use cosmrs::{AccountId, Any, Coin};
use cosmwasm_std::Addr;
use lyceum_chain::cosmos::{Client, Key, Settings, Signer as _, address};
use lyceum_chain::embedded::LYC;
use serde::Deserialize;

use super::super::cast::Member;
use super::super::genesis::{Prepared, TREASURY};
use super::folder;
use crate::failure::BadInput;
use crate::reading;
use crate::wallet::{Home, Keyring, create_private, write_private};

/// The name of every process's key in its own folder.
pub const KEY: &str = "demo";
/// What protects the key files of a demo that ends with its working folder.
const PASSPHRASE: &str = "the demo's keys are worth nothing";
/// The longest description of a localnet that is read.
const MAX_LOCALNET: u64 = 1 << 20;
/// For fees, ulyc.
const FEES: u128 = 200 * LYC;
/// What an author needs for its proposal beside fees.
const DEPOSIT: u128 = 200 * LYC;
/// The authority's: it deploys, and fills the treasury.
const AUTHORITY: &str = "authority";

/// A chain of `scripts/localnet`.
#[derive(Debug, Clone, Deserialize)]
pub struct Localnet {
    pub chain_id: String,
    pub prefix: String,
    pub denom: String,
    pub gas_price: String,
    pub rpc: Vec<String>,
    pub faucet: Faucet,
}

/// The account that has the coins.
#[derive(Clone, Deserialize)]
pub struct Faucet {
    mnemonic: String,
}

impl std::fmt::Debug for Faucet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faucet(hidden)")
    }
}

/// Reads the localnet's first chain.
pub fn localnet(path: &Path) -> anyhow::Result<Localnet> {
    #[derive(Deserialize)]
    struct File {
        version: u32,
        chains: Vec<Localnet>,
    }
    let read = || format!("cannot read {}: `scripts/localnet up` writes it", path.display());
    let file: File =
        serde_json::from_slice(&reading::input(path, MAX_LOCALNET).with_context(read)?).with_context(read)?;
    if file.version != 1 {
        let words = format!("{}: version {} is unknown, expected 1", path.display(), file.version);
        return Err(BadInput(words).into());
    }
    file.chains.into_iter().next().with_context(|| format!("{} names no chain", path.display()))
}

impl Localnet {
    /// How it is reached.
    pub fn settings(&self) -> Settings {
        Settings {
            prefix: self.prefix.clone(),
            denom: self.denom.clone(),
            gas_price: self.gas_price.clone(),
            ..Settings::new(self.chain_id.clone(), self.rpc.clone())
        }
    }
}

/// Everybody's account.
#[derive(Debug)]
pub struct Accounts {
    /// Who deploys, and acts through the charter.
    pub authority: Client,
    /// Authors propose by themselves; nodes have processes of their own.
    authors: BTreeMap<String, Client>,
    addresses: BTreeMap<String, Addr>,
}

impl Accounts {
    /// Makes a key for each member, in its folder, and has the faucet fill all accounts.
    pub async fn make(chain: &Localnet, prepared: &Prepared, work: &Path) -> anyhow::Result<Self> {
        let settings = chain.settings();
        let faucet = Arc::new(Key::from_mnemonic(&chain.faucet.mnemonic, 0)?);
        let faucet = Client::connect(settings.clone(), faucet).await?;
        let mut keys = BTreeMap::new();
        let mut payments = vec![];
        let mut addresses = BTreeMap::new();
        let all = prepared.members.iter().map(|m| (m.name.as_str(), coins(m)));
        for (name, amount) in all.chain([(AUTHORITY, TREASURY + FEES)]) {
            let home = folder(work, name);
            create_private(&home)?;
            write_private(&home.join("passphrase"), format!("{PASSPHRASE}\n").as_bytes())?;
            let (key, _) = Key::generate()?;
            Keyring::of(&Home(home)).add(KEY, &key, PASSPHRASE)?;
            let account = address(&key.public_key(), &chain.prefix)?;
            payments.push(payment(&settings, faucet.account(), &account, amount)?);
            addresses.insert(name.to_owned(), account);
            keys.insert(name.to_owned(), Arc::new(key));
        }
        faucet.send(payments).await?;
        let mut authors = BTreeMap::new();
        for (name, _) in &prepared.blueprint.datasets {
            let key = keys.get(name).with_context(|| format!("{name} is no member"))?;
            authors.insert(name.clone(), Client::connect(settings.clone(), key.clone()).await?);
        }
        let key = keys.remove(AUTHORITY).context("the authority has a key")?;
        Ok(Self { authority: Client::connect(settings, key).await?, authors, addresses })
    }

    /// The account of a member.
    pub fn of(&self, name: &str) -> anyhow::Result<Addr> {
        self.addresses.get(name).cloned().with_context(|| format!("{name} has no account"))
    }

    /// The client of an author.
    pub fn author(&self, name: &str) -> anyhow::Result<Client> {
        self.authors.get(name).cloned().with_context(|| format!("{name} proposes nothing"))
    }

    /// The authority's folder.
    pub fn authority_folder(work: &Path) -> std::path::PathBuf {
        folder(work, AUTHORITY)
    }
}

/// What a member needs: its stake, as much again for the bonds of claims if it trains, and fees.
fn coins(member: &Member) -> u128 {
    let bonds = if member.domain.is_some() { member.stake } else { 0 };
    let deposit = if member.roles.is_empty() { DEPOSIT } else { 0 };
    member.stake + bonds + deposit + FEES
}

fn payment(settings: &Settings, from: &Addr, to: &Addr, amount: u128) -> anyhow::Result<Any> {
    let id =
        |address: &Addr| address.as_str().parse::<AccountId>().map_err(|e| anyhow::anyhow!("{address}: {e}"));
    let denom = settings.denom.parse().map_err(|e| anyhow::anyhow!("{}: {e}", settings.denom))?;
    let message =
        MsgSend { from_address: id(from)?, to_address: id(to)?, amount: vec![Coin { denom, amount }] };
    message.to_any().map_err(|e| anyhow::anyhow!("a payment does not encode: {e}"))
}
