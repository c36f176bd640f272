//! A trainer's run in numbers: a state is one integer, a step adds [`STEP`], a sketch is the integer times a factor
//! of the key. It is linear, and nobody knows it before the key: all that the contract relies on.
use lyceum_api::Hash32;
use lyceum_api::attestation::{OpenedState, Opening, StateSketch, sketch_key};
use lyceum_api::claim::ClaimContent;
use lyceum_api::manifest::{salted_state, state_root};
use lyceum_api::tasks::{PanelKind, PanelResponse, ServedState};
use lyceum_onchain::merkle;
use lyceum_tensorblock::{root_of, tile};

pub const N: u32 = 200;
pub const S: u32 = 2;
pub const STEP: i64 = 1 << 30;
const START: i64 = 1 << 40;

/// The sketch of a state under a key.
pub fn sketch(key: &Hash32, value: i64) -> StateSketch {
    StateSketch::new(&std::array::from_fn(|i| value * (1 + i64::from(key.0[i % 32] % 8))))
}

pub fn key(panel: &PanelResponse) -> Hash32 {
    sketch_key(panel.id, &panel.randomness.unwrap())
}

#[derive(Clone)]
pub struct Run {
    pub seed: Hash32,
    /// What the states really hold.
    pub values: Vec<i64>,
    /// What the trainer opens; the same, unless it lies.
    pub opened: Vec<i64>,
    /// What re-execution adds in each interval.
    pub training: Vec<i64>,
}

impl Run {
    pub fn honest(seed: Hash32) -> Self {
        let values: Vec<_> = (0..=i64::from(N)).map(|j| START + j * STEP).collect();
        Self { seed, opened: values.clone(), values, training: vec![STEP; N as usize] }
    }

    /// Adds to every state after an interval: the interval's end is not what training gives.
    pub fn forge(mut self, interval: u32, extra: i64) -> Self {
        self.values.iter_mut().skip(interval as usize + 1).for_each(|v| *v += extra);
        self.opened = self.values.clone();
        self
    }

    /// The file of a state: a tile and a half.
    pub fn file(&self, state: u32) -> Vec<u8> {
        self.values[state as usize].to_le_bytes().repeat(3 * tile::TILE_LEN as usize / 16)
    }

    pub fn salt(state: u32) -> Hash32 {
        Hash32::of(&state.to_le_bytes())
    }

    /// Content root of a state's file.
    pub fn tensors(&self, state: u32) -> Hash32 {
        Hash32(root_of(&self.file(state)))
    }

    fn leaf(&self, state: u32) -> [u8; 32] {
        salted_state(&Self::salt(state), &state_root(u64::from(state * S), &self.seed, &self.tensors(state)))
            .0
    }

    fn leaves(&self) -> Vec<[u8; 32]> {
        (0..=N).map(|j| self.leaf(j)).collect()
    }

    pub fn content(&self) -> ClaimContent {
        ClaimContent {
            block: Hash32::of(b"block"),
            block_bytes: 1 << 20,
            manifest: Hash32::of(b"manifest"),
            states: Hash32(merkle::root(&self.leaves())),
            reported: 5_000_000,
        }
    }

    pub fn drawn(panel: &PanelResponse) -> Vec<u32> {
        let mut drawn: Vec<_> = panel.seats.iter().flat_map(|s| s.intervals.clone()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }

    pub fn served(&self, panel: &PanelResponse) -> Vec<ServedState> {
        let mut states = Self::drawn(panel);
        match panel.kind {
            PanelKind::Claim {} => states.extend([0, N]),
            PanelKind::Interval { interval } => states.push(interval + 1),
            _ => {}
        }
        states.sort_unstable();
        states.dedup();
        self.proven(states)
    }

    /// States with their proofs.
    fn proven(&self, states: Vec<u32>) -> Vec<ServedState> {
        let leaves = self.leaves();
        let proof = |j| merkle::prove(&leaves, j).unwrap().into_iter().map(Hash32).collect();
        let serve =
            |j| ServedState { state: j, salt: Self::salt(j), tensors: self.tensors(j), proof: proof(j) };
        states.into_iter().map(serve).collect()
    }

    pub fn open_state(&self, key: &Hash32, state: u32) -> OpenedState {
        OpenedState { state, sketch: sketch(key, self.opened[state as usize]) }
    }

    pub fn opening(&self, panel: &PanelResponse) -> Opening {
        let mut states: Vec<u32> = Self::drawn(panel).iter().flat_map(|j| [*j, j + 1]).collect();
        if panel.kind == (PanelKind::Claim {}) {
            states.extend((0..=N).step_by(10));
        }
        states.sort_unstable();
        states.dedup();
        let ends = match panel.kind {
            PanelKind::Claim {} => self.proven(Self::drawn(panel).iter().map(|j| j + 1).collect()),
            _ => vec![],
        };
        Opening { states: states.into_iter().map(|j| self.open_state(&key(panel), j)).collect(), ends }
    }
}
