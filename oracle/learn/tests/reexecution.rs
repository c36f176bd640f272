//! Honest work re-executes to a distance of 0; every cheat ends far beyond the bound, at S = 2.

mod common;

use std::ops::ControlFlow;

use common::{EXPERT, base, shards, spec, text};
use lyceum_learn::sketch::{distance, sketch_distance, state_sketch};
use lyceum_learn::state::{salt, salted};
use lyceum_learn::{
    Hash32, LearnError, Model, Observer, Progress, Recipe, RunRecord, RunSpec, Shard, State, Trainer, go_on,
    rederive, reexecute, run,
};

/// The bound of class fp32.
const BOUND: f64 = 1e-3;

#[derive(Default)]
struct Keeper {
    kept: Vec<(u32, State)>,
    steps: u64,
    stop_at: Option<u64>,
}

impl Observer for Keeper {
    fn progress(&mut self, p: &Progress) -> ControlFlow<()> {
        assert_eq!(p.step, self.steps + 1);
        assert!(p.loss.is_finite() && p.tokens_per_second > 0.0 && p.remaining >= 0.0);
        self.steps = p.step;
        if self.stop_at == Some(p.step) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn keep(&mut self, j: u32, state: &State, block: &[u8]) -> Result<(), String> {
        let again = State::from_block(block, state.step).map_err(|e| e.to_string())?;
        assert_eq!(again.to_block().unwrap(), block);
        self.kept.push((j, state.copy()));
        Ok(())
    }
}

#[test]
fn a_run_records_every_root_and_keeps_every_tenth_state_and_the_last() {
    let (parent, spec, seed) = (base(), spec(EXPERT), Hash32([9; 32]));
    let mut trainer = Trainer::new(parent.copy(), spec.clone(), &shards()).unwrap();
    let mut keeper = Keeper::default();
    let record = run(&mut trainer, &mut keeper).unwrap();
    assert_eq!((record.roots.len(), record.batches.len(), record.losses.len()), (13, 12, 12));
    assert_eq!(keeper.kept.iter().map(|(j, _)| *j).collect::<Vec<_>>(), [0, 10, 12]);
    assert_eq!(record.shards.iter().map(|s| s.bytes).sum::<u64>(), 24 * 4 * 33);
    let initial = State::initial(&parent.export(EXPERT).unwrap());
    assert_eq!(initial.root(&seed).unwrap(), record.roots[0]);
    for (j, batches) in (0..).zip(&record.batches) {
        assert_eq!(trainer.plan().interval_hash(j, 2), *batches);
    }
    // Any state comes back, bit for bit, from the kept one before it.
    for j in 0..=12 {
        let (_, from) = keeper.kept.iter().rfind(|(k, _)| *k <= j).unwrap();
        let state = rederive(&parent, &spec, &shards(), from, j).unwrap();
        assert_eq!(state.root(&seed).unwrap(), record.roots[j as usize], "state {j}");
    }
    let secret = Hash32([1; 32]);
    let salted = salted(&secret, &record.roots);
    assert_eq!(salted[3], lyceum_api::manifest::salted_state(&salt(&secret, 3), &record.roots[3]));
    assert_ne!(salted[3], record.roots[3]);
}

#[test]
fn a_run_is_cancelled_by_its_observer() {
    let mut trainer = Trainer::new(base(), spec(EXPERT), &shards()).unwrap();
    let mut keeper = Keeper { stop_at: Some(5), ..Keeper::default() };
    assert!(matches!(run(&mut trainer, &mut keeper), Err(LearnError::Cancelled)));
    assert_eq!(keeper.steps, 5);
}

/// Writes down where a run has come to, as a node does that may be killed.
#[derive(Default)]
struct Log {
    records: Vec<(RunRecord, State)>,
    kept: Option<State>,
}

impl Observer for Log {
    fn keep(&mut self, _: u32, state: &State, _: &[u8]) -> Result<(), String> {
        self.kept = Some(state.copy());
        Ok(())
    }

