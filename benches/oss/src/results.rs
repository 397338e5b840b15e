//! What was measured, as tables and budgets.

use std::collections::BTreeMap;

use measure::{Budget, Ratios, Report, Table, median};
use serde::{Deserialize, Serialize};

use crate::job::Job;
use crate::setup::Setup;

const MIB: f64 = (1 << 20) as f64;

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

/// The measurements of one client at one job.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Column {
    /// With the number of the round: not every client takes part in each.
    pub(crate) samples: Vec<(usize, Sample)>,
    pub(crate) peak_memory: u64,
    /// What one measurement asks of the server.
    pub(crate) requests: BTreeMap<String, u64>,
}

impl Column {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let values: Vec<f64> = self.samples.iter().map(|(_, sample)| of(sample)).collect();
        median(&values)
    }

    /// `other` over `self`, round by round.
    fn ratios(&self, other: &Self, of: impl Fn(&Sample) -> f64) -> Ratios {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for (round, sample) in &other.samples {
            if let Some((_, own)) = self.samples.iter().find(|(own, _)| own == round) {
                theirs.push(of(sample));
                ours.push(of(own));
            }
        }
        Ratios::of(&theirs, &ours)
    }
}

/// All measurements.
pub(crate) struct Results {
    setup: Setup,
    jobs: BTreeMap<Job, Vec<(&'static str, Column)>>,
}

impl Results {
    pub(crate) fn new(setup: Setup) -> Self {
        Self {
            setup,
            jobs: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, job: Job, client: &'static str, column: Column) {
        self.jobs.entry(job).or_default().push((client, column));
    }

    /// Ours at a job, and a peer.
    fn pair(&self, job: Job, peer: &str) -> Option<(&Column, &Column)> {
        let columns = self.jobs.get(&job)?;
        let of = |name: &str| {
            let found = columns.iter().find(|(client, _)| *client == name);
            found.map(|(_, column)| column)
        };
        Some((of("ours")?, of(peer)?))
    }

    pub(crate) fn report(&self, report: &mut Report, pairs: usize) {
        report.note(format!(
            "{pairs} rounds, in each of which every client does the job once (Python in one of {}), \
             there and back. One server process, which knows the true CRC-64 of what comes \
             beforehand; server and clients share the processors. Each client at each job is a \
             process of its own.",
            Job::PYTHON_SELDOM
        ));
        report.table(self.speeds());
        report.table(self.ratios());
        for budget in self.budgets() {
            report.budget(budget);
        }
        let measurements: BTreeMap<String, BTreeMap<&str, &Column>> = self
            .jobs
            .iter()
            .map(|(job, columns)| {
                let columns = columns.iter().map(|(name, column)| (*name, column));
                (job.word(), columns.collect())
            })
            .collect();
        report.measurements(serde_json::json!({
            "sizes": {
                "large": self.setup.large, "part": self.setup.part,
                "concurrency": self.setup.concurrency, "at_once": self.setup.at_once,
                "small_count": self.setup.small_count, "many_count": self.setup.many_count,
                "listed": self.setup.listed, "deleted": self.setup.deleted,
            },
            "jobs": measurements,
        }));
    }

    fn speeds(&self) -> Table {
        let mut table = Table::new(
            "### Each client (medians)",
            [
                "job",
                "client",
                "rate",
                "processor time",
                "peak memory",
                "requests",
            ],
        );
        for (job, columns) in &self.jobs {
            let (amount, unit) = job.amount(&self.setup);
            for (name, column) in columns {
                let requests: Vec<String> = column
                    .requests
                    .iter()
                    .map(|(operation, count)| format!("{count} {operation}"))
                    .collect();
                table.row([
                    job.describe(&self.setup),
                    (*name).to_owned(),
                    unit.rate(amount, column.median(|sample| sample.seconds)),
                    unit.cost(amount, column.median(|sample| sample.cpu_seconds)),
                    format!("{:.1} MiB", column.peak_memory as f64 / MIB),
                    requests.join(", "),
                ]);
            }
        }
        table
    }

    fn ratios(&self) -> Table {
        let mut table = Table::new(
            "### Ours against each (speed: more is better; processor time: less is better)",
            [
                "job",
                "against",
                "speed, median",
                "95 % bounds",
                "processor time",
                "pairs",
            ],
        );
        for (job, columns) in &self.jobs {
            for (peer, _) in columns.iter().filter(|(name, _)| *name != "ours") {
                let Some((ours, theirs)) = self.pair(*job, peer) else {
                    continue;
                };
                let speed = ours.ratios(theirs, |sample| sample.seconds);
                let cpu = theirs.ratios(ours, |sample| sample.cpu_seconds);
                let bound = |bound: Option<f64>| {
                    bound.map_or_else(|| "?".to_owned(), |bound| format!("{bound:.2}"))
                };
                table.row([
                    job.describe(&self.setup),
                    (*peer).to_owned(),
                    format!("{:.2}x", speed.median()),
                    format!(
                        "{} - {}",
                        bound(speed.lower_bound()),
                        bound(speed.upper_bound())
                    ),
                    format!("{:.2}x", cpu.median()),
                    speed.pairs().to_string(),
                ]);
            }
        }
        table
    }

    /// What is promised, of the jobs that were done.
    fn budgets(&self) -> Vec<Budget> {
        let mut budgets = Vec::new();
        for job in [Job::Put, Job::Multipart, Job::Get] {
            let what = job.describe(&self.setup);
            for (peer, with, least) in [
                ("limit", "the bare loop", 0.9),
                ("opendal-crc", "opendal with CRC-64", 1.0),
                ("opendal", "opendal without CRC-64", 0.9),
            ] {
                if let Some((ours, theirs)) = self.pair(job, peer) {
                    let speed = ours.ratios(theirs, |sample| sample.seconds);
                    let what = format!("{what}: speed against {with}, median");
                    budgets.push(Budget::at_least(what, speed.median(), least, "x"));
                }
            }
            if let Some((ours, theirs)) = self.pair(job, "opendal") {
                let cpu = theirs.ratios(ours, |sample| sample.cpu_seconds);
                let what = format!("{what}: processor time against opendal without CRC-64, median");
                budgets.push(Budget::at_most(what, cpu.median(), 1.15, "x"));
            }
            // Its plain get checks no CRC-64.
            if let Some((ours, theirs)) = self.pair(job, "go").filter(|_| job != Job::Get) {
                let speed = ours.ratios(theirs, |sample| sample.seconds);
                let what = format!("{what}: speed against the Go SDK, both with CRC-64, median");
                budgets.push(Budget::at_least(what, speed.median(), 3.0, "x"));
            }
            let ours = self
                .jobs
                .get(&job)
                .into_iter()
                .flatten()
                .find(|(name, _)| *name == "ours");
            if let Some((_, ours)) = ours {
                let concurrency = if job == Job::Multipart {
                    self.setup.concurrency
                } else {
                    1
                };
                let part = self.setup.part as f64 / MIB;
                budgets.push(Budget::at_most(
                    format!(
                        "{what}: peak memory of the process, part size x (concurrency + 1) + 8"
                    ),
                    ours.peak_memory as f64 / MIB,
                    part * (concurrency as f64 + 1.0) + 8.0,
                    " MiB",
                ));
            }
        }
        for (job, most) in [(Job::SmallPut, 0.55), (Job::SmallGet, 0.6)] {
            if let Some((ours, theirs)) = self.pair(job, "opendal") {
                let cpu = theirs.ratios(ours, |sample| sample.cpu_seconds);
                let what = format!(
                    "{}: processor time against opendal, median",
                    job.describe(&self.setup)
                );
                budgets.push(Budget::at_most(what, cpu.median(), most, "x"));
            }
        }
        for job in [Job::ManyPut, Job::ManyGet] {
            if let Some((ours, theirs)) = self.pair(job, "opendal") {
                let speed = ours.ratios(theirs, |sample| sample.seconds);
                let what = format!(
                    "{}: rate against opendal, median",
                    job.describe(&self.setup)
                );
                budgets.push(Budget::at_least(what, speed.median(), 1.5, "x"));
            }
        }
        budgets
    }
}
