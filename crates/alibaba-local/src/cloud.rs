//! The listener, and what it is built from.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::directory::user::{User, Users};
use crate::gateway::clock::LocalClock;
use crate::gateway::faults::Faults;
use crate::gateway::log::RequestLog;
use crate::gateway::response::Answer;
use crate::oss::{Effort, KnownBody, Oss, Outcome, Preset, Setup};

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("listen on `{address}`: choose another address, or port 0 for any free one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error("open the data folder")]
    Data(#[source] io::Error),
}

/// What a local cloud is made of. See [`LocalCloud::builder`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    region: String,
    address: SocketAddr,
    users: Users,
    buckets: Vec<(String, Preset)>,
    folder: Option<PathBuf>,
    effort: Effort,
    refuse_v1: bool,
    restore_time: Option<Duration>,
}

impl Builder {
    /// The region it plays; `cn-hangzhou` unless set.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Where to listen; a free port of 127.0.0.1 unless set.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Adds a caller. Without any, nobody gets in.
    pub fn user(mut self, user: User) -> Self {
        self.users.insert(user.access_key_id.clone(), user);
        self
    }

    /// Adds a bucket that is there from the start.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.buckets.push((name.into(), Preset::Plain));
        self
    }

    /// Adds a bucket with versioning enabled.
    pub fn versioned_bucket(mut self, name: impl Into<String>) -> Self {
        self.buckets.push((name.into(), Preset::Versioned));
        self
    }

    /// Adds a bucket whose retention policy is locked: for so many days nothing in it can be
    /// written over or deleted.
    pub fn locked_bucket(mut self, name: impl Into<String>, days: u32) -> Self {
        self.buckets.push((name.into(), Preset::Locked { days }));
        self
    }

    /// Keeps objects in this folder instead of in memory; what an earlier run left there is served.
    pub fn data_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Refuses signature version 1, as OSS does for accounts opened since March 2025.
    pub fn refuse_signature_v1(mut self) -> Self {
        self.refuse_v1 = true;
        self
    }

    /// How long archived objects take to be restored, instead of OSS's minutes to days.
    pub fn restore_time(mut self, time: Duration) -> Self {
        self.restore_time = Some(time);
        self
    }

    /// For benchmarks: no MD5 of bodies, which takes several times as long as everything else.
    /// ETags come from the CRC-64 instead; a `Content-MD5` is still checked.
    pub fn skip_md5(mut self) -> Self {
        self.effort.skip_md5 = true;
        self
    }

    /// For benchmarks that measure the client and not this server: a body whose `Content-Length`
    /// is that of `block` repeated so many times is taken for just that. Its CRC-64 is computed
    /// now, its bytes are neither looked at nor kept, and reading it sends the block again.
    pub fn known_body(mut self, block: Bytes, times: u64) -> Self {
        self.effort.known.push(KnownBody::new(block, times));
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// When the address or the data folder cannot be used.
    pub async fn start(self) -> Result<LocalCloud, StartError> {
        let (clock, faults, log) = (
            LocalClock::default(),
            Faults::default(),
            RequestLog::default(),
        );
        let oss = Oss::open(Setup {
            region: self.region.clone(),
            users: self.users,
            folder: self.folder,
            clock: clock.clone(),
            faults: faults.clone(),
            log: log.clone(),
            effort: self.effort,
            refuse_v1: self.refuse_v1,
            restore_time: self
                .restore_time
                .and_then(|time| chrono::TimeDelta::from_std(time).ok()),
        })
        .map_err(StartError::Data)?;
        for (bucket, preset) in &self.buckets {
            oss.create_bucket(bucket, *preset)
                .map_err(StartError::Data)?;
        }
        let listen = |source| StartError::Listen {
            address: self.address,
            source,
        };
        let listener = TcpListener::bind(self.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let task = tokio::spawn(accept(listener, Arc::new(oss)));
        Ok(LocalCloud {
            address,
            region: self.region,
            clock,
            faults,
            log,
            task,
        })
    }
}

/// A running local cloud. It stops when dropped.
#[derive(Debug)]
pub struct LocalCloud {
    address: SocketAddr,
    region: String,
    clock: LocalClock,
    faults: Faults,
    log: RequestLog,
    task: JoinHandle<()>,
}

impl LocalCloud {
    /// Describes one.
    pub fn builder() -> Builder {
        Builder {
            region: "cn-hangzhou".to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            users: Users::new(),
            buckets: Vec::new(),
            folder: None,
            effort: Effort::default(),
            refuse_v1: false,
            restore_time: None,
        }
    }

    /// The OSS endpoint, `http://127.0.0.1:<port>`: an IP address, so clients use path style.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The region it plays.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Its clock, to be set wrong.
    #[must_use]
    pub fn clock(&self) -> &LocalClock {
        &self.clock
    }

    /// What goes wrong, and when.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked of it.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.log
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, oss: Arc<Oss>) {
    // Connections die with this task, so that a dropped server is gone for its clients too.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, oss.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept a connection");
                    // Out of file descriptors, as a rule: wait until some are closed.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, oss: Arc<Oss>) {
    // Small answers must not wait for an acknowledgement; without it they only come later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let oss = oss.clone();
        async move {
            match oss.serve(request).await {
                Outcome::Answer(answer) => Ok(respond(answer)),
                Outcome::HangUp => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            }
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(512 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::new(if answer.len == 0 {
        http_body_util::Empty::new()
            .map_err(|never: Infallible| match never {})
            .boxed_unsync()
    } else {
        BodyExt::boxed_unsync(StreamBody::new(answer.body.map_ok(Frame::data)))
    });
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if answer.len > 0 {
        response
            .headers_mut()
            .insert(http::header::CONTENT_LENGTH, answer.len.into());
    }
    response
}
