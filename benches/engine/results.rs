//! What was measured, as tables and budgets.

use std::collections::BTreeMap;

use measure::{Budget, Ratios, Report, Table, median};
use serde::Serialize;

use crate::measured::{Measured, Role};

const MIB: f64 = (1 << 20) as f64;

/// From so many objects on, ratios of times are held to budgets: below, starting up is most of it.
const TIMED_FROM: usize = 10_000;

/// All measurements on a cluster of one size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Size {
    objects: usize,
    /// Requests that it takes to learn the kinds.
    discovery_calls: u64,
    measured: BTreeMap<Role, Vec<Measured>>,
}

impl Size {
    pub(crate) fn new(objects: usize, discovery_calls: u64) -> Self {
        Self {
            objects,
            discovery_calls,
            measured: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, role: Role, mut measured: Measured) {
        measured.lists.clear();
        self.measured.entry(role).or_default().push(measured);
    }

    fn of(&self, role: Role) -> &[Measured] {
        self.measured.get(&role).map_or(&[], Vec::as_slice)
    }

    fn values(&self, role: Role, of: impl Fn(&Measured) -> f64) -> Vec<f64> {
        self.of(role).iter().map(of).collect()
    }

    fn median(&self, role: Role, of: impl Fn(&Measured) -> f64) -> f64 {
        median(&self.values(role, of))
    }

    /// The most memory of any process in this role, in MiB.
    fn memory(&self, role: Role) -> f64 {
        let peaks = self.of(role).iter().map(|measured| measured.peak_memory);
        peaks.max().unwrap_or_default() as f64 / MIB
    }

    /// Time of a backup over that of its lists.
    fn backup_ratios(&self) -> Ratios {
        let seconds = |measured: &Measured| measured.seconds;
        Ratios::of(
            &self.values(Role::Backup, seconds),
            &self.values(Role::Lists, seconds),
        )
    }

    /// Time of a sealed or encrypted backup over that of one that is neither.
    fn against_plain(&self, role: Role) -> Ratios {
        let seconds = |measured: &Measured| measured.seconds;
        Ratios::of(
            &self.values(role, seconds),
            &self.values(Role::Backup, seconds),
        )
    }

    /// The same of processor time.
    fn cpu_against_plain(&self, role: Role) -> Ratios {
        let cpu = |measured: &Measured| measured.cpu_seconds;
        Ratios::of(&self.values(role, cpu), &self.values(Role::Backup, cpu))
    }

    /// The share of a restore's processor time that goes to looking at powers.
    fn share_of_powers(&self) -> Ratios {
        let cpu = |measured: &Measured| measured.cpu_seconds;
        Ratios::of(
            &self.values(Role::Powers, cpu),
            &self.values(Role::Restore, cpu),
        )
    }

    /// Rate of a restore over that of the bare loop.
    fn restore_ratios(&self) -> Ratios {
        let rate = |measured: &Measured| measured.objects as f64 / measured.seconds;
        Ratios::of(
            &self.values(Role::Restore, rate),
            &self.values(Role::Create, rate),
        )
    }

    /// Time of a restore without an index over that of one with it.
    fn without_index(&self) -> Ratios {
        let seconds = |measured: &Measured| measured.seconds;
        Ratios::of(
            &self.values(Role::RestoreWithoutIndex, seconds),
            &self.values(Role::Restore, seconds),
        )
    }

    fn calls_per_object(&self) -> f64 {
        self.median(Role::Restore, |measured| {
            measured.calls as f64 / measured.objects as f64
        })
    }
}

/// All measurements.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results(Vec<Size>);

impl Results {
    pub(crate) fn add(&mut self, size: Size) {
        self.0.push(size);
        self.0.sort_by_key(|size| size.objects);
    }

    pub(crate) fn report(&self, report: &mut Report) {
        report.note(
            "Each measurement is a process of its own that does nothing else; etcd, kube-apiserver \
             and kube-controller-manager share the processors with it. One object in 1000 is a \
             Secret of 1 MiB. Ceilings: the same lists, read raw and in parallel and thrown away; a \
             bare parallel create loop. Backups, sealed and encrypted ones and ceiling take turns, in alternating order.",
        );
        report.table(self.times());
        report.table(self.costs());
        for budget in self.budgets() {
            report.budget(budget);
        }
        report.measurements(serde_json::json!(self.0));
    }

