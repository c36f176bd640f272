//! One suite for every [`Chain`]: what a caller may rely on, whichever it has.
//!
//! A [`Harness`] brings up a network with a charter on it; [`crate::conformance_suite`] makes a test of every
//! promise. It runs against `embedded` in this crate's tests and against `cosmos` in `tests/realchain`.

use std::future::Future;

use cosmwasm_std::{Addr, Event, coins};
use lyceum_api::charter::{CharterResponse, ExecuteMsg, QueryMsg, Rule, RulesResponse, events};
use lyceum_api::nodes;

use crate::types::MAX_JSON;
use crate::{Chain, ChainError, Head, Msg, Tx, TxResult, Until};

/// What each account is given, ulyc.
pub const FUNDS: u128 = 1_000_000_000;

/// Brings networks up.
pub trait Harness {
    /// The chain under test.
    type Chain: Chain;

    /// Two accounts' views of one network whose charter nobody else uses. The first account is the charter's
    /// authority, the second is nobody in particular; each was given [`FUNDS`].
    fn start(&self) -> impl Future<Output = [Self::Chain; 2]> + Send;

    /// A good address of this chain with no contract and no funds.
    fn nobody(&self) -> Addr;
}

fn tx(chain: &impl Chain, msg: &ExecuteMsg) -> Tx {
    vec![Msg::new(&chain.contracts().charter, msg, vec![]).unwrap()]
}

/// A transaction of the authority, told apart by how many rules it sets.
fn set(chain: &impl Chain, rules: usize) -> Tx {
    let rule = |i| Rule { action: format!("action_{i}"), limits: vec![] };
    tx(chain, &ExecuteMsg::SetRules { rules: (0..rules).map(rule).collect() })
}

async fn rules(chain: &impl Chain) -> usize {
    let answer: RulesResponse = chain.query(&chain.contracts().charter, &QueryMsg::Rules {}).await.unwrap();
    answer.rules.len()
}

/// How many rules each transaction set, by its events.
fn sets(events: &[Event]) -> Vec<usize> {
    let name = format!("wasm-{}", events::RULES_SET);
    let of =
        |event: &Event| event.attributes.iter().find(|a| a.key == "rules").map(|a| a.value.parse().unwrap());
    events.iter().filter(|e| e.ty == name).filter_map(of).collect()
}

/// A query is about the turn's height, whatever others do meanwhile; the next turn sees it.
pub async fn a_turn_sees_one_height<H: Harness>(harness: &H) {
    let [authority, other] = harness.start().await;
    other.head().await.unwrap();
    let before = rules(&other).await;
    let (done, ()) = tokio::join!(authority.execute(set(&authority, before + 1)), async {
        for _ in 0..20 {
            assert_eq!(rules(&other).await, before);
            tokio::task::yield_now().await;
        }
        while rules(&other).await == before {
            other.wait(Until::change_or(None)).await.unwrap();
        }
    });
    done.unwrap();
    assert_eq!(rules(&authority).await, before + 1, "who submitted is at the height after it");
    assert_eq!(rules(&other).await, before + 1);
}

/// Messages of one transaction happen in their order, together or not at all.
pub async fn a_transaction_is_whole_or_nothing<H: Harness>(harness: &H) {
    let [authority, _] = harness.start().await;
    let done = authority.execute([set(&authority, 1), set(&authority, 2)].concat()).await.unwrap();
    assert_eq!(sets(&done.events), [1, 2]);
    assert_eq!(rules(&authority).await, 2);
    let refused = [set(&authority, 3), tx(&authority, &ExecuteMsg::AdoptPact {})].concat();
    let error = authority.execute(refused).await.unwrap_err();
    assert_eq!(error, ChainError::Refused { words: "no pact is proposed".to_owned() });
    assert_eq!(rules(&authority).await, 2);
}

