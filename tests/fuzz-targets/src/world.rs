//! A world in which a provider meets one file and one response, and never waits.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use alibaba_core::Context;
use alibaba_core::clock::ManualClock;
use alibaba_core::credentials::{CredentialsError, Identity, ProvideCredentials};
use alibaba_core::environment::FixedEnvironment;
use alibaba_core::files::MemoryFiles;
use alibaba_core::http_send::{HttpSend, SendError, SendOptions};
use alibaba_core::process::{Ended, Processes};
use alibaba_core::retry::FixedJitter;
use bytes::Bytes;
use chrono::DateTime;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use http::{Request, Response};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Where the file under test is.
pub(crate) const FILE: &str = "/file";

/// How every secret in a seed begins, so that it can be found again where it must not be.
pub(crate) const MARK: &str = "s3cr3t";

/// Members that hold secrets, in all the formats.
const SECRET_MEMBERS: [&str; 5] = [
    "access_key_secret",
    "sts_token",
    "security_token",
    "AccessKeySecret",
    "SecurityToken",
];

/// Returns the same bytes to every request and from every process.
#[derive(Clone)]
struct Says(Bytes);

impl std::fmt::Debug for Says {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Says")
    }
}

impl HttpSend for Says {
    fn send(
        &self,
        _: Request<Bytes>,
        _: SendOptions,
    ) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        ready(Ok(Response::new(self.0.clone()))).boxed()
    }
}

impl Processes for Says {
    fn run<'a>(
        &'a self,
        _: &'a str,
        _: &'a [&'a str],
        _: Duration,
    ) -> BoxFuture<'a, io::Result<Ended>> {
        ready(Ok(Ended::well(&*self.0))).boxed()
    }
}

/// A world with this file, in which services and programs return `response`.
pub(crate) fn world(file: &[u8], response: &[u8]) -> Context {
    let says = Says(Bytes::copy_from_slice(response));
    // The services' time of the test vectors.
    let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap_or_default();
    Context::new(Arc::new(says.clone()))
        .with_processes(Arc::new(says))
        .with_environment(Arc::new(FixedEnvironment::default()))
        .with_files(Arc::new(MemoryFiles::from_iter([
            (FILE, file),
            ("/token", b"service-account-token"),
        ])))
        .with_clock(Arc::new(ManualClock::at(now)))
        .with_jitter(Arc::new(FixedJitter(0.5)))
}

/// Asks the provider, which must be ready at once, and checks its result. `quiet` says
/// that whatever bears the mark is a secret.
pub(crate) fn ask(provider: &dyn ProvideCredentials, quiet: bool) {
    let provided = provider.provide().now_or_never();
    let Some(provided) = provided else {
        panic!("a provider waits for nothing here");
    };
    if quiet {
        let mut shown = format!("{provider:?} {provided:?}");
        if let Err(error) = &provided {
            shown.push_str(&chain(error));
        }
        assert!(!shown.contains(MARK), "a secret shows: {shown}");
    }
    if let Ok(identity) = provided {
        check(&identity);
    }
}

fn check(identity: &Identity) {
    let credentials = &identity.credentials;
    let token = credentials.security_token.as_ref();
    let parts = [
        &*credentials.access_key_id,
        credentials.access_key_secret.expose(),
    ];
    for part in parts
        .into_iter()
        .chain(token.map(alibaba_core::Secret::expose))
    {
        assert!(!part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic()));
    }
}

/// The error with its causes.
fn chain(error: &CredentialsError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Whether the mark stands in the values of secret members and nowhere else. A document that no reader
/// takes for JSON has no other place.
pub(crate) fn marks_secrets_only(document: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(document) {
        Ok(document) => !shows_mark(&document),
        // Readers pass over members that they do not know, and what is wrong in them.
        Err(_) => serde_json::from_slice::<IgnoredAny>(document).is_err(),
    }
}

fn shows_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(MARK),
        Value::Array(items) => items.iter().any(shows_mark),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_secret = value.is_string() && SECRET_MEMBERS.contains(&&**name);
            name.contains(MARK) || (!is_secret && shows_mark(value))
        }),
        _ => false,
    }
}

/// The same of a line of an INI file.
pub(crate) fn is_secret_line(line: &str) -> bool {
    let name = line.split_once('=').map_or(line, |(name, _)| name);
    SECRET_MEMBERS.contains(&name.trim())
}
