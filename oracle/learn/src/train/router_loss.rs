//! Losses on the router itself, while it learns: the load-balancing loss of Switch Transformers as Mixtral computes
//! it over all layers at once, and supervision by domain. An ordinary router makes experts that cannot be trained
//! alone: what one gains on its domain the others lose. Pointing half of a domain's weight at its own expert and
//! half at the shared one gives every domain an expert that little else uses.

use tch::{Device, Kind, Tensor};

use crate::ModelConfig;
use crate::data::{Batch, Shard};
use crate::nn::Tape;

/// Weight of the supervision in each layer. With less, an expert trained alone costs the nearest domain more than
/// the guard allows; with more, the base itself learns less: `docs/decisions/router-supervision.md`.
pub(crate) const SUPERVISION: f64 = 0.3;

/// For each layer the gradient [tokens, experts] of these losses by the router's logits.
pub(crate) fn gradients(config: &ModelConfig, tape: &Tape, batch: &Batch, shards: &[Shard]) -> Vec<Tensor> {
    let experts = config.num_local_experts;
    let layers = tape.layers.len() as f64;
    let tokens = tape.ids.size()[0] as f64;
    let wanted = supervision(config, batch, shards);
    let mut used = vec![0i64; experts];
    for layer in &tape.layers {
        used.iter_mut().zip(&layer.moe.routing.counts).for_each(|(u, c)| *u += c);
    }
    // E · Σ_e f_e · P_e: f_e is the share of tokens that use e (a constant), P_e its mean probability.
    let pull: Vec<f32> = used
        .iter()
        .map(|u| {
            let share = *u as f64 / (layers * tokens);
            (config.router_aux_loss_coef * experts as f64 * share / (layers * tokens)) as f32
        })
        .collect();
    let device = tape.ids.device();
    let pull = Tensor::from_slice(&pull).to_device(device).unsqueeze(0);
    let wanted = wanted.map(|(target, mask)| (target.to_device(device), mask.to_device(device)));
    tape.layers
        .iter()
        .map(|layer| {
            let probs = &layer.moe.routing.probs;
            let inner = (probs * &pull).sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
            let balance = probs * (&pull - inner);
            match &wanted {
                Some((target, mask)) => balance + (probs - target) * mask * (SUPERVISION / tokens),
                None => balance,
            }
        })
        .collect()
}

/// The wanted probabilities [tokens, experts] and which tokens have any [tokens, 1]; nothing where no shard names
/// an expert.
fn supervision(config: &ModelConfig, batch: &Batch, shards: &[Shard]) -> Option<(Tensor, Tensor)> {
    let experts = config.num_local_experts;
    let named: Vec<Option<u32>> = batch.shards.iter().map(|s| shards[*s].expert()).collect();
    if named.iter().all(Option::is_none) {
        return None;
    }
    let context = batch.window - 1;
    let mut target = vec![0.0f32; named.len() * context * experts];
    let mut mask = vec![0.0f32; named.len() * context];
    for (row, expert) in named.iter().enumerate() {
        let Some(expert) = expert else { continue };
        for token in row * context..(row + 1) * context {
            mask[token] = 1.0;
            target[token * experts + *expert as usize] += 0.5;
            target[token * experts + config.shared_expert()] += 0.5;
        }
    }
    let rows = mask.len() as i64;
    let cpu = |v: &[f32], width: i64| Tensor::from_slice(v).reshape([rows, width]).to_device(Device::Cpu);
    Some((cpu(&target, experts as i64), cpu(&mask, 1)))
}
