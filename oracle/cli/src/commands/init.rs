//! `lyceum init`: a node's folder, with everything in it but the key that signs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use lyceum_chain::{ChainError, Deployment};
use lyceum_files::is_there;
use serde_json::json;

use crate::config::{Answers, Config, EXAMPLE_ADDRESS, Role, template};
use crate::contract_cli::Amount;
use crate::failure::{BadInput, Failure, Refusal};
use crate::node::identity;
use crate::paths::{json_path, shell_path, shell_quote};
use crate::wallet::{Home, HomeArgs, Keyring, can_be_folder, create_private, write_private};
use crate::writable;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    home: HomeArgs,
    /// The network's deployment file; it is copied, and says which chain
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// The chain's id [default: the deployment file's]
    #[arg(long, value_name = "ID")]
    chain_id: Option<String>,
    /// CometBFT RPC endpoint; name two or more if you can
    #[arg(long, value_name = "URL", required = true)]
    rpc: Vec<String>,
    /// What the node does
    #[arg(long, value_delimiter = ',', default_value = "trainer,evaluator")]
    roles: Vec<Role>,
    /// The node's name in logs
    #[arg(long, default_value = "node")]
    name: String,
    /// The key that will sign, of `lyceum keys`
    #[arg(long, value_name = "NAME", default_value = "node")]
    key: String,
    /// A file that holds the key's passphrase
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Multiaddress that peers reach the node by, may be repeated, such as /ip4/203.0.113.7/udp/26690/quic-v1
    #[arg(long, value_name = "MULTIADDR")]
    announce: Vec<String>,
    /// Dial peers at private and loopback addresses, for a network whose nodes are all yours
    #[arg(long)]
    allow_private: bool,
    /// A beacon whose rounds the node posts: a drand HTTP endpoint, or `lyceum beacon`; may be repeated
    #[arg(long, value_name = "URL")]
    beacon: Vec<String>,
    /// Stake to bond, such as 1000LYC; a plain number is ulyc
    #[arg(long, value_name = "AMOUNT")]
    stake: Option<Amount>,
    /// `cpu`, `cuda` or `cuda:N`
    #[arg(long)]
    device: Option<String>,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let home = args.home.resolve()?;
    let config = home.config();
    // What stands in the way is found before anything is made.
    can_be_folder(&home.0)?;
    if is_there(&config)? {
        let words = format!(
            "{} is there already, and is never overwritten: edit it, or choose another folder with --home",
            config.display()
        );
        return Err(Refusal::new(Failure::Input, "file.exists", words).into());
    }
    let deployment = match (&args.network, &args.chain_id) {
        (Some(path), Some(id)) => Some(Deployment::load_for(path, id)?),
        (Some(path), None) => Some(Deployment::load(path)?),
        (None, _) => None,
    };
    let chain_id = args.chain_id.clone().or_else(|| deployment.as_ref().map(|d| d.chain_id.clone()));
    let chain_id = chain_id.ok_or_else(|| {
        BadInput("which chain? Give the network's deployment file with --network, or --chain-id".to_owned())
    })?;
    let text = template(&answers(&args, &chain_id, deployment.as_ref())?);
    // What is written must be what is read, before anything is made.
    Config::check(&config, &text).context("these options make no node.toml that can be read")?;
    let store = home.0.join("store");
    can_be_folder(&store)?;
    let copied = match (&args.network, &deployment) {
        (Some(from), Some(deployment)) => {
            to_copy(deployment, from, &home.deployment())?.then_some(deployment)
        }
        _ => None,
    };
    // A folder that a node has lived in keeps its secrets, and none is made beside its journal.
    let secrets = identity::find(&home.0)?;
    create_private(&home.0)?;
    if let Some(deployment) = copied {
        writable::save(deployment, &home.deployment())?;
    }
    let (peer, _) = secrets.or_make(&home.0)?;
    create_private(&store)?;
    write_private(&config, text.as_bytes())?;
    let id = peer.peer_id().to_string();
    if json {
        outln!("{}", json!({ "config": json_path(&config), "chain_id": chain_id, "peer_id": id }))?;
        return Ok(());
    }
    outln!("{} is ready; peers know this node as {id}\n\nNext:", config.display())?;
    for (step, words) in next(&args, &home, deployment.is_some()).iter().enumerate() {
        outln!("  {}. {words}", step + 1)?;
    }
    Ok(())
}