    fn so_far(&mut self, record: &RunRecord) {
        self.records.push((record.clone(), self.kept.take().unwrap()));
    }
}

#[test]
fn a_run_that_goes_on_from_any_kept_state_ends_as_if_it_had_never_stopped() {
    let (parent, spec) = (base(), spec(EXPERT));
    let (mut trainer, mut log) =
        (Trainer::new(parent.copy(), spec.clone(), &shards()).unwrap(), Log::default());
    let whole = run(&mut trainer, &mut log).unwrap();
    assert_eq!(log.records.len(), 3, "states 0, 10 and 12");
    for (record, state) in log.records {
        let mut resumed = Trainer::resume(parent.copy(), spec.clone(), &shards(), &state).unwrap();
        let again = go_on(&mut resumed, record.clone(), &mut Log::default()).unwrap();
        assert_eq!(RunRecord { seconds: 0.0, ..again }, RunRecord { seconds: 0.0, ..whole.clone() });
        let root = |t: &Trainer| t.state().unwrap().root(&spec.seed).unwrap();
        assert_eq!(root(&resumed), root(&trainer));
        let mut elsewhere = Trainer::resume(parent.copy(), spec.clone(), &shards(), &state).unwrap();
        let cut = RunRecord { roots: vec![], ..record };
        assert!(matches!(go_on(&mut elsewhere, cut, &mut ()), Err(LearnError::Step { .. })));
    }
}

#[test]
fn states_from_elsewhere_in_a_run_are_refused() {
    let parent = base();
    let start = State::initial(&parent.export(EXPERT).unwrap());
    let spec = spec(EXPERT);
    assert!(matches!(reexecute(&parent, &spec, &shards(), &start, 1), Err(LearnError::Step { .. })));
    assert!(matches!(reexecute(&parent, &spec, &shards(), &start, 12), Err(LearnError::Step { .. })));
    let late = State { step: 9, ..start };
    assert!(matches!(rederive(&parent, &spec, &shards(), &late, 4), Err(LearnError::Step { .. })));
}

/// The state at which interval `j` begins.
fn start(parent: &Model, j: u32) -> State {
    let initial = State::initial(&parent.export(EXPERT).unwrap());
    rederive(parent, &spec(EXPERT), &shards(), &initial, j).unwrap()
}

/// One interval from a state under another specification or other shards.
fn other(parent: &Model, start: &State, spec: RunSpec, shards: &[Shard]) -> State {
    let mut trainer = Trainer::resume(parent.copy(), spec, shards, start).unwrap();
    trainer.step().unwrap();
    trainer.step().unwrap();
    trainer.state().unwrap()
}

/// What a cheat claims as the end of interval `j`.
fn cheats(parent: &Model, from: &State, honest: &State) -> Vec<(&'static str, State)> {
    let spec = spec(EXPERT);
    let step = |state: &State| {
        let mut t = Trainer::resume(parent.copy(), spec.clone(), &shards(), state).unwrap();
        t.step().unwrap();
        t.state().unwrap()
    };
    let rate = |factor: f64| {
        let peak_lr_nano = (spec.recipe.peak_lr_nano as f64 * factor) as u64;
        RunSpec { recipe: Recipe { peak_lr_nano, ..spec.recipe.clone() }, ..spec.clone() }
    };
    let foreign = [Shard::new(text(8, 3000)), Shard::new(text(9, 3000))];
    let at = |state: &State, step: u64| State { step, ..state.copy() };
    let zeroed = State { step: from.step, ..State::initial(&from.w) };
    let scaled = |a: f64| {
        let mut state = honest.copy();
        for name in from.w.names().map(str::to_owned).collect::<Vec<_>>() {
            let (x, y) = (from.w.get(&name).unwrap(), honest.w.get(&name).unwrap());
            state.w.insert(name, x + (y - x) * a);
        }
        state
    };
    // The two batches of the interval, read the other way round: from the state at its second step, then its first.
    let swapped = {
        let second = step(&at(from, from.step + 1));
        at(&step(&at(&second, from.step)), from.step + 2)
    };
    let jump = {
        let mut state = honest.copy();
        let target = base_of_another_seed().export(EXPERT).unwrap();
        state.w = target;
        state
    };
    vec![
        ("last step skipped", at(&step(from), from.step + 2)),
        ("first step skipped", step(&at(from, from.step + 1))),
        ("nothing done", at(from, from.step + 2)),
        ("rate 10 % lower", other(parent, from, rate(0.9), &shards())),
        ("rate 10 % higher", other(parent, from, rate(1.1), &shards())),
        ("other data", other(parent, from, spec.clone(), &foreign)),
        ("batches swapped", swapped),
        ("Adam state zeroed", other(parent, &zeroed, spec.clone(), &shards())),
        ("update scaled by 1.05", scaled(1.05)),
        ("jump to other weights", jump),
    ]
}

fn base_of_another_seed() -> Model {
    Model::init(lyceum_learn::ModelConfig::tiny(), &Hash32([77; 32]), tch::Device::Cpu).unwrap()
}

#[test]
fn honest_work_re_executes_to_a_distance_of_zero_and_every_cheat_to_ten_times_the_bound() {
    let parent = base();
    let spec = spec(EXPERT);
    for j in [1, 6, 11] {
        let from = start(&parent, j);
        let honest = start(&parent, j + 1);
        let seen = reexecute(&parent, &spec, &shards(), &from, j).unwrap();
        assert_eq!(distance(&from, &honest, &seen).max(), 0.0);
        let key = Hash32([j as u8; 32]);
        let sketch = |s: &State| state_sketch(&key, s).unwrap();
        for (name, claimed) in cheats(&parent, &from, &honest) {
            let exact = distance(&from, &claimed, &seen);
            let sketched = sketch_distance(&sketch(&from), &sketch(&claimed), &sketch(&seen));
            println!("interval {j}, {name}: exact {exact:.3?}, sketched {:.3}", sketched.max());
            assert!(sketched.max() >= 10.0 * BOUND, "interval {j}, {name}: {sketched:?}");
            assert!(exact.max() >= 10.0 * BOUND, "interval {j}, {name}: {exact:?}");
        }
    }
}
