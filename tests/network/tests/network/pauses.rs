//! A pause while claims are open: nothing moves but exits, nobody is late, and afterwards all goes on.

use lyceum_testing::anyhow::Result;
use lyceum_testing::api::tasks::{ClaimStatus, ExecuteMsg};
use lyceum_testing::api::{charter, nodes, rewards};
use lyceum_testing::cosmwasm_std::Uint128;

use crate::books::Books;

impl Books {
    /// Pauses the whole network, or resumes it.
    pub fn pause(&mut self, paused: bool) -> Result<()> {
        let (authority, contract) = (self.network.authority.clone(), self.network.at.charter.clone());
        let msg = if paused { charter::ExecuteMsg::Pause {} } else { charter::ExecuteMsg::Resume {} };
        self.network.execute(&authority, &contract, &msg, 0)?;
        Ok(())
    }
}

#[test]
fn a_pause_stops_open_claims_lets_people_leave_and_makes_nobody_late() -> Result<()> {
    let mut books = Books::open()?;
    let (one, two) = (books.task(1, 0, 2, 86_400)?, books.task(2, 1, 2, 3 * 86_400)?);
    let serving = books.take("serving", one, 3_000_000)?;
    let committed = books.take("committed", two, 3_000_000)?;
    let taken = books.take("taken", two, 2_000_000)?;
    books.network.commit_claim(&serving)?;
    books.network.commit_claim(&committed)?;
    books.network.wait_for_commits(one)?;
    books.network.reveal_claim(&serving)?;
    books.network.unseal(one)?;
    let panel = books.network.claim(serving.id)?.panels[0];
    books.network.draw_panel(panel)?;
    books.check()?;

    books.pause(true)?;
    let refused = |result: Result<()>, words: &str| {
        let error = format!("{:#}", result.expect_err("paused"));
        assert!(error.contains(words), "{error}");
    };
    refused(books.network.serve_panel(&serving, panel), "paused");
    refused(books.network.commit_claim(&taken), "paused");
    refused(books.anyone(&ExecuteMsg::Expire { claim: serving.id }), "paused");
    refused(books.take("newcomer", two, 1).map(drop), "paused");
    // Exits stay open: who has no claim open may unbond, and everybody may pull.
    let leaver = books.crew.evaluators[19].clone();
    let contract = books.network.at.nodes.clone();
    let unbond = nodes::ExecuteMsg::Unbond { amount: Uint128::new(1) };
    books.network.execute(&leaver, &contract, &unbond, 0)?;
    books.all_pull()?;
    books.check()?;
    // Longer than every window but the vote's.
    books.network.travel(10 * 86_400);
    refused(books.anyone(&ExecuteMsg::Expire { claim: taken.id }), "paused");
    books.pause(false)?;
    books.check()?;

    refused(books.anyone(&ExecuteMsg::Expire { claim: serving.id }), "too early");
    // The benchmark of the task whose commits were open came out meanwhile: whoever had not committed could train on
    // it, so the task is void, at nobody's cost.
    refused(books.anyone(&ExecuteMsg::Expire { claim: taken.id }), "send VoidTask");
    refused(books.network.commit_claim(&taken), "send VoidTask");
    books.network.serve_panel(&serving, panel)?;
    let info = books.network.panel(panel)?;
    for seat in &info.seats {
        let said = books.network.honest_attestation(&info, &seat.node, &serving.run)?;
        books.network.commit_attestation(panel, &seat.node, &said)?;
    }
    // Once more, and the seats reveal after it.
    books.pause(true)?;
    books.network.travel(86_400);
    books.pause(false)?;
    for seat in &info.seats {
        let said = books.network.honest_attestation(&info, &seat.node, &serving.run)?;
        books.network.reveal_attestation(panel, &seat.node, said)?;
    }
    books.network.open_sketches(&serving, panel)?;
    books.anyone(&ExecuteMsg::Settle { panel })?;
    books.network.wait_for_disputes(serving.id)?;
    books.network.finalize_task(one)?;
    assert_eq!(books.status(&serving)?, ClaimStatus::Accepted {});
    books.check()?;

    books.anyone(&ExecuteMsg::VoidTask { task: two })?;
    assert_eq!(books.status(&committed)?, ClaimStatus::Void {});
    assert_eq!(books.status(&taken)?, ClaimStatus::Void {});
    books.check()?;
    for node in books.crew.evaluators.clone() {
        assert_eq!(books.network.node(&node)?.jailed_until, None, "nobody was slashed for the pause");
    }
    books.all_pull()?;
    assert!(books.treasury()?.accrued.is_zero());
    let contract = books.network.at.rewards.clone();
    let again = rewards::ExecuteMsg::Claim { limit: None };
    assert!(books.network.execute(&leaver, &contract, &again, 0).is_err());
    books.check_trail()
}
