//! The limit: blocking sockets, the same frames, the same CRC-64 and signature, and nothing of a client
//! around them. No pool, no retry, no time limit, no proof of what came beyond status and CRC-64.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};

use alibaba_oss::UploadedPart;
use alibaba_sign::{Addressing, Credentials, oss_v4};
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures::{FutureExt, Stream, StreamExt};
use measure::Outcome;

use super::client::Client;
use super::ours::Ours;
use crate::setup::Setup;

/// What is read at a time: as much as `alibaba-oss` reads.
const READ: usize = 512 * 1024;

pub(super) struct Limit {
    /// For what is one request in a whole transfer.
    client: Ours,
    wire: Wire,
    /// One for one thing at a time.
    connections: Mutex<Vec<Connection>>,
    part: usize,
    concurrency: usize,
}

/// Whom to talk to, and as whom.
struct Wire {
    host: String,
    bucket: String,
    signer: oss_v4::Signer,
    credentials: Credentials,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

struct Reply {
    head: String,
    /// How much of the body lies in the buffer, and where.
    body: std::ops::Range<usize>,
    len: u64,
}

impl Limit {
    pub(super) fn new(setup: &Setup) -> Outcome<Self> {
        Ok(Self {
            client: Ours::new(setup)?,
            wire: Wire {
                host: setup.endpoint.trim_start_matches("http://").to_owned(),
                bucket: setup.bucket.clone(),
                signer: oss_v4::Signer::new(setup.region.as_str()),
                credentials: Credentials::new(
                    setup.access_key_id.as_str(),
                    setup.access_key_secret.as_str(),
                ),
            },
            connections: Mutex::default(),
            part: usize::try_from(setup.part)?,
            concurrency: setup.concurrency,
        })
    }

    /// Lends a connection. What failed on it ends it.
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Outcome<T>) -> Outcome<T> {
        let kept = self.connections().pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(&self.wire.host)?,
        };
        let done = work(&mut connection)?;
        self.connections().push(connection);
        Ok(done)
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an object or a part, and compares the CRC-64.
    fn send(&self, target: &str, frames: &[Bytes]) -> Outcome<(Reply, u64)> {
        let len = frames.iter().map(Bytes::len).sum();
        let mut head = self.wire.head("PUT", target, Some(len))?;
        self.with(|connection| {
            let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
            for frame in frames {
                digest.update(frame);
                // One write for both where that costs little.
                if !head.is_empty() && frame.len() < 64 * 1024 {
                    head.extend_from_slice(frame);
                    connection.stream.write_all(&std::mem::take(&mut head))?;
                    continue;
                }
                connection.stream.write_all(&std::mem::take(&mut head))?;
                connection.stream.write_all(frame)?;
            }
            let reply = connection.head()?;
            let crc = digest.finalize();
            reply.expect_crc(crc)?;
            Ok((reply, crc))
        })
    }

    /// Reads an object, and compares the CRC-64.
    fn receive(&self, target: &str) -> Outcome<u64> {
        let head = self.wire.head("GET", target, None)?;
        self.with(|connection| {
            connection.stream.write_all(&head)?;
            let reply = connection.head()?;
            let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
            digest.update(&connection.buffer[reply.body.clone()]);
            let mut left = reply.len - reply.body.len() as u64;
            while left > 0 {
                let read = connection.stream.read(&mut connection.buffer)?;
                if read == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                digest.update(&connection.buffer[..read]);
                left -= read as u64;
            }
            reply.expect_crc(digest.finalize())?;
            Ok(reply.len)
        })
    }
}

