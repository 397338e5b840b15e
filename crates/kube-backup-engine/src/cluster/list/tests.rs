use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use kube::client::Body;
use proptest::prelude::*;

use super::splitter::EnvelopeMeta;
use super::*;
use crate::cluster::connection::Connection;
use crate::cluster::reader::ListEncoding;
use crate::cluster::retry::Timeouts;
use crate::scan::Seen;

fn split(bytes: &[u8], cut: usize) -> Result<(Vec<RawItem>, EnvelopeMeta)> {
    let mut splitter = Splitter::default();
    let mut items = Vec::new();
    for chunk in bytes.chunks(cut) {
        splitter.push(chunk, &mut items)?;
    }
    Ok((items, splitter.finish()?))
}

proptest! {
    /// Wherever the bytes are cut, the items come out as they went in.
    #[test]
    fn lists_split_alike_however_they_arrive(
        texts in prop::collection::vec("[a-z\"\\\\{}\\[\\], \n]{0,20}", 0..6),
        cut in 1usize..40,
        after in any::<bool>(),
        indented in any::<bool>(),
    ) {
        let items: Vec<serde_json::Value> = texts.iter().enumerate()
            .map(|(n, text)| serde_json::json!({"metadata":{"name": format!("n{n}")},"data":{"a":[text]}}))
            .collect();
        let print = |value: &serde_json::Value| if indented {
            serde_json::to_string_pretty(value).unwrap()
        } else {
            value.to_string()
        };
        let joined = items.iter().map(print).collect::<Vec<_>>().join(", ");
        let meta = "\"metadata\":{\"continue\":\"to\\u006ben\",\"resourceVersion\":\"7\"}";
        let list = if after {
            format!("{{\"apiVersion\":\"x/v1\",\"items\":[{joined}],\"kind\":\"XList\",{meta}}}\n")
        } else {
            format!("{{\"kind\":\"XList\",{meta},\"items\": [{joined}]}}")
        };
        let (split, meta) = split(list.as_bytes(), cut).unwrap();
        prop_assert_eq!(meta.continue_token, "token");
        prop_assert_eq!(meta.resource_version, "7");
        prop_assert_eq!(split.len(), items.len());
        for (raw, item) in split.iter().zip(&items) {
            let expected = print(item);
            prop_assert_eq!(&raw.bytes[..], expected.as_bytes());
            prop_assert_eq!((raw.seen.depth, raw.oversize), (3, None));
        }
        for end in 0..list.trim_end().len() {
            let mut splitter = Splitter::default();
            splitter.push(&list.as_bytes()[..end], &mut Vec::new()).unwrap();
            prop_assert!(splitter.finish().is_err(), "cut at {}", end);
        }
    }
}

#[test]
fn empty_lists_and_empty_tokens_end() {
    for list in [
        r#"{"items":[],"metadata":{"continue":""}}"#,
        r#"{"metadata":{},"items":null}"#,
        r#"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}"#,
    ] {
        let (items, meta) = split(list.as_bytes(), 5).unwrap();
        assert!(items.is_empty() && meta.continue_token.is_empty(), "{list}");
    }
}

#[test]
fn kind_and_version_are_spliced_in_where_they_lack() {
    let splice = Splice::new(&TypeMeta {
        api_version: "v1".into(),
        kind: "Pod".into(),
    });
    for (raw, expected) in [
        (
            r#"{"metadata":{"name":"a"}}"#,
            r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}"#,
        ),
        (
            r#"{"metadata":{"name":"a"},"kind":"X"}"#,
            r#"{"apiVersion":"v1","metadata":{"name":"a"},"kind":"X"}"#,
        ),
        (
            r#"{"apiVersion":"y","kind":"X","metadata":{"name":"a"}}"#,
            r#"{"apiVersion":"y","kind":"X","metadata":{"name":"a"}}"#,
        ),
    ] {
        let item = Item {
            head: Head::of(raw.as_bytes()).unwrap(),
            seen: Seen::default(),
            raw: Bytes::from_static(raw.as_bytes()),
        };
        let text = String::from_utf8(item.parts(&splice).concat()).unwrap();
        assert_eq!(text, expected);
    }
}

/// What came of a list.
struct Listed {
    names: Vec<String>,
    unreadable: Vec<String>,
    outcome: Result<(), Failure>,
    requests: u32,
}

