//! Bounds on rules.
use lyceum_api::charter::{MAX_LIMITS, MAX_RULES, Rule};

use crate::error::ContractError;

const MAX_NAME: usize = 64;

fn at_most(what: &'static str, found: usize, max: usize) -> Result<(), ContractError> {
    if found <= max { Ok(()) } else { Err(ContractError::TooMany { what, found, max }) }
}

fn name(what: &'static str, name: &str) -> Result<(), ContractError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_./-".contains(c);
    if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let found = name.chars().take(MAX_NAME).collect();
    Err(ContractError::Name { what, found, length: name.len(), max: MAX_NAME })
}

/// Rules: one per action, one limit per parameter, every limit satisfiable.
pub fn rules(rules: &[Rule]) -> Result<(), ContractError> {
    at_most("rules", rules.len(), MAX_RULES)?;
    for (i, rule) in rules.iter().enumerate() {
        name("action", &rule.action)?;
        if rules[..i].iter().any(|other| other.action == rule.action) {
            return Err(ContractError::Duplicate { what: "action", name: rule.action.clone() });
        }
        at_most("limits", rule.limits.len(), MAX_LIMITS)?;
        for (j, limit) in rule.limits.iter().enumerate() {
            name("limit", &limit.name)?;
            if rule.limits[..j].iter().any(|other| other.name == limit.name) {
                return Err(ContractError::Duplicate { what: "limit", name: limit.name.clone() });
            }
            if limit.min > limit.max {
                let (action, name) = (rule.action.clone(), limit.name.clone());
                return Err(ContractError::EmptyLimit { action, name, min: limit.min, max: limit.max });
            }
        }
    }
    Ok(())
}
