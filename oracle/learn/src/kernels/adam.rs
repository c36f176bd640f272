//! AdamW's update of one tensor, in one pass.

use tch::{Kind, Tensor};

use super::simd::wide;
use super::slice::{floats, floats_mut};

/// The numbers of one step of AdamW.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    pub lr: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub eps: f32,
    pub decay: f32,
    /// 1 − β₁ᵗ and 1 − β₂ᵗ.
    pub correction1: f32,
    pub correction2: f32,
    /// What the gradient is multiplied with (clipping).
    pub scale: f32,
}

wide! {
    fn update(w: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], s: AdamStep) {
        let (rate, root) = (s.lr / s.correction1, 1.0 / s.correction2.sqrt());
        let keep = 1.0 - s.lr * s.decay;
        for (((w, m), v), g) in w.iter_mut().zip(m).zip(v).zip(g) {
            let g = *g * s.scale;
            *m = *m * s.beta1 + g * (1.0 - s.beta1);
            *v = *v * s.beta2 + g * g * (1.0 - s.beta2);
            *w = *w * keep - rate * *m / (v.sqrt() * root + s.eps);
        }
    }

    /// Σ x² in f64, in a fixed order.
    fn squares(x: &[f32]) -> f64 {
        let mut lanes = [0.0f64; 8];
        let chunks = x.chunks_exact(8);
        let tail: f64 = chunks.remainder().iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        for chunk in chunks {
            for i in 0..8 {
                lanes[i] += f64::from(chunk[i]) * f64::from(chunk[i]);
            }
        }
        lanes.iter().sum::<f64>() + tail
    }
}

/// Updates `w`, `m` and `v` in place (Loshchilov & Hutter 2019, decoupled weight decay).
pub(crate) fn adam(w: &mut Tensor, m: &mut Tensor, v: &mut Tensor, g: &Tensor, s: AdamStep) {
    if super::on_cpu(w) {
        let g = g.contiguous();
        update(floats_mut(w), floats_mut(m), floats_mut(v), floats(&g), s);
        return;
    }
    let g = g * f64::from(s.scale);
    let _ = m.g_mul_scalar_(f64::from(s.beta1));
    *m += &g * f64::from(1.0 - s.beta1);
    let _ = v.g_mul_scalar_(f64::from(s.beta2));
    *v += g.square() * f64::from(1.0 - s.beta2);
    let root = v.sqrt() / f64::from(s.correction2).sqrt() + f64::from(s.eps);
    let _ = w.g_mul_scalar_(1.0 - f64::from(s.lr) * f64::from(s.decay));
    *w -= &*m / root * f64::from(s.lr / s.correction1);
}

/// Σ x².
pub(crate) fn sum_of_squares(x: &Tensor) -> f64 {
    if super::on_cpu(x) {
        squares(floats(&x.contiguous()))
    } else {
        x.square().sum(Kind::Double).double_value(&[])
    }
}
