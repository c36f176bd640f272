//! The CPU's kernels: one pass each over contiguous fp32.

use tch::{Kind, Tensor};

use super::simd::{exp, sum2, wide};
use super::slice::{floats, floats_mut, ints};
use crate::nn::{Prepared, Routing};

fn empty(shape: &[i64]) -> Tensor {
    Tensor::empty(shape, (Kind::Float, tch::Device::Cpu))
}

wide! {
    fn norm_rows(x: &[f32], w: &[f32], eps: f32, y: &mut [f32], r: &mut [f32]) {
        let width = w.len();
        for ((x, y), r) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(r) {
            let scale = 1.0 / (sum2(x, x, |a, b| a * b) / width as f32 + eps).sqrt();
            *r = scale;
            for ((y, x), w) in y.iter_mut().zip(x).zip(w) {
                *y = *x * scale * *w;
            }
        }
    }

    fn norm_rows_backward(dy: &[f32], x: &[f32], r: &[f32], w: &[f32], dx: &mut [f32], t: &mut [f32]) {
        let width = w.len();
        let rows = dy.chunks_exact(width).zip(x.chunks_exact(width)).zip(dx.chunks_exact_mut(width)).zip(r);
        for (((dy, x), dx), r) in rows {
            for ((t, dy), w) in t.iter_mut().zip(dy).zip(w) {
                *t = *dy * *w;
            }
            let c = sum2(t, x, |a, b| a * b) * r * r * r / width as f32;
            for ((dx, t), x) in dx.iter_mut().zip(&*t).zip(x) {
                *dx = *t * *r - *x * c;
            }
        }
    }

    fn norm_weight(dy: &[f32], x: &[f32], r: &[f32], dw: &mut [f32]) {
        let width = dw.len();
        for ((dy, x), r) in dy.chunks_exact(width).zip(x.chunks_exact(width)).zip(r) {
            for ((dw, dy), x) in dw.iter_mut().zip(dy).zip(x) {
                *dw += *dy * *x * *r;
            }
        }
    }

    fn swiglu_rows(gu: &[f32], h: &mut [f32], n: usize) {
        for (gu, h) in gu.chunks_exact(2 * n).zip(h.chunks_exact_mut(n)) {
            let (g, u) = gu.split_at(n);
            for ((h, g), u) in h.iter_mut().zip(g).zip(u) {
                *h = *g / (1.0 + exp(-*g)) * *u;
            }
        }
    }

    fn swiglu_rows_backward(gu: &[f32], dh: &[f32], dgu: &mut [f32], n: usize) {
        for ((gu, dh), dgu) in gu.chunks_exact(2 * n).zip(dh.chunks_exact(n)).zip(dgu.chunks_exact_mut(2 * n)) {
            let ((g, u), (dg, du)) = (gu.split_at(n), dgu.split_at_mut(n));
            for ((((dg, du), g), u), dh) in dg.iter_mut().zip(du).zip(g).zip(u).zip(dh) {
                let s = 1.0 / (1.0 + exp(-*g));
                *dg = *dh * *u * s * (1.0 + *g * (1.0 - s));
                *du = *dh * *g * s;
            }
        }
    }

    fn combine_rows(y: &[f32], rows: &[i64], weights: &[f32], out: &mut [f32], width: usize, k: usize) {
        for ((out, rows), weights) in out.chunks_exact_mut(width).zip(rows.chunks_exact(k)).zip(weights.chunks_exact(k)) {
            out.fill(0.0);
            for (row, weight) in rows.iter().zip(weights) {
                let y = &y[*row as usize * width..][..width];
                for (out, y) in out.iter_mut().zip(y) {
                    *out += *y * *weight;
                }
            }
        }
    }

    fn combine_rows_backward(
        dout: &[f32], y: &[f32], rows: &[i64], weights: &[f32], dy: &mut [f32], dw: &mut [f32], width: usize, k: usize,
    ) {
        for (a, ((row, weight), dw)) in rows.iter().zip(weights).zip(dw).enumerate() {
            let dout = &dout[a / k * width..][..width];
            let at = *row as usize * width;
            *dw = sum2(dout, &y[at..at + width], |a, b| a * b);
            for (dy, dout) in dy[at..at + width].iter_mut().zip(dout) {
                *dy = *dout * *weight;
            }
        }
    }

    fn rotate(x: &[f32], cos: &[f32], sin: &[f32], out: &mut [f32]) {
        let ((a, b), (oa, ob)) = (x.split_at(cos.len()), out.split_at_mut(cos.len()));
        for (((((oa, ob), a), b), c), s) in oa.iter_mut().zip(ob).zip(a).zip(b).zip(cos).zip(sin) {
            *oa = *a * *c - *b * *s;
            *ob = *b * *c + *a * *s;
        }
    }

    fn add(out: &mut [f32], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += *x;
        }
    }
}

