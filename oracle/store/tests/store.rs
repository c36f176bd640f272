//! What a store promises its node.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lyceum_store::{BlobWriter, Damage, Faults, Options, Root, Step, Store, StoreError};
use lyceum_tensorblock::outboard::sidecar_len;
use lyceum_tensorblock::{Dtype, Tensor, f32_bytes, root_of, write_to};
use proptest::prelude::*;

fn bytes(len: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

fn hex(root: &Root) -> String {
    blake3::Hash::from_bytes(*root).to_hex().to_string()
}

fn blob_path(store: &Store, root: &Root) -> PathBuf {
    store.dir().join("blobs").join(&hex(root)[..2]).join(format!("{}.tblock", hex(root)))
}

/// Every file below `dir`, the lock excepted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.retain(|path| path.file_name().unwrap() != "lock");
    found
}

#[test]
fn blobs_of_every_size_come_back_and_stay_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let sizes = [0, 1, 16_384, 16_385, 300_001];
    let store = Store::open(dir.path()).unwrap();
    let mut roots: Vec<Root> = sizes.iter().map(|&len| store.put(&bytes(len, 1)).unwrap()).collect();
    for (root, len) in roots.iter().zip(sizes) {
        assert_eq!(*root, root_of(&bytes(len, 1)));
        assert_eq!(store.get(root).unwrap()[..], bytes(len, 1));
        assert!(store.has(root));
    }
    let usage = store.usage();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    roots.sort_unstable();
    assert_eq!(store.list().iter().map(|(root, _)| *root).collect::<Vec<_>>(), roots);
    assert_eq!(store.usage(), usage);
    let on_disk: u64 = files(store.dir()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert_eq!((usage.stored, usage.reserved), (on_disk, 0));
    roots.iter().for_each(|root| store.verify(root).unwrap());
}

#[test]
fn a_tensor_block_is_written_straight_in_and_read_without_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let numbers = [1.5f32; 10_000];
    let tensor = Tensor { name: "w", dtype: Dtype::Fp32, shape: vec![100, 100], data: f32_bytes(&numbers) };
    let mut writer = store.writer().unwrap();
    let written = write_to(&mut writer, &[tensor]).unwrap();
    assert_eq!(writer.commit().unwrap(), written.root);
    let block = store.get(&written.root).unwrap().into_tensor_block().unwrap();
    assert_eq!(block.tensor("w").unwrap().as_f32().unwrap(), numbers);
    let plain = store.put(b"a manifest").unwrap();
    assert!(matches!(store.get(&plain).unwrap().into_tensor_block(), Err(StoreError::Format { .. })));
}

#[test]
fn a_written_file_is_moved_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("store")).unwrap();
    for path in [store.temp_path(), dir.path().join("mine"), dir.path().join("again")] {
        fs::write(&path, bytes(50_000, 2)).unwrap();
        let root = store.put_file(&path).unwrap();
        assert!(!path.exists());
        store.verify(&root).unwrap();
    }
    assert_eq!(store.list().len(), 1);
    assert!(matches!(store.put_file(dir.path()), Err(StoreError::Io { .. })));
    assert!(matches!(store.put_file(dir.path().join("none")), Err(StoreError::Io { .. })));
}

#[test]
fn a_file_that_cannot_be_moved_in_stays_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { quota: Some(1_000), ..Options::default() };
    let store = Store::open_with(dir.path().join("store"), options).unwrap();
    let path = dir.path().join("mine");
    fs::write(&path, bytes(50_000, 2)).unwrap();
    assert!(matches!(store.put_file(&path), Err(StoreError::QuotaExceeded { .. })));
    assert_eq!(fs::read(&path).unwrap(), bytes(50_000, 2));
    assert_eq!(store.usage().reserved, 0);
}

#[test]
fn the_same_bytes_are_stored_once_and_removal_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let root = store.put(&bytes(40_000, 3)).unwrap();
    let mut again = store.writer().unwrap();
    again.append(&bytes(40_000, 3)).unwrap();
    assert_eq!(again.commit().unwrap(), root);
    assert_eq!(files(store.dir()).len(), 2);
    let held = store.get(&root).unwrap();
    assert!(store.remove(&root).unwrap());
    assert!(!store.remove(&root).unwrap());
    assert_eq!(held[..], bytes(40_000, 3), "a map outlives the removal");
    assert!(files(store.dir()).is_empty());
    assert_eq!(store.usage().stored, 0);
    assert!(matches!(store.get(&root), Err(StoreError::Missing { .. })));
    assert!(matches!(store.verify(&root), Err(StoreError::Missing { .. })));
}

