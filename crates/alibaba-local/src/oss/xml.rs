//! Just enough XML to answer with, and to read three request bodies.

use quick_xml::escape::escape;

use alibaba_sign::percent;

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
