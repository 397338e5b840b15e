//! Documents that are sent.

use quick_xml::escape::escape;

/// An element under construction.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    name: &'static str,
    inner: String,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            inner: String::new(),
        }
    }

    /// Adds `<name>value</name>`.
    pub(crate) fn text(mut self, name: &'static str, value: &str) -> Self {
        self.inner.extend(["<", name, ">"]);
        push_escaped(&mut self.inner, value);
        self.inner.extend(["</", name, ">"]);
        self
    }

    /// As [`Self::text`], where there is a value.
    pub(crate) fn maybe(self, name: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(name, value.as_ref()),
            None => self,
        }
    }

    pub(crate) fn child(self, child: &Element) -> Self {
        let text = child.to_string();
        self.raw(&text)
    }

    /// As [`Self::child`], for each.
    pub(crate) fn children(self, children: impl IntoIterator<Item = Element>) -> Self {
        children
            .into_iter()
            .fold(self, |parent, child| parent.child(&child))
    }

    /// Adds what is XML already.
    pub(crate) fn raw(mut self, xml: &str) -> Self {
        self.inner.push_str(xml);
        self
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{0}>{1}</{0}>", self.name, self.inner)
    }
}

impl From<Element> for crate::Payload {
    fn from(element: Element) -> Self {
        element.to_string().into()
    }
}

/// Control characters are legal in keys and cannot stand in XML as they are.
fn push_escaped(out: &mut String, text: &str) {
    for character in escape(text).chars() {
        if character.is_control() {
            out.push_str(&format!("&#x{:X};", u32::from(character)));
        } else {
            out.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markup_means_travels_as_text() {
        let inner = Element::new("Tag").text("Key", "<a&b>\u{1}\n");
        let set = Element::new("TagSet")
            .children([inner])
            .maybe("None", None::<&str>);
        assert_eq!(
            set.to_string(),
            "<TagSet><Tag><Key>&lt;a&amp;b&gt;&#x1;&#xA;</Key></Tag></TagSet>"
        );
    }
}