/// A refusal has the contract's own words and nothing else.
pub async fn a_refusal_is_the_contracts_own_words<H: Harness>(harness: &H) {
    let [authority, other] = harness.start().await;
    drop(authority);
    let error = other.execute(tx(&other, &ExecuteMsg::AcceptAuthority {})).await.unwrap_err();
    assert_eq!(error, ChainError::Refused { words: "no successor of the authority is proposed".to_owned() });
    let error = other.execute(set(&other, 1)).await.unwrap_err();
    assert!(
        matches!(&error, ChainError::Refused { words } if words.contains(other.account().as_str())),
        "{error}"
    );
    let funds = coins(5, lyceum_api::DENOM);
    let paid = vec![Msg::new(&other.contracts().charter, &ExecuteMsg::AdoptPact {}, funds).unwrap()];
    assert!(matches!(other.execute(paid).await, Err(ChainError::Refused { .. })));
    let asked: Result<CharterResponse, _> =
        other.query(&other.contracts().charter, &nodes::QueryMsg::Node { node: "x".to_owned() }).await;
    assert!(matches!(asked, Err(ChainError::Query { .. })), "{asked:?}");
}

/// Transactions are executed in the order given; one that is refused stops none after it.
pub async fn a_refused_transaction_stops_none_after_it<H: Harness>(harness: &H) {
    let [authority, other] = harness.start().await;
    drop(other);
    let txs = vec![
        set(&authority, 1),
        tx(&authority, &ExecuteMsg::AdoptPact {}),
        set(&authority, 2),
        // Possible only after the one before it.
        tx(&authority, &ExecuteMsg::ProposeAuthority { authority: authority.account().to_string() }),
        tx(&authority, &ExecuteMsg::AcceptAuthority {}),
        set(&authority, 3),
    ];
    let results = authority.submit(txs).await.unwrap();
    let done: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true, true, true, true], "{results:?}");
    let heights: Vec<u64> = results.iter().flatten().map(|r| r.height).collect();
    assert!(heights.is_sorted(), "{heights:?}");
    assert_eq!(rules(&authority).await, 3);
    assert_eq!(authority.submit(vec![]).await.unwrap(), vec![]);
}

/// Events come once, by height, in order, with their sender, as the transaction's own result has them.
pub async fn events_come_once_and_in_order<H: Harness>(harness: &H) {
    let [authority, other] = harness.start().await;
    drop(other);
    let begin = authority.head().await.unwrap().height;
    let mut done: Vec<TxResult> = Vec::new();
    for n in 1..=3 {
        done.push(authority.execute(set(&authority, n)).await.unwrap());
        let _refused = authority.execute(tx(&authority, &ExecuteMsg::AdoptPact {})).await;
    }
    let (mut cursor, mut told) = (begin, Vec::new());
    loop {
        let page = authority.events(cursor).await.unwrap();
        assert!(page.len() <= crate::MAX_EVENTS);
        for height in &page {
            assert!(height.head.height >= cursor, "{} after {cursor}", height.head.height);
            cursor = height.head.height + 1;
            assert!(height.head.time > 0);
            let mine = height.txs.iter().filter(|t| t.sender == authority.account());
            told.extend(
                mine.filter(|t| !sets(&t.events).is_empty()).map(|t| (height.head.height, t.events.clone())),
            );
        }
        if page.is_empty() || cursor > done[2].height {
            break;
        }
    }
    let expected: Vec<_> = done.iter().map(|d| (d.height, d.events.clone())).collect();
    assert_eq!(told, expected);
    assert_eq!(told.iter().flat_map(|(_, e)| sets(e)).collect::<Vec<_>>(), [1, 2, 3]);
    let first = &done[0].events.iter().find(|e| e.ty.starts_with("wasm-")).unwrap().attributes;
    let keys: Vec<_> = first.iter().map(|a| a.key.as_str()).collect();
    assert_eq!(keys, ["_contract_address", "version", "rules"]);
    assert_eq!(first[0].value, authority.contracts().charter.as_str());
    let far = authority.events(done[2].height + 1_000_000).await.unwrap();
    assert!(far.is_empty());
    assert!(authority.events(0).await.is_ok(), "from the very beginning");
}

