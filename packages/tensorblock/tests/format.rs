//! The bytes of the format: golden files and every refusal.

use lyceum_tensorblock::{
    ALIGNMENT, Block, Dtype, FormatError, HEADER_LEN, Tensor, TensorBlock, encode, f32_bytes, finite, root_of,
};

fn golden(text: &str) -> Vec<u8> {
    hex::decode(text.split_whitespace().collect::<String>()).unwrap()
}

fn several() -> Vec<u8> {
    golden(include_str!("golden/several.hex"))
}

fn single() -> Vec<u8> {
    golden(include_str!("golden/single.hex"))
}

/// `bytes` with `field` written at `at`.
fn with(mut bytes: Vec<u8>, at: usize, field: &[u8]) -> Vec<u8> {
    bytes[at..at + field.len()].copy_from_slice(field);
    bytes
}

fn refusal(bytes: &[u8]) -> FormatError {
    Block::parse(bytes).expect_err("must be refused")
}

#[test]
fn this_wire_format_must_not_change() {
    let numbers = [1.0, -2.0, 3.5, 0.0];
    let scale = [0x80, 0x3f, 0x00, 0x40, 0x00, 0x00];
    let tensors = [
        Tensor { name: "layers.0/w1.scale", dtype: Dtype::Bf16, shape: vec![3], data: &scale },
        Tensor { name: "layers.0/w1", dtype: Dtype::Fp32, shape: vec![2, 2], data: f32_bytes(&numbers) },
        Tensor { name: "empty", dtype: Dtype::Fp16, shape: vec![0, 4], data: &[] },
    ];
    let bytes = encode(&tensors).unwrap();
    assert_eq!(hex::encode(&bytes), hex::encode(several()));
    assert_eq!(
        hex::encode(root_of(&bytes)),
        "4e3c83a33c6ff8d57fd6170066862527f9ed715e8caa0c3c4b6e1582eca65e22"
    );

    let tensors = [Tensor { name: "q", dtype: Dtype::Int4, shape: vec![3], data: &[0x21, 0x0f] }];
    let bytes = encode(&tensors).unwrap();
    assert_eq!(hex::encode(&bytes), hex::encode(single()));
    assert_eq!(
        hex::encode(root_of(&bytes)),
        "b7cab1c9954508e2776b97f85982119fa28e7512948b6a6ead74fa517ade1bed"
    );
}

#[test]
fn a_golden_file_reads_back_as_its_tensors() {
    let block = TensorBlock::from_bytes(&several()).unwrap();
    let names: Vec<_> = block.tensors().map(|tensor| tensor.name).collect();
    assert_eq!(names, ["empty", "layers.0/w1", "layers.0/w1.scale"]);
    let tensor = block.tensor("layers.0/w1").unwrap();
    assert_eq!((tensor.dtype, tensor.shape.dims()), (Dtype::Fp32, &[2, 2][..]));
    assert_eq!(tensor.as_f32().unwrap(), [1.0, -2.0, 3.5, 0.0]);
    assert!(block.tensor("layers.0/w2").is_none());
    assert!(block.tensor("empty").unwrap().data.is_empty());
}

#[test]
fn data_lies_on_64_byte_boundaries_in_the_file_and_in_memory() {
    let block = TensorBlock::from_bytes(&several()).unwrap();
    for tensor in block.tensors() {
        assert_eq!(tensor.offset % ALIGNMENT, 0);
        assert_eq!(tensor.data.as_ptr() as u64 % ALIGNMENT, 0);
    }
}

#[test]
fn every_header_field_has_one_value() {
    // Version 1 fixes them all, so a change of any header byte is refused.
    for bytes in [several(), single()] {
        for at in 0..HEADER_LEN as usize {
            for bit in 0..8 {
                let changed = with(bytes.clone(), at, &[bytes[at] ^ (1 << bit)]);
                assert!(Block::parse(&changed[..]).is_err(), "bit {bit} of header byte {at}");
            }
        }
    }
}

