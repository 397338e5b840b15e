//! Actions by name, and the resources each takes: OSS, ECS snapshots and disks, Cloud Backup, RAM
//! and STS.
//!
//! The tables hold what the crates of this workspace call. An action that is not in them may well
//! exist; one that is, does.

mod action;
mod ecs;
mod hbr;
mod oss;
mod ram;
mod sts;

pub(crate) use action::service;
pub use action::{KnownAction, Origin, ResourceForm};

/// Every action of the tables: OSS, ECS disks and snapshots, Cloud Backup, RAM and STS.
///
/// An action that is not among them may well exist. `ecs:DescribeAutoSnapshotPolicyEx` stands here as
/// its API is spelled; policies of ACK write `ecs:DescribeAutoSnapshotPolicyEX`, which is the same
/// action.
pub const KNOWN_ACTIONS: &[KnownAction] = &{
    const TABLES: [&[KnownAction]; 5] = [
        ecs::ACTIONS,
        hbr::ACTIONS,
        oss::ACTIONS,
        ram::ACTIONS,
        sts::ACTIONS,
    ];
    const LENGTH: usize = {
        let (mut length, mut table) = (0, 0);
        while table < TABLES.len() {
            length += TABLES[table].len();
            table += 1;
        }
        length
    };
    let mut all = [TABLES[0][0]; LENGTH];
    let (mut next, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut index = 0;
        while index < TABLES[table].len() {
            all[next] = TABLES[table][index];
            next += 1;
            index += 1;
        }
        table += 1;
    }
    all
};

/// Finds an action by name, compared without case.
#[must_use]
pub fn known_action(name: &str) -> Option<&'static KnownAction> {
    KNOWN_ACTIONS
        .iter()
        .find(|action| action.name().eq_ignore_ascii_case(name))
}
