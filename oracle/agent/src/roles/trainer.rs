//! [`Trainer`]: takes tasks, trains, commits, reveals, serves, opens.

use std::collections::BTreeMap;

use lyceum_api::Hash32;
use lyceum_api::attestation::{Opening, opening_root};
use lyceum_api::canonical::Canonical;
use lyceum_api::claim::CLAIM_COMMIT;
use lyceum_api::manifest::Recipe;
use lyceum_api::tasks::{
    ClaimResponse, ClaimStatus, ExecuteMsg, PanelResponse, PanelStatus, TaskResponse, TaskStatus,
};
use serde::{Deserialize, Serialize};

use crate::attempts::Attempts;
use crate::view::is_over;
use crate::{Action, Done, Job, Observation, Trained};

/// Which tasks a trainer takes, and with which recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    /// Only these tasks; empty = any.
    pub tasks: Vec<u64>,
    /// Only tasks of these domains; empty = any.
    pub domains: Vec<u64>,
    /// Peak learning rate × 10⁻⁹ before the task's bounds are applied; absent = the greatest allowed.
    pub lr_nano: Option<u64>,
    /// At most so many claims at once; 0 = one.
    pub at_once: usize,
}

/// What a trainer keeps of one of its claims.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Mine {
    trained: Option<Trained>,
    /// What it bound itself to, by panel.
    openings: BTreeMap<u64, Opening>,
    forgotten: bool,
}

/// A trainer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trainer {
    takes: Takes,
    mine: BTreeMap<u64, Mine>,
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
}

/// Seconds of chain time for the small jobs of a node.
pub(super) const SHORT: u64 = 15;

impl Trainer {
    /// A trainer.
    pub fn new(takes: Takes) -> Self {
        Self { takes, ..Self::default() }
    }

    /// The recipe it takes a task with: an even mixture, a twentieth of the steps for warm-up.
    pub fn recipe(&self, task: &TaskResponse) -> Recipe {
        let bounds = &task.task.bounds;
        let lr = self.takes.lr_nano.unwrap_or(bounds.max_lr_nano);
        let steps = task.task.intervals.saturating_mul(task.task.steps_per_interval);
        Recipe {
            peak_lr_nano: lr.clamp(bounds.min_lr_nano, bounds.max_lr_nano.max(bounds.min_lr_nano)),
            warmup_steps: (steps / 20).min(bounds.max_warmup),
            mixture: vec![1; task.task.shards.len()],
        }
    }

    /// Looks and decides.
    pub fn step(&self, seen: &Observation) -> (Self, Vec<Action>) {
        let mut next = self.clone();
        next.attempts.observe(seen);
        next.take_in(seen);
        let mut actions = Vec::new();
        next.take_tasks(seen, &mut actions);
        for claim in seen.view.claims.values().filter(|c| c.trainer == seen.me.account) {
            next.advance(seen, claim, &mut actions);
        }
        actions.extend(next.attempts.next(seen.now()).map(|at| Action::Wake { at }));
        (next, actions)
    }

    /// Keeps the results of work, and what they make it send.
    fn take_in(&mut self, seen: &Observation) {
        for (key, done) in &seen.done {
            let Some((what, id)) = key.split_once('/') else { continue };
            let Ok(id) = id.parse::<u64>() else { continue };
            match (what, done) {
                ("train", Done::Trained(trained)) => {
                    self.mine.entry(id).or_default().trained = Some(trained.clone());
                }
                ("serve", Done::Served { opening, .. }) => {
                    let claim = seen.view.panels.get(&id).and_then(|p| p.claim);
                    if let Some(mine) = claim.and_then(|c| self.mine.get_mut(&c)) {
                        mine.openings.insert(id, opening.clone());
                    }
                }
                _ => {}
            }
        }
    }