#[test]
fn refusals_of_the_header_say_what_was_found() {
    let bytes = several();
    let len = bytes.len() as u64;
    let max = u64::MAX.to_le_bytes();
    assert_eq!(refusal(&bytes[..127]), FormatError::TooShort { found: 127, required: 128 });
    assert_eq!(refusal(&[]), FormatError::TooShort { found: 0, required: 128 });
    assert_eq!(refusal(&with(bytes.clone(), 7, b"2")), FormatError::BadMagic { found: *b"TBLOCK02" });
    assert_eq!(
        refusal(&with(bytes.clone(), 8, &[2])),
        FormatError::UnknownVersion { found: 2, supported: 1 }
    );
    assert_eq!(refusal(&bytes[..bytes.len() - 1]), FormatError::FileLength { declared: len, found: len - 1 });
    assert_eq!(refusal(&with(bytes.clone(), 80, &max)), FormatError::TensorCount { found: u64::MAX });
    assert_eq!(refusal(&with(bytes.clone(), 80, &[0; 8])), FormatError::TensorCount { found: 0 });
    assert_eq!(
        refusal(&with(bytes.clone(), 81, &[1])),
        FormatError::TableBounds { count: 259, offset: 128, len: 133, file_len: len }
    );
    assert_eq!(
        refusal(&with(bytes.clone(), 72, &max)),
        FormatError::TableBounds { count: 3, offset: 128, len: u64::MAX, file_len: len }
    );
    assert_eq!(
        refusal(&with(bytes.clone(), 127, &[1])),
        FormatError::Header { at: 127, required: 0, found: 1 }
    );
}

#[test]
fn refusals_of_the_table_name_the_entry() {
    // The first entry, "empty": 2 + 5 name, dtype at 135, rank at 136, shape 137..153, offset 153, length 161.
    let bytes = several();
    assert_eq!(refusal(&with(bytes.clone(), 135, &[7])), FormatError::UnknownDtype { entry: 0, code: 7 });
    assert_eq!(refusal(&with(bytes.clone(), 136, &[9])), FormatError::RankTooLarge { entry: 0, rank: 9 });
    assert_eq!(refusal(&with(bytes.clone(), 130, b" ")), FormatError::BadName { entry: 0 });
    assert_eq!(refusal(&with(bytes.clone(), 128, &[0])), FormatError::BadName { entry: 0 });
    assert_eq!(refusal(&with(bytes.clone(), 129, &[1])), FormatError::TableTruncated { entry: 0 });
    assert_eq!(refusal(&with(bytes.clone(), 130, b"z")), FormatError::NameOrder { entry: 1 });
    assert_eq!(refusal(&with(bytes.clone(), 152, &[0x80])), FormatError::ShapeOverflow { entry: 0 });
    assert_eq!(
        refusal(&with(bytes.clone(), 161, &[2])),
        FormatError::DataLength { entry: 0, required: 0, found: 2 }
    );
    assert_eq!(
        refusal(&with(bytes.clone(), 153, &[0])),
        FormatError::DataOffset { entry: 0, required: 320, found: 256 }
    );
    assert_eq!(refusal(&with(bytes.clone(), 290, &[1])), FormatError::Padding { at: 290 });
    let last = single().len() - 1;
    assert_eq!(refusal(&with(single(), last, &[0x1f])), FormatError::Padding { at: last as u64 });
}

#[test]
fn the_table_must_end_with_its_last_entry_and_the_file_with_its_last_tensor() {
    let mut long = several();
    long.push(0);
    let len = (long.len() as u64).to_le_bytes();
    assert_eq!(refusal(&with(long, 88, &len)), FormatError::TrailingBytes { bytes: 1 });
    let wide = with(several(), 72, &134u64.to_le_bytes());
    assert_eq!(refusal(&wide), FormatError::TableLeftover { bytes: 1 });
}

