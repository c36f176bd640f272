//! AdamW with its state in the open (a state of the chain is weights, m and v), the learning-rate schedule, and
//! clipping by the global norm.

use crate::kernels::{AdamStep, adam, sum_of_squares};
use crate::tensors::TensorMap;
use crate::{LearnError, Recipe, Result};

/// What every run of this version uses; a change is a new version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyper {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Greatest global norm of a gradient.
    pub clip: f64,
}

impl Default for Hyper {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.0, clip: 1.0 }
    }
}

/// Fraction of its peak that a schedule ends at, so that no interval stands still.
pub const FLOOR: f64 = 0.1;

/// The learning rate of step `step` of `steps`: linear warm-up, then a cosine that reaches 10 % of the peak at the
/// last step.
pub fn learning_rate(recipe: &Recipe, step: u64, steps: u64) -> f64 {
    let peak = recipe.peak_lr_nano as f64 * 1e-9;
    let warmup = u64::from(recipe.warmup_steps).min(steps);
    if step < warmup {
        return peak * (step + 1) as f64 / (warmup + 1) as f64;
    }
    let last = (steps.saturating_sub(1)).saturating_sub(warmup).max(1);
    let done = ((step - warmup) as f64 / last as f64).min(1.0);
    peak * (FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()))
}

/// One update of `w`, `m` and `v` (same names) by gradients; `step` counts from 0. Gives the gradient's norm
/// before clipping.
pub(crate) fn update(
    hyper: &Hyper,
    lr: f64,
    step: u64,
    w: &mut TensorMap,
    m: &mut TensorMap,
    v: &mut TensorMap,
    grads: &TensorMap,
) -> Result<f64> {
    let norm = grads.iter().map(|(_, g)| sum_of_squares(g)).sum::<f64>().sqrt();
    if !norm.is_finite() {
        return Err(LearnError::Diverged { step });
    }
    let t = i32::try_from(step + 1).unwrap_or(i32::MAX);
    let s = AdamStep {
        lr: lr as f32,
        beta1: hyper.beta1 as f32,
        beta2: hyper.beta2 as f32,
        eps: hyper.eps as f32,
        decay: hyper.weight_decay as f32,
        correction1: (1.0 - hyper.beta1.powi(t)) as f32,
        correction2: (1.0 - hyper.beta2.powi(t)) as f32,
        scale: (hyper.clip / norm.max(hyper.clip)) as f32,
    };
    for (name, m) in m.iter_mut() {
        adam(w.get_mut(name)?, m, v.get_mut(name)?, grads.get(name)?, s);
    }
    Ok(norm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(warmup_steps: u32) -> Recipe {
        Recipe { peak_lr_nano: 4_000_000, warmup_steps, mixture: vec![1] }
    }

    #[test]
    fn the_schedule_starts_at_its_peak_and_ends_at_ten_percent() {
        assert!((learning_rate(&recipe(0), 0, 400) - 4e-3).abs() < 1e-12);
        assert!((learning_rate(&recipe(0), 399, 400) - 4e-4).abs() < 1e-12);
        assert!((learning_rate(&recipe(20), 20, 400) - 4e-3).abs() < 1e-12);
        assert!((learning_rate(&recipe(20), 399, 400) - 4e-4).abs() < 1e-12);
    }

    #[test]
    fn the_schedule_is_never_zero_and_never_above_its_peak() {
        for steps in [1, 2, 3, 10, 400] {
            for warmup in [0, 1, 5, 500] {
                for step in 0..steps {
                    let lr = learning_rate(&recipe(warmup), step, steps);
                    assert!(lr > 0.0 && lr <= 4e-3 + 1e-12, "{steps} {warmup} {step}: {lr}");
                }
            }
        }
    }
}
