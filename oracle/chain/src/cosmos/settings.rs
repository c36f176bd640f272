//! [`Settings`]: which chain, through which endpoints, at what price.

use std::time::Duration;

use cosmwasm_std::{Addr, Decimal};

use super::signer::check_address;
use crate::{ChainError, Result};

/// How a chain is reached and paid.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The chain's id; an endpoint of another chain is refused.
    pub chain_id: String,
    /// RPC endpoints of CometBFT, `http://` or `https://`, the preferred first.
    pub rpc: Vec<String>,
    /// The prefix of the chain's addresses.
    pub prefix: String,
    /// What fees are paid in.
    pub denom: String,
    /// Units of it per gas, decimal.
    pub gas_price: String,
    /// How much more gas than simulated is allowed, 1 to 10.
    pub gas_adjustment: f64,
    /// The most gas that one transaction may ask for.
    pub gas_ceiling: u64,
    /// For how many heights a signed transaction is valid.
    pub timeout_heights: u64,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How long a transaction that was sent is awaited while the chain stands still.
    pub patience: Duration,
    /// Who pays the fees, if not the account.
    pub fee_granter: Option<Addr>,
    /// What stands in the memo of every transaction, before the height at which it was signed: tells whose programs
    /// signed with one key. Without one, the memo is empty.
    pub mark: Option<String>,
    /// What every transaction says publicly beside its messages, up to [`Settings::MAX_MEMO`] bytes. With a mark, the
    /// mark stands there instead.
    pub memo: String,
}

impl Settings {
    /// The longest memo, in bytes, unless a chain says otherwise (x/auth, `DefaultMaxMemoCharacters`).
    pub const MAX_MEMO: usize = 256;

    /// Lyceum's defaults for a chain.
    pub fn new(chain_id: impl Into<String>, rpc: Vec<String>) -> Self {
        Self {
            chain_id: chain_id.into(),
            rpc,
            prefix: "wasm".to_owned(),
            denom: "ulyc".to_owned(),
            gas_price: "0.025".to_owned(),
            gas_adjustment: 1.3,
            gas_ceiling: 50_000_000,
            timeout_heights: 20,
            request_timeout: Duration::from_secs(10),
            patience: Duration::from_secs(600),
            fee_granter: None,
            mark: None,
            memo: String::new(),
        }
    }

