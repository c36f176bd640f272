//! `lyceum upgrade`: has the contracts run other code, as their authority.

use std::path::PathBuf;

use serde_json::json;

use crate::commands::authority::{told, told_json};
use crate::deploy::signing::KeyArgs;
use crate::deploy::{artifacts, upgrade};
use crate::failure::{Failure, Refusal};
use crate::session::{GasArgs, NetworkArgs, runtime};

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
    gas: GasArgs,
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    if let Some(only) = args.only.as_deref().filter(|only| !lyceum_chain::CONTRACTS.contains(only)) {
        let names = lyceum_chain::CONTRACTS.join(", ");
        let words = format!("there is no contract {only}; there are {names}");
        return Err(Refusal::new(Failure::Input, "contract.unknown", words).into());
    }
    let artifacts = artifacts::load(&args.artifacts)?;
    let network = args.network.network(Some(&args.gas))?;
    let path = network.deployment_file.clone();
    runtime()?.block_on(async {
        let client = args.key.connect(&network.home, network.settings.clone()).await?;
        let done =
            upgrade(&client, &path, &artifacts, args.only.as_deref(), |line| eprintln!("{line}")).await?;
        if json {
            let changed: Vec<_> =
                done.changed.iter().map(|(name, code)| json!({ "contract": name, "code": code })).collect();
            let acted = done.acted.as_ref().map(told_json);
            println!("{}", json!({ "changed": changed, "acted": acted, "deployment": done.deployment }));
            return Ok(());
        }
        match &done.acted {
            None => println!("every contract runs the code of {}", args.artifacts.display()),
            Some(acted) => {
                println!("{}", told(acted));
                if !matches!(acted, crate::deploy::authority::Acted::Done(_)) {
                    println!(
                        "once it is carried out, `lyceum upgrade` again brings {} up to date",
                        path.display()
                    );
                }
            }
        }
        Ok(())
    })
}
