//! Scores: bits per byte on items, and the gain of a child over a reference on the same items.

use lyceum_api::MICRO;
use tch::Kind;

use crate::data::Batch;
use crate::items::Items;
use crate::kernels;
use crate::nn::{Prepared, forward};
use crate::{LearnError, Model, Result};

/// Windows of one forward pass.
const ROWS: usize = 8;

/// Bits per byte × 10⁻⁶, of each item and their mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreReport {
    /// Mean over items.
    pub mean: i64,
    /// One for each item, in order.
    pub items: Vec<i64>,
}

impl ScoreReport {
    fn new(items: Vec<i64>) -> Result<Self> {
        let count = i128::try_from(items.len()).unwrap_or(i128::MAX);
        if count == 0 {
            return Err(LearnError::Items("none to score".to_owned()));
        }
        let sum: i128 = items.iter().map(|i| i128::from(*i)).sum();
        Ok(Self { mean: (sum / count) as i64, items })
    }
}

/// Scores a model: for each item the mean over its bytes but the first of −log₂ p(byte | bytes before it).
pub fn score(model: &Model, items: &Items) -> Result<ScoreReport> {
    let longest = model.config().max_position_embeddings + 1;
    if let Some(item) = items.windows().iter().find(|w| w.len() > longest) {
        let text = format!("one of {} bytes, the model reads {longest} at once", item.len());
        return Err(LearnError::Items(text));
    }
    if model.config().vocab_size < 256 {
        return Err(LearnError::Items("bytes need a vocabulary of 256".to_owned()));
    }
    let prepared = Prepared::new(model.config(), model.weights(), model.device())?;
    let mut scores = Vec::with_capacity(items.len());
    for run in items.windows().chunk_by(|a, b| a.len() == b.len()) {
        for rows in run.chunks(ROWS) {
            let window = rows[0].len();
            let batch = Batch { bytes: rows.concat(), shards: vec![0; rows.len()], window };
            let (ids, targets) = batch.tensors(model.device());
            let logits = forward(&prepared, &ids, None).reshape([-1, model.config().vocab_size as i64]);
            let losses = kernels::cross_entropy(&logits, &targets, false).losses;
            let means =
                losses.reshape([rows.len() as i64, -1]).mean_dim([1i64].as_slice(), false, Kind::Double);
            for nats in Vec::<f64>::try_from(&means)? {
                let bits = nats / std::f64::consts::LN_2 * MICRO as f64;
                if !bits.is_finite() {
                    return Err(LearnError::NotFinite { name: "logits".to_owned() });
                }
                scores.push(bits.round() as i64);
            }
        }
    }
    ScoreReport::new(scores)
}

/// The gain that is paid: the mean over items of (reference − child) less two standard errors, in percent × 10⁻⁶ of
/// the reference's mean. Positive is better (bits per byte fall). Needs two items or more.
pub fn gain(reference: &ScoreReport, child: &ScoreReport) -> Result<i64> {
    let n = reference.items.len();
    if n < 2 || child.items.len() != n {
        return Err(LearnError::Items(format!("{n} of the reference, {} of the child", child.items.len())));
    }
    if reference.mean <= 0 {
        return Err(LearnError::Items(format!("a reference of {} micro-bits", reference.mean)));
    }
    let differences: Vec<f64> =
        reference.items.iter().zip(&child.items).map(|(r, c)| (r - c) as f64).collect();
    let mean = differences.iter().sum::<f64>() / n as f64;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let lower = mean - 2.0 * (variance / n as f64).sqrt();
    Ok((lower / reference.mean as f64 * 100.0 * MICRO as f64).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(items: &[i64]) -> ScoreReport {
        ScoreReport::new(items.to_vec()).unwrap()
    }

    #[test]
    fn a_gain_is_the_paired_mean_less_two_standard_errors_in_percent() {
        let reference = report(&[2_000_000, 4_000_000]);
        assert_eq!(gain(&reference, &report(&[1_900_000, 3_900_000])).unwrap(), 3_333_333);
        // Differences 200 000 and 0: mean 100 000, standard error 100 000, so the bound is -100 000 of 3 000 000.
        assert_eq!(gain(&reference, &report(&[1_800_000, 4_000_000])).unwrap(), -3_333_333);
        assert_eq!(gain(&reference, &reference).unwrap(), 0);
    }

    #[test]
    fn reports_that_do_not_pair_are_refused() {
        assert!(gain(&report(&[1, 2]), &report(&[1, 2, 3])).is_err());
        assert!(gain(&report(&[1]), &report(&[1])).is_err());
        assert!(gain(&report(&[0, 0]), &report(&[0, 0])).is_err());
        assert!(ScoreReport::new(vec![]).is_err());
    }
}
