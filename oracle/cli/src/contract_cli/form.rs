//! [`Form`]: what a field's value looks like, from its schema; how a flag's text becomes JSON, or is refused with what
//! was expected.

use std::path::Path;

use serde_json::Value;

use super::Amount;

/// The longest file that a value is read from.
const MOST: u64 = 1 << 20;
/// How deep the shape of a value is shown.
const DEEP: usize = 4;

/// What a value looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Any text.
    Text,
    /// A decimal number in quotes.
    Decimal,
    /// An amount of ulyc.
    Amount,
    /// An account: its address, or the name of the operator's key.
    Account,
    /// A GPU's id: its hash, or the UUID that the hash is made of.
    Gpu,
    /// Bytes: base64, or hex behind `0x`.
    Bytes,
    /// A hash: 64 hex characters.
    Hash,
    /// One of these words.
    Choice(Vec<String>),
    /// A whole number in a range.
    Integer(i128, i128),
    /// True or false.
    Boolean,
    /// Any number of these: a flag for each, or a JSON array.
    List(Box<Form>),
    /// JSON of this shape.
    Json(String),
}

/// The form of a schema.
pub fn form(schema: &Value, definitions: &Value) -> Form {
    let schema = resolve(schema, definitions);
    if let Some(name) = schema.name {
        match name {
            "Uint128" | "Uint64" | "Timestamp" => return Form::Decimal,
            "Binary" => return Form::Bytes,
            "Hash32" => return Form::Hash,
            _ => {}
        }
    }
    let at = schema.schema;
    if let Some(choices) = choices(at) {
        return Form::Choice(choices);
    }
    match kind(at) {
        Some("string") => Form::Text,
        Some("boolean") => Form::Boolean,
        Some("integer") => match at["format"].as_str() {
            Some("uint8") => Form::Integer(0, u8::MAX.into()),
            Some("uint16") => Form::Integer(0, u16::MAX.into()),
            Some("uint32") => Form::Integer(0, u32::MAX.into()),
            Some("int32") => Form::Integer(i32::MIN.into(), i32::MAX.into()),
            Some("int64") => Form::Integer(i64::MIN.into(), i64::MAX.into()),
            _ => Form::Integer(0, u64::MAX.into()),
        },
        Some("array") if at["items"].is_object() => match form(&at["items"], definitions) {
            Form::Json(inner) => Form::Json(format!("[{inner}, ...]")),
            Form::List(_) => Form::Json(shape(at, definitions, 0)),
            inner => Form::List(Box::new(inner)),
        },
        _ => Form::Json(shape(at, definitions, 0)),
    }
}

struct Resolved<'a> {
    name: Option<&'a str>,
    schema: &'a Value,
}

/// Follows references and the wrappings of optional values.
fn resolve<'a>(mut schema: &'a Value, definitions: &'a Value) -> Resolved<'a> {
    let mut name = None;
    // The depth is bounded: a schema that only refers to itself has no form.
    for _ in 0..16 {
        if let Some(reference) = schema["$ref"].as_str() {
            name = reference.rsplit('/').next();
            schema = &definitions[name.unwrap_or_default()];
            continue;
        }
        let inner =
            schema["allOf"].as_array().filter(|a| a.len() == 1).and_then(|a| a.first()).or_else(|| {
                let any = schema["anyOf"].as_array()?;
                let mut real = any.iter().filter(|s| s["type"] != "null");
                real.next().filter(|_| real.next().is_none())
            });
        match inner {
            Some(inner) => schema = inner,
            None => break,
        }
    }
    Resolved { name, schema }
}

fn kind(schema: &Value) -> Option<&str> {
    schema["type"]
        .as_str()
        .or_else(|| schema["type"].as_array()?.iter().filter_map(Value::as_str).find(|t| *t != "null"))
}

/// The words of an enumeration of plain words.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let words = |values: &Value| -> Option<Vec<String>> {
        values.as_array()?.iter().map(|v| v.as_str().map(str::to_owned)).collect()
    };
    if let Some(found) = words(&schema["enum"]) {
        return Some(found);
    }
    let alternatives = schema["oneOf"].as_array()?;
    let each: Option<Vec<Vec<String>>> = alternatives.iter().map(|a| words(&a["enum"])).collect();
    each.map(|e| e.concat())
}

