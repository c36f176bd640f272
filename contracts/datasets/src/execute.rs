//! One file per story.

mod audit;
mod audit_close;
mod draw;
mod end;
mod power;
mod propose;
mod setup;
mod usage;
mod vote;

pub(crate) use audit::{commit, reveal};
pub(crate) use audit_close::close_audit;
pub(crate) use draw::draw;
pub(crate) use power::set_power;
pub(crate) use propose::propose;
pub(crate) use setup::{instantiate, set_params, set_paused};
pub(crate) use usage::record_use;
pub(crate) use vote::{close_vote, vote};
