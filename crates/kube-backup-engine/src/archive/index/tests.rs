use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::archive::write::Packed;
use crate::resource::TypeMeta;

fn member(ids: &[ObjectId]) -> Member {
    let types = Arc::new(TypeMeta {
        api_version: "v1".into(),
        kind: "Thing".into(),
    });
    Member {
        bytes: Bytes::from_static(&[0; 100]),
        size: 4096,
        objects: ids
            .iter()
            .map(|id| Packed {
                id: id.clone(),
                types: Arc::clone(&types),
                object: Span {
                    offset: 512,
                    length: 7,
                },
                sha256: Sha256::digest(id.name.as_bytes()).into(),
            })
            .collect(),
    }
}

fn write(groups: &[Vec<ObjectId>]) -> (Vec<u8>, IndexFacts) {
    let mut writer = IndexWriter::default();
    let mut bytes = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        if let Some(chunk) = writer.push(number as u64 * 100, &member(group)).unwrap() {
            bytes.extend_from_slice(&chunk);
        }
    }
    let (tail, facts) = writer.finish().unwrap();
    for part in tail {
        bytes.extend_from_slice(&part);
    }
    assert_eq!(bytes.len() as u64, facts.length);
    (bytes, facts)
}

fn find(bytes: &[u8], facts: &IndexFacts, filter: &EntryFilter, length: u64) -> Result<Vec<Entry>> {
    let directory = Directory::read(&bytes[facts.directory_offset as usize..], facts)?;
    let mut found = Vec::new();
    for chunk in directory.chunks(filter) {
        let span = chunk.span();
        let raw = &bytes[span.offset as usize..span.end().unwrap() as usize];
        found.extend(
            chunk
                .read(raw, length, &ReadLimits::default())?
                .into_iter()
                .map(|listed| listed.unwrap())
                .filter(|entry| filter.matches(&entry.id)),
        );
    }
    Ok(found)
}

fn ids() -> impl Strategy<Value = Vec<Vec<ObjectId>>> {
    let id = (
        prop::sample::select(vec!["pods", "secrets", "nodes"]),
        "[a-c][-a-c0]{0,2}",
        "[a-c][-a-c.]{0,2}",
    )
        .prop_map(|(resource, namespace, name)| ObjectId {
            resource: GroupResource::core(resource),
            namespace: (resource != "nodes").then_some(namespace),
            name,
        });
    prop::collection::vec(prop::collection::vec(id, 1..40), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Asking the directory first finds exactly what reading everything finds.
    #[test]
    fn filters_never_lose_an_entry(
        groups in ids(),
        resources in prop::collection::btree_set(
            prop::sample::select(vec!["pods", "secrets", "nodes"]).prop_map(GroupResource::core), 0..2),
        namespaces in prop::collection::btree_set("[a-c][-a-c0]{0,2}", 0..3),
        names in prop::collection::btree_set("[a-c][-a-c.]{0,2}", 0..3),
    ) {
        let (bytes, facts) = write(&groups);
        let length = groups.len() as u64 * 100;
        let filter = EntryFilter { resources, namespaces, names };
        let mut found: Vec<ObjectId> = find(&bytes, &facts, &filter, length)
            .unwrap().into_iter().map(|entry| entry.id).collect();
        let mut expected: Vec<ObjectId> = groups.concat()
            .into_iter().filter(|id| filter.matches(id)).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}

fn one(name: &str) -> Vec<ObjectId> {
    vec![ObjectId {
        resource: GroupResource::core("pods"),
        namespace: Some("a".into()),
        name: name.into(),
    }]
}

#[test]
fn the_whole_index_is_one_json_document() {
    let many: Vec<_> = (0..2000).map(|n| one(&format!("pod-{n:05}"))).collect();
    for groups in [Vec::new(), vec![one("x")], many] {
        let (bytes, _) = write(&groups);
        let text = gunzip(&bytes, 1 << 30).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json["formatVersion"], "1");
        assert_eq!(json["members"].as_array().unwrap().len(), groups.len());
    }
}

#[test]
fn few_objects_cost_few_chunks() {
    let many: Vec<_> = (0..20_000).map(|n| one(&format!("pod-{n:05}"))).collect();
    let (bytes, facts) = write(&many);
    let directory = Directory::read(&bytes[facts.directory_offset as usize..], &facts).unwrap();
    let filter = EntryFilter {
        names: ["pod-00007".into()].into(),
        ..EntryFilter::default()
    };
    assert!(directory.chunks(&EntryFilter::default()).len() > 20);
    assert_eq!(directory.chunks(&filter).len(), 1);
}

#[test]
fn long_names_are_found_and_do_not_fill_the_directory() {
    let long = |n: usize| format!("{}{n}", "\u{e9}".repeat(5000));
    let groups: Vec<_> = (0..200).map(|n| one(&long(n))).collect();
    let (bytes, facts) = write(&groups);
    let directory = &bytes[facts.directory_offset as usize..];
    assert!(gunzip(directory, 1 << 20).unwrap().len() < 400 << 10);
    for name in [long(0), long(99), long(199)] {
        let filter = EntryFilter {
            names: [name.clone()].into(),
            ..EntryFilter::default()
        };
        let found = find(&bytes, &facts, &filter, 20_000).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id.name, name);
    }
}

#[test]
fn an_index_that_points_outside_is_refused_by_entry() {
    let (bytes, facts) = write(&[one("x"), one("y")]);
    let error = find(&bytes, &facts, &EntryFilter::default(), 150).unwrap_err();
    assert_eq!(error.entry(), Some("resources/pods/namespaces/a/y.json"));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let (bytes, facts) = write(&[one("x"), one("y")]);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert!(
            find(&damaged, &facts, &EntryFilter::default(), 200).is_err(),
            "byte {at}"
        );
    }
}
