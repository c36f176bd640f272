//! `lyceum deploy`: brings the contracts up on a chain, or goes on where it was stopped.

use std::path::PathBuf;

use serde_json::json;

use super::foreseen;
use crate::beacon::Info;
use crate::contract_cli::{Amount, both, lyc};
use crate::deploy::signing::{ChainArgs, KeyArgs};
use crate::deploy::{Params, Plan, artifacts, deploy};
use crate::interrupted::{LastSent, Repeated};
use crate::session::{GasArgs, runtime};
use crate::wallet::{HomeArgs, Keyring, account};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    home: HomeArgs,
    /// Who may migrate the contracts and acts through the charter: a key's account, an x/group policy, or the chain's
    /// governance
    #[arg(long, value_name = "KEY|ADDRESS")]
    authority: String,
    /// A beacon of your own: what `lyceum beacon --info` wrote, or drand's /info
    #[arg(long, value_name = "FILE", required_unless_present = "drand", conflicts_with = "drand")]
    beacon: Option<PathBuf>,
    /// drand's quicknet is the beacon
    #[arg(long)]
    drand: bool,
    /// The contracts' Wasm with checksums.txt
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    artifacts: PathBuf,
    /// Parameters that differ from the defaults
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// Windows of minutes instead of hours, for local networks
    #[arg(long)]
    short_windows: bool,
    /// What the treasury begins with, such as 1000LYC or 1000000000ulyc; the key's account pays it
    #[arg(long, value_name = "AMOUNT", default_value_t = Amount(0))]
    treasury: Amount,
    /// The network's name: the same account deploys a second network under another
    #[arg(long, value_name = "NAME", default_value = "lyceum")]
    network: String,
    /// The deployment file to write
    #[arg(long, value_name = "FILE", default_value = "deployment.json")]
    out: PathBuf,
    /// Show addresses and fees, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    gas: GasArgs,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let artifacts = artifacts::load(&args.artifacts)?;
    let home = args.home.resolve()?;
    let settings = args.chain.settings(&args.gas, &home)?;
    let authority = account(&Keyring::of(&home), &settings.prefix, "--authority", &args.authority)?;
    let mut params = Params::of(&settings.chain_id);
    if args.short_windows {
        params.shorten();
    }
    if let Some(path) = &args.params {
        params = params.overlay(path)?;
    }
    let beacon = match &args.beacon {
        Some(path) => Info::load(path)?,
        None => Info::quicknet(),
    };
    let plan = Plan {
        network: args.network.clone(),
        authority,
        params,
        beacon: beacon.config(),
        treasury: args.treasury.0,
        artifacts,
    };
    runtime()?.block_on(async {
        if args.dry_run {
            return foresee(&args, &plan, &args.key.look(&home, settings).await?, json).await;
        }
        let mut key = args.key.held(&home)?;
        // A question for the passphrase would not hear of Ctrl-C any more.
        key.open()?;
        let sent = LastSent::default();
        let work = async { carry_out(&args, &plan, &key.connect(settings, &sent).await?, json).await };
        let goes_on = "what is on the chain stays there, and the same command goes on from it";
        sent.unless_stopped(work, Repeated::GoesOn(goes_on)).await
    })
}

async fn foresee(
    args: &Args,
    plan: &Plan,
    client: &lyceum_chain::cosmos::Client,
    json: bool,
) -> anyhow::Result<()> {
    let (fees, at) = plan.foresee(client, &args.out).await?;
    if json {
        let stores = foreseen::stores_json(&fees);
        outln!(
            "{}",
            json!({ "dry_run": true, "deployer": client.account(), "stores": stores, "contracts": at })
        )?;
        return Ok(());
    }
    outln!("{} would deploy on {}:", client.account(), client.chain_id())?;
    for (name, fee) in &fees {
        outln!("  store {name:<9} {:>9} gas, {}", fee.gas_limit, lyc(fee.amount))?;
    }
    for (name, address) in at.named() {
        outln!("  {name:<15} {address}")?;
    }
    outln!("  treasury        {}", both(plan.treasury))?;
    outln!("  authority       {}", plan.authority)?;
    outln!(
        "what is missing of these comes up in one transaction, with the treasury, when the codes are stored"
    )?;
    Ok(())
}

async fn carry_out(
    args: &Args,
    plan: &Plan,
    client: &lyceum_chain::cosmos::Client,
    json: bool,
) -> anyhow::Result<()> {
    let done = deploy(client, plan, &args.out, |line| noteln!("{line}")).await?;
    if plan.treasury == 0 && done.raised.contains(&"rewards") {
        noteln!(
            "the treasury is empty: nothing is paid until somebody sends `rewards` a fund message with LYC"
        );
    }
    if json {
        let file = args.out.display().to_string();
        outln!(
            "{}",
            json!({
                "deployment": done.deployment, "file": file, "stored": done.stored, "raised": done.raised,
                "gas_used": done.gas_used,
            })
        )?;
        return Ok(());
    }
    for (name, address) in done.deployment.contracts.named() {
        outln!("{name:<9} {address}")?;
    }
    outln!("written to {}, {} gas used", args.out.display(), done.gas_used)?;
    Ok(())
}
