//! Blocks as files, and safetensors in and out.

use std::fs;

use lyceum_tensorblock::{
    Dtype, FileError, FormatError, Tensor, TensorBlock, encode, export_safetensors, f32_bytes,
    import_safetensors, root_of, safetensors_bytes, write, write_safetensors, write_to,
};
use proptest::prelude::*;

fn tensors(numbers: &[f32]) -> Vec<Tensor<'_>> {
    let shape = vec![1, numbers.len() as u64];
    vec![
        Tensor { name: "b", dtype: Dtype::Int8, shape: vec![3], data: &[1, 2, 3] },
        Tensor { name: "a", dtype: Dtype::Fp32, shape, data: f32_bytes(numbers) },
    ]
}

#[test]
fn a_written_file_is_the_encoding_and_opens_without_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tblock");
    let numbers = [0.5; 5_000];
    let tensors = tensors(&numbers);
    let written = write(&path, &tensors).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes, encode(&tensors).unwrap());
    assert_eq!((written.root, written.len), (root_of(&bytes), bytes.len() as u64));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");

    let block = TensorBlock::open(&path).unwrap();
    let view = block.tensor("a").unwrap();
    assert_eq!(view.as_f32().unwrap(), numbers);
    let (file, data) = (block.bytes().as_ptr_range(), view.as_f32().unwrap().as_ptr().cast());
    assert!(file.contains(&data), "the numbers are the map itself");
    assert_eq!(block.root(), written.root);

    let mut streamed = Vec::new();
    assert_eq!(write_to(&mut streamed, &tensors).unwrap(), written);
    assert_eq!(streamed, bytes);
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tblock");
    write(&path, &tensors(&[1.0])).unwrap();
    let before = fs::read(&path).unwrap();
    let bad = [Tensor { name: "no spaces", dtype: Dtype::Int8, shape: vec![0], data: &[] }];
    assert!(matches!(write(&path, &bad), Err(FileError::Format(FormatError::BadName { .. }))));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(matches!(write(dir.path().join("no/such/x"), &tensors(&[1.0])), Err(FileError::Io { .. })));
}

#[test]
fn what_a_killed_process_of_the_same_id_left_is_in_nobody_s_way() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tblock");
    for number in 0..50 {
        fs::write(dir.path().join(format!(".lyceum-{}-{number}.tmp", std::process::id())), "half").unwrap();
    }
    let written = write(&path, &tensors(&[1.0])).unwrap();
    assert_eq!(TensorBlock::open(&path).unwrap().root(), written.root);
}

#[test]
fn a_full_disk_has_its_own_error() {
    // A writer that takes a part and then has no room, as a file on a full disk.
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let room = self.0.min(bytes.len());
            self.0 -= room;
            if room == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = write_to(Full(100), &tensors(&[1.0; 9_000])).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn exports_name_a_full_disk_a_folder_and_a_folder_that_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let block = TensorBlock::from_bytes(&encode(&tensors(&[1.0])).unwrap()).unwrap();
    let exported = |to: &std::path::Path| {
        [export_safetensors(&block, to), write_safetensors(to, &tensors(&[1.0]))].map(Result::unwrap_err)
    };
    for error in exported("/dev/full".as_ref()) {
        assert!(matches!(error, FileError::DiskFull { .. }), "{error}");
    }
    for (to, kind) in [
        (dir.path().to_path_buf(), std::io::ErrorKind::IsADirectory),
        (dir.path().join("no/file"), std::io::ErrorKind::NotFound),
    ] {
        for error in exported(&to) {
            assert!(matches!(&error, FileError::Io { source, .. } if source.kind() == kind), "{error}");
        }
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_is_not_a_tensor_block_is_refused_by_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    assert!(matches!(TensorBlock::open(&path), Err(FileError::Io { .. })));
    assert!(matches!(TensorBlock::open(dir.path()), Err(FileError::NotAFile { .. })));
    fs::write(&path, b"").unwrap();
    let short = FormatError::TooShort { found: 0, required: 128 };
    assert!(matches!(TensorBlock::open(&path), Err(FileError::Format(error)) if error == short));
    fs::write(&path, [0; 4_096]).unwrap();
    assert!(matches!(TensorBlock::open(&path), Err(FileError::Format(FormatError::BadMagic { .. }))));
    let whole = encode(&tensors(&[1.0; 100])).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(TensorBlock::open(&path), Err(FileError::Format(FormatError::FileLength { .. }))));
}

#[test]
fn int4_and_foreign_types_are_refused_by_name_at_the_border_to_safetensors() {
    let int4 = encode(&[Tensor { name: "q", dtype: Dtype::Int4, shape: vec![2], data: &[0x21] }]).unwrap();
    let error = safetensors_bytes(&TensorBlock::from_bytes(&int4).unwrap()).unwrap_err();
    assert!(matches!(error, FileError::UnsupportedDtype { name, .. } if name == "q"));

    let dir = tempfile::tempdir().unwrap();
    let header = br#"{"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat();
    let from = dir.path().join("x.safetensors");
    fs::write(&from, &bytes).unwrap();
    let to = dir.path().join("x.tblock");
    let error = import_safetensors(&from, &to).unwrap_err();
    assert!(matches!(error, FileError::UnsupportedDtype { name, .. } if name == "n"));
    fs::write(&from, &bytes[..30]).unwrap();
    assert!(matches!(import_safetensors(&from, &to), Err(FileError::Safetensors(_))));
    assert!(!to.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_block_comes_back_the_same_from_safetensors(
        numbers in prop::collection::vec(any::<f32>(), 0..50),
        kinds in prop::collection::vec(0usize..5, 0..5),
    ) {
        let names: Vec<String> = (0..kinds.len()).map(|i| format!("t/{i}.w")).collect();
        let data = [7u8; 12];
        let mut all = tensors(&numbers);
        for (name, kind) in names.iter().zip(kinds) {
            let dtype = Dtype::ALL[kind];
            let shape = vec![3, 1, 32 / dtype.bits()];
            all.push(Tensor { name, dtype, shape, data: &data });
        }
        let dir = tempfile::tempdir().unwrap();
        let (out, back) = (dir.path().join("x.safetensors"), dir.path().join("x.tblock"));
        let bytes = encode(&all).unwrap();
        export_safetensors(&TensorBlock::from_bytes(&bytes).unwrap(), &out).unwrap();
        let written = import_safetensors(&out, &back).unwrap();
        prop_assert_eq!(written.root, root_of(&bytes));
        prop_assert_eq!(fs::read(&back).unwrap(), bytes);
    }
}
