//! Names of files and objects, which need not be text.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path below the folder that is copied, `/` between its parts; empty for that folder itself. Or the
/// key of an object. Any bytes are good.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Vec<u8>);

/// As text where it is text: manifests should be readable.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Bytes { base64: String },
}

impl Name {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of something in this folder.
    pub(crate) fn join(&self, last: &[u8]) -> Self {
        let mut joined = self.0.clone();
        if !joined.is_empty() {
            joined.push(b'/');
        }
        joined.extend_from_slice(last);
        Self(joined)
    }

    /// The folder that it is in, and the last part; none of the root.
    pub(crate) fn split(&self) -> Option<(&[u8], &[u8])> {
        if self.0.is_empty() {
            return None;
        }
        match self.0.iter().rposition(|byte| *byte == b'/') {
            Some(at) => Some((&self.0[..at], &self.0[at + 1..])),
            None => Some((&[], &self.0)),
        }
    }

    /// Whether it is somewhere below a folder.
    pub(crate) fn is_below(&self, folder: &Self) -> bool {
        folder.is_root() && !self.is_root()
            || self
                .0
                .strip_prefix(folder.0.as_slice())
                .is_some_and(|rest| rest.first() == Some(&b'/'))
    }
}

/// For people: bytes that are no text are escaped, and so is what would break a line.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '\t' | '\n' | '\r' => write!(f, "{}", char.escape_default())?,
                    char => write!(f, "{char}")?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Written::Bytes {
                base64: BASE64_STANDARD.encode(&self.0),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self(text.into_bytes())),
            Written::Bytes { base64 } => match BASE64_STANDARD.decode(base64) {
                Ok(bytes) => Ok(Self(bytes)),
                Err(error) => Err(D::Error::custom(error)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_written_and_read_back() {
        for bytes in [
            &b""[..],
            b"a/b",
            "日本".as_bytes(),
            b"\xff\xfe/x",
            b"a\nb\tc",
        ] {
            let name = Name::new(bytes);
            let json = serde_json::to_string(&name).unwrap();
            assert_eq!(serde_json::from_str::<Name>(&json).unwrap(), name, "{json}");
            let shown = name.to_string();
            assert!(!shown.contains(['\n', '\t']), "{shown}");
        }
        assert_eq!(Name::new(*b"\xffx\ny").to_string(), "\\xffx\\ny");
    }

    #[test]
    fn names_know_what_they_are_below() {
        let name = |text: &str| Name::new(text);
        assert!(name("a/b").is_below(&name("a")));
        assert!(name("a").is_below(&name("")));
        assert!(!name("ab").is_below(&name("a")));
        assert!(!name("a").is_below(&name("a")));
        assert!(!name("").is_below(&name("")));
        assert_eq!(name("a/b").split(), Some((&b"a"[..], &b"b"[..])));
        assert_eq!(name("a").join(b"c"), name("a/c"));
    }
}
