//! The `lyceum` binary: commands, output and exit codes, and what only an operator at a machine needs (keys, files,
//! processes, deployment, the demo). What a node does lies in the crates below it.
//!
//! Data go to stdout, progress and logs to stderr; `--json` makes every command print one JSON value. Start
//! reading at [`commands`]; errors and exit codes are in [`failure`], an operator's keys in [`wallet`], node.toml in
//! [`config`], the node's life in [`node`], and what may be said to the contracts in [`contract_cli`].

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod output;

mod beacon;
mod commands;
mod config;
mod contract_cli;
mod corpus;
mod demo;
mod deploy;
mod failure;
mod folder;
mod interrupted;
mod logs;
mod node;
mod paths;
mod reading;
mod report;
mod session;
mod terminal;
mod wallet;
mod writable;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, authority, completions, export, generate, init, inspect, keys, query, tx, upgrade,
};
use crate::failure::Failure;
use crate::output::Lost;

/// Lyceum trains and serves a mixture-of-experts model owned by the people who train it.
#[derive(Debug, Parser)]
#[command(name = "lyceum", version, propagate_version = true, after_help = failure::EXIT_CODES)]
struct Cli {
    /// Print one JSON value to stdout instead of text
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole network on this machine: train experts, prove them, catch cheats, pay
    Demo(commands::demo::Args),
    /// Prepare a node's folder: a commented node.toml, its peer key, its secret, its store
    Init(init::Args),
    /// Run a node on a real chain
    Node(commands::node::Args),
    /// Bring the contracts up on a chain, or go on where that was stopped
    Deploy(commands::deploy::Args),
    /// Replace contracts by newer ones, as the authority
    Upgrade(upgrade::Args),
    /// The authority's own business: groups, proposals, votes
    Authority(authority::Args),
    /// Serve a randomness beacon of a local network
    Beacon(commands::beacon::Args),
    /// Keys that sign: make, recover, list, show, delete
    Keys(keys::Args),
    /// Show what accounts hold
    Balance(commands::balance::Args),
    /// Send LYC to an account, after showing what it costs
    Send(commands::send::Args),
    /// Send a contract a message, after showing what it will do
    Tx(tx::Args),
    /// Ask a contract
    Query(query::Args),
    /// Show what auditors will find in texts, before a deposit is at stake
    Audit(audit::Args),
    /// Show what a tensor block holds and check it
    Inspect(inspect::Args),
    /// Write a tensor block, or a model folder, as safetensors
    Export(export::Args),
    /// Continue a text with a model that the demo left
    Generate(generate::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

fn main() -> ExitCode {
    node::signals::survive_file_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error, asks_for_json(std::env::args_os().skip(1))),
    };
    let json = cli.json;
    // A node's logs are set up as its configuration says.
    if !matches!(cli.command, Command::Node(_)) {
        logs::start(logs::Format::Human, "warn");
    }
    let result = match cli.command {
        Command::Demo(args) => commands::demo::run(args, json),
        Command::Init(args) => init::run(args, json),
        Command::Node(args) => commands::node::run(args, json),
        Command::Deploy(args) => commands::deploy::run(args, json),
        Command::Upgrade(args) => upgrade::run(args, json),
        Command::Authority(args) => authority::run(args, json),
        Command::Beacon(args) => commands::beacon::run(args, json),
        Command::Keys(args) => keys::run(args, json),
        Command::Balance(args) => commands::balance::run(args, json),
        Command::Send(args) => commands::send::run(args, json),
        Command::Tx(args) => tx::run(args, json),
        Command::Query(args) => query::run(args, json),
        Command::Audit(args) => match audit::run(args, json) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::from(Failure::Input.exit()),
            Err(error) => Err(error),
        },
        Command::Inspect(args) => inspect::run(args, json),
        Command::Export(args) => export::run(args, json),
        Command::Generate(args) => generate::run(args, json),
        Command::Completions(args) => completions::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has had enough, which is no error.
        Err(error) if Lost::of(&error) == Some(Lost::Closed) => ExitCode::SUCCESS,
        Err(error) => Failure::of(&error).print(&error, json),
    }
}

/// Whether a command line that could not be read asked for JSON.
fn asks_for_json(args: impl Iterator<Item = std::ffi::OsString>) -> bool {
    args.take_while(|a| a != "--").any(|a| a == "--json")
}

/// The whole command line, for completions and tests.
fn command_line() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
