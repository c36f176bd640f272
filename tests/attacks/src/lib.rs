//! Attacks: what an adversary tries on the real contracts, and what it costs him.
//!
//! This room owns one test per row of the list of attacks in the design's verification chapter, as far as the seven
//! contracts can show it; it depends on `lyceum-testing` (the whole network in one App) and nothing of ours that a
//! node runs. Runs and scores are made up: a forger opens sketches that honest seats do not see when they begin at
//! its states, which is all that the contracts ever learn of training. That real training, forged, really gives
//! such sketches is shown in `oracle/agent`, where dishonest nodes train.
//!
//! The tests are in `tests/attacks/`, by who attacks: `training` (forged runs), `committing` (commits, reveals,
//! benchmarks), `serving` (states, tiles, sketches, blocks), `seats` (evaluators), `disputes` (challengers),
//! `draws` (sybils and stake), `delegation` (other people's stake), `data` (datasets and votes), `earning` (rewards), `replays` (copied messages).
//! Start reading at `arena.rs`: a network with three domains, and what an account is worth in it.
//!
//! Rows that nothing here can show, because what they attack is not in the contracts yet: capturing an execution
//! class (there is one class, `fp32`, which is always open), replay of IBC packets (no IBC), eclipse and flooding
//! (no network between peers; `tests/chaos` will hold them). Descendants of a fraud are shown as far as they can exist: a task is opened on final blocks only, so a fraud has none.
