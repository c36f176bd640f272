//! The backward pass: from the gradient of the logits to the gradients of what is trained, and no further down
//! than that needs.

use tch::{Kind, Tensor};

use super::attention::attend_backward;
use super::prepared::Layer;
use super::{LayerTape, Prepared, Tape};
use crate::kernels;
use crate::tensors::TensorMap;
use crate::{Result, Target};

/// What a pass must compute gradients for, and the losses on the router itself.
pub(crate) struct Needs<'a> {
    pub target: Target,
    /// For each layer, the gradient [tokens, experts] of losses that touch the router's logits directly.
    pub router: Option<&'a [Tensor]>,
}

/// Gradients by name (fp32) of what the target trains, given the gradient of the logits.
pub(crate) fn backward(p: &Prepared, tape: &Tape, dlogits: &Tensor, needs: &Needs<'_>) -> Result<TensorMap> {
    let mut grads = TensorMap::new();
    let everything = matches!(needs.target, Target::Base {});
    let dlogits = dlogits.reshape([-1, p.config.vocab_size as i64]).to_kind(p.kind);
    let mut dhead = everything.then(|| float(&dlogits.tr().matmul(&tape.n)));
    let dn = dlogits.matmul(&p.head);
    let (mut dx, dw) = kernels::rms_norm_backward(&dn, &tape.x, &tape.r, &p.norm, everything);
    if let Some(dw) = dw {
        grads.insert("model.norm.weight", dw);
    }
    for (l, (layer, t)) in p.layers.iter().zip(&tape.layers).enumerate().rev() {
        let at = format!("model.layers.{l}");
        let lowest = l == 0 && !everything;
        let direct = needs.router.and_then(|r| r.get(l));
        let Some(dn_post) = mixture_backward(p, layer, t, &dx, needs.target, lowest, direct, &at, &mut grads)
        else {
            break;
        };
        let (d, dw) =
            kernels::rms_norm_backward(&dn_post, &t.x_post, &t.r_post, &layer.norm_post, everything);
        insert(&mut grads, format!("{at}.post_attention_layernorm.weight"), dw);
        dx += d;
        if everything {
            grads.insert(format!("{at}.self_attn.o_proj.weight"), float(&dx.tr().matmul(&t.mixed)));
        }
        let dqkv = attend_backward(p, &t.attended, &dx.matmul(&layer.o), tape.rows);
        if everything {
            let d = p.config.head_size() as i64;
            let (q, kv) = (p.config.num_attention_heads as i64 * d, p.config.num_key_value_heads as i64 * d);
            let parts = float(&dqkv.tr().matmul(&t.n_in)).split_with_sizes([q, kv, kv], 0);
            for (name, part) in ["q", "k", "v"].iter().zip(parts) {
                grads.insert(format!("{at}.self_attn.{name}_proj.weight"), part.contiguous());
            }
        }
        let dn_in = dqkv.matmul(&layer.qkv);
        let (d, dw) = kernels::rms_norm_backward(&dn_in, &t.x, &t.r_in, &layer.norm_in, everything);
        insert(&mut grads, format!("{at}.input_layernorm.weight"), dw);
        dx += d;
    }
    if everything {
        let dx = float(&dx);
        let mut dembed = Tensor::zeros(p.embed.size(), (Kind::Float, p.device));
        let _ = dembed.index_add_(0, &tape.ids, &dx);
        match dhead.take() {
            Some(dhead) if p.config.tie_word_embeddings => dembed += dhead,
            Some(dhead) => grads.insert("lm_head.weight", dhead),
            None => {}
        }
        grads.insert("model.embed_tokens.weight", dembed);
    }
    Ok(grads)
}

fn float(t: &Tensor) -> Tensor {
    t.to_kind(Kind::Float)
}

fn insert(grads: &mut TensorMap, name: String, gradient: Option<Tensor>) {
    if let Some(gradient) = gradient {
        grads.insert(name, gradient);
    }
}

/// Gradients of a layer's experts and router; gives the gradient of the mixture's input, unless nothing below
/// needs it (`lowest`).
#[allow(clippy::too_many_arguments)]
fn mixture_backward(
    p: &Prepared,
    layer: &Layer,
    t: &LayerTape,
    dout: &Tensor,
    target: Target,
    lowest: bool,
    direct: Option<&Tensor>,
    at: &str,
    grads: &mut TensorMap,
) -> Option<Tensor> {
    let r = &t.moe.routing;
    let base = format!("{at}.block_sparse_moe");
    let learns = |e: usize| match target {
        Target::Base {} => true,
        Target::Router {} => false,
        Target::Expert { index } => index as usize == e,
    };
    let router = !matches!(target, Target::Expert { .. });
    // In the lowest layer only the trained expert's own rows, or the router's weights, are of use.
    let (dy, dweights) = kernels::combine_backward(dout, &t.moe.y, r);
    let mut dsorted = if lowest { None } else { Some(t.moe.x.empty_like()) };
    let mut row = 0;
    for (e, expert) in layer.experts.iter().enumerate() {
        let count = r.counts[e];
        let start = row;
        row += count;
        if lowest && !learns(e) {
            continue;
        }
        let dy = dy.narrow(0, start, count);
        let dgu = kernels::swiglu_backward(&t.moe.gate_up[e], &dy.matmul(&expert.w2));
        if learns(e) {
            let name = format!("{base}.experts.{e}");
            let w13 = float(&dgu.tr().matmul(&t.moe.x.narrow(0, start, count)));
            let halves = w13.chunk(2, 0);
            grads.insert(format!("{name}.w1.weight"), halves[0].shallow_clone());
            grads.insert(format!("{name}.w2.weight"), float(&dy.tr().matmul(&t.moe.hidden[e])));
            grads.insert(format!("{name}.w3.weight"), halves[1].shallow_clone());
        }
        if let Some(dsorted) = &dsorted {
            let _ = dgu.matmul_out(&dsorted.narrow(0, start, count), &expert.w13);
        }
    }
    if lowest && !router {
        return None;
    }
    let mut dlogits = kernels::route_backward(r, &dweights);
    if let Some(direct) = direct {
        dlogits += direct;
    }
    let dlogits = dlogits.to_kind(p.kind);
    if router {
        grads.insert(format!("{base}.gate.weight"), float(&dlogits.tr().matmul(&t.n_post)));
    }
    let dsorted = dsorted.take()?;
    Some(
        kernels::gather_sum(&dsorted, &r.rows, p.config.num_experts_per_tok as i64)
            .addmm(&dlogits, &layer.gate),
    )
}
