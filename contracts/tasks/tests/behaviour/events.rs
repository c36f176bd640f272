//! The names and attributes of events are golden: readers depend on them.
use std::collections::BTreeMap;

use lyceum_api::tasks::*;

use crate::run::{STEP, key};
use crate::world::*;

/// Lives that emit every event there is.
fn lives() -> Vec<cosmwasm_std::Event> {
    let mut log = vec![];
    let mut w = World::new();
    let (claim, run, panel) = w.drawn(|run| run.forge(73, 50 * STEP));
    w.serve(panel, &run);
    w.ok(&w.evaluators[0].clone(), &ExecuteMsg::ChallengeAvailability { panel, state: 0, tile: 0 }, 0);
    let file = run.file(0);
    let proof = lyceum_tensorblock::tile::prove(&file, 0).unwrap().siblings;
    let answer = ExecuteMsg::AnswerAvailability {
        panel,
        state: 0,
        size: file.len() as u64,
        data: file[..lyceum_tensorblock::tile::TILE_LEN as usize].into(),
        proof: proof.into_iter().map(lyceum_api::Hash32).collect(),
    };
    w.ok(&w.stranger(), &answer, 0);
    w.answer(panel, &run, |_, _| {});
    w.settle(panel);
    let key = key(&w.panel(panel));
    let states = (71..80).map(|j| run.open_state(&key, j)).collect();
    w.ok(&w.trainer.clone(), &ExecuteMsg::OpenSpan { claim, from: 70, states }, 0);
    w.dispute(claim, &run, |_, _| {});
    w.finalize(claim);
    log.append(&mut w.log);

    let mut w = World::new();
    let (claim, run) = w.settled();
    let who = w.stranger();
    let chain = w.app.block_info().chain_id;
    let content = lyceum_api::claim::challenge_content(claim, 73);
    let tag = lyceum_api::claim::CHALLENGE_COMMIT;
    let contract = w.tasks.as_str();
    let commit =
        lyceum_api::canonical::commitment(tag, &chain, contract, claim, who.as_str(), &content, SALT);
    w.ok(&who, &ExecuteMsg::Challenge { claim, commit }, 50_000_000);
    w.ok(&who, &ExecuteMsg::RevealChallenge { claim, interval: 73, salt: SALT.into() }, 0);
    w.dispute(claim, &run, |_, _| {});
    w.finalize(claim);
    w.ok(&who, &ExecuteMsg::CheckHeads {}, 0);
    let panel = w.ask::<OpenLearningBlockResponse>(&QueryMsg::OpenLearningBlock {}).panel.unwrap();
    w.draw_panel(panel);
    w.work(panel, &run, |_, _| {});
    let task = w.open();
    let (claim, run) = w.train(&w.trainer.clone(), task, |run| run);
    w.commit(claim, &run);
    w.until(w.task(task).reveal_until.seconds());
    w.ok(&who, &ExecuteMsg::VoidTask { task }, 0);
    w.ok(&w.charter.clone(), &ExecuteMsg::SetParams { params: Params::default() }, 0);
    w.ok(&w.charter.clone(), &ExecuteMsg::SetPaused { paused: true }, 0);
    log.append(&mut w.log);
    log
}

#[test]
fn event_names_and_attributes_are_the_golden_ones() {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for event in lives() {
        let keys = event.attributes.iter().map(|a| a.key.as_str()).filter(|k| *k != "_contract_address");
        let keys: Vec<_> = keys.collect();
        found.insert(event.ty.clone(), keys.join(","));
    }
    let lines: Vec<_> = found.into_iter().map(|(name, keys)| format!("{name}: {keys}\n")).collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/events.txt");
    if std::env::var_os("LYCEUM_UPDATE").is_some() {
        std::fs::write(file, lines.concat()).unwrap();
    }
    assert_eq!(lines.concat(), std::fs::read_to_string(file).unwrap_or_default());
    assert_eq!(lines.len(), 28, "every event of the interface");
}
