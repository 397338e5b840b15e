//! Hooks, run by a real kube-apiserver in Pods that kwok plays.

mod backup;
mod restore;
pub(crate) mod stage;
