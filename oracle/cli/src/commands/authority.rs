//! `lyceum authority`: what only the charter's authority may do, be it a key, a group or the chain's governance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use cosmwasm_std::{Addr, Decimal};
use lyceum_api::charter::Action;
use lyceum_chain::cosmos::{Client, Included, Settings, check_address};
use serde_json::json;

use super::foreseen;
use super::sending::{confirm, shown_on};
use crate::deploy::NewGroup;
use crate::deploy::authority::{self, Acted, Ask, Foreseen, Kind};
use crate::deploy::deposit::DepositArgs;
use crate::deploy::signing::{ChainArgs, Held, KeyArgs};
use crate::failure::{BadInput, Failure, Refusal};
use crate::interrupted::{LastSent, Repeated};
use crate::output;
use crate::reading;
use crate::session::{GasArgs, Network, NetworkArgs, runtime};
use crate::wallet::{HomeArgs, Keyring, account};

/// The longest file of actions.
const MAX_BYTES: u64 = 256 * 1024;
/// The most members of a group.
const MAX_MEMBERS: usize = 100;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Act through the charter: at once with the authority's key, by a proposal with a group or governance
    Act(Act),
    /// Vote on a proposal
    Vote(Vote),
    /// Carry out a proposal that a group accepted
    Exec(Exec),
    /// Create an x/group whose policy can be a network's authority
    CreateGroup(CreateGroup),
}

#[derive(Debug, clap::Args)]
struct Act {
    /// JSON of one of the charter's actions, or of a list of them
    file: PathBuf,
    /// The proposal's title
    #[arg(long, default_value = "Act through the charter")]
    title: String,
    #[command(flatten)]
    deposit: DepositArgs,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    at: At,
}

/// Whether it is sent, and whether somebody has to say yes first.
#[derive(Debug, clap::Args)]
struct Asking {
    /// Show messages, gas, fee and what would happen, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Send without asking
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
struct Vote {
    /// The proposal
    proposal: u64,
    /// Against it
    #[arg(long)]
    no: bool,
    /// Carry it out at once if this vote is the last one needed
    #[arg(long, conflicts_with = "no")]
    exec: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, clap::Args)]
struct Exec {
    /// The proposal
    proposal: u64,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, clap::Args)]
struct CreateGroup {
    /// A member's account, by its address or the name of a key; each has one vote
    #[arg(long = "member", value_name = "KEY|ADDRESS", required = true)]
    members: Vec<String>,
    /// The part of all votes that decides
    #[arg(long, value_name = "DECIMAL", default_value = "0.67")]
    percentage: String,
    /// How long votes are taken
    #[arg(long, value_name = "SECONDS", default_value_t = 7 * 86_400)]
    voting_seconds: u64,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    gas: GasArgs,
}

#[derive(Debug, clap::Args)]
struct At {
    #[command(flatten)]
    key: KeyArgs,
    /// The authority, if it handed over [default: that of the deployment file]
    #[arg(long, value_name = "KEY|ADDRESS")]
    authority: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    gas: GasArgs,
}

/// What became of messages, for people.
pub fn told(acted: &Acted) -> String {
    match acted {
        Acted::Done(done) => {
            format!("done at height {}, {} gas (transaction {})", done.height, done.gas_used, done.hash)
        }
        Acted::Proposed { kind: Kind::Gov, proposal } => {
            format!("proposal {proposal} waits for the votes of the chain's governance")
        }
        Acted::Proposed { proposal, .. } => format!(
            "proposal {proposal} of the group has this key's vote: other members add theirs with `lyceum authority \
             vote {proposal}`, and `lyceum authority exec {proposal}` carries it out"
        ),
    }
}

