//! What every service has in front of it: faults, the request log, the clock.

pub(crate) mod clock;
pub(crate) mod corrupt;
pub(crate) mod faults;
pub(crate) mod log;
pub(crate) mod response;
