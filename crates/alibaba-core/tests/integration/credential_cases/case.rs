//! One case, read from its folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use alibaba_core::environment::FixedEnvironment;
use alibaba_core::files::MemoryFiles;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) struct Case {
    pub(crate) environment: FixedEnvironment,
    pub(crate) files: Files,
    /// What the program gives itself, instead of asking the default chain.
    pub(crate) given: Option<Given>,
    pub(crate) processes: BTreeMap<String, Program>,
    pub(crate) traffic: Vec<Exchange>,
    pub(crate) expected: Expected,
    everything: String,
}

/// The case's file system.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    readable: MemoryFiles,
    unreadable: Vec<PathBuf>,
}

impl alibaba_core::files::Files for Files {
    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        if self.unreadable.iter().any(|it| it == path) {
            return ready(Err(io::ErrorKind::PermissionDenied.into())).boxed();
        }
        self.readable.read(path)
    }
}

/// Credentials that a program has by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum Given {
    Static {
        access_key_id: String,
        access_key_secret: String,
        security_token: Option<String>,
        expires_at: Option<DateTime<Utc>>,
    },
    /// The entries of a Kubernetes Secret.
    Secret(BTreeMap<String, String>),
}

/// What a program does, by its command line with `|` between the words.
#[derive(Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Program {
    /// It prints this and ends well.
    Prints(String),
    Fails {
        failure: String,
        stdout: String,
        stderr: String,
    },
}

/// A request that must come, and the response to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    /// The host that the request is for.
    pub(crate) host: String,
    pub(crate) request: String,
    /// Parameters that must be in the query; all of them where `exact_query` is set.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// All parameters of the form.
    #[serde(default)]
    pub(crate) form: BTreeMap<String, String>,
    /// Headers that must be there, or, with null, must not.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Option<String>>,
    /// The key that must have signed the request. Without it, the request must not be signed.
    pub(crate) signed_with: Option<String>,
    /// Whether the request must bypass proxies.
    #[serde(default)]
    pub(crate) direct: bool,
    /// `connect` or `timeout`, instead of a response.
    pub(crate) fails: Option<String>,
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) response_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) response: serde_json::Value,
}

fn ok() -> u16 {
    200
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[expect(dead_code, reason = "for whoever reads the case")]
    about: String,
    /// Ask the variables of OSS, and then the default chain.
    #[serde(default)]
    pub(crate) oss: bool,
    /// Ask a default chain that runs no programs.
    #[serde(default)]
    pub(crate) without_processes: bool,
    /// Assume this role with what the environment holds, instead of asking the default chain.
    pub(crate) assume_role: Option<Role>,
    pub(crate) credentials: Option<ExpectedCredentials>,
    pub(crate) error: Option<ExpectedError>,
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    pub(crate) role_arn: String,
    pub(crate) session: String,
    pub(crate) external_id: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedCredentials {
    pub(crate) provider: String,
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: String,
    pub(crate) security_token: Option<String>,
    pub(crate) expires_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    pub(crate) kind: String,
    pub(crate) says: Vec<String>,
}

impl Case {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut everything = String::new();
        let mut environment: BTreeMap<String, String> =
            json(&folder.join("environment.json"), &mut everything).unwrap_or_default();
        for value in environment.values_mut() {
            if let Some(long) = long_value(value) {
                everything.push_str(&long);
                *value = long;
            }
        }
        let mut files = Vec::new();
        walk(&folder.join("files"), &PathBuf::from("/"), &mut files);
        for (_, content) in &mut files {
            if let Some(long) = str::from_utf8(content).ok().and_then(long_value) {
                *content = long.into_bytes();
            }
            everything.push_str(&String::from_utf8_lossy(content));
        }
        let unreadable = json(&folder.join("unreadable.json"), &mut everything);
        Self {
            environment: environment.into_iter().collect(),
            files: Files {
                readable: files.into_iter().collect(),
                unreadable: unreadable.unwrap_or_default(),
            },
            given: json(&folder.join("given.json"), &mut everything),
            processes: json(&folder.join("processes.json"), &mut everything).unwrap_or_default(),
            traffic: json(&folder.join("traffic.json"), &mut everything).unwrap_or_default(),
            expected: json(&folder.join("expected.json"), &mut String::new())
                .unwrap_or_else(|| panic!("{} has no expected.json", folder.display())),
            everything,
        }
    }

    /// A secret that stands nowhere in the case would never be found to leak: a slip of the pen.
    /// Those of the add-on token stand there encrypted.
    pub(crate) fn secrets_that_are_nowhere(&self) -> Vec<String> {
        let encrypted = self.everything.contains("keyring");
        let missing = |secret: &&String| !encrypted && !self.everything.contains(secret.as_str());
        self.expected
            .secrets
            .iter()
            .filter(missing)
            .map(|secret| format!("no {secret:?} in it"))
            .collect()
    }
}

/// The text with `letters:1048576` in it written out.
fn long_value(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("letters:")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    let (length, after) = rest.split_at(digits.unwrap_or(rest.len()));
    let letters = "t".repeat(length.parse().unwrap());
    Some(format!("{before}{letters}{after}"))
}

fn json<T: DeserializeOwned>(path: &Path, everything: &mut String) -> Option<T> {
    let text = std::fs::read_to_string(path).ok()?;
    let value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    everything.push_str(&text);
    Some(value)
}

fn walk(folder: &Path, place: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let place = place.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &place, files);
        } else {
            files.push((place, std::fs::read(entry.path()).unwrap()));
        }
    }
}
