//! The buckets that backups go to.

use std::collections::BTreeSet;
use std::fmt;

use alibaba_oss::is_bucket_name;

/// The buckets that a cluster may use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Buckets {
    /// Every bucket of the account.
    All,
    /// These.
    Named(BTreeSet<String>),
}

/// What names of buckets begin with that managed clusters may use without a grant.
const MANAGED_PREFIX: &str = "cnfs-oss-";

impl Buckets {
    /// Names buckets. A name ends up in a policy, so a wildcard is no name.
    ///
    /// # Errors
    ///
    /// If one is not a name that OSS allows, or there is none.
    pub fn named<B: Into<String>>(
        names: impl IntoIterator<Item = B>,
    ) -> Result<Self, InvalidBucket> {
        let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() {
            return Err(InvalidBucket::None);
        }
        if let Some(other) = names.iter().find(|name| !is_bucket_name(name)) {
            return Err(InvalidBucket::Name(other.clone()));
        }
        Ok(Self::Named(names))
    }

    /// Whether managed clusters may use a bucket without a grant: its name begins with `cnfs-oss-`
    /// and goes on.
    ///
    /// ```
    /// use ack_backup_center::grants::Buckets;
    ///
    /// assert!(Buckets::is_managed("cnfs-oss-backups"));
    /// assert!(!Buckets::is_managed("my-cnfs-oss-backups"));
    /// ```
    #[must_use]
    pub fn is_managed(name: &str) -> bool {
        name.strip_prefix(MANAGED_PREFIX)
            .is_some_and(|rest| !rest.is_empty())
    }

    /// Those that a managed cluster needs a grant for.
    pub(super) fn without_managed(&self) -> Option<Self> {
        let Self::Named(names) = self else {
            return Some(Self::All);
        };
        let others: BTreeSet<_> = names
            .iter()
            .filter(|name| !Self::is_managed(name))
            .cloned()
            .collect();
        (!others.is_empty()).then_some(Self::Named(others))
    }

    /// Of each the bucket and what is in it.
    pub(super) fn resources(&self) -> Vec<String> {
        match self {
            Self::All => vec!["*".to_owned()],
            Self::Named(names) => names
                .iter()
                .flat_map(|name| {
                    [
                        format!("acs:oss:*:*:{name}"),
                        format!("acs:oss:*:*:{name}/*"),
                    ]
                })
                .collect(),
        }
    }
}

impl fmt::Display for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all buckets of the account"),
            Self::Named(names) => {
                for (index, name) in names.iter().enumerate() {
                    write!(f, "{}`{name}`", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

/// Names that are not those of buckets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBucket {
    /// None was given.
    #[error("no bucket is named: name one, or grant all buckets of the account")]
    None,
    /// One is not a name.
    #[error(
        "`{0}` is not the name of a bucket: 3 to 63 lower-case letters, digits and inner hyphens, \
         without a wildcard"
    )]
    Name(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r17_r51_the_prefix_is_that_of_the_whole_name() {
        for (name, is_managed) in [
            ("cnfs-oss-x", true),
            ("cnfs-oss-a-b", true),
            ("my-cnfs-oss-x", false),
            ("cnfs-oss", false),
            ("cnfs-oss-", false),
            ("CNFS-OSS-x", false),
            ("cnfs-ossx", false),
        ] {
            assert_eq!(Buckets::is_managed(name), is_managed, "{name}");
        }
    }

    #[test]
    fn a_wildcard_is_no_name() {
        for name in ["*", "my*", "my?", "mybackups/*", "My-Backups", "ab", ""] {
            let error = Buckets::named([name]).unwrap_err();
            assert_eq!(error, InvalidBucket::Name(name.to_owned()));
        }
        assert_eq!(
            Buckets::named(Vec::<String>::new()),
            Err(InvalidBucket::None)
        );
    }
}
