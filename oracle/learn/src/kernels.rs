//! The arithmetic between matrix products. On the CPU each step is one pass over memory, in code the compiler
//! vectorises ([`cpu`]); its sums run in a fixed order, so results do not depend on threads or on how wide the
//! machine's vectors are. Elsewhere the same steps are libtorch operations ([`generic`]).

mod adam;
mod cpu;
mod generic;
mod loss;
mod routing;
pub(crate) mod simd;
pub(crate) mod slice;

use tch::{Device, Kind, Tensor};

pub(crate) use adam::{AdamStep, adam, sum_of_squares};
pub(crate) use loss::cross_entropy;
pub(crate) use routing::{choose, route_backward, sort_by_expert};

use crate::nn::{Prepared, Routing};

fn on_cpu(tensor: &Tensor) -> bool {
    tensor.device() == Device::Cpu && tensor.kind() == Kind::Float
}

/// RMSNorm of rows (Zhang & Sennrich 2019): y = x · r · w with r = 1 / √(mean x² + ε); gives y in `kind`, and r.
pub(crate) fn rms_norm(x: &Tensor, w: &Tensor, eps: f64, kind: Kind) -> (Tensor, Tensor) {
    if on_cpu(x) { cpu::rms_norm(&x.contiguous(), w, eps as f32) } else { generic::rms_norm(x, w, eps, kind) }
}

/// Gradients of RMSNorm by its input and, where asked, its weight.
pub(crate) fn rms_norm_backward(
    dy: &Tensor,
    x: &Tensor,
    r: &Tensor,
    w: &Tensor,
    weight: bool,
) -> (Tensor, Option<Tensor>) {
    if on_cpu(x) {
        cpu::rms_norm_backward(&dy.contiguous(), &x.contiguous(), r, w, weight)
    } else {
        generic::rms_norm_backward(dy, x, r, w, weight)
    }
}

/// SwiGLU (Shazeer 2020) of joined projections [rows, 2·n]: silu(left) · right.
pub(crate) fn swiglu(gate_up: &Tensor) -> Tensor {
    if on_cpu(gate_up) { cpu::swiglu(gate_up) } else { generic::swiglu(gate_up) }
}

/// Gradient of the joined projections.
pub(crate) fn swiglu_backward(gate_up: &Tensor, dh: &Tensor) -> Tensor {
    if on_cpu(gate_up) { cpu::swiglu_backward(gate_up, dh) } else { generic::swiglu_backward(gate_up, dh) }
}

/// Queries, keys and values [rows, heads, positions, head] of joined projections, rotated, keys and values
/// repeated for the query heads that share them. The first position is `offset`.
pub(crate) fn split_heads(p: &Prepared, qkv: &Tensor, rows: i64, offset: i64) -> (Tensor, Tensor, Tensor) {
    if on_cpu(qkv) {
        cpu::split_heads(p, qkv, rows, offset)
    } else {
        generic::split_heads(p, qkv, rows, offset)
    }
}

/// The way back: the gradient of the joined projections.
pub(crate) fn join_heads(p: &Prepared, dq: &Tensor, dk: &Tensor, dv: &Tensor) -> Tensor {
    if on_cpu(dq) { cpu::join_heads(p, dq, dk, dv) } else { generic::join_heads(p, dq, dk, dv) }
}

/// Σ over a token's assignments of weight · output row.
pub(crate) fn combine(y: &Tensor, rows: &Tensor, weights: &Tensor) -> Tensor {
    if on_cpu(y) { cpu::combine(y, rows, weights) } else { generic::combine(y, rows, weights) }
}

/// Gradients of the sorted output rows and of the weights [tokens, k].
pub(crate) fn combine_backward(dout: &Tensor, y: &Tensor, r: &Routing) -> (Tensor, Tensor) {
    if on_cpu(y) {
        cpu::combine_backward(&dout.contiguous(), y, r)
    } else {
        generic::combine_backward(dout, y, r)
    }
}

/// Σ over a token's assignments of its sorted rows: [tokens, width].
pub(crate) fn gather_sum(sorted: &Tensor, rows: &Tensor, k: i64) -> Tensor {
    if on_cpu(sorted) { cpu::gather_sum(sorted, rows, k) } else { generic::gather_sum(sorted, rows, k) }
}

/// Holds every CPU kernel against the libtorch operations that serve other devices.
#[cfg(test)]
pub(crate) fn agree(p: &Prepared, random: &dyn Fn(&str, &[i64]) -> Tensor) {
    let close = |name: &str, a: &Tensor, b: &Tensor| {
        assert_eq!(a.size(), b.size(), "{name}");
        let apart = (a - b).abs().max().double_value(&[]);
        assert!(apart < 1e-4, "{name}: {apart}");
    };
    let (x, w, dy) = (random("x", &[40, 32]), random("w", &[32]), random("dy", &[40, 32]));
    let (y, r) = cpu::rms_norm(&x, &w, 1e-5);
    let (y2, r2) = generic::rms_norm(&x, &w, 1e-5, Kind::Float);
    close("norm", &y, &y2);
    close("norm's scale", &r, &r2);
    let (dx, dw) = cpu::rms_norm_backward(&dy, &x, &r, &w, true);
    let (dx2, dw2) = generic::rms_norm_backward(&dy, &x, &r, &w, true);
    close("norm backward", &dx, &dx2);
    close("norm's weight", &dw.unwrap(), &dw2.unwrap());
    let (gu, dh) = (random("gu", &[40, 50]) * 4.0, random("dh", &[40, 25]));
    close("swiglu", &cpu::swiglu(&gu), &generic::swiglu(&gu));
    close("swiglu backward", &cpu::swiglu_backward(&gu, &dh), &generic::swiglu_backward(&gu, &dh));
    let qkv = random("qkv", &[40, 64]);
    let (a, b) = (cpu::split_heads(p, &qkv, 2, 3), generic::split_heads(p, &qkv, 2, 3));
    close("q", &a.0, &b.0);
    close("k", &a.1, &b.1);
    close("v", &a.2, &b.2);
    let (a, b) = (cpu::join_heads(p, &a.0, &a.1, &a.2), generic::join_heads(p, &b.0, &b.1, &b.2));
    close("heads joined", &a, &b);
    let logits = random("logits", &[20, 3]);
    let (probs, chosen, weights) = choose(&logits, 2);
    let (top, best) = logits.softmax(-1, Kind::Float).topk(2, -1, true, true);
    assert_eq!(chosen, best);
    close("weights", &weights, &(&top / top.sum_dim_intlist([-1i64].as_slice(), true, Kind::Float)));
    let (tokens, rows, counts) = sort_by_expert(&chosen, 3);
    let r = Routing { probs, chosen, weights, tokens, rows, counts };
    let (y, dout) = (random("y", &[40, 32]), random("dout", &[20, 32]));
    close("combine", &cpu::combine(&y, &r.rows, &r.weights), &generic::combine(&y, &r.rows, &r.weights));
    let (a, b) = (cpu::combine_backward(&dout, &y, &r), generic::combine_backward(&dout, &y, &r));
    close("combine backward", &a.0, &b.0);
    close("weights backward", &a.1, &b.1);
    close("gather", &cpu::gather_sum(&y, &r.rows, 2), &generic::gather_sum(&y, &r.rows, 2));
}
