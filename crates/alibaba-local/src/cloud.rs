//! A running cloud.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Extensions;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::builder::{Builder, StartError};
use crate::directory::store::Directory;
use crate::gateway::clock::LocalClock;
use crate::gateway::faults::Faults;
use crate::gateway::listener::{Gateway, accept};
use crate::gateway::log::RequestLog;

impl Builder {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// When the address or the data folder cannot be used.
    pub async fn start(self) -> Result<LocalCloud, StartError> {
        let (services, address) = (self.services, self.address);
        let mut setup = self.into_setup();
        let (faults, requests) = (Faults::default(), RequestLog::default());
        let gateway = Gateway {
            services: services
                .iter()
                .map(|open| open(&mut setup))
                .collect::<Result<_, _>>()?,
            clock: setup.clock.clone(),
            faults: faults.clone(),
            log: requests.clone(),
        };
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        Ok(LocalCloud {
            address: listener.local_addr().map_err(listen)?,
            region: setup.region,
            clock: setup.clock,
            directory: setup.directory,
            handles: setup.handles,
            faults,
            requests,
            task: tokio::spawn(accept(listener, Arc::new(gateway))),
        })
    }
}

/// A running local cloud. It stops when dropped.
#[derive(Debug)]
pub struct LocalCloud {
    address: SocketAddr,
    region: String,
    clock: LocalClock,
    directory: Directory,
    /// Those of running services, one type for each.
    handles: Extensions,
    faults: Faults,
    requests: RequestLog,
    task: JoinHandle<()>,
}

impl LocalCloud {
    /// The endpoint of every service, `http://127.0.0.1:<port>`: an IP address, so OSS clients use
    /// path style.
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

    /// Its clock, to be moved or set wrong.
    #[must_use]
    pub fn clock(&self) -> &LocalClock {
        &self.clock
    }

    /// Who may call, to be changed while it runs.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What goes wrong, and when.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked of it.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.requests
    }

    /// The handle of a running service, by its type.
    pub(crate) fn handle<T: Any + Send + Sync>(&self) -> &T {
        self.handles
            .get()
            .expect("a service offers its handle when it is opened, and all of them are")
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        self.task.abort();
    }
}
