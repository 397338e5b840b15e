//! The instance whose metadata is served.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::cloud::LocalCloud;

/// The instance of a running cloud. Clones share it.
#[derive(Clone, Debug)]
pub struct Instance {
    role: Arc<Mutex<Option<String>>>,
}

impl Instance {
    pub(super) fn new(role: Option<String>) -> Self {
        Self {
            role: Arc::new(Mutex::new(role)),
        }
    }

    /// Attaches a role in the place of the one that is there.
    pub fn attach_role(&self, role: impl Into<String>) {
        *self.role.lock() = Some(role.into());
    }

    /// Takes the role away. Credentials that were handed out stay good until they end.
    pub fn detach_role(&self) {
        *self.role.lock() = None;
    }

    pub(super) fn role(&self) -> Option<String> {
        self.role.lock().clone()
    }
}

/// Of the instance whose metadata is served.
impl LocalCloud {
    /// The instance, to be changed while the cloud runs.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.handle()
    }
}
