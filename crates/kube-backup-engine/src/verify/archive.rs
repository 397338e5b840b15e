//! Every byte of an archive, once, and every object in it.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::report::{Check, Finding, Severity};
use super::summary::ObjectSummary;
use crate::archive::index::gunzip;
use crate::archive::read::{ArchiveReader, check_object};
use crate::archive::{Found, ReadLimits, RefusedEntry, Span};
use crate::cluster::schema::Schemas;
use crate::repository::{ListedMember, Part};
use crate::{Digest, Error, ErrorKind, ObjectId, OpenBackup, Result};

/// Most bytes before, between and after members with objects: the format's entry and the archive's end
/// are far smaller.
const MAX_UNLISTED: u64 = 1 << 20;

/// What a pass over an archive finds.
#[derive(Debug)]
pub(super) enum Checked {
    /// An object that is whole.
    Object(ObjectId, ObjectSummary),
    /// Something that is wrong.
    Fault(Finding),
}

/// Whether the index is whole, and its members follow each other.
pub(super) async fn check_index(backup: &OpenBackup) -> Result<Option<Finding>> {
    let found = async {
        for part in backup.readable() {
            check_members(part).await?;
        }
        Ok::<_, Error>(())
    };
    match found.await {
        Ok(()) => Ok(None),
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            Ok(Some(Finding::failed(Check::Index, &error).remedy(
                "the archive can be read without it, as a repository does that is `ignoring_indexes`",
            )))
        }
        Err(error) => Err(error),
    }
}

async fn check_members(part: &Part) -> Result<()> {
    let Some(mut members) = part.members().await? else {
        return Ok(());
    };
    let mut end = 0;
    while let Some(member) = members.try_next().await? {
        let unlisted = member.span.offset.checked_sub(end);
        if unlisted.is_none_or(|length| length > MAX_UNLISTED) {
            return Err(Error::corrupt(format!(
                "read index: its members do not follow each other: one ends at {end}, the next begins at {}",
                member.span.offset
            )));
        }
        end = member.span.end().unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Reads everything that is not locked, member by member where there is an index that is whole.
/// `schemas` say what the cluster to restore to would not keep.
pub(super) async fn pass(
    backup: &OpenBackup,
    indexed: bool,
    schemas: &Arc<Schemas>,
    mut on: impl FnMut(Checked),
) -> Result<()> {
    for part in backup.readable() {
        match part.members().await {
            Ok(Some(members)) if indexed => {
                pass_members(part, members, backup.limits(), schemas, &mut on).await?;
            }
            _ => pass_stream(backup.stream_part(part), schemas, &mut on).await?,
        }
    }
    Ok(())
}

async fn pass_stream(
    mut objects: BoxStream<'static, Result<Found>>,
    schemas: &Schemas,
    on: &mut impl FnMut(Checked),
) -> Result<()> {
    while let Some(next) = objects.next().await {
        match next {
            Ok(Found::Object(entry, json)) => on(see(entry.id, &json, schemas)),
            Ok(Found::Refused(refused)) => on(Checked::Fault(unreadable(&refused))),
            Err(error) => {
                on(Checked::Fault(damaged(error)?));
                break;
            }
        }
    }
    Ok(())
}

/// Damage is a finding; a store that does not respond is an error.
fn damaged(error: Error) -> Result<Finding> {
    if error.kind() != ErrorKind::Corrupt {
        return Err(error);
    }
    Ok(Finding::failed(Check::Archive, &error)
        .remedy("nothing from here on can be restored; use another backup"))
}

/// An entry that cannot be read, by the name of its object or of itself.
fn unreadable(refused: &RefusedEntry) -> Finding {
    const REMEDY: &str = "it cannot be restored from this backup; others can";
    match &refused.id {
        Some(id) => Finding::new(Severity::Error, Check::Object, &refused.reason).of(id),
        None => Finding::new(Severity::Error, Check::Archive, refused.to_string()),
    }
    .remedy(REMEDY)
}

fn see(id: ObjectId, json: &[u8], schemas: &Schemas) -> Checked {
    match ObjectSummary::of(&id, json, schemas) {
        Ok(summary) => Checked::Object(id, summary),
        Err(why) => Checked::Fault(Finding::new(Severity::Error, Check::Object, why).of(&id)),
    }
}

async fn pass_members(
    part: &Part,
    mut members: BoxStream<'_, Result<ListedMember>>,
    limits: ReadLimits,
    schemas: &Arc<Schemas>,
    on: &mut impl FnMut(Checked),
) -> Result<()> {
    let mut bytes = part.bytes().await?;
    let mut at = 0;
    while let Some(member) = members.try_next().await? {
        let unlisted = bytes.take(member.span.offset.saturating_sub(at)).await;
        let Some(unlisted) = or_fault(unlisted, on)? else {
            return Ok(());
        };
        on_faults(check_unlisted(&unlisted, limits), on);
        at = member.span.end().unwrap_or(u64::MAX);
        let Some(raw) = or_fault(bytes.take(member.span.length).await, on)? else {
            return Ok(());
        };
        let schemas = Arc::clone(schemas);
        let check = move || check_member(&raw, member, limits, &schemas);
        let checked = tokio::task::spawn_blocking(check);
        let checked = checked
            .await
            .map_err(|error| Error::internal("read archive: check a member", error))?;
        checked.into_iter().for_each(&mut *on);
    }
    let ended = async {
        let tail = bytes.take(MAX_UNLISTED).await?;
        Ok((tail, bytes.drain().await?))
    };
    let ended: Result<(Bytes, u64)> = ended.await;
    let Some((tail, more)) = or_fault(ended, on)? else {
        return Ok(());
    };
    on_faults(check_tail(&tail, more, limits), on);
    on_faults(
        bytes.check().err().map(|error| {
            Finding::failed(Check::Archive, &error).remedy(
                "the bytes changed after they were committed; use another backup for what is named",
            )
        }),
        on,
    );
    Ok(())
}

/// What was read; `None` where it is damaged, which was said then.
fn or_fault<T>(read: Result<T>, on: &mut impl FnMut(Checked)) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) => {
            on(Checked::Fault(damaged(error)?));
            Ok(None)
        }
    }
}

