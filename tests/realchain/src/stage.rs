//! [`Stage`]: a network as wallet users find it. Deployed by the binary, with nodes to delegate to, GPU owners, a vote
//! that is open and somebody who is owed something; everything that a wallet in another language needs is in a file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cosmwasm_std::{Addr, Binary};
use lyceum_chain::cosmos::{Key, Signer as _, address};
use lyceum_chain::{Contracts, Deployment};
use lyceum_testing::anyhow::{self, Context, bail, ensure};
use lyceum_testing::api::charter::Action;
use lyceum_testing::api::datasets::{self, Shard, Status};
use lyceum_testing::api::nodes::{self, Role, gpu_id};
use lyceum_testing::api::tasks::{self, CLASS_FP32, TaskShard};
use lyceum_testing::api::{DENOM, Hash32};
use lyceum_testing::{Addresses, Beacon, LYC, Network, PeerKey, Tx};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Chain, Localnet, Wasmd, artifacts, binary};

/// Seconds of the vote that the stage itself needs: two transactions on a machine that has much to do.
const SHORT_VOTE: u64 = 30;
/// Seconds of the vote that stays open: longer than any test.
const LONG_VOTE: u64 = 4 * 3_600;
/// Least stake of a node, and what one GPU's vote takes, ulyc.
const STAKE: u128 = 1_000 * LYC;
/// For fees, and for wallet users to delegate, ulyc.
const FEES: u128 = 10 * LYC;

/// A network that is set up for wallet users.
#[derive(Debug)]
pub struct Stage {
    /// The network, to go on with.
    pub network: Network<Wasmd>,
    /// What a wallet's test needs to know; its words are worth nothing beyond this chain.
    pub file: PathBuf,
}

impl Stage {
    /// Sets it up on a chain on which nothing is yet, with all files in a folder.
    pub fn set(net: &Localnet, folder: &Path) -> anyhow::Result<Self> {
        let chain = net.chain();
        let mut network = deploy(chain, folder)?;
        // Owners vote, and open tasks of which deposits come back.
        let nodes =
            ["auditor-0", "auditor-1", "auditor-2", "auditor-3", "auditor-4", "owner-direct", "owner-amino"];
        let nodes = network.app.name(&nodes, STAKE + FEES)?.into_iter().zip(nodes);
        let (auditors, owners): (Vec<_>, Vec<_>) = nodes.partition(|(_, name)| name.starts_with("auditor"));
        let auditors = join(&mut network, &auditors, Role::Evaluator, 0)?;
        let owners = join(&mut network, &owners, Role::Coordinator, 1)?;
        let users = network.app.name(&["user-direct", "user-amino", "contributor", "anyone"], FEES)?;
        mature(&mut network, &auditors)?;

        let proposer = network.account("contributor");
        let shard = |text: &[u8]| Shard { root: Hash32::of(text), bytes: 1 << 20 };
        let passed = shard(b"a shard of the dataset that passes");
        let first = network.propose_dataset(&proposer, "passed", std::slice::from_ref(&passed))?;
        let second = network.propose_dataset(&proposer, "in question", &[shard(b"a shard of the other")])?;
        network.audit_dataset(first, &Network::clean_audit())?;
        for owner in &owners {
            let vote = datasets::ExecuteMsg::Vote { dataset: first, yes: true };
            network.execute(owner, &network.at.datasets.clone(), &vote, 0)?;
        }
        let Status::Voting { until, .. } = network.dataset(first)?.status else { bail!("no vote is open") };
        lengthen_votes(&mut network)?;
        network.audit_dataset(second, &Network::clean_audit())?;
        ensure!(
            matches!(network.dataset(second)?.status, Status::Voting { .. }),
            "the vote on dataset {second} is not open"
        );

        let model = network.register_model("wallets", 1)?;
        let domain = network.register_domain(Network::new_domain("wallets", model, 0))?;
        network.travel_past(until);
        let anyone = network.account("anyone");
        let close = datasets::ExecuteMsg::CloseVote { dataset: first };
        network.execute(&anyone, &network.at.datasets.clone(), &close, 0)?;
        owe(&mut network, &owners, domain, TaskShard { dataset: first, root: passed.root })?;

        let file = folder.join("wallets.json");
        let wallets = |way: usize| -> anyhow::Result<Value> {
            let words = |account| network.app.words(account).context("an account of ours has words");
            let (user, owner) = (words(&users[way])?, words(&owners[way])?);
            Ok(json!({ "user": user, "voter": owner, "owed": owner }))
        };
        let stage = json!({
            "rpc": chain.rpc.first().context("a chain has an endpoint")?,
            "contracts": {
                "nodes": network.at.nodes, "datasets": network.at.datasets, "rewards": network.at.rewards,
            },
            "node": auditors.first(),
            "dataset": second,
            "direct": wallets(0)?,
            "amino": wallets(1)?,
        });
        std::fs::write(&file, serde_json::to_vec_pretty(&stage)?)?;
        Ok(Self { network, file })
    }
}