    fn times(&self) -> Table {
        let mut table = Table::new(
            "### Against the ceiling of the same server (medians)",
            [
                "objects",
                "what",
                "time",
                "ceiling",
                "objects/s",
                "ratio",
                "least - most",
                "turns",
            ],
        );
        for size in &self.0 {
            let seconds = |measured: &Measured| measured.seconds;
            for (what, role, ceiling, ratios) in [
                (
                    "backup, time",
                    Role::Backup,
                    Role::Lists,
                    size.backup_ratios(),
                ),
                (
                    "sealed backup, time, against one that is not",
                    Role::Sealed,
                    Role::Backup,
                    size.against_plain(Role::Sealed),
                ),
                (
                    "encrypted backup, time, against one that is not",
                    Role::Encrypted,
                    Role::Backup,
                    size.against_plain(Role::Encrypted),
                ),
                (
                    "restore, rate",
                    Role::Restore,
                    Role::Create,
                    size.restore_ratios(),
                ),
                (
                    "restore without index, time, against one with it",
                    Role::RestoreWithoutIndex,
                    Role::Restore,
                    size.without_index(),
                ),
            ] {
                let time = size.median(role, seconds);
                table.row([
                    size.objects.to_string(),
                    what.to_owned(),
                    format!("{time:.2} s"),
                    format!("{:.2} s", size.median(ceiling, seconds)),
                    format!("{:.0}", size.median(role, |m| m.objects as f64) / time),
                    format!("{:.2}x", ratios.median()),
                    format!("{:.2} - {:.2}", ratios.least(), ratios.most()),
                    ratios.pairs().to_string(),
                ]);
            }
        }
        table
    }

    fn costs(&self) -> Table {
        let mut table = Table::new(
            "### What it takes",
            [
                "objects",
                "what",
                "calls",
                "calls per object",
                "processor time",
                "peak memory",
            ],
        );
        for size in &self.0 {
            for (what, role) in [
                ("lists", Role::Lists),
                ("backup", Role::Backup),
                ("sealed backup", Role::Sealed),
                ("encrypted backup", Role::Encrypted),
                ("create loop", Role::Create),
                ("restore", Role::Restore),
                ("restore without index", Role::RestoreWithoutIndex),
                ("powers of its objects", Role::Powers),
            ] {
                let per_object = |m: &Measured| m.calls as f64 / m.objects as f64;
                table.row([
                    size.objects.to_string(),
                    what.to_owned(),
                    format!("{:.0}", size.median(role, |m| m.calls as f64)),
                    format!("{:.3}", size.median(role, per_object)),
                    format!("{:.2} s", size.median(role, |m| m.cpu_seconds)),
                    format!("{:.1} MiB", size.memory(role)),
                ]);
            }
        }
        table
    }

    fn budgets(&self) -> Vec<Budget> {
        let mut budgets = Vec::new();
        for size in &self.0 {
            let objects = size.objects;
            if objects >= TIMED_FROM {
                let what = format!("backup of {objects}: time against the raw lists, median");
                budgets.push(Budget::at_most(
                    what,
                    size.backup_ratios().median(),
                    1.3,
                    "x",
                ));
                for (what, role, most) in [
                    ("sealed", Role::Sealed, 1.05),
                    ("encrypted", Role::Encrypted, 1.25),
                ] {
                    let time = size.against_plain(role).median();
                    let of =
                        format!("{what} backup of {objects}: time against one that is not, median");
                    budgets.push(Budget::at_most(of, time, most, "x"));
                    let cpu = size.cpu_against_plain(role).median();
                    let of = format!("{what} backup of {objects}: processor time, the same");
                    budgets.push(Budget::at_most(of, cpu, most, "x"));
                }
                let what =
                    format!("restore of {objects}: share of processor time for powers, median");
                let share = size.share_of_powers().median() * 100.0;
                budgets.push(Budget::at_most(what, share, 5.0, " %"));
                let what = format!("restore of {objects}: rate against the bare loop, median");
                budgets.push(Budget::at_least(
                    what,
                    size.restore_ratios().median(),
                    0.9,
                    "x",
                ));
                let what =
                    format!("restore of {objects} without index: time against one with it, median");
                let time = size.without_index().median();
                budgets.push(Budget::at_most(what, time, 1.15, "x"));
            }
            // Pages, the discovery, and the server's version.
            let pages = size.median(Role::Lists, |m| m.calls as f64);
            let allowed = pages + size.discovery_calls as f64 + 1.0;
            let calls = size.median(Role::Backup, |m| m.calls as f64);
            let what = format!("backup of {objects}: calls, one a page besides the discovery");
            budgets.push(Budget::at_most(what, calls, allowed, ""));
            let what = format!("restore of {objects}: calls per object");
            budgets.push(Budget::at_most(what, size.calls_per_object(), 1.2, ""));
            for (what, role) in [("backup", Role::Backup), ("restore", Role::Restore)] {
                let what = format!("{what} of {objects}: peak memory");
                budgets.push(Budget::at_most(what, size.memory(role), 96.0, " MiB"));
            }
        }
        if let (Some(least), Some(most)) = (self.0.first(), self.0.last())
            && least.objects < most.objects
        {
            for (what, role) in [("backup", Role::Backup), ("restore", Role::Restore)] {
                let what = format!(
                    "{what}: peak memory at {} above that at {}",
                    most.objects, least.objects
                );
                let growth = most.memory(role) - least.memory(role);
                budgets.push(Budget::at_most(what, growth, 16.0, " MiB"));
            }
        }
        budgets
    }
}
