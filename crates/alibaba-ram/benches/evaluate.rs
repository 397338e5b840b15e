//! What deciding by the page's policy for one bucket costs on one core, beside the slow and obvious
//! reference that the properties hold the crate to.
//!
//! `cargo bench -p alibaba-ram` prints evaluations for each second of processor time: by the whole policy in
//! turns of every action it names, and of calls it does not allow, which also collect why not. `-- --check`
//! turns a missed budget into exit code 1, `-- --quick` is a trial run.

#![expect(clippy::print_stdout, reason = "that is what a benchmark is for")]

#[path = "../tests/policies/reference.rs"]
#[allow(
    clippy::unwrap_used,
    reason = "it reads documents that were built here"
)]
mod reference;

use std::hint::black_box;
use std::process::ExitCode;

use alibaba_ram::{
    Condition, Context, Operator, PolicyDocument, Request, Statement, ack, evaluate,
};
use measure::process::cpu_time;
use measure::{Budget, Ratios, Report, Table, median};
use serde_json::Value;

/// What one core has to decide in a second, by the page's policy.
const A_SECOND: f64 = 100_000.0;

/// Measurements of each, in turns.
const ROUNDS: usize = 9;

/// Evaluations in one measurement. The reference takes longer, and is given fewer.
const EVALUATIONS: u32 = 100_000;
const OF_REFERENCE: u32 = 2_000;

fn main() -> ExitCode {
    let flag = |name: &str| std::env::args().any(|it| it == name);
    let mut bench = Bench::new(if flag("--quick") { 10 } else { 1 });
    let page = ack::backup_center_in(["mybackups"]);
    let object = "acs:oss:oss-cn-hangzhou:1234567890123456:mybackups/backups/nightly.tar.gz";
    let bucket = "acs:oss:oss-cn-hangzhou:1234567890123456:mybackups";
    let other = "acs:oss:oss-cn-hangzhou:1234567890123456:otherbucket/backups/nightly.tar.gz";

    let resource = |action: &str| match action.split_once(':') {
        Some(("oss", name)) if name.ends_with("Object") => object,
        Some(("oss", _)) => bucket,
        _ => "*",
    };
    let actions = || {
        ack::OSS_ACTIONS
            .iter()
            .chain(&ack::ECS_ACTIONS)
            .chain(&ack::HBR_ACTIONS)
    };
    let allowed: Vec<_> = actions()
        .map(|action| Request::new(*action, resource(action)))
        .collect();
    let refused: Vec<_> = actions()
        .map(|action| Request::new(*action, other))
        .map(|request| {
            if request.action().starts_with("oss:") {
                request
            } else {
                Request::new("ecs:CreateDisk", "*")
            }
        })
        .collect();
    bench.measure("page's policy, allowed", &page, &allowed, true, true);
    bench.measure("page's policy, refused", &page, &refused, false, true);

    let at_home = Condition::new()
        .and(
            Operator::IpAddress,
            "acs:SourceIp",
            ["192.0.2.0/24", "10.0.0.0/8"],
        )
        .and(
            Operator::DateLessThan,
            "acs:CurrentTime",
            "2027-01-01T00:00:00Z",
        );
    let conditional = PolicyDocument::new().statement(
        Statement::allow()
            .action("oss:*")
            .resource("acs:oss:*:*:mybackups/*")
            .condition(at_home),
    );
    let context = Context::new()
        .source_ip([10, 1, 2, 3])
        .with("acs:CurrentTime", "2026-01-15T08:30:00Z");
    let request = Request::new("oss:GetObject", object).context(context);
    // The reference knows no conditions.
    let what = "address and time as conditions";
    bench.measure(what, &conditional, &[request], true, false);
    let report = bench.report();
    print!("{report}");
    ExitCode::from(u8::from(flag("--check") && !report.keeps_budgets()))
}

struct Bench {
    /// By how much measurements are shorter.
    shorter: u32,
    table: Table,
    budgets: Vec<Budget>,
}

impl Bench {
    fn new(shorter: u32) -> Self {
        let columns = [
            "decisions",
            "a second",
            "the reference",
            "times the reference",
            "least to most",
        ];
        Self {
            shorter,
            table: Table::new("", columns),
            budgets: Vec::new(),
        }
    }

    /// Measures both in turns, or ours alone where the reference cannot decide. What the page's policy
    /// decides has a budget.
    fn measure(
        &mut self,
        what: &str,
        policy: &PolicyDocument,
        requests: &[Request],
        allowed: bool,
        beside_reference: bool,
    ) {
        let document: Value = serde_json::to_value(policy).expect("a policy is JSON");
        let documents = [document];
        let resource = |request: &Request| request.resources()[0].arn().to_owned();
        let calls: Vec<_> = requests
            .iter()
            .map(|request| (request.action().to_owned(), resource(request)))
            .collect();
        for (request, (action, resource)) in requests.iter().zip(&calls) {
            assert_eq!(
                evaluate([policy], request).is_allowed(),
                allowed,
                "{action}"
            );
            if beside_reference {
                let verdict = reference::verdict(&documents, action, resource);
                assert_eq!(verdict == "Allow", allowed, "{action} by the reference");
            }
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let decide =
                |request: &Request| drop(black_box(evaluate([black_box(policy)], request)));
            ours.push(rate(EVALUATIONS / self.shorter, requests, decide));
            if beside_reference {
                let decide = |(action, resource): &(String, String)| {
                    black_box(reference::verdict(black_box(&documents), action, resource));
                };
                theirs.push(rate(OF_REFERENCE / self.shorter, &calls, decide));
            }
        }
        let ratios = Ratios::of(&ours, &theirs);
        let beside = |text: String| {
            if beside_reference {
                text
            } else {
                String::new()
            }
        };
        self.table.row([
            what.to_owned(),
            format!("{:.0}", median(&ours)),
            beside(format!("{:.0}", median(&theirs))),
            beside(format!("{:.1}", ratios.median())),
            beside(format!("{:.1} to {:.1}", ratios.least(), ratios.most())),
        ]);
        if beside_reference {
            let what = format!("{what}, median");
            let budget = Budget::at_least(what, median(&ours), A_SECOND, " a second of one core");
            self.budgets.push(budget);
        }
    }

    fn report(self) -> Report {
        let mut report = Report::new("Decisions by policies");
        report.note(format!(
            "Processor time of one thread, {ROUNDS} measurements of each in turns; both decided alike before."
        ));
        report.table(self.table);
        for budget in self.budgets {
            report.budget(budget);
        }
        report
    }
}

/// Decisions for each second of processor time, of so many.
fn rate<T>(count: u32, calls: &[T], decide: impl Fn(&T)) -> f64 {
    let began = cpu_time();
    for call in calls.iter().cycle().take(count as usize) {
        decide(black_box(call));
    }
    f64::from(count) / (cpu_time() - began).as_secs_f64()
}
