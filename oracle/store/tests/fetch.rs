//! What a store promises of what it fetches.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lyceum_store::{
    Begun, Options, Root, Source, Store, StoreError, WINDOW, Window, begin, check_length, last_tile,
    window_count, window_range,
};
use lyceum_tensorblock::outboard::sidecar_len;
use lyceum_tensorblock::root_of;
use lyceum_tensorblock::tile::TILE_LEN;
use proptest::prelude::*;
use tempfile::TempDir;

fn bytes(len: u64, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; len as usize];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

fn partial_files(dir: &Path) -> Vec<PathBuf> {
    let Ok(names) = fs::read_dir(dir.join("partial")) else { return vec![] };
    let mut names: Vec<_> = names.map(|name| name.unwrap().path()).collect();
    names.sort();
    names
}

/// Sends what a store has, through `change`, states any length, and keeps the first byte of what was asked for.
struct Sender<'a, F> {
    store: &'a Store,
    length: Option<u64>,
    change: F,
    asked: Mutex<Vec<u64>>,
}

impl<'a, F: Fn(u64, &mut Vec<u8>) -> Result<(), StoreError>> Sender<'a, F> {
    fn new(store: &'a Store, change: F) -> Self {
        Self { store, length: None, change, asked: Mutex::default() }
    }

    fn stating(store: &'a Store, length: u64, change: F) -> Self {
        Self { length: Some(length), ..Self::new(store, change) }
    }

    fn asked(&self) -> Vec<u64> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl<F: Fn(u64, &mut Vec<u8>) -> Result<(), StoreError>> Source for Sender<'_, F> {
    fn length(&self, root: &Root) -> Result<u64, StoreError> {
        self.length.map_or_else(|| self.store.length(root), Ok)
    }
    fn slice(&self, root: &Root, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.asked.lock().unwrap().push(range.start);
        let real = self.store.len(root)?;
        // As near as an honest tree comes to what a false length asks for.
        let from = range.start.min(real.saturating_sub(1));
        self.store.slice(root, from..range.end.min(real), out)?;
        (self.change)(range.start, out)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a sender does")]
fn nothing(_: u64, _: &mut Vec<u8>) -> Result<(), StoreError> {
    Ok(())
}

/// Sends the last window and so many more.
fn ending_after(windows: usize) -> impl Fn(u64, &mut Vec<u8>) -> Result<(), StoreError> {
    let left = Mutex::new(windows + 1);
    move |_, _| {
        let mut left = left.lock().unwrap();
        if *left == 0 {
            return Err(StoreError::Missing { root: [0; 32] });
        }
        *left -= 1;
        Ok(())
    }
}

#[test]
fn a_fetched_blob_is_the_source_s_and_is_not_asked_for_twice() {
    let ((_a, here), (_b, there)) = (store(), store());
    for len in [0, 1, 16_385, WINDOW - 1, WINDOW, WINDOW + 1, 5 * WINDOW + 50_000] {
        let root = there.put(&bytes(len, 9)).unwrap();
        here.fetch(&root, &there).unwrap();
        here.verify(&root).unwrap();
        there.remove(&root).unwrap();
        here.fetch(&root, &there).unwrap();
    }
    assert!(matches!(here.fetch(&[9; 32], &there), Err(StoreError::Missing { .. })));
    assert!(partial_files(here.dir()).is_empty());
    assert_eq!(here.usage().reserved, 0);
}

#[test]
fn a_bad_tile_is_named_and_the_next_source_goes_on_where_it_ended() {
    let ((_a, here), (_b, there)) = (store(), store());
    let length = 3 * WINDOW + 5 * TILE_LEN;
    let root = there.put(&bytes(length, 10)).unwrap();
    // The last byte of the third window is the last of tile 191.
    let flip = |start, out: &mut Vec<u8>| {
        let last = out.len() - 1;
        out[last] ^= u8::from(start == 2 * WINDOW);
        Ok(())
    };
    let error = here.fetch(&root, &Sender::new(&there, flip)).unwrap_err();
    assert!(matches!(error, StoreError::BadTile { tile: 191, .. }), "{error}");
    assert!(error.is_senders_fault());
    assert!(!here.has(&root) && here.list().is_empty());

    let cut = |_, out: &mut Vec<u8>| {
        out.pop();
        Ok(())
    };
    let error = here.fetch(&root, &Sender::new(&there, cut)).unwrap_err();
    assert!(matches!(error, StoreError::StreamLength { .. }) && error.is_senders_fault(), "{error}");
    let more = |_, out: &mut Vec<u8>| {
        out.push(0);
        Ok(())
    };
    assert!(here.fetch(&root, &Sender::new(&there, more)).unwrap_err().is_senders_fault());

    let honest = Sender::new(&there, nothing);
    here.fetch(&root, &honest).unwrap();
    assert_eq!(honest.asked(), [2 * WINDOW]);
    here.verify(&root).unwrap();
    assert_eq!(here.usage().reserved, 0);

    // A rotten disk at the source is found by the source itself.
    here.remove(&root).unwrap();
    let name = blake3::Hash::from_bytes(root).to_hex();
    let path = there.dir().join("blobs").join(&name[..2]).join(format!("{name}.tblock"));
    let mut rotten = fs::read(&path).unwrap();
    rotten[3 * TILE_LEN as usize] ^= 1;
    fs::write(path, rotten).unwrap();
    let error = here.fetch(&root, &there).unwrap_err();
    assert!(matches!(error, StoreError::BadTile { tile: 3, .. }), "{error}");
}

#[test]
fn a_false_length_is_never_believed_whatever_is_taken_at_most() {
    let ((_a, here), (_b, there)) = (store(), store());
    let real = 2 * WINDOW + 5 * TILE_LEN + 77;
    let root = there.put(&bytes(real, 11)).unwrap();
    let false_lengths = [
        0,
        1,
        TILE_LEN,
        WINDOW,
        real - TILE_LEN,
        real - 1,
        real + 1,
        real + TILE_LEN,
        1 << 30,
        1 << 48,
        u64::MAX,
    ];
    for stated in false_lengths {
        for most in [0, 1, real - 1, real, u64::MAX] {
            let liar = Sender::stating(&there, stated, nothing);
            let error = here.fetch_at_most(&root, most, &liar).unwrap_err();
            assert!(!matches!(error, StoreError::TooLarge { .. }), "{stated} {most}: {error}");
            assert!(error.is_senders_fault(), "{stated} {most}: {error}");
            assert_eq!(here.usage().reserved, 0, "no room is set aside for a length that isn't proved");
        }
    }
    for most in [0, 1, real - 1] {
        let honest = Sender::new(&there, nothing);
        let error = here.fetch_at_most(&root, most, &honest).unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { found, .. } if found == real), "{error}");
        assert_eq!(honest.asked(), [2 * WINDOW + 5 * TILE_LEN], "one tile proves it");
    }
    here.fetch_at_most(&root, real, &there).unwrap();
    let error = here.fetch_at_most(&root, real - 1, &there).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "even if it is here: {error}");
}

