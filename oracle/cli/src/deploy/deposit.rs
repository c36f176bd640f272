//! What a proposal to the chain's governance may cost. The chain names the deposit, and an endpoint speaks for the
//! chain: without a limit, one that lies could have any amount signed away.

use cosmos_sdk_proto::cosmos::base::v1beta1::Coin;
use lyceum_api::DENOM;

use super::chain::coins;
use crate::contract_cli::{Amount, both};
use crate::failure::{Failure, Refusal};
use crate::terminal::excerpt;

/// What the Cosmos SDK asks unless a chain says otherwise (x/gov, `DefaultMinDepositTokens`).
const USUAL: Amount = Amount(10_000_000);

/// The most that is deposited with a proposal to the chain's governance.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct DepositArgs {
    /// The most that a proposal to the chain's governance may have as its deposit, such as 10LYC or 10000000ulyc
    #[arg(long = "deposit-at-most", value_name = "AMOUNT", default_value_t = USUAL)]
    pub at_most: Amount,
}

impl DepositArgs {
    /// The deposit to sign for what an endpoint says that governance wants.
    pub fn allow(self, wanted: &[Coin]) -> anyhow::Result<Vec<Coin>> {
        if let Some(other) = wanted.iter().find(|coin| coin.denom != DENOM) {
            let denom = excerpt(&other.denom);
            let words = format!(
                "the chain's governance wants a deposit in {denom}, and only {DENOM} is paid from here: propose it \
                 with the chain's own program"
            );
            return Err(Refusal::new(Failure::Network, "gov.deposit_denom", words).into());
        }
        let mut sum = 0u128;
        for coin in wanted {
            let Ok(amount) = coin.amount.parse::<u128>() else {
                let found = excerpt(&coin.amount);
                let words = format!(
                    "an endpoint says that the chain's governance wants a deposit of '{found}', which is no amount: name \
                     another endpoint"
                );
                return Err(Refusal::new(Failure::Unreachable, "gov.deposit_unfit", words).into());
            };
            sum = sum.saturating_add(amount);
        }
        if sum > self.at_most.0 {
            let words = format!(
                "the endpoint says that the chain's governance wants a deposit of {}, and --deposit-at-most allows {}: \
                 nothing was proposed; if the chain really wants that much, say --deposit-at-most {sum}{DENOM}",
                both(sum),
                both(self.at_most.0)
            );
            return Err(Refusal::new(Failure::Input, "gov.deposit", words).into());
        }
        Ok(coins(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coin(amount: &str, denom: &str) -> Coin {
        Coin { denom: denom.to_owned(), amount: amount.to_owned() }
    }

    const USUALLY: DepositArgs = DepositArgs { at_most: USUAL };

    #[test]
    fn a_deposit_up_to_the_limit_is_signed_as_it_is() {
        assert_eq!(USUALLY.allow(&[coin("10000000", DENOM)]).unwrap(), [coin("10000000", DENOM)]);
        assert_eq!(USUALLY.allow(&[coin("0", DENOM)]).unwrap(), []);
        assert_eq!(USUALLY.allow(&[]).unwrap(), []);
    }

    #[test]
    fn a_deposit_above_the_limit_is_refused_with_both_numbers_and_the_flag() {
        let words = USUALLY.allow(&[coin("10000001", DENOM)]).unwrap_err().to_string();
        for part in ["10000001 ulyc", "10000000 ulyc", "--deposit-at-most 10000001ulyc"] {
            assert!(words.contains(part), "{words}");
        }
        let raised = DepositArgs { at_most: Amount(10_000_001) };
        assert_eq!(raised.allow(&[coin("10000001", DENOM)]).unwrap(), [coin("10000001", DENOM)]);
    }

    #[test]
    fn an_endpoint_cannot_hide_an_amount_in_parts_or_in_what_is_no_number() {
        assert!(USUALLY.allow(&[coin("6000000", DENOM), coin("6000000", DENOM)]).is_err());
        let most = u128::MAX.to_string();
        assert!(USUALLY.allow(&[coin(&most, DENOM), coin(&most, DENOM)]).is_err());
        for wrong in ["", "-1", "1e9", "99999999999999999999999999999999999999999"] {
            assert!(USUALLY.allow(&[coin(wrong, DENOM)]).is_err(), "{wrong}");
        }
        let words = USUALLY.allow(&[coin("1", "uatom")]).unwrap_err().to_string();
        assert!(words.contains("uatom"), "{words}");
    }
}