#[test]
fn a_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::InUse { .. })));
    drop(store);
    Store::open(dir.path()).unwrap();
}

#[test]
fn what_would_exceed_the_quota_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let quota = 20_000 + sidecar_len(20_000);
    let options = Options { quota: Some(quota), ..Options::default() };
    let store = Store::open_with(dir.path(), options).unwrap();
    let error = store.put(&bytes(20_001, 4)).unwrap_err();
    assert!(matches!(error, StoreError::QuotaExceeded { used: 0, .. }), "{error}");
    assert!(files(store.dir()).is_empty());
    let root = store.put(&bytes(20_000, 4)).unwrap();
    assert_eq!(store.put(&bytes(20_000, 4)).unwrap(), root, "what is there needs no room");
    assert!(store.put(b"").is_err());
    let mut writer = store.writer().unwrap();
    assert_eq!(writer.write(b"x").unwrap_err().kind(), io::ErrorKind::QuotaExceeded);
    drop(writer);
    store.remove(&root).unwrap();
    store.put(b"").unwrap();
    assert_eq!(store.usage().reserved, 0);
}

#[test]
fn leftovers_of_a_killed_process_are_removed_and_foreign_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let root = store.put(&bytes(40_000, 5)).unwrap();
    let blob = blob_path(&store, &root);
    let foreign = store.dir().join("blobs").join("README");
    fs::write(&foreign, "mine").unwrap();
    fs::write(store.dir().join("tmp").join("7"), "half a blob").unwrap();
    drop(store);
    fs::remove_file(&blob).unwrap(); // a sidecar without a blob: killed between two moves
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(files(store.dir()), [fs::canonicalize(foreign).unwrap()]);
    assert!(store.list().is_empty() && store.damaged().is_empty());
}

#[test]
fn a_blob_of_the_wrong_length_is_detected_on_open_and_can_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let content = bytes(40_000, 6);
    let open = || Store::open(dir.path()).unwrap();
    let root = open().put(&content).unwrap();
    let blob = blob_path(&open(), &root);
    let cut = |len| fs::File::options().write(true).open(&blob).unwrap().set_len(len).unwrap();
    for found in [0, 39_999, 40_001] {
        cut(found);
        let store = open();
        let damage = Damage::Length { required: 40_000, found };
        assert_eq!(store.damaged(), [(root, damage.clone())]);
        assert!(!store.has(&root) && store.list().is_empty());
        assert!(matches!(store.get(&root), Err(StoreError::Damaged { damage: d, .. }) if d == damage));
        assert_eq!(store.put(&content).unwrap(), root);
        store.verify(&root).unwrap();
        let on_disk: u64 = files(store.dir()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
        assert_eq!(store.usage().stored, on_disk);
    }
    let store = open();
    cut(5);
    assert!(matches!(store.get(&root), Err(StoreError::Damaged { .. })), "even while it is open");
    drop(store);
    fs::remove_file(blob.with_extension("obao4")).unwrap();
    assert_eq!(open().damaged(), [(root, Damage::Sidecar)]);
    assert!(open().remove(&root).unwrap());
    assert!(files(dir.path()).is_empty());
}

#[test]
fn verify_finds_a_changed_byte_in_blob_and_sidecar() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let root = store.put(&bytes(100_000, 7)).unwrap();
    let blob = blob_path(&store, &root);
    for (path, damage) in [(blob.clone(), Damage::Bytes), (blob.with_extension("obao4"), Damage::Sidecar)] {
        let mut changed = fs::read(&path).unwrap();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        fs::write(&path, changed).unwrap();
        let error = store.verify(&root).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { damage: found, .. } if found == damage));
        assert!(!store.has(&root));
        store.put(&bytes(100_000, 7)).unwrap();
        store.verify(&root).unwrap();
    }
}

/// Fails the `n`th step for good, as a disk does that is full.
struct FailFrom(AtomicUsize, usize);

impl Faults for FailFrom {
    fn before(&self, step: Step) -> io::Result<usize> {
        // Removing works on a full disk.
        if step != Step::Remove && self.0.fetch_add(1, Ordering::SeqCst) >= self.1 {
            return Err(io::Error::from_raw_os_error(28)); // ENOSPC
        }
        Ok(match step {
            Step::Write(bytes) => bytes.div_ceil(2),
            _ => 0,
        })
    }
}

