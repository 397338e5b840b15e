//! What OSS's documents have in common, those that are read and those that are written.

use chrono::{DateTime, Utc};
use quick_xml::events::Event;
use serde::de::DeserializeOwned;

use alibaba_sign::percent;

use crate::directory::ACCOUNT_ID;
use crate::gateway::xml::Element;
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

/// The one account that everything here belongs to.
pub(crate) fn owner() -> Element {
    Element::root("Owner")
        .text("ID", ACCOUNT_ID)
        .text("DisplayName", "local")
}

/// The date of listings.
pub(crate) fn iso_date(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// How listings say yes and no.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// How keys are written in a response: percent-encoded when the client asked for `encoding-type=url`.
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
