//! The rounds, and what comes of them.

use measure::{Budget, Outcome, Ratios, Report, Table, median};
use serde_json::json;

use crate::job::{Job, PAGE, Sample};
use crate::options::Options;
use crate::outside::{Client, Server};

const MIB: f64 = 1024.0 * 1024.0;

/// How much of the Go SDK's processor time a call may take.
const OF_GO: f64 = 0.5;

/// By how many MiB ten times the snapshots may raise the peak of memory.
const RISE: f64 = 4.0;

/// The samples of one client, round by round.
struct Column {
    client: &'static str,
    call: Vec<Sample>,
    list: Vec<Sample>,
    /// A list of a tenth of the snapshots.
    short_list: Vec<Sample>,
}

impl Column {
    fn nanoseconds(samples: &[Sample]) -> Vec<f64> {
        samples.iter().map(|it| it.nanoseconds).collect()
    }

    /// The most of all rounds, in MiB.
    fn peak(samples: &[Sample]) -> f64 {
        let peak = samples.iter().map(|it| it.peak_memory).max();
        peak.unwrap_or_default() as f64 / MIB
    }
}

/// Whether the budgets are kept, or need not be.
pub(crate) fn run(options: &Options) -> Outcome<bool> {
    let (pairs, calls, snapshots) = match options.quick {
        true => (5, 100, 1000),
        false => (options.pairs, options.calls, options.snapshots),
    };
    let mut report = Report::new("OpenAPI calls");
    report.note(format!(
        "{pairs} rounds, clients in turns, each measurement a process of its own against one server: \
         {calls} calls of DescribeSnapshots with {PAGE} rows each, and a list of {snapshots} snapshots \
         by pages of 100. Processor time is the client's."
    ));
    let mut clients = vec![("ours", Client::ours()?)];
    match Client::go() {
        Ok(go) => clients.push(("go", go)),
        Err(error) => report.note(format!("Left out: go ({error}).")),
    }
    let whole = Server::start(snapshots)?;
    let tenth = Server::start(snapshots / 10)?;
    let mut columns: Vec<_> = clients.iter().map(|(client, _)| column(client)).collect();
    for round in 0..pairs {
        for place in 0..clients.len() {
            let at = (round + place) % clients.len();
            let (client, column) = (&clients[at].1, &mut columns[at]);
            let run = |server: &Server, job, times, expected| {
                let sample = client.run(&server.endpoint, job, times)?;
                if sample.snapshots != expected {
                    return Err(format!("{job} read {} snapshots", sample.snapshots).into());
                }
                Outcome::Ok(sample)
            };
            let rows = calls * u64::from(PAGE);
            column.call.push(run(&whole, Job::Call, calls, rows)?);
            column.list.push(run(&whole, Job::List, 1, snapshots)?);
            let short = run(&tenth, Job::List, 1, snapshots / 10)?;
            column.short_list.push(short);
        }
    }
    report.table(table(&columns));
    let ours = &columns[0];
    if let Some(go) = columns.get(1) {
        let ratios = ratios(ours, go);
        let what = "call: processor time against the Go SDK, median ratio";
        report.budget(Budget::at_most(what, ratios.median(), OF_GO, "x"));
    }
    let rise = Column::peak(&ours.list) - Column::peak(&ours.short_list);
    let what = format!("list: peak memory of {snapshots} above {}", snapshots / 10);
    report.budget(Budget::at_most(what, rise.max(0.0), RISE, " MiB"));
    let of = |it: &Column| json!({"call": it.call, "list": it.list, "short_list": it.short_list});
    let all = columns.iter().map(|it| (it.client.to_owned(), of(it)));
    report.measurements(serde_json::Map::from_iter(all).into());
    report.finish(&options.out, options.check)
}

fn column(client: &'static str) -> Column {
    Column {
        client,
        call: Vec::new(),
        list: Vec::new(),
        short_list: Vec::new(),
    }
}

/// Of the processor time of calls, `one` over `other`.
fn ratios(one: &Column, other: &Column) -> Ratios {
    Ratios::of(
        &Column::nanoseconds(&one.call),
        &Column::nanoseconds(&other.call),
    )
}

fn table(columns: &[Column]) -> Table {
    let names = [
        "client",
        "µs a call",
        "times ours",
        "least to most",
        "ms a list",
        "peak of the list, MiB",
        "of a tenth of it, MiB",
    ];
    let mut table = Table::new("", names);
    for it in columns {
        let ratios = ratios(it, &columns[0]);
        table.row([
            it.client.to_owned(),
            format!("{:.0}", median(&Column::nanoseconds(&it.call)) / 1e3),
            format!("{:.2}", ratios.median()),
            format!("{:.2} to {:.2}", ratios.least(), ratios.most()),
            format!("{:.0}", median(&Column::nanoseconds(&it.list)) / 1e6),
            format!("{:.1}", Column::peak(&it.list)),
            format!("{:.1}", Column::peak(&it.short_list)),
        ]);
    }
    table
}
