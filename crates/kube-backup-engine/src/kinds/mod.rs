//! All that the engine knows of the kinds of Kubernetes, as tables.
//!
//! | table | says | asked by |
//! |---|---|---|
//! | `names`, `builtin` | the kinds by name, their scope, and which groups and kinds are built in | all |
//! | `references`, `backends` | which field of which kind names an object of which other, and how much that matters | `follow`, `companions`, `namespaces`, `storage_classes` |
//! | `follow` | what one object names | verification, plans |
//! | `companions` | what comes along with chosen objects | backup by namespace or label, selective restore |
//! | `order` | the tiers of a restore, and the stages of a backup | backup, restore |
//! | `adoption` | which controllers take what they select for their own again | restore, comparison, verification |
//! | `exclusions` | what is never backed up or restored, and why | backup, restore, verification |
//! | `cluster_owned` | what a cluster makes and keeps for itself | restore |
//! | `defaults` | what there is once in a cluster | restore |
//! | `evidence` | whether somebody asked for a field, or the cluster filled it in | restore, comparison |
//! | `run_once`, `tokens`, `finalizers`, `identity` | what stands for one run; made-up tokens; who takes a finalizer off; annotations that name an identity outside | backup, restore, comparison |
//! | `provided` | what every cluster has by itself | `companions`, plans, verification |
//! | `tolerated` | which fields are one cluster's own, and may differ in a restored copy | comparison |
//! | `namespaces`, `storage_classes`, `pod_specs` | where names of namespaces and classes, and Pods stand | restore, comparison |
//!
//! Nothing here asks a cluster or a store. What is changed in an object of a kind before it is created
//! again stands in one file a kind in `restore/transform`.
//!
//! # Adding a kind
//! 1. Name it in `names`, and the fields in which it names others in `references`: backup, restore,
//!    verification and mapping follow them from then on.
//! 2. Give it a tier in `order`, unless any time will do.
//! 3. What a restore has to change in it goes into a file of its own in `restore/transform`.
//! 4. `cargo test -p kube-backup-engine kinds` holds the rows to the Kubernetes API and to each other.

pub(crate) mod adoption;
pub(crate) mod backends;
pub(crate) mod builtin;
pub(crate) mod cluster_owned;
pub(crate) mod companions;
pub(crate) mod defaults;
pub(crate) mod document;
pub(crate) mod evidence;
pub(crate) mod exclusions;
pub(crate) mod finalizers;
pub(crate) mod follow;
pub(crate) mod identity;
pub(crate) mod names;
pub(crate) mod namespaces;
pub(crate) mod order;
pub(crate) mod pod_specs;
pub(crate) mod provided;
mod references;
pub(crate) mod run_once;
pub(crate) mod storage_classes;
pub(crate) mod tokens;
pub(crate) mod tolerated;

pub(crate) use document::Raw;
pub(crate) use references::Strength;

#[cfg(test)]
mod tests;
