//! `lyceum demo`: trains, proves, catches and pays on one machine, and writes the report.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use lyceum_agent::work::scoring::drawn;
use lyceum_agent::{Cancel, Event, What};
use lyceum_chain::Chain;
use lyceum_learn::generate::{Sampling, generate};
use lyceum_learn::{Model, Target, block, device, score};

use crate::corpus::{self, Corpus, shown};
use crate::demo::cast::{COORDINATOR, MIN_EVALUATORS};
use crate::demo::progress::Progress;
use crate::demo::{DomainText, SEQUENCE, Settings, base, collect, fit, genesis, live, show, wasmd};
use crate::failure::{BadInput, Failure, Interrupted, Refusal};
use crate::folder::ModelFolder;
use crate::report::{Change, Generation, Report};

/// The most domains: each brings an expert, and the architecture stays small.
const MAX_DOMAINS: usize = 7;
/// How working folders begin, and nothing of the user's does.
const WORK: &str = ".lyceum-demo-work-";
/// The phase in which the nodes live.
const LIFE: &str = "life: audits, votes, training, committees, disputes, rewards";
/// Items of public held-out text on which the report scores base and heads.
const SCORE_ITEMS: usize = 96;
/// Bytes of a generated text, and of its prompt.
const TEXT: usize = 240;
const PROMPT: usize = 64;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A text file, or a folder of them, as a domain of its own; may be repeated. Replaces the default texts (Rust
    /// code, Rust documentation, Python's library)
    #[arg(long, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// The SPDX licence of the texts, or `none`: once for all --data, or once for each in their order. Without it, the
    /// licence is what the files name themselves
    #[arg(long, value_name = "SPDX", requires = "data")]
    licence: Vec<String>,
    /// Where report.json, report.html and the model go
    #[arg(long, value_name = "DIR", default_value = "lyceum-demo")]
    out: PathBuf,
    /// Honest evaluators, at least 16: five seats, and eleven others for a dispute
    #[arg(long, value_name = "N", default_value_t = MIN_EVALUATORS)]
    nodes: usize,
    /// Training steps of a claim, an even number from 400 on (the committee re-executes at most 5 %)
    #[arg(long, value_name = "N", default_value_t = 400)]
    steps: u32,
    /// Training steps of the base
    #[arg(long, value_name = "N", default_value_t = 300)]
    base_steps: u32,
    /// The same seed on the same machine gives the same blocks and scores
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Work on the GPU
    #[arg(long)]
    cuda: bool,
    /// Which chain: `embedded` (in process, logical time) or `wasmd` (a local chain, every node its own process)
    #[arg(long, value_name = "CHAIN", value_enum, default_value_t)]
    chain: On,
    /// The description of the local chain that is up, which `scripts/localnet up` wrote; `scripts/demo` names its own
    #[arg(long, value_name = "FILE", required_if_eq("chain", "wasmd"))]
    localnet: Option<PathBuf>,
    /// The contracts' Wasm with checksums.txt, for a real chain
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    artifacts: PathBuf,
    /// Kill honest nodes at events drawn by this seed and start them again, for tests; nobody cheats then
    #[arg(long, value_name = "SEED", hide = true, requires = "localnet")]
    kill: Option<u64>,
}

/// On which chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum On {
    /// The contracts in process.
    #[default]
    Embedded,
    /// A local chain.
    Wasmd,
}

