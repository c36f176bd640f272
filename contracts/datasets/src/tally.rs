//! What a committee's reports come to: pure.

use lyceum_api::datasets::{AuditReport, Tier};
use lyceum_economy::dataset::{AuditFailure, AuditShares, audited_tier};
use lyceum_onchain::tally::median;

/// How far a share may lie from the median and still agree with it, in ppm.
const SHARE_TOLERANCE: u32 = 20_000;
/// How far a gain may, in percent × 10⁻⁶.
const GAIN_TOLERANCE: u64 = 1_000_000;

/// The verdict on a dataset's bytes.
pub(crate) struct Tally {
    /// Measure by measure the median, the lower of the two middle ones. The licence is found right by more than
    /// half; half is not enough.
    pub median: AuditReport,
    tied: bool,
}

impl Tally {
    /// The tally of some reports; none of none.
    pub fn of(reports: &[&AuditReport]) -> Option<Self> {
        let measure = |of: fn(&AuditReport) -> i64| {
            median(&reports.iter().map(|report| of(report)).collect::<Vec<_>>())
        };
        // A median of u32 values is one of them.
        let share = |of| measure(of).and_then(|value| u32::try_from(value).ok());
        let right = 2 * reports.iter().filter(|report| report.licence_ok).count();
        let median = AuditReport {
            licence_ok: right > reports.len(),
            pii_ppm: share(|r| r.pii_ppm.into())?,
            toxicity_ppm: share(|r| r.toxicity_ppm.into())?,
            duplicates_ppm: share(|r| r.duplicates_ppm.into())?,
            gain: measure(|r| r.gain)?,
        };
        Some(Self { median, tied: right == reports.len() })
    }

    /// Whether a report agrees with the verdict. Where the committee is split in halves over the licence neither
    /// half is a majority to diverge from.
    pub fn agrees(&self, report: &AuditReport) -> bool {
        let near = |a: u32, b: u32| a.abs_diff(b) <= SHARE_TOLERANCE;
        let median = &self.median;
        (self.tied || report.licence_ok == median.licence_ok)
            && near(report.pii_ppm, median.pii_ppm)
            && near(report.toxicity_ppm, median.toxicity_ppm)
            && near(report.duplicates_ppm, median.duplicates_ppm)
            && report.gain.abs_diff(median.gain) <= GAIN_TOLERANCE
    }

    /// The highest tier that it allows, or what it failed on.
    pub fn tier(&self) -> Result<Tier, AuditFailure> {
        let median = &self.median;
        let shares = AuditShares {
            licence_allowed: median.licence_ok,
            pii: median.pii_ppm.into(),
            toxicity: median.toxicity_ppm.into(),
            duplicates: median.duplicates_ppm.into(),
            gain: median.gain,
        };
        audited_tier(&shares).map(Tier::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(licence_ok: bool, ppm: u32, gain: i64) -> AuditReport {
        AuditReport { licence_ok, pii_ppm: ppm, toxicity_ppm: ppm, duplicates_ppm: ppm, gain }
    }

    fn tally(reports: &[AuditReport]) -> Tally {
        Tally::of(&reports.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn nothing_revealed_gives_no_tally() {
        assert!(Tally::of(&[]).is_none());
    }

    #[test]
    fn each_measure_has_its_own_median_and_of_two_middle_ones_the_lower() {
        let found =
            tally(&[report(true, 7, 9), report(true, 1, 1), report(false, 3, 5), report(true, 5, -3)]);
        assert_eq!(found.median, report(true, 3, 1));
    }

    #[test]
    fn half_of_a_committee_does_not_make_a_licence_right_and_diverges_from_nobody() {
        let (yes, no) = (report(true, 0, 0), report(false, 0, 0));
        let split = tally(&[yes.clone(), no.clone()]);
        assert!(!split.median.licence_ok && split.agrees(&yes) && split.agrees(&no));
        let most = tally(&[yes.clone(), yes.clone(), no.clone()]);
        assert!(most.median.licence_ok && most.agrees(&yes) && !most.agrees(&no));
    }

    #[test]
    fn agreement_reaches_to_the_tolerance_and_not_beyond() {
        let median = report(true, 100_000, -5);
        let found = tally(std::slice::from_ref(&median));
        for by in [-20_001i32, -20_000, 20_000, 20_001] {
            let within = by.abs() == 20_000;
            let moved = |ppm: u32| ppm.checked_add_signed(by).unwrap();
            let base = || median.clone();
            for off in [
                AuditReport { pii_ppm: moved(100_000), ..base() },
                AuditReport { toxicity_ppm: moved(100_000), ..base() },
                AuditReport { duplicates_ppm: moved(100_000), ..base() },
            ] {
                assert_eq!(found.agrees(&off), within, "{off:?}");
            }
        }
        for (gain, within) in
            [(999_995, true), (999_996, false), (-1_000_005, true), (-1_000_006, false), (i64::MIN, false)]
        {
            assert_eq!(found.agrees(&AuditReport { gain, ..median.clone() }), within, "{gain}");
        }
    }

    proptest! {
        #[test]
        fn a_minority_moves_no_measure_out_of_the_honest_range(
            honest in prop::collection::vec((any::<bool>(), 0..1000u32, -9..9i64), 3),
            lies in prop::collection::vec((any::<bool>(), any::<u32>(), any::<i64>()), 2),
        ) {
            let all = honest.iter().chain(&lies).map(|(l, p, g)| report(*l, *p, *g)).collect::<Vec<_>>();
            let median = tally(&all).median;
            prop_assert!(median.pii_ppm < 1000 && (-9..9).contains(&median.gain));
            if honest.iter().all(|h| h.0 == honest[0].0) {
                prop_assert_eq!(median.licence_ok, honest[0].0);
            }
        }
    }
}
