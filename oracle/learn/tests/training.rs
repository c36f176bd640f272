//! What training does, and what it leaves alone.

mod common;

use common::{EXPERT, base, shards, spec, text};
use lyceum_learn::items::Items;
use lyceum_learn::tensors::TensorMap;
use lyceum_learn::{Hash32, LearnError, Model, ModelConfig, Recipe, RunSpec, State, Target, Trainer, score};
use tch::Device;

fn bits(t: &TensorMap) -> Vec<u32> {
    t.flat().iter().map(|x| x.to_bits()).collect()
}

/// Names of tensors that differ.
fn changed(a: &Model, b: &Model) -> Vec<String> {
    let same = |n: &str| a.weights().get(n).unwrap().equal(b.weights().get(n).unwrap());
    a.weights().names().filter(|n| !same(n)).map(str::to_owned).collect()
}

fn trained(target: Target) -> (Model, Model) {
    let parent = base();
    let mut trainer = Trainer::new(parent.copy(), spec(target), &shards()).unwrap();
    for _ in 0..4 {
        trainer.step().unwrap();
    }
    (parent, trainer.into_model())
}

fn names(target: Target) -> Vec<String> {
    let mut names: Vec<_> =
        ModelConfig::tiny().trained_tensors(target).unwrap().into_iter().map(|(n, _)| n).collect();
    names.sort();
    names
}

#[test]
fn training_an_expert_changes_that_expert_in_every_layer_and_nothing_else() {
    let (parent, child) = trained(EXPERT);
    assert_eq!(changed(&parent, &child), names(EXPERT));
}

#[test]
fn training_the_router_changes_the_router_and_nothing_else() {
    let (parent, child) = trained(Target::Router {});
    assert_eq!(changed(&parent, &child), names(Target::Router {}));
}

#[test]
fn training_the_base_changes_everything() {
    let (parent, child) = trained(Target::Base {});
    assert_eq!(changed(&parent, &child), names(Target::Base {}));
}

#[test]
fn the_shared_expert_is_not_for_training() {
    let run = Trainer::new(base(), spec(Target::Expert { index: 2 }), &shards());
    assert!(matches!(run, Err(LearnError::Expert { index: 2, experts: 3 })));
}

#[test]
fn the_base_learns_and_the_score_falls_from_eight_bits() {
    tch::set_num_threads(1);
    let items = Items::draw(&text(5, 800), 33, 20, &Hash32([1; 32])).unwrap();
    let fresh = Model::init(ModelConfig::tiny(), &Hash32([3; 32]), Device::Cpu).unwrap();
    let before = score(&fresh, &items).unwrap();
    assert!((before.mean - 8_000_000).abs() < 100_000, "{}", before.mean);
    let after = score(&base(), &items).unwrap();
    assert!(after.mean < 4_500_000, "{}", after.mean);
    assert_eq!(after.items.len(), 20);
}

#[test]
fn another_process_trains_to_the_same_bytes() {
    const CHILD: &str = "LYCEUM_TEST_ROOT_TO";
    let mut trainer = Trainer::new(base(), spec(EXPERT), &shards()).unwrap();
    for _ in 0..4 {
        trainer.step().unwrap();
    }
    let root = trainer.state().unwrap().root(&Hash32([9; 32])).unwrap().to_string();
    if let Some(path) = std::env::var_os(CHILD) {
        std::fs::write(path, root).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root");
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "another_process_trains_to_the_same_bytes"])
        .env(CHILD, &path)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(path).unwrap(), root);
}

#[test]
fn a_seed_changes_the_run() {
    let state = |seed| {
        let run = RunSpec { seed: Hash32([seed; 32]), ..spec(EXPERT) };
        let mut trainer = Trainer::new(base(), run, &shards()).unwrap();
        trainer.step().unwrap();
        bits(&trainer.state().unwrap().w)
    };
    assert_ne!(state(1), state(2));
}

#[test]
fn runs_that_cannot_be_are_refused() {
    let new = |spec: RunSpec| Trainer::new(base(), spec, &shards());
    let recipe = |peak_lr_nano, warmup_steps, mixture| Recipe { peak_lr_nano, warmup_steps, mixture };
    let cases = [
        RunSpec { intervals: 0, ..spec(EXPERT) },
        RunSpec { intervals: u32::MAX, ..spec(EXPERT) },
        RunSpec { steps_per_interval: 0, ..spec(EXPERT) },
        RunSpec { rows: 0, ..spec(EXPERT) },
        RunSpec { context: 33, ..spec(EXPERT) },
        RunSpec { context: 0, ..spec(EXPERT) },
        RunSpec { recipe: recipe(0, 0, vec![1, 1]), ..spec(EXPERT) },
        RunSpec { recipe: recipe(u64::MAX, 0, vec![1, 1]), ..spec(EXPERT) },
        RunSpec { recipe: recipe(1, 24, vec![1, 1]), ..spec(EXPERT) },
        RunSpec { recipe: recipe(1, 0, vec![1]), ..spec(EXPERT) },
    ];
    for case in cases {
        assert!(matches!(new(case.clone()), Err(LearnError::Recipe(_))), "{case:?}");
    }
    let mut trainer = new(RunSpec {
        intervals: 1,
        steps_per_interval: 1,
        recipe: recipe(1, 0, vec![1, 1]),
        ..spec(EXPERT)
    })
    .unwrap();
    trainer.step().unwrap();
    assert!(matches!(trainer.step(), Err(LearnError::Step { found: 1, expected: 0 })));
}