/// Checks the arguments and reads the texts.
fn settings(args: &Args) -> anyhow::Result<Settings> {
    let refuse = |text: String| Err(BadInput(text).into());
    if args.nodes < MIN_EVALUATORS || args.nodes > 200 {
        return refuse(format!("--nodes {}: {MIN_EVALUATORS} to 200 evaluators are possible", args.nodes));
    }
    if args.steps < 400 || args.steps > 8_000 || !args.steps.is_multiple_of(2) {
        return refuse(format!("--steps {}: an even number from 400 to 8000", args.steps));
    }
    if args.base_steps < 20 || args.base_steps > 8_000 || !args.base_steps.is_multiple_of(10) {
        return refuse(format!("--base-steps {}: a multiple of 10 from 20 to 8000", args.base_steps));
    }
    let device = device::device(if args.cuda { "cuda" } else { "cpu" })?;
    if args.data.len() > MAX_DOMAINS {
        return refuse(format!("{} times --data: at most {MAX_DOMAINS} domains", args.data.len()));
    }
    if args.licence.len() > 1 && args.licence.len() != args.data.len() {
        let (licences, texts) = (args.licence.len(), args.data.len());
        return refuse(format!(
            "{licences} times --licence for {texts} times --data: once for all, or once for each"
        ));
    }
    let licence = |i: usize| args.licence.get(i).or(args.licence.first()).map(String::as_str);
    let texts = args.data.iter().enumerate();
    let corpora = match args.data.is_empty() {
        true => corpus::defaults()?,
        false => texts.map(|(i, path)| corpus::read(path, licence(i))).collect::<anyhow::Result<_>>()?,
    };
    let corpora = distinct(corpora)?;
    let (out, evaluators) = (args.out.clone(), args.nodes);
    let Args { steps, base_steps, seed, kill, .. } = *args;
    Ok(Settings { corpora, out, evaluators, steps, base_steps, seed, device, kill })
}

/// Names become unique, also among the demo's own; the same text twice is no two domains.
fn distinct(mut corpora: Vec<Corpus>) -> anyhow::Result<Vec<Corpus>> {
    for i in 0..corpora.len() {
        let (before, rest) = corpora.split_at_mut(i);
        let this = &mut rest[0];
        if let Some(same) = before.iter().find(|c| c.root() == this.root()) {
            let text = format!("{} and {} hold the same text", shown(&same.from), shown(&this.from));
            return Err(BadInput(text).into());
        }
        let taken = |name: &str| name == genesis::STUFFED || before.iter().any(|c| c.name == name);
        this.name = corpus::unique(&this.name, taken);
    }
    Ok(corpora)
}

/// Runs it.
pub fn run(args: Args, json: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    let settings = settings(&args)?;
    // Nodes share the machine; a thread each is fastest, and results do not depend on it.
    tch::set_num_threads(1);
    let stop = Cancel::new();
    let progress = Progress::new(stop.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let seen = progress.clone();
    runtime.spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            // A second Ctrl-C does not wait for anything.
            if seen.interrupt() {
                std::process::exit(130);
            }
            noteln!("stopping; press Ctrl-C again to stop at once");
        }
    });
    let texts = audited(&settings, &progress)?;
    std::fs::create_dir_all(&settings.out)
        .with_context(|| format!("--out {}: cannot make the folder", settings.out.display()))?;
    // What is written at the end must not fail then for what stands there now.
    ModelFolder::check(&settings.out.join("model"))?;
    Report::check(&settings.out)?;
    // Removed on the way out, whatever the way; what a kill left behind goes with the next run.
    let work = tempfile::Builder::new()
        .prefix(WORK)
        .tempdir_in(&settings.out)
        .with_context(|| format!("--out {}: cannot write there", settings.out.display()))?;
    sweep(&settings.out, work.path());
    let ground = Ground::of(&args, work.path())?;
    let result = whole(&settings, &texts, &ground, work.path(), stop, &progress, &runtime, started);
    // Work that still runs on the pool ends by itself at its next step.
    runtime.shutdown_timeout(std::time::Duration::from_secs(20));
    let (report, paths) = match result {
        Err(_) if progress.interrupted_by_user() => Err(Interrupted.into()),
        other => other,
    }?;
    let accepted = ensure_accepted(&report, &paths.0);
    if !json {
        outln!("{}", show::summary(&report, show::columns()))?;
        outln!("{}\n{}", paths.0.display(), paths.1.display())?;
    } else if accepted.is_ok() {
        outln!("{}", serde_json::to_string(&report)?)?;
    }
    accepted
}

