//! One convention for the errors of all crates: the text names the step and the value, in a fragment that goes after
//! "failed to" or stands after a colon; the cause is in `source()`, and only there.

use std::path::PathBuf;
use std::sync::OnceLock;

use structure::published_sources;
use syn::parse::ParseStream;
use syn::visit::Visit;
use syn::{Attribute, Fields, ItemEnum, ItemStruct, LitStr, Type, Visibility};

/// What is written with a capital letter wherever it stands: names of products and of their things, and the controller's
/// own codes.
const NAMES: [&str; 6] = ["ACK", "AccessKey", "OSS", "RAM", "Secret", "VaultError"];

/// Fields that no text shows, with the reason.
const UNSAID: [(&str, &[&str]); 1] = [
    // Both are pages long, for whoever compares them.
    ("VerifyError", &["string_to_sign", "canonical_request"]),
];

#[derive(Default)]
struct Texts {
    /// Types that users of a crate get as errors, with what their texts leave out or repeat.
    public: Vec<(String, Vec<String>)>,
    texts: Vec<String>,
    /// Public errors that are a text that somebody else made.
    handed_on: Vec<String>,
}

/// The text of an error, and what is put into it after it; nothing where it is another's.
fn text_and_arguments(attribute: &Attribute) -> Option<(String, String)> {
    if !attribute.path().is_ident("error") {
        return None;
    }
    let said = attribute.parse_args_with(|input: ParseStream<'_>| {
        let text = match input.peek(LitStr) {
            true => Some(input.parse::<LitStr>()?.value()),
            false => None, // transparent
        };
        let arguments: proc_macro2::TokenStream = input.parse()?;
        Ok(text.map(|text| (text, arguments.to_string())))
    });
    said.expect("an attribute of thiserror")
}

fn text_of(attribute: &Attribute) -> Option<String> {
    Some(text_and_arguments(attribute)?.0)
}

/// Whether `#[derive(thiserror::Error)]` makes it an error.
fn is_an_error(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        let derives = list.tokens.to_string();
        let mut derives = derives.split(',').map(str::trim);
        attribute.path().is_ident("derive")
            && derives.any(|it| it == "Error" || it == "thiserror :: Error")
    })
}

/// What is wrong between the text and the fields of one error: each field is shown, but a cause is not.
fn faults_of(of: &str, attributes: &[Attribute], fields: &Fields) -> Vec<String> {
    let Some((said, arguments)) = attributes.iter().find_map(text_and_arguments) else {
        return Vec::new();
    };
    let unsaid = UNSAID
        .iter()
        .find(|(name, _)| of.split("::").next() == Some(name));
    let unsaid = unsaid.map_or(&[][..], |(_, fields)| fields);
    let mut faults = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let name = field
            .ident
            .as_ref()
            .map_or(at.to_string(), ToString::to_string);
        let is_cause = name == "source"
            || field
                .attrs
                .iter()
                .any(|it| it.path().is_ident("source") || it.path().is_ident("from"));
        let is_printed = [format!("{{{name}}}"), format!("{{{name}:")]
            .iter()
            .any(|it| said.contains(it));
        let mut words = arguments.split(|it: char| !it.is_alphanumeric() && it != '_');
        let is_shown = is_printed || words.any(|it| it == name);
        if is_cause && is_printed {
            faults.push(format!(
                "{of} says its cause `{name}`, which `source()` returns"
            ));
        }
        if !is_cause && !is_shown && name != "kind" && !unsaid.contains(&name.as_str()) {
            faults.push(format!("{of} does not say `{name}`"));
        }
    }
    faults
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
        if matches!(item.vis, Visibility::Public(_)) && is_an_error(&item.attrs) {
            let name = item.ident.to_string();
            let faults = faults_of(&name, &item.attrs, &item.fields);
            self.public.push((name, faults));
        }
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        if matches!(item.vis, Visibility::Public(_)) && is_an_error(&item.attrs) {
            let name = item.ident.to_string();
            let faults = item.variants.iter().flat_map(|variant| {
                let of = format!("{name}::{}", variant.ident);
                faults_of(&of, &variant.attrs, &variant.fields)
            });
            let faults = faults.collect();
            self.public.push((name, faults));
        }
        syn::visit::visit_item_enum(self, item);
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
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        let parsed = syn::parse_file(&text).expect("it is Rust");
        let mut texts = Texts::default();
        texts.visit_file(&parsed);
        (file, texts)
    };
    published_sources().into_iter().map(read).collect()
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

/// Each value that an error has is in its text, and each cause is in `source()` alone.
#[test]
fn public_errors_say_their_values_and_leave_their_causes_to_source() {
    let (mut seen, mut faults) = (0, Vec::new());
    for (file, found) in all_texts() {
        for (_, of) in &found.public {
            seen += 1;
            faults.extend(of.iter().map(|it| format!("{}: {it}", file.display())));
        }
    }
    assert_eq!(faults, [] as [String; 0]);
    assert!(seen > 25, "only {seen} public errors were found");
}

#[test]
fn values_that_are_not_said_and_causes_that_are_said_twice_are_found() {
    for (text, expected) in [
        (
            "#[error(\"read `{path}`\")] struct E { path: P, source: S }",
            0,
        ),
        (
            "#[error(\"read {} of {size}\", path.display())] struct E { path: P, size: u64 }",
            0,
        ),
        ("#[error(\"read it\")] struct E { path: P }", 1),
        (
            "#[error(\"read `{path}`: {source}\")] struct E { path: P, source: S }",
            1,
        ),
        ("#[error(\"read it: {0}\")] struct E(#[from] S);", 1),
        (
            "#[error(\"read it: {inner}\")] struct E { #[source] inner: S }",
            1,
        ),
        ("#[error(transparent)] struct E(#[from] S);", 0),
    ] {
        let item: ItemStruct = syn::parse_str(text).unwrap();
        let faults = faults_of("E", &item.attrs, &item.fields);
        assert_eq!(faults.len(), expected, "{text}: {faults:?}");
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
