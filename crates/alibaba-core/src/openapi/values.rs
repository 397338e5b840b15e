//! Values of typed calls: identifiers, words of the service, bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

/// What can be held to bounds: the characters of a text, the size of a number.
pub trait Measure {
    /// How much it is.
    fn measure(&self) -> u64;

    /// What is counted; nothing, for a number.
    const UNIT: &'static str;
}

impl Measure for String {
    const UNIT: &'static str = "characters";

    fn measure(&self) -> u64 {
        self.chars().count() as u64
    }
}

impl<T> Measure for Vec<T> {
    const UNIT: &'static str = "elements";

    fn measure(&self) -> u64 {
        self.len() as u64
    }
}

impl Measure for u32 {
    const UNIT: &'static str = "";

    fn measure(&self) -> u64 {
        u64::from(*self)
    }
}

impl Measure for u64 {
    const UNIT: &'static str = "";

    fn measure(&self) -> u64 {
        *self
    }
}

/// A value that is only sent within bounds: outside of them, the call fails before it is sent.
pub fn bounded<T: Measure + Serialize>(value: T, bounds: RangeInclusive<u64>) -> impl Serialize {
    Bounded { value, bounds }
}

struct Bounded<T> {
    value: T,
    bounds: RangeInclusive<u64>,
}

impl<T: Measure + Serialize> Serialize for Bounded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let measure = self.value.measure();
        if self.bounds.contains(&measure) {
            return self.value.serialize(serializer);
        }
        let unit = match T::UNIT {
            "" => String::new(),
            unit => format!(" {unit}"),
        };
        let (least, most) = (self.bounds.start(), self.bounds.end());
        Err(S::Error::custom(format!(
            "expected {least} to {most}{unit}, got {measure}"
        )))
    }
}

/// A span as whole seconds.
#[must_use]
pub fn seconds(span: Duration) -> u64 {
    span.as_secs()
}

/// Whether a text has a length within bounds and nothing but letters, digits and what is in `also`.
#[must_use]
pub fn is_word(text: &str, length: RangeInclusive<usize>, also: &str) -> bool {
    length.contains(&text.len())
        && text
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || also.contains(char))
}

/// Declares types of identifiers: strings that are not mixed up with others.
///
/// One that breaks its rule fails the call it is a parameter of, before that is sent. What a service
/// returns is taken as it is.
///
/// ```
/// alibaba_core::identifiers! {
///     /// The id of a disk.
///     DiskId: "`d-` and letters and digits" = |text| text.starts_with("d-");
/// }
///
/// let disk = DiskId::from("d-bp1fake0000000000001");
/// assert_eq!(disk.as_str(), "d-bp1fake0000000000001");
/// assert!(serde_json::to_string(&DiskId::from("s-1")).is_err());
/// ```
#[macro_export]
macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident: $rule:literal = $is_valid:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Takes a text: ", $rule, ".")]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl ::std::convert::From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl ::std::convert::From<&$name> for $name {
            fn from(other: &$name) -> Self {
                other.clone()
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&self.0) {
                    serializer.serialize_str(&self.0)
                } else {
                    let problem = format!(concat!("expected ", $rule, ", got `{}`"), self.0);
                    Err(::serde::ser::Error::custom(problem))
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self)
            }
        }
    )*};
}

/// Declares enums of a service's words, each with an `Unknown` that keeps a word not known yet.
///
/// ```
/// alibaba_core::words! {
///     /// What a snapshot has come to.
///     SnapshotStatus {
///         /// It is being made.
///         Progressing = "progressing",
///         /// It is there.
///         Accomplished = "accomplished",
///     }
/// }
///
/// assert_eq!(SnapshotStatus::from("accomplished"), SnapshotStatus::Accomplished);
/// assert_eq!(SnapshotStatus::from("later").as_str(), "later");
/// ```
#[macro_export]
macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            $($(#[$word_doc:meta])* $variant:ident = $word:literal,)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$word_doc])* $variant,)*
            /// A word that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The service's word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|word| Self::from(word.as_str()))
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_count_characters_and_compare_numbers() {
        let written = |value: &dyn Fn() -> serde_json::Result<String>| value();
        let text =
            |text: &str| written(&|| serde_json::to_string(&bounded(text.to_owned(), 1..=2)));
        assert_eq!(text("日本").unwrap(), r#""日本""#);
        assert_eq!(
            text("日本語").unwrap_err().to_string(),
            "expected 1 to 2 characters, got 3"
        );
        assert!(text("").is_err());
        assert_eq!(serde_json::to_string(&bounded(7_u32, 1..=9)).unwrap(), "7");
        let error = serde_json::to_string(&bounded(10_u64, 1..=9)).unwrap_err();
        assert_eq!(error.to_string(), "expected 1 to 9, got 10");
        assert!(serde_json::to_string(&bounded(vec![1], 2..=3)).is_err());
    }

    #[test]
    fn words_have_letters_digits_and_what_is_named() {
        assert!(is_word("a.B-9", 1..=64, ".-"));
        for bad in ["", "a b", "é", "a_b"] {
            assert!(!is_word(bad, 1..=64, ".-"), "{bad}");
        }
        assert!(!is_word("ab", 1..=1, ""));
    }
}
