//! What a simulation said, as commands show it before anything is signed.

use std::collections::BTreeMap;
use std::io::Write;

use lyceum_chain::cosmos::{Fee, Included};
use serde_json::{Value, json};

use crate::contract_cli::{Consequence, both};
use crate::deploy::authority::{Foreseen, Kind};
use crate::deploy::shown;

/// Gas, fee and what would happen.
pub fn write(out: &mut dyn Write, fee: &Fee, consequence: &Consequence) -> std::io::Result<()> {
    writeln!(out, "gas      {} simulated, {} allowed", fee.gas_used, fee.gas_limit)?;
    writeln!(out, "fee      {}", both(fee.amount))?;
    writeln!(out, "what it does")?;
    if consequence.lines.is_empty() {
        writeln!(out, "  nothing that shows in events")?;
    }
    for line in &consequence.lines {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// A value with gas and fee.
pub fn with_fee(mut value: Value, fee: &Fee) -> Value {
    value["gas_used"] = json!(fee.gas_used);
    value["gas_limit"] = json!(fee.gas_limit);
    value["fee"] = json!(fee.amount.to_string());
    value
}

/// What a transaction did, for whoever sent it.
pub fn receipt(done: &Included, consequence: &Consequence, json: bool) -> String {
    if json {
        let value = json!({
            "hash": done.hash,
            "height": done.height,
            "gas_wanted": done.gas_wanted,
            "gas_used": done.gas_used,
            "consequence": consequence,
            "events": done.events,
        });
        return value.to_string();
    }
    let mut text =
        format!("\nincluded at height {} as {}, {} gas used", done.height, done.hash, done.gas_used);
    for line in &consequence.lines {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}

/// Codes that would be stored.
pub fn stores_json(stores: &[(&'static str, Fee)]) -> Value {
    stores.iter().map(|(name, fee)| with_fee(json!({ "contract": name }), fee)).collect()
}

fn messages(foreseen: &Foreseen) -> Vec<Value> {
    foreseen.messages.iter().map(|m| shown(&m.type_url, &m.value)).collect()
}

/// What an authority would be asked, as an account sees it; `names` are the contracts'.
pub fn write_asked(
    out: &mut dyn Write,
    foreseen: &Foreseen,
    account: &str,
    names: &BTreeMap<String, String>,
) -> std::io::Result<()> {
    for message in messages(foreseen) {
        writeln!(out, "message  {message}")?;
    }
    let how = match foreseen.kind {
        None => "",
        Some(Kind::Key) => ", at once, as this key is the authority",
        Some(Kind::Group) => ", as a proposal on which the group's members vote",
        Some(Kind::Gov) => ", as a proposal on which the chain's governance votes",
    };
    writeln!(out, "from     {account}{how}")?;
    match &foreseen.tried {
        Some((fee, events)) => write(out, fee, &Consequence::of(events, account, names)),
        None => writeln!(out, "gas and fee can be told when the codes above are stored"),
    }
}

/// The same as JSON.
pub fn asked_json(foreseen: &Foreseen, account: &str, names: &BTreeMap<String, String>) -> Value {
    let (to, messages) = (foreseen.kind.map(Kind::name), messages(foreseen));
    let mut value = json!({ "to": to, "messages": messages, "tried": foreseen.tried.is_some() });
    if let Some((fee, events)) = &foreseen.tried {
        value["consequence"] = json!(Consequence::of(events, account, names));
        value = with_fee(value, fee);
    }
    value
}
