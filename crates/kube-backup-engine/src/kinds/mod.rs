//! What the engine knows of the kinds of Kubernetes.

pub(crate) mod backends;
pub(crate) mod companions;
pub(crate) mod namespaces;
pub(crate) mod order;
pub(crate) mod pod_specs;
pub(crate) mod storage_classes;