#[test]
fn no_blob_is_empty_because_somebody_says_so() {
    let (_a, here) = store();
    let root = root_of(b"something");
    assert!(Window::decode(&root, 0, 0, &[]).is_err());
    assert!(check_length(&root, 0, &[]).is_err());
    struct Nothing;
    impl Source for Nothing {
        fn length(&self, _: &Root) -> Result<u64, StoreError> {
            Ok(0)
        }
        fn slice(&self, _: &Root, _: Range<u64>, _: &mut Vec<u8>) -> Result<(), StoreError> {
            Ok(())
        }
    }
    let error = here.fetch(&root, &Nothing).unwrap_err();
    assert!(error.is_senders_fault() && !here.has(&root), "{error}");
    here.fetch(&root_of(&[]), &Nothing).unwrap();
    here.verify(&root_of(&[])).unwrap();
}

#[test]
fn an_interrupted_fetch_goes_on_after_the_store_was_opened_again() {
    let (dir, here) = store();
    let (_b, there) = store();
    let root = there.put(&bytes(6 * WINDOW + 1, 12)).unwrap();
    assert!(here.fetch(&root, &Sender::new(&there, ending_after(3))).is_err());
    let usage = here.usage();
    drop(here);

    let here = Store::open(dir.path()).unwrap();
    assert_eq!(here.usage(), usage, "what was begun still counts");
    assert_eq!(here.partials().len(), 1);
    let rest = Sender::new(&there, nothing);
    here.fetch(&root, &rest).unwrap();
    assert_eq!(rest.asked(), [3 * WINDOW, 4 * WINDOW, 5 * WINDOW]);
    here.verify(&root).unwrap();
    assert!(partial_files(here.dir()).is_empty() && here.partials().is_empty());
    assert_eq!(here.usage().reserved, 0);
}

#[test]
fn what_rotted_of_an_interrupted_fetch_is_fetched_again_and_nothing_else() {
    let (dir, here) = store();
    let (_b, there) = store();
    let len = 6 * WINDOW + 1;
    let root = there.put(&bytes(len, 13)).unwrap();
    let stop = || here.fetch(&root, &Sender::new(&there, ending_after(4)));
    assert!(stop().is_err());
    let [sidecar, blob]: [PathBuf; 2] = partial_files(dir.path()).try_into().unwrap();
    let change = |path: &Path, at: usize| {
        let mut content = fs::read(path).unwrap();
        content[at] ^= 1;
        fs::write(path, content).unwrap();
    };
    change(&blob, (WINDOW + 5) as usize);
    let rest = Sender::new(&there, nothing);
    here.fetch(&root, &rest).unwrap();
    assert_eq!(rest.asked(), [WINDOW, 4 * WINDOW, 5 * WINDOW]);
    here.verify(&root).unwrap();

    // Without its last window, its length or the uppermost hashes, nothing else of it is proved.
    for (path, at) in [(&blob, len as usize - 1), (&sidecar, 0), (&sidecar, 8)] {
        here.remove(&root).unwrap();
        assert!(stop().is_err());
        change(path, at);
        let rest = Sender::new(&there, nothing);
        here.fetch(&root, &rest).unwrap();
        assert_eq!(rest.asked().len(), 7);
        here.verify(&root).unwrap();
    }
    // Half a pair is cleared when the store opens.
    here.remove(&root).unwrap();
    assert!(stop().is_err());
    drop(here);
    fs::remove_file(&sidecar).unwrap();
    let here = Store::open(dir.path()).unwrap();
    assert!(here.partials().is_empty() && !blob.exists());
    assert_eq!(here.usage().reserved, 0);
}

