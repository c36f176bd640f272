//! Choosing experts, and the gradient of the choice's weights.

use tch::{Device, Kind, Tensor};

use super::simd::exp;
use super::slice::{floats, floats_mut, ints};
use crate::nn::Routing;

/// Softmax [tokens, experts], the k best experts and their renormalised weights [tokens, k].
pub(crate) fn choose(logits: &Tensor, k: i64) -> (Tensor, Tensor, Tensor) {
    if !super::on_cpu(logits) {
        let probs = logits.softmax(-1, Kind::Float);
        let (top, chosen) = probs.topk(k, -1, true, true);
        let weights = &top / top.sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
        return (probs, chosen, weights);
    }
    let (tokens, experts) = (logits.size()[0], logits.size()[1] as usize);
    let mut probs = logits.empty_like();
    let mut weights = Tensor::empty([tokens, k], (Kind::Float, Device::Cpu));
    let mut chosen = Vec::with_capacity((tokens * k) as usize);
    let rows = floats(logits)
        .chunks_exact(experts)
        .zip(floats_mut(&mut probs).chunks_exact_mut(experts))
        .zip(floats_mut(&mut weights).chunks_exact_mut(k as usize));
    for ((logits, probs), weights) in rows {
        let top = logits.iter().copied().fold(f32::MIN, f32::max);
        probs.iter_mut().zip(logits).for_each(|(p, l)| *p = exp(*l - top));
        let sum: f32 = probs.iter().sum();
        probs.iter_mut().for_each(|p| *p /= sum);
        let first = chosen.len();
        let mut total = 0.0;
        for weight in weights.iter_mut() {
            // Of equals the lowest index, so that the choice is one on every machine.
            let mut best = None;
            for (e, p) in probs.iter().enumerate() {
                let taken = chosen[first..].contains(&(e as i64));
                if !taken && best.is_none_or(|(_, q)| *p > q) {
                    best = Some((e, *p));
                }
            }
            // NaN logits make every comparison false, but the first untaken expert is always taken: k ≤ experts.
            let (e, p) = best.unwrap_or((0, 0.0));
            chosen.push(e as i64);
            *weight = p;
            total += p;
        }
        weights.iter_mut().for_each(|w| *w /= total);
    }
    (probs, Tensor::from_slice(&chosen).reshape([tokens, k]), weights)
}

/// A stable counting sort of the assignments [tokens, k] by expert: the token of each sorted row, the sorted row of
/// each assignment, and how many rows each expert has.
pub(crate) fn sort_by_expert(chosen: &Tensor, experts: i64) -> (Tensor, Tensor, Vec<i64>) {
    let (device, k) = (chosen.device(), chosen.size()[1]);
    let chosen = chosen.to_device(Device::Cpu).contiguous();
    let chosen = ints(&chosen);
    let mut counts = vec![0i64; experts as usize];
    chosen.iter().for_each(|e| counts[*e as usize] += 1);
    let mut next: Vec<i64> = counts.iter().scan(0, |at, n| Some(std::mem::replace(at, *at + n))).collect();
    let mut tokens = vec![0i64; chosen.len()];
    let mut rows = vec![0i64; chosen.len()];
    for (assignment, expert) in chosen.iter().enumerate() {
        let row = &mut next[*expert as usize];
        tokens[*row as usize] = assignment as i64 / k;
        rows[assignment] = *row;
        *row += 1;
    }
    (Tensor::from_slice(&tokens).to_device(device), Tensor::from_slice(&rows).to_device(device), counts)
}

/// The gradient of the router's logits [tokens, experts] from that of the weights [tokens, k].
pub(crate) fn route_backward(r: &Routing, dweights: &Tensor) -> Tensor {
    if !super::on_cpu(dweights) {
        let sum = r.probs.gather(1, &r.chosen, false).sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
        let inner = (dweights * &r.weights).sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
        let dtop = (dweights - inner) / sum;
        let dprobs = r.probs.zeros_like().scatter(1, &r.chosen, &dtop);
        let inner = (&dprobs * &r.probs).sum_dim_intlist([-1i64].as_slice(), true, Kind::Float);
        return &r.probs * (dprobs - inner);
    }
    let (experts, k) = (r.probs.size()[1] as usize, r.weights.size()[1] as usize);
    let mut out = r.probs.zeros_like();
    let rows = floats_mut(&mut out)
        .chunks_exact_mut(experts)
        .zip(floats(&r.probs).chunks_exact(experts))
        .zip(ints(&r.chosen).chunks_exact(k))
        .zip(floats(&r.weights).chunks_exact(k).zip(floats(dweights).chunks_exact(k)));
    for (((out, probs), chosen), (weights, dweights)) in rows {
        let sum: f32 = chosen.iter().map(|e| probs[*e as usize]).sum();
        let inner: f32 = dweights.iter().zip(weights).map(|(d, w)| d * w).sum();
        for (e, d) in chosen.iter().zip(dweights) {
            out[*e as usize] = (d - inner) / sum;
        }
        let inner: f32 = out.iter().zip(probs).map(|(d, p)| d * p).sum();
        for (d, p) in out.iter_mut().zip(probs) {
            *d = p * (*d - inner);
        }
    }
    out
}
