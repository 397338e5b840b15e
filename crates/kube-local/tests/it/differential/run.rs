//! Runs a script against one server and collects the responses.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;

use crate::differential::script::{Script, Step, Until};

/// A response as it came.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// It never came to what the step waits for.
    pub(crate) timed_out: bool,
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) warnings: Vec<String>,
    /// The first keys of the outermost object, as they were sent: clients that stream raw JSON
    /// depend on which comes before the items of a list.
    pub(crate) keys: Vec<String>,
    pub(crate) body: Value,
}

/// Nothing healthy takes this long, even on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the script with these variables to begin with.
pub(crate) async fn run(
    client: &kube::Client,
    script: &Script,
    mut variables: BTreeMap<String, String>,
) -> Vec<Response> {
    let mut responses = Vec::new();
    for step in &script.steps {
        let deadline = Instant::now() + PATIENCE;
        let response = loop {
            let response = send(client, step, &variables).await;
            let done = match &step.until {
                None => true,
                Some(Until::Status(status)) => response.status == *status,
                Some(Until::Ready(ready)) => ready(&response.body),
            };
            if done {
                break response;
            }
            if Instant::now() > deadline {
                break Response {
                    timed_out: true,
                    ..response
                };
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        };
        for (name, pointer) in &step.kept {
            let value = response.body.pointer(pointer).unwrap_or_else(|| {
                panic!(
                    "{}: no {pointer} to keep in {}",
                    script.title, response.body
                )
            });
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            variables.insert((*name).to_owned(), text);
        }
        responses.push(response);
    }
    responses
}

fn fill(text: &str, variables: &BTreeMap<String, String>) -> String {
    // Longest names first, so that `$ns2` is not taken for `$ns`.
    let mut names: Vec<&String> = variables.keys().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.into_iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!("${name}"), &variables[name])
    })
}

async fn send(
    client: &kube::Client,
    step: &Step,
    variables: &BTreeMap<String, String>,
) -> Response {
    let path = fill(&step.path, variables);
    let mut request = http::Request::builder()
        .method(step.method)
        .uri(&path)
        .header("accept", step.accept)
        .header("user-agent", "differential/1.0");
    let mut body = Vec::new();
    if let Some(text) = &step.body {
        request = request.header("content-type", step.content_type);
        body = fill(text, variables).into_bytes();
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = client.send(request).await.unwrap();
    let (head, body) = response.into_parts();
    let header = |name: &str| -> Vec<String> {
        let values = head.headers.get_all(name).iter();
        values.map(|v| v.to_str().unwrap().to_owned()).collect()
    };
    let bytes = body.collect().await.unwrap().to_bytes();
    let is_watch = path.contains("watch=");
    let body = if is_watch && head.status.is_success() {
        let lines = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
        lines.map(|line| line.unwrap()).collect()
    } else {
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
    };
    Response {
        timed_out: false,
        status: head.status.as_u16(),
        content_type: header("content-type").concat(),
        warnings: header("warning"),
        keys: if is_watch { Vec::new() } else { keys(&bytes) },
        body,
    }
}

fn keys(json: &[u8]) -> Vec<String> {
    struct Keys(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Keys {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Keys;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<M: serde::de::MapAccess<'de>>(
                    self,
                    mut map: M,
                ) -> Result<Keys, M::Error> {
                    let mut keys = Vec::new();
                    while let Some((key, _)) = map.next_entry::<_, serde::de::IgnoredAny>()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_slice::<Keys>(json)
        .map_or_else(|_| Vec::new(), |keys| keys.0)
        .into_iter()
        .filter(|key| matches!(key.as_str(), "kind" | "apiVersion" | "metadata" | "items"))
        .collect()
}
