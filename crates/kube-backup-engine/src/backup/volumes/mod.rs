//! The data of volumes, as a backup keeps it: what is to be done with each volume, by whom, and how that went.
//!
//! All of it is decided before anything is asked of a storage ([`planned`]). Then all groups are begun before any
//! is waited for, and while objects are read, snapshots are waited for by the clock ([`snapshots`]). What
//! became of each volume is written for us ([`crate::volumes::BackedUpVolumes`]) and in Velero's words
//! ([`velero`]).

mod decide;
pub(crate) mod planned;
mod pods;
pub(crate) mod snapshots;
pub(crate) mod survey;
pub(crate) mod velero;
