//! A model is registered once and never changes.

use std::collections::BTreeMap;

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, from_json};
use lyceum_api::experts::{Event, MAX_CONFIG, MAX_EXPERTS, NewModel};
use serde::de::IgnoredAny;

use super::ensure;
use crate::error::ContractError;
use crate::state::{LAST_MODEL, MODELS, Model, NAMES, next_id};

/// The longest name, and the longest version.
const MAX_TEXT: usize = 64;

fn validate(model: &NewModel) -> Result<(), ContractError> {
    let cut = |text: &str| text.chars().take(80).collect();
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let name = &model.name;
    if name.is_empty() || name.len() > MAX_TEXT || !name.bytes().all(allowed) {
        return Err(ContractError::Name { found: cut(name) });
    }
    if model.version.len() > MAX_TEXT || semver::Version::parse(&model.version).is_err() {
        return Err(ContractError::Version { found: cut(&model.version) });
    }
    if model.config.len() > MAX_CONFIG {
        return Err(ContractError::ConfigTooLarge { found: model.config.len(), max: MAX_CONFIG });
    }
    // Values are skipped, not built: what the numbers say is the learner's to judge.
    from_json::<BTreeMap<String, IgnoredAny>>(model.config.as_bytes())
        .map_err(|error| ContractError::ConfigNotObject { reason: error.to_string() })?;
    if model.experts == 0 || model.experts > MAX_EXPERTS {
        return Err(ContractError::Experts { found: model.experts, max: MAX_EXPERTS });
    }
    if model.base_bytes == 0 {
        return Err(ContractError::Empty);
    }
    Ok(())
}

pub(crate) fn register(
    deps: DepsMut<'_>,
    env: Env,
    info: MessageInfo,
    model: NewModel,
) -> Result<Response, ContractError> {
    ensure(deps.storage, &info.sender, |c| &c.charter)?;
    validate(&model)?;
    let NewModel { name, version, .. } = model.clone();
    if let Some(model) = NAMES.may_load(deps.storage, (&name, &version))? {
        return Err(ContractError::ModelExists { name, version, model });
    }
    let id = next_id(deps.storage, LAST_MODEL)?;
    NAMES.save(deps.storage, (&name, &version), &id)?;
    MODELS.save(deps.storage, id, &Model { model, registered_at: env.block.time })?;
    Ok(Response::new().set_data(id.to_be_bytes()).add_event(Event::ModelRegistered {
        model: id,
        name,
        version,
    }))
}
