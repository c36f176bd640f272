//! Generation, byte by byte, with a cache of keys and values.

use tch::{Device, Kind, Tensor};

use crate::kernels;
use crate::nn::{Prepared, mixture};
use crate::rng::CounterRng;
use crate::{Hash32, LearnError, Model, Result};

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// The likeliest.
    Greedy,
    /// From softmax(logits / temperature), with random numbers counted from a seed.
    Temperature {
        /// Above 0, at most 10.
        temperature: f64,
        /// Where the random numbers come from.
        seed: Hash32,
    },
}

/// A model with the keys and values of the tokens it has read.
#[derive(Debug)]
pub struct Decoder {
    prepared: Prepared,
    /// For each layer keys and values [1, heads, positions, head], filled up to `length`.
    cache: Vec<(Tensor, Tensor)>,
    length: i64,
}

impl Decoder {
    /// A decoder that has read nothing.
    pub fn new(model: &Model) -> Result<Self> {
        let c = model.config();
        let prepared = Prepared::new(c, model.weights(), model.device())?;
        let shape = [1, c.num_attention_heads as i64, c.max_position_embeddings as i64, c.head_size() as i64];
        // The longest context of a configuration may be more than the machine can hold: an error, no panic.
        let zeros = || Tensor::f_zeros(shape, (prepared.kind, prepared.device));
        let cache = (0..c.num_hidden_layers).map(|_| Ok((zeros()?, zeros()?))).collect::<Result<_>>()?;
        Ok(Self { prepared, cache, length: 0 })
    }

    /// Tokens read.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Reads tokens and gives the logits (one for each of the vocabulary) after the last of them. A first reading
    /// takes any number that fits the context; later ones are read one by one.
    pub fn read(&mut self, tokens: &[i64]) -> Result<Vec<f32>> {
        let c = &self.prepared.config;
        let (vocab, most) = (c.vocab_size as i64, c.max_position_embeddings);
        if tokens.is_empty() || self.len() + tokens.len() > most {
            let text = format!("{} tokens after {}, the context is {most}", tokens.len(), self.length);
            return Err(LearnError::Items(text));
        }
        if let Some(bad) = tokens.iter().find(|t| !(0..vocab).contains(t)) {
            return Err(LearnError::Items(format!("token {bad} is outside the vocabulary of {vocab}")));
        }
        if self.length == 0 {
            return Ok(self.pass(tokens));
        }
        let mut logits = Vec::new();
        for token in tokens {
            logits = self.pass(std::slice::from_ref(token));
        }
        Ok(logits)
    }

    fn pass(&mut self, tokens: &[i64]) -> Vec<f32> {
        let p = &self.prepared;
        let (eps, count) = (p.config.rms_norm_eps, tokens.len() as i64);
        let mut x = p.embed.index_select(0, &Tensor::from_slice(tokens).to_device(p.device));
        for (layer, (keys, values)) in p.layers.iter().zip(&self.cache) {
            let (n, _) = kernels::rms_norm(&x, &layer.norm_in, eps, p.kind);
            let (q, k, v) = kernels::split_heads(p, &n.matmul(&layer.qkv.tr()), 1, self.length);
            keys.narrow(2, self.length, count).copy_(&k);
            values.narrow(2, self.length, count).copy_(&v);
            let (k, v) = (keys.narrow(2, 0, self.length + count), values.narrow(2, 0, self.length + count));
            // One new token sees everything before it; several are the first ones, so the mask is the plain triangle.
            let mask = None::<&Tensor>;
            let out = Tensor::scaled_dot_product_attention(&q, &k, &v, mask, 0.0, count > 1, None, false);
            x = x.addmm(&out.transpose(1, 2).reshape([count, -1]), &layer.o.tr());
            let (n, _) = kernels::rms_norm(&x, &layer.norm_post, eps, p.kind);
            x += mixture(p, layer, &n, false).0;
        }
        self.length += count;
        let (n, _) = kernels::rms_norm(&x.narrow(0, count - 1, 1), &p.norm, eps, p.kind);
        crate::tensors::to_vec(&n.matmul(&p.head.tr()).to_kind(Kind::Float).to_device(Device::Cpu))
    }
}

/// Continues a prompt by `count` bytes; `each` sees every new byte. When the context is full, its second half is
/// read afresh. An empty prompt begins with a newline.
pub fn generate(
    model: &Model,
    prompt: &[u8],
    count: usize,
    sampling: Sampling,
    mut each: impl FnMut(u8),
) -> Result<Vec<u8>> {
    if let Sampling::Temperature { temperature, .. } = sampling
        && !(temperature > 0.0 && temperature <= 10.0)
    {
        return Err(LearnError::Config {
            field: "temperature".to_owned(),
            found: temperature.to_string(),
            expected: "above 0, at most 10".to_owned(),
        });
    }
    if model.config().vocab_size < 256 {
        return Err(LearnError::Items("bytes need a vocabulary of 256".to_owned()));
    }
    let context = model.config().max_position_embeddings;
    let mut decoder = Decoder::new(model)?;
    let mut text: Vec<i64> = prompt.iter().map(|b| i64::from(*b)).collect();
    if text.is_empty() {
        text.push(i64::from(b'\n'));
    }
    let begin = text.len().saturating_sub(context);
    let mut logits = decoder.read(&text[begin..])?;
    let mut out = Vec::with_capacity(count.min(1 << 20));
    for i in 0..count {
        let next = choose(&logits[..256], sampling, i as u64);
        each(next);
        out.push(next);
        text.push(i64::from(next));
        if i + 1 == count {
            break;
        }
        logits = if decoder.len() == context {
            decoder.clear();
            decoder.read(&text[text.len() - context.div_ceil(2)..])?
        } else {
            decoder.read(&[i64::from(next)])?
        };
    }
    Ok(out)
}

fn choose(logits: &[f32], sampling: Sampling, index: u64) -> u8 {
    let mut best = 0;
    for (i, l) in logits.iter().enumerate() {
        if *l > logits[best] {
            best = i;
        }
    }
    if let Sampling::Temperature { temperature, seed } = sampling {
        let top = f64::from(logits[best]);
        let weights: Vec<f64> = logits.iter().map(|l| ((f64::from(*l) - top) / temperature).exp()).collect();
        let mut left = CounterRng::new(&seed, "sampling").uniform(index) * weights.iter().sum::<f64>();
        for (i, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return i as u8;
            }
        }
    }
    // Callers pass 256 logits, so the index is a byte.
    best as u8
}
