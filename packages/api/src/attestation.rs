//! Sketches, what an evaluator attests, and what a trainer opens.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Binary;

use crate::Hash32;
use crate::canonical::{Canonical, DecodeError, Decoder, Encoder};
use crate::tasks::ServedState;

/// Commitment tag of an attestation.
pub const ATTESTATION_COMMIT: &str = "lyceum/attestation-commit";

/// Components of the sketch of one part of a state.
pub const SKETCH_DIM: usize = 32;
/// Components of the sketch of a state: w, m and √v, one after another.
pub const STATE_SKETCH: usize = 3 * SKETCH_DIM;
/// A component's magnitude stays below this, so that sums of squares stay exact.
pub const SKETCH_BOUND: i64 = 1 << 55;
/// The most sketches one opening may hold.
pub const MAX_OPENED: u32 = 1024;
/// The most end states one opening may prove.
pub const MAX_ENDS: u32 = 16;
/// The longest proof of a state: a run has at most 4096 intervals.
pub const MAX_PROOF: u32 = 16;
/// The most domains a seat may be asked to score beside the claim's own.
pub const MAX_GUARDS: u32 = 16;

/// A sketch of a state: [`STATE_SKETCH`] integers, each the 2³²-fold of a random-sign projection, little-endian.
#[cw_serde]
#[derive(Eq)]
pub struct StateSketch(pub Binary);

impl StateSketch {
    /// From its components.
    pub fn new(values: &[i64; STATE_SKETCH]) -> Self {
        Self(values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into())
    }

    /// Its components; refuses a wrong length and magnitudes of 2⁵⁵ or more.
    pub fn values(&self) -> Result<[i64; STATE_SKETCH], DecodeError> {
        components(self.0.as_slice())
    }
}

/// A sketch of item losses: [`SKETCH_DIM`] integers, little-endian.
#[cw_serde]
#[derive(Eq)]
pub struct ItemSketch(pub Binary);

impl ItemSketch {
    /// From its components.
    pub fn new(values: &[i64; SKETCH_DIM]) -> Self {
        Self(values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into())
    }

    /// Its components; refuses a wrong length and magnitudes of 2⁵⁵ or more.
    pub fn values(&self) -> Result<[i64; SKETCH_DIM], DecodeError> {
        components(self.0.as_slice())
    }
}

fn components<const N: usize>(bytes: &[u8]) -> Result<[i64; N], DecodeError> {
    let refused = DecodeError::Field { field: "sketch" };
    if bytes.len() != N * 8 {
        return Err(refused);
    }
    let mut out = [0; N];
    for (value, chunk) in out.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        *value = i64::from_le_bytes(eight);
        if value.unsigned_abs() >= SKETCH_BOUND as u64 {
            return Err(refused);
        }
    }
    Ok(out)
}

/// What a seat saw of one interval: the start state it was served and the end state it computed.
#[cw_serde]
#[derive(Eq)]
pub struct IntervalSeen {
    /// The interval's index j: steps `j·S … (j+1)·S`.
    pub interval: u32,
    /// Sketch of the served start state.
    pub start: StateSketch,
    /// Sketch of the end state that re-execution gave.
    pub end: StateSketch,
    /// Content root of that end state's tensor block. It must be the root of the state that the trainer committed
    /// to, which is shown only when it opens.
    pub end_root: Hash32,
}

/// A seat's score of one domain's public held-out items.
#[cw_serde]
#[derive(Eq)]
pub struct DomainScore {
    /// The domain.
    pub domain: u64,
    /// Mean score × 10⁻⁶ (bits per byte for language).
    pub score: i64,
}

/// What a seat measured on items.
#[cw_serde]
#[derive(Eq)]
pub struct Scored {
    /// Mean score of the reference (the domain's present heads) on the unsealed items, × 10⁻⁶.
    pub reference: i64,
    /// Mean score of the child on the same items, × 10⁻⁶.
    pub child: i64,
    /// Paired mean gain − 2 standard errors, percent × 10⁻⁶ of the reference.
    pub gain: i64,
    /// The same on this seat's own synthetic items.
    pub synthetic_gain: i64,
    /// Sketch of the child's losses on the unsealed items, keyed by the draw's beacon.
    pub items: ItemSketch,
    /// The drawn guard domains, scored with the child in place.
    pub guards: Vec<DomainScore>,
}

/// One seat's answer.
#[cw_serde]
#[derive(Eq)]
pub struct Attestation {
    /// Whether manifest, roots, batches and recipe were what the claim says; `false` needs no sketches.
    pub sound: bool,
    /// One entry for each interval assigned to the seat, in the order assigned.
    pub intervals: Vec<IntervalSeen>,
    /// The scores, where the seat was asked for them.
    pub scored: Option<Scored>,
    /// Scores of all domains, where the seat sits on a check before a learning block seals.
    pub heads: Vec<DomainScore>,
}

