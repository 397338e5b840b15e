//! What deciding by the page's policy for one bucket costs on one core.
//!
//! `cargo bench -p alibaba-ram` prints evaluations a second: of the whole policy in turns of every
//! action it names, and of calls it does not allow, which also collect why not.

#![expect(clippy::print_stdout, reason = "that is what a benchmark is for")]

use std::hint::black_box;
use std::time::Instant;

use alibaba_ram::{
    Condition, Context, Operator, PolicyDocument, Request, Statement, ack, evaluate,
};

const ROUNDS: usize = 7;
const EVALUATIONS: usize = 200_000;

fn main() {
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
    measure("page's policy, allowed", &page, &allowed, true);
    measure("page's policy, refused", &page, &refused, false);

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
    measure(
        "address and time as conditions",
        &conditional,
        &[request],
        true,
    );
}

fn measure(what: &str, policy: &PolicyDocument, requests: &[Request], allowed: bool) {
    for request in requests {
        assert_eq!(
            evaluate([policy], request).is_allowed(),
            allowed,
            "{}",
            request.action()
        );
    }
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for request in requests.iter().cycle().take(EVALUATIONS) {
                black_box(evaluate([black_box(policy)], black_box(request)));
            }
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let count = EVALUATIONS as f64;
            count / start.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    println!(
        "{what}: {:.0} evaluations a second (median of {ROUNDS})",
        rates[ROUNDS / 2]
    );
}