    fn take_tasks(&mut self, seen: &Observation, actions: &mut Vec<Action>) {
        let (now, me) = (seen.now(), &seen.me);
        let mut busy = seen
            .view
            .claims
            .values()
            .filter(|c| c.trainer == me.account && matches!(c.status, ClaimStatus::Taken {}))
            .count();
        for task in seen.view.tasks.values().filter(|t| t.status == TaskStatus::Open) {
            let wanted = (self.takes.tasks.is_empty() || self.takes.tasks.contains(&task.id))
                && (self.takes.domains.is_empty() || self.takes.domains.contains(&task.task.domain));
            let claims = || task.claims.iter().filter_map(|c| seen.view.claims.get(c));
            let fits = task.opener != me.account
                && now < task.commit_until.seconds()
                && (task.claims.len() as u64) < u64::from(task.task.max_claims)
                && !claims().any(|c| c.trainer == me.account);
            let key = format!("take/{}", task.id);
            if !wanted || !fits || busy >= self.takes.at_once.max(1) || !self.attempts.begin(&key, now) {
                continue;
            }
            busy += 1;
            let take = ExecuteMsg::Take { task: task.id, recipe: self.recipe(task) };
            let funds = task.bond.u128().saturating_add(task.fee.u128());
            actions.push(Action::Send { key, tx: me.paid_tx(&me.contracts.tasks, &take, funds) });
        }
    }

    fn advance(&mut self, seen: &Observation, claim: &ClaimResponse, actions: &mut Vec<Action>) {
        let (now, me, id) = (seen.now(), &seen.me, claim.id);
        let Some(subject) = seen.view.subject(id) else { return };
        let trained = self.mine.get(&id).and_then(|m| m.trained.clone());
        let tasks = &me.contracts.tasks;
        let mut send = |attempts: &mut Attempts, key: String, msg: &ExecuteMsg| {
            if attempts.begin(&key, now) {
                actions.push(Action::Send { key, tx: me.tx(tasks, msg) });
            }
        };
        let salt = me.salt("claim", id);
        match (&claim.status, trained) {
            (ClaimStatus::Taken {}, None) => {
                let key = format!("train/{id}");
                let open = now < subject.task.commit_until.seconds();
                if claim.seed.is_some() && open && self.attempts.begin(&key, now) {
                    let steps = u64::from(subject.task.task.intervals)
                        * u64::from(subject.task.task.steps_per_interval);
                    let seconds =
                        (steps.saturating_mul(subject.domain.domain.seconds_per_kilostep) / 1000).max(1);
                    actions.push(Action::Work { key, job: Box::new(Job::Train { subject }), seconds });
                }
            }
            (ClaimStatus::Taken {}, Some(trained)) if now < subject.task.commit_until.seconds() => {
                let content = trained.content.hash();
                let commit = me.commit(CLAIM_COMMIT, tasks, claim.task, &content, &salt);
                send(&mut self.attempts, format!("commit/{id}"), &ExecuteMsg::Commit { claim: id, commit });
            }
            (ClaimStatus::Committed {}, Some(trained))
                if subject.task.commit_until.seconds() < now && now < subject.task.reveal_until.seconds() =>
            {
                let reveal =
                    ExecuteMsg::Reveal { claim: id, content: trained.content, salt: salt.0.to_vec().into() };
                send(&mut self.attempts, format!("reveal/{id}"), &reveal);
            }
            (ClaimStatus::Bisecting { from, to, .. }, Some(trained)) => {
                let key = format!("span/{id}/{from}");
                let spanned = seen.done.iter().find_map(|(k, d)| match d {
                    Done::Spanned { states } if *k == key => Some(states.clone()),
                    _ => None,
                });
                if let Some(states) = spanned {
                    let open = ExecuteMsg::OpenSpan { claim: id, from: *from, states };
                    send(&mut self.attempts, format!("open-span/{id}/{from}"), &open);
                } else if let Some(opened) = claim.opened_panel.and_then(|p| seen.view.panels.get(&p))
                    && self.attempts.begin(&key, now)
                {
                    let (from, to, opened) = (*from, *to, opened.clone());
                    let job = Job::Span { subject, trained, opened, from, to };
                    actions.push(Action::Work { key, job: Box::new(job), seconds: SHORT });
                }
            }
            (status, Some(trained)) if is_over(status) => self.forget(id, &trained, actions),
            (_, Some(trained)) => {
                for panel in seen.view.open_panels().filter(|p| p.claim == Some(id)) {
                    self.answer(seen, panel, actions);
                    self.attend(seen, panel, &trained, actions);
                }
            }
            (_, None) => {}
        }
    }

