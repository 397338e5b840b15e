use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Request, Response};
use kube::client::Body;
use proptest::prelude::*;

use super::splitter::EnvelopeMeta;
use super::*;
use crate::cluster::connection::Connection;
use crate::cluster::reader::ListEncoding;
use crate::cluster::retry::Timeouts;

fn split(bytes: &[u8], cut: usize) -> Result<(Vec<Bytes>, EnvelopeMeta)> {
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
            prop_assert_eq!(&raw[..], expected.as_bytes());
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
            raw: Bytes::from_static(raw.as_bytes()),
        };
        let text = String::from_utf8(item.parts(&splice).concat()).unwrap();
        assert_eq!(text, expected);
    }
}

#[test]
fn keys_follow_as_in_etcd() {
    let key = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(follows(&key("a", "b"), &key("a", "a")));
    assert!(!follows(&key("a", "a"), &key("a", "a")));
    // `-` sorts before the slash that ends `a`.
    assert!(follows(&key("a", "x"), &key("a-b", "x")));
}

/// Lists Pods of a server that always responds in this way; returns how that ends, and after how many
/// requests.
async fn list_from(status: u16, body: &'static str) -> (Failure, u32) {
    let requests = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&requests);
    let service = tower::service_fn(move |_: Request<Body>| {
        counter.fetch_add(1, Ordering::Relaxed);
        let body = Body::from(body.as_bytes().to_vec());
        let response = Response::builder().status(status).body(body).unwrap();
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
    let failure = all(&mut list).await.unwrap_err();
    (failure, requests.load(Ordering::Relaxed))
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
        message.contains("it continues with the same page"),
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