/// The same as JSON.
pub fn told_json(acted: &Acted) -> serde_json::Value {
    match acted {
        Acted::Done(done) => {
            json!({ "done": true, "height": done.height, "gas_used": done.gas_used, "tx": done.hash })
        }
        Acted::Proposed { kind, proposal } => {
            json!({ "done": false, "proposal": proposal, "to": kind.name() })
        }
    }
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    match args.command {
        Command::Act(args) => act(&args, json),
        Command::Vote(args) => {
            let (id, yes) = (args.proposal, !args.no);
            let vote = async |client: &Client, _: &Network, authority: &str| {
                let msg = authority::vote(client, authority, id, yes, args.exec).await?;
                authority::foresee_own(client, vec![msg]).await
            };
            let done = async |_: &Client, _: &Foreseen, done| Ok(Acted::Done(done));
            args.at.send(&args.asking, json, vote, done)
        }
        Command::Exec(args) => {
            let id = args.proposal;
            let execution = async |client: &Client, _: &Network, authority: &str| {
                let msg = authority::execution(client, authority, id).await?;
                authority::foresee_own(client, vec![msg]).await
            };
            let done = async |client: &Client, _: &Foreseen, done| {
                Ok(Acted::Done(authority::executed(client, id, done).await?))
            };
            args.at.send(&args.asking, json, execution, done)
        }
        Command::CreateGroup(args) => create_group(&args, json),
    }
}

fn say(json: bool, acted: &Acted) -> anyhow::Result<()> {
    Ok(output::receipt(&if json { told_json(acted).to_string() } else { told(acted) })?)
}

impl At {
    /// The authority on a network.
    fn authority(&self, network: &Network) -> anyhow::Result<String> {
        let prefix = &network.settings.prefix;
        let named = match &self.authority {
            Some(named) => account(&Keyring::of(&network.home), prefix, "--authority", named)?,
            None => check_address(&network.deployment.authority, prefix)
                .with_context(|| format!("authority of {}", network.deployment_file.display()))?,
        };
        Ok(named.into_string())
    }

    /// Shows what the key would sign, and sends it if somebody says yes.
    fn send(
        &self,
        asking: &Asking,
        json: bool,
        prepare: impl AsyncFnOnce(&Client, &Network, &str) -> anyhow::Result<Foreseen>,
        end: impl AsyncFnOnce(&Client, &Foreseen, Included) -> anyhow::Result<Acted>,
    ) -> anyhow::Result<()> {
        let network = self.network.network(Some(&self.gas))?;
        let authority = self.authority(&network)?;
        let key = self.key.held(&network.home)?;
        let signing = Signing { asking, json, settings: &network.settings, names: network.names() };
        let prepare = async |client: &Client| prepare(client, &network, &authority).await;
        match signing.send(key, prepare, end)? {
            Some(acted) => say(json, &acted),
            None => Ok(()),
        }
    }
}

/// How messages are signed and sent.
struct Signing<'a> {
    asking: &'a Asking,
    json: bool,
    settings: &'a Settings,
    /// The contracts by address.
    names: BTreeMap<String, String>,
}

impl Signing<'_> {
    /// Shows what `prepare` would have the key sign, and sends that if somebody says yes; gives what `end` makes of it,
    /// or nothing after a dry run.
    fn send<T>(
        &self,
        mut key: Held<'_>,
        prepare: impl AsyncFnOnce(&Client) -> anyhow::Result<Foreseen>,
        end: impl AsyncFnOnce(&Client, &Foreseen, Included) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let Self { asking, json, settings, names } = self;
        let runtime = runtime()?;
        let (foreseen, account) = runtime.block_on(async {
            let look = key.look((*settings).clone()).await?;
            let foreseen = prepare(&look).await?;
            anyhow::Ok((foreseen, look.account().clone()))
        })?;
        let asks = !asking.dry_run && !asking.yes;
        if !json || asks {
            foreseen::write_asked(&mut *shown_on(*json), &foreseen, account.as_str(), names)?;
        }
        if asking.dry_run {
            if *json {
                let mut value = foreseen::asked_json(&foreseen, account.as_str(), names);
                value["dry_run"] = json!(true);
                outln!("{value}")?;
            }
            return Ok(None);
        }
        if asks {
            confirm()?;
        }
        // A question for the passphrase would not hear of Ctrl-C any more.
        key.open()?;
        let sent = LastSent::default();
        let work = async {
            let client = key.connect((*settings).clone(), &sent).await?;
            let done = client.send(foreseen.messages.clone()).await?;
            end(&client, &foreseen, done).await
        };
        runtime.block_on(sent.unless_stopped(work, Repeated::Again)).map(Some)
    }
}

