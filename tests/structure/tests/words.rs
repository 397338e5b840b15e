//! One word for one thing in all that users of the crates write.

use structure::{PublicKind, PublicName, public_names, published_sources};

/// All public names, with the file that each is in.
fn all() -> Vec<(String, PublicName)> {
    let mut all = Vec::new();
    for file in published_sources() {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let names = public_names(&syn::parse_file(&text).expect("Rust"));
        let file = file.display().to_string();
        all.extend(names.into_iter().map(|name| (file.clone(), name)));
    }
    assert!(all.len() > 2000, "only {} names were found", all.len());
    all
}

/// `UploadPart` and `upload_part` are the same words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && words.last().is_some_and(|it| !it.is_empty()))
        {
            words.push(String::new());
        }
        if letter != '_' {
            let last = words.last_mut().expect("there is one");
            last.extend(letter.to_lowercase());
        }
    }
    words
}

/// Words that another stands for, as in the glossary of ARCHITECTURE.md.
const OTHERS: [(&[&str], &str); 5] = [
    (&["len", "length", "nbytes"], "size"),
    (&["moment"], "point in time"),
    (&["patience", "patient"], "timeout"),
    (&["survey"], "scope"),
    (&["preset"], "default"),
];

/// OSS's own name for a condition of a form, how long a word is in letters, and how many entries a collection has, as everywhere
/// in Rust.
fn is_of_others(name: &PublicName) -> bool {
    let is_count = name.name == "len" && name.parameters.is_empty();
    name.kind == PublicKind::Function
        && (is_count || ["content_length", "is_word"].contains(&name.name.as_str()))
}

#[test]
fn one_thing_has_one_word() {
    let mut found = Vec::new();
    for (file, name) in all().iter().filter(|(_, name)| !is_of_others(name)) {
        for written in name.parameters.iter().chain([&name.name]) {
            let words = words(written);
            for (others, word) in OTHERS {
                if words.iter().any(|it| others.contains(&it.as_str())) {
                    found.push(format!(
                        "{file}: `{written}` of `{}`: say {word}",
                        name.name
                    ));
                }
            }
        }
    }
    assert_eq!(found, [] as [String; 0]);
}

/// An object is named by its bucket and its key, in this order and by these words.
#[test]
fn objects_are_named_by_bucket_and_key() {
    let mut seen = 0;
    for (file, name) in all() {
        let at = |word: &str| name.parameters.iter().position(|it| it == word);
        let Some(bucket) = at("bucket") else { continue };
        for other in ["object", "object_key", "object_name"] {
            assert_eq!(
                at(other),
                None,
                "{file}: `{}` has a `{other}`: say key",
                name.name
            );
        }
        if let Some(key) = at("key") {
            seen += 1;
            assert_eq!(key, bucket + 1, "{file}: {name:?}");
        }
    }
    assert!(seen > 20, "only {seen} functions take both");
}

#[test]
fn words_are_told_apart() {
    assert_eq!(words("content_length"), ["content", "length"]);
    assert_eq!(words("PointInTime"), ["point", "in", "time"]);
}
