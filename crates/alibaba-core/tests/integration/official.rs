//! The default chain against the official libraries for Python and Go.
//!
//! `tests/official/table.json` has a row for each environment and set of files: what either library
//! finds in it (the AccessKey id, `+` and the token), and what ours finds. Here ours is held to the
//! table, and `tests/clients/run` holds the official ones to it. Where ours differs, the row says why.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use alibaba_core::Context;
use alibaba_core::credentials::{Chain, ProvideCredentials as _};
use alibaba_core::environment::FixedEnvironment;
use alibaba_core::http_send::{HttpSend, SendError, SendOptions};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Below the home directory.
    #[serde(default)]
    files: BTreeMap<String, Value>,
    /// Of files, in octal; 600 where it is not said.
    #[serde(default)]
    modes: BTreeMap<String, String>,
    /// What the credentials URI returns.
    uri: Option<Value>,
    python: Option<String>,
    go: Option<String>,
    ours: Option<String>,
    /// Why ours is not what both libraries find.
    why: Option<String>,
}

fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official/table.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns one document to whoever asks for it, and to nothing else.
#[derive(Debug)]
struct Service(Option<Value>);

const URI: &str = "http://127.0.0.1:7001/credentials";

impl HttpSend for Service {
    fn send(
        &self,
        request: http::Request<Bytes>,
        options: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        assert_eq!(request.uri().to_string(), URI);
        assert!(options.bypass_proxy);
        let document = self.0.as_ref().expect("a row asks nobody else").to_string();
        ready(Ok(http::Response::new(Bytes::from(document)))).boxed()
    }
}

#[tokio::test]
async fn ours_finds_what_the_table_says() {
    let rows = table();
    assert!(rows.len() >= 70, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let found = find(row).await;
        if found.as_deref().ok() != row.ours.as_deref() {
            wrong.push(format!("{}: {found:?}", row.name));
        }
    }
    println!("{} rows", rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where ours finds keys and both libraries find others.
const OTHER_KEYS: [&str; 1] = ["a mode in lower case"];

/// Ours finds what one of the two finds, or less. What it finds where both find nothing, and whatever
/// else differs, has its reason in the row.
#[test]
fn every_difference_has_its_reason() {
    for row in table() {
        let Row {
            name,
            python,
            go,
            ours,
            why,
            ..
        } = &row;
        let agrees = ours == python && ours == go;
        assert_eq!(why.is_some(), !agrees, "{name}");
        let found_by_either = python.is_some() || go.is_some();
        let other_keys = ours.is_some() && found_by_either && ours != python && ours != go;
        assert_eq!(other_keys, OTHER_KEYS.contains(&name.as_str()), "{name}");
    }
}

async fn find(row: &Row) -> Result<String, String> {
    let home = tempfile::tempdir().unwrap();
    let place = |text: &str| {
        let text = text.replace("${HOME}", home.path().to_str().unwrap());
        text.replace("${URI}", URI)
    };
    for (name, content) in &row.files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match content {
            Value::String(text) => place(text),
            document => place(&document.to_string()),
        };
        std::fs::write(&path, text).unwrap();
        let mode = row.modes.get(name).map_or("600", String::as_str);
        let mode = u32::from_str_radix(mode, 8).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut environment = BTreeMap::from([
        ("HOME".to_owned(), place("${HOME}")),
        (
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED".to_owned(),
            "true".to_owned(),
        ),
    ]);
    let variables = row.environment.iter();
    environment.extend(variables.map(|(name, value)| (name.clone(), place(value))));
    let context = Context::new(Arc::new(Service(row.uri.clone())))
        .with_environment(Arc::new(FixedEnvironment::from_iter(environment)));
    let found = Chain::official(&context).provide().await;
    let identity = found.map_err(|error| error.to_string())?;
    let keys = &identity.credentials;
    let mut outcome = keys.access_key_id.clone();
    assert_eq!(
        keys.access_key_secret.expose(),
        format!("secret-of-{outcome}")
    );
    if let Some(token) = &keys.security_token {
        outcome.push('+');
        outcome.push_str(token.expose());
    }
    Ok(outcome)
}
