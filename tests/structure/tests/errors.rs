//! One convention for the errors of all crates: the text names the step and the value, in a fragment that goes after
//! "failed to" or stands after a colon; the cause is in `source()`, and only there.

use std::path::{Path, PathBuf};

use structure::repository;
use syn::parse::ParseStream;
use syn::visit::Visit;
use syn::{Attribute, LitStr};

/// What is written with a capital letter wherever it stands: names of products and of their things, and the controller's
/// own codes.
const NAMES: [&str; 6] = ["ACK", "AccessKey", "OSS", "RAM", "Secret", "VaultError"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[derive(Default)]
struct Texts(Vec<String>);

impl<'ast> Visit<'ast> for Texts {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if !attribute.path().is_ident("error") {
            return;
        }
        let text = attribute.parse_args_with(|input: ParseStream<'_>| {
            let text = if input.peek(LitStr) {
                Some(input.parse::<LitStr>()?.value())
            } else {
                None // transparent
            };
            input.parse::<proc_macro2::TokenStream>()?;
            Ok(text)
        });
        self.0.extend(text.expect("an attribute of thiserror"));
    }
}

/// What is wrong with the text of an error.
fn fault(text: &str) -> Option<&'static str> {
    let begins_well = text.starts_with(|it: char| it.is_lowercase() || "{`".contains(it))
        || NAMES.iter().any(|name| text.starts_with(name));
    if !begins_well {
        return Some("begins with a capital letter, and is no name");
    }
    if text.ends_with(['.', '!', '\n']) {
        return Some("ends like a sentence, and something follows it");
    }
    if text.contains("{source") {
        return Some("has its cause in it, which is said again by whoever prints causes");
    }
    None
}

#[test]
fn texts_of_errors_are_fragments_without_their_causes() {
    let mut files = Vec::new();
    sources(&repository().join("src"), &mut files);
    for entry in std::fs::read_dir(repository().join("crates")).expect("crates") {
        let folder = entry.expect("an entry").path().join("src");
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
    }
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        let parsed = syn::parse_file(&text).expect("it is Rust");
        let mut texts = Texts::default();
        texts.visit_file(&parsed);
        for text in texts.0 {
            seen += 1;
            assert_eq!(fault(&text), None, "{}: {text:?}", file.display());
        }
    }
    assert!(seen > 60, "{seen} texts were found");
}

#[test]
fn what_is_no_fragment_is_found() {
    for text in [
        "Cannot read `{0}`",
        "read it.",
        "read `{path}`: {source}",
        "",
    ] {
        assert!(fault(text).is_some(), "{text:?}");
    }
    for text in [
        "read `{path}`",
        "`{0}` is no region",
        "{step}",
        "RAM user `{0}` is gone",
    ] {
        assert_eq!(fault(text), None);
    }
}
