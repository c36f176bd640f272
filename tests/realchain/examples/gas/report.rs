//! docs/gas.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::chain::Gas;

type Found = BTreeMap<String, Vec<Option<Gas>>>;

/// What only another contract may send: its gas is in the message that leads to it.
const INNER: [(&str, &str); 19] = [
    ("nodes.distribute", "rewards.share, rewards.claim"),
    ("nodes.report", "tasks.take, tasks.settle, datasets.close_audit"),
    ("nodes.set_params", "charter.act/set_nodes"),
    ("nodes.set_paused", "charter.pause"),
    ("datasets.set_power", "nodes.bind_gpu"),
    ("datasets.record_use", "tasks.finalize"),
    ("datasets.set_params", "charter.act/set_datasets"),
    ("datasets.set_paused", "charter.pause"),
    ("experts.register_model", "charter.act/register_model"),
    ("experts.add_block", "tasks.reveal"),
    ("experts.finalize", "tasks.finalize"),
    ("experts.void", "tasks.settle"),
    ("experts.set_paused", "charter.pause"),
    ("tasks.register_domain", "charter.act/register_domain"),
    ("tasks.set_params", "charter.act/set_tasks"),
    ("tasks.set_paused", "charter.pause"),
    ("credits.award", "tasks.finalize, tasks.settle"),
    ("credits.set_paused", "charter.pause"),
    ("rewards.deposit", "tasks.settle, nodes.report"),
];
const INNER_REWARDS: [(&str, &str); 5] = [
    ("rewards.accrue", "tasks.finalize"),
    ("rewards.seal", "tasks.settle (of a heads panel)"),
    ("rewards.set_shared", "nodes.delegate"),
    ("rewards.grant", "charter.act/grant"),
    ("rewards.set_paused", "charter.pause"),
];

/// What the issue holds us to, with the large state.
const LIMITS: [(&str, u64); 2] = [("datasets.vote", 220_000), ("tasks.reveal_attestation", 290_000)];

/// What may be dearer than [`DEAR`], and why.
const WHY: [(&str, &str); 21] = [
    ("charter.pause", "tells six contracts, each of which is loaded"),
    ("charter.resume", "tells six contracts, each of which is loaded"),
    ("datasets.close_audit", "five audits are tallied, their auditors paid and their standing reported"),
    ("datasets.draw_auditors", "nodes draws by stake from a tree of all evaluators"),
    ("datasets.propose", "the manifest is stored, each shard is claimed, and tasks is asked for a round"),
    ("tasks.answer_availability", "a tile is verified under its root; panel and claim are read and written"),
    ("tasks.attest", "the panel with its served states is read and written"),
    ("tasks.challenge_availability", "the panel with its served states is read and written"),
    ("tasks.draw", "nodes draws a committee by stake, without replacement, one seat per operator"),
    ("tasks.expire", "bond and fee are paid out, the trainer's standing is reported to nodes"),
    ("tasks.finalize", "experts, datasets, credits, nodes and rewards hear of the winner, once per task"),
    ("tasks.open", "thirty to forty sketches of 96 numbers are stored, once per panel"),
    ("tasks.open_span", "nine sketches of 96 numbers are stored and compared"),
    ("tasks.open_task", "the task is stored; experts, datasets and nodes are asked whether it may be"),
    ("tasks.reveal", "the claim's block is recorded in experts"),
    ("tasks.reveal_attestation", "sketches of two intervals, 192 numbers, are stored"),
    ("tasks.reveal_challenge", "a panel for the dispute is made"),
    ("tasks.serve", "up to nine served states with their proofs are verified and stored"),
    ("tasks.settle", "all sketches are compared and the seats' standing is reported, once per panel"),
    ("tasks.take", "nodes checks and takes quota, experts is asked for the parent"),
    ("tasks.void_task", "every claim of the task is closed and paid back"),
];
/// The dearest single vote of those compared with.
const DEAR: u64 = 355_495;

