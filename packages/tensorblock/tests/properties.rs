//! One set of tensors, one encoding; and no bytes that hurt the parser.

use lyceum_tensorblock::{Block, Dtype, Tensor, TensorView, encode};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

type Named = (String, (Dtype, Vec<u64>, Vec<u8>));

fn tensors() -> impl Strategy<Value = Vec<Named>> {
    let shape = vec(0u64..6, 0..4);
    let one = (prop::sample::select(Dtype::ALL.to_vec()), shape).prop_flat_map(|(dtype, shape)| {
        let len = dtype.byte_len(&shape).unwrap() as usize;
        let odd = dtype == Dtype::Int4 && shape.iter().all(|dim| dim % 2 == 1);
        vec(any::<u8>(), len).prop_map(move |mut data| {
            if let Some(last) = data.last_mut().filter(|_| odd) {
                *last &= 0x0f;
            }
            (dtype, shape.clone(), data)
        })
    });
    btree_map("[A-Za-z0-9_./-]{1,12}", one, 1..6).prop_map(|map| map.into_iter().collect())
}

fn borrow((name, (dtype, shape, data)): &Named) -> Tensor<'_> {
    Tensor { name, dtype: *dtype, shape: shape.clone(), data }
}

fn encoded(tensors: &[Named]) -> Vec<u8> {
    encode(&tensors.iter().map(borrow).collect::<Vec<_>>()).unwrap()
}

/// The parser's promise about any bytes: an error, or a block whose tensors encode to exactly these bytes.
fn refused_or_canonical(bytes: &[u8]) -> bool {
    let Ok(block) = Block::parse(bytes) else { return true };
    let own = |tensor: TensorView<'_>| -> Named {
        (tensor.name.to_owned(), (tensor.dtype, tensor.shape.to_vec(), tensor.data.to_vec()))
    };
    encoded(&block.tensors().map(own).collect::<Vec<_>>()) == bytes
}

proptest! {
    #[test]
    fn tensors_come_back_as_they_were_written(tensors in tensors()) {
        let bytes = encoded(&tensors);
        let block = Block::parse(&bytes[..]).unwrap();
        prop_assert_eq!(block.tensor_count(), tensors.len());
        for (name, (dtype, shape, data)) in &tensors {
            let found = block.tensor(name).unwrap();
            prop_assert_eq!((found.dtype, found.shape.dims(), found.data), (*dtype, &shape[..], &data[..]));
        }
    }

    #[test]
    fn the_order_in_which_tensors_are_given_does_not_matter(tensors in tensors(), by in 0usize..6) {
        let mut turned = tensors.clone();
        turned.rotate_left(by % tensors.len());
        prop_assert_eq!(encoded(&turned), encoded(&tensors));
    }

    #[test]
    fn mutated_bytes_are_refused_or_are_the_encoding_of_other_tensors(
        tensors in tensors(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encoded(&tensors);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        prop_assert!(refused_or_canonical(&bytes));
    }

    #[test]
    fn inflated_numbers_are_refused_or_canonical(
        tensors in tensors(), at in any::<prop::sample::Index>(), value in any::<u64>(), shift in 0u32..64,
    ) {
        let mut bytes = encoded(&tensors);
        let at = at.index(bytes.len().min(420) - 8);
        bytes[at..at + 8].copy_from_slice(&(value >> shift).to_le_bytes());
        prop_assert!(refused_or_canonical(&bytes));
    }

    #[test]
    fn truncated_and_extended_bytes_are_refused(
        tensors in tensors(), at in any::<prop::sample::Index>(), more in vec(any::<u8>(), 1..80),
    ) {
        let mut bytes = encoded(&tensors);
        prop_assert!(Block::parse(&bytes[..at.index(bytes.len())]).is_err());
        bytes.extend(more);
        prop_assert!(Block::parse(&bytes[..]).is_err());
    }

    #[test]
    fn arbitrary_bytes_after_a_magic_are_refused(tail in vec(any::<u8>(), 0..400)) {
        prop_assert!(refused_or_canonical(&[b"TBLOCK01\x01\0\0\0", &tail[..]].concat()));
    }

    #[test]
    fn a_flipped_bit_changes_the_root(tensors in tensors(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = encoded(&tensors);
        let before = lyceum_tensorblock::root_of(&bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_ne!(lyceum_tensorblock::root_of(&bytes), before);
    }
}