/// Lists Pods of a server that responds with `status` and with what `body` makes of the request's number and
/// its query.
async fn list_pods(
    status: u16,
    body: impl Fn(u32, &str) -> Vec<u8> + Clone + Send + 'static,
) -> Listed {
    let requests = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&requests);
    let service = tower::service_fn(move |request: Request<Body>| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let body = body(number, request.uri().query().unwrap_or_default());
        let response = Response::builder().status(status).body(Body::from(body));
        let response = response.unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let client = kube::Client::new(service, "default");
    let connection = Connection::new(client, Timeouts::default(), None);
    let api = ClusterReader::new(connection, ListEncoding::default());
    let pods = ApiResource {
        group: String::new(),
        version: "v1".into(),
        kind: "Pod".into(),
        plural: "pods".into(),
        singular: String::new(),
        short_names: Vec::new(),
        namespaced: true,
        verbs: vec!["list".into()],
        subresources: Vec::new(),
    };
    let mut list = ListReader::new(&api, &pods, None, None, Some("7"));
    let mut names = Vec::new();
    let outcome = loop {
        match list.next().await {
            Ok(Some(items)) => names.extend(items.into_iter().map(|item| item.head.name)),
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    Listed {
        names,
        unreadable: list.unreadable.iter().map(ToString::to_string).collect(),
        outcome,
        requests: requests.load(Ordering::Relaxed),
    }
}

/// How a list ends that always gets this response, and after how many requests.
async fn list_from(status: u16, body: &'static str) -> (Failure, u32) {
    let listed = list_pods(status, |_, _| body.as_bytes().to_vec()).await;
    (listed.outcome.unwrap_err(), listed.requests)
}

/// A page with objects of these names, and the token of the next one.
fn page(names: impl IntoIterator<Item = String>, token: &str) -> Vec<u8> {
    let mut items = String::new();
    for name in names {
        let comma = if items.is_empty() { "" } else { "," };
        write!(items, r#"{comma}{{"metadata":{{"name":"{name}"}}}}"#).unwrap();
    }
    format!(r#"{{"metadata":{{"continue":"{token}"}},"items":[{items}]}}"#).into_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_given_up_however_it_goes_on() {
    let circle = list_pods(200, |number, _| {
        page([number.to_string()], &(number % 3).to_string())
    });
    let barren = list_pods(200, |number, _| page([], &number.to_string()));
    let the_same = list_pods(200, |number, _| page(["a".into()], &number.to_string()));
    for (list, most) in [
        (circle.await, 4),
        (barren.await, 101),
        (the_same.await, 103),
    ] {
        let message = list.outcome.unwrap_err().to_string();
        assert!(message.contains("it has no end"), "{message}");
        assert!(
            list.requests <= most,
            "{} requests: {message}",
            list.requests
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_in_no_order_is_read_whole_and_each_object_once() {
    let listed = list_pods(200, |number, _| match number {
        0 => page(["c", "a", "d"].map(String::from), "1"),
        // Shorter than it says: it is read again.
        1 => page(["b", "a", "f"].map(String::from), "2")[..90].to_vec(),
        2 => page(["b", "a", "e", "f"].map(String::from), "2"),
        _ => page(["a", "0"].map(String::from), ""),
    });
    let listed = listed.await;
    listed.outcome.unwrap();
    assert_eq!(listed.names, ["c", "a", "d", "b", "e", "f", "0"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_costs_itself_and_is_named() {
    let large = "x".repeat(33 << 20);
    let listed = list_pods(200, move |_, _| {
        let items = [
            r#"{"metadata":{"name":"first","namespace":"a"}}"#.to_owned(),
            r#"{"metadata":{"labels":{}},"spec":{}}"#.to_owned(),
            r#"{"metadata":{"name":"broken","namespace":"b"},"spec":{"x" 1}}"#.to_owned(),
            format!(r#"{{"metadata":{{"name":"large","namespace":"b"}},"data":"{large}"}}"#),
            r#"{"metadata":{"name":"last","namespace":"c"}}"#.to_owned(),
        ];
        format!(r#"{{"items":[{}],"metadata":{{}}}}"#, items.join(",")).into_bytes()
    });
    let listed = listed.await;
    listed.outcome.unwrap();
    assert_eq!(listed.names, ["first", "broken", "last"]);
    assert_eq!(listed.unreadable.len(), 2, "{:?}", listed.unreadable);
    assert!(listed.unreadable[0].starts_with("the object after a/first: "));
    assert!(
        listed.unreadable[1].starts_with("b/large: it cannot be read and is left out: it has 346")
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_again_and_again_is_given_up() {
    let expired = r#"{"message":"too old","metadata":{"continue":"on"}}"#;
    let (failure, requests) = list_from(410, expired).await;
    assert_eq!(failure.to_string(), "too old (410)");
    assert_eq!(requests, DETOURS + 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_continues_with_the_same_page_is_given_up() {
    let (failure, requests) = list_from(200, r#"{"metadata":{"continue":"on"},"items":[]}"#).await;
    let message = failure.to_string();
    assert!(
        message.contains("it continues with the same page as before"),
        "{message}"
    );
    assert_eq!(requests, 2);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_never_comes_is_done_without_before_the_time_is_over() {
    let body = r#"{"message":"Too large resource version: 7, current: 1"}"#;
    let began = tokio::time::Instant::now();
    let (failure, requests) = list_from(504, body).await;
    assert!(failure.is(StatusCode::GATEWAY_TIMEOUT), "{failure}");
    assert!(requests > UNKNOWN_VERSION, "{requests}");
    // At the version for a few seconds, and without it for as long as a request may take.
    let bound = Timeouts::default().request + Duration::from_secs(10);
    assert!(began.elapsed() < bound, "{:?}", began.elapsed());
}
