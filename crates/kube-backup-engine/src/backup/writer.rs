//! The archive and its index on their way to the store.

use std::sync::Arc;

use futures::StreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::mpsc;

use crate::archive::index::{IndexFacts, IndexWriter, Salt};
use crate::archive::write::Block;
use crate::encryption::Recipient;
use crate::format::keys::Keys;
use crate::repository::upload::Written;
use crate::repository::writing::FileWriter;
use crate::{ArchiveFacts, EncryptionFacts, Error, Files, Result};

/// The archives, written.
pub(crate) struct Archives {
    pub(crate) archive: ArchiveFacts,
    pub(crate) encryption: Option<EncryptionFacts>,
    pub(crate) files: Files,
}

/// Where an archive and its index go, and to whom they are encrypted.
#[derive(Debug)]
pub(crate) struct ArchivePlace<'a> {
    keys: &'a Keys,
    archive: Path,
    index: Path,
    recipients: Option<&'a [Recipient]>,
}

impl<'a> ArchivePlace<'a> {
    /// Of the archive of everything, encrypted to these recipients if everything is.
    pub(crate) fn of_all(keys: &'a Keys, recipients: Option<&'a [Recipient]>) -> Self {
        Self {
            keys,
            archive: keys.archive(),
            index: keys.index(),
            recipients: recipients.filter(|_| keys.is_encrypted()),
        }
    }

    /// Of the archive of Secrets, where these alone are encrypted.
    pub(crate) fn of_secrets(keys: &'a Keys, recipients: &'a [Recipient]) -> Self {
        Self {
            keys,
            archive: keys.secrets(),
            index: keys.secrets_index(),
            recipients: Some(recipients),
        }
    }
}

fn salt() -> Result<Salt> {
    let mut salt = Salt::default();
    let filled = SystemRandom::new().fill(&mut salt);
    filled.map_err(|error| Error::internal("salt an encrypted index", error.to_string()))?;
    Ok(salt)
}

/// Compresses blocks on other threads and uploads them as they are ready, in their order. Returns what the archive is,
/// and what both files are.
pub(crate) async fn write_archive(
    store: &Arc<dyn ObjectStore>,
    place: ArchivePlace<'_>,
    blocks: mpsc::Receiver<Block>,
) -> Result<(ArchiveFacts, Files)> {
    let ArchivePlace {
        keys, recipients, ..
    } = place;
    let salt = recipients.map(|_| salt()).transpose()?;
    let mut archive = FileWriter::new(store, place.archive.clone(), recipients)?;
    let mut index = FileWriter::new(store, place.index.clone(), recipients)?;
    let lines = IndexWriter::salted(salt);
    let written = match fill(&mut archive, &mut index, lines, blocks).await {
        Ok(facts) => match archive.finish().await {
            Ok(archive) => index.finish().await.map(|index| (archive, index, facts)),
            Err(error) => Err(index.give_up(error).await),
        },
        Err(error) => Err(index.give_up(archive.give_up(error).await).await),
    };
    let (archive, index, facts) = written?;
    let files = [
        (place.archive, archive.facts()),
        (place.index, index.facts()),
    ];
    let files = files.map(|(key, file)| (keys.name_of(&key), file)).into();
    Ok((facts_of(archive, facts), files))
}

fn facts_of(archive: Written, index: IndexFacts) -> ArchiveFacts {
    ArchiveFacts {
        size: archive.length,
        crc64: archive.crc64.to_string(),
        etag: archive.etag,
        index: Some(index),
    }
}

async fn fill(
    archive: &mut FileWriter,
    index: &mut FileWriter,
    mut lines: IndexWriter,
    blocks: mpsc::Receiver<Block>,
) -> Result<IndexFacts> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let blocks = futures::stream::unfold(blocks, |mut blocks| async {
        blocks.recv().await.map(|block| (block, blocks))
    })
    .chain(futures::stream::once(async { Block::last() }));
    let mut members = std::pin::pin!(
        blocks
            .map(|block| tokio::task::spawn_blocking(move || block.compress()))
            .buffered(threads)
    );
    loop {
        // Blocks may take long to come; parts keep being sent meanwhile.
        let member = tokio::select! {
            biased;
            member = members.next() => member,
            error = archive.send() => return Err(error),
            error = index.send() => return Err(error),
        };
        let Some(member) = member else { break };
        let member = member.map_err(|error| Error::internal("compress the archive", error))??;
        if let Some(chunk) = lines.push(archive.length(), &member)? {
            index.push(chunk).await?;
        }
        archive.push(member.bytes).await?;
    }
    let (tail, facts) = lines.finish()?;
    for bytes in tail {
        index.push(bytes).await?;
    }
    Ok(facts)
}
