//! Whether endpoints take transactions at the gas price of the settings. Each has a least price of its own
//! (`minimum-gas-prices` of its app.toml), and refuses what pays less only once it is sent.

use cosmos_sdk_proto::cosmos::base::node::v1beta1::{ConfigRequest, ConfigResponse};
use cosmwasm_std::Decimal;

use super::client::Client;
use super::outside::one_line;
use crate::Result;

const CONFIG: &str = "/cosmos.base.node.v1beta1.Service/Config";

/// Why no endpoint takes a gas price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceTooLow {
    /// So much is asked at least, by the endpoint that asks the least.
    Least(Decimal),
    /// Fees are not paid in the settings' denom there, but in these.
    OtherDenoms(String),
}

impl Client {
    /// Why every endpoint that answers would refuse the gas price of the settings; none if one may take it. One that
    /// does not say what it asks may take anything.
    pub async fn gas_price_too_low(&self) -> Result<Option<PriceTooLow>> {
        let settings = self.settings();
        let price = settings.price()?;
        let answers = self.asked_everywhere::<_, ConfigResponse>(CONFIG, &ConfigRequest {}).await.into_iter();
        let prices = answers.map(|answer| Some(answer?.1.minimum_gas_price));
        Ok(too_low(price, &settings.denom, prices))
    }
}

/// The reason against a price that all endpoints give: the least of what they ask.
fn too_low(price: Decimal, denom: &str, asked: impl Iterator<Item = Option<String>>) -> Option<PriceTooLow> {
    let mut found: Option<PriceTooLow> = None;
    for minimum in asked {
        let against = against(price, denom, &minimum?)?;
        found = Some(match (found, against) {
            (Some(PriceTooLow::Least(a)), PriceTooLow::Least(b)) => PriceTooLow::Least(a.min(b)),
            (Some(least @ PriceTooLow::Least(_)), _) => least,
            (_, against) => against,
        });
    }
    found
}

/// What one endpoint has against a price. It asks for one of several prices, such as `0.025ulyc,0.1uatom`; for none if
/// it names none; and what cannot be read speaks against nothing.
fn against(price: Decimal, denom: &str, minimum: &str) -> Option<PriceTooLow> {
    let mut others = false;
    for coin in minimum.split(',').map(str::trim).filter(|coin| !coin.is_empty()) {
        let digits = coin.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, of) = coin.split_at(digits);
        let least: Decimal = amount.parse().ok()?;
        if of == denom {
            return (price < least).then_some(PriceTooLow::Least(least));
        }
        others = true;
    }
    others.then(|| PriceTooLow::OtherDenoms(one_line(minimum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(price: &str, asked: &[Option<&str>]) -> Option<PriceTooLow> {
        let asked = asked.iter().map(|minimum| minimum.map(str::to_owned));
        too_low(price.parse().unwrap(), "ulyc", asked)
    }

    fn least(price: &str) -> Option<PriceTooLow> {
        Some(PriceTooLow::Least(price.parse().unwrap()))
    }

    #[test]
    fn a_price_is_too_low_if_every_endpoint_asks_more() {
        assert_eq!(found("0.01", &[Some("0.025000000000000000ulyc")]), least("0.025"));
        assert_eq!(found("0.01", &[Some("0.05ulyc"), Some("0.1uatom,0.025ulyc")]), least("0.025"));
        assert_eq!(found("0.01", &[Some("0.1uatom"), Some("0.05ulyc")]), least("0.05"));
        assert_eq!(found("0", &[Some("0.1uatom")]), Some(PriceTooLow::OtherDenoms("0.1uatom".to_owned())));
    }

    #[test]
    fn one_endpoint_that_may_take_it_is_enough() {
        for may in [None, Some(""), Some("0.01ulyc"), Some("0ulyc"), Some("what?"), Some("1.2.3ulyc")] {
            assert_eq!(found("0.01", &[Some("0.05ulyc"), may]), None, "{may:?}");
        }
        assert_eq!(found("0.01", &[]), None, "nobody says anything");
    }
}
