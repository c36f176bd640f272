//! Generation: the cache changes nothing, and chance comes from the seed.

mod common;

use common::base;
use lyceum_learn::generate::{Decoder, Sampling, generate};
use lyceum_learn::{Hash32, LearnError};
use tch::Tensor;

#[test]
fn logits_with_the_cache_equal_logits_without() {
    let model = base();
    let tokens: Vec<i64> = b"let mut x = y + 1;\nreturn x".iter().map(|b| i64::from(*b)).collect();
    for prompt in [1, 7, tokens.len()] {
        let mut decoder = Decoder::new(&model).unwrap();
        for end in prompt..=tokens.len() {
            let cached =
                decoder.read(if end == prompt { &tokens[..end] } else { &tokens[end - 1..end] }).unwrap();
            let ids = Tensor::from_slice(&tokens[..end]).unsqueeze(0);
            let plain =
                Vec::<f32>::try_from(model.logits(&ids).unwrap().select(1, end as i64 - 1).squeeze_dim(0))
                    .unwrap();
            let apart = cached.iter().zip(&plain).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{prompt} {end}: {apart}");
        }
    }
}

#[test]
fn a_seed_gives_one_text_beyond_the_context_and_another_seed_another() {
    let model = base();
    let text = |seed| {
        let sampling = Sampling::Temperature { temperature: 1.0, seed: Hash32([seed; 32]) };
        let mut seen = Vec::new();
        let out = generate(&model, b"let ", 80, sampling, |b| seen.push(b)).unwrap();
        assert_eq!(out, seen);
        out
    };
    assert_eq!(text(1).len(), 80);
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    let greedy = |prompt: &[u8]| generate(&model, prompt, 20, Sampling::Greedy, |_| ()).unwrap();
    assert_eq!(greedy(b"let "), greedy(b"let "));
    assert_eq!(greedy(b"").len(), 20);
    assert_eq!(generate(&model, &[b'x'; 500], 3, Sampling::Greedy, |_| ()).unwrap().len(), 3);
    assert!(generate(&model, b"x", 0, Sampling::Greedy, |_| ()).unwrap().is_empty());
}

#[test]
fn temperatures_and_tokens_of_no_sense_are_refused() {
    let model = base();
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let sampling = Sampling::Temperature { temperature, seed: Hash32([0; 32]) };
        assert!(matches!(generate(&model, b"x", 1, sampling, |_| ()), Err(LearnError::Config { .. })));
    }
    let mut decoder = Decoder::new(&model).unwrap();
    assert!(decoder.read(&[]).is_err());
    assert!(decoder.read(&[256]).is_err());
    assert!(decoder.read(&[-1]).is_err());
    assert!(decoder.read(&[0; 33]).is_err());
    assert!(model.logits(&Tensor::from_slice(&[256i64]).unsqueeze(0)).is_err());
    assert!(model.logits(&Tensor::zeros([1, 0], tch::kind::INT64_CPU)).is_err());
}