    /// Serves and opens for one panel.
    fn attend(
        &mut self,
        seen: &Observation,
        panel: &PanelResponse,
        trained: &Trained,
        actions: &mut Vec<Action>,
    ) {
        let (now, me, id) = (seen.now(), &seen.me, panel.id);
        let Some(claim) = panel.claim else { return };
        let salt = me.salt("opening", id);
        let all_committed = !panel.seats.is_empty() && panel.seats.iter().all(|s| s.commit.is_some());
        match panel.status {
            PanelStatus::Serving { .. } => {
                let key = format!("serve/{id}");
                let served = seen.done.iter().find_map(|(k, d)| match d {
                    Done::Served { states, opening } if *k == key => Some((states.clone(), opening)),
                    _ => None,
                });
                if let Some((states, opening)) = served {
                    let key = format!("served/{id}");
                    let serve =
                        ExecuteMsg::Serve { panel: id, opening: opening_root(&salt, opening), states };
                    if self.attempts.begin(&key, now) {
                        actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &serve) });
                    }
                } else if let Some(subject) = seen.view.subject(claim)
                    && self.attempts.begin(&key, now)
                {
                    let job = Job::Serve { subject, trained: trained.clone(), panel: panel.clone() };
                    actions.push(Action::Work { key, job: Box::new(job), seconds: SHORT });
                }
            }
            PanelStatus::Committing { .. } | PanelStatus::Revealing { .. } => {
                let revealing = all_committed || matches!(panel.status, PanelStatus::Revealing { .. });
                let opening = self.mine.get(&claim).and_then(|m| m.openings.get(&id));
                if let Some(opening) =
                    opening.filter(|_| revealing && panel.opening.is_some() && !panel.opened)
                {
                    let key = format!("open-sketches/{id}");
                    let open = ExecuteMsg::Open { panel: id, opening: opening.clone(), salt };
                    if self.attempts.begin(&key, now) {
                        actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &open) });
                    }
                }
            }
            PanelStatus::Pending {} | PanelStatus::Closed {} => {}
        }
    }

    /// Answers availability challenges with the tile they ask for.
    fn answer(&mut self, seen: &Observation, panel: &PanelResponse, actions: &mut Vec<Action>) {
        let (now, me, id) = (seen.now(), &seen.me, panel.id);
        for asked in panel.challenges.iter().filter(|c| !c.answered && now < c.until.seconds()) {
            let Some(served) = panel.served.iter().find(|s| s.state == asked.state) else { continue };
            let key = format!("tile/{id}/{}/{}", asked.state, asked.tile);
            let found = seen.done.iter().find_map(|(k, d)| match d {
                Done::Tile { size, data, proof } if *k == key => Some((*size, data.clone(), proof.clone())),
                _ => None,
            });
            if let Some((size, data, proof)) = found {
                let key = format!("answer/{id}/{}/{}", asked.state, asked.tile);
                let (panel, state, data) = (id, asked.state, data.into());
                let answer = ExecuteMsg::AnswerAvailability { panel, state, size, data, proof };
                if self.attempts.begin(&key, now) {
                    actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &answer) });
                }
            } else if self.attempts.begin(&key, now) {
                let job = Job::Tile { root: served.tensors, tile: asked.tile };
                actions.push(Action::Work { key, job: Box::new(job), seconds: 1 });
            }
        }
    }

    /// Drops the states of a claim that is over; its block stays.
    fn forget(&mut self, claim: u64, trained: &Trained, actions: &mut Vec<Action>) {
        if let Some(mine) = self.mine.get_mut(&claim)
            && !mine.forgotten
        {
            mine.forgotten = true;
            mine.openings.clear();
            let roots: Vec<Hash32> = trained.kept.iter().map(|(_, root)| *root).collect();
            actions.push(Action::Forget { roots });
        }
    }
}
