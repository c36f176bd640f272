//! Determinism within a process, and how far another number of threads leads. Alone in its binary, because libtorch's
//! number of threads belongs to the whole process.

mod common;

use common::{EXPERT, base, shards, spec};
use lyceum_learn::sketch::distance;
use lyceum_learn::{Hash32, Model, ModelConfig, RunSpec, Shard, State, Target, Trainer};

fn run(parent: &Model, spec: &RunSpec, shards: &[Shard], threads: i32) -> State {
    tch::set_num_threads(threads);
    let mut trainer = Trainer::new(parent.copy(), spec.clone(), shards).unwrap();
    for _ in 0..6 {
        trainer.step().unwrap();
    }
    tch::set_num_threads(1);
    trainer.state().unwrap()
}

#[test]
fn training_gives_the_same_bytes_twice_and_two_threads_stay_within_the_bound() {
    let seed = Hash32([9; 32]);
    let demo = Model::init(ModelConfig::demo(3), &Hash32([3; 32]), tch::Device::Cpu).unwrap();
    let long = RunSpec { context: 256, ..spec(Target::Base {}) };
    for (parent, spec) in [(base(), spec(EXPERT)), (demo, long)] {
        let once = run(&parent, &spec, &shards(), 1);
        let again = run(&parent, &spec, &shards(), 1);
        assert_eq!(once.root(&seed).unwrap(), again.root(&seed).unwrap());
        let wide = run(&parent, &spec, &shards(), 2);
        let wide_again = run(&parent, &spec, &shards(), 2);
        assert_eq!(wide.root(&seed).unwrap(), wide_again.root(&seed).unwrap());
        let apart = distance(&State::initial(&parent.export(spec.target).unwrap()), &once, &wide);
        println!("two threads: {apart:?}");
        assert!(apart.max() < 1e-3, "{apart:?}");
    }
}
