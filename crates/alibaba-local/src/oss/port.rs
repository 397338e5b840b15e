//! The objects of OSS, as other services read and write them.

use std::io::{self, Write as _};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use md5::{Digest as _, Md5};

use crate::gateway::clock::LocalClock;
use crate::objects::{Objects, OpenObject};
use crate::oss::error::OssError;
use crate::oss::storage::content::{Content, DataFile, Segment};
use crate::oss::storage::object::{Attributes, Kind, Object};
use crate::oss::storage::sink::Received;
use crate::oss::storage::store::Store;

#[derive(Debug)]
pub(super) struct StoredObjects {
    pub(super) store: Arc<Store>,
    pub(super) clock: LocalClock,
}

impl Objects for StoredObjects {
    fn has_bucket(&self, bucket: &str) -> bool {
        self.store.lock().contains_key(bucket)
    }

    fn keys(&self, bucket: &str, prefix: &str) -> io::Result<Vec<String>> {
        let keys = self.store.with_bucket(bucket, |stored| {
            let from = stored.objects.range(prefix.to_owned()..);
            let keys = from
                .map(|(key, _)| key)
                .take_while(|key| key.starts_with(prefix));
            let keys = keys.filter(|key| stored.find(key, None).is_ok());
            Ok(keys.cloned().collect())
        });
        keys.map_err(|error| plain(&error))
    }

    fn modified(&self, bucket: &str, key: &str) -> io::Result<Option<DateTime<Utc>>> {
        let modified = self.store.with_bucket(bucket, |stored| {
            Ok(stored.find(key, None).ok().map(|it| it.meta.modified))
        });
        modified.map_err(|error| plain(&error))
    }

    fn read(&self, bucket: &str, key: &str) -> io::Result<OpenObject> {
        let object = self
            .store
            .object(bucket, key, None)
            .map_err(|error| plain(&error))?
            .object;
        if let Kind::Symlink(target) = &object.meta.kind {
            let reason = format!("it is a link to the object `{target}`");
            return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
        }
        if !object.meta.is_readable(self.clock.now()) {
            return Err(io::Error::other(
                "it is archived, and has to be restored first",
            ));
        }
        Ok(OpenObject {
            modified: object.meta.modified,
            headers: object.meta.headers.clone(),
            body: Box::new(object.content.reader()),
        })
    }

    fn write(
        &self,
        bucket: &str,
        key: &str,
        headers: Vec<(String, String)>,
        body: &mut dyn io::Read,
    ) -> io::Result<()> {
        let now = self.clock.now();
        let attributes = Attributes {
            headers,
            ..Attributes::default()
        };
        self.store
            .with_bucket(bucket, |stored| stored.check_write(key, false, now))
            .map_err(|error| plain(&error))?;
        let received = self.receive(bucket, body)?;
        let meta = attributes.object(key, Kind::Normal, &received, now);
        let object = Object {
            content: received.content,
            meta,
        };
        self.store
            .commit(bucket, object, false, now)
            .map_err(|error| plain(&error))?;
        Ok(())
    }
}

impl StoredObjects {
    fn receive(&self, bucket: &str, body: &mut dyn io::Read) -> io::Result<Received> {
        let (mut crc, mut md5) = (CrcDigest::new(CrcAlgorithm::Crc64Xz), Md5::new());
        let mut file = match self.store.incoming_file(bucket) {
            Some(path) => {
                let file = std::fs::File::create(&path)?;
                Some((file, Arc::new(DataFile::new(path, false))))
            }
            None => None,
        };
        let (mut len, mut memory) = (0, Vec::new());
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = body.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            let bytes = &buffer[..read];
            crc.update(bytes);
            md5.update(bytes);
            len += read as u64;
            match &mut file {
                Some((file, _)) => file.write_all(bytes)?,
                None => memory.extend_from_slice(bytes),
            }
        }
        let segment = match file {
            Some((_, file)) => Segment::File { file, from: 0, len },
            None => Segment::Memory(memory.into()),
        };
        Ok(Received {
            content: Content::new(vec![segment]),
            len,
            crc: crc.finalize(),
            md5: Some(md5.finalize().into()),
        })
    }
}

fn plain(error: &OssError) -> io::Error {
    io::Error::other(error.code)
}
