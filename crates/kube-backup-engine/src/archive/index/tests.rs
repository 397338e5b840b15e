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
    assert_eq!(bytes.len() as u64, facts.size);
    (bytes, facts)
}

fn find(bytes: &[u8], facts: &IndexFacts, filter: &EntryFilter, length: u64) -> Result<Vec<Entry>> {
    let directory = Directory::read(&bytes[facts.directory_offset as usize..], facts)?;
    let raw_of = |chunk: &Chunk| {
        let span = chunk.span();
        &bytes[span.offset as usize..span.end().unwrap() as usize]
    };
    let mut chunks = directory.chunks(filter);
    if let Some(pages) = directory.pages(filter, &chunks) {
        let mut numbers = Vec::new();
        for page in pages {
            numbers.extend(page.chunks_of(raw_of(page), &filter.names)?);
        }
        chunks = directory.numbered(chunks, &numbers)?;
    }
    let mut found = Vec::new();
    for chunk in chunks {
        let raw = raw_of(chunk);
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
fn names_lead_to_their_chunks_and_stay_out_of_the_way_of_who_does_not_know_of_that() {
    // Each name in two namespaces, which all chunks lie between.
    let id = |namespace: &str, n: usize| ObjectId {
        namespace: Some(namespace.into()),
        ..one(&format!("pod-{n:05}")).remove(0)
    };
    let order = |n: usize| n * 7919 % 20_000;
    let many: Vec<_> = (0..20_000)
        .map(|n| vec![id("a", order(n)), id("z", order(n))])
        .collect();
    let (bytes, facts) = write(&many);
    let directory = Directory::read(&bytes[facts.directory_offset as usize..], &facts).unwrap();
    let named = |name: &str| EntryFilter {
        names: [name.into()].into(),
        ..EntryFilter::default()
    };
    let filter = named("pod-00007");
    let chunks = directory.chunks(&filter);
    assert!(chunks.len() > 20, "{}", chunks.len());
    let pages = directory.pages(&filter, &chunks).unwrap();
    assert_eq!(pages.len(), 1);
    let span = pages[0].span();
    let raw = &bytes[span.offset as usize..span.end().unwrap() as usize];
    let numbers = pages[0].chunks_of(raw, &filter.names).unwrap();
    assert!(directory.numbered(chunks, &numbers).unwrap().len() <= 2);
    let damaged = [&raw[..raw.len() - 1], b"\x01"].concat();
    assert!(pages[0].chunks_of(&damaged, &filter.names).is_err());
    assert!(directory.numbered(Vec::new(), &[u32::MAX]).is_err());
    let length = many.len() as u64 * 100;
    assert_eq!(find(&bytes, &facts, &filter, length).unwrap().len(), 2);
    let none = named("of-nobody");
    assert!(find(&bytes, &facts, &none, length).unwrap().is_empty());

    // What a reader sees that knows nothing of pages.
    let text = gunzip(&bytes, 1 << 30).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(json["members"].as_array().unwrap().len(), many.len());
    let chunks = json["directory"].as_array().unwrap();
    let mut at = 0;
    for chunk in chunks {
        assert_eq!(chunk["offset"], at);
        at += chunk["length"].as_u64().unwrap();
        let is_page = chunk.get("names").is_some();
        assert_eq!(chunk["entries"] == 0, is_page);
        assert_eq!(chunk["spans"].as_array().unwrap().is_empty(), is_page);
    }
    assert_eq!(at, facts.directory_offset);
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
