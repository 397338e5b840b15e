//! Whole responses, of OSS or of whatever responds in its place, to every call of its client.

use std::sync::Arc;
use std::time::Duration;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::retry::RetryPolicy;
use alibaba_core::{ConnectionSettings, Credentials, ProxyChoice, Region, RootCertificates};
use alibaba_oss::{Client, Error, Operation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use calls::send;

use crate::world::world;

#[allow(
    unreachable_pub,
    reason = "it is also a module of the tests of alibaba-oss"
)]
#[path = "../../../crates/alibaba-oss/tests/it/calls.rs"]
mod calls;

const SECRET: &str = "s3cr3t-of-the-client";

thread_local! {
    static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_all().build().ok();
}

/// Up to the first line feed: the name of an operation, with a `?` after it where a version of the
/// object is named. What follows is the response, byte by byte; the connection ends after it.
pub fn oss_response(input: &[u8]) {
    let line = input.iter().position(|byte| *byte == b'\n');
    let (name, response) = input.split_at(line.unwrap_or(input.len()));
    let Ok(name) = std::str::from_utf8(name) else {
        return;
    };
    let (name, versioned) = match name.strip_suffix('?') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let mut operations = Operation::ALL.iter();
    let operation = operations.find(|operation| operation.name() == name);
    if let Some(operation) = operation
        && name != "PostObject"
    {
        check(operation, versioned, response.get(1..).unwrap_or_default());
    }
}

/// A response to a call of an operation: nothing panics or waits, and nothing but OSS's word is a
/// success.
pub fn check(operation: &Operation, versioned: bool, response: &[u8]) {
    RUNTIME.with(|runtime| {
        let Some(runtime) = runtime else { return };
        match runtime.block_on(call(operation, versioned, response)) {
            Ok(()) => check_success(operation, response),
            Err(error) => check_error(&error),
        }
    });
}

async fn call(operation: &Operation, versioned: bool, response: &[u8]) -> Result<(), Error> {
    let (listener, address) = match TcpListener::bind("127.0.0.1:0").await {
        Ok(listener) => {
            let address = listener.local_addr().map(|address| address.to_string());
            (listener, address.unwrap_or_default())
        }
        Err(error) => panic!("{error}"),
    };
    let client = client(&format!("http://{address}"));
    let serve = async {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = respond(stream, response).await;
        }
    };
    tokio::select! {
        () = serve => panic!("no connections are accepted any more"),
        called = send(&client, "backups", operation, versioned) => called,
    }
}

async fn respond(mut stream: TcpStream, response: &[u8]) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let mut lines = head.lines();
    let len = lines.find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; len.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    stream.write_all(response).await?;
    stream.shutdown().await
}

fn client(endpoint: &str) -> Client {
    let settings = ConnectionSettings::default()
        .with_roots(RootCertificates::none())
        .with_proxy(ProxyChoice::Direct)
        // Only a client that waits for what never comes takes as long.
        .with_read_timeout(Duration::from_secs(5));
    let mut context = world(&[], &[]);
    context.settings = settings;
    let built = StaticProvider::new(Credentials::new("LTAI-fuzz", SECRET)).map(|credentials| {
        Client::builder(&context, Region::CN_HANGZHOU, Arc::new(credentials))
            .with_retry(RetryPolicy::never())
    });
    match (built, endpoint.parse()) {
        (Ok(builder), Ok(endpoint)) => match builder.with_endpoint(endpoint).build() {
            Ok(client) => client,
            Err(error) => panic!("{error:?}"),
        },
        unusable => panic!("{unusable:?}"),
    }
}

/// Statuses by which OSS says that it did something, and what only it sends.
fn check_success(operation: &Operation, response: &[u8]) {
    let shown = String::from_utf8_lossy(response);
    let text = shown.to_ascii_lowercase();
    let has = |what: &str| text.contains(what);
    let statuses = ["200", "202", "204", "206"];
    // A setting that was never made is none, and an upload that is gone is aborted.
    let is_absence = has(" 404") && has("<error");
    let is_done = statuses.iter().any(|status| has(&format!(" {status}")));
    assert!(is_done || is_absence, "{} took {shown}", operation.name());
    let signs = [
        "x-oss-request-id",
        "x-oss-err",
        "etag",
        "x-oss-hash-crc64ecma",
    ];
    // Documents have roots of their own, which no page has.
    let is_ours = signs.iter().any(|sign| has(sign)) || has("<");
    assert!(is_ours, "{} took {shown}", operation.name());
    let stores = [
        "PutObject",
        "UploadPart",
        "AppendObject",
        "DeleteObject",
        "PutSymlink",
    ];
    if stores.contains(&operation.name()) {
        assert!(has("x-oss-request-id"), "{} took {shown}", operation.name());
    }
}

/// An error can be printed, and tells no secret.
fn check_error(error: &Error) {
    let text = format!("{error} {error:?}");
    assert!(!text.contains(SECRET), "{text}");
    let shown = error.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
    let _ = (error.kind(), error.is_retryable(), error.verdict());
}
