//! Learning blocks.
use lyceum_api::nodes::SlashReason;
use lyceum_api::tasks::*;

use crate::mocks::{NODES, OPEN};
use crate::run::Run;
use crate::world::*;

/// A world with one accepted claim of 5 percent.
fn filled() -> (World, Run) {
    let mut w = World::new();
    let (claim, run) = w.settled();
    w.finalize(claim);
    (w, run)
}

fn open_block(w: &World) -> OpenLearningBlockResponse {
    w.ask(&QueryMsg::OpenLearningBlock {})
}

fn check(w: &mut World) -> u64 {
    w.ok(&w.stranger(), &ExecuteMsg::CheckHeads {}, 0);
    open_block(w).panel.unwrap()
}

#[test]
fn a_learning_block_seals_when_no_domain_was_harmed() {
    let (mut w, run) = filled();
    let panel = check(&mut w);
    w.refused(&w.stranger(), &ExecuteMsg::CheckHeads {}, 0, "checks the heads");
    w.draw_panel(panel);
    assert_eq!(w.panel(panel).guards, [1, 2, 3], "all domains");
    w.work(panel, &run, |_, _| {});
    let sealed: LearningBlocksResponse = w.ask(&QueryMsg::LearningBlocks { start_after: None, limit: None });
    let [block] = &sealed.learning_blocks[..] else { panic!() };
    assert_eq!((block.number, block.weighted_gain, block.claims), (0, 5_000_000, 1));
    assert_eq!(block.scores.len(), 3);
    assert!(block.threshold <= block.weighted_gain);
    assert_eq!(OPEN.load(&*w.app.contract_storage(&w.rewards)).unwrap(), 1, "rewards moved with it");
    assert_eq!(w.ask::<DomainResponse>(&QueryMsg::Domain { domain: 2 }).best, 2_990_000);
    let next = open_block(&w);
    assert_eq!((next.number, next.weighted_gain, next.claims, next.panel), (1, 0, 0, None));
    assert_eq!(next.threshold, 980_000, "a drought lowered it by 2 %");
}

#[test]
fn nothing_seals_below_the_threshold() {
    let mut w = World::new();
    w.refused(&w.stranger(), &ExecuteMsg::CheckHeads {}, 0, "learning block 0 has 0");
}

#[test]
fn a_harmed_domain_keeps_a_block_open_until_it_is_checked_again() {
    let (mut w, run) = filled();
    let panel = check(&mut w);
    w.draw_panel(panel);
    w.work(panel, &run, |_, answer| answer.heads[2].score = 3_031_000);
    assert_eq!((open_block(&w).number, open_block(&w).panel), (0, None));
    w.refused(&w.stranger(), &ExecuteMsg::CheckHeads {}, 0, "too early");
    w.wait(600);
    let panel = check(&mut w);
    w.draw_panel(panel);
    w.work(panel, &run, |_, _| {});
    assert_eq!(open_block(&w).number, 1);
}

#[test]
fn harm_that_nobody_mends_holds_a_block_back_but_not_for_ever() {
    let (mut w, run) = filled();
    let harmed = |w: &mut World| {
        let panel = check(w);
        w.draw_panel(panel);
        w.work(panel, &run, |_, answer| answer.heads[2].score = 3_031_000);
        open_block(w).number
    };
    assert_eq!(harmed(&mut w), 0);
    w.wait(600);
    assert_eq!(harmed(&mut w), 0);
    w.wait(100 * 600);
    assert_eq!(harmed(&mut w), 1);
    let best = w.ask::<DomainResponse>(&QueryMsg::Domain { domain: 3 }).best;
    assert!(best < 3_031_000, "harm is no new best: {best}");
}

#[test]
fn a_heads_panel_without_a_quorum_is_closed_and_may_be_asked_for_again() {
    let (mut w, run) = filled();
    let panel = check(&mut w);
    w.draw_panel(panel);
    for seat in 0..3 {
        let answer = w.honest(panel, seat, &run);
        w.attest(panel, &w.evaluators[seat].clone(), &answer);
    }
    w.wait(3_600 + 1_800);
    w.settle(panel);
    assert_eq!(w.slashes().len(), 5);
    assert!(w.slashes().iter().all(|(_, reason)| *reason == SlashReason::Unrevealed));
    assert_ne!(check(&mut w), panel);
}

#[test]
fn a_heads_panel_that_cannot_be_drawn_is_replaced() {
    let (mut w, run) = filled();
    let setup = NODES.load(&*w.app.contract_storage(&w.nodes)).unwrap();
    let mut short = setup.clone();
    short.evaluators.truncate(4);
    w.set(&w.nodes.clone(), NODES, &short);
    let panel = check(&mut w);
    w.post(w.panel(panel).round);
    w.refused(&w.stranger(), &ExecuteMsg::Draw { panel }, 0, "4 evaluators");
    w.wait(600);
    w.set(&w.nodes.clone(), NODES, &setup);
    let next = check(&mut w);
    assert_eq!(w.panel(panel).status, PanelStatus::Closed {});
    w.draw_panel(next);
    w.work(next, &run, |_, _| {});
    assert_eq!(open_block(&w).number, 1);
}

#[test]
fn nobody_serves_or_opens_for_a_heads_panel() {
    let (mut w, _) = filled();
    let panel = check(&mut w);
    w.draw_panel(panel);
    let opening = lyceum_api::Hash32::default();
    let msg = ExecuteMsg::Serve { panel, opening, states: vec![] };
    w.refused(&w.trainer.clone(), &msg, 0, "expected of a claim");
}
