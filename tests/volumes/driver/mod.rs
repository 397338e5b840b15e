//! Volumes as a cluster makes them: the real scheduler, csi-provisioner, csi-snapshotter and snapshot-controller, and a
//! driver that speaks ECS to the local cloud by the official Go SDK. Nothing between a claim and its disk is ours.

mod restored;
mod sanity;
mod stage;
