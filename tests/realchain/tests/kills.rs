//! Kills with real processes: every role's nodes killed with -9 at ten drawn events of a claim's life, the validator
//! killed, an endpoint dropped. What comes out is what comes out without any of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use cosmos_sdk_proto::cosmos::bank::v1beta1::{QuerySupplyOfRequest, QuerySupplyOfResponse};
use cosmwasm_std::Addr;
use lyceum_api::nodes::{self, NodesResponse};
use lyceum_api::rewards::{self, TreasuryResponse};
use lyceum_chain::cosmos::{Client, Cosmos, Key};
use lyceum_chain::{Chain as _, Contracts};
use lyceum_tests_realchain::{Chain, Endpoint, Localnet, artifacts, binary};
use serde::Deserialize;

/// Kills of each role.
const POINTS: usize = 10;
/// After so many kills the validator is killed as well, and an endpoint dropped and opened again.
const VALIDATOR: usize = 12;
const DROPPED: usize = 16;
const OPENED: usize = 20;
/// Nodes asked for at once.
const PAGE: Option<u32> = Some(30);

#[derive(Debug, Deserialize)]
struct Report {
    network: Network,
    claims: Vec<Claim>,
    slashes: Vec<serde_json::Value>,
    kills: Vec<Kill>,
}

#[derive(Debug, Deserialize)]
struct Network {
    contracts: BTreeMap<String, String>,
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    name: String,
    stake: Stake,
}

#[derive(Debug, Deserialize)]
struct Stake {
    before: u64,
    after: u64,
}

