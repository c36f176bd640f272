//! Measures every execute message on the real chain and writes docs/gas.md; see scripts/gas.
//!
//! The network is driven in process, with its logical time, up to just before a message; then its state becomes the
//! genesis of a real chain, on which the message is simulated and sent. So days of windows cost nothing, ten thousand
//! entries are there at once, and the gas is that of wasmd.

mod base;
mod chain;
mod recorder;
mod report;
mod stories;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use base::{Base, now};
use chain::Gas;
use recorder::{STOPPED, Watch};
use stories::STORIES;

/// Entries of the large state.
const LARGE: usize = 10_000;

/// How long the chain takes to come up: the state is made for that time.
const LEAD: u64 = 5;

fn main() -> Result<()> {
    let mut only = Vec::new();
    let (mut sizes, mut out) = (vec![0, LARGE], PathBuf::from("docs/gas.md"));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--only" => only.push(value()?),
            "--entries" => sizes = vec![0, value()?.parse()?],
            "--small" => sizes = vec![0],
            "--out" => out = value()?.into(),
            other => bail!("unknown argument '{other}' (see scripts/gas --help)"),
        }
    }
    let (mut found, mut notes) = (BTreeMap::<String, Vec<Option<Gas>>>::new(), Vec::new());
    for (column, entries) in sizes.iter().enumerate() {
        let base = Base::build(*entries)?;
        eprintln!("a state of {entries} entries more, {} s ago", now() - base.time);
        notes.extend(base.left_out());
        for (kind, (story, after)) in survey(&base)? {
            if !only.is_empty() && !only.contains(&kind) {
                continue;
            }
            let row = found.entry(kind.clone()).or_insert_with(|| vec![None; sizes.len()]);
            match moment(&base, &kind, story, after) {
                Ok(gas) => {
                    eprintln!("{kind}: {} simulated, {} used", gas.simulated, gas.used);
                    row[column] = Some(gas);
                }
                Err(error) => {
                    eprintln!("{kind}: {error:#}");
                    notes.push(format!("{kind} with {entries} entries was not measured: {error:#}"));
                }
            }
        }
    }
    let whole = only.is_empty();
    let text = report::write(&sizes, &found, &notes)?;
    std::fs::write(&out, text).with_context(|| out.display().to_string())?;
    if whole {
        report::check(&sizes, &found)?;
    }
    Ok(())
}

/// Which story brings which message first, after how many seconds.
fn survey(base: &Base) -> Result<BTreeMap<String, (usize, u64)>> {
    let mut all = BTreeMap::new();
    for (story, tell) in STORIES.iter().enumerate() {
        let mut world = base.at(base.time + 60, Watch::Survey(BTreeMap::new()))?;
        if let Err(error) = tell(&mut world) {
            eprintln!("story {story} ends early: {error:#}");
        }
        if let Watch::Survey(seen) = &world.network.app.watch {
            for (kind, after) in seen {
                all.entry(kind.clone()).or_insert((story, *after));
            }
        }
    }
    Ok(all)
}

fn moment(base: &Base, kind: &str, story: usize, after: u64) -> Result<Gas> {
    let mut world = base.at(now() + LEAD - after, Watch::Until(kind.to_owned()))?;
    match STORIES[story](&mut world) {
        Err(error) if format!("{error:#}").contains(STOPPED) => {}
        Err(error) => return Err(error),
        Ok(()) => bail!("the story passed without it"),
    }
    let moment = world.network.app.moment.take().context("a moment was taken")?;
    chain::measure(&world, &moment)
}
