//! A running cloud.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Extensions;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

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
        let others = self.other_regions.clone();
        let mut setup = self.into_setup()?;
        let (faults, requests) = (Faults::default(), RequestLog::default());
        let mut services = services
            .iter()
            .map(|open| open(&mut setup))
            .collect::<Result<Vec<_>, _>>()?;
        for service in &mut services {
            service.connect(&setup.handles);
        }
        let gateway = Arc::new(Gateway {
            services,
            clock: setup.clock.clone(),
            faults: faults.clone(),
            log: requests.clone(),
        });
        let names = gateway.services.iter().map(|it| it.name()).collect();
        let mut tasks = JoinSet::new();
        let mut addresses = BTreeMap::new();
        let elsewhere = SocketAddr::new(address.ip(), 0);
        let others = others.into_iter().map(|region| (region, elsewhere));
        for (region, address) in std::iter::once((setup.region.clone(), address)).chain(others) {
            if addresses.contains_key(&region) {
                continue;
            }
            let listen = |source| StartError::Listen { address, source };
            let listener = TcpListener::bind(address).await.map_err(listen)?;
            let bound = listener.local_addr().map_err(listen)?;
            tasks.spawn(accept(listener, region.as_str().into(), gateway.clone()));
            addresses.insert(region, bound);
        }
        Ok(LocalCloud {
            address: addresses[&setup.region],
            addresses,
            services: names,
            region: setup.region,
            clock: setup.clock,
            directory: setup.directory,
            handles: setup.handles,
            faults,
            requests,
            _lock: setup.lock,
            _tasks: tasks,
        })
    }
}

/// A running local cloud. It stops when dropped.
#[derive(Debug)]
pub struct LocalCloud {
    address: SocketAddr,
    /// Of every region.
    addresses: BTreeMap<String, SocketAddr>,
    services: Vec<&'static str>,
    region: String,
    clock: LocalClock,
    directory: Directory,
    /// Those of running services, one type for each.
    handles: Extensions,
    faults: Faults,
    requests: RequestLog,
    /// The data folder is another's once this is dropped.
    _lock: Option<File>,
    /// They end when this is dropped.
    _tasks: JoinSet<()>,
}

impl LocalCloud {
    /// The endpoint of every service, `http://127.0.0.1:<port>`: an IP address, so OSS clients use
    /// path style.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The endpoint of a region: of the one that it plays first, or of one that was added by
    /// [`Builder::another_region`].
    #[must_use]
    pub fn endpoint_in(&self, region: &str) -> Option<String> {
        let address = self.addresses.get(region)?;
        Some(format!("http://{address}"))
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

    /// The names of its services, as fault rules and the request log have them.
    #[must_use]
    pub fn services(&self) -> &[&'static str] {
        &self.services
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