#[test]
fn what_is_fetched_counts_to_the_quota_and_gives_way_when_nobody_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let len = 2 * WINDOW + 1;
    let quota = len + sidecar_len(len) + 2_000;
    let here = Store::open_with(dir.path(), Options { quota: Some(quota), ..Options::default() }).unwrap();
    let (_b, there) = store();
    let (first, second) = (there.put(&bytes(len, 14)).unwrap(), there.put(&bytes(len, 15)).unwrap());
    assert!(here.fetch(&first, &Sender::new(&there, ending_after(1))).is_err());
    assert_eq!(here.usage().reserved, len + sidecar_len(len));
    here.put(b"small").unwrap();
    assert_eq!(here.partials().len(), 1, "there is room for both");
    here.fetch(&second, &there).unwrap();
    assert!(here.partials().is_empty());
    assert_eq!(here.usage().reserved, 0);
    let error = here.fetch(&first, &there).unwrap_err();
    assert!(matches!(error, StoreError::QuotaExceeded { .. }) && !error.is_senders_fault(), "{error}");
    assert_eq!(here.usage().reserved, 0);
    assert!(partial_files(dir.path()).is_empty());
}

#[test]
fn a_partial_blob_can_be_given_up() {
    let ((_a, here), (_b, there)) = (store(), store());
    let root = there.put(&bytes(2 * WINDOW, 16)).unwrap();
    assert!(here.fetch(&root, &Sender::new(&there, ending_after(0))).is_err());
    let Begun::Partial(partial) = begin(&here, &root).unwrap() else { panic!("it was begun") };
    assert_eq!((partial.done(), partial.missing()), (WINDOW, vec![0]));
    assert!(!here.abandon(&root).unwrap(), "somebody goes on with it");
    assert!(matches!(partial.commit(), Err(StoreError::WindowMissing { index: 0, .. })));
    drop(partial);
    assert!(here.abandon(&root).unwrap() && !here.abandon(&root).unwrap());
    assert!(partial_files(here.dir()).is_empty());
}

#[test]
fn threads_that_want_the_same_blob_fetch_it_once() {
    let ((_a, here), (_b, there)) = (store(), store());
    let root = there.put(&bytes(3 * WINDOW + 9, 17)).unwrap();
    let source = Sender::new(&there, nothing);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| here.fetch(&root, &source).unwrap());
        }
    });
    assert_eq!(source.asked().len(), 4);
    here.verify(&root).unwrap();
}

#[test]
fn a_window_of_another_blob_has_no_place() {
    let ((_a, here), (_b, there)) = (store(), store());
    let len = 2 * WINDOW + 1;
    let roots = [there.put(&bytes(len, 18)).unwrap(), there.put(&bytes(len, 19)).unwrap()];
    let window = |root: &Root, index| {
        let mut stream = Vec::new();
        there.slice(root, window_range(len, index), &mut stream).unwrap();
        Window::decode(root, len, index, &stream).unwrap()
    };
    let vacant = || match begin(&here, &roots[0]).unwrap() {
        Begun::Nothing(vacant) => vacant,
        other => panic!("{other:?}"),
    };
    assert!(matches!(vacant().begin(&window(&roots[1], 2)), Err(StoreError::WrongWindow { .. })));
    assert!(matches!(vacant().begin(&window(&roots[0], 1)), Err(StoreError::WrongWindow { .. })));
    let partial = vacant().begin(&window(&roots[0], 2)).unwrap();
    assert!(matches!(partial.add(&window(&roots[1], 0)), Err(StoreError::WrongWindow { .. })));
    for index in [1, 0, 1] {
        partial.add(&window(&roots[0], index)).unwrap();
    }
    partial.commit().unwrap();
    here.verify(&roots[0]).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_last_tile_of_a_blob_proves_no_other_length(
        real in 0u64..(40 * TILE_LEN), stated in 0u64..(40 * TILE_LEN), near in 0u64..3,
    ) {
        let (_a, there) = store();
        let root = there.put(&bytes(real, 20)).unwrap();
        let stated = if near == 0 { stated } else { (real + near - 1).saturating_sub(stated % 2) };
        let mut stream = Vec::new();
        there.slice(&root, last_tile(&root, real).unwrap(), &mut stream).unwrap();
        prop_assert_eq!(check_length(&root, stated, &stream).is_ok(), stated == real);
        prop_assert!(window_count(real) >= 1 && window_range(real, window_count(real) - 1).end == real);
    }
}