/// Every execute message by the checked-in schemas, the charter's actions one by one.
fn messages() -> Result<BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let mut all = BTreeSet::new();
    for contract in ["charter", "nodes", "datasets", "experts", "tasks", "credits", "rewards"] {
        let path = folder.join(format!("{contract}.json"));
        let schema: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        let names = |of: &Value| -> Vec<String> {
            let each = of["oneOf"].as_array().into_iter().flatten();
            each.filter_map(|v| v["required"][0].as_str().map(str::to_owned)).collect()
        };
        for name in names(&schema["execute"]) {
            if contract == "charter" && name == "act" {
                let actions = names(&schema["execute"]["definitions"]["Action"]);
                all.extend(actions.iter().map(|action| format!("charter.act/{action}")));
            } else {
                all.insert(format!("{contract}.{name}"));
            }
        }
    }
    Ok(all)
}

fn inner() -> BTreeMap<&'static str, &'static str> {
    INNER.into_iter().chain(INNER_REWARDS).collect()
}

pub fn write(sizes: &[usize], found: &Found, notes: &[String]) -> Result<String> {
    let mut text = String::from(
        "# Gas\n\nWritten by `scripts/gas`; every message on wasmd, unpinned, in a transaction of its own, simulated \
         beside used. The state is driven in process and becomes the genesis of a real chain just before the message.\n\n",
    );
    let large = sizes.last().copied().unwrap_or(0);
    writeln!(
        text,
        "Small: a crew of 31 nodes, one gold dataset, three domains. Large: {large} more evaluators with bond, GPU and a \
         delegation each, {large} more proposals and tasks, and votes by all of them where a vote is measured.\n\n\
         For comparison, measured on the same wasmd: a bank send 70 685, a cw3-fixed vote 152 920, dao-dao's \
         single-choice vote 290 440 to 355 495, its propose 367 996, its DAO instantiation 715 824. Every contract \
         that a transaction loads costs 60 000.\n"
    )?;
    let mut contract = "";
    for (kind, row) in found {
        let (of, name) = kind.split_once('.').context("a kind has two parts")?;
        if of != contract {
            write!(text, "\n## {of}\n\n| message | bytes |")?;
            for size in sizes {
                let what = if *size == 0 { "small".to_owned() } else { format!("{size} entries") };
                write!(text, " {what}: simulated | used |")?;
            }
            writeln!(text, "\n| --- | --- |{}", " --- | --- |".repeat(sizes.len()))?;
            contract = of;
        }
        let bytes = row.iter().flatten().next().map_or_else(|| "–".to_owned(), |gas| gas.bytes.to_string());
        write!(text, "| `{name}` | {bytes} |")?;
        for gas in row {
            match gas {
                Some(gas) => write!(text, " {} | {} |", spaced(gas.simulated), spaced(gas.used))?,
                None => write!(text, " not measured | |")?,
            }
        }
        text.push('\n');
    }
    text.push_str("\n## What is dearer than a vote elsewhere, and why\n\n| message | why |\n| --- | --- |\n");
    for (kind, why) in WHY {
        writeln!(text, "| `{kind}` | {why} |")?;
    }
    text.push_str("\n## Sent by contracts only\n\n| message | its gas is in |\n| --- | --- |\n");
    for (kind, within) in inner() {
        writeln!(text, "| `{kind}` | {within} |")?;
    }
    for note in notes {
        writeln!(text, "\n{note}")?;
    }
    Ok(text)
}

fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Everything was measured, and what has a limit keeps it.
pub fn check(sizes: &[usize], found: &Found) -> Result<()> {
    let inner = inner();
    let lacking: Vec<String> = messages()?
        .into_iter()
        .filter(|kind| !inner.contains_key(kind.as_str()))
        .filter(|kind| found.get(kind).is_none_or(|row| row.len() < sizes.len() || row.contains(&None)))
        .collect();
    ensure!(lacking.is_empty(), "not measured: {}", lacking.join(", "));
    for (kind, row) in found {
        let dear = row.iter().flatten().any(|gas| gas.used > DEAR);
        let explained = WHY.iter().any(|(of, _)| of == kind);
        ensure!(!dear || explained, "{kind} uses more than {DEAR}, and nothing says why");
    }
    for (kind, limit) in LIMITS {
        for gas in found.get(kind).into_iter().flatten().flatten() {
            ensure!(gas.used <= limit, "{kind} used {}, its limit is {limit}", gas.used);
        }
    }
    Ok(())
}
