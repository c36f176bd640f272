//! What seats revealed and trainers opened: little text and thousands of bytes of sketches. A stored byte costs gas, so
//! the sketches stand after the text, as bytes: what differs from the sketch before, which is of a state that is near,
//! each difference as wide as the largest of its sketch needs.
use cosmwasm_std::{Binary, StdError, StdResult, Storage, from_json, to_json_vec};
use cw_storage_plus::Map;
use lyceum_api::attestation::{Attestation, Opening};

/// Bytes of a sketch's integer.
const WHOLE: usize = 8;

/// Keys only (panel, and the place of the seat in it): what stands there is no JSON.
const ATTESTATIONS: Map<(u64, u8), ()> = Map::new("attestations");
const OPENINGS: Map<u64, ()> = Map::new("openings");

fn of_attestation(found: &mut Attestation) -> Vec<&mut Binary> {
    let seen = found.intervals.iter_mut().flat_map(|seen| [&mut seen.start.0, &mut seen.end.0]);
    seen.chain(found.scored.as_mut().map(|scored| &mut scored.items.0)).collect()
}

fn of_opening(found: &mut Opening) -> Vec<&mut Binary> {
    found.states.iter_mut().map(|state| &mut state.sketch.0).collect()
}

/// What a seat revealed.
pub fn attestation(storage: &dyn Storage, panel: u64, seat: usize) -> StdResult<Option<Attestation>> {
    let Some(stored) = storage.get(&ATTESTATIONS.key((panel, seat as u8))) else { return Ok(None) };
    let (text, rest) = split(&stored)?;
    let mut found = from_json(text)?;
    unpack(rest, of_attestation(&mut found))?;
    Ok(Some(found))
}

/// Keeps what a seat revealed.
pub fn save_attestation(
    storage: &mut dyn Storage,
    panel: u64,
    seat: usize,
    mut found: Attestation,
) -> StdResult<()> {
    let packed = pack(of_attestation(&mut found));
    storage.set(&ATTESTATIONS.key((panel, seat as u8)), &join(to_json_vec(&found)?, &packed));
    Ok(())
}

/// What a trainer opened.
pub fn opening(storage: &dyn Storage, panel: u64) -> StdResult<Option<Opening>> {
    let Some(stored) = storage.get(&OPENINGS.key(panel)) else { return Ok(None) };
    let (text, rest) = split(&stored)?;
    let mut found = from_json(text)?;
    unpack(rest, of_opening(&mut found))?;
    Ok(Some(found))
}

/// Keeps what a trainer opened.
pub fn save_opening(storage: &mut dyn Storage, panel: u64, mut found: Opening) -> StdResult<()> {
    let packed = pack(of_opening(&mut found));
    storage.set(&OPENINGS.key(panel), &join(to_json_vec(&found)?, &packed));
    Ok(())
}

/// The text's length, the text, the rest.
fn join(text: Vec<u8>, rest: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_slice(), rest].concat()
}

fn split(stored: &[u8]) -> StdResult<(&[u8], &[u8])> {
    let (length, rest) = stored.split_first_chunk().ok_or_else(broken)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(broken)
}

#[cold]
fn broken() -> StdError {
    StdError::msg("what is stored of sketches is broken")
}

/// Whether the bytes above `width` only repeat the sign of those below.
fn fits(value: &[u8], width: usize) -> bool {
    let (low, high) = value.split_at(width);
    high.iter().all(|byte| *byte == sign_of(low))
}

const fn sign_of(low: &[u8]) -> u8 {
    match low {
        [.., 0x80..=0xff] => 0xff,
        _ => 0,
    }
}

/// The integers of a sketch, less those of the one before if it has as many.
fn differences(sketch: &[u8], before: &[u8], of: fn(i64, i64) -> i64) -> Vec<i64> {
    let integer = |eight: &[u8]| eight.try_into().map_or(0, i64::from_le_bytes);
    let same = before.len() == sketch.len();
    let before = |at: usize| if same { integer(&before[at..at + WHOLE]) } else { 0 };
    (0..)
        .step_by(WHOLE)
        .zip(sketch.chunks_exact(WHOLE))
        .map(|(at, eight)| of(integer(eight), before(at)))
        .collect()
}

