//! What an installation would do.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::change::Change;
use crate::component::ComponentVersion;

/// What is to be done, object by object. Printing it is a dry run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// What it is, as a whole.
    pub decision: Decision,
    /// The objects that change. None: everything is as wanted.
    pub changes: Vec<Change>,
    /// What a reader should know that no change does.
    pub notes: Vec<String>,
}

/// What becomes of the component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Decision {
    /// It is not there, and is installed.
    Install {
        /// The version.
        version: String,
    },
    /// An older one is there, and is replaced.
    Upgrade {
        /// What is there.
        from: String,
        /// What it becomes.
        to: String,
    },
    /// This version is there already.
    Keep {
        /// The version.
        version: String,
    },
    /// It is removed.
    Uninstall,
}

impl Decision {
    /// By what is there; nothing, if that is newer than what is wanted.
    pub(super) fn of(
        installed: Option<&ComponentVersion>,
        wanted: &ComponentVersion,
    ) -> Option<Self> {
        let to = wanted.to_string();
        let Some(installed) = installed else {
            return Some(Self::Install { version: to });
        };
        match installed.compare(wanted) {
            Ordering::Less => Some(Self::Upgrade {
                from: installed.to_string(),
                to,
            }),
            Ordering::Equal => Some(Self::Keep { version: to }),
            Ordering::Greater => None,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Install { version } => write!(f, "install {version}"),
            Self::Upgrade { from, to } => write!(f, "upgrade from {from} to {to}"),
            Self::Keep { version } => write!(f, "keep {version}"),
            Self::Uninstall => f.write_str("uninstall"),
        }
    }
}

impl fmt::Display for Plan {
    /// A line for the whole, one for each object and field, and one for each note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.decision)?;
        if self.changes.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_what_is_older_is_upgraded_and_what_is_newer_is_left() {
        let version = |text: &str| text.parse::<ComponentVersion>().unwrap();
        let wanted = version("v1.8.0");
        let decide = |installed: Option<&str>| {
            let installed = installed.map(version);
            Decision::of(installed.as_ref(), &wanted).map(|it| it.to_string())
        };
        assert_eq!(decide(None).unwrap(), "install v1.8.0");
        assert_eq!(
            decide(Some("v1.7.10-a-aliyun")).unwrap(),
            "upgrade from v1.7.10-a-aliyun to v1.8.0"
        );
        assert_eq!(decide(Some("v1.8.0-5db4ae9")).unwrap(), "keep v1.8.0");
        assert_eq!(decide(Some("v1.8.1")), None);
    }
}
