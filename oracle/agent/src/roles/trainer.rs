//! [`Trainer`]: takes tasks, trains, commits, reveals, serves, opens.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_api::Hash32;
use lyceum_api::attestation::{OpenedState, Opening, opening_root};
use lyceum_api::canonical::Canonical;
use lyceum_api::claim::CLAIM_COMMIT;
use lyceum_api::manifest::Recipe;
use lyceum_api::tasks::{
    ClaimResponse, ClaimStatus, ExecuteMsg, PanelResponse, PanelStatus, ServedState, TaskResponse, TaskStatus,
};
use serde::{Deserialize, Serialize};

use super::unsealing;
use crate::attempts::Attempts;
use crate::view::is_over;
use crate::{Action, Done, Job, Observation, Trained, View};

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
    /// The states it serves, by panel: made once, however often they must be sent.
    #[serde(default)]
    served: BTreeMap<u64, Vec<ServedState>>,
    /// The states of a span, by its first.
    #[serde(default)]
    spans: BTreeMap<u32, Vec<OpenedState>>,
}

/// A trainer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trainer {
    takes: Takes,
    /// Its claims that are not over.
    mine: BTreeMap<u64, Mine>,
    /// Whether the operator ended this role: it finishes its claims and takes no more.
    #[serde(default)]
    retired: bool,
    // What is under way dies with the process, so it is not written down.
    #[serde(skip)]
    attempts: Attempts,
    // Large, and found again in the store.
    #[serde(skip)]
    tiles: BTreeMap<String, Tile>,
}