impl Wire {
    fn head(&self, method: &str, target: &str, len: Option<usize>) -> Outcome<Vec<u8>> {
        let (host, bucket) = (&self.host, &self.bucket);
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{host}/{bucket}/{target}"))
            .body(())?;
        let now = chrono::Utc::now();
        self.signer
            .sign_http(&self.credentials, now, Addressing::Path, &[], &mut request)?;
        let mut head =
            format!("{method} /{bucket}/{target} HTTP/1.1\r\nhost: {host}\r\n").into_bytes();
        if let Some(len) = len {
            write!(head, "content-length: {len}\r\n")?;
        }
        for (name, value) in request.headers() {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }
}

impl Connection {
    fn open(host: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; READ],
        })
    }

    /// Reads the head of a response, and what comes with it.
    fn head(&mut self) -> Outcome<Reply> {
        let mut filled = 0;
        let end = loop {
            let read = self.stream.read(&mut self.buffer[filled..])?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            filled += read;
            let found = self.buffer[..filled]
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            if let Some(at) = found {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end])?.to_owned();
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("the server says `{head}`").into());
        }
        let mut reply = Reply {
            head,
            body: end..filled,
            len: 0,
        };
        reply.len = reply.value("content-length").unwrap_or("0").parse()?;
        Ok(reply)
    }
}

impl Reply {
    fn value(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn expect_crc(&self, ours: u64) -> Outcome<()> {
        let theirs = self.value("x-oss-hash-crc64ecma");
        if theirs == Some(ours.to_string().as_str()) {
            return Ok(());
        }
        Err(format!("the CRC-64 is {ours}, and the server says {theirs:?}").into())
    }
}

impl Client for Limit {
    async fn put(&self, key: &str, frames: Vec<Bytes>) -> Outcome<()> {
        self.send(key, &frames).map(drop)
    }

    /// So many threads take a part each, one after the other.
    async fn multipart(
        &self,
        key: &str,
        frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Outcome<()> {
        let id = self.client.begin(key).await?;
        let source = Mutex::new((frames.boxed(), 0_u32));
        let next = || -> Outcome<Option<(u32, Vec<Bytes>)>> {
            let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut frames, mut len) = (Vec::new(), 0);
            while len < self.part {
                let frame = source.0.next().now_or_never().ok_or("the frames wait")?;
                let Some(frame) = frame.transpose()? else {
                    break;
                };
                len += frame.len();
                frames.push(frame);
            }
            source.1 += 1;
            Ok((!frames.is_empty()).then_some((source.1, frames)))
        };
        let work = || -> Outcome<Vec<UploadedPart>> {
            let mut sent = Vec::new();
            while let Some((number, frames)) = next()? {
                let target = format!("{key}?partNumber={number}&uploadId={id}");
                let (reply, crc) = self.send(&target, &frames)?;
                sent.push(UploadedPart {
                    number,
                    etag: reply
                        .value("etag")
                        .unwrap_or_default()
                        .trim_matches('"')
                        .to_owned(),
                    size: frames.iter().map(|frame| frame.len() as u64).sum(),
                    crc: Some(crc),
                });
            }
            Ok(sent)
        };
        let sent: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.concurrency)
                .map(|_| scope.spawn(|| work().map_err(|error| error.to_string())))
                .collect();
            threads.into_iter().map(|thread| thread.join()).collect()
        });
        let mut parts = Vec::new();
        for sent in sent {
            parts.extend(sent.map_err(|_| "a thread of the limit panicked")??);
        }
        parts.sort_unstable_by_key(|part| part.number);
        self.client.complete(key, &id, parts).await
    }

    async fn get(&self, key: &str) -> Outcome<u64> {
        self.receive(key)
    }

    async fn small_put(&self, key: &str, body: Bytes) -> Outcome<()> {
        self.send(key, &[body]).map(drop)
    }

    async fn small_get(&self, key: &str) -> Outcome<usize> {
        Ok(usize::try_from(self.receive(key)?)?)
    }

    async fn list(&self, _: &str) -> Outcome<u64> {
        Err("the limit lists nothing".into())
    }

    async fn delete(&self, _: Vec<String>) -> Outcome<()> {
        Err("the limit deletes nothing".into())
    }
}
