//! Held against serde_json: the same texts are read to the same values, the same values are written as the same texts.
//! The exceptions are stated, each by a test of its own.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cosmwasm_std::{
    Binary, Coin, Env, Event, MessageInfo, Reply, Response, SubMsg, Timestamp, Uint128, WasmMsg, coins,
};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Message {
    Nothing {},
    Unit,
    Take { id: u64, name: Option<String>, inner: Inner },
    Wrapped(Inner),
    Pair(i64, bool),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    signed: i64,
    small: u8,
    wide: u128,
    list: Vec<(u32, String)>,
    amount: Uint128,
    bytes: Binary,
    nested: Option<Box<Inner>>,
    map: BTreeMap<String, bool>,
    flag: bool,
    nothing: (),
}

/// Both read the same value, or neither reads one; what was read is written the same.
fn alike<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &[u8]) {
    let (ours, theirs) = (lyceum_json::from_slice::<T>(text), serde_json::from_slice::<T>(text));
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs);
            assert_eq!(lyceum_json::to_vec(&ours).unwrap(), serde_json::to_vec(&theirs).unwrap());
        }
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{}: {ours:?}, serde_json {theirs:?}", String::from_utf8_lossy(text)),
    }
}

fn inner() -> impl Strategy<Value = Inner> {
    let leaf = (
        (any::<i64>(), any::<u8>(), any::<u128>(), prop::collection::vec((any::<u32>(), ".*"), 0..3)),
        (any::<u128>(), prop::collection::vec(any::<u8>(), 0..40), any::<bool>()),
        prop::collection::btree_map(".*", any::<bool>(), 0..3),
    )
        .prop_map(|((signed, small, wide, list), (amount, bytes, flag), map)| {
            let (amount, bytes) = (Uint128::new(amount), Binary::from(bytes));
            Inner { signed, small, wide, list, amount, bytes, nested: None, map, flag, nothing: () }
        });
    leaf.prop_recursive(3, 4, 1, |within| {
        (within.clone(), within).prop_map(|(outer, nested)| Inner { nested: Some(Box::new(nested)), ..outer })
    })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        Just(Message::Nothing {}),
        Just(Message::Unit),
        (any::<u64>(), any::<Option<String>>(), inner()).prop_map(|(id, name, inner)| Message::Take {
            id,
            name,
            inner
        }),
        inner().prop_map(Message::Wrapped),
        any::<(i64, bool)>().prop_map(|(a, b)| Message::Pair(a, b)),
    ]
}

proptest! {
    #[test]
    fn any_value_is_written_alike_and_read_back(message in message()) {
        let text = lyceum_json::to_vec(&message).unwrap();
        prop_assert_eq!(&text, &serde_json::to_vec(&message).unwrap());
        prop_assert_eq!(lyceum_json::from_slice::<Message>(&text).unwrap(), message.clone());
        let spaced = serde_json::to_vec_pretty(&message).unwrap();
        prop_assert_eq!(lyceum_json::from_slice::<Message>(&spaced).unwrap(), message);
    }

    #[test]
    fn a_broken_text_is_refused_alike(message in message(), at: prop::sample::Index, byte in any::<u8>(), cut: bool) {
        let mut text = serde_json::to_vec(&message).unwrap();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        // A fraction is the one number that only serde_json reads (and refuses a field for later).
        prop_assume!(!matches!(byte, b'.' | b'e' | b'E') || cut);
        alike::<Message>(&text);
    }

    #[test]
    fn any_bytes_are_read_alike_or_refused_without_a_panic(text in prop::collection::vec(any::<u8>(), 0..60)) {
        alike::<Message>(&text);
        alike::<Vec<String>>(&text);
    }

    #[test]
    fn any_soup_of_tokens_is_read_alike(soup in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", " ", "null", "true", "1", "-1", "01", "\"\"", "\"id\"", "\"take\"", "\"unit\"",
        "\"name\"", "\"nothing\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\u{e9}\"", "\"pair\"",
    ]), 0..14)) {
        let text = soup.concat();
        // serde_json takes a list for a struct: see below.
        prop_assume!(!text.replace(' ', "").contains(":["));
        alike::<Message>(text.as_bytes());
        alike::<BTreeMap<String, Option<u64>>>(text.as_bytes());
        alike::<Vec<Option<(i64, bool)>>>(text.as_bytes());
    }
}

