//! The same steps as libtorch operations, for every device and kind.

use tch::{Kind, Tensor};

use crate::nn::{Prepared, Routing};

fn float(t: &Tensor) -> Tensor {
    t.to_kind(Kind::Float)
}

fn mean(t: &Tensor) -> Tensor {
    t.mean_dim([-1i64].as_slice(), true, Kind::Float)
}

pub(super) fn rms_norm(x: &Tensor, w: &Tensor, eps: f64, kind: Kind) -> (Tensor, Tensor) {
    let x = float(x);
    let r = (mean(&x.square()) + eps).rsqrt();
    ((x * &r * w).to_kind(kind), r.squeeze_dim(-1))
}

pub(super) fn rms_norm_backward(
    dy: &Tensor,
    x: &Tensor,
    r: &Tensor,
    w: &Tensor,
    weight: bool,
) -> (Tensor, Option<Tensor>) {
    let (kind, dy, x, r) = (x.kind(), float(dy), float(x), r.unsqueeze(-1));
    let g = &dy * w;
    let c = mean(&(&g * &x)) * &r * &r * &r;
    let dx = (g * &r - &x * c).to_kind(kind);
    (dx, weight.then(|| (dy * x * r).sum_dim_intlist([0i64].as_slice(), false, Kind::Float)))
}

pub(super) fn swiglu(gate_up: &Tensor) -> Tensor {
    let parts = gate_up.chunk(2, -1);
    parts[0].silu() * &parts[1]
}

pub(super) fn swiglu_backward(gate_up: &Tensor, dh: &Tensor) -> Tensor {
    let parts = gate_up.chunk(2, -1);
    let (g, u) = (&parts[0], &parts[1]);
    Tensor::cat(&[g.silu_backward(&(dh * u)), dh * g.silu()], -1)
}

/// Rotates the two halves of [rows, positions, heads, head]; `way` is 1 forward and −1 for gradients.
fn rotate(p: &Prepared, x: &Tensor, offset: i64, way: f64) -> Tensor {
    let positions = x.size()[1];
    let table = |t: &Tensor| t.narrow(0, offset, positions).unsqueeze(1);
    let (c, s) = (table(&p.cos), table(&p.sin) * way);
    let parts = float(x).chunk(2, -1);
    let (a, b) = (&parts[0], &parts[1]);
    Tensor::cat(&[a * &c - b * &s, b * &c + a * &s], -1).to_kind(x.kind())
}

pub(super) fn split_heads(p: &Prepared, qkv: &Tensor, rows: i64, offset: i64) -> (Tensor, Tensor, Tensor) {
    let (q, kv) = (p.config.num_attention_heads as i64, p.config.num_key_value_heads as i64);
    let parts =
        qkv.reshape([rows, -1, q + 2 * kv, p.config.head_size() as i64]).split_with_sizes([q, kv, kv], 2);
    let shared = |t: Tensor| t.repeat_interleave_self_int(q / kv, 2, None).transpose(1, 2);
    (
        rotate(p, &parts[0], offset, 1.0).transpose(1, 2),
        shared(rotate(p, &parts[1], offset, 1.0)),
        shared(parts[2].shallow_clone()),
    )
}

pub(super) fn join_heads(p: &Prepared, dq: &Tensor, dk: &Tensor, dv: &Tensor) -> Tensor {
    let kv = p.config.num_key_value_heads as i64;
    let size = dq.size();
    let (rows, heads, positions, d) = (size[0], size[1], size[2], size[3]);
    let shared = |t: &Tensor| {
        let t = t.transpose(1, 2).reshape([rows, positions, kv, heads / kv, d]);
        t.sum_dim_intlist([3i64].as_slice(), false, t.kind())
    };
    let parts = [rotate(p, &dq.transpose(1, 2), 0, -1.0), rotate(p, &shared(dk), 0, -1.0), shared(dv)];
    Tensor::cat(&parts, 2).reshape([rows * positions, -1])
}

pub(super) fn combine(y: &Tensor, rows: &Tensor, weights: &Tensor) -> Tensor {
    let (tokens, k) = (weights.size()[0], weights.size()[1]);
    let picked = y.index_select(0, rows).reshape([tokens, k, -1]);
    let sum = (float(&picked) * weights.unsqueeze(-1)).sum_dim_intlist([1i64].as_slice(), false, Kind::Float);
    sum.to_kind(y.kind())
}

pub(super) fn combine_backward(dout: &Tensor, y: &Tensor, r: &Routing) -> (Tensor, Tensor) {
    let (tokens, k) = (r.weights.size()[0], r.weights.size()[1]);
    let picked = float(&y.index_select(0, &r.rows)).reshape([tokens, k, -1]);
    let dout = float(dout).unsqueeze(1);
    let dweights = (&picked * &dout).sum_dim_intlist([-1i64].as_slice(), false, Kind::Float);
    let spread = (dout * r.weights.unsqueeze(-1)).reshape([tokens * k, -1]).to_kind(y.kind());
    let mut dy = y.empty_like();
    let _ = dy.index_copy_(0, &r.rows, &spread);
    (dy, dweights)
}

pub(super) fn gather_sum(sorted: &Tensor, rows: &Tensor, k: i64) -> Tensor {
    let picked = sorted.index_select(0, rows).reshape([rows.size()[0] / k, k, -1]);
    picked.sum_dim_intlist([1i64].as_slice(), false, sorted.kind())
}