#[derive(Debug, Deserialize)]
struct Claim {
    id: u64,
    trainer: String,
    accepted: bool,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Kill {
    role: String,
    node: String,
    event: String,
    at_height: u64,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn client(chain: &Chain) -> Client {
    let (key, _) = Key::generate().unwrap();
    Client::connect(chain.settings(), Arc::new(key)).await.unwrap()
}

async fn supply(client: &Client, denom: &str) -> String {
    let request = QuerySupplyOfRequest { denom: denom.to_owned() };
    let answer: QuerySupplyOfResponse =
        client.abci("/cosmos.bank.v1beta1.Query/SupplyOf", &request, None).await.unwrap();
    answer.amount.unwrap().amount
}

/// The localnet's description with other ways to its chain.
fn described(net: &Localnet, urls: &[&str], to: &Path) {
    let mut network: serde_json::Value = serde_json::from_slice(&std::fs::read(net.file()).unwrap()).unwrap();
    network["chains"][0]["rpc"] = serde_json::json!(urls);
    std::fs::write(to, network.to_string()).unwrap();
}

/// Runs the demo that kills, and beside it kills the validator and drops an endpoint at kills of nodes.
fn run(net: &Localnet, dropped: &Endpoint, localnet: &Path, out: &Path) -> Report {
    let seed = std::env::var("LYCEUM_KILL_SEED").unwrap_or_else(|_| "1".to_owned());
    let mut demo = Command::new(binary())
        .args(["demo", "--chain", "wasmd", "--kill", &seed, "--localnet"])
        .arg(localnet)
        .arg("--artifacts")
        .arg(artifacts())
        // Two domains, so two claims, of text that names no licence: what is trained on is no matter here.
        .args(["--data".as_ref(), root().join("packages").as_os_str()])
        .args(["--data".as_ref(), root().join("contracts").as_os_str()])
        .arg("--out")
        .arg(out)
        .env("OMP_WAIT_POLICY", "passive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut kills = 0;
    for line in BufReader::new(demo.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        eprintln!("{line}");
        if !line.trim_start().starts_with("killed: ") {
            continue;
        }
        kills += 1;
        match kills {
            VALIDATOR => {
                net.kill(0);
                net.start(0);
                eprintln!("   killed: the validator");
            }
            DROPPED => dropped.refuse(),
            OPENED => dropped.open(),
            _ => {}
        }
    }
    assert!(demo.wait().unwrap().success(), "the demo failed; see its words above");
    assert!(kills >= OPENED, "{kills} kills: validator and endpoint had no part in it");
    serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap()
}

/// How often the chain said that a claim was over, by claim.
async fn ends(chain: &Cosmos) -> BTreeMap<u64, usize> {
    let (mut ends, mut from) = (BTreeMap::new(), 0);
    loop {
        let page = chain.events(from).await.unwrap();
        let Some(last) = page.last() else { return ends };
        from = last.head.height + 1;
        for event in page.iter().flat_map(|h| &h.txs).flat_map(|t| &t.events) {
            if event.ty == "wasm-tasks_claim_ended" {
                let claim = event.attributes.iter().find(|a| a.key == "claim").unwrap();
                *ends.entry(claim.value.parse().unwrap()).or_default() += 1;
            }
        }
    }
}

/// The contracts hold what their books say, to the last unit.
async fn balanced(chain: &Cosmos) {
    let at = chain.contracts().clone();
    let holds = async |contract: &Addr| chain.client().balance(contract).await.unwrap();
    let treasury: TreasuryResponse = chain.query(&at.rewards, &rewards::QueryMsg::Treasury {}).await.unwrap();
    assert_eq!(holds(&at.rewards).await, treasury.free.u128() + treasury.accrued.u128(), "{treasury:?}");
    let (mut staked, mut last) = (0, None);
    loop {
        let query = nodes::QueryMsg::Nodes { start_after: last, limit: PAGE };
        let page: NodesResponse = chain.query(&at.nodes, &query).await.unwrap();
        let Some(end) = page.nodes.last() else { break };
        last = Some(end.node.to_string());
        staked += page.nodes.iter().map(|n| (n.stake + n.unbonding + n.rewards).u128()).sum::<u128>();
    }
    assert_eq!(holds(&at.nodes).await, staked, "stakes");
    // Every task, claim and dataset is over: bonds, fees and deposits have gone where they belong.
    for (name, contract) in [("tasks", &at.tasks), ("datasets", &at.datasets), ("experts", &at.experts)] {
        assert_eq!(holds(contract).await, 0, "{name}");
    }
}

#[test]
#[ignore = "twenty minutes of real time: scripts/kills runs it"]
fn whoever_is_killed_in_the_middle_of_a_claim_s_life_every_claim_is_settled_once_and_nothing_is_lost() {
    let net = Localnet::up(1, 500);
    let chain = net.chain().clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (first, second) = runtime
        .block_on(async { (Endpoint::before(&chain.rpc[0]).await, Endpoint::before(&chain.rpc[0]).await) });
    let folder = tempfile::tempdir().unwrap();
    let localnet = folder.path().join("network.json");
    described(&net, &[&first.url, &second.url], &localnet);
    let before = runtime.block_on(async { supply(&client(&chain).await, &chain.denom).await });

    let report = run(&net, &first, &localnet, &folder.path().join("out"));

    for Kill { role, node, event, at_height } in &report.kills {
        eprintln!("{role:<12} {node:<14} {event:<28} about height {at_height}");
    }
    for role in ["trainer", "evaluator", "coordinator"] {
        let killed = report.kills.iter().filter(|k| k.role == role).count();
        assert_eq!(killed, POINTS, "{role}");
    }
    assert_eq!(report.claims.len(), 2, "{:?}", report.claims);
    for claim in &report.claims {
        // Judged by its committee, whatever a short run gained: neither forfeited nor lost nor void.
        let judged = claim.accepted || claim.reason.starts_with("rejected: ");
        assert!(judged, "claim {} of {}: {}", claim.id, claim.trainer, claim.reason);
    }
    assert!(report.slashes.is_empty(), "{:?}", report.slashes);
    for Node { name, stake } in &report.network.nodes {
        assert!(stake.after >= stake.before, "{name}: {stake:?}");
    }
    runtime.block_on(async {
        let client = client(&chain).await;
        assert_eq!(supply(&client, &chain.denom).await, before);
        let at = |name: &str| Addr::unchecked(&report.network.contracts[name]);
        let contracts = Contracts {
            charter: at("charter"),
            nodes: at("nodes"),
            datasets: at("datasets"),
            experts: at("experts"),
            tasks: at("tasks"),
            credits: at("credits"),
            rewards: at("rewards"),
        };
        let chain = Cosmos::new(client, contracts);
        let once: BTreeMap<u64, usize> = report.claims.iter().map(|c| (c.id, 1)).collect();
        assert_eq!(ends(&chain).await, once);
        balanced(&chain).await;
    });
}
