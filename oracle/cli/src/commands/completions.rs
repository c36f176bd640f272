//! `lyceum completions`: a completion script, with every message and query of every contract.

use clap_complete::Shell;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Runs it.
pub fn run(args: Args) -> anyhow::Result<()> {
    use std::io::Write;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command_line(), "lyceum", &mut script);
    let mut out = crate::output::exact_stdout();
    out.write_all(&script)?;
    // A last line without an end would be lost without a word.
    out.flush()?;
    Ok(())
}