/// Brings the contracts up through `lyceum deploy`, with windows of seconds and a beacon whose key is here.
fn deploy(chain: &Chain, folder: &Path) -> anyhow::Result<Network<Wasmd>> {
    let genesis = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let beacon = Beacon::new([0x77; 32], genesis, 3)?;
    std::fs::write(folder.join("beacon.json"), info(&beacon).to_string())?;
    let windows = json!({
        "nodes": { "maturity_seconds": 1, "epoch_seconds": 5 },
        "datasets": { "auditors": 5, "vote_seconds": SHORT_VOTE },
        "tasks": { "draw_delay_seconds": 1 },
    });
    std::fs::write(folder.join("windows.json"), windows.to_string())?;
    std::fs::write(folder.join("words"), &chain.faucet.mnemonic)?;
    std::fs::write(folder.join("passphrase"), "a passphrase")?;

    let (key, words) = Key::generate()?;
    let authority = address(&key.public_key(), &chain.prefix)?;
    let rpc = chain.rpc.first().context("a chain has an endpoint")?;
    let passphrase = ["--passphrase-file", "passphrase"];
    let recover = ["keys", "add", "faucet", "--recover", "--words-file", "words"];
    run(folder, &[&recover[..], &passphrase].concat())?;
    let artifacts = artifacts();
    let artifacts = artifacts.to_str().context("the artifacts' path is UTF-8")?;
    let mut args = vec!["deploy", "--chain", &chain.chain_id, "--rpc", rpc, "--prefix", &chain.prefix];
    args.extend(["--key", "faucet"].iter().chain(&passphrase));
    args.extend(["--authority", authority.as_str(), "--beacon", "beacon.json", "--params", "windows.json"]);
    args.extend(["--artifacts", artifacts, "--treasury", "21000000", "--out", "deployment.json"]);
    run(folder, &args)?;

    let deployment = Deployment::load_for(&folder.join("deployment.json"), &chain.chain_id)?;
    let of = |name: &str| {
        let found = deployment.contracts.named().into_iter().find(|(known, _)| *known == name);
        found.map(|(_, at)| Addr::unchecked(at)).with_context(|| format!("{name} was not deployed"))
    };
    let at = Addresses {
        charter: of("charter")?,
        nodes: of("nodes")?,
        datasets: of("datasets")?,
        experts: of("experts")?,
        tasks: of("tasks")?,
        credits: of("credits")?,
        rewards: of("rewards")?,
    };
    let Addresses { charter, nodes, datasets, experts, tasks, credits, rewards } = at.clone();
    let wasmd = Wasmd::new(chain, Contracts { charter, nodes, datasets, experts, tasks, credits, rewards })?;
    wasmd.adopt("authority", &words)?;
    let mut network = Network::over(wasmd, at, beacon, authority.clone(), 0);
    network.fund(&authority, FEES)?;
    Ok(network)
}

/// A beacon as drand's `/info` describes it.
fn info(beacon: &Beacon) -> Value {
    let config = beacon.config();
    let (name, period) = ("stage", config.period as u32);
    let group = Sha256::digest(&config.public_key);
    let mut hash = Sha256::new();
    hash.update(period.to_be_bytes());
    hash.update(config.genesis.to_be_bytes());
    hash.update(&config.public_key);
    hash.update(group);
    hash.update(name);
    json!({
        "public_key": hex::encode(&config.public_key),
        "period": period,
        "genesis_time": config.genesis,
        "hash": hex::encode(hash.finalize()),
        "groupHash": hex::encode(group),
        "schemeID": "bls-unchained-g1-rfc9380",
        "metadata": { "beaconID": name },
    })
}