pub(super) fn rms_norm(x: &Tensor, w: &Tensor, eps: f32) -> (Tensor, Tensor) {
    let (mut y, mut r) = (x.empty_like(), empty(&[x.size()[0]]));
    norm_rows(floats(x), floats(w), eps, floats_mut(&mut y), floats_mut(&mut r));
    (y, r)
}

pub(super) fn rms_norm_backward(
    dy: &Tensor,
    x: &Tensor,
    r: &Tensor,
    w: &Tensor,
    weight: bool,
) -> (Tensor, Option<Tensor>) {
    let mut dx = x.empty_like();
    let mut scratch = vec![0.0; w.numel()];
    norm_rows_backward(floats(dy), floats(x), floats(r), floats(w), floats_mut(&mut dx), &mut scratch);
    let dw = weight.then(|| {
        let mut dw = w.zeros_like();
        norm_weight(floats(dy), floats(x), floats(r), floats_mut(&mut dw));
        dw
    });
    (dx, dw)
}

pub(super) fn swiglu(gate_up: &Tensor) -> Tensor {
    let size = gate_up.size();
    let mut h = empty(&[size[0], size[1] / 2]);
    swiglu_rows(floats(gate_up), floats_mut(&mut h), size[1] as usize / 2);
    h
}

pub(super) fn swiglu_backward(gate_up: &Tensor, dh: &Tensor) -> Tensor {
    let mut out = gate_up.empty_like();
    swiglu_rows_backward(floats(gate_up), floats(dh), floats_mut(&mut out), gate_up.size()[1] as usize / 2);
    out
}

pub(super) fn combine(y: &Tensor, rows: &Tensor, weights: &Tensor) -> Tensor {
    let (width, k) = (y.size()[1], weights.size()[1]);
    let mut out = empty(&[weights.size()[0], width]);
    combine_rows(floats(y), ints(rows), floats(weights), floats_mut(&mut out), width as usize, k as usize);
    out
}

pub(super) fn combine_backward(dout: &Tensor, y: &Tensor, r: &Routing) -> (Tensor, Tensor) {
    let (mut dy, mut dw) = (y.empty_like(), r.weights.empty_like());
    let (width, k) = (y.size()[1] as usize, r.weights.size()[1] as usize);
    let (rows, weights) = (ints(&r.rows), floats(&r.weights));
    combine_rows_backward(
        floats(dout),
        floats(y),
        rows,
        weights,
        floats_mut(&mut dy),
        floats_mut(&mut dw),
        width,
        k,
    );
    (dy, dw)
}

pub(super) fn gather_sum(sorted: &Tensor, rows: &Tensor, k: i64) -> Tensor {
    let width = sorted.size()[1] as usize;
    let mut out = empty(&[rows.size()[0] / k, width as i64]);
    let from = floats(sorted);
    for (out, rows) in floats_mut(&mut out).chunks_exact_mut(width).zip(ints(rows).chunks_exact(k as usize)) {
        for (rank, row) in rows.iter().enumerate() {
            let row = &from[*row as usize * width..][..width];
            if rank == 0 { out.copy_from_slice(row) } else { add(out, row) }
        }
    }
    out
}

/// Sizes of one pass's heads.
struct Heads {
    positions: usize,
    offset: usize,
    q: usize,
    kv: usize,
    d: usize,
}

