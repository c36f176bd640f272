//! The same model in plain libtorch operations with autograd: what the hand-written passes are tested against.

use tch::{Kind, Tensor};

use super::{Prepared, rotary_tables};
use crate::data::Shard;
use crate::rng::CounterRng;
use crate::tensors::{TensorMap, from_slice, to_vec};
use crate::{Hash32, Model, ModelConfig, Recipe, RunSpec, Target, Trainer};

fn norm(x: &Tensor, w: &Tensor, eps: f64) -> Tensor {
    x * (x.square().mean_dim([-1i64].as_slice(), true, Kind::Float) + eps).rsqrt() * w
}

/// Logits [rows, positions, vocabulary] and each layer's router logits [tokens, experts].
fn forward(c: &ModelConfig, w: &TensorMap, ids: &Tensor) -> (Tensor, Vec<Tensor>) {
    let get = |n: String| w.get(&n).unwrap().shallow_clone();
    let (rows, n) = (ids.size()[0], ids.size()[1]);
    let (q, kv, d) = (c.num_attention_heads as i64, c.num_key_value_heads as i64, c.head_size() as i64);
    let (cos, sin) = rotary_tables(c, tch::Device::Cpu);
    let (cos, sin) = (cos.narrow(0, 0, n), sin.narrow(0, 0, n));
    let rotate = |x: Tensor| {
        let h = x.chunk(2, -1);
        Tensor::cat(&[&h[0] * &cos - &h[1] * &sin, &h[1] * &cos + &h[0] * &sin], -1)
    };
    let mut routers = Vec::new();
    let mut x =
        get("model.embed_tokens.weight".into()).index_select(0, &ids.reshape([-1])).reshape([rows, n, -1]);
    for l in 0..c.num_hidden_layers {
        let at = format!("model.layers.{l}");
        let a = norm(&x, &get(format!("{at}.input_layernorm.weight")), c.rms_norm_eps);
        let heads = |p: &str, h: i64| {
            let y = a.matmul(&get(format!("{at}.self_attn.{p}_proj.weight")).tr());
            y.reshape([rows, n, h, d]).transpose(1, 2)
        };
        let wide = |t: Tensor| t.repeat_interleave_self_int(q / kv, 1, None);
        let (qs, ks, vs) = (rotate(heads("q", q)), wide(rotate(heads("k", kv))), wide(heads("v", kv)));
        let mask = Tensor::full([n, n], f64::NEG_INFINITY, (Kind::Float, tch::Device::Cpu)).triu(1);
        let scores = (qs.matmul(&ks.transpose(-1, -2)) / (d as f64).sqrt() + mask).softmax(-1, Kind::Float);
        let mixed = scores.matmul(&vs).transpose(1, 2).reshape([rows, n, -1]);
        x = &x + mixed.matmul(&get(format!("{at}.self_attn.o_proj.weight")).tr());
        let b = norm(&x, &get(format!("{at}.post_attention_layernorm.weight")), c.rms_norm_eps)
            .reshape([rows * n, -1]);
        let moe = format!("{at}.block_sparse_moe");
        let logits = b.matmul(&get(format!("{moe}.gate.weight")).tr());
        let (top, chosen) =
            logits.softmax(-1, Kind::Float).topk(c.num_experts_per_tok as i64, -1, true, true);
        let top = &top / top.sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
        let mut out = b.zeros_like();
        for e in 0..c.num_local_experts {
            let w = |m: &str| get(format!("{moe}.experts.{e}.{m}.weight"));
            let y = (b.matmul(&w("w1").tr()).silu() * b.matmul(&w("w3").tr())).matmul(&w("w2").tr());
            let share = (&top * chosen.eq(e as i64)).sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
            out = &out + y * share;
        }
        x = &x + out.reshape([rows, n, -1]);
        routers.push(logits);
    }
    let n = norm(&x, &get("model.norm.weight".into()), c.rms_norm_eps);
    let head = if c.tie_word_embeddings { "model.embed_tokens.weight" } else { "lm_head.weight" };
    (n.matmul(&get(head.into()).tr()), routers)
}

