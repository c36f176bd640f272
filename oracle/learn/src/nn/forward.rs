//! The forward pass.

use tch::{Kind, Tensor};

use super::attention::attend;
use super::moe::{MoeTape, mixture};
use super::{Attended, Prepared};
use crate::kernels;

/// What a layer leaves for its backward.
pub(crate) struct LayerTape {
    /// Input, its norm, and the reciprocal root mean square.
    pub x: Tensor,
    pub n_in: Tensor,
    pub r_in: Tensor,
    pub attended: Attended,
    /// Attention's output before the projection.
    pub mixed: Tensor,
    /// After the attention's residual, and its norm.
    pub x_post: Tensor,
    pub n_post: Tensor,
    pub r_post: Tensor,
    pub moe: MoeTape,
}

/// What a pass leaves for its backward.
pub(crate) struct Tape {
    pub layers: Vec<LayerTape>,
    pub ids: Tensor,
    pub rows: i64,
    /// Last residual stream, its norm, and the reciprocal root mean square.
    pub x: Tensor,
    pub n: Tensor,
    pub r: Tensor,
}

/// Logits [rows, positions, vocabulary] in fp32 of ids [rows, positions]; fills `tape` where one is given.
pub(crate) fn forward(p: &Prepared, ids: &Tensor, tape: Option<&mut Option<Tape>>) -> Tensor {
    let (rows, positions) = (ids.size()[0], ids.size()[1]);
    let flat_ids = ids.reshape([-1]);
    let keep = tape.is_some();
    let mut layers = Vec::new();
    let mut x = p.embed.index_select(0, &flat_ids);
    for layer in &p.layers {
        let (n_in, r_in) = kernels::rms_norm(&x, &layer.norm_in, p.config.rms_norm_eps, p.kind);
        let (mixed, attended) = attend(p, &n_in.matmul(&layer.qkv.tr()), rows, keep);
        let x_post = x.addmm(&mixed, &layer.o.tr());
        let (n_post, r_post) = kernels::rms_norm(&x_post, &layer.norm_post, p.config.rms_norm_eps, p.kind);
        let (out, moe) = mixture(p, layer, &n_post, keep);
        let next = &x_post + out;
        if let (Some(attended), Some(moe)) = (attended, moe) {
            layers.push(LayerTape { x, n_in, r_in, attended, mixed, x_post, n_post, r_post, moe });
        }
        x = next;
    }
    let (n, r) = kernels::rms_norm(&x, &p.norm, p.config.rms_norm_eps, p.kind);
    let logits = n.matmul(&p.head.tr()).to_kind(Kind::Float).reshape([rows, positions, -1]);
    if let Some(slot) = tape {
        *slot = Some(Tape { layers, ids: flat_ids, rows, x, n, r });
    }
    logits
}
