//! The environment port: where variables are read.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads environment variables.
pub trait Environment: Debug + Send + Sync {
    /// The variable's value. `None` where it is unset or not Unicode; empty values are returned.
    fn var(&self, name: &str) -> Option<String>;

    /// The user's home directory.
    fn home_dir(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.non_empty(name).map(PathBuf::from)
    }

    /// The variable's value, where it is set to something.
    fn non_empty(&self, name: &str) -> Option<String> {
        self.var(name).filter(|value| !value.is_empty())
    }

    /// Whether a switch is on. The official SDKs take `true`, in any case.
    fn is_on(&self, name: &str) -> bool {
        self.var(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// An environment shared between providers.
pub type SharedEnvironment = Arc<dyn Environment>;

/// The process's own environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        // The one place where this crate reads the process environment.
        std::env::var(name).ok()
    }
}

/// A fixed set of variables, for tests and for programs that read their settings elsewhere.
///
/// Its `Debug` form shows the names and never the values: AccessKey secrets live in such variables.
///
/// ```
/// use alibaba_core::environment::{Environment, FixedEnvironment};
///
/// let environment = FixedEnvironment::from_iter([("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "hidden")]);
/// assert!(!format!("{environment:?}").contains("hidden"));
/// ```
#[derive(Clone, Default)]
pub struct FixedEnvironment(BTreeMap<String, String>);

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for FixedEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Environment for FixedEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

impl Debug for FixedEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
