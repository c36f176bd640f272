//! State that is numbers only, stored as the list of them in the order of its fields: half the bytes of named fields,
//! and one reader for all such types in the Wasm. A list of another length is refused.
use cosmwasm_std::Uint128;

pub const LENGTH: &str = "a packed value of another length";
pub const RANGE: &str = "a packed number that is too large for its field";

/// The next number of a list, as its field has it.
pub fn next<T: TryFrom<u128>>(list: &mut impl Iterator<Item = Uint128>) -> Result<T, &'static str> {
    list.next().ok_or(LENGTH)?.u128().try_into().map_err(|_| RANGE)
}

/// Conversions of a struct to and from its list, for `#[serde(into, try_from)]`.
macro_rules! packed {
    ($type:ident: $($field:ident),+) => {
        impl From<$type> for Vec<cosmwasm_std::Uint128> {
            fn from(value: $type) -> Self {
                vec![$(cosmwasm_std::Uint128::new(value.$field.into())),+]
            }
        }

        impl TryFrom<Vec<cosmwasm_std::Uint128>> for $type {
            type Error = &'static str;

            fn try_from(list: Vec<cosmwasm_std::Uint128>) -> Result<Self, Self::Error> {
                let mut list = list.into_iter();
                $(let $field = $crate::packed::next(&mut list)?;)+
                if list.next().is_some() { Err($crate::packed::LENGTH) } else { Ok(Self { $($field),+ }) }
            }
        }
    };
}
pub(crate) use packed;