/// Takes the sketches out: of each the width, how many integers, and their low bytes.
fn pack(sketches: Vec<&mut Binary>) -> Vec<u8> {
    let (mut packed, mut before) = (vec![], Binary::default());
    for sketch in sketches {
        let values: Vec<_> =
            differences(sketch, &before, i64::wrapping_sub).into_iter().map(i64::to_le_bytes).collect();
        let width = (1..WHOLE).find(|width| values.iter().all(|value| fits(value, *width))).unwrap_or(WHOLE);
        packed.extend([width as u8, values.len() as u8]); // at most 8, and 96
        values.iter().for_each(|value| packed.extend_from_slice(&value[..width]));
        before = std::mem::take(sketch);
    }
    packed
}

/// Puts the sketches in their places again.
fn unpack(mut packed: &[u8], sketches: Vec<&mut Binary>) -> StdResult<()> {
    let mut before = Binary::default();
    for sketch in sketches {
        let [width @ 1..=8, count, rest @ ..] = packed else { return Err(broken()) };
        let (width, count) = (usize::from(*width), usize::from(*count));
        let (values, rest) = rest.split_at_checked(width * count).ok_or_else(broken)?;
        let mut whole = Vec::with_capacity(WHOLE * count);
        for low in values.chunks_exact(width) {
            whole.extend_from_slice(low);
            whole.resize(whole.len() + WHOLE - width, sign_of(low));
        }
        let values = differences(&whole, &before, i64::wrapping_add);
        *sketch = values.into_iter().flat_map(i64::to_le_bytes).collect::<Vec<u8>>().into();
        (before, packed) = (sketch.clone(), rest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::testing::MockStorage;
    use lyceum_api::Hash32;
    use lyceum_api::attestation::{
        IntervalSeen, ItemSketch, OpenedState, SKETCH_BOUND, SKETCH_DIM, STATE_SKETCH, Scored, StateSketch,
    };
    use proptest::prelude::*;

    use super::*;

    fn sketch() -> impl Strategy<Value = StateSketch> {
        let bound = SKETCH_BOUND - 1;
        (0..64u32, prop::collection::vec(-bound..=bound, STATE_SKETCH)).prop_map(|(shift, values)| {
            let values: Vec<_> = values.into_iter().map(|value| value >> shift).collect();
            StateSketch::new(values.as_slice().try_into().unwrap())
        })
    }

    fn answer(start: StateSketch, end: StateSketch) -> Attestation {
        let seen = |interval| IntervalSeen {
            interval,
            start: start.clone(),
            end: end.clone(),
            end_root: Hash32::of(b"end"),
        };
        let items = ItemSketch::new(&[-1; SKETCH_DIM]);
        let scored = Scored { reference: 1, child: 2, gain: -3, synthetic_gain: 4, items, guards: vec![] };
        Attestation { sound: true, intervals: vec![seen(3), seen(9)], scored: Some(scored), heads: vec![] }
    }

    proptest! {
        #[test]
        fn what_is_stored_of_sketches_comes_back_the_same(start in sketch(), end in sketch()) {
            let mut storage = MockStorage::new();
            let states = vec![OpenedState { state: 7, sketch: start.clone() }];
            let opened = Opening { states, ends: vec![] };
            for answer in [answer(start, end), Attestation { sound: false, intervals: vec![], scored: None, heads: vec![] }] {
                save_attestation(&mut storage, 1, 2, answer.clone()).unwrap();
                prop_assert_eq!(attestation(&storage, 1, 2).unwrap(), Some(answer));
            }
            save_opening(&mut storage, 1, opened.clone()).unwrap();
            prop_assert_eq!(opening(&storage, 1).unwrap(), Some(opened));
            prop_assert_eq!(opening(&storage, 2).unwrap(), None);
        }
    }

    #[test]
    fn a_sketch_of_forty_bits_takes_six_bytes_an_integer_and_one_near_it_four() {
        let sketch = StateSketch::new(&[-(1 << 40); STATE_SKETCH]);
        let near = StateSketch::new(&[1 - (1 << 30) - (1 << 40); STATE_SKETCH]);
        let mut storage = MockStorage::new();
        let text = to_json_vec(&answer(sketch.clone(), near.clone())).unwrap();
        save_attestation(&mut storage, 1, 2, answer(sketch, near)).unwrap();
        let stored = storage.get(&ATTESTATIONS.key((1, 2))).unwrap();
        assert_eq!((text.len(), stored.len()), (4_792, 2_126));
    }
}
