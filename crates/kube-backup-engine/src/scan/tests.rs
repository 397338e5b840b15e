use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
        "[a-z\"\\\\{}\\[\\],: é\u{1F600}\n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{0,4}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Fields found by walking are the fields a parser finds, compact or indented.
    #[test]
    fn fields_agree_with_a_parser(
        map in prop::collection::btree_map("[a-z]{1,4}", json(), 0..6),
        indented in any::<bool>(),
    ) {
        let value = Value::Object(map.into_iter().collect());
        let bytes = if indented {
            serde_json::to_vec_pretty(&value).unwrap()
        } else {
            serde_json::to_vec(&value).unwrap()
        };
        let mut fields = Fields::of(&bytes).unwrap();
        let walked: serde_json::Map<String, Value> = (&mut fields)
            .map(|field| {
                let (key, raw) = field.unwrap();
                let key = String::from_utf8(key.to_vec()).unwrap();
                (key, serde_json::from_slice(raw).unwrap())
            })
            .collect();
        prop_assert_eq!(Value::Object(walked), value);
        prop_assert_eq!(fields.end(), Some(bytes.len()));
    }

    /// Elements found by walking are the elements a parser finds, compact or indented.
    #[test]
    fn elements_agree_with_a_parser(
        list in prop::collection::vec(json(), 0..6),
        indented in any::<bool>(),
    ) {
        let value = Value::Array(list);
        let bytes = if indented {
            serde_json::to_vec_pretty(&value).unwrap()
        } else {
            serde_json::to_vec(&value).unwrap()
        };
        let walked: Vec<Value> = Elements::of(&bytes)
            .unwrap()
            .map(|element| serde_json::from_slice(element.unwrap()).unwrap())
            .collect();
        prop_assert_eq!(Value::Array(walked), value);
    }

    /// Whatever the bytes, walking ends with a result and never panics.
    #[test]
    fn any_bytes_are_walked(bytes in prop::collection::vec(
        prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\ 1tn".to_vec())], 0..64)
    ) {
        if let Ok(fields) = Fields::of(&bytes) {
            fields.for_each(drop);
        }
        if let Ok(elements) = Elements::of(&bytes) {
            elements.for_each(drop);
        }
        let _ = Head::of(&bytes);
        let _ = read::<Anything>(&bytes);
    }
}

#[test]
fn the_head_is_read_past_everything_else() {
    let head = Head::of(
        br#" {"data":{"a":"\\\"}"},"metadata":{"managedFields":[{"name":"x"}],"name":"n\u0061",
            "namespace":"s","labels":{"a/b":"c"},"deletionTimestamp":null},"kind":"Secret"}"#,
    )
    .unwrap();
    assert_eq!(head.name, "na");
    assert_eq!(head.namespace.as_deref(), Some("s"));
    assert_eq!(head.kind.as_deref(), Some("Secret"));
    assert_eq!(head.api_version, None);
    assert_eq!(head.label("a/b"), Some("c"));
    assert!(!head.terminating);
}

#[test]
fn an_object_without_a_name_or_with_a_tail_is_refused() {
    assert!(Head::of(br#"{"metadata":{}}"#).is_err());
    assert!(Head::of(br#"{"metadata":{"name":"a"}} {}"#).is_err());
}

#[test]
fn two_hundred_levels_are_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(read::<Anything>(deep.as_bytes()).is_err());
    let fine = format!("{}{}", "[".repeat(100), "]".repeat(100));
    read::<Anything>(fine.as_bytes()).unwrap();
}

#[test]
fn values_are_found_by_path() {
    let text_at = |bytes, path: &[&str]| raw_at(bytes, path).and_then(text);
    let bytes = br#"{"spec":{"claimRef":{"namespace":"a","n":1}}}"#;
    assert_eq!(
        text_at(bytes, &["spec", "claimRef", "namespace"]).as_deref(),
        Some("a")
    );
    assert_eq!(text_at(bytes, &["spec", "claimRef", "n"]), None);
    assert_eq!(text_at(bytes, &["status"]), None);
}

#[test]
fn what_the_value_parser_refuses_is_refused_before() {
    for bad in [
        &b"{\"a\":\"\xff\"}"[..],
        br#"{"a":"\ud800"}"#,
        br#"{"a":1e999}"#,
        br#"{"\udfff":1}"#,
        br#"{"a":1}}"#,
    ] {
        assert!(serde_json::from_slice::<serde_json::Value>(bad).is_err());
        let read = read::<Anything>(bad);
        assert!(read.is_err(), "{}", String::from_utf8_lossy(bad));
    }
}
