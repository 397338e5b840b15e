//! What a local cloud is made of.

use std::any::Any;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use http::Extensions;

use crate::directory::add::Described;
use crate::directory::provider::OidcProvider;
use crate::directory::role::Role;
use crate::directory::store::Directory;
use crate::directory::user::User;
use crate::folder::{self, NotTaken};
use crate::gateway::clock::LocalClock;
use crate::gateway::service::Service;

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
    /// The data folder cannot be made or written to.
    #[error("use the data folder `{folder}`: name one that can be written to")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another server uses the data folder.
    #[error(
        "use the data folder `{folder}`: another server uses it; stop that one, or name another folder"
    )]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// What is in the data folder cannot be read.
    #[error("read the data folder: what is in it must be an earlier run's")]
    Data(#[source] io::Error),
    /// A bucket that is to be there from the start cannot be called so.
    #[error(
        "make the bucket `{name}`: a bucket's name is 3 to 63 lower-case letters, digits and inner hyphens"
    )]
    Bucket {
        /// Its name.
        name: String,
    },
    /// A region cannot be called so.
    #[error(
        "play the region `{name}`: a region is called as in `cn-hangzhou`, without `oss-` before it or `-internal` after it"
    )]
    Region {
        /// Its name.
        name: String,
    },
}

/// Opens a service as it was described: a row of the table of services.
pub(crate) type Open = fn(&mut Setup) -> Result<Box<dyn Service>, StartError>;

/// What services are opened with.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) region: String,
    pub(crate) directory: Directory,
    pub(crate) clock: LocalClock,
    /// Where to keep what should outlive the process.
    pub(crate) folder: Option<PathBuf>,
    settings: Extensions,
    pub(crate) handles: Extensions,
    /// The data folder is this server's for as long as it is held.
    pub(crate) lock: Option<File>,
}

impl Setup {
    /// Hands a running service's handle to the cloud, which `LocalCloud::handle` finds by its type, and
    /// to other services: see `Service::connect`.
    pub(crate) fn offer<T: Clone + Any + Send + Sync>(&mut self, handle: T) {
        self.handles.insert(handle);
    }

    /// The settings of one service, by their type.
    pub(crate) fn take<T: Default + Any + Send + Sync>(&mut self) -> T {
        self.settings.remove().unwrap_or_default()
    }
}

/// A description of a local cloud. See [`LocalCloud::builder`](crate::LocalCloud::builder).
#[derive(Debug)]
#[must_use]
pub struct Builder {
    pub(crate) services: &'static [Open],
    pub(crate) region: String,
    pub(crate) address: SocketAddr,
    /// Regions with an endpoint of their own.
    pub(crate) other_regions: Vec<String>,
    described: Described,
    folder: Option<PathBuf>,
    /// One type for each service.
    settings: Extensions,
}

impl Builder {
    pub(crate) fn new(services: &'static [Open]) -> Self {
        Self {
            services,
            region: "cn-hangzhou".to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            other_regions: Vec::new(),
            described: Described::default(),
            folder: None,
            settings: Extensions::new(),
        }
    }

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

    /// Plays another region too, at an endpoint of its own: see
    /// [`LocalCloud::endpoint_in`](crate::LocalCloud::endpoint_in). Services whose requests name no
    /// region go by the endpoint. OSS is that of the first region everywhere.
    pub fn another_region(mut self, region: impl Into<String>) -> Self {
        self.other_regions.push(region.into());
        self
    }

    /// Adds a user. Without any, nobody gets in. With a data folder, a user and a key that an earlier run
    /// left stay as they are, but for the key's secret and the policies that are the user's alone.
    pub fn user(mut self, user: User) -> Self {
        self.described.users.push(user);
        self
    }

    /// Adds a role, or puts another one in the place of one that was described before. With a data folder,
    /// one that an earlier run left stays as it is, but for the policies that are its alone.
    pub fn role(mut self, role: Role) -> Self {
        self.described.roles.push(role);
        self
    }

    /// Adds an OIDC provider.
    pub fn oidc_provider(mut self, provider: OidcProvider) -> Self {
        self.described.providers.push(provider);
        self
    }

    /// Keeps everything in this folder instead of in memory; what an earlier run left there is served.
    /// AccessKeys are in it too, in a folder that only its owner can look into.
    pub fn data_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The settings of one service, by their type.
    pub(crate) fn settings<T: Default + Clone + Any + Send + Sync>(&mut self) -> &mut T {
        self.settings.get_or_insert_default()
    }

    pub(crate) fn into_setup(self) -> Result<Setup, StartError> {
        let regions = std::iter::once(&self.region).chain(&self.other_regions);
        if let Some(name) = regions.into_iter().find(|name| !is_region(name)) {
            return Err(StartError::Region { name: name.clone() });
        }
        let folder = self.folder.as_deref();
        let take = |folder: &Path| {
            folder::take(folder).map_err(|why| {
                let folder = folder.to_owned();
                match why {
                    NotTaken::InUse => StartError::FolderInUse { folder },
                    NotTaken::Failed(source) => StartError::Folder { folder, source },
                }
            })
        };
        let lock = folder.map(take).transpose()?;
        let directory = Directory::open(folder, self.described).map_err(StartError::Data)?;
        Ok(Setup {
            region: self.region,
            clock: directory.clock().clone(),
            directory,
            folder: self.folder,
            settings: self.settings,
            handles: Extensions::new(),
            lock,
        })
    }
}

/// Whether it can be the id of a region.
fn is_region(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.contains('-')
        && name.bytes().all(legal)
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !name.starts_with("oss-")
        && !name.ends_with('-')
        && !name.ends_with("-internal")
}
