//! Credentials that a profile's command prints.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::complaint::complaint;
use super::config::{Mode, NAME, Profile, fail};
use crate::Context;
use crate::credentials::document::json_place;
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};
use crate::process::Ended;

/// The command line tool's own limit.
const PROCESS_LIMIT: Duration = Duration::from_secs(60);

/// Runs a profile's command, and reads a profile of mode `AK` or `StsToken` from what it prints.
///
/// The command is split as a shell splits it, quotes and all, and run without a shell.
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
        let invalid = |step: String| fail(CredentialsErrorKind::Invalid, step);
        let words = words(&self.command)
            .ok_or_else(|| invalid(step("split") + ": a quote in it has no end"))?;
        let Some((program, arguments)) = words.split_first() else {
            return Err(invalid(step("run") + ": it is blank"));
        };
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let unavailable = || fail(CredentialsErrorKind::Unavailable, step("run"));
        let Ended {
            failure,
            stdout,
            stderr,
        } = self
            .context
            .processes
            .run(program, &arguments, PROCESS_LIMIT)
            .await
            .map_err(|error| unavailable().with_source(error))?;
        let printed = Profile::parse(&stdout);
        if let Some(failure) = failure {
            let said = complaint(&stderr, &arguments, printed.as_ref().ok());
            let said = match said.as_str() {
                "" => "it says nothing of why".to_owned(),
                said => format!("it says: {said}"),
            };
            return Err(unavailable().with_source(format!("it ended with {failure}; {said}")));
        }
        let printed = printed
            .map_err(|error| invalid(step("read the output of")).with_source(json_place(&error)))?;
        let (credentials, expires_at) = match printed.mode()? {
            Mode::Ak => (printed.keys()?, None),
            Mode::StsToken => (printed.temporary()?, printed.expiration()?),
            // The SDKs do not ask for the mode.
            Mode::Unknown(mode) if mode.is_empty() => {
                (printed.keys_of_either_kind()?, printed.expiration()?)
            }
            _ => {
                let step = step("read the output of") + ": expected the mode `AK` or `StsToken`";
                return Err(invalid(step));
            }
        };
        Identity::new(NAME, credentials, expires_at)
    }
}

/// Program and arguments, or nothing where a quote has no end.
fn words(command: &str) -> Option<Vec<String>> {
    if cfg!(windows) {
        // There `\` is a separator in paths, and escapes nothing.
        return shlex::split(&command.replace('\\', r"\\"));
    }
    shlex::split(command)
}

impl ProvideCredentials for ExternalProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.run().await.map(Arc::new) }.boxed()
    }
}
