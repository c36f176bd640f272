//! Causal grouped-query attention with rotary positions, through libtorch's fused
//! `scaled_dot_product_attention`. On the CPU the kernel behind it is called by its own name, because its
//! backward is then at hand without autograd; elsewhere a graph of one node gives the backward.

use tch::{Kind, Tensor};

use super::Prepared;
use crate::ModelConfig;
use crate::kernels;

/// What an attention leaves for its backward. Everything is [rows, heads, positions, head].
pub(crate) struct Attended {
    q: Tensor,
    k: Tensor,
    v: Tensor,
    out: Tensor,
    /// Log-sum-exp of the scores; absent where autograd keeps it.
    lse: Option<Tensor>,
}

/// Cosines and sines [positions, head / 2] of the rotary angles position · θ^(−2i/head), in fp32 from f64.
pub(crate) fn rotary_tables(config: &ModelConfig, device: tch::Device) -> (Tensor, Tensor) {
    let half = config.head_size() / 2;
    let mut cos = Vec::with_capacity(config.max_position_embeddings * half);
    let mut sin = Vec::with_capacity(config.max_position_embeddings * half);
    for position in 0..config.max_position_embeddings {
        for i in 0..half {
            // transformers rounds the frequency and the angle to fp32; so do we, to agree far into a context.
            let frequency = (1.0 / config.rope_theta.powf(2.0 * i as f64 / config.head_size() as f64)) as f32;
            let angle = f64::from(position as f32 * frequency);
            cos.push(angle.cos() as f32);
            sin.push(angle.sin() as f32);
        }
    }
    let shape = [config.max_position_embeddings as i64, half as i64];
    let table = |v: &[f32]| Tensor::from_slice(v).reshape(shape).to_device(device);
    (table(&cos), table(&sin))
}

/// Attention of joined projections `qkv` [rows · positions, q + 2·kv]; gives [rows · positions, q] and, where
/// `keep`, what the backward needs.
pub(crate) fn attend(p: &Prepared, qkv: &Tensor, rows: i64, keep: bool) -> (Tensor, Option<Attended>) {
    let (q, k, v) = kernels::split_heads(p, qkv, rows, 0);
    let auto = p.autograd && keep;
    let (q, k, v) = if auto {
        let leaf = |t: Tensor| t.detach().set_requires_grad(true);
        (leaf(q), leaf(k), leaf(v))
    } else {
        (q, k, v)
    };
    let (out, lse) = if !p.autograd {
        let none = None::<&Tensor>;
        let (out, lse) =
            Tensor::internal_scaled_dot_product_flash_attention_for_cpu(&q, &k, &v, 0.0, true, none, None);
        (out, Some(lse))
    } else {
        let none = None::<&Tensor>;
        (Tensor::scaled_dot_product_attention(&q, &k, &v, none, 0.0, true, None, false), None)
    };
    let flat = out.detach().transpose(1, 2).reshape([qkv.size()[0], -1]);
    (flat, keep.then_some(Attended { q, k, v, out, lse }))
}

/// The gradient of `qkv` from the gradient of the attention's output [rows · positions, q].
pub(crate) fn attend_backward(p: &Prepared, a: &Attended, dout: &Tensor, rows: i64) -> Tensor {
    let shape = a.out.size();
    let dout = dout.reshape([rows, -1, shape[1], shape[3]]).transpose(1, 2);
    let (dq, dk, dv) = match &a.lse {
        Some(lse) => Tensor::internal_scaled_dot_product_flash_attention_for_cpu_backward(
            &dout,
            &a.q,
            &a.k,
            &a.v,
            &a.out,
            lse,
            0.0,
            true,
            None::<&Tensor>,
            None,
        ),
        None => {
            let root = (&a.out * &dout).sum(Kind::Float);
            let grads = Tensor::run_backward(&[root], &[&a.q, &a.k, &a.v], false, false);
            (grads[0].shallow_clone(), grads[1].shallow_clone(), grads[2].shallow_clone())
        }
    };
    kernels::join_heads(p, &dq, &dk, &dv)
}
