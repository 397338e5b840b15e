//! The files in which providers find what they need.

use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::Context;
use crate::identity::{CredentialsError, CredentialsErrorKind};

/// A provider's file: the one it was given, or that a variable names, or the first of the usual ones.
#[derive(Clone, Debug)]
pub(super) struct ConfigFile {
    pub(super) context: Context,
    /// The provider's name.
    pub(super) provider: &'static str,
    /// Given by the program.
    pub(super) path: Option<PathBuf>,
    pub(super) variable: &'static str,
}

impl ConfigFile {
    /// Reads it. A usual file that does not exist is not configured; a named one that does not, or
    /// any that cannot be read, or that others than its owner may write, is an error.
    pub(super) async fn read(
        &self,
        usual: Vec<PathBuf>,
    ) -> Result<(PathBuf, Zeroizing<Vec<u8>>), CredentialsError> {
        let named = || self.context.environment.non_empty(self.variable);
        let explicit = self.path.clone().or_else(|| named().map(PathBuf::from));
        let is_explicit = explicit.is_some();
        let paths = explicit.map_or(usual, |path| vec![path]);
        let mut missing = Vec::new();
        for path in paths {
            let shown = format!("`{}`", path.display());
            match self.context.files.read_trusted(&path).await {
                Ok(content) => return Ok((path, Zeroizing::new(content))),
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_explicit => {
                    missing.push(shown);
                }
                Err(error) => {
                    let step = format!("read {shown}");
                    return Err(self
                        .failed(CredentialsErrorKind::Unavailable, step)
                        .with_source(error));
                }
            }
        }
        let not_configured = |step| self.failed(CredentialsErrorKind::NotConfigured, step);
        Err(if missing.is_empty() {
            not_configured("find the home directory".to_owned())
        } else {
            not_configured(format!("read {}", missing.join(" or ")))
                .with_source(io::Error::from(io::ErrorKind::NotFound))
        })
    }

    /// Files below the home directory; none where there is no such directory.
    pub(super) fn at_home(&self, paths: &[&str]) -> Vec<PathBuf> {
        let home = self.context.environment.home_dir();
        let below = |home: PathBuf| paths.iter().map(|path| home.join(path)).collect();
        home.map(below).unwrap_or_default()
    }

    fn failed(&self, kind: CredentialsErrorKind, step: String) -> CredentialsError {
        CredentialsError::new(kind, self.provider, step)
    }
}
