//! The one way to what ECS keeps: everything is looked at and changed under one lock.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::elapse::elapse;
use super::state::State;
use crate::gateway::clock::LocalClock;
use crate::openapi::error::ApiError;

/// All regions. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Store {
    state: Arc<Mutex<State>>,
    clock: LocalClock,
    /// The region of calls that name none.
    pub(super) home: String,
}

impl Store {
    pub(super) fn new(state: State, clock: LocalClock, home: String) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
            clock,
            home,
        }
    }

    /// Looks at everything as it is now, and perhaps changes it, with nobody in between. What has
    /// changed is kept when this returns.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut State, DateTime<Utc>) -> T,
    ) -> io::Result<T> {
        let mut state = self.state.lock();
        let now = self.clock.now();
        elapse(&mut state, now);
        let result = work(&mut state, now);
        state.commit()?;
        Ok(result)
    }

    /// As [`with`](Self::with), for actions.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&mut State, DateTime<Utc>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.with(work)
            .unwrap_or_else(|error| Err(ApiError::internal(&error)))
    }
}