/// Runs the binary in a folder that is the operator's too.
fn run(folder: &Path, args: &[&str]) -> anyhow::Result<()> {
    let program = binary();
    let mut command = Command::new(&program);
    command.args(args).current_dir(folder).env("LYCEUM_HOME", folder.join("home")).stdin(Stdio::null());
    let failed = || format!("{} does not start: cargo build -p lyceum", program.display());
    let output = command.output().with_context(failed)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "lyceum {}: {}\n{said}", args.join(" "), output.status);
    Ok(())
}

fn tx(contract: &Addr, msg: &impl Serialize, funds: u128) -> anyhow::Result<Tx> {
    let funds = if funds == 0 { vec![] } else { cosmwasm_std::coins(funds, DENOM) };
    let msg = Binary::from(serde_json::to_vec(msg)?);
    Ok(Tx { contract: contract.clone(), msg, funds })
}

/// Makes accounts nodes, each in one transaction: registered, bonded, its GPUs bound.
fn join(
    network: &mut Network<Wasmd>,
    accounts: &[(Addr, &str)],
    role: Role,
    gpus: u32,
) -> anyhow::Result<Vec<Addr>> {
    let (contract, chain_id) = (network.at.nodes.clone(), network.chain_id());
    let config: nodes::ConfigResponse = network.query(&contract, &nodes::QueryMsg::Config {})?;
    for (node, name) in accounts {
        let key = PeerKey::of(name);
        let register = nodes::ExecuteMsg::Register {
            operator: (*name).to_owned(),
            peer_key: key.public(),
            proof: key.prove(&chain_id, &contract, node),
            roles: vec![role],
            classes: vec![CLASS_FP32.to_owned()],
            addresses: vec![],
        };
        let mut messages =
            vec![tx(&contract, &register, 0)?, tx(&contract, &nodes::ExecuteMsg::Bond {}, STAKE)?];
        for i in 0..gpus {
            let gpu = gpu_id(&config.gpu_salt, &format!("{node}/{i}"));
            messages.push(tx(&contract, &nodes::ExecuteMsg::BindGpu { gpu }, 0)?);
        }
        network.execute_tx(node, messages)?;
    }
    Ok(accounts.iter().map(|(node, _)| node.clone()).collect())
}

/// Waits until the stake of these counts in draws, and for an epoch that knows it.
fn mature(network: &mut Network<Wasmd>, of: &[Addr]) -> anyhow::Result<()> {
    let (contract, anyone) = (network.at.nodes.clone(), network.account("anyone"));
    let config: nodes::ConfigResponse = network.query(&contract, &nodes::QueryMsg::Config {})?;
    network.travel(config.params.maturity_seconds + 1);
    let mut messages = Vec::new();
    for node in of {
        let info = network.node(node)?;
        if info.matured < info.stake {
            messages.push(tx(&contract, &nodes::ExecuteMsg::Mature { node: node.to_string() }, 0)?);
        }
    }
    network.execute_tx(&anyone, messages)?;
    network.travel(config.params.epoch_seconds);
    Ok(())
}

/// The authority makes votes that open from now on last.
fn lengthen_votes(network: &mut Network<Wasmd>) -> anyhow::Result<()> {
    let config: datasets::ConfigResponse =
        network.query(&network.at.datasets, &datasets::QueryMsg::Config {})?;
    let params = datasets::Params { vote_seconds: LONG_VOTE, ..config.params };
    network.act(Action::SetDatasets { params })?;
    Ok(())
}

/// Has each open a task that nobody takes: `rewards` owes them their deposits when it is over.
fn owe(network: &mut Network<Wasmd>, openers: &[Addr], domain: u64, shard: TaskShard) -> anyhow::Result<()> {
    let (contract, anyone) = (network.at.tasks.clone(), network.account("anyone"));
    let mut opened = Vec::new();
    for opener in openers {
        let mut task = Network::new_task(domain, 0, vec![shard.clone()]);
        task.commit_seconds = 1;
        // Late enough for the transaction to be slow, and within the reveal window.
        task.benchmark.round = network.beacon.first_round_from(network.time() + 60);
        opened.push(network.open_task(opener, task)?);
    }
    if let Some(last) = opened.last() {
        let until = network.task(*last)?.commit_until;
        network.travel_past(until);
    }
    let finalize = |task: &u64| tx(&contract, &tasks::ExecuteMsg::Finalize { task: *task }, 0);
    let messages = opened.iter().map(finalize).collect::<anyhow::Result<Vec<_>>>()?;
    network.execute_tx(&anyone, messages)?;
    Ok(())
}
