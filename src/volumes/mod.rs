//! The data of volumes: what keeps it on Alibaba Cloud, and brings it back.
//!
//! Each method implements the engine's port,
//! [`VolumeSnapshotter`](kube_backup_engine::volumes::VolumeSnapshotter), and passes its conformance suite
//! against `alibaba-local`.
//!
//! | method | name in records | volumes | restored |
//! |---|---|---|---|
//! | [`disks`] | `ecs` | cloud disks of ACK's CSI driver, `volumeMode` `Filesystem` and `Block` | anywhere: by the driver where the cluster serves CSI snapshots, else as a disk made here; in another region from a copy |
//! | [`files`] | `hbr` | NAS, OSS, CPFS, NFS, Ceph, local volumes and those of any CSI driver, `Filesystem` only, through the mount of a running Pod | in the region: into a volume that a Pod has mounted, of the same class or, by [`conversion`], of another |
//!
//! FlexVolumes, `hostPath` and disks without snapshots are refused with the reason, and so is every volume of
//! ACK Serverless and ACK Edge clusters.
//!
//! # Rights
//!
//! What ACK's page grants suffices to back up, to delete and, in clusters that serve CSI snapshots, to restore. The
//! table of what some features need beyond it is that of [`Feature`](crate::grants::Feature) and
//! [`EXTRAS`](crate::grants::EXTRAS).

pub mod conversion;
pub mod disks;
mod failure;
pub mod files;
mod flex;
