//! Cloud Backup, spoken to by hand.

mod calls;
mod copies;
mod disk;
mod facts;
mod jobs;
mod limits;
mod plans;
mod refusals;
mod restores;
mod rights;
mod sources;
mod trees;
mod vaults;
