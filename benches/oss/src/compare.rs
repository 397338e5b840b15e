//! The comparison itself: rounds in which every client does the same job, one after the other.

use std::collections::BTreeMap;
use std::process::Command;

use measure::{Outcome, Report};

use crate::child::Asked;
use crate::job::Job;
use crate::options::{Options, Peer};
use crate::outside::Program;
use crate::results::{Column, Results, Sample};
use crate::setup::Setup;

/// A client that takes part.
struct Participant {
    name: &'static str,
    program: Program,
    /// It takes part in one round of so many.
    seldom: usize,
}

/// The processes that serve all clients.
struct Hosts {
    setup: Setup,
    server: Asked,
    filler: Asked,
}

/// Compares, and says whether nothing that was to be checked failed.
pub(crate) fn run(options: &Options) -> Outcome<bool> {
    let mut report = Report::new("alibaba-oss beside other clients");
    let pairs = options.pairs.unwrap_or(if options.quick { 5 } else { 20 });
    let jobs: Vec<Job> = Job::ALL
        .into_iter()
        .filter(|job| options.only.is_empty() || options.only.contains(job))
        .collect();
    let participants = participants(&options.peers, &mut report);
    let mut hosts = Hosts::start(Setup::new(options.quick, options.large))?;
    prepare(&mut hosts, &jobs)?;
    let mut results = Results::new(hosts.setup.clone());
    for job in jobs {
        eprintln!("{} ...", job.describe(&hosts.setup));
        for (client, column) in measure(&mut hosts, job, &participants, pairs)? {
            results.add(job, client, column);
        }
    }
    results.report(&mut report, pairs);
    report.finish(&options.out, options.check)
}

fn participants(wanted: &[Peer], report: &mut Report) -> Vec<Participant> {
    let mut participants = vec![Participant {
        name: "ours",
        program: Program::Ourselves("ours"),
        seldom: 1,
    }];
    for (peer, name, seldom) in [
        (Peer::Limit, "limit", 1),
        (Peer::Opendal, "opendal", 1),
        (Peer::OpendalCrc, "opendal-crc", 1),
        (Peer::Go, "go", 1),
        (Peer::Python, "python", Job::PYTHON_SELDOM),
    ] {
        if !wanted.is_empty() && !wanted.contains(&peer) {
            continue;
        }
        match Program::of(peer) {
            Ok(program) => participants.push(Participant {
                name,
                program,
                seldom,
            }),
            Err(why) => {
                eprintln!("{name} is left out: {why}");
                report.note(format!("Left out, because not available there: {name}."));
            }
        }
    }
    participants
}

impl Hosts {
    fn start(mut setup: Setup) -> Outcome<Self> {
        let server = Asked::ourselves(&["serve"], &setup)?;
        setup.endpoint.clone_from(&server.greeting);
        let filler = Asked::ourselves(&["fill"], &setup)?;
        Ok(Self {
            setup,
            server,
            filler,
        })
    }

    fn fill(&mut self, prefix: &str, count: u64) -> Outcome<()> {
        let _: u64 = self.filler.ask(&format!("{prefix} {count}"))?;
        self.requests().map(drop)
    }

    /// What was asked of the server since the last question.
    fn requests(&mut self) -> Outcome<BTreeMap<String, u64>> {
        self.server.ask("requests")
    }
}

/// Stores what is read and listed.
fn prepare(hosts: &mut Hosts, jobs: &[Job]) -> Outcome<()> {
    let wants = |wanted: &[Job]| jobs.iter().any(|job| wanted.contains(job));
    if wants(&[Job::Get]) {
        let mut put = Asked::ourselves(&["client", "ours", "put"], &hosts.setup)?;
        let _: Sample = put.ask("go")?;
    }
    if wants(&[Job::SmallGet, Job::ManyGet]) {
        // Its number is part of the key, and there is one.
        hosts.fill("small/", 1)?;
    }
    if wants(&[Job::List]) {
        hosts.fill("listed/", hosts.setup.listed)?;
    }
    hosts.requests().map(drop)
}

/// Measures a job: each client in a process of its own, which lives through all rounds.
fn measure(
    hosts: &mut Hosts,
    job: Job,
    participants: &[Participant],
    pairs: usize,
) -> Outcome<Vec<(&'static str, Column)>> {
    let mut running = Vec::new();
    let takes_part = |name: &str| match name {
        "limit" => job.has_limit(),
        "opendal-crc" => job.has_bodies(),
        _ => true,
    };
    for participant in participants.iter().filter(|it| takes_part(it.name)) {
        running.push((participant, start(participant, job, &hosts.setup)?));
    }
    let mut columns: Vec<Column> = Vec::new();
    // Connections, caches and lazy statics first; nothing of it counts but the requests.
    for (participant, client) in &mut running {
        once(hosts, job, participant, client)?;
        columns.push(Column {
            requests: hosts.requests()?,
            ..Column::default()
        });
    }
    for round in 0..pairs {
        // Every other round goes backwards, so that what drifts favours nobody.
        let mut order: Vec<usize> = (0..running.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let (participant, client) = &mut running[at];
            if round % participant.seldom == 0 {
                let sample = once(hosts, job, participant, client)?;
                columns[at].samples.push((round, sample));
                hosts.requests()?;
            }
        }
    }
    for ((participant, client), column) in running.iter().zip(&mut columns) {
        column.peak_memory = client.peak_memory()?;
        if job == Job::Multipart {
            column.peak_memory = memory_of_streams(hosts, participant)?;
        }
    }
    let names = running.iter().map(|(participant, _)| participant.name);
    Ok(names.zip(columns).collect())
}

fn once(
    hosts: &mut Hosts,
    job: Job,
    participant: &Participant,
    client: &mut Asked,
) -> Outcome<Sample> {
    if job == Job::Delete {
        let prefix = format!("deleted/{}/", participant.name);
        hosts.fill(&prefix, hosts.setup.deleted)?;
    }
    client.ask("go")
}

/// The memory of an upload whose frames are not all the same memory.
fn memory_of_streams(hosts: &mut Hosts, participant: &Participant) -> Outcome<u64> {
    let setup = Setup {
        fresh_frames: true,
        ..hosts.setup.clone()
    };
    let mut client = start(participant, Job::Multipart, &setup)?;
    let _: Sample = client.ask("go")?;
    hosts.requests()?;
    client.peak_memory()
}

fn start(participant: &Participant, job: Job, setup: &Setup) -> Outcome<Asked> {
    match &participant.program {
        Program::Ourselves(name) => Asked::ourselves(&["client", name, &job.word()], setup),
        Program::Other { program, arguments } => {
            let mut command = Command::new(program);
            command.args(arguments).arg(job.word());
            Asked::start(participant.name, command, setup)
        }
    }
}