/// A tile that is asked for: size of the whole, bytes, proof.
type Tile = (u64, Vec<u8>, Vec<Hash32>);

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
        if !seen.draining && !next.retired {
            next.take_tasks(seen, &mut actions);
        }
        for claim in seen.view.claims.values().filter(|c| c.trainer == seen.me.account) {
            next.advance(seen, claim, &mut actions);
        }
        unsealing::step_in(seen, &mut next.attempts, &mut actions);
        actions.extend(next.attempts.next(seen).map(|at| Action::Wake { at }));
        (next, actions)
    }

    /// The memory of an earlier life under the settings of this one.
    pub(crate) fn resume(self, earlier: Self) -> Self {
        Self { takes: self.takes, ..earlier }
    }

    /// An earlier life's claims, which are finished though the operator ended the role.
    pub(crate) fn retire(self) -> Option<Self> {
        (!self.mine.is_empty()).then_some(Self { retired: true, ..self })
    }

    /// The claims it must see until they are over.
    pub(crate) fn claims(&self) -> impl Iterator<Item = u64> {
        self.mine.keys().copied()
    }

    /// Adds the roots of what its claims that are not over may still have to show.
    pub(crate) fn keeps(&self, out: &mut BTreeSet<Hash32>) {
        for mine in self.mine.values() {
            if let Some(trained) = &mine.trained {
                out.extend([trained.content.block, trained.content.manifest]);
                out.extend(trained.kept.iter().map(|(_, root)| *root));
            }
            out.extend(mine.served.values().flatten().map(|state| state.tensors));
        }
    }

    /// What it may not leave behind: its claims that are not over.
    pub(crate) fn owes(&self, seen: &Observation) -> Vec<String> {
        let now = seen.now();
        let mine = |c: &&ClaimResponse| {
            let task = seen.view.tasks.get(&c.task);
            let late = task.is_some_and(|t| match c.status {
                // Too late for this claim: nothing that the trainer could still do.
                ClaimStatus::Taken {} => t.commit_until.seconds() < now,
                ClaimStatus::Committed {} => t.reveal_until.seconds() < now,
                _ => false,
            });
            c.trainer == seen.me.account && !is_over(&c.status) && !late
        };
        seen.view.claims.values().filter(mine).map(|c| say(&seen.view, c)).collect()
    }

    /// What it waits for and what keeps it from going on.
    pub(crate) fn report(&self, seen: &Observation) -> (Vec<String>, Vec<String>) {
        (self.owes(seen), self.attempts.blocked())
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
                ("serve", Done::Served { states, opening }) => {
                    let claim = seen.view.panels.get(&id).and_then(|p| p.claim);
                    if let Some(mine) = claim.and_then(|c| self.mine.get_mut(&c)) {
                        mine.openings.insert(id, opening.clone());
                        mine.served.insert(id, states.clone());
                    }
                }
                _ => {}
            }
        }
        for (key, done) in &seen.done {
            match done {
                Done::Spanned { states } => {
                    let mut parts = key.split('/').skip(1);
                    let claim = parts.next().and_then(|id| id.parse::<u64>().ok());
                    let from = parts.next().and_then(|from| from.parse::<u32>().ok());
                    if let (Some(mine), Some(from)) = (claim.and_then(|c| self.mine.get_mut(&c)), from) {
                        mine.spans.insert(from, states.clone());
                    }
                }
                Done::Tile { size, data, proof } => {
                    self.tiles.insert(key.clone(), (*size, data.clone(), proof.clone()));
                }
                _ => {}
            }
        }
        let asked = |key: &String| {
            let panel = key.split('/').nth(1).and_then(|id| id.parse().ok());
            panel.is_some_and(|id| {
                seen.view.panels.get(&id).is_some_and(|p| p.status != PanelStatus::Closed {})
            })
        };
        self.tiles.retain(|key, _| asked(key));
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
                && !task.exposed
                && now < task.commit_until.seconds()
                && (task.claims.len() as u64) < u64::from(task.task.max_claims)
                && !claims().any(|c| c.trainer == me.account);
            let key = format!("take/{}", task.id);
            if !wanted || !fits || busy >= self.takes.at_once.max(1) || !self.attempts.begin(&key, seen) {
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
        if is_over(&claim.status) {
            return self.forget(id, actions);
        }
        let Some(subject) = seen.view.subject(id) else { return };
        let trained = self.mine.get(&id).and_then(|m| m.trained.clone());
        let tasks = &me.contracts.tasks;
        let mut send = |attempts: &mut Attempts, key: String, msg: &ExecuteMsg| {
            if attempts.begin(&key, seen) {
                actions.push(Action::Send { key, tx: me.tx(tasks, msg) });
            }
        };
        let salt = me.salt("claim", id);
        match (&claim.status, trained) {
            (ClaimStatus::Taken {}, None) => {
                let key = format!("train/{id}");
                let open = now < subject.task.commit_until.seconds() && !subject.task.exposed;
                if claim.seed.is_some() && open && self.attempts.begin(&key, seen) {
                    // From now on something is kept for it, which must be dropped when it is over.
                    self.mine.entry(id).or_default();
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
                let spanned = self.mine.get(&id).and_then(|m| m.spans.get(from));
                if let Some(states) = spanned.cloned() {
                    let open = ExecuteMsg::OpenSpan { claim: id, from: *from, states };
                    send(&mut self.attempts, format!("open-span/{id}/{from}"), &open);
                } else if let Some(opened) = claim.opened_panel.and_then(|p| seen.view.panels.get(&p))
                    && self.attempts.begin(&key, seen)
                {
                    let (from, to, opened) = (*from, *to, opened.clone());
                    let job = Job::Span { subject, trained, opened, from, to };
                    actions.push(Action::Work { key, job: Box::new(job), seconds: SHORT });
                }
            }
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
        let (me, id) = (&seen.me, panel.id);
        let Some(claim) = panel.claim else { return };
        let salt = me.salt("opening", id);
        let all_committed = !panel.seats.is_empty() && panel.seats.iter().all(|s| s.commit.is_some());
        match panel.status {
            PanelStatus::Serving { .. } => {
                let key = format!("serve/{id}");
                let made = self.mine.get(&claim);
                let made = made.and_then(|m| Some((m.served.get(&id)?.clone(), m.openings.get(&id)?)));
                if let Some((states, opening)) = made {
                    let key = format!("served/{id}");
                    let serve =
                        ExecuteMsg::Serve { panel: id, opening: opening_root(&salt, opening), states };
                    if self.attempts.begin(&key, seen) {
                        actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &serve) });
                    }
                } else if let Some(subject) = seen.view.subject(claim)
                    && self.attempts.begin(&key, seen)
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
                    if self.attempts.begin(&key, seen) {
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
            if let Some((size, data, proof)) = self.tiles.get(&key).cloned() {
                let key = format!("answer/{id}/{}/{}", asked.state, asked.tile);
                let (panel, state, data) = (id, asked.state, data.into());
                let answer = ExecuteMsg::AnswerAvailability { panel, state, size, data, proof };
                if self.attempts.begin(&key, seen) {
                    actions.push(Action::Send { key, tx: me.tx(&me.contracts.tasks, &answer) });
                }
            } else if self.attempts.begin(&key, seen) {
                let job = Job::Tile { root: served.tensors, tile: asked.tile };
                actions.push(Action::Work { key, job: Box::new(job), seconds: 1 });
            }
        }
    }

    /// Drops the states of a claim that is over, and what is remembered of it; its block stays. A state that another
    /// claim keeps as well (the first is the same for all claims with one parent) stays too.
    fn forget(&mut self, claim: u64, actions: &mut Vec<Action>) {
        let Some(mine) = self.mine.remove(&claim) else { return };
        let kept =
            |m: &Mine| m.trained.iter().flat_map(|t| &t.kept).map(|(_, root)| *root).collect::<Vec<_>>();
        let others: BTreeSet<Hash32> = self.mine.values().flat_map(kept).collect();
        let roots = kept(&mine).into_iter().filter(|root| !others.contains(root)).collect();
        actions.push(Action::Forget { claim, roots });
    }
}

/// Where a claim stands, in words.
fn say(view: &View, claim: &ClaimResponse) -> String {
    let task = view.tasks.get(&claim.task);
    let waits = match &claim.status {
        ClaimStatus::Taken {} if claim.seed.is_none() => format!("round {} gives its seed", claim.seed_round),
        ClaimStatus::Taken {} => {
            format!("it is trained and committed until {}", task.map_or(0, |t| t.commit_until.seconds()))
        }
        ClaimStatus::Committed {} => {
            format!("it is revealed until {}", task.map_or(0, |t| t.reveal_until.seconds()))
        }
        ClaimStatus::Revealed {} => "its panels are at work".to_owned(),
        ClaimStatus::Bisecting { until, .. } => format!("a span is opened until {}", until.seconds()),
        ClaimStatus::Disputed { panels } => format!("{panels} panels on disputed intervals are at work"),
        ClaimStatus::Settled { until, .. } => {
            format!("its verdict may be disputed until {}", until.seconds())
        }
        _ => "it is over".to_owned(),
    };
    format!("claim {}: {waits}", claim.id)
}
