//! Holds kube-local to the truth: every script runs against it and against a real
//! kube-apiserver with etcd and kube-controller-manager, and the responses must agree: status,
//! content type, warnings, body, and the order of the outermost keys.
//!
//! Skipped, saying so, where there is no real control plane (see `tests/control-plane`).

#![expect(
    clippy::needless_pass_by_value,
    reason = "literals read better by value"
)]

mod agree;
mod cases;
mod compare;
mod run;
mod script;
