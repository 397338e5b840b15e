//! Just enough XML to answer with, and to read request bodies.

use quick_xml::escape::escape;
use quick_xml::events::Event;
use serde::de::DeserializeOwned;

use alibaba_sign::percent;

use crate::oss::error::OssError;

/// Reads a document whose root has this name; the parser by itself takes any root.
pub(crate) fn read<T: DeserializeOwned>(text: &str, root: &str) -> Result<T, OssError> {
    let mut reader = quick_xml::Reader::from_str(text);
    let found = loop {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => {
                break start.local_name().as_ref() == root;
            }
            Ok(Event::Eof) | Err(_) => break false,
            Ok(_) => {}
        }
    };
    if !found {
        return Err(OssError::malformed_xml());
    }
    quick_xml::de::from_str(text).map_err(|_| OssError::malformed_xml())
}

/// How listings say yes and no.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// An element under construction.
#[derive(Debug)]
pub(crate) struct Element {
    name: &'static str,
    inner: String,
}

impl Element {
    pub(crate) fn root(name: &'static str) -> Self {
        Self {
            name,
            inner: String::new(),
        }
    }

    /// Adds `<name>value</name>`, the value escaped.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.inner.push('<');
        self.inner.push_str(name);
        self.inner.push('>');
        self.inner.push_str(&escape(value));
        self.inner.push_str("</");
        self.inner.push_str(name);
        self.inner.push('>');
        self
    }

    /// Text right inside the element.
    pub(crate) fn value(mut self, text: &str) -> Self {
        self.inner.push_str(&escape(text));
        self
    }

    /// As [`Self::text`], where there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(crate) fn child(mut self, child: &Element) -> Self {
        self.inner.push_str(&child.to_string());
        self
    }

    pub(crate) fn document(&self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{self}")
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{0}>{1}</{0}>", self.name, self.inner)
    }
}

/// How keys stand in an answer: percent-encoded when the client asked for `encoding-type=url`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyEncoding(pub(crate) bool);

impl KeyEncoding {
    pub(crate) fn apply(self, key: &str) -> String {
        if self.0 {
            percent::encode(key)
        } else {
            key.to_owned()
        }
    }

    pub(crate) fn name(self) -> Option<&'static str> {
        self.0.then_some("url")
    }
}