fn actions(path: &Path) -> anyhow::Result<Vec<Action>> {
    let text = reading::input(path, MAX_BYTES)?;
    let unfit = |e: serde_json::Error| {
        let words = format!(
            "{}: {e}; an action looks like {{\"grant\": {{\"to\": …, \"amount\": …, \"reason\": …}}}}, \
                             as schema/charter.json has them",
            path.display()
        );
        anyhow::Error::from(BadInput(words))
    };
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(unfit)?;
    let list = if value.is_array() { value } else { json!([value]) };
    let actions: Vec<Action> = serde_json::from_value(list).map_err(unfit)?;
    if actions.is_empty() {
        return Err(BadInput(format!("{} holds no action", path.display())).into());
    }
    Ok(actions)
}

fn act(args: &Act, json: bool) -> anyhow::Result<()> {
    let actions = actions(&args.file)?;
    let prepare = async |look: &Client, network: &Network, authority: &str| {
        let charter = &network.deployment.contracts.charter;
        let ask = Ask { authority, title: &args.title, deposit: args.deposit };
        let messages = authority::through_charter(look, charter, authority, actions).await?;
        authority::foresee(look, ask, messages, false).await
    };
    let end = async |_: &Client, foreseen: &Foreseen, done| {
        authority::acted(foreseen.kind.unwrap_or(Kind::Key), done)
    };
    args.at.send(&args.asking, json, prepare, end)
}

fn create_group(args: &CreateGroup, json: bool) -> anyhow::Result<()> {
    let home = args.home.resolve()?;
    let settings = args.chain.settings(&args.gas, &home)?;
    let ring = Keyring::of(&home);
    let part = args.percentage.parse::<Decimal>().ok();
    let Some(percentage) = part.filter(|part| !part.is_zero() && *part <= Decimal::one()) else {
        let words =
            format!("--percentage {}: expected a decimal above 0 and up to 1, such as 0.67", args.percentage);
        return Err(Refusal::new(Failure::Input, "group.percentage", words).into());
    };
    let mut members: Vec<Addr> = vec![];
    for member in &args.members {
        let member = account(&ring, &settings.prefix, "--member", member)?;
        let wrong = if members.contains(&member) {
            format!("--member {member} stands there twice: each member has one vote")
        } else if members.len() == MAX_MEMBERS {
            format!("{} members are named: a group has up to {MAX_MEMBERS}", args.members.len())
        } else {
            members.push(member);
            continue;
        };
        return Err(Refusal::new(Failure::Input, "group.members", wrong).into());
    }
    let group = NewGroup { members, percentage, voting_seconds: args.voting_seconds };
    let signing = Signing { asking: &args.asking, json, settings: &settings, names: BTreeMap::new() };
    let prepare = async |look: &Client| authority::foresee_own(look, vec![group.message(look)]).await;
    let end = async |_: &Client, _: &Foreseen, done: Included| {
        let policy = NewGroup::created(&done, &settings.prefix)?;
        let said = group.confirm(&settings, &policy).await?;
        Ok((policy, done, said))
    };
    let Some((policy, done, said)) = signing.send(args.key.held(&home)?, prepare, end)? else {
        return Ok(());
    };
    if json {
        let value = json!({
            "policy": policy, "height": done.height, "gas_used": done.gas_used, "endpoints": said,
        });
        output::receipt(&value.to_string())?;
    } else {
        output::receipt(&policy)?;
        noteln!("the group's policy: give it to `lyceum deploy` as --authority");
    }
    let few = match said {
        0 => "no endpoint says",
        1 => "only one endpoint says",
        _ => return Ok(()),
    };
    noteln!(
        "{few} that this account is the group's, and one that lies would name its own: look at it through another \
         one before you give it authority"
    );
    Ok(())
}