fn on_faults(finding: Option<Finding>, on: &mut impl FnMut(Checked)) {
    if let Some(finding) = finding {
        on(Checked::Fault(finding));
    }
}

/// Checks one member: first what the index lists in it, as a restore reads it, then as other tools do.
fn check_member(
    compressed: &[u8],
    member: ListedMember,
    limits: ReadLimits,
    schemas: &Schemas,
) -> Vec<Checked> {
    let text = match gunzip(compressed, member.size) {
        Ok(text) if text.len() as u64 == member.size => text,
        other => {
            let why = match other {
                Ok(text) => format!(
                    "its member holds {} bytes and not {}",
                    text.len(),
                    member.size
                ),
                Err(error) => format!("its member cannot be read: {}", error.chain()),
            };
            let readable = member
                .entries
                .iter()
                .map(|(_, entry)| lost(&entry.id, &why));
            let refused = member.refused.into_iter();
            let refused = refused.map(|(_, refused)| unreadable(&refused));
            return readable.chain(refused).map(Checked::Fault).collect();
        }
    };
    let mut checked = Vec::with_capacity(member.entries.len());
    let mut listed = Vec::with_capacity(member.entries.len());
    for (at, refused) in member.refused {
        listed.extend(refused.id.clone().map(|id| (id, at.object)));
        checked.push(Checked::Fault(unreadable(&refused)));
    }
    for (at, entry) in member.entries {
        listed.push((entry.id.clone(), at.object));
        let (start, end) = (
            at.object.offset as usize,
            at.object.end().unwrap_or(u64::MAX) as usize,
        );
        let json = text.get(start..end).unwrap_or_default();
        checked.push(if Digest::of(json) != entry.sha256 {
            Checked::Fault(lost(&entry.id, "its digest differs from the index's"))
        } else {
            match check_object(&entry.id, json) {
                Ok(found)
                    if found.kind.as_deref() == entry.kind.as_deref()
                        && found.api_version.as_deref() == entry.api_version.as_deref() =>
                {
                    see(entry.id, json, schemas)
                }
                Ok(_) => Checked::Fault(lost(
                    &entry.id,
                    "the index gives it another kind or version",
                )),
                Err(error) => Checked::Fault(lost(&entry.id, &error.chain())),
            }
        });
    }
    listed.sort_by_key(|(_, at)| at.offset);
    let compared = compare_with_tar(&text, &listed, limits);
    checked.extend(compared.into_iter().map(Checked::Fault));
    checked
}

