//! `lyceum upgrade`: has the contracts run other code, as their authority.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use lyceum_chain::cosmos::Client;
use serde_json::json;

use super::authority::{told, told_json};
use super::foreseen;
use crate::contract_cli::lyc;
use crate::deploy::artifacts;
use crate::deploy::authority::Acted;
use crate::deploy::deposit::DepositArgs;
use crate::deploy::signing::KeyArgs;
use crate::deploy::{Upgrade, check_name};
use crate::interrupted::{LastSent, Repeated};
use crate::output;
use crate::session::{GasArgs, Network, NetworkArgs, runtime};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    network: NetworkArgs,
    /// The contracts' new Wasm with checksums.txt
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    artifacts: PathBuf,
    /// This contract alone
    #[arg(long, value_name = "CONTRACT")]
    only: Option<String>,
    #[command(flatten)]
    deposit: DepositArgs,
    /// Show messages, gas, fees and what would happen, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    gas: GasArgs,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    args.only.as_deref().map_or(Ok(()), check_name)?;
    let artifacts = artifacts::load(&args.artifacts)?;
    let network = args.network.network(Some(&args.gas))?;
    runtime()?.block_on(async {
        let settings = network.settings.clone();
        let (path, only) = (&network.deployment_file, args.only.as_deref());
        if args.dry_run {
            let client = args.key.look(&network.home, settings).await?;
            network.check(&client).await?;
            let upgrade = Upgrade::look(&client, path, &artifacts, only, args.deposit).await?;
            return foresee(&args, &network, &client, &upgrade, json).await;
        }
        let mut key = args.key.held(&network.home)?;
        // A question for the passphrase would not hear of Ctrl-C any more.
        key.open()?;
        let sent = LastSent::default();
        let work = async {
            let client = key.connect(settings, &sent).await?;
            network.check(&client).await?;
            let upgrade = Upgrade::look(&client, path, &artifacts, only, args.deposit).await?;
            carry_out(&args, path, &client, upgrade, json).await
        };
        let goes_on = "codes that are stored stay, and the same command goes on from them; with a group or governance, \
                       look first whether the proposal is there already";
        sent.unless_stopped(work, Repeated::GoesOn(goes_on)).await
    })
}

async fn foresee(
    args: &Args,
    network: &Network,
    client: &Client,
    upgrade: &Upgrade<'_>,
    json: bool,
) -> anyhow::Result<()> {
    let foreseen = upgrade.foresee(client).await?;
    let (me, names) = (client.account().as_str(), network.names());
    if json {
        let change = |c: &crate::deploy::Change<'_>| {
            json!({
                "contract": c.artifact.name, "address": c.address, "from": c.from, "to": c.code,
                "checksum": c.artifact.hex(),
            })
        };
        let changes: Vec<_> = upgrade.changes.iter().map(change).collect();
        let stores = foreseen::stores_json(&foreseen.stores);
        let asked = foreseen.asked.as_ref().map(|asked| foreseen::asked_json(asked, me, &names));
        outln!(
            "{}",
            json!({ "dry_run": true, "from": me, "changes": changes, "stores": stores, "asked": asked })
        )?;
        return Ok(());
    }
    let mut out = output::stdout();
    if upgrade.changes.is_empty() {
        writeln!(out, "every contract runs the code of {}", args.artifacts.display())?;
    }
    for change in &upgrade.changes {
        let code =
            change.code.map_or("code that is yet to be stored".to_owned(), |code| format!("code {code}"));
        let (name, from) = (change.artifact.name, change.from);
        writeln!(out, "{name:<9} goes from code {from} to {code}, {}", change.artifact.hex())?;
    }
    for (name, fee) in &foreseen.stores {
        writeln!(out, "{name:<9} is stored for {} gas, {}", fee.gas_limit, lyc(fee.amount))?;
    }
    if let Some(asked) = &foreseen.asked {
        writeln!(out)?;
        foreseen::write_asked(&mut out, asked, me, &names)?;
    }
    Ok(())
}

async fn carry_out(
    args: &Args,
    path: &Path,
    client: &Client,
    upgrade: Upgrade<'_>,
    json: bool,
) -> anyhow::Result<()> {
    let done = upgrade.carry_out(client, path, |line| noteln!("{line}")).await?;
    if json {
        let changed: Vec<_> =
            done.changed.iter().map(|(name, code)| json!({ "contract": name, "code": code })).collect();
        let acted = done.acted.as_ref().map(told_json);
        outln!("{}", json!({ "changed": changed, "acted": acted, "deployment": done.deployment }))?;
        return Ok(());
    }
    match &done.acted {
        None => outln!("every contract runs the code of {}", args.artifacts.display())?,
        Some(acted) => {
            outln!("{}", told(acted))?;
            if !matches!(acted, Acted::Done(_)) {
                outln!(
                    "once it is carried out, `lyceum upgrade` again brings {} up to date",
                    path.display()
                )?;
            }
        }
    }
    Ok(())
}