/// A demo that accepted no claim has shown nothing of what it is for, and is no success.
fn ensure_accepted(report: &Report, written: &Path) -> anyhow::Result<()> {
    if report.claims.iter().any(|claim| claim.accepted) {
        return Ok(());
    }
    let claims = report.claims.iter().map(|c| format!("claim {} of {}: {}", c.id, c.trainer, c.reason));
    let datasets =
        report.datasets.iter().filter_map(|d| Some(format!("dataset {}: {}", d.name, d.reason.as_ref()?)));
    let why: Vec<String> = claims.chain(datasets).collect();
    let words = format!("no claim was accepted ({}); the report is in {}", why.join(", "), shown(written));
    Err(Refusal::new(Failure::Unsettled, "demo.no_claim", words).into())
}

/// Removes the working folders of runs that were killed. That of a run which is still alive is in use: its stores
/// are locked, and such a folder stays.
fn sweep(out: &Path, mine: &Path) {
    let Ok(entries) = std::fs::read_dir(out) else { return };
    for entry in entries.flatten() {
        let left = entry.file_name().to_string_lossy().starts_with(WORK) && entry.path() != mine;
        let store = entry.path().join(COORDINATOR).join("store");
        let alive = store.exists() && lyceum_store::Store::open(&store).is_err();
        if left
            && !alive
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!("an old working folder stays, {}: {error}", entry.path().display());
        }
    }
}

/// What the demo stands on.
enum Ground {
    Embedded,
    Wasmd(wasmd::Places),
}

impl Ground {
    fn of(args: &Args, work: &Path) -> anyhow::Result<Self> {
        let Some(localnet) = args.localnet.clone().filter(|_| args.chain == On::Wasmd) else {
            return Ok(Self::Embedded);
        };
        let program = std::env::current_exe().context("where this program lies")?;
        // Programs that are started from here have folders of their own.
        let work = std::path::absolute(work)?;
        Ok(Self::Wasmd(wasmd::Places { program, localnet, artifacts: args.artifacts.clone(), work }))
    }
}

/// Says what the texts are, and refuses those whose datasets the network's auditors would reject.
fn audited(settings: &Settings, progress: &Progress) -> anyhow::Result<Vec<DomainText>> {
    progress.phase("texts");
    let texts: Vec<DomainText> = settings.corpora.iter().map(DomainText::of).collect();
    let public = lyceum_api::datasets::Params::default().licences;
    for (corpus, text) in settings.corpora.iter().zip(&texts) {
        progress.say(&format!("   {:<14} {}", corpus.name, corpus.summary()));
        if !public.contains(&text.licence) {
            progress.say(&format!(
                "   {:<14} this demo accepts that; a network with the default parameters does not",
                ""
            ));
        }
    }
    progress.phase("audit of the texts, before anything is trained");
    for (corpus, text) in settings.corpora.iter().zip(&texts) {
        fit::ensure(corpus, text, &fit::audit(text, texts.len()))?;
    }
    Ok(texts)
}

