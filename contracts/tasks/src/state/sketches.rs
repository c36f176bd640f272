//! What seats revealed and trainers opened: little text and thousands of bytes of sketches. A stored byte costs gas, so
//! the sketches stand after the text, as bytes, each integer as wide as the largest of its sketch needs.
use cosmwasm_std::{Addr, Binary, StdError, StdResult, Storage, from_json, to_json_vec};
use cw_storage_plus::Map;
use lyceum_api::attestation::{Attestation, Opening};

/// Bytes of a sketch's integer.
const WHOLE: usize = 8;

/// Keys only: what stands there is no JSON.
const ATTESTATIONS: Map<(u64, &Addr), ()> = Map::new("attestations");
const OPENINGS: Map<u64, ()> = Map::new("openings");

fn of_attestation(found: &mut Attestation) -> Vec<&mut Binary> {
    let seen = found.intervals.iter_mut().flat_map(|seen| [&mut seen.start.0, &mut seen.end.0]);
    seen.chain(found.scored.as_mut().map(|scored| &mut scored.items.0)).collect()
}

fn of_opening(found: &mut Opening) -> Vec<&mut Binary> {
    found.states.iter_mut().map(|state| &mut state.sketch.0).collect()
}

/// What a seat revealed.
pub fn attestation(storage: &dyn Storage, panel: u64, seat: &Addr) -> StdResult<Option<Attestation>> {
    let Some(stored) = storage.get(&ATTESTATIONS.key((panel, seat))) else { return Ok(None) };
    let (text, rest) = split(&stored)?;
    let mut found = from_json(text)?;
    unpack(rest, of_attestation(&mut found))?;
    Ok(Some(found))
}

/// Keeps what a seat revealed.
pub fn save_attestation(
    storage: &mut dyn Storage,
    panel: u64,
    seat: &Addr,
    mut found: Attestation,
) -> StdResult<()> {
    let packed = pack(of_attestation(&mut found));
    storage.set(&ATTESTATIONS.key((panel, seat)), &join(to_json_vec(&found)?, &packed));
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

/// Takes the sketches out: of each its width, how many integers, and their low bytes.
fn pack(sketches: Vec<&mut Binary>) -> Vec<u8> {
    let mut packed = vec![];
    for sketch in sketches {
        let values = || sketch.as_slice().chunks_exact(WHOLE);
        let width = (1..WHOLE).find(|width| values().all(|value| fits(value, *width))).unwrap_or(WHOLE);
        packed.extend([width as u8, values().len() as u8]); // at most 8, and 96
        values().for_each(|value| packed.extend_from_slice(&value[..width]));
        *sketch = Binary::default();
    }
    packed
}

/// Puts the sketches in their places again.
fn unpack(mut packed: &[u8], sketches: Vec<&mut Binary>) -> StdResult<()> {
    for sketch in sketches {
        let [width @ 1..=8, count, rest @ ..] = packed else { return Err(broken()) };
        let (width, count) = (usize::from(*width), usize::from(*count));
        let (values, rest) = rest.split_at_checked(width * count).ok_or_else(broken)?;
        let mut whole = Vec::with_capacity(WHOLE * count);
        for low in values.chunks_exact(width) {
            whole.extend_from_slice(low);
            whole.resize(whole.len() + WHOLE - width, sign_of(low));
        }
        (*sketch, packed) = (whole.into(), rest);
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
            let (mut storage, seat) = (MockStorage::new(), Addr::unchecked("seat"));
            let states = vec![OpenedState { state: 7, sketch: start.clone() }];
            let opened = Opening { states, ends: vec![] };
            for answer in [answer(start, end), Attestation { sound: false, intervals: vec![], scored: None, heads: vec![] }] {
                save_attestation(&mut storage, 1, &seat, answer.clone()).unwrap();
                prop_assert_eq!(attestation(&storage, 1, &seat).unwrap(), Some(answer));
            }
            save_opening(&mut storage, 1, opened.clone()).unwrap();
            prop_assert_eq!(opening(&storage, 1).unwrap(), Some(opened));
            prop_assert_eq!(opening(&storage, 2).unwrap(), None);
        }
    }

    #[test]
    fn sketches_of_forty_bits_take_six_bytes_an_integer_and_no_base64() {
        let sketch = StateSketch::new(&[-(1 << 40); STATE_SKETCH]);
        let mut storage = MockStorage::new();
        let (seat, text) =
            (Addr::unchecked("seat"), to_json_vec(&answer(sketch.clone(), sketch.clone())).unwrap());
        save_attestation(&mut storage, 1, &seat, answer(sketch.clone(), sketch)).unwrap();
        let stored = storage.get(&ATTESTATIONS.key((1, &seat))).unwrap();
        assert_eq!((text.len(), stored.len()), (4_792, 2_702));
    }
}
