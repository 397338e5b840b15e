//! OSS's documents, read and written.

use alibaba_sign::percent;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// How the keys of a document are written: percent-encoded, where OSS did as it was asked to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyEncoding<'s> {
    step: &'s str,
    url: bool,
}

impl<'s> KeyEncoding<'s> {
    /// `encoding_type` is the element `EncodingType` of the document.
    pub(crate) fn new(step: &'s str, encoding_type: Option<&str>) -> Self {
        Self {
            step,
            url: encoding_type == Some("url"),
        }
    }

    pub(crate) fn decode(self, text: String) -> Result<String> {
        if !self.url {
            return Ok(text);
        }
        percent::decode(&text).ok_or_else(|| {
            let step = self.step;
            Error::new(ErrorKind::Response, format!("{step}: decode key `{text}`"))
        })
    }
}

/// Reads a document whose root element must be `root`: the parser itself takes any root, and an
/// error that comes with status 200 would otherwise read as an empty list.
pub(crate) fn parse<T: DeserializeOwned>(step: &str, root: &str, bytes: &[u8]) -> Result<T> {
    let text = text_of(step, root, bytes)?;
    quick_xml::de::from_str(text).map_err(|error| malformed(step, root).with_source(error))
}

/// The text of a document with that root.
pub(crate) fn text_of<'b>(step: &str, root: &str, bytes: &'b [u8]) -> Result<&'b str> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| malformed(step, root).with_source(error))?;
    let found = root_name(text);
    if found.as_deref() != Some(root) {
        return Err(Error::new(
            ErrorKind::Response,
            format!(
                "{step}: the response is a <{}>, expected <{root}>",
                found.unwrap_or_default()
            ),
        ));
    }
    Ok(text)
}

fn malformed(step: &str, root: &str) -> Error {
    let text = format!("{step}: read the response as <{root}>");
    Error::new(ErrorKind::Response, text)
}

/// The elements right inside the root, each with its local name and as it is written; `None` for
/// what is no XML.
pub(crate) fn children(document: &str) -> Option<Vec<(String, &str)>> {
    let mut reader = Reader::from_str(document);
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    loop {
        let from = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let to = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Event::Start(_) => {
                depth += 1;
                if depth == 2 {
                    start = from;
                }
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                if depth == 1 {
                    found.push(document.get(start..to)?);
                }
            }
            Event::Empty(_) if depth == 1 => found.push(document.get(from..to)?),
            Event::Eof if depth == 0 => break,
            Event::Eof => return None,
            _ => {}
        }
    }
    found
        .into_iter()
        .map(|xml| Some((root_name(xml)?, xml)))
        .collect()
}

/// The local name of the first element.
fn root_name(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return Some(element.local_name().as_ref().to_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// A document to be sent.
///
/// Control characters are legal in keys and cannot stand in XML as they are; none stands between
/// elements here, so all that there are belong to texts.
pub(crate) fn write(document: &impl Serialize) -> String {
    let text = quick_xml::se::to_string(document)
        .expect("documents are structs of texts and numbers, which always have a form in XML");
    if !text.contains(char::is_control) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character.is_control() {
            escaped.push_str(&format!("&#x{:X};", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_never_read_as_an_empty_list() {
        #[derive(Debug, serde::Deserialize)]
        struct List {}
        let error = parse::<List>(
            "list",
            "ListBucketResult",
            b"<?xml version=\"1.0\"?>\n<Error><Code>X</Code></Error>",
        );
        assert!(error.unwrap_err().to_string().contains("<Error>"));
        for text in [
            "<a:ListBucketResult xmlns:a='x'/>",
            "\u{feff}<!-- <Error> --> <ListBucketResult/>",
        ] {
            assert!(parse::<List>("list", "ListBucketResult", text.as_bytes()).is_ok());
        }
    }

    #[test]
    fn what_markup_means_travels_as_text() {
        #[derive(Serialize)]
        struct TagSet {
            #[serde(rename = "Tag")]
            tags: Vec<Tag>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Tag {
            key: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            none: Option<&'static str>,
        }
        let set = TagSet {
            tags: vec![Tag {
                key: "<a&b> \u{1}\n",
                none: None,
            }],
        };
        assert_eq!(
            write(&set),
            "<TagSet><Tag><Key>&lt;a&amp;b&gt; &#x1;&#xA;</Key></Tag></TagSet>"
        );
    }
}