/// A wait ends at the first height at which it is over, and never at the height at which it began.
pub async fn a_wait_ends_when_it_is_over_and_not_before<H: Harness>(harness: &H) {
    let [chain, other] = harness.start().await;
    drop(other);
    let begun = chain.head().await.unwrap();
    assert!(begun.height > 0 && begun.time > 0);
    let after = chain.wait(Until::height(begun.height + 3)).await.unwrap();
    assert!(after.height >= begun.height + 3 && after.time >= begun.time);
    let wanted = after.time + 2;
    let later = chain.wait(Until::time(wanted)).await.unwrap();
    assert!(later.height > after.height && later.time >= wanted);
    let over = chain.wait(Until::height(1)).await.unwrap();
    assert!(over.height > later.height, "a wait that is over lasts until the next height");
    let first =
        chain.wait(Until { height: Some(over.height + 1_000), time: Some(over.time + 1), change: false });
    let first: Head = first.await.unwrap();
    assert!(first.time > over.time && first.height < over.height + 1_000);
}

/// Balances are those of the turn; who never had anything has nothing.
pub async fn balances_are_what_was_given<H: Harness>(harness: &H) {
    let [authority, other] = harness.start().await;
    drop(authority);
    other.head().await.unwrap();
    assert_eq!(other.balance(other.account()).await.unwrap(), FUNDS);
    assert_eq!(other.balance(&harness.nobody()).await.unwrap(), 0);
    let funds = coins(FUNDS + 1, lyceum_api::DENOM);
    let dear = vec![Msg::new(&other.contracts().charter, &ExecuteMsg::AdoptPact {}, funds).unwrap()];
    let error = other.execute(dear).await.unwrap_err();
    assert!(error.is_of_one_transaction() && !error.is_transient(), "{error:?}");
}

/// An address without a contract is an error of its own.
pub async fn an_unknown_contract_is_named<H: Harness>(harness: &H) {
    let [chain, other] = harness.start().await;
    drop(other);
    let nobody = harness.nobody();
    let unknown = ChainError::UnknownContract { address: nobody.to_string() };
    let asked: Result<CharterResponse, _> = chain.query(&nobody, &QueryMsg::Charter {}).await;
    assert_eq!(asked.unwrap_err(), unknown);
    let txs = vec![vec![Msg::new(&nobody, &ExecuteMsg::AdoptPact {}, vec![]).unwrap()], set(&chain, 1)];
    let results = chain.submit(txs).await.unwrap();
    assert_eq!(results[0], Err(unknown));
    assert!(results[1].is_ok());
}

/// JSON that is too long is neither sent nor asked; JSON of another type is an error.
pub async fn json_is_bounded_and_typed<H: Harness>(harness: &H) {
    let [chain, other] = harness.start().await;
    drop(other);
    let long = ExecuteMsg::ProposeAuthority { authority: "a".repeat(MAX_JSON) };
    let error = Msg::new(&chain.contracts().charter, &long, vec![]).unwrap_err();
    assert_eq!(error.code(), "chain.too_large");
    let long = QueryMsg::Acknowledged { node: "a".repeat(MAX_JSON) };
    let asked: Result<CharterResponse, _> = chain.query(&chain.contracts().charter, &long).await;
    assert_eq!(asked.unwrap_err().code(), "chain.too_large");
    let asked: Result<u64, _> = chain.query(&chain.contracts().charter, &QueryMsg::Charter {}).await;
    assert!(matches!(asked, Err(ChainError::Json(_))), "{asked:?}");
    // What is long but allowed arrives whole and is refused by the contract itself.
    let long = ExecuteMsg::ProposeAuthority { authority: "a".repeat(MAX_JSON / 2) };
    let result = chain.execute(tx(&chain, &long)).await;
    assert!(matches!(result, Err(ChainError::Refused { .. })), "{:?}", result.map(|_| ()));
}

/// A test of every promise: `conformance_suite!(harness)`, where `harness` is an expression of an `Option` of a
/// [`Harness`](crate::conformance::Harness); `None` where the chain is not to be had.
#[macro_export]
macro_rules! conformance_suite {
    ($harness:expr) => {
        $crate::conformance_suite!(@each $harness,
            a_turn_sees_one_height
            a_transaction_is_whole_or_nothing
            a_refusal_is_the_contracts_own_words
            a_refused_transaction_stops_none_after_it
            events_come_once_and_in_order
            a_wait_ends_when_it_is_over_and_not_before
            balances_are_what_was_given
            an_unknown_contract_is_named
            json_is_bounded_and_typed
        );
    };
    (@each $harness:expr, $($promise:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            if let Some(harness) = $harness {
                $crate::conformance::$promise(&harness).await;
            }
        })*
    };
}