/// What is left to do, each a line that can be copied or a sentence.
fn next(args: &Args, home: &Home, has_deployment: bool) -> Vec<String> {
    let flag = format!("--home {}", shell_path(&home.0));
    let config = shell_path(&home.config());
    let key = shell_quote(&args.key);
    let mut steps = vec![];
    if !has_deployment {
        steps.push(format!("copy the network's deployment file to {}", home.deployment().display()));
    }
    let serves = args.roles.iter().any(|role| role.serves_blocks());
    let reached = |address: &String| args.allow_private || !lyceum_net::is_private(address);
    if serves && !args.announce.iter().any(reached) {
        steps.push(format!(
            "set net.announce in {config} to an address at which others reach this machine, such as \
             \"{EXAMPLE_ADDRESS}\", or the node does not start: a trainer's blocks are fetched (where \
             all nodes are yours, a private address will do with allow_private = true)"
        ));
    }
    if args.stake.unwrap_or_default().0 == 0 {
        steps.push(format!(
            "set node.stake_ulyc in {config}, at least what `lyceum query nodes config {flag}` shows as min_stake: a node \
             that bonds nothing gets no work"
        ));
    }
    if Keyring::of(home).entry(&args.key).is_err() {
        steps.push(format!("lyceum keys add {key} {flag}"));
    }
    steps.push(format!(
        "send LYC for the stake, the bonds of claims and fees to the address that this shows: lyceum keys show {key} \
         --address {flag}"
    ));
    steps.push(format!("lyceum node --config {config} --check"));
    steps.push(format!("lyceum node --config {config}"));
    steps
}

fn answers(args: &Args, chain_id: &str, deployment: Option<&Deployment>) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    answers.set("node.name", args.name.clone());
    let roles = args.roles.iter().filter_map(|r| Some(r.to_possible_value()?.get_name().to_owned()));
    answers.set("node.roles", roles.collect::<Vec<_>>());
    answers.set("chain.id", chain_id);
    answers.set("chain.rpc", args.rpc.clone());
    answers.set("key.name", args.key.clone());
    let prefix = deployment.and_then(|d| d.authority.rsplit_once('1')).map(|(prefix, _)| prefix);
    if let Some(prefix) = prefix.filter(|p| *p != "wasm") {
        answers.set("chain.prefix", prefix);
    }
    if let Some(path) = &args.passphrase_file {
        // Paths in the file are relative to it; one of the command line is relative to where we are.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let Some(text) = path.to_str() else {
            let words =
                format!("--passphrase-file {}: node.toml holds only UTF-8, rename the file", path.display());
            return Err(BadInput(words).into());
        };
        answers.set("key.passphrase_file", text);
    }
    if !args.announce.is_empty() {
        answers.set("net.announce", args.announce.clone());
    }
    if !args.beacon.is_empty() {
        answers.set("beacon.urls", args.beacon.clone());
    }
    if args.allow_private {
        answers.set("net.allow_private", true);
    }
    if let Some(stake) = args.stake {
        let stake = i64::try_from(stake.0)
            .map_err(|_| BadInput(format!("--stake {stake}: expected at most {} ulyc", i64::MAX)))?;
        answers.set("node.stake_ulyc", stake);
    }
    if let Some(device) = &args.device {
        answers.set("work.device", device.clone());
    }
    Ok(answers)
}

/// Whether the deployment file is to be copied: not if the very same is there. Refuses to replace another.
fn to_copy(deployment: &Deployment, from: &Path, to: &Path) -> anyhow::Result<bool> {
    if !is_there(to)? {
        return Ok(true);
    }
    let there = Deployment::load(to).with_context(|| format!("{} is in the way", to.display()))?;
    if there.chain_id != deployment.chain_id {
        let (path, expected, found) = (to.display().to_string(), deployment.chain_id.clone(), there.chain_id);
        return Err(ChainError::OtherDeployment { path, expected, found }.into());
    }
    if there != *deployment {
        let words =
            format!("{} differs from {}: remove the one that is out of date", to.display(), from.display());
        return Err(Refusal::new(Failure::Network, "deployment.differs", words).into());
    }
    Ok(false)
}
