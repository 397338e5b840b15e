//! Versions of the component.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version of `migrate-controller`, as its change record and image tags write it:
/// `v1.7.7-5db4ae9-aliyun`, `v1.8.7`, `1.7.7`.
///
/// Versions compare by their three numbers: what follows is a commit and a flavour, of which neither
/// is newer.
///
/// ```
/// use ack_backup_center::component::ComponentVersion;
///
/// let version: ComponentVersion = "v1.7.10-3a5b7c9-aliyun".parse()?;
/// assert!(version.is_at_least(ComponentVersion::CROSS_REGION_DISKS));
/// assert!(!"v1.7.6".parse::<ComponentVersion>()?.is_at_least(ComponentVersion::CROSS_REGION_DISKS));
/// # Ok::<(), ack_backup_center::component::InvalidVersion>(())
/// ```
#[derive(Clone, Debug)]
pub struct ComponentVersion {
    numbers: [u32; 3],
    /// With its hyphen.
    suffix: String,
}

impl ComponentVersion {
    /// From here on disks can be restored in another region: version 1.7.7.
    pub const CROSS_REGION_DISKS: [u32; 3] = [1, 7, 7];

    /// From here on managed clusters use the role `AliyunCSManagedBackupRestoreRole`: version 1.8.0.
    pub const MANAGED_ROLE: [u32; 3] = [1, 8, 0];

    /// The version of this component.
    #[must_use]
    pub fn own() -> Self {
        env!("CARGO_PKG_VERSION")
            .parse()
            .expect("the version of this package has three numbers")
    }

    /// Major, minor and patch.
    #[must_use]
    pub fn numbers(&self) -> [u32; 3] {
        self.numbers
    }

    /// Whether it is this version or newer.
    #[must_use]
    pub fn is_at_least(&self, numbers: [u32; 3]) -> bool {
        self.numbers >= numbers
    }

    /// Whether it is older, the same or newer. The same numbers are the same version, whatever follows.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

impl fmt::Display for ComponentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "v{major}.{minor}.{patch}{}", self.suffix)
    }
}

impl FromStr for ComponentVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        let end = bare.find('-').unwrap_or(bare.len());
        let (numbers, suffix) = bare.split_at(end);
        let is_suffix = |text: &str| {
            let parts = text.split('-').skip(1);
            parts.clone().all(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        };
        let mut parts = numbers.split('.').map(number);
        let mut next = || parts.next().flatten().ok_or_else(invalid);
        let numbers = [next()?, next()?, next()?];
        if parts.next().is_some() || !is_suffix(suffix) {
            return Err(invalid());
        }
        Ok(Self {
            numbers,
            suffix: suffix.to_owned(),
        })
    }
}

/// A number as semantic versioning writes it: digits, without leading zeros.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    (digits && canonical).then(|| text.parse().ok()).flatten()
}

/// A text that is not a version of the component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a version of the component: use vX.Y.Z, vX.Y.Z-<hash> or vX.Y.Z-<hash>-aliyun"
)]
pub struct InvalidVersion(String);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> ComponentVersion {
        text.parse().unwrap()
    }

    #[test]
    fn r52_versions_compare_by_number() {
        let versions = [
            "1.5.2",
            "v1.7.6-aliyun",
            "v1.7.7-5db4ae9-aliyun",
            "1.7.10",
            "v1.8.0-a1",
        ];
        for pair in versions.windows(2) {
            assert_eq!(read(pair[0]).compare(&read(pair[1])), Ordering::Less);
        }
        let plain = read("v1.7.7");
        assert_eq!(
            plain.compare(&read("v1.7.7-5db4ae9-aliyun")),
            Ordering::Equal
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "v",
            "1.7",
            "1.7.7.1",
            "v1.7.x",
            "v01.7.7",
            "v1.7.7-",
            "v1.7.7--a",
            "V1.7.7",
            "v1.7.7 ",
            "v1.7.+7",
            "v1.7.4294967296",
            "latest",
            "1.7.7-a_b",
        ] {
            assert!(text.parse::<ComponentVersion>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn r52_a_version_is_read_as_it_is_written(
            numbers: [u32; 3],
            suffix in "(-[0-9a-f]{1,8}(-aliyun)?)?",
        ) {
            let [major, minor, patch] = numbers;
            let text = format!("v{major}.{minor}.{patch}{suffix}");
            let version = read(&text);
            prop_assert_eq!(version.numbers(), numbers);
            prop_assert_eq!(version.to_string(), text);
        }

        #[test]
        fn r52_order_is_that_of_the_numbers(one: [u8; 3], other: [u8; 3]) {
            let text = |[a, b, c]: [u8; 3]| format!("{a}.{b}.{c}");
            prop_assert_eq!(read(&text(one)).compare(&read(&text(other))), one.cmp(&other));
        }
    }
}