/// Cross-entropy plus the losses on the router.
fn loss(
    c: &ModelConfig,
    w: &TensorMap,
    ids: &Tensor,
    targets: &Tensor,
    experts: Option<&[u32]>,
) -> (Tensor, Tensor) {
    let (logits, routers) = forward(c, w, ids);
    let ce = logits.reshape([-1, c.vocab_size as i64]).cross_entropy_for_logits(targets);
    let Some(experts) = experts else { return (ce.shallow_clone(), ce) };
    let all = Tensor::cat(&routers, 0);
    let probs = all.softmax(-1, Kind::Float);
    let (_, chosen) = probs.topk(c.num_experts_per_tok as i64, -1, true, true);
    let used = chosen.one_hot(c.num_local_experts as i64).to_kind(Kind::Float);
    let used = used.sum_dim_intlist([1i64].as_slice(), false, Kind::Float).mean_dim(
        [0i64].as_slice(),
        false,
        Kind::Float,
    );
    let mean = probs.mean_dim([0i64].as_slice(), false, Kind::Float);
    let balance = (used * mean).sum(Kind::Float) * c.num_local_experts as f64 * c.router_aux_loss_coef;
    let context = ids.size()[1] as usize;
    let target: Vec<f32> = experts
        .iter()
        .flat_map(|e| std::iter::repeat_n(*e as usize, context))
        .flat_map(|e| {
            let mut t = vec![0.0; c.num_local_experts];
            t[e] += 0.5;
            t[c.shared_expert()] += 0.5;
            t
        })
        .collect();
    let target = from_slice(&target, &[-1, c.num_local_experts as i64]).repeat([routers.len() as i64, 1]);
    let supervised = -(target * all.log_softmax(-1, Kind::Float))
        .sum_dim_intlist([-1i64].as_slice(), false, Kind::Float)
        .mean(Kind::Float);
    (ce.shallow_clone(), ce + balance + supervised * 0.3 * routers.len() as f64)
}

/// A model with weights large enough that every path carries a gradient.
fn model(config: ModelConfig) -> Model {
    let mut model = Model::init(config, &Hash32([5; 32]), tch::Device::Cpu).unwrap();
    for (name, w) in model.weights_mut().iter_mut() {
        let noise = CounterRng::new(&Hash32([6; 32]), name).normals(0, w.numel());
        let shape = w.size();
        *w = (&*w + from_slice(&noise, &shape) * 0.1).contiguous();
    }
    model
}

