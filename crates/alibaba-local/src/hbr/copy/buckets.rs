//! Reads objects into a vault, and writes them back.

use std::io::{self, Read};

use super::conflict::ConflictPolicy;
use super::report::Report;
use super::rules::Rules;
use crate::hbr::contents::manifest::{Content, Item, Kind, Manifest, Piece};
use crate::hbr::contents::name::Name;
use crate::hbr::contents::repository::{PIECE, Repository};
use crate::objects::Objects;

/// Objects of a bucket.
pub(super) struct Bucket<'b> {
    pub(super) objects: &'b dyn Objects,
    pub(super) name: &'b str,
    /// What keys begin with: of a restore, what is put before them.
    pub(super) prefix: &'b str,
}

impl Bucket<'_> {
    pub(super) fn read(
        &self,
        repository: &Repository,
        vault: &str,
        rules: &Rules,
    ) -> io::Result<(Manifest, Report)> {
        let (mut manifest, mut report) = (Manifest::default(), Report::default());
        for key in self.objects.keys(self.name, self.prefix)? {
            let name = Name::new(key.as_bytes());
            if !rules.takes(&name) {
                continue;
            }
            match self.object(repository, vault, &key, &mut report) {
                Ok(kind) => {
                    let item = Item {
                        name,
                        kind,
                        attributes: None,
                    };
                    report.done(item.bytes());
                    manifest.items.push(item);
                }
                Err(error) => report.failed(&name, 0, &error),
            }
        }
        Ok((manifest, report))
    }

    fn object(
        &self,
        repository: &Repository,
        vault: &str,
        key: &str,
        report: &mut Report,
    ) -> io::Result<Kind> {
        let mut object = self.objects.read(self.name, key)?;
        let mut content = Content::default();
        let mut is_new = false;
        loop {
            let mut bytes = Vec::new();
            object.body.by_ref().take(PIECE).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            let (id, new) = repository.put(vault, &bytes)?;
            let len = bytes.len() as u64;
            if new {
                is_new = true;
                report.new_bytes += len;
            }
            let at = content.len;
            content.pieces.push(Piece { at, len, id });
            content.len += len;
        }
        report.new_items += u64::from(is_new);
        Ok(Kind::Object {
            content,
            headers: object.headers,
            modified: object.modified.timestamp(),
        })
    }

    pub(super) fn write(
        &self,
        repository: &Repository,
        vault: &str,
        manifest: &Manifest,
        policy: ConflictPolicy,
    ) -> Report {
        let mut report = Report::default();
        for item in &manifest.items {
            match self.put(repository, vault, item, policy) {
                Ok(true) => report.done(item.bytes()),
                Ok(false) => {
                    report.skipped.push(item.name.to_string());
                    report.done(item.bytes());
                }
                Err(error) => report.failed(&item.name, item.bytes(), &error),
            }
        }
        report
    }

    /// Whether it was written, and not kept as it is there.
    fn put(
        &self,
        repository: &Repository,
        vault: &str,
        item: &Item,
        policy: ConflictPolicy,
    ) -> io::Result<bool> {
        let Kind::Object {
            content,
            headers,
            modified,
        } = &item.kind
        else {
            return Err(io::Error::other("a file cannot be restored to a bucket"));
        };
        let key = std::str::from_utf8(item.name.as_bytes()).map_err(io::Error::other)?;
        let key = format!("{}{key}", self.prefix);
        if let Some(existing) = self.objects.modified(self.name, &key)?
            && policy.keeps(existing.timestamp(), *modified)
        {
            return Ok(false);
        }
        let mut body = Pieces {
            repository,
            vault,
            left: content.pieces.iter(),
            open: io::Cursor::default(),
        };
        let headers = headers.clone();
        self.objects.write(self.name, &key, headers, &mut body)?;
        Ok(true)
    }
}

/// Reads pieces one after the other.
struct Pieces<'p> {
    repository: &'p Repository,
    vault: &'p str,
    left: std::slice::Iter<'p, Piece>,
    open: io::Cursor<bytes::Bytes>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.open.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.left.next() {
                Some(piece) => {
                    let bytes = self.repository.get(self.vault, piece.id)?;
                    self.open = io::Cursor::new(bytes);
                }
                None => return Ok(0),
            }
        }
    }
}