#[test]
fn what_the_virtual_machine_hands_over_is_read_alike_whatever_else_it_holds() {
    let env = r#"{"block":{"height":1,"time":"5","chain_id":"c","new":1.5},"transaction":{"index":3},
        "contract":{"address":"a","x":{}},"later":[1,{"a":null}]}"#;
    alike::<Env>(env.as_bytes());
    alike::<Env>(env.replace(r#"{"index":3}"#, r#"{"index":3,"hash":"AAAA"}"#).as_bytes());
    alike::<Env>(env.replace(r#"{"index":3}"#, "null").as_bytes());
    alike::<Env>(env.replace(r#""transaction""#, r#""unnamed""#).as_bytes());
    alike::<MessageInfo>(br#"{"sender":"s","funds":[{"denom":"ulyc","amount":"7","z":0}],"y":""}"#);
    let events = r#"[{"type":"wasm","attributes":[{"key":"k","value":"v"}]}]"#;
    for reply in [
        format!(r#"{{"id":1,"result":{{"ok":{{"events":{events},"data":null}}}}}}"#),
        format!(
            r#"{{"id":1,"payload":"AA==","gas_used":5,"result":{{"ok":{{"events":{events},"data":"AA==",
            "msg_responses":[{{"type_url":"/t","value":"AAAA"}}]}}}}}}"#
        ),
        r#"{"id":1,"result":{"error":"refused"}}"#.to_owned(),
        r#"{"id":1}"#.to_owned(),
    ] {
        alike::<Reply>(reply.as_bytes());
    }
}

#[test]
fn what_is_handed_to_the_virtual_machine_is_written_alike() {
    let call =
        WasmMsg::Execute { contract_addr: "a".into(), msg: Binary::from(b"{}"), funds: coins(5, "ulyc") };
    let response: Response = Response::new()
        .add_submessage(SubMsg::reply_on_success(call, 3).with_payload(b"x").with_gas_limit(9))
        .add_event(Event::new("t").add_attribute("k", "\u{1}\"\\\n\u{7f}é😀"))
        .set_data(b"d");
    assert_eq!(lyceum_json::to_vec(&response).unwrap(), serde_json::to_vec(&response).unwrap());
    let coin: Coin = coins(u128::MAX, "ulyc").remove(0);
    assert_eq!(lyceum_json::to_vec(&coin).unwrap(), serde_json::to_vec(&coin).unwrap());
    let time = Timestamp::from_nanos(u64::MAX);
    assert_eq!(lyceum_json::to_vec(&time).unwrap(), serde_json::to_vec(&time).unwrap());
}

#[test]
fn a_part_of_an_answer_passes_over_the_rest_and_other_structs_do_not() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct AnswerPart {
        id: u64,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Answer {
        id: u64,
    }
    let text = br#"{"more":{"id":[1e5,-0.5]},"id":4}"#;
    assert_eq!(lyceum_json::from_slice::<AnswerPart>(text).unwrap(), AnswerPart { id: 4 });
    let refused = lyceum_json::from_slice::<Answer>(text).unwrap_err();
    assert_eq!(refused.to_string(), "unknown field `more`");
}

#[test]
fn a_refusal_names_what_it_is_about() {
    let refused = |text: &str| lyceum_json::from_slice::<Message>(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(refused(r#"{"take":{"id":1,"name":null}}"#), "missing field `inner`");
    assert_eq!(refused(r#"{"take":{"id":1,"id":2}}"#), "duplicate field `id`");
    assert_eq!(refused(r#"{"give":{}}"#), "unknown variant `give`");
    assert_eq!(refused(r#"{"nothing":{},"unit":null}"#), "a variant with more than one name");
    assert_eq!(refused(r#"{"take":{"id":-1}}"#), "expected an integer that is not negative");
    assert_eq!(refused(""), "a value is missing");
    let deep = "[".repeat(200);
    assert_eq!(
        lyceum_json::from_slice::<Vec<u8>>(deep.as_bytes()).unwrap_err().to_string(),
        "expected an integer"
    );
    let skipped = format!(r#"{{"block":{deep}"#);
    assert_eq!(
        lyceum_json::from_slice::<Env>(skipped.as_bytes()).unwrap_err().to_string(),
        "nested too deeply"
    );
}

#[test]
fn a_struct_is_an_object_and_never_a_list_and_a_number_never_a_float() {
    assert!(
        serde_json::from_str::<(u8, Coin)>(r#"[1,["ulyc","5"]]"#).is_ok(),
        "serde_json takes lists of fields"
    );
    assert!(lyceum_json::from_slice::<(u8, Coin)>(br#"[1,["ulyc","5"]]"#).is_err());
    assert!(lyceum_json::from_slice::<u64>(b"1.0").is_err());
    assert!(std::panic::catch_unwind(|| lyceum_json::to_vec(&1.5_f64)).is_err());
}
