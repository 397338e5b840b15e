//! Names for what is unfinished.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crc_fast::{CrcAlgorithm, checksum};
use uuid::Uuid;

/// No name in a folder is longer on the systems that we know.
const LONGEST_NAME: usize = 255;

/// A name for an unfinished file, in the same folder so that it can be renamed, and not that of
/// another writer. Where the file's own name leaves no room, a checksum of it stands in for it.
pub(crate) fn beside(path: &Path) -> PathBuf {
    // Of the system's generator, so that nobody can be there before.
    let ending = format!(".{}.part", Uuid::new_v4().simple());
    let own = path.file_name().unwrap_or_default();
    let mut name = OsString::from(".");
    if own.len() + 1 + ending.len() <= LONGEST_NAME {
        name.push(own);
    } else {
        let sum = checksum(CrcAlgorithm::Crc64Xz, own.as_encoded_bytes());
        name.push(format!("{sum:016x}"));
    }
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_leaves_room_for_an_unfinished_file(name in "[a-z中é.]{1,255}") {
            prop_assume!(name.len() <= LONGEST_NAME && name != "." && name != "..");
            let path = Path::new("folder").join(&name);
            let partial = beside(&path);
            prop_assert_eq!(partial.parent(), path.parent());
            prop_assert!(partial.file_name().unwrap().len() <= LONGEST_NAME);
            prop_assert!(partial.file_name() != path.file_name());
        }
    }
}