fn check(config: ModelConfig, target: Target) {
    tch::set_num_threads(1);
    let text: Vec<u8> = (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let shards = [Shard::new(text.clone()).for_expert(0), Shard::new(text[7..].to_vec()).for_expert(1)];
    let spec = RunSpec {
        target,
        recipe: Recipe { peak_lr_nano: 1_000_000, warmup_steps: 0, mixture: vec![1, 1] },
        seed: Hash32([2; 32]),
        intervals: 2,
        steps_per_interval: 2,
        rows: 3,
        context: 20,
    };
    let trainer = Trainer::new(model(config.clone()), spec, &shards).unwrap();
    let (ce, grads) = trainer.gradients();
    let batch = trainer.plan().batch(0);
    let (ids, targets) = batch.tensors(tch::Device::Cpu);
    let weights: TensorMap = trainer
        .model()
        .weights()
        .iter()
        .map(|(n, t)| (n.clone(), t.copy().set_requires_grad(true)))
        .collect();
    let experts: Vec<u32> = batch.shards.iter().map(|s| *s as u32).collect();
    let router = !matches!(target, Target::Expert { .. });
    let (plain, total) = loss(&config, &weights, &ids, &targets, router.then_some(&experts));
    assert!((ce.double_value(&[]) - plain.double_value(&[])).abs() < 1e-5);
    total.backward();
    let expected = config.trained_tensors(target).unwrap();
    assert_eq!(grads.len(), expected.len());
    for (name, _) in expected {
        let (ours, theirs) = (to_vec(grads.get(&name).unwrap()), to_vec(&weights.get(&name).unwrap().grad()));
        let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let apart: Vec<f32> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
        assert!(norm(&theirs) > 0.0, "{name} has no gradient");
        assert!(norm(&apart) < 2e-4 * norm(&theirs), "{name}: {} of {}", norm(&apart), norm(&theirs));
    }
}

#[test]
fn gradients_of_the_base_equal_autograds() {
    check(ModelConfig::tiny(), Target::Base {});
}

#[test]
fn gradients_of_the_base_equal_autograds_with_tied_embeddings_and_odd_sizes() {
    let config = ModelConfig {
        tie_word_embeddings: true,
        hidden_size: 36,
        intermediate_size: 25,
        head_dim: Some(6),
        num_local_experts: 5,
        num_experts_per_tok: 3,
        num_hidden_layers: 3,
        router_aux_loss_coef: 0.05,
        ..ModelConfig::tiny()
    };
    check(config, Target::Base {});
}

#[test]
fn gradients_of_an_expert_equal_autograds() {
    check(ModelConfig::tiny(), Target::Expert { index: 1 });
}

#[test]
fn gradients_of_the_router_equal_autograds() {
    check(ModelConfig::tiny(), Target::Router {});
}

/// Logits and gradients of the base by a prepared model, with the loss's gradient from its own logits.
fn passes(p: &Prepared, ids: &Tensor, targets: &Tensor) -> (Vec<f32>, TensorMap) {
    let mut tape = None;
    let logits = super::forward(p, ids, Some(&mut tape));
    let ce = crate::kernels::cross_entropy(&logits.reshape([-1, 256]), targets, true);
    let needs = super::Needs { target: Target::Base {}, router: None };
    (to_vec(&logits), super::backward(p, &tape.unwrap(), &ce.dlogits.unwrap(), &needs).unwrap())
}

/// ‖a − b‖ / ‖b‖.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let norm = |f: &dyn Fn(usize) -> f64| (0..b.len()).map(|i| f(i).powi(2)).sum::<f64>().sqrt();
    norm(&|i| f64::from(a[i]) - f64::from(b[i])) / norm(&|i| f64::from(b[i]))
}

#[test]
fn the_way_of_a_gpu_walked_on_the_cpu_gives_the_same_in_fp32_and_nearly_in_bf16() {
    tch::set_num_threads(1);
    let m = model(ModelConfig { num_experts_per_tok: 3, ..ModelConfig::tiny() });
    let ids = Tensor::from_slice(&(0..60i64).map(|i| i * 37 % 256).collect::<Vec<_>>()).reshape([3, 20]);
    let targets = Tensor::from_slice(&(0..60i64).map(|i| i * 53 % 256).collect::<Vec<_>>());
    let with = |kind, autograd| {
        let p = Prepared::with(m.config(), m.weights(), m.device(), kind, autograd).unwrap();
        passes(&p, &ids, &targets)
    };
    let (logits, grads) = with(Kind::Float, false);
    for (kind, bound) in [(Kind::Float, 1e-5), (Kind::BFloat16, 0.05)] {
        let (other, others) = with(kind, true);
        assert!(apart(&other, &logits) < bound, "{kind:?}: {}", apart(&other, &logits));
        for (name, gradient) in &grads {
            let d = apart(&to_vec(others.get(name).unwrap()), &to_vec(gradient));
            // With every expert chosen, bf16 cannot flip a choice; what is left is rounding.
            assert!(d < bound, "{kind:?} {name}: {d}");
            assert_eq!(others.get(name).unwrap().kind(), Kind::Float);
        }
    }
}

#[test]
fn fused_kernels_equal_plain_operations() {
    let p = {
        let m = model(ModelConfig::tiny());
        Prepared::new(m.config(), m.weights(), m.device()).unwrap()
    };
    let random = |name: &str, shape: &[i64]| {
        let count = shape.iter().product::<i64>() as usize;
        from_slice(&CounterRng::new(&Hash32([8; 32]), name).normals(0, count), shape)
    };
    crate::kernels::agree(&p, &random);
}
