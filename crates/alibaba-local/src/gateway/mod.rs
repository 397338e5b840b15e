//! What every request passes before it reaches a service: the listener, the clock, the request log, and faults.
//!
//! The gateway asks the services, in the order of their table, which of them a request is for, hands
//! it over with an [`exchange::Exchange`], and sends on what comes back. It knows no service's errors.

pub(crate) mod clock;
pub(crate) mod corrupt;
pub(crate) mod exchange;
pub(crate) mod faults;
pub(crate) mod listener;
pub(crate) mod log;
pub(crate) mod response;
pub(crate) mod service;
pub(crate) mod xml;
