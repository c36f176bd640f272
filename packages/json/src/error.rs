//! [`Error`]: what was wrong with a text or a value.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use serde::de;

/// Why a text was not read or a value not written. One word, so that results of small values stay small.
pub struct Error(Box<Kind>);

pub(crate) enum Kind {
    /// A field that is not there was asked for.
    Missing,
    Text(String),
}

impl Error {
    #[cold]
    pub(crate) fn new(text: &str) -> Self {
        Self(Box::new(Kind::Text(text.to_owned())))
    }

    #[cold]
    pub(crate) fn named(text: &str, name: &str) -> Self {
        let name: String = name.chars().take(80).collect();
        Self(Box::new(Kind::Text([text, " `", &name, "`"].concat())))
    }

    #[cold]
    pub(crate) fn missing() -> Self {
        Self(Box::new(Kind::Missing))
    }

    /// The name of the field that is missing.
    #[cold]
    pub(crate) fn in_field(self, name: Option<&&str>) -> Self {
        match *self.0 {
            Kind::Missing => Self::named("missing field", name.copied().unwrap_or("?")),
            Kind::Text(_) => self,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.0 {
            Kind::Missing => "a value is missing",
            Kind::Text(text) => text,
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {}

impl de::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(Box::new(Kind::Text(text.to_string())))
    }

    #[cold]
    fn invalid_length(found: usize, _: &dyn de::Expected) -> Self {
        Self::new(if found == 0 {
            "an empty list where items are expected"
        } else {
            "a list that is too short"
        })
    }

    #[cold]
    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(Box::new(Kind::Text(["expected ", &expected.to_string()].concat())))
    }

    #[cold]
    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(Box::new(Kind::Text(["expected ", &expected.to_string()].concat())))
    }
}
