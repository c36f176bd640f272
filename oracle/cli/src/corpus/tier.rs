//! What a network with default limits makes of an audit.

use lyceum_agent::audit::Measures;
use lyceum_economy::dataset::{AuditFailure, AuditShares, Tier, audited_tier};
use lyceum_economy::params::GAIN_GOLD;

/// The highest tier that measures allow, or what a dataset would be refused for. What training on it gains is not
/// known yet, so the best is assumed.
pub fn tier_at_best(found: &Measures) -> Result<Tier, AuditFailure> {
    audited_tier(&AuditShares {
        licence_allowed: found.licence_ok,
        pii: found.pii_ppm.into(),
        toxicity: found.toxicity_ppm.into(),
        duplicates: found.duplicates_ppm.into(),
        gain: GAIN_GOLD,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measure_alone_refuses_and_none_is_taken_for_another() {
        let clean = Measures { licence_ok: true, pii_ppm: 0, toxicity_ppm: 0, duplicates_ppm: 0 };
        assert!(matches!(tier_at_best(&clean), Ok(Tier::Gold)));
        let all = 1_000_000;
        let refused = |found| tier_at_best(&found).unwrap_err();
        assert!(matches!(refused(Measures { licence_ok: false, ..clean }), AuditFailure::Licence));
        assert!(matches!(refused(Measures { pii_ppm: all, ..clean }), AuditFailure::Pii));
        assert!(matches!(refused(Measures { toxicity_ppm: all, ..clean }), AuditFailure::Toxicity));
        assert!(matches!(refused(Measures { duplicates_ppm: all, ..clean }), AuditFailure::Duplicates));
    }
}