/// The shape of a value, for people.
fn shape(schema: &Value, definitions: &Value, depth: usize) -> String {
    let resolved = resolve(schema, definitions);
    if let Some(name @ ("Uint128" | "Uint64" | "Timestamp" | "Binary" | "Hash32")) = resolved.name {
        return format!("<{}>", name.to_lowercase());
    }
    let at = resolved.schema;
    if let Some(words) = choices(at) {
        return words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join("|");
    }
    if depth == DEEP {
        return "...".to_owned();
    }
    if let Some(alternatives) = at["oneOf"].as_array() {
        let all = alternatives.iter().map(|a| shape(a, definitions, depth + 1));
        return all.collect::<Vec<_>>().join(" | ");
    }
    match kind(at) {
        Some("object") => {
            let required = at["required"].as_array().map(Vec::as_slice).unwrap_or_default();
            let fields = at["properties"].as_object().into_iter().flatten().map(|(name, field)| {
                let optional = if required.iter().any(|r| r == name) { "" } else { "?" };
                format!("\"{name}\"{optional}: {}", shape(field, definitions, depth + 1))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Some("array") => format!("[{}, ...]", shape(&at["items"], definitions, depth + 1)),
        Some("integer") => format!("<{}>", at["format"].as_str().unwrap_or("integer")),
        Some(other) => format!("<{other}>"),
        None => "<json>".to_owned(),
    }
}

impl Form {
    /// How a value is named in help.
    pub fn placeholder(&self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Decimal => "N",
            Self::Amount => "AMOUNT",
            Self::Account => "KEY|ADDRESS",
            Self::Gpu => "UUID|HEX",
            Self::Bytes => "BASE64",
            Self::Hash => "HEX",
            Self::Choice(_) => "WORD",
            Self::Integer(..) => "N",
            Self::Boolean => "BOOL",
            Self::List(of) => of.placeholder(),
            Self::Json(_) => "JSON",
        }
    }

    /// What help adds to a field's own words.
    pub fn hint(&self) -> String {
        match self {
            Self::Text | Self::Integer(..) | Self::Decimal => String::new(),
            Self::Boolean => "true or false".to_owned(),
            Self::Bytes => "base64, hex behind 0x, or @FILE with the bytes themselves".to_owned(),
            Self::Amount => "such as 500LYC or 500000000ulyc; a plain number is ulyc".to_owned(),
            Self::Account => "a key's name or an address".to_owned(),
            Self::Gpu => "the UUID that `nvidia-smi -L` shows, or the id that it is on chain".to_owned(),
            Self::Hash => "64 hex characters".to_owned(),
            Self::Choice(words) => words.join(", "),
            Self::List(of) => {
                let each = of.hint();
                let each = if each.is_empty() { each } else { format!("{each}; ") };
                format!("{each}may be repeated, '[]' for none")
            }
            Self::Json(shape) => format!("JSON, or @FILE: {shape}"),
        }
    }

    /// A flag's text as JSON.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        match self {
            // What the name of a key stands for is known with the folder of keys.
            Self::Text | Self::Account => Ok(text.into()),
            Self::Amount => text.parse::<Amount>().map(|amount| amount.0.to_string().into()),
            Self::Gpu if Self::Hash.read(text).is_ok() => Ok(text.into()),
            Self::Gpu => uuid(text).map(Value::from).ok_or_else(|| {
                "expected a UUID such as GPU-5f3c2a10-9d0e-4b7c-8a56-0123456789ab, as `nvidia-smi -L` shows it, or 64 \
                 lower-case hex characters"
                    .to_owned()
            }),
            Self::Decimal => match text.parse::<u128>() {
                Ok(n) => Ok(n.to_string().into()),
                Err(_) => Err("expected a whole number".to_owned()),
            },
            Self::Integer(least, most) => {
                let fits = text.parse::<i128>().ok().filter(|n| (*least..=*most).contains(n));
                let n = fits.ok_or_else(|| format!("expected a whole number from {least} to {most}"))?;
                // Within the range of u64 or i64, as the bounds are.
                Ok(u64::try_from(n).map(Value::from).unwrap_or_else(|_| Value::from(n as i64)))
            }
            Self::Boolean => {
                text.parse::<bool>().map(Value::from).map_err(|_| "expected true or false".to_owned())
            }
            Self::Bytes => bytes(text),
            Self::Hash => {
                let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                match text.len() == 64 && text.chars().all(hex) {
                    true => Ok(text.into()),
                    false => Err("expected 64 lower-case hex characters".to_owned()),
                }
            }
            Self::Choice(words) => match words.iter().any(|w| w == text) {
                true => Ok(text.into()),
                false => Err(format!("expected one of {}", words.join(", "))),
            },
            Self::List(of) if text.starts_with('[') || text.starts_with('@') => match json(text)? {
                Value::Array(all) => Ok(Value::Array(all)),
                _ => Err(format!("expected a JSON array of {}", of.placeholder())),
            },
            Self::List(of) => Ok(Value::Array(vec![of.read(text)?])),
            Self::Json(_) => json(text),
        }
    }
}

