//! How the instance is described.

use parking_lot::Mutex;

use crate::builder::{Builder, Setup, StartError};
use crate::gateway::service::Service;
use crate::metadata::instance::Instance;
use crate::metadata::service::Metadata;
use crate::metadata::tokens::Tokens;

/// The instance, as a [`Builder`] describes it.
#[derive(Clone, Debug, Default)]
struct InstanceSettings {
    role: Option<String>,
    hardened: bool,
}

/// Of the instance whose metadata is served.
impl Builder {
    /// Attaches a role to the instance: the metadata service hands out its credentials.
    pub fn instance_role(mut self, role: impl Into<String>) -> Self {
        self.settings::<InstanceSettings>().role = Some(role.into());
        self
    }

    /// Metadata only for those who fetched a token before, as of instances in hardened mode.
    pub fn hardened_metadata(mut self) -> Self {
        self.settings::<InstanceSettings>().hardened = true;
        self
    }
}

/// Opens the service as it was described.
pub(crate) fn open(setup: &mut Setup) -> Result<Box<dyn Service>, StartError> {
    let settings: InstanceSettings = setup.take();
    let instance = Instance::new(settings.role);
    setup.offer(instance.clone());
    Ok(Box::new(Metadata {
        region: setup.region.clone(),
        directory: setup.directory.clone(),
        instance,
        hardened: settings.hardened,
        tokens: Tokens::default(),
        credentials: Mutex::default(),
    }))
}
