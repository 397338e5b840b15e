//! What a snapshot is made of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::name::Name;
use super::pieces::PieceId;

/// The items of a snapshot: folders before what is in them, the root first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) items: Vec<Item>,
}

/// A file, a folder, a link or an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attributes: Option<Attributes>,
}

/// What a file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    /// Without the bits of the type.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// When it was last written: seconds, and nanoseconds of the next.
    pub(crate) modified: (i64, u32),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Folder,
    File(Content),
    /// A symbolic link, and what it says.
    Link(Name),
    /// Another name of a file that comes earlier, and what is in it.
    SameAs(Name, Content),
    /// An object of a bucket, with the headers that it is read with.
    Object {
        content: Content,
        headers: Vec<(String, String)>,
        /// When it was last written, in UNIX seconds.
        modified: i64,
    },
}

/// The bytes of a file. What no piece covers is a hole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) len: u64,
    pub(crate) pieces: Vec<Piece>,
}

/// Bytes in the repository, and where in the file they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) at: u64,
    pub(crate) len: u64,
    pub(crate) id: PieceId,
}

impl Content {
    /// How many bytes are stored for it.
    pub(crate) fn stored(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len).sum()
    }
}

impl Item {
    pub(crate) fn content(&self) -> Option<&Content> {
        match &self.kind {
            Kind::File(content) | Kind::SameAs(_, content) | Kind::Object { content, .. } => {
                Some(content)
            }
            Kind::Folder | Kind::Link(_) => None,
        }
    }

    /// The bytes that copying it takes; those of a file with several names count once.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.kind {
            Kind::File(content) | Kind::Object { content, .. } => content.stored(),
            Kind::Folder | Kind::Link(_) | Kind::SameAs(..) => 0,
        }
    }
}

impl Manifest {
    /// The pieces that have to be kept for it.
    pub(crate) fn pieces(&self) -> BTreeSet<PieceId> {
        let contents = self.items.iter().filter_map(Item::content);
        contents
            .flat_map(|content| content.pieces.iter().map(|piece| piece.id))
            .collect()
    }

    /// Leaves what is taken, and the folders that it is in.
    pub(crate) fn retain(&mut self, takes: impl Fn(&Name) -> bool) {
        let mut kept: Vec<Item> = Vec::new();
        for item in std::mem::take(&mut self.items).into_iter().rev() {
            let holds_the_last = || {
                let is_folder = item.kind == Kind::Folder;
                is_folder && kept.last().is_some_and(|it| it.name.is_below(&item.name))
            };
            if takes(&item.name) || holds_the_last() {
                kept.push(item);
            }
        }
        kept.reverse();
        self.items = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_what_is_taken_stay() {
        let item = |name: &str| Item {
            name: Name::new(name),
            kind: match name.contains('.') {
                true => Kind::File(Content::default()),
                false => Kind::Folder,
            },
            attributes: None,
        };
        let names = ["", "a", "a/b", "a/b/1.x", "a/c", "a/c/2.x", "d", "e.x"];
        let mut manifest = Manifest {
            items: names.map(item).into(),
        };
        manifest.retain(|name| name.as_bytes() == b"a/b/1.x");
        let left: Vec<_> = manifest
            .items
            .iter()
            .map(|it| it.name.to_string())
            .collect();
        assert_eq!(left, ["", "a", "a/b", "a/b/1.x"]);
    }
}
