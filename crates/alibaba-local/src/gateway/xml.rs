//! XML under construction.

use std::borrow::Cow;

use quick_xml::escape::escape;

/// An element under construction.
#[derive(Debug)]
pub(crate) struct Element {
    name: Cow<'static, str>,
    inner: String,
}

impl Element {
    pub(crate) fn root(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
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
