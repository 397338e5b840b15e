//! One end of a copy, as it is given.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A path on this machine, a key in a bucket, or standard input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Local(PathBuf),
    Oss { bucket: String, key: String },
    Standard,
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix("oss://") {
            None if text == "-" => Self::Standard,
            None => Self::Local(text.into()),
            Some(rest) => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                Self::Oss {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                }
            }
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::Oss { bucket, key } => write!(f, "oss://{bucket}/{key}"),
            Self::Standard => f.write_str("-"),
        }
    }
}
