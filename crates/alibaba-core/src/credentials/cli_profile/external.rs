//! Credentials that a profile's command prints.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::config::{Mode, NAME, Profile, fail};
use crate::Context;
use crate::credentials::document::json_place;
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};

/// The command line tool's own limit.
const PROCESS_LIMIT: Duration = Duration::from_secs(60);

/// Runs a profile's command, and reads a profile of mode `AK` or `StsToken` from what it prints.
#[derive(Debug)]
pub(super) struct ExternalProvider {
    pub(super) context: Context,
    pub(super) profile: String,
    pub(super) command: String,
}

impl ExternalProvider {
    async fn run(&self) -> Result<Identity, CredentialsError> {
        let step = |what: &str| {
            format!(
                "{what} the `process_command` of the profile `{}`",
                self.profile
            )
        };
        let mut words = self.command.split_ascii_whitespace();
        let program = words.next().unwrap_or_default();
        let arguments: Vec<_> = words.collect();
        let printed = self
            .context
            .processes
            .run(program, &arguments, PROCESS_LIMIT)
            .await
            .map_err(|error| {
                fail(CredentialsErrorKind::Unavailable, step("run")).with_source(error)
            })?;
        let printed = Profile::parse(&printed).map_err(|error| {
            fail(CredentialsErrorKind::Invalid, step("read the output of"))
                .with_source(json_place(&error))
        })?;
        let (credentials, expires_at) = match printed.mode() {
            Mode::Ak => (printed.keys()?, None),
            Mode::StsToken => (printed.temporary()?, printed.expiration()?),
            _ => {
                let step = step("read the output of") + ": expected the mode `AK` or `StsToken`";
                return Err(fail(CredentialsErrorKind::Invalid, step));
            }
        };
        Identity::new(NAME, credentials, expires_at)
    }
}

impl ProvideCredentials for ExternalProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.run().await.map(Arc::new) }.boxed()
    }
}
