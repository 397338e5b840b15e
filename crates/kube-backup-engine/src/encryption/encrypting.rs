//! Files of a backup on their way to the store, encrypted.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::StreamWriter;
use bytes::Bytes;

use super::recipient::Recipient;
use crate::{Error, Result};

/// Takes a file's bytes, and returns those to be stored, a chunk of 64 KiB after the other.
pub(crate) struct Encrypting {
    writer: StreamWriter<Sink>,
    sink: Sink,
}

impl fmt::Debug for Encrypting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypting").finish_non_exhaustive()
    }
}

/// What was written and not yet taken.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Bytes {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *written).into()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("encrypt a file of the backup", why)
}

impl Encrypting {
    /// Of one file; each has a key of its own.
    pub(crate) fn to(recipients: &[Recipient]) -> Result<Self> {
        let recipients = recipients
            .iter()
            .map(|recipient| &recipient.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(failed)?;
        let sink = Sink::default();
        let writer = encryptor.wrap_output(sink.clone()).map_err(failed)?;
        Ok(Self { writer, sink })
    }

    /// Takes the next bytes; returns what is to be stored so far, which may be nothing.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Bytes> {
        self.writer.write_all(bytes).map_err(failed)?;
        Ok(self.sink.take())
    }

    /// Returns the end of what is to be stored.
    pub(crate) fn finish(self) -> Result<Bytes> {
        self.writer.finish().map_err(failed)?;
        Ok(self.sink.take())
    }
}
