//! The archive and its index on their way to the store.

use std::sync::Arc;

use futures::StreamExt as _;
use object_store::ObjectStore;
use tokio::sync::mpsc;

use crate::archive::index::{IndexFacts, IndexWriter};
use crate::archive::write::Block;
use crate::format::keys::Keys;
use crate::repository::upload::{ObjectUpload, Written};
use crate::{ArchiveFacts, Error, Files, Result};

/// Compresses blocks on other threads and uploads them as they are ready, in their order. Returns what the archive is,
/// and what both files are.
pub(crate) async fn write_archive(
    store: &Arc<dyn ObjectStore>,
    keys: &Keys,
    blocks: mpsc::Receiver<Block>,
) -> Result<(ArchiveFacts, Files)> {
    let mut archive = ObjectUpload::new(store, keys.archive());
    let mut index = ObjectUpload::new(store, keys.index());
    let written = match fill(&mut archive, &mut index, blocks).await {
        Ok(facts) => match archive.finish().await {
            Ok(archive) => index.finish().await.map(|index| (archive, index, facts)),
            Err(error) => Err(index.give_up(error).await),
        },
        Err(error) => Err(index.give_up(archive.give_up(error).await).await),
    };
    let (archive, index, facts) = written?;
    let files = [
        (keys.archive(), archive.facts()),
        (keys.index(), index.facts()),
    ];
    let files = files.map(|(key, file)| (keys.name_of(&key), file)).into();
    Ok((facts_of(archive, &index, facts), files))
}

fn facts_of(archive: Written, index: &Written, facts: IndexFacts) -> ArchiveFacts {
    ArchiveFacts {
        length: archive.length,
        crc64: archive.crc64.to_string(),
        etag: archive.etag,
        index: Some(IndexFacts {
            length: index.length,
            ..facts
        }),
    }
}

async fn fill(
    archive: &mut ObjectUpload,
    index: &mut ObjectUpload,
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
    let mut lines = IndexWriter::default();
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