impl Canonical for Attestation {
    const TAG: &'static str = "lyceum/attestation";
    const VERSION: u8 = 1;

    fn encode(&self, e: &mut Encoder) {
        let domains = |e: &mut Encoder, list: &[DomainScore]| {
            e.list(list, |e, g| {
                e.u64(g.domain).i64(g.score);
            });
        };
        e.u8(u8::from(self.sound));
        e.list(&self.intervals, |e, i| {
            e.u32(i.interval).bytes(&i.start.0).bytes(&i.end.0).hash(&i.end_root);
        });
        match &self.scored {
            None => {
                e.u8(0);
            }
            Some(s) => {
                e.u8(1).i64(s.reference).i64(s.child).i64(s.gain).i64(s.synthetic_gain).bytes(&s.items.0);
                domains(e, &s.guards);
            }
        }
        domains(e, &self.heads);
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let state = |d: &mut Decoder<'_>| -> Result<StateSketch, DecodeError> {
            let sketch = StateSketch(d.bytes("sketch", 8 * STATE_SKETCH as u32)?.into());
            sketch.values()?;
            Ok(sketch)
        };
        let domains = |d: &mut Decoder<'_>| {
            d.list("guards", MAX_GUARDS, |d| Ok(DomainScore { domain: d.u64()?, score: d.i64()? }))
        };
        let flag = |d: &mut Decoder<'_>, field| match d.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Field { field }),
        };
        Ok(Self {
            sound: flag(d, "sound")?,
            intervals: d.list("intervals", 8, |d| {
                Ok(IntervalSeen { interval: d.u32()?, start: state(d)?, end: state(d)?, end_root: d.hash()? })
            })?,
            scored: if flag(d, "scored")? {
                let (reference, child, gain, synthetic_gain) = (d.i64()?, d.i64()?, d.i64()?, d.i64()?);
                let items = ItemSketch(d.bytes("sketch", 8 * SKETCH_DIM as u32)?.into());
                items.values()?;
                Some(Scored { reference, child, gain, synthetic_gain, items, guards: domains(d)? })
            } else {
                None
            },
            heads: domains(d)?,
        })
    }
}

/// The sketch of one state of the trainer's chain.
#[cw_serde]
#[derive(Eq)]
pub struct OpenedState {
    /// The state's index j (after j·S steps).
    pub state: u32,
    /// Its sketch under the draw's key.
    pub sketch: StateSketch,
}

/// What a trainer binds itself to when it serves and opens after the evaluators' commits: the sketches of every
/// tenth state, of the last one, and of both ends of the drawn intervals, ascending by state.
#[cw_serde]
#[derive(Eq)]
pub struct Opening {
    /// The sketches.
    pub states: Vec<OpenedState>,
    /// Of a claim panel, the states after the drawn intervals, proven under the claim's `states`, ascending: what the
    /// seats' re-execution must have led to. Until then they are hidden, so that no seat can copy them.
    pub ends: Vec<ServedState>,
}

impl Canonical for Opening {
    const TAG: &'static str = "lyceum/opening";
    const VERSION: u8 = 1;

    fn encode(&self, e: &mut Encoder) {
        e.list(&self.states, |e, s| {
            e.u32(s.state).bytes(&s.sketch.0);
        });
        e.list(&self.ends, |e, s| {
            e.u32(s.state).hash(&s.salt).hash(&s.tensors).list(&s.proof, |e, h| {
                e.hash(h);
            });
        });
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            states: d.list("states", MAX_OPENED, |d| {
                let state = d.u32()?;
                let sketch = StateSketch(d.bytes("sketch", 8 * STATE_SKETCH as u32)?.into());
                sketch.values()?;
                Ok(OpenedState { state, sketch })
            })?,
            ends: d.list("ends", MAX_ENDS, |d| {
                let (state, salt, tensors) = (d.u32()?, d.hash()?, d.hash()?);
                Ok(ServedState { state, salt, tensors, proof: d.list("proof", MAX_PROOF, Decoder::hash)? })
            })?,
        })
    }
}

/// The root a trainer serves for an opening: its hash under a salt.
pub fn opening_root(salt: &Hash32, opening: &Opening) -> Hash32 {
    let mut e = Encoder::new("lyceum/opening-root", 1);
    e.hash(salt).hash(&opening.hash());
    e.digest()
}

/// The key of a panel's sketches: nobody knew it before its round.
pub fn sketch_key(panel: u64, randomness: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/sketch-key", 1);
    e.u64(panel).hash(randomness);
    e.digest()
}

/// The seed of a seat's own synthetic items.
pub fn synthetic_seed(claim: u64, seat: &str, randomness: &Hash32) -> Hash32 {
    let mut e = Encoder::new("lyceum/synthetic", 1);
    e.u64(claim).str(seat).hash(randomness);
    e.digest()
}
