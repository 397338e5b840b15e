//! Whether a backup can be made at all, as far as it says itself.

use super::backup::Backup;
use crate::{Error, Result};

impl Backup {
    /// Whether it can be run at all, as far as it says itself.
    pub(super) fn check(&self) -> Result<()> {
        self.spec.check()?;
        let refuse = |why: String| {
            let name = &self.spec.name;
            Err(Error::invalid(format!("plan backup `{name}`: {why}")))
        };
        if let Some(field) = self
            .spec
            .volumes
            .asks()
            .filter(|_| self.snapshotters.is_empty())
        {
            return refuse(format!(
                "`{field}` asks for the data of volumes, and there is nothing to keep it; give a snapshotter by \
                 `with_snapshotters`, or leave it out"
            ));
        }
        let mut names: Vec<&str> = self.snapshotters.iter().map(|it| it.name()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!(
                "there are two snapshotters called `{}`; give one of them",
                twice[0]
            ));
        }
        self.uid.as_deref().map_or(Ok(()), check_uid)
    }
}

/// A uid becomes part of keys and of the names of snapshots.
fn check_uid(uid: &str) -> Result<()> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let ends = [uid.bytes().next(), uid.bytes().last()];
    let fine = uid.len() <= 63
        && uid.bytes().all(inner)
        && ends
            .iter()
            .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()));
    if fine {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "use `{uid}` as the uid of a backup: it takes letters, digits and `-`, at most 63, and begins and \
         ends with a letter or digit"
    )))
}
