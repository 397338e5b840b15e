//! Every credential source, as a folder of cases in `tests/cases`.
//!
//! A case is `environment.json`, `files/` (the file system, from `/`), `unreadable.json` (files that
//! nobody may read), `given.json` (what the program has by itself), `processes.json` (programs with
//! their arguments, `|` between them, and what they print), `traffic.json` (the requests that must come, in order, and their responses) and
//! `expected.json`. In values and files, `letters:1048576` stands for a megabyte. Requests go over HTTP to a loopback server, whatever host they are
//! for. What is logged, told in errors or printed by `Debug` is searched for the case's secrets.

mod case;
mod leaks;
mod world;

use std::path::Path;
use std::sync::Arc;

use alibaba_core::clock::ManualClock;
use alibaba_core::credentials::{
    AssumeRoleProvider, Chain, CredentialsError, EnvProvider, ProvideCredentials,
    SharedCredentials, StaticProvider, from_secret_content,
};
use alibaba_core::retry::FixedJitter;
use alibaba_core::sts::AssumeRole;
use alibaba_core::{ConnectionSettings, Context, Credentials, ProxyChoice, http_send::ReqwestSend};
use chrono::DateTime;

use case::{Case, Given};
use leaks::Leaks;
use world::{Processes, World};

const NOW: &str = "2026-01-15T08:30:00Z";

#[tokio::test(flavor = "current_thread")]
async fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 60, "only {} cases found", names.len());
    let mut failures = Vec::new();
    for name in &names {
        let case = Case::read(&folder.join(name));
        for problem in run(&case).await {
            failures.push(format!("{name}: {problem}"));
        }
    }
    println!("{} cases", names.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

async fn run(case: &Case) -> Vec<String> {
    let leaks = Leaks::start();
    let settings = ConnectionSettings::default()
        .with_proxy(ProxyChoice::Direct)
        .with_roots(alibaba_core::RootCertificates::none());
    let http = ReqwestSend::new(&settings).unwrap();
    let world = World::start(case.traffic.clone(), http).await;
    let clock = ManualClock::at(NOW.parse().unwrap());
    let context = Context::new(Arc::new(world.clone()))
        .with_environment(Arc::new(case.environment.clone()))
        .with_files(Arc::new(case.files.clone()))
        .with_processes(Arc::new(Processes(case.processes.clone())))
        .with_clock(Arc::new(clock))
        .with_jitter(Arc::new(FixedJitter(0.5)));
    let provider = provider(case, &context);
    let provided = match &provider {
        Ok(provider) => provider.provide().await,
        Err(error) => Err(error.clone()),
    };

    let mut problems = world.finish();
    leaks.say(&format!(
        "{provider:?} {provider:#?} {context:?} {provided:?} {provided:#?}"
    ));
    match (&provided, &case.expected.credentials, &case.expected.error) {
        (Ok(identity), Some(expected), None) => {
            let got = &identity.credentials;
            let token = got
                .security_token
                .as_ref()
                .map(|token| token.expose().to_owned());
            let mut check = |what: &str, same: bool| {
                if !same {
                    problems.push(format!("{what} differs"));
                }
            };
            check("id", got.access_key_id == expected.access_key_id);
            check(
                "secret",
                got.access_key_secret.expose() == expected.access_key_secret,
            );
            check("token", token == expected.security_token);
            check("provider", identity.provider == expected.provider);
            let expires_at = expected
                .expires_at
                .as_ref()
                .map(|at| DateTime::parse_from_rfc3339(at).unwrap().to_utc());
            check("expiry", identity.expires_at == expires_at);
        }
        (Err(error), None, Some(expected)) => {
            let mut chain = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                chain.push_str(": ");
                chain.push_str(&cause.to_string());
                source = cause.source();
            }
            leaks.say(&chain);
            if format!("{:?}", error.kind()) != expected.kind {
                problems.push(format!(
                    "expected {}, got {:?}: {chain}",
                    expected.kind,
                    error.kind()
                ));
            }
            for text in &expected.says {
                if !chain.contains(text.as_str()) {
                    problems.push(format!("the error does not say {text:?}: {chain}"));
                }
            }
        }
        (provided, ..) => problems.push(format!("unexpected outcome: {provided:?}")),
    }
    problems.extend(leaks.finish(&case.expected.secrets));
    problems.extend(case.secrets_that_are_nowhere());
    problems
}

/// Whom the case asks: the default chain as a rule.
fn provider(case: &Case, context: &Context) -> Result<SharedCredentials, CredentialsError> {
    if let Some(role) = &case.expected.assume_role {
        let source = Arc::new(EnvProvider::new(Arc::clone(&context.environment)));
        let request = AssumeRole::new(role.role_arn.as_str(), role.session.as_str())
            .external_id(role.external_id.as_deref())
            .policy(role.policy.clone())
            .duration_seconds(role.duration_seconds);
        return Ok(Arc::new(AssumeRoleProvider::new(context, source, request)));
    }
    match &case.given {
        None if case.expected.without_processes => {
            Ok(Arc::new(Chain::official(context).without_processes()))
        }
        None if case.expected.oss => {
            let oss = EnvProvider::oss(Arc::clone(&context.environment));
            let official = Chain::official(context);
            let both: Vec<SharedCredentials> = vec![Arc::new(oss), Arc::new(official)];
            Ok(Arc::new(Chain::new("the chain of OSS", both)))
        }
        None => Ok(Arc::new(Chain::official(context))),
        Some(Given::Secret(entries)) => {
            let entry = |name: &str| entries.get(name).map(String::as_bytes);
            Ok(Arc::new(from_secret_content(entry)?))
        }
        Some(Given::Static {
            access_key_id,
            access_key_secret,
            security_token,
            expires_at,
        }) => {
            let mut keys = Credentials::new(access_key_id.as_str(), access_key_secret.as_str());
            if let Some(token) = security_token {
                keys = keys.with_security_token(token.as_str());
            }
            let provider = StaticProvider::new(keys)?;
            Ok(Arc::new(match *expires_at {
                Some(at) => provider.expiring_at(at, Arc::clone(&context.clock)),
                None => provider,
            }))
        }
    }
}
