//! The mixture: which experts a token uses, and their SwiGLU.

use tch::Tensor;

use super::Prepared;
use super::prepared::Layer;
use crate::kernels;

/// Which experts the tokens of a pass use. Assignments are numbered token · k + rank; sorted by expert they are
/// the rows the experts work on.
pub(crate) struct Routing {
    /// Router probabilities [tokens, experts], fp32.
    pub probs: Tensor,
    /// Chosen experts [tokens, k], best first.
    pub chosen: Tensor,
    /// Their weights [tokens, k], summing to 1, fp32.
    pub weights: Tensor,
    /// The token of each sorted row [tokens · k].
    pub tokens: Tensor,
    /// The sorted row of each assignment [tokens · k].
    pub rows: Tensor,
    /// Sorted rows of each expert.
    pub counts: Vec<i64>,
}

/// What one layer's mixture leaves for its backward.
pub(crate) struct MoeTape {
    pub routing: Routing,
    /// Sorted inputs [tokens · k, hidden].
    pub x: Tensor,
    /// For each expert its gate and up projections [rows, 2 · intermediate] and their SwiGLU.
    pub gate_up: Vec<Tensor>,
    pub hidden: Vec<Tensor>,
    /// Sorted outputs [tokens · k, hidden].
    pub y: Tensor,
}

/// Routes tokens by their logits [tokens, experts]: softmax, the k largest, renormalised.
pub(crate) fn route(logits: &Tensor, k: i64) -> Routing {
    let experts = logits.size()[1];
    let (probs, chosen, weights) = kernels::choose(logits, k);
    let (tokens, rows, counts) = kernels::sort_by_expert(&chosen, experts);
    Routing { probs, chosen, weights, tokens, rows, counts }
}

/// The mixture's output [tokens, hidden] for `x` [tokens, hidden].
pub(crate) fn mixture(p: &Prepared, layer: &Layer, x: &Tensor, keep: bool) -> (Tensor, Option<MoeTape>) {
    let routing = route(&x.matmul(&layer.gate.tr()), p.config.num_experts_per_tok as i64);
    let sorted = x.index_select(0, &routing.tokens);
    let parts = sorted.split_with_sizes(&routing.counts, 0);
    let mut y = sorted.empty_like();
    let (mut gate_up, mut hidden) = (Vec::new(), Vec::new());
    let mut at = 0;
    for ((expert, part), count) in layer.experts.iter().zip(&parts).zip(&routing.counts) {
        if *count == 0 && !keep {
            // Generation asks for one token at a time: most experts have nothing to do.
            continue;
        }
        let gu = part.matmul(&expert.w13.tr());
        let h = kernels::swiglu(&gu);
        let out = y.narrow(0, at, *count);
        at += count;
        let _ = h.matmul_out(&out, &expert.w2.tr());
        if keep {
            gate_up.push(gu);
            hidden.push(h);
        }
    }
    let out = kernels::combine(&y, &routing.rows, &routing.weights);
    if !keep {
        y = Tensor::new();
    }
    (out, keep.then_some(MoeTape { routing, x: sorted, gate_up, hidden, y }))
}
