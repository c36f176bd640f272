//! `lyceum query`: asks a contract. Answers are JSON, on one line with `--json`.

use clap::{ArgMatches, Args as _, Command, FromArgMatches, Id};
use serde_json::Value;

use crate::failure::BadInput;
use crate::session::{NetworkArgs, runtime};
use crate::speech::{Kind, check, contracts, message, subcommands};

/// Flags that all queries have.
#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    network: NetworkArgs,
    /// Ask about the state at a height [default: the latest]
    #[arg(long, value_name = "HEIGHT", help_heading = "Network")]
    at_height: Option<u64>,
}

/// Arguments: which contract, which query, its fields.
#[derive(Debug)]
pub struct Args(ArgMatches);

fn build(command: Command) -> Command {
    let raw = Common::augment_args(Command::new("raw"))
        .about("Ask with JSON of your own")
        .next_help_heading(clap::builder::Resettable::Reset)
        .arg(clap::Arg::new("contract").required(true).help("The contract's name"))
        .arg(clap::Arg::new("message").required(true).help("The query as JSON, or @FILE"));
    subcommands(command, Kind::Query, Common::augment_args).subcommand(raw)
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        // The schemas are only taken apart by commands that need them.
        command.subcommand_required(true).arg_required_else_help(true).defer(build)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }

    fn group_id() -> Option<Id> {
        None
    }
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(matches.clone()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = matches.clone();
        Ok(())
    }
}

/// Which contract, what is said to it, and the flags that go with it.
pub fn spoken(matches: &ArgMatches, kind: Kind) -> anyhow::Result<(String, Value, &ArgMatches)> {
    let missing = || BadInput("name a contract and a message; --help lists them".to_owned());
    let (name, matches) = matches.subcommand().ok_or_else(missing)?;
    let (name, value, matches) = if name == "raw" {
        let get = |id| matches.get_one::<String>(id).cloned().ok_or_else(missing);
        let value = crate::speech::json(&get("message")?).map_err(BadInput)?;
        (get("contract")?, value, matches)
    } else {
        let (said, matches) = matches.subcommand().ok_or_else(missing)?;
        let contract = contracts().iter().find(|c| c.name == name).ok_or_else(missing)?;
        (name.to_owned(), message(contract, kind, said, matches).ok_or_else(missing)?, matches)
    };
    if contracts().iter().any(|c| c.name == name) {
        check(&name, kind, &value)
            .map_err(|e| BadInput(format!("{name} would not understand {value}: {e}")))?;
    }
    Ok((name, value, matches))
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let (contract, query, matches) = spoken(&args.0, Kind::Query)?;
    let common = Common::from_arg_matches(matches)?;
    let network = common.network.network(None)?;
    let address = network.contract(&contract)?;
    let answer: Value = runtime()?.block_on(async {
        let client = network.look_as_nobody().await?;
        anyhow::Ok(client.smart(&address, &query, common.at_height).await?)
    })?;
    match json {
        true => println!("{answer}"),
        false => println!("{}", serde_json::to_string_pretty(&answer)?),
    }
    Ok(())
}
