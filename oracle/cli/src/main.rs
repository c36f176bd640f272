//! The `lyceum` binary: commands, output and exit codes. What the commands do lies in the crates below it.
//!
//! Data go to stdout, progress and logs to stderr; `--json` makes every command print one JSON value. Start
//! reading at [`commands`]; errors and exit codes are in [`failure`].

mod commands;
mod corpus;
mod demo;
mod failure;
mod folder;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{export, generate, inspect};
use crate::failure::Failure;

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
    /// Show what a tensor block holds and check it
    Inspect(inspect::Args),
    /// Write a tensor block, or a model folder, as safetensors
    Export(export::Args),
    /// Continue a text with a model that the demo left
    Generate(generate::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("LYCEUM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        Command::Demo(args) => commands::demo::run(args, cli.json),
        Command::Inspect(args) => inspect::run(args, cli.json),
        Command::Export(args) => export::run(args, cli.json),
        Command::Generate(args) => generate::run(args, cli.json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => Failure::of(&error).print(&error, cli.json),
    }
}
