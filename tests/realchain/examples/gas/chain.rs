//! A moment on the real chain: the recorder's state as a genesis file, the message simulated and sent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use cosmwasm_std::{Addr, Binary};
use lyceum_chain::cosmos::{Client, Cosmos, Settings, Signer};
use lyceum_chain::{Contracts, Msg};
use lyceum_tests_realchain::Localnet;
use serde_json::{Value, json};

use crate::base::World;
use crate::recorder::{Moment, named};

/// What the sender gets for fees, ulyc.
const FEES: u128 = 100_000_000_000;

/// What a message used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gas {
    pub simulated: u64,
    pub used: u64,
    /// Of the message's JSON.
    pub bytes: usize,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What `scripts/localnet up --state` begins with.
fn state(world: &World, moment: &Moment) -> Result<Value> {
    let (at, sender) = (&world.network.at, moment.key.address());
    let app = &world.network.app.app;
    // The bank's own entries are the list of who holds anything.
    let mut accounts: BTreeMap<Addr, u128> = world.network.app.known().into_keys().map(|a| (a, 0)).collect();
    accounts.extend(named(at).map(|(_, address)| (address.clone(), 0)));
    for (account, ulyc) in &mut accounts {
        *ulyc = world.network.balance(account)?;
    }
    *accounts.entry(sender.clone()).or_default() += FEES;
    let accounts: Vec<Value> = accounts
        .into_iter()
        .filter(|(_, ulyc)| *ulyc > 0)
        .map(|(address, ulyc)| json!({ "address": address, "ulyc": ulyc.to_string() }))
        .collect();
    let (mut codes, mut contracts) = (vec![], vec![]);
    for (index, (name, address)) in named(at).into_iter().enumerate() {
        let path = folder().join(format!("artifacts/{name}.wasm"));
        let wasm = std::fs::read(&path)
            .with_context(|| format!("{} is missing: run scripts/build-contracts", path.display()))?;
        let id = (index + 1).to_string();
        let creator = &world.network.authority;
        let access = json!({ "permission": "Everybody", "addresses": [] });
        codes.push(json!({
            "code_id": id,
            "code_info": {
                "code_hash": Binary::from(lyceum_sha256(&wasm)).to_base64(),
                "creator": creator,
                "instantiate_config": access,
            },
            "code_bytes": Binary::from(wasm).to_base64(),
            "pinned": false,
        }));
        let entries: Vec<Value> = app
            .dump_wasm_raw(address)
            .into_iter()
            .map(|(key, value)| json!({ "key": hex(&key), "value": Binary::from(value).to_base64() }))
            .collect();
        let created = json!({ "block_height": "1", "tx_index": "0" });
        contracts.push(json!({
            "contract_address": address,
            "contract_info": {
                "code_id": id, "creator": creator, "admin": creator, "label": format!("lyceum/{name}"),
                "created": created, "ibc_port_id": "", "extension": null,
            },
            "contract_state": entries,
            "contract_code_history": [{
                "operation": "CONTRACT_CODE_HISTORY_OPERATION_TYPE_INIT", "code_id": id, "updated": created, "msg": {},
            }],
        }));
    }
    let sequence = |name: &str| {
        let key: Vec<u8> = [&[4u8], name.as_bytes()].concat();
        json!({ "id_key": Binary::from(key).to_base64(), "value": "100" })
    };
    let sequences = vec![sequence("lastCodeId"), sequence("lastContractId")];
    let wasm = json!({ "codes": codes, "contracts": contracts, "sequences": sequences });
    Ok(json!({ "height": world.network.height(), "accounts": accounts, "wasm": wasm }))
}

fn lyceum_sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Brings the moment about on a chain of its own and executes its message there.
pub fn measure(world: &World, moment: &Moment) -> Result<Gas> {
    let path = folder().join("target/tmp/gas-state.json");
    std::fs::create_dir_all(path.parent().context("a folder")?)?;
    std::fs::write(&path, serde_json::to_vec(&state(world, moment)?)?)?;
    let net = Localnet::from_state(&path, 100);
    let settings: Settings = net.chain().settings();
    let at = &world.network.at;
    let contracts = Contracts {
        charter: at.charter.clone(),
        nodes: at.nodes.clone(),
        datasets: at.datasets.clone(),
        experts: at.experts.clone(),
        tasks: at.tasks.clone(),
        credits: at.credits.clone(),
        rewards: at.rewards.clone(),
    };
    let tx = &moment.tx;
    let msg = Msg { contract: tx.contract.clone(), msg: tx.msg.clone(), funds: tx.funds.clone() };
    let bytes = tx.msg.len();
    let signer: Arc<dyn Signer> = Arc::new(moment.key.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        // A client wants to have seen a few blocks.
        let client = loop {
            match Client::connect(settings.clone(), signer.clone()).await {
                Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(200)).await,
                done => break done?,
            }
        };
        let messages = Cosmos::new(client.clone(), contracts).messages(&[msg])?;
        let simulated = client.simulate(&messages).await?.gas_used;
        let used = client.send(messages).await?.gas_used;
        Ok(Gas { simulated, used, bytes })
    })
}
