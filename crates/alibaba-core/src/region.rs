//! The region id.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A region id such as `cn-hangzhou`.
///
/// Any well-formed id is taken: regions are added more often than this crate is released. The
/// `oss-` prefix of bucket locations is not part of the id and refused, because a V4 signature
/// with it never matches.
///
/// ```
/// use alibaba_core::Region;
///
/// let region: Region = "ap-southeast-8".parse()?;
/// assert_eq!(region.as_str(), "ap-southeast-8");
/// assert!("oss-cn-hangzhou".parse::<Region>().is_err());
/// # Ok::<(), alibaba_core::InvalidRegion>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Cow<'static, str>);

impl Region {
    /// Hangzhou, the SDKs' default.
    pub const CN_HANGZHOU: Self = Self(Cow::Borrowed("cn-hangzhou"));
    /// Beijing.
    pub const CN_BEIJING: Self = Self(Cow::Borrowed("cn-beijing"));
    /// Shanghai.
    pub const CN_SHANGHAI: Self = Self(Cow::Borrowed("cn-shanghai"));
    /// Shenzhen.
    pub const CN_SHENZHEN: Self = Self(Cow::Borrowed("cn-shenzhen"));
    /// Hong Kong.
    pub const CN_HONGKONG: Self = Self(Cow::Borrowed("cn-hongkong"));
    /// Singapore.
    pub const AP_SOUTHEAST_1: Self = Self(Cow::Borrowed("ap-southeast-1"));
    /// Frankfurt.
    pub const EU_CENTRAL_1: Self = Self(Cow::Borrowed("eu-central-1"));

    /// Takes a region id.
    ///
    /// # Errors
    ///
    /// If the id is not made of lower-case letters, digits and inner hyphens, is a bucket
    /// location with its `oss-` prefix, or has the `-internal` of an endpoint.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidRegion> {
        let id = id.into();
        match id.strip_prefix("oss-") {
            Some(region) if is_well_formed(region) => Err(InvalidRegion::Location(id)),
            _ if id.ends_with("-internal") && is_well_formed(&id) => {
                Err(InvalidRegion::Endpoint(id))
            }
            _ if is_well_formed(&id) => Ok(Self(Cow::Owned(id))),
            _ => Err(InvalidRegion::Malformed(id.chars().take(80).collect())),
        }
    }

    /// Takes a bucket's location as OSS writes it, `oss-cn-hangzhou`, or a plain region id.
    ///
    /// ```
    /// use alibaba_core::Region;
    /// assert_eq!(Region::from_location("oss-cn-beijing")?, Region::CN_BEIJING);
    /// # Ok::<(), alibaba_core::InvalidRegion>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Region::new`].
    pub fn from_location(location: &str) -> Result<Self, InvalidRegion> {
        Self::new(location.strip_prefix("oss-").unwrap_or(location))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the region lies in mainland China, where accounts since March 2025 cannot use OSS's
    /// public endpoints for data.
    #[must_use]
    pub fn is_mainland(&self) -> bool {
        self.0.starts_with("cn-") && *self != Self::CN_HONGKONG
    }
}

fn is_well_formed(id: &str) -> bool {
    (1..=63).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !id.starts_with('-')
        && !id.ends_with('-')
}

/// Why a text is not a region id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRegion {
    /// Not made of what region ids are made of.
    #[error("{0:?} is not a region id: expected one such as `cn-hangzhou`")]
    Malformed(String),
    /// A bucket location, with the prefix that region ids do not have.
    #[error("`{0}` is a bucket location: leave out its `oss-` to name the region")]
    Location(String),
    /// Part of an endpoint inside Alibaba Cloud's network, which is of the region without the ending.
    #[error("`{0}` is part of an endpoint: leave out its `-internal` to name the region")]
    Endpoint(String),
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::new(id)
    }
}

impl TryFrom<&str> for Region {
    type Error = InvalidRegion;

    fn try_from(id: &str) -> Result<Self, Self::Error> {
        Self::new(id)
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::new(id)
    }
}

impl AsRef<str> for Region {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_ids_are_refused() {
        for id in [
            "",
            "-",
            "cn-",
            "CN-HANGZHOU",
            "cn hangzhou",
            "a/b",
            "evil.example#",
            "a\nb",
            "中国",
        ] {
            assert!(Region::new(id).is_err(), "{id:?}");
        }
        assert!(Region::new("a".repeat(64)).is_err());
        for (id, remedy) in [
            ("oss-cn-beijing", "leave out its `oss-`"),
            ("cn-beijing-internal", "leave out its `-internal`"),
        ] {
            let error = Region::new(id).unwrap_err().to_string();
            assert!(error.contains(remedy), "{error}");
        }
    }

    #[test]
    fn hong_kong_is_not_mainland() {
        assert!(!Region::CN_HONGKONG.is_mainland());
        assert!(!Region::EU_CENTRAL_1.is_mainland());
        assert!(Region::new("cn-hangzhou-finance").unwrap().is_mainland());
    }
}