/// A GPU's UUID as its driver writes it, which is what its id on chain is the hash of.
fn uuid(text: &str) -> Option<String> {
    let kind = ["GPU-", "MIG-"].into_iter().find(|kind| text.starts_with(kind));
    let digits = text.strip_prefix(kind.unwrap_or_default())?;
    let lengths = digits.split('-').map(str::len);
    let fit = lengths.eq([8, 4, 4, 4, 12]) && digits.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    fit.then(|| format!("{}{}", kind.unwrap_or("GPU-"), digits.to_ascii_lowercase()))
}

fn bytes(text: &str) -> Result<Value, String> {
    let encoded = |bytes: Vec<u8>| Value::from(cosmwasm_std::Binary::from(bytes).to_base64());
    if let Some(path) = text.strip_prefix('@') {
        return file(path).map(encoded);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        let even = hex.len().is_multiple_of(2) && hex.is_ascii();
        let read = || {
            (0..hex.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&hex[i..i + 2], 16))
                .collect::<Result<_, _>>()
        };
        return match even.then(read) {
            Some(Ok(bytes)) => Ok(encoded(bytes)),
            _ => Err("expected pairs of hex characters behind 0x".to_owned()),
        };
    }
    match cosmwasm_std::Binary::from_base64(text) {
        Ok(_) => Ok(text.into()),
        Err(_) => Err("expected base64, hex behind 0x, or @FILE".to_owned()),
    }
}

/// JSON, or what a file behind `@` holds.
pub fn json(text: &str) -> Result<Value, String> {
    match text.strip_prefix('@') {
        Some(path) => serde_json::from_slice(&file(path)?).map_err(|e| format!("{path}: {e}")),
        None => serde_json::from_str(text).map_err(|e| format!("expected JSON or @FILE: {e}")),
    }
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    lyceum_files::read_input(Path::new(path), MOST).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_json_or_are_refused_with_what_was_expected() {
        let byte = Form::Integer(0, 255);
        assert_eq!(byte.read("7").unwrap(), 7);
        assert!(byte.read("256").unwrap_err().contains("0 to 255"));
        assert_eq!(Form::Integer(i64::MIN.into(), i64::MAX.into()).read("-5").unwrap(), -5);
        assert_eq!(Form::Decimal.read("18446744073709551616").unwrap(), "18446744073709551616");
        assert!(Form::Decimal.read("1.5").is_err());
        assert_eq!(Form::Amount.read("1.5LYC").unwrap(), "1500000");
        assert_eq!(Form::Amount.read("15").unwrap(), "15");
        let uuid = "GPU-5f3c2a10-9d0e-4b7c-8a56-0123456789ab";
        for same in [uuid, &uuid[4..], &uuid[4..].to_uppercase()] {
            assert_eq!(Form::Gpu.read(same).unwrap(), uuid);
        }
        assert_eq!(Form::Gpu.read(&"ab".repeat(32)).unwrap(), "ab".repeat(32));
        assert!(Form::Gpu.read("GPU-1").unwrap_err().contains("nvidia-smi"));
        assert_eq!(Form::Bytes.read("0x0102").unwrap(), "AQI=");
        assert!(Form::Bytes.read("0xé1").is_err() && Form::Bytes.read("0x123").is_err());
        assert!(Form::Hash.read("AB").unwrap_err().contains("64"));
        let roles = Form::List(Box::new(Form::Choice(vec!["trainer".into(), "storage".into()])));
        assert_eq!(roles.read("trainer").unwrap(), serde_json::json!(["trainer"]));
        assert_eq!(roles.read("[]").unwrap(), serde_json::json!([]));
        assert!(roles.read("digger").unwrap_err().contains("trainer, storage"));
        assert!(json("{").unwrap_err().contains("expected JSON"));
        assert!(json("@/no/such/file").unwrap_err().contains("/no/such/file"));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_form_panic(text in ".{0,80}") {
            for form in [
                Form::Text,
                Form::Decimal,
                Form::Amount,
                Form::Account,
                Form::Gpu,
                Form::Bytes,
                Form::Hash,
                Form::Boolean,
                Form::Integer(-1, 1),
            ] {
                let _ = form.read(&text);
                let _ = Form::List(Box::new(form)).read(&text);
            }
        }
    }
}
