//! The defaults of `3-economy.md`. On a chain they are parameters of the charter; nothing else sets a number.

/// The denomination of every amount.
pub const DENOM: &str = "ulyc";
/// One LYC in `ulyc`.
pub const LYC: u128 = 1_000_000;
/// Parts per million: the unit of every fraction.
pub const ONE: u64 = 1_000_000;

/// The minimum stake of a node.
pub const MIN_STAKE: u128 = 1000 * LYC;
/// Seconds that unbonded stake stays locked, and slashable.
pub const UNBONDING_SECONDS: u64 = 21 * 86_400;
/// A bond younger than this many seconds does not count in a draw.
pub const BOND_AGE_SECONDS: u64 = 86_400;
/// Length of the epoch at whose start the weights of a draw are frozen.
pub const DRAW_EPOCH_SECONDS: u64 = 3600;

/// Share of the stake lost by a fraud, besides the claim's bond.
pub const SLASH_FRAUD: u64 = 200_000;
/// Share of the stake lost by a false or unrevealed attestation.
pub const SLASH_ATTESTATION: u64 = 100_000;
/// Share of the stake lost by downtime.
pub const SLASH_DOWNTIME: u64 = 1_000;
/// Largest share of a slash, after costs, that a challenger gets.
pub const CHALLENGER_SHARE: u64 = 300_000;

/// Fee of a claim; it pays the committee, whatever the verdict.
pub const CLAIM_FEE: u128 = 5 * LYC;
/// Share of the fees of its tasks that a coordinator gets.
pub const COORDINATOR_SHARE: u64 = 20_000;
/// The claim bond is this margin (in ppm) times the smallest bond that makes cheating worthless.
pub const BOND_MARGIN: u64 = 1_500_000;
/// Seats of a committee.
pub const COMMITTEE_SEATS: u32 = 5;
/// Smallest number of intervals of a claim, so that a committee re-executes at most 5 % of the steps.
pub const MIN_INTERVALS: u32 = 200;
/// A change of state between kept states that is larger than this multiple of the median is a jump.
pub const JUMP_FACTOR: u64 = 4;
/// Loss in a guard domain, in percent × 10⁻⁶, beyond which a claim is rejected.
pub const GUARD_LOSS: i64 = 1_000_000;
/// Seconds between the end of the reveal window and the beacon round of the draw.
pub const DRAW_DELAY_SECONDS: u64 = 30;

/// Daily quota of claims and uploads of a newbie.
pub const QUOTA_NEWBIE: u32 = 20;
/// Daily quota of a trusted node.
pub const QUOTA_TRUSTED: u32 = 200;
/// Daily quota of an expert node.
pub const QUOTA_EXPERT: u32 = 1000;
/// Successes in a row that promote.
pub const PROMOTE_AFTER: u32 = 3;
/// Failures in a row that demote.
pub const DEMOTE_AFTER: u32 = 5;
/// Accepted pieces of work without which nobody becomes an expert node.
pub const EXPERT_ACCEPTED: u32 = 50;
/// Integrity failures within [`INTEGRITY_WINDOW_SECONDS`] that put a node into quarantine.
pub const INTEGRITY_FAILURES: usize = 3;
/// The window of [`INTEGRITY_FAILURES`].
pub const INTEGRITY_WINDOW_SECONDS: u64 = 3600;
/// Length of a node's first quarantine; each further one is twice as long.
pub const QUARANTINE_SECONDS: u64 = 300;
/// Number of doublings after which a quarantine grows no longer (300 s · 2²⁰ is ten years).
pub const QUARANTINE_DOUBLINGS: u32 = 20;

/// Half-life of a reputation.
pub const REPUTATION_HALF_LIFE_SECONDS: u64 = 7 * 86_400;
/// What an agreement with the verdict adds to a reputation, × 10⁻⁶.
pub const REPUTATION_AGREEMENT: i64 = 300_000;
/// What a divergence takes from a reputation, × 10⁻⁶.
pub const REPUTATION_DIVERGENCE: i64 = 3_000_000;
/// The reputation from which on a node is drawn, × 10⁻⁶.
pub const REPUTATION_DRAWN_FROM: i64 = -1_000_000;

/// Cap of the log-ratio of one improvement, × 10⁻⁶: beyond 0.2 (about 18 % less loss) a single claim gains
/// nothing more, so that an easy domain cannot swallow a learning block.
pub const LOG_RATIO_CAP: u64 = 200_000;
/// The lower cap of the classes without re-execution (`private`, `score-only`), × 10⁻⁶.
pub const LOG_RATIO_CAP_UNVERIFIED: u64 = 50_000;
/// Multiplier of the first accepted improvement of an expert in an epoch.
pub const FIRST_IMPROVEMENT: u64 = 1_500_000;
/// Source bonus of a pretrained import.
pub const SOURCE_PRETRAINED: u64 = 1_000_000;
/// Source bonus of a curated set.
pub const SOURCE_CURATED: u64 = 1_200_000;
/// Source bonus of scraped data.
pub const SOURCE_SCRAPED: u64 = 900_000;
/// Source bonus of synthetic data.
pub const SOURCE_SYNTHETIC: u64 = 700_000;

