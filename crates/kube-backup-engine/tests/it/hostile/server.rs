//! An API server that answers whatever it likes: nothing panics, nothing grows, and what it says is
//! printed as text.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use kube_backup_engine::restore::{Restore, RestorePlan, RestoreReport, RestoreSpec};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{Error, RunOptions};
use kube_local::KubeLocal;
use serde_json::json;

use super::super::restore::backed_up;
use crate::cluster::{carts, client, shop};

/// What a hostile server sends with a response.
#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

const NOISE: &str = "\u{1b}[2J\u{9b}31m\u{202e}evil\r\n\u{7}";

fn answers() -> Vec<Answer> {
    let status = |message: &str| {
        json!({"kind": "Status", "message": message})
            .to_string()
            .into_bytes()
    };
    let retry_after = [
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1e400",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "\u{ff}",
        "",
    ];
    let mut answers = Vec::new();
    for code in [200, 201, 403, 404, 409, 429, 503] {
        for (n, wait) in retry_after.iter().enumerate() {
            let body = match n {
                0 => status(NOISE),
                1 => status(&"x".repeat(300_000)),
                2 => b"\xff\xfe\x00".to_vec(),
                3 => "[".repeat(200_000).into_bytes(),
                4 => json!({"metadata": {"continue": NOISE, "uid": 7, "name": []}, "items": 1})
                    .to_string()
                    .into_bytes(),
                5 => b"null".to_vec(),
                _ => Vec::new(),
            };
            let warning = format!("299 - \"{}\\", "w".repeat(2000));
            let headers = vec![
                ("retry-after", (*wait).to_owned()),
                ("warning", warning),
                ("content-type", "application/json".to_owned()),
                ("content-length-x", "99999999999999999999".to_owned()),
            ];
            answers.push(Answer {
                status: code,
                headers,
                body: body.into(),
            });
        }
    }
    answers
}

/// The kinds that an honest server tells of, by the paths that they are asked at.
struct Kinds(BTreeMap<&'static str, (String, Bytes)>);

impl Kinds {
    async fn of(honest: &Client) -> Self {
        let mut documents = BTreeMap::new();
        for path in ["/api", "/apis"] {
            let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            let request = Request::get(path).header("accept", accept);
            let response = honest
                .send(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let media = response.headers()["content-type"]
                .to_str()
                .unwrap()
                .to_owned();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            documents.insert(path, (media, body));
        }
        Self(documents)
    }

    /// A client of a server that tells of these, and answers all else with `answer`.
    fn hostile(&self, answer: Answer) -> Client {
        let documents = Arc::new(self.0.clone());
        let answer = Arc::new(answer);
        let service = tower::service_fn(move |request: Request<Body>| {
            let mut response = Response::builder();
            let body = match documents.get(request.uri().path()) {
                Some((media, body)) => {
                    response = response.header("content-type", media);
                    body.clone()
                }
                None => {
                    response = response.status(answer.status);
                    for (name, value) in &answer.headers {
                        let value = http::HeaderValue::from_bytes(value.as_bytes());
                        response = response.header(*name, value.unwrap());
                    }
                    answer.body.clone()
                }
            };
            let response = response.body(Body::from(body)).unwrap();
            async { Ok::<_, Infallible>(response) }
        });
        Client::new(service, "default")
    }
}

fn assert_printable(what: &str, text: &str) {
    let obeyed = text
        .chars()
        .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
    assert_eq!(obeyed, None, "{what}");
    assert!(
        text.lines().all(|line| line.len() < 64 << 10),
        "{what} has a line of {}",
        text.len()
    );
}

#[tokio::test]
async fn whatever_a_server_answers_everything_ends_and_prints_as_text() {
    let cluster = KubeLocal::start().await.unwrap();
    let honest = client(&cluster);
    shop(&honest, "shop").await;
    carts(&honest, "shop").await;
    let repository = backed_up(&honest).await;
    let kinds = Kinds::of(&honest).await;
    // Nothing is asked of a network from here on.
    tokio::time::pause();
    let options = RunOptions::default()
        .with_request_timeout(Duration::from_secs(30))
        .with_wait_for_ready(Duration::from_secs(2));
    for answer in answers() {
        let what = format!("{} with {:?}", answer.status, answer.headers[0].1);
        let client = kinds.hostile(answer);
        let backup = repository.open("a").await.unwrap();
        let restore = Restore::new(client.clone(), backup, RestoreSpec::named("r"));
        let restore = restore.with_options(options.clone());
        let plan: Result<RestorePlan, Error> = restore.plan().await;
        assert_printable(&what, &plan.unwrap().to_string());
        let report: RestoreReport = restore.run().await.unwrap();
        assert_printable(&what, &report.to_string());
        // Nothing of what it answered is about anything that it was sent.
        assert!(
            report
                .items
                .iter()
                .all(|item| item.outcome.name() != "created"),
            "{what}: {report}"
        );
        let verify = Verify::new(repository.clone(), "a").against(client);
        match verify.run().await {
            Ok(report) => assert_printable(&what, &report.to_string()),
            Err(error) => assert_printable(&what, &error.chain()),
        }
    }
}

#[tokio::test]
async fn a_list_without_end_is_left() {
    let cluster = KubeLocal::start().await.unwrap();
    let honest = client(&cluster);
    shop(&honest, "shop").await;
    let repository = backed_up(&honest).await;
    let pages = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pages);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (honest, counter) = (honest.clone(), Arc::clone(&counter));
        async move {
            let path = request.uri().path();
            if request.method() == http::Method::GET && path.ends_with("/persistentvolumeclaims") {
                let next = counter.fetch_add(1, Ordering::Relaxed).to_string();
                let page = json!({"metadata": {"continue": next}, "items": []}).to_string();
                return Ok(Response::new(Body::from(page.into_bytes())));
            }
            honest.send(request).await
        }
    });
    let client = Client::new(service, "default");
    let backup = repository.open("a").await.unwrap();
    let restore = Restore::new(client, backup, RestoreSpec::named("r"));
    let report = restore.run().await.unwrap();
    let text = report.warnings.join("\n");
    assert!(
        text.contains("persistentvolumeclaims`: it does not end"),
        "{report}"
    );
    assert_eq!(pages.load(Ordering::Relaxed), 1000);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_not_asked_for_again() {
    let cluster = KubeLocal::start().await.unwrap();
    let honest = client(&cluster);
    shop(&honest, "shop").await;
    let repository = backed_up(&honest).await;
    let kinds = Kinds::of(&honest).await;
    for status in [201, 403, 503] {
        let answer = Answer {
            status,
            headers: Vec::new(),
            body: vec![b' '; 17 << 20].into(),
        };
        let client = kinds.hostile(answer);
        let backup = repository.open("a").await.unwrap();
        let mut spec = RestoreSpec::named("r");
        spec.selection.included_resources = ["namespaces".to_owned()].into();
        let report = Restore::new(client, backup, spec).run().await.unwrap();
        let failed: Vec<String> = report
            .failed()
            .map(|item| format!("{:?}", item.outcome))
            .collect();
        assert!(!failed.is_empty(), "{report}");
        for reason in failed {
            assert!(
                reason.contains("longer than") && !reason.contains("attempts"),
                "{reason}"
            );
        }
    }
}
