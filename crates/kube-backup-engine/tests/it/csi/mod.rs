//! Snapshots by CSI drivers: a real kube-apiserver, kube-controller-manager and snapshot-controller, and a driver
//! with its sidecar in this program.

mod backed_up;
mod conforming;
mod driver;
mod failing;
mod group_sidecar;
mod groups;
mod killed;
mod storage;