#[test]
fn a_disk_that_is_full_at_any_step_has_its_own_error_and_leaves_the_store_clean() {
    let (mut step, mut refused) = (0, 0);
    loop {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path()).unwrap().put(b"first").unwrap();
        let faults: Arc<dyn Faults> = Arc::new(FailFrom(AtomicUsize::new(0), step));
        let opened = Store::open_with(dir.path(), Options { quota: None, faults: Some(faults) });
        let done = opened.and_then(|store| {
            let done = store.put(&bytes(40_000, 8));
            assert_eq!(files(store.dir()).len(), if done.is_ok() { 4 } else { 2 }, "step {step}");
            assert_eq!(store.list().len(), if done.is_ok() { 2 } else { 1 });
            assert_eq!(store.usage().reserved, 0);
            store.verify(&first).unwrap();
            done
        });
        match done {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, StoreError::DiskFull { .. }), "step {step}: {error}"),
        }
        Store::open(dir.path()).unwrap().put(&bytes(40_000, 8)).unwrap();
        (step, refused) = (step + 1, refused + 1);
    }
    assert!(refused > 20, "only {refused} steps were failed");
}

#[test]
fn threads_share_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let store = &store;
            scope.spawn(move || {
                for seed in 0..6u8 {
                    // Everyone puts the same six blobs and one of their own, and removes their own.
                    let root = store.put(&bytes(30_000, seed)).unwrap();
                    let own = store.put(&[thread, seed]).unwrap();
                    assert_eq!(store.get(&root).unwrap().len(), 30_000);
                    assert!(store.remove(&own).unwrap());
                }
            });
        }
    });
    assert_eq!(store.list().len(), 6);
    store.list().iter().for_each(|(root, _)| store.verify(root).unwrap());
    assert_eq!(files(store.dir()).len(), 12);
    assert_eq!(store.usage().reserved, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_of_any_size_make_the_blob_of_the_whole(
        content in prop::collection::vec(any::<u8>(), 0..40_000), piece in 1usize..20_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut writer: BlobWriter<'_> = store.writer().unwrap();
        content.chunks(piece).for_each(|piece| writer.append(piece).unwrap());
        let root = writer.commit().unwrap();
        prop_assert_eq!(root, root_of(&content));
        prop_assert_eq!(&store.get(&root).unwrap()[..], &content[..]);
    }
}

#[test]
fn what_a_look_refuses_opening_refuses_in_the_same_words() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["lock", "tmp", "blobs", "partial", "pins"] {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        assert_eq!(Store::look(&folder).unwrap(), 0);
        // On a disk that is not mounted: a store whose pins are not seen would let its blobs go.
        let part = folder.join(name);
        std::os::unix::fs::symlink("/no/such/disk", &part).unwrap();
        let looked = Store::look(&folder).unwrap_err().to_string();
        assert!(looked.contains("is a link to /no/such/disk"), "{looked}");
        assert_eq!(Store::open(&folder).unwrap_err().to_string(), looked);
        fs::remove_file(&part).unwrap();
        match name {
            "lock" => fs::create_dir(&part).unwrap(),
            _ => fs::write(&part, "").unwrap(),
        }
        let looked = Store::look(&folder).unwrap_err().to_string();
        assert_eq!(Store::open(&folder).unwrap_err().to_string(), looked);
    }
    let shelf = dir.path().join("shelf/blobs/ab");
    fs::create_dir_all(shelf.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/no/such/disk", &shelf).unwrap();
    let looked = Store::look(dir.path().join("shelf")).unwrap_err().to_string();
    assert!(looked.contains("blobs/ab") && looked.contains("is a link to /no/such/disk"), "{looked}");
    assert_eq!(Store::open(dir.path().join("shelf")).unwrap_err().to_string(), looked);
}

#[test]
fn a_look_at_a_store_finds_what_opening_would_and_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    assert_eq!(Store::look(&folder).unwrap(), 0);
    assert!(!folder.exists());
    fs::create_dir(&folder).unwrap();
    assert_eq!(Store::look(&folder).unwrap(), 0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let store = Store::open(&folder).unwrap();
    store.put(&bytes(10, 1)).unwrap();
    store.put(&bytes(10, 2)).unwrap();
    assert!(matches!(Store::look(&folder), Err(StoreError::InUse { .. })));
    drop(store);
    assert_eq!(Store::look(&folder).unwrap(), 2);
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(Store::look(&file), Err(StoreError::Io { .. })));
}