#[test]
fn a_wider_gap_before_the_data_is_refused_though_everything_else_fits() {
    let mut bytes = single();
    bytes.splice(192..192, [0; 64]);
    // Data offset and file length of the header, offset of the entry.
    for (at, value) in [(48, 256u64), (88, 258), (141, 256)] {
        bytes = with(bytes, at, &value.to_le_bytes());
    }
    assert_eq!(refusal(&bytes), FormatError::DataOffset { entry: 0, required: 192, found: 256 });
}

#[test]
fn what_cannot_be_written_is_refused_by_the_writer() {
    let data = [0u8; 8];
    let tensor =
        |name, shape: &[u64]| Tensor { name, dtype: Dtype::Fp32, shape: shape.to_vec(), data: &data };
    let long = "n".repeat(257);
    assert_eq!(encode(&[]), Err(FormatError::TensorCount { found: 0 }));
    assert_eq!(encode(&[tensor("", &[2])]), Err(FormatError::BadName { entry: 0 }));
    assert_eq!(encode(&[tensor("a b", &[2])]), Err(FormatError::BadName { entry: 0 }));
    assert_eq!(encode(&[tensor(&long, &[2])]), Err(FormatError::BadName { entry: 0 }));
    assert_eq!(encode(&[tensor("a", &[2]), tensor("a", &[2])]), Err(FormatError::NameOrder { entry: 1 }));
    assert_eq!(encode(&[tensor("a", &[1; 9])]), Err(FormatError::RankTooLarge { entry: 0, rank: 9 }));
    assert_eq!(
        encode(&[tensor("a", &[3])]),
        Err(FormatError::DataLength { entry: 0, required: 12, found: 8 })
    );
    assert_eq!(encode(&[tensor("a", &[1 << 40, 1 << 40])]), Err(FormatError::ShapeOverflow { entry: 0 }));
    let odd = Tensor { name: "q", dtype: Dtype::Int4, shape: vec![1], data: &[0x10] };
    assert!(matches!(encode(&[odd]), Err(FormatError::Padding { .. })));
    assert!(encode(&[tensor(&long[..256], &[2])]).is_ok());
}

#[test]
fn a_view_of_another_type_is_refused() {
    let block = TensorBlock::from_bytes(&several()).unwrap();
    assert!(block.tensor("layers.0/w1.scale").unwrap().as_f32().is_err());
}

#[test]
fn misaligned_memory_gives_an_error_and_not_other_numbers() {
    let bytes = several();
    let mut shifted = vec![0u8; bytes.len() + 4];
    let start = (0..4).find(|at| (shifted.as_ptr() as usize + at) % 4 == 1).unwrap();
    shifted[start..start + bytes.len()].copy_from_slice(&bytes);
    let block = Block::parse(&shifted[start..start + bytes.len()]).unwrap();
    assert!(block.tensor("layers.0/w1").unwrap().as_f32().is_err());
}

#[test]
fn a_number_that_is_not_finite_is_found_in_every_float_type() {
    type Case = (Dtype, [&'static [u8]; 2], &'static [u8]);
    let cases: [Case; 4] = [
        (Dtype::Fp32, [&[0, 0, 0x80, 0x7f], &[1, 0, 0x80, 0xff]], &[0xff, 0xff, 0x7f, 0x7f]),
        (Dtype::Bf16, [&[0x80, 0x7f], &[0xc0, 0xff]], &[0x7f, 0x7f]),
        (Dtype::Fp16, [&[0x00, 0xfc], &[0x01, 0x7c]], &[0xff, 0x7b]),
        (Dtype::Fp8, [&[0x7f], &[0xff]], &[0x7e]),
    ];
    for (dtype, bad, good) in cases {
        let check = |number: &[u8]| {
            let data = [good, number].concat();
            let bytes = encode(&[Tensor { name: "t", dtype, shape: vec![2], data: &data }]).unwrap();
            finite::check(&Block::parse(bytes).unwrap())
        };
        assert_eq!(check(good), Ok(()), "{dtype}");
        for number in bad {
            let error = check(number).unwrap_err();
            assert_eq!((error.tensor.as_str(), error.element), ("t", 1), "{dtype}");
        }
    }
}
