//! The bytes of the protocol.

use futures::io::Cursor;
use libp2p::request_response::Codec as _;
use lyceum_net::wire::{Answer, Codec, MAX_PROOF, MAX_STREAM, PROTOCOL, Request};
use lyceum_store::WINDOW;
use lyceum_tensorblock::verified::encoded_len;
use proptest::prelude::*;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn read_answer(bytes: &[u8]) -> std::io::Result<Answer> {
    block_on(Codec.read_response(&PROTOCOL, &mut Cursor::new(bytes)))
}

fn read_request(bytes: &[u8]) -> std::io::Result<Request> {
    block_on(Codec.read_request(&PROTOCOL, &mut Cursor::new(bytes)))
}

#[test]
fn this_wire_format_must_not_change() {
    assert_eq!(PROTOCOL.as_ref(), "/lyceum/blob/1");
    let root = [0xab; 32];
    let of_root = [0xab; 32].as_slice();
    assert_eq!(Request::Length { root }.encode(), [&[1][..], of_root].concat());
    let slice = Request::Slice { root, range: 0x0102..0x0304 };
    let range = [[2, 1, 0, 0, 0, 0, 0, 0], [4, 3, 0, 0, 0, 0, 0, 0]].concat();
    assert_eq!(slice.encode(), [&[2][..], of_root, &range].concat());
    for (answer, bytes) in [
        (Answer::Missing, &[0][..]),
        (Answer::Busy, &[1]),
        (Answer::Failed, &[2]),
        (Answer::Length { len: 0x0102, stream: b"xy".to_vec() }, b"\x03\x02\x01\0\0\0\0\0\0\x02\0\0\0xy"),
        (Answer::Slice(b"xyz".to_vec()), b"\x04\x03\0\0\0xyz"),
    ] {
        assert_eq!(answer.encode(), bytes);
        assert_eq!(read_answer(bytes).unwrap(), answer);
    }
}

#[test]
fn the_longest_window_of_the_longest_blob_fits_and_costs_less_than_a_percent() {
    let len = 1u64 << 48;
    for range in [0..WINDOW, len / 2 - WINDOW..len / 2, len - WINDOW..len] {
        let stream = encoded_len(len, &range).unwrap();
        assert!(stream <= MAX_STREAM as u64);
        assert!((stream - WINDOW) * 100 < WINDOW, "{stream}");
    }
    assert!(encoded_len(len, &(len - 1..len)).unwrap() <= MAX_PROOF as u64);
}

#[test]
fn ranges_that_no_blob_has_are_refused() {
    for (from, to) in [(5, 4), (5, 5), (0, WINDOW + 1), (u64::MAX, u64::MAX), ((1 << 48) - 1, (1 << 48) + 1)]
    {
        let bytes = Request::Slice { root: [1; 32], range: from..to }.encode();
        assert!(Request::decode(&bytes).is_err(), "{from}..{to}");
    }
    assert!(Request::decode(&Request::Slice { root: [1; 32], range: 0..0 }.encode()).is_ok());
}

fn answers() -> impl Strategy<Value = Answer> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..400);
    prop_oneof![
        Just(Answer::Missing),
        Just(Answer::Busy),
        Just(Answer::Failed),
        (0u64..=1 << 48, bytes()).prop_map(|(len, stream)| Answer::Length { len, stream }),
        bytes().prop_map(Answer::Slice),
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(|root| Request::Length { root }),
        (any::<[u8; 32]>(), 0u64..1 << 40, 1..=WINDOW)
            .prop_map(|(root, from, len)| Request::Slice { root, range: from..from + len }),
    ]
}

proptest! {
    #[test]
    fn messages_come_back_and_any_other_length_is_refused(
        request in requests(), answer in answers(), cut in any::<prop::sample::Index>(), more in any::<u8>(),
    ) {
        let bytes = request.encode();
        prop_assert_eq!(&read_request(&bytes).unwrap(), &request);
        prop_assert!(read_request(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert!(read_request(&[&bytes[..], &[more]].concat()).is_err());
        let bytes = answer.encode();
        prop_assert_eq!(&read_answer(&bytes).unwrap(), &answer);
        prop_assert!(read_answer(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert!(read_answer(&[&bytes[..], &[more]].concat()).is_err());
        prop_assert_eq!(answer.stream_len() <= bytes.len() as u64, true);
    }

    #[test]
    fn any_bytes_are_a_message_in_its_one_encoding_or_none(
        kind in 0u8..6, rest in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let bytes = [&[kind][..], &rest].concat();
        if let Ok(request) = read_request(&bytes) {
            prop_assert_eq!(request.encode(), bytes.clone());
        }
        if let Ok(answer) = read_answer(&bytes) {
            prop_assert_eq!(answer.encode(), bytes);
        }
    }
}