/// Time between learning blocks that the threshold is steered to.
pub const BLOCK_SECONDS: u64 = 600;
/// The first threshold: 1.0 percent, weighted over domains, × 10⁻⁶.
pub const INITIAL_THRESHOLD: u64 = 1_000_000;
/// A threshold never leaves 1..=this (1000 percent × 10⁻⁶).
pub const MAX_THRESHOLD: u64 = 1_000_000_000;
/// Largest correction of the threshold by one block.
pub const BLOCK_CORRECTION: u64 = 20_000;
/// Blocks between retargets.
pub const RETARGET_BLOCKS: u64 = 100;
/// A retarget changes the threshold by at most this factor, up or down.
pub const RETARGET_FACTOR: u64 = 4;
/// Emission of a learning block before the first halving.
pub const INITIAL_EMISSION: u128 = 50 * LYC;
/// Learning blocks between halvings.
pub const HALVING_BLOCKS: u64 = 210_000;
/// No more than this is ever emitted.
pub const MAX_EMISSION: u128 = 21_000_000 * LYC;
/// Share of an emission for trainers.
pub const SHARE_TRAINERS: u64 = 600_000;
/// Share of an emission for data contributors.
pub const SHARE_DATA: u64 = 200_000;
/// Share of an emission for evaluators.
pub const SHARE_EVALUATORS: u64 = 120_000;
/// Share of an emission for storage and inference nodes.
pub const SHARE_SERVICE: u64 = 50_000;
/// Share of an emission for the treasury, which also gets every remainder.
pub const SHARE_TREASURY: u64 = 30_000;

/// One credit, in the unit in which credits are kept.
pub const CREDIT: u128 = 1_000_000;
/// Credits for an accepted expert block of its domain's mean gain.
pub const CREDITS_EXPERT: u128 = 100 * CREDIT;
/// Cap of an expert block's share of the mean gain.
pub const CREDITS_EXPERT_CAP: u64 = 2_000_000;
/// Credits for a dataset that became gold.
pub const CREDITS_GOLD_DATASET: u128 = 50 * CREDIT;
/// Credits for an accepted migration.
pub const CREDITS_MIGRATION: u128 = 200 * CREDIT;
/// Credits for an attestation that agreed with the verdict.
pub const CREDITS_ATTESTATION: u128 = 25 * CREDIT;
/// Credits for a proven security finding.
pub const CREDITS_FINDING: u128 = 75 * CREDIT;
/// Price of a GPU reservation per GPU-hour.
pub const CREDITS_GPU_HOUR: u128 = 10 * CREDIT;

/// Deposit of a dataset's proposal.
pub const DATASET_DEPOSIT: u128 = 100 * LYC;
/// Window of a dataset's audit.
pub const AUDIT_SECONDS: u64 = 30 * 60;
/// Window of a dataset's vote.
pub const VOTE_SECONDS: u64 = 72 * 3600;
/// Extension of a vote, once, on low turnout.
pub const VOTE_EXTENSION_SECONDS: u64 = 24 * 3600;
/// Window of an appeal.
pub const APPEAL_SECONDS: u64 = 7 * 86_400;
/// Turnout without which a vote decides nothing.
pub const QUORUM: u64 = 100_000;
/// Share of yes from which on a dataset is gold.
pub const YES_GOLD: u64 = 750_000;
/// Share of yes from which on a dataset is silver.
pub const YES_SILVER: u64 = 600_000;
/// Share of yes from which on a dataset is experimental.
pub const YES_EXPERIMENTAL: u64 = 400_000;
/// Largest share of bytes that are personal data.
pub const MAX_PII: u64 = 10_000;
/// Largest share of bytes that are toxic.
pub const MAX_TOXICITY: u64 = 100_000;
/// Largest share of bytes that are duplicates.
pub const MAX_DUPLICATES: u64 = 950_000;
/// Gold needs less than this share of toxic bytes, and no personal data.
pub const GOLD_TOXICITY: u64 = 50_000;
/// Gold needs less than this share of duplicate bytes.
pub const GOLD_DUPLICATES: u64 = 200_000;
/// Measured gain of an audit, in percent × 10⁻⁶, from which on gold is allowed.
pub const GAIN_GOLD: i64 = 1_000_000;
/// Measured gain from which on silver is allowed; below it a dataset is experimental at best.
pub const GAIN_SILVER: i64 = 0;
/// Weight of a gold sample in training.
pub const WEIGHT_GOLD: u64 = 1_000_000;
/// Weight of a silver sample.
pub const WEIGHT_SILVER: u64 = 700_000;
/// Weight of an experimental sample.
pub const WEIGHT_EXPERIMENTAL: u64 = 300_000;