#[expect(clippy::too_many_arguments, reason = "each is another part of the run, used once")]
fn whole(
    settings: &Settings,
    texts: &[DomainText],
    ground: &Ground,
    work: &Path,
    stop: Cancel,
    progress: &Progress,
    runtime: &tokio::runtime::Runtime,
    started: Instant,
) -> anyhow::Result<(Report, (PathBuf, PathBuf))> {
    progress.phase("base: trained before genesis, as the report says");
    let base = base::train(settings, texts, progress)?;
    progress.phase("genesis: contracts, nodes, stakes, proposals");
    let prepared = genesis::prepare(settings, texts, &base.model, work)?;
    let Told { mut report, heads, events } = match ground {
        Ground::Embedded => runtime.block_on(async {
            progress.phase(LIFE);
            told(live::live(settings, prepared, work, stop, progress).await?, progress).await
        }),
        Ground::Wasmd(places) => runtime.block_on(async {
            progress.phase(LIFE);
            let step_seconds = base.seconds / f64::from(settings.base_steps);
            let lived = wasmd::live(settings, prepared, step_seconds, places, stop, progress).await?;
            told(lived, progress).await
        }),
    }?;
    report.seed = settings.seed;
    report.base_curve = base.curve;
    let improved = improved(&base.model, &heads)?;
    for text in texts {
        let items = drawn(&text.parts.held_out, SEQUENCE, SCORE_ITEMS, &settings.derive("report items"))?;
        let of = |model: &Model| anyhow::Ok(score(model, &items)?.mean as f64 / 1e6);
        report.scores.insert(text.name.clone(), Change { before: of(&base.model)?, after: of(&improved)? });
        let prompt = prompt(&text.parts.held_out);
        for (name, model) in [("base", &base.model), ("improved", &improved)] {
            let sampling = Sampling::Temperature { temperature: 0.6, seed: settings.derive("text") };
            let bytes = generate(model, prompt.as_bytes(), TEXT, sampling, |_| {})?;
            report.generation.push(Generation {
                model: name.to_owned(),
                domain: text.name.clone(),
                prompt: prompt.clone(),
                text: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
    }
    let folder = settings.out.join("model");
    ModelFolder::write(&folder, base.model.config(), &base.model.to_block()?, &heads)?;
    report.timings.work.insert("base training".to_owned(), base.seconds);
    for event in &events {
        let (kind, seconds) = match &event.what {
            What::Trained { seconds, .. } => ("training claims", *seconds),
            What::Served { seconds, .. } => ("serving states", *seconds),
            What::Attested { seconds, .. } => ("re-executing and scoring", *seconds),
            What::Audited { seconds, .. } => ("auditing datasets", *seconds),
            _ => continue,
        };
        *report.timings.work.entry(kind.to_owned()).or_default() += seconds;
    }
    report.versions = [
        ("lyceum", env!("CARGO_PKG_VERSION").to_owned()),
        ("rust", env!("CARGO_PKG_RUST_VERSION").to_owned()),
        ("libtorch", "2.11.0".to_owned()),
        ("device", format!("{:?}", settings.device).to_lowercase()),
    ]
    .map(|(k, v)| (k.to_owned(), v))
    .into();
    report.timings.phases = progress.phases();
    report.timings.total = started.elapsed().as_secs_f64();
    let paths = report.write(&settings.out)?;
    Ok((report, paths))
}

/// What the chain and the nodes say when it is over.
struct Told {
    report: Report,
    heads: Vec<(u32, Vec<u8>)>,
    events: Vec<Event>,
}

async fn told<C: Chain>(lived: live::Lived<C>, progress: &Progress) -> anyhow::Result<Told> {
    progress.phase("report");
    let (report, heads) = (collect::report(&lived).await?, collect::heads(&lived).await?);
    Ok(Told { report, heads, events: lived.events })
}

fn improved(base: &Model, heads: &[(u32, Vec<u8>)]) -> anyhow::Result<Model> {
    let mut model = base.copy();
    for (index, bytes) in heads {
        model.import(Target::Expert { index: *index }, &block::read(bytes)?)?;
    }
    Ok(model)
}

/// The beginning of a line of held-out text, in whole characters.
fn prompt(held_out: &[u8]) -> String {
    let text = String::from_utf8_lossy(held_out);
    let line = text.lines().map(str::trim_end).find(|l| l.len() >= PROMPT / 2).unwrap_or_default();
    line.chars().take(PROMPT / 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Claim;

    #[test]
    fn a_demo_that_accepted_no_claim_is_no_success_and_says_what_became_of_each() {
        let claim =
            |accepted, reason: &str| Claim { accepted, reason: reason.to_owned(), ..Claim::default() };
        let of =
            |claims| ensure_accepted(&Report { claims, ..Report::default() }, Path::new("out/report.json"));
        assert!(of(vec![claim(false, "forfeited"), claim(true, "accepted")]).is_ok());
        for claims in [vec![], vec![claim(false, "rejected: no_gain")]] {
            let error = of(claims).unwrap_err();
            assert_eq!(Failure::of(&error), Failure::Unsettled);
            assert!(error.to_string().contains("out/report.json"), "{error}");
        }
    }
}