impl Heads {
    fn of(p: &Prepared, positions: usize, offset: usize) -> Self {
        let c = &p.config;
        Self { positions, offset, q: c.num_attention_heads, kv: c.num_key_value_heads, d: c.head_size() }
    }

    /// The rotary row of a token.
    fn tables<'a>(&self, cos: &'a [f32], sin: &'a [f32], token: usize) -> (&'a [f32], &'a [f32]) {
        let at = (self.offset + token % self.positions) * (self.d / 2);
        (&cos[at..at + self.d / 2], &sin[at..at + self.d / 2])
    }
}

pub(super) fn split_heads(p: &Prepared, qkv: &Tensor, rows: i64, offset: i64) -> (Tensor, Tensor, Tensor) {
    let positions = qkv.size()[0] / rows;
    let h = Heads::of(p, positions as usize, offset as usize);
    let shape = [rows, positions, h.q as i64, h.d as i64];
    let (mut q, mut k, mut v) = (empty(&shape), empty(&shape), empty(&shape));
    let (cos, sin) = (floats(&p.cos), floats(&p.sin));
    let width = h.q * h.d;
    let outs = floats_mut(&mut q)
        .chunks_exact_mut(width)
        .zip(floats_mut(&mut k).chunks_exact_mut(width))
        .zip(floats_mut(&mut v).chunks_exact_mut(width));
    for (token, (row, ((q, k), v))) in floats(qkv).chunks_exact((h.q + 2 * h.kv) * h.d).zip(outs).enumerate()
    {
        let (c, s) = h.tables(cos, sin, token);
        for head in 0..h.q {
            let to = head * h.d..(head + 1) * h.d;
            let shared = head * h.kv / h.q;
            rotate(&row[to.clone()], c, s, &mut q[to.clone()]);
            rotate(&row[(h.q + shared) * h.d..][..h.d], c, s, &mut k[to.clone()]);
            v[to].copy_from_slice(&row[(h.q + h.kv + shared) * h.d..][..h.d]);
        }
    }
    (q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
}

pub(super) fn join_heads(p: &Prepared, dq: &Tensor, dk: &Tensor, dv: &Tensor) -> Tensor {
    let flat = |t: &Tensor| t.transpose(1, 2).contiguous();
    let (dq, dk, dv) = (flat(dq), flat(dk), flat(dv));
    let (rows, positions) = (dq.size()[0], dq.size()[1]);
    let h = Heads::of(p, positions as usize, 0);
    let (cos, sin) = (floats(&p.cos), floats(&p.sin));
    // The gradient of a rotation is the rotation back.
    let back: Vec<f32> = sin.iter().map(|s| -s).collect();
    let wide = (h.q + 2 * h.kv) * h.d;
    let mut out = empty(&[rows * positions, wide as i64]);
    let width = h.q * h.d;
    let ins = floats(&dq)
        .chunks_exact(width)
        .zip(floats(&dk).chunks_exact(width))
        .zip(floats(&dv).chunks_exact(width));
    let group = h.q / h.kv;
    let mut sum = vec![0.0; h.d];
    for (token, (row, ((dq, dk), dv))) in floats_mut(&mut out).chunks_exact_mut(wide).zip(ins).enumerate() {
        let (c, s) = h.tables(cos, &back, token);
        for head in 0..h.q {
            let at = head * h.d..(head + 1) * h.d;
            rotate(&dq[at.clone()], c, s, &mut row[at]);
        }
        for shared in 0..h.kv {
            let heads = |x: &[f32], to: &mut [f32]| {
                to.copy_from_slice(&x[shared * group * h.d..][..h.d]);
                (1..group).for_each(|g| add(to, &x[(shared * group + g) * h.d..][..h.d]));
            };
            heads(dk, &mut sum);
            rotate(&sum, c, s, &mut row[(h.q + shared) * h.d..][..h.d]);
            heads(dv, &mut row[(h.q + h.kv + shared) * h.d..][..h.d]);
        }
    }
    out
}