fn lost(id: &ObjectId, why: &str) -> Finding {
    Finding::new(Severity::Error, Check::Object, why)
        .of(id)
        .remedy("this object cannot be restored from this backup; others can")
}

fn unlisted(id: &ObjectId) -> Finding {
    parted(id, "it is in the archive and not in the index")
}

fn parted(id: &ObjectId, how: &str) -> Finding {
    Finding::new(Severity::Error, Check::Index, how)
        .of(id)
        .remedy("restores go by the index and other tools by the archive; use another backup")
}

/// Whether tar finds the objects that the index lists, at their places and no others.
fn compare_with_tar(text: &[u8], listed: &[(ObjectId, Span)], limits: ReadLimits) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut reader = ArchiveReader::of_member(text, limits);
    let mut listed = listed.iter();
    loop {
        match (reader.next(), listed.next()) {
            (Ok(None), None) => return findings,
            (Ok(Some(Found::Object(entry, _))), Some((id, at))) => {
                if (&entry.id, reader.object_offset(), entry.size) != (id, at.offset, at.length) {
                    findings.push(parted(
                        &entry.id,
                        "it is in the archive where the index has another object",
                    ));
                    return findings;
                }
            }
            // Said already, if the object is what cannot be read; or its path is, which the index makes up for.
            (Ok(Some(Found::Refused(refused))), Some((_, at)))
                if reader.object_offset() == at.offset =>
            {
                if refused.id.is_none() {
                    let message = refused.to_string();
                    findings.push(
                        Finding::new(Severity::Warning, Check::Archive, message)
                            .remedy("it is restored by the index, and by nothing else"),
                    );
                }
            }
            (Ok(Some(Found::Object(entry, _))), None) => {
                findings.push(unlisted(&entry.id));
                return findings;
            }
            (Ok(Some(Found::Refused(refused))), _) => {
                findings.push(unreadable(&refused));
                return findings;
            }
            (Ok(None), Some((id, ..))) => {
                findings.push(parted(
                    id,
                    "it is in the index, and no entry of the archive",
                ));
                return findings;
            }
            (Err(error), _) => {
                findings.push(Finding::failed(Check::Archive, &error).remedy(
                    "restores that use the index are not concerned; other tools stop here",
                ));
                return findings;
            }
        }
    }
}

/// Between members with objects there may be the format's entry, and no object.
fn check_unlisted(bytes: &Bytes, limits: ReadLimits) -> Option<Finding> {
    if bytes.is_empty() {
        return None;
    }
    match gunzip(bytes, MAX_UNLISTED) {
        Ok(text) => no_object(ArchiveReader::of_member(&text, limits).next()),
        Err(error) => Some(Finding::failed(Check::Archive, &error)),
    }
}

/// After the last member with objects there is the archive's end and nothing else.
fn check_tail(tail: &Bytes, more: u64, limits: ReadLimits) -> Option<Finding> {
    if more > 0 {
        let message = format!("{more} bytes more than an archive's end has follow its last object");
        return Some(Finding::new(Severity::Error, Check::Archive, message));
    }
    no_object(ArchiveReader::new(&tail[..], limits).next())
}

fn no_object(next: Result<Option<Found>>) -> Option<Finding> {
    match next {
        Ok(None) => None,
        Ok(Some(Found::Object(entry, _))) => Some(unlisted(&entry.id)),
        Ok(Some(Found::Refused(refused))) => Some(unreadable(&refused)),
        Err(error) => Some(Finding::failed(Check::Archive, &error)),
    }
}