    /// Whether every value can be used.
    pub fn check(&self) -> Result<()> {
        let wrong = |name, reason: String| Err(ChainError::Setting { name, reason });
        if self.chain_id.is_empty() || self.chain_id.len() > 50 {
            return wrong("chain_id", format!("{:?} is not 1 to 50 characters", self.chain_id));
        }
        if self.rpc.is_empty() || self.rpc.len() > 16 {
            return wrong("rpc", format!("{} endpoints; give 1 to 16", self.rpc.len()));
        }
        let mut origins = Vec::new();
        for url in &self.rpc {
            let is_http = url.starts_with("http://") || url.starts_with("https://");
            let parsed = if is_http && url.len() <= 1_000 { url.parse::<reqwest::Url>().ok() } else { None };
            let Some(origin) = parsed.map(|url| url.origin()) else {
                return wrong("rpc", format!("{url:?} is not a URL like http://127.0.0.1:26657"));
            };
            if origins.contains(&origin) {
                let name = origin.ascii_serialization();
                return wrong(
                    "rpc",
                    format!("{name} is there twice, and its word counts once; leave one out"),
                );
            }
            origins.push(origin);
        }
        let lower = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_lowercase());
        if !lower(&self.prefix) || self.prefix.len() > 20 {
            return wrong("prefix", format!("{:?} is not like wasm", self.prefix));
        }
        if self.denom.is_empty() || self.denom.len() > 128 || self.denom.contains(char::is_whitespace) {
            return wrong("denom", format!("{:?} is not like ulyc", self.denom));
        }
        self.price()?;
        if !(1.0..=10.0).contains(&self.gas_adjustment) {
            return wrong("gas_adjustment", format!("{} is not between 1 and 10", self.gas_adjustment));
        }
        if self.gas_ceiling == 0 {
            return wrong("gas_ceiling", "0 lets nothing be sent".to_owned());
        }
        if !(2..=10_000).contains(&self.timeout_heights) {
            return wrong("timeout_heights", format!("{} is not between 2 and 10000", self.timeout_heights));
        }
        if self.request_timeout < Duration::from_millis(10) || self.request_timeout > Duration::from_secs(600)
        {
            return wrong("request_timeout", "not between 10 ms and 10 minutes".to_owned());
        }
        if let Some(mark) = self.mark.as_ref().filter(|m| m.len() > 64 || m.contains(char::is_control)) {
            return wrong("mark", format!("{mark:?} is longer than 64 bytes or no line"));
        }
        if self.memo.len() > Self::MAX_MEMO {
            let (found, most) = (self.memo.len(), Self::MAX_MEMO);
            return wrong("memo", format!("{found} bytes; a memo has at most {most}"));
        }
        if self.memo.contains(char::is_control) {
            return wrong("memo", "it has control characters, which others could not read".to_owned());
        }
        if let Some(granter) = &self.fee_granter {
            check_address(granter.as_str(), &self.prefix)?;
        }
        Ok(())
    }

    /// Units of the denom per gas.
    pub(super) fn price(&self) -> Result<Decimal> {
        self.gas_price.parse().map_err(|_| ChainError::Setting {
            name: "gas_price",
            reason: format!("{:?} is not a decimal like 0.025", self.gas_price),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_good_and_every_wrong_value_is_named() {
        let good = Settings::new("lyceum-1", vec!["http://127.0.0.1:26657".to_owned()]);
        good.check().unwrap();
        type Change = fn(&mut Settings);
        let changes: [(&str, Change); 14] = [
            ("chain_id", |s| s.chain_id.clear()),
            ("rpc", |s| s.rpc.clear()),
            ("rpc", |s| s.rpc[0] = "127.0.0.1:26657".to_owned()),
            ("rpc", |s| s.rpc[0] = "http://".to_owned()),
            ("rpc", |s| s.rpc.push(s.rpc[0].clone())),
            ("prefix", |s| s.prefix = "WASM".to_owned()),
            ("denom", |s| s.denom = "u lyc".to_owned()),
            ("gas_price", |s| s.gas_price = "0,025".to_owned()),
            ("gas_adjustment", |s| s.gas_adjustment = f64::NAN),
            ("timeout_heights", |s| s.timeout_heights = 0),
            ("request_timeout", |s| s.request_timeout = Duration::ZERO),
            ("mark", |s| s.mark = Some("a\nb".to_owned())),
            ("memo", |s| s.memo = "x".repeat(257)),
            ("memo", |s| s.memo = "\u{1b}[2J".to_owned()),
        ];
        for (name, change) in changes {
            let mut settings = good.clone();
            change(&mut settings);
            let said = settings.check().unwrap_err().to_string();
            assert!(said.contains(name), "{said}");
        }
        let granter = Addr::unchecked("cosmos1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmmk8rs6");
        let settings = Settings { fee_granter: Some(granter), ..good };
        assert_eq!(settings.check().unwrap_err().code(), "chain.prefix");
    }

    #[test]
    fn one_endpoint_written_in_two_ways_is_not_two() {
        let check = |rpc: [&str; 2]| Settings::new("lyceum-1", rpc.map(str::to_owned).to_vec()).check();
        for twice in [
            ["https://rpc.example", "https://RPC.example:443/"],
            ["http://10.0.0.1:26657", "http://user:secret@10.0.0.1:26657/path?key=secret"],
        ] {
            let said = check(twice).unwrap_err().to_string();
            assert!(said.contains("is there twice") && !said.contains("secret"), "{said}");
        }
        check(["http://10.0.0.1:26657", "http://10.0.0.1:26658"]).unwrap();
        check(["http://rpc.example", "https://rpc.example"]).unwrap();
    }
}
