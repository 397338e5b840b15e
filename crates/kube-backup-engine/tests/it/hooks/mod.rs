//! Hooks, run by a real kube-apiserver in Pods that kwok plays.

mod backup;
pub(crate) mod stage;
