//! What is in a folder, as far as it can be seen.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{SeekFrom, seek};

/// Everything in a folder by its path, the folder itself under the empty one.
pub(super) type Tree = BTreeMap<Vec<u8>, Facts>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    content: Content,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Content {
    Folder,
    Link(Vec<u8>),
    File {
        bytes: Vec<u8>,
        /// Where it has data, and no holes.
        stretches: Vec<(u64, u64)>,
        /// The first path of the same file.
        same_as: Vec<u8>,
    },
    Other,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder => f.write_str("Folder"),
            Self::Other => f.write_str("Other"),
            Self::Link(to) => write!(f, "Link({})", to.escape_ascii()),
            Self::File {
                bytes,
                stretches,
                same_as,
            } => write!(
                f,
                "File({} bytes at {stretches:?}, same as {})",
                bytes.len(),
                same_as.escape_ascii()
            ),
        }
    }
}

pub(super) fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut firsts = HashMap::new();
    add(folder, folder, &mut tree, &mut firsts);
    tree
}

fn add(root: &Path, path: &Path, tree: &mut Tree, firsts: &mut HashMap<(u64, u64), Vec<u8>>) {
    let meta = std::fs::symlink_metadata(path).unwrap();
    let name = path
        .strip_prefix(root)
        .unwrap()
        .as_os_str()
        .as_bytes()
        .to_vec();
    let content = if meta.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        let mut entries: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
        entries.sort();
        for entry in entries {
            add(root, &entry, tree, firsts);
        }
        Content::Folder
    } else if meta.is_symlink() {
        Content::Link(
            std::fs::read_link(path)
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec(),
        )
    } else if meta.is_file() {
        let id = (meta.dev(), meta.ino());
        Content::File {
            bytes: std::fs::read(path).unwrap(),
            stretches: stretches(path, meta.len()),
            same_as: firsts.entry(id).or_insert_with(|| name.clone()).clone(),
        }
    } else {
        Content::Other
    };
    let facts = Facts {
        mode: meta.mode() & 0o7777,
        owner: (meta.uid(), meta.gid()),
        modified: (meta.mtime(), meta.mtime_nsec()),
        content,
    };
    tree.insert(name, facts);
}

fn stretches(path: &Path, len: u64) -> Vec<(u64, u64)> {
    let file = File::open(path).unwrap();
    let mut found = Vec::new();
    let mut at = 0;
    while at < len {
        let Ok(from) = seek(&file, SeekFrom::Data(at)) else {
            break;
        };
        at = seek(&file, SeekFrom::Hole(from)).unwrap();
        found.push((from, at));
    }
    found
}
