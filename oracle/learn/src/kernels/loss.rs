//! Cross-entropy of next tokens.

use tch::{Kind, Tensor};

use super::simd::{exp, wide};
use super::slice::{floats, floats_mut, ints};

/// Losses in nats [tokens], and the gradient of their mean by the logits.
pub(crate) struct CrossEntropy {
    pub losses: Tensor,
    pub dlogits: Option<Tensor>,
}

wide! {
    fn rows(logits: &[f32], targets: &[i64], losses: &mut [f32], grad: Option<&mut [f32]>, scratch: &mut [f32]) {
        let mut grad = grad;
        let width = scratch.len();
        let scale = 1.0 / targets.len() as f32;
        for (t, (logits, (target, loss))) in logits.chunks_exact(width).zip(targets.iter().zip(losses)).enumerate() {
            let mut tops = [f32::MIN; 16];
            for chunk in logits.chunks(16) {
                for (top, l) in tops.iter_mut().zip(chunk) {
                    *top = if *l > *top { *l } else { *top };
                }
            }
            let top = tops.iter().copied().fold(f32::MIN, f32::max);
            for (e, l) in scratch.iter_mut().zip(logits) {
                *e = exp(*l - top);
            }
            let sum = super::simd::sum2(scratch, scratch, |a, _| a);
            *loss = sum.ln() + top - logits[*target as usize];
            if let Some(grad) = &mut grad {
                let grad = &mut grad[t * width..(t + 1) * width];
                let factor = scale / sum;
                for (g, e) in grad.iter_mut().zip(&*scratch) {
                    *g = *e * factor;
                }
                grad[*target as usize] -= scale;
            }
        }
    }
}

/// Cross-entropy of logits [tokens, vocabulary] (fp32) with target ids [tokens].
pub(crate) fn cross_entropy(logits: &Tensor, targets: &Tensor, gradient: bool) -> CrossEntropy {
    let tokens = logits.size()[0];
    if !super::on_cpu(logits) {
        let logp = logits.log_softmax(-1, Kind::Float);
        let index = targets.unsqueeze(-1);
        let losses = -logp.gather(1, &index, false).squeeze_dim(-1);
        let dlogits = gradient.then(|| {
            let one = Tensor::ones([tokens, 1], (Kind::Float, logits.device()));
            (logp.exp() - logits.zeros_like().scatter(1, &index, &one)) / tokens as f64
        });
        return CrossEntropy { losses, dlogits };
    }
    let mut losses = Tensor::empty([tokens], (Kind::Float, logits.device()));
    let mut dlogits = gradient.then(|| logits.empty_like());
    let mut scratch = vec![0.0; logits.size()[1] as usize];
    let grad = dlogits.as_mut().map(floats_mut);
    rows(floats(logits), ints(targets), floats_mut(&mut losses), grad, &mut scratch);
    CrossEntropy { losses, dlogits }
}
