//! One convention for the errors of all crates: the text names the step and the value, in a fragment that goes after
//! "failed to" or stands after a colon; the cause is in `source()`, and only there.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use structure::repository;
use syn::parse::ParseStream;
use syn::visit::Visit;
use syn::{Attribute, Fields, ItemStruct, LitStr, Type, Visibility};

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
struct Texts {
    texts: Vec<String>,
    /// Public errors that are a text that somebody else made.
    handed_on: Vec<String>,
}

/// The text of an error; nothing where it is another's.
fn text_of(attribute: &Attribute) -> Option<String> {
    if !attribute.path().is_ident("error") {
        return None;
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
    text.expect("an attribute of thiserror")
}

/// Whether it is `struct Name(String)`.
fn is_a_string(fields: &Fields) -> bool {
    let Fields::Unnamed(fields) = fields else {
        return false;
    };
    let types: Vec<_> = fields.unnamed.iter().map(|field| &field.ty).collect();
    matches!(&types[..], [Type::Path(it)] if it.path.is_ident("String"))
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.texts.extend(text_of(attribute));
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        let is_whole = |text: Option<String>| text.as_deref() == Some("{0}");
        if matches!(item.vis, Visibility::Public(_))
            && is_a_string(&item.fields)
            && item.attrs.iter().any(|it| is_whole(text_of(it)))
        {
            self.handed_on.push(item.ident.to_string());
        }
        syn::visit::visit_item_struct(self, item);
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

/// What all sources say, read once.
fn all_texts() -> &'static [(PathBuf, Texts)] {
    static ALL: OnceLock<Vec<(PathBuf, Texts)>> = OnceLock::new();
    ALL.get_or_init(read_all)
}

fn read_all() -> Vec<(PathBuf, Texts)> {
    let mut files = Vec::new();
    sources(&repository().join("src"), &mut files);
    for entry in std::fs::read_dir(repository().join("crates")).expect("crates") {
        let folder = entry.expect("an entry").path().join("src");
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
    }
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        let parsed = syn::parse_file(&text).expect("it is Rust");
        let mut texts = Texts::default();
        texts.visit_file(&parsed);
        (file, texts)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn texts_of_errors_are_fragments_without_their_causes() {
    let mut seen = 0;
    for (file, found) in all_texts() {
        for text in &found.texts {
            seen += 1;
            assert_eq!(fault(text), None, "{}: {text:?}", file.display());
        }
    }
    assert!(seen > 60, "{seen} texts were found");
}

/// An error that is nothing but a `String` has its cause in its text, and whoever asks for the cause gets none.
#[test]
fn public_errors_keep_their_causes() {
    for (file, found) in all_texts() {
        let none: [String; 0] = [];
        assert_eq!(found.handed_on, none, "{}", file.display());
    }
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