#[test]
fn a_rate_that_is_far_too_high_ends_in_an_error_and_not_in_nan() {
    let recipe = Recipe { peak_lr_nano: 1_000_000_000, warmup_steps: 0, mixture: vec![1, 1] };
    let run = RunSpec { recipe, intervals: 1000, ..spec(Target::Base {}) };
    let mut trainer = Trainer::new(base(), run, &shards()).unwrap();
    for _ in 0..60 {
        match trainer.step() {
            Ok(loss) => assert!(loss.is_finite()),
            Err(e) => {
                assert!(matches!(e, LearnError::Diverged { .. }));
                break;
            }
        }
    }
    assert!(trainer.state().unwrap().w.flat().iter().all(|x| x.is_finite()));
}

#[test]
fn expert_blocks_merge_and_each_is_as_it_was_trained() {
    let parent = base();
    let mut blocks = Vec::new();
    for index in 0..2 {
        let mut trainer = Trainer::new(parent.copy(), spec(Target::Expert { index }), &shards()).unwrap();
        trainer.step().unwrap();
        blocks.push((index, trainer.model().export(Target::Expert { index }).unwrap()));
    }
    let given: Vec<_> = blocks.iter().map(|(i, t)| (*i, t)).collect();
    let merged = parent.compose(&given).unwrap();
    for (index, tensors) in &blocks {
        assert_eq!(bits(&merged.export(Target::Expert { index: *index }).unwrap()), bits(tensors));
    }
    assert_eq!(changed(&parent, &merged).len(), 12);
    assert!(parent.compose(&[given[0], given[0]]).is_err());
    assert!(parent.compose(&[(1, given[0].1)]).is_err());
}

#[test]
fn blocks_of_another_shape_with_nan_or_with_strangers_are_refused() {
    let parent = base();
    let good = parent.export(EXPERT).unwrap();
    let name = good.names().next().unwrap().to_owned();
    let with = |edit: &dyn Fn(&mut TensorMap)| {
        let mut block = good.copy_to(Device::Cpu);
        edit(&mut block);
        parent.copy().import(EXPERT, &block)
    };
    assert!(with(&|_| ()).is_ok());
    let shape = with(&|b| b.insert(name.clone(), tch::Tensor::zeros([2, 2], tch::kind::FLOAT_CPU)));
    assert!(matches!(shape, Err(LearnError::Shape { .. })));
    let nan = with(&|b| b.insert(name.clone(), b.get(&name).unwrap() * f64::NAN));
    assert!(matches!(nan, Err(LearnError::NotFinite { .. })));
    let stranger = with(&|b| b.insert("lm_head.weight", tch::Tensor::zeros([1], tch::kind::FLOAT_CPU)));
    assert!(matches!(stranger, Err(LearnError::Tensor { problem: "unexpected", .. })));
    let missing = with(&|b| drop(b.remove(&name).unwrap()));
    assert!(matches!(missing, Err(LearnError::Tensor { problem: "missing", .. })));
}

#[test]
fn a_model_survives_its_block_and_safetensors() {
    let model = base();
    let again = Model::from_block(ModelConfig::tiny(), &model.to_block().unwrap(), Device::Cpu).unwrap();
    assert!(changed(&model, &again).is_empty());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.write_safetensors(&path).unwrap();
    let again = Model::read_safetensors(ModelConfig::tiny(), &path, Device::Cpu).unwrap();
    assert!(changed(&model, &again).is_empty());
    assert!(Model::from_block(ModelConfig::demo(3), &model.to_block().unwrap(), Device::Cpu).is_err());
}

#[test]
fn a_state_with_negative_second_moments_is_refused() {
    let parent = base();
    let mut state = State::initial(&parent.export(EXPERT).unwrap());
    let name = state.v.names().next().unwrap().to_owned();
    let bad = state.v.get(&name).unwrap() - 1.0;
    state.v.insert(name, bad);
    assert!(Trainer::resume(parent, spec(EXPERT), &shards(), &state).is_err());
}
