//! What is to be done about a plan now.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kube_backup_engine::schedule::{
    Action, Decision, RunCause, ScheduleSpec, ScheduleStatus, WhyPassedOver, backup_name, decide,
};
use proptest::prelude::*;

use super::at;

/// A plan, and a controller that acts on it.
struct Plan {
    spec: ScheduleSpec,
    status: ScheduleStatus,
    running: bool,
    made: Vec<DateTime<Utc>>,
}

impl Plan {
    fn new(schedule: &str, created: &str) -> Self {
        Self {
            spec: ScheduleSpec::new(schedule),
            status: ScheduleStatus::since(at(created)),
            running: false,
            made: Vec::new(),
        }
    }

    fn look(&self, now: DateTime<Utc>) -> Decision {
        decide(
            &self.spec.check().unwrap(),
            &self.spec,
            &self.status,
            self.running,
            now,
        )
    }

    fn act(&mut self, now: &str) -> Decision {
        self.act_at(at(now))
    }

    fn act_at(&mut self, now: DateTime<Utc>) -> Decision {
        let decision = self.look(now);
        if let Action::Run(run) = decision.action {
            self.made.push(run.slot);
        }
        self.status = decision.status.clone();
        decision
    }
}

#[test]
fn a_plan_runs_at_its_slots_and_not_when_it_is_made() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    let first = plan.act("2026-03-01T00:10");
    assert_eq!(first.action, Action::Wait);
    assert_eq!(
        (first.wake_at, first.next_run),
        (Some(at("2026-03-01T03:00")), Some(at("2026-03-01T03:00")))
    );
    assert!(
        matches!(plan.act("2026-03-01T03:00").action, Action::Run(run) if run.cause == RunCause::Scheduled)
    );
    assert_eq!(plan.act("2026-03-01T03:00").action, Action::Wait);
    plan.act("2026-03-02T03:01");
    assert_eq!(plan.made, [at("2026-03-01T03:00"), at("2026-03-02T03:00")]);
}

#[test]
fn intervals_count_from_the_slot_and_not_from_the_end_of_its_backup() {
    let mut plan = Plan::new("6h30m", "2026-03-01T00:10");
    plan.act("2026-03-01T06:45");
    plan.act("2026-03-01T13:20");
    plan.act("2026-03-02T02:00");
    assert_eq!(
        plan.made,
        ["2026-03-01T06:40", "2026-03-01T13:10", "2026-03-01T19:40"].map(at)
    );
}

#[test]
fn missed_runs_do_not_pile_up() {
    let mut plan = Plan::new("0 * * * *", "2026-03-01T00:10");
    plan.act("2026-03-01T01:00");
    let decision = plan.act("2026-03-10T12:34");
    assert_eq!(plan.made, ["2026-03-01T01:00", "2026-03-10T12:00"].map(at));
    let [passed] = &decision.passed_over[..] else {
        panic!("{decision:?}")
    };
    assert_eq!(
        (passed.slot, passed.slots, passed.why),
        (at("2026-03-10T11:00"), 100, WhyPassedOver::Superseded)
    );
    assert_eq!(plan.act("2026-03-10T12:35").action, Action::Wait);
    // Ten years of minutes are no work.
    let mut plan = Plan::new("* * * * *", "2016-03-01T00:10");
    plan.act("2026-03-01T00:10");
    assert_eq!(plan.made, [at("2026-03-01T00:10")]);
}

#[test]
fn whoever_wants_no_late_run_has_none() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.spec.starting_deadline = Some(Duration::from_secs(600));
    let decision = plan.act("2026-03-05T03:11");
    assert_eq!(decision.action, Action::Wait);
    let [passed] = &decision.passed_over[..] else {
        panic!("{decision:?}")
    };
    assert_eq!(
        (passed.slot, passed.slots, passed.why),
        (at("2026-03-05T03:00"), 5, WhyPassedOver::TooLate)
    );
    plan.act("2026-03-06T03:10");
    assert_eq!(plan.made, [at("2026-03-06T03:00")]);
}

#[test]
fn a_run_waits_for_the_one_before_it() {
    let mut plan = Plan::new("0 * * * *", "2026-03-01T00:10");
    plan.act("2026-03-01T01:00");
    plan.running = true;
    let blocked = plan.act("2026-03-01T02:00");
    assert!(
        matches!(blocked.action, Action::Blocked(run) if run.slot == at("2026-03-01T02:00")),
        "{blocked:?}"
    );
    plan.act("2026-03-01T03:20");
    plan.running = false;
    // The slot at two is superseded by that at three.
    let decision = plan.act("2026-03-01T03:40");
    assert_eq!(plan.made, ["2026-03-01T01:00", "2026-03-01T03:00"].map(at));
    assert_eq!(decision.passed_over.len(), 1);
    // With a deadline, one that waits too long is not run.
    plan.spec.starting_deadline = Some(Duration::from_secs(600));
    plan.running = true;
    let blocked = plan.act("2026-03-01T04:00");
    assert!(blocked.wake_at.unwrap() > at("2026-03-01T04:10"));
    assert!(blocked.wake_at.unwrap() < at("2026-03-01T04:11"));
    let late = plan.act_at(blocked.wake_at.unwrap());
    assert_eq!(
        (late.action, late.passed_over[0].why),
        (Action::Wait, WhyPassedOver::TooLate)
    );
}

#[test]
fn a_paused_plan_makes_up_for_nothing() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.spec.paused = true;
    let paused = plan.act("2026-03-01T03:00");
    assert_eq!((&paused.action, paused.next_run), (&Action::Wait, None));
    assert_eq!(paused.passed_over[0].why, WhyPassedOver::Paused);
    assert_eq!(paused.wake_at, Some(at("2026-03-02T03:00")));
    plan.spec.paused = false;
    assert_eq!(plan.act("2026-03-01T03:10").action, Action::Wait);
    plan.act("2026-03-02T03:00");
    assert_eq!(plan.made, [at("2026-03-02T03:00")]);
}

#[test]
fn one_run_is_skipped() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.spec.skip = Some(at("2026-03-01T20:00"));
    let first = plan.act("2026-03-01T03:00");
    assert_eq!(first.next_run, Some(at("2026-03-03T03:00")));
    let skipped = plan.act("2026-03-02T03:00");
    assert_eq!(
        (skipped.action, skipped.passed_over[0].why),
        (Action::Wait, WhyPassedOver::Skipped)
    );
    plan.act("2026-03-03T03:00");
    assert_eq!(plan.made, ["2026-03-01T03:00", "2026-03-03T03:00"].map(at));
}

#[test]
fn one_run_more_is_made_when_it_is_asked_for() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.act("2026-03-01T03:00");
    plan.spec.run_at = Some(at("2026-03-01T09:00"));
    let early = plan.act("2026-03-01T08:00");
    assert_eq!(
        (early.action, early.wake_at),
        (Action::Wait, Some(at("2026-03-01T09:00")))
    );
    plan.running = true;
    assert!(matches!(
        plan.act("2026-03-01T09:00").action,
        Action::Blocked(_)
    ));
    plan.running = false;
    // Paused or not.
    plan.spec.paused = true;
    let decision = plan.act("2026-03-01T09:05");
    assert!(matches!(decision.action, Action::Run(run) if run.cause == RunCause::Requested));
    assert_eq!(plan.act("2026-03-01T09:06").action, Action::Wait);
    plan.spec.paused = false;
    plan.act("2026-03-02T03:00");
    assert_eq!(
        plan.made,
        ["2026-03-01T03:00", "2026-03-01T09:00", "2026-03-02T03:00"].map(at)
    );
    // What was asked of a former plan of that name, in a repository of manifests, is not done again.
    let mut plan = Plan::new("0 3 * * *", "2026-04-01T00:10");
    plan.spec.run_at = Some(at("2026-03-01T09:00"));
    assert_eq!(plan.act("2026-04-01T00:10").action, Action::Wait);
    // Who asks for a run at once writes down the time first, and makes the plan after that.
    let mut soon = Plan::new("0 3 * * *", "2026-04-01T00:10");
    soon.spec.run_at = Some(at("2026-04-01T00:09"));
    soon.act("2026-04-01T00:10");
    soon.act("2026-04-01T00:11");
    assert_eq!(soon.made, [at("2026-04-01T00:09")]);
    // A slot that is due as well is one run with it.
    plan.spec.run_at = Some(at("2026-04-01T03:00"));
    plan.act("2026-04-01T03:00");
    plan.act("2026-04-01T03:01");
    assert_eq!(plan.made, [at("2026-04-01T03:00")]);
}

#[test]
fn an_edited_schedule_does_not_run_for_what_it_would_have_had() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.act("2026-03-01T03:00");
    plan.spec.schedule = "0 1 * * *".into();
    let decision = plan.act("2026-03-02T02:00");
    assert_eq!(
        (decision.action, decision.next_run),
        (Action::Wait, Some(at("2026-03-03T01:00")))
    );
    plan.spec.time_zone = Some("Asia/Shanghai".into());
    let decision = plan.act("2026-03-02T18:00");
    assert_eq!(
        (decision.action, decision.next_run),
        (Action::Wait, Some(at("2026-03-03T17:00")))
    );
    plan.spec = ScheduleSpec::new("1h");
    assert_eq!(plan.act("2026-03-02T18:30").action, Action::Wait);
    assert_eq!(
        plan.act("2026-03-02T19:00").next_run,
        Some(at("2026-03-02T20:00"))
    );
}

#[test]
fn a_clock_that_was_wrong_silences_no_plan() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.act("2027-03-01T05:00");
    assert_eq!(plan.made, [at("2027-03-01T03:00")]);
    // What was due meanwhile in truth is run, and what comes then.
    let decision = plan.act("2026-03-01T05:00");
    assert!(decision.clock_went_back);
    assert_eq!(decision.next_run, Some(at("2026-03-02T03:00")));
    assert!(!plan.act("2026-03-02T03:00").clock_went_back);
    assert_eq!(
        plan.made[1..],
        ["2026-03-01T03:00", "2026-03-02T03:00"].map(at)
    );
    // A few seconds are skew, and no reason for a second run.
    let before = at("2026-03-02T03:00") - TimeDelta::seconds(20);
    assert_eq!(plan.act_at(before).action, Action::Wait);
    plan.act("2026-03-02T03:00");
    assert_eq!(plan.made.len(), 3);
}

#[test]
fn specifications_and_what_is_remembered_survive_as_json() {
    let mut plan = Plan::new("0 3 * * *", "2026-03-01T00:10");
    plan.spec.starting_deadline = Some(Duration::from_secs(600));
    plan.act("2026-03-01T03:00");
    let spec = serde_json::to_value(&plan.spec).unwrap();
    assert_eq!(
        spec,
        serde_json::json!({"schedule": "0 3 * * *", "paused": false, "startingDeadline": "10m0s"})
    );
    assert_eq!(
        serde_json::from_value::<ScheduleSpec>(spec).unwrap(),
        plan.spec
    );
    let status = serde_json::to_value(&plan.status).unwrap();
    assert_eq!(
        serde_json::from_value::<ScheduleStatus>(status).unwrap(),
        plan.status
    );
}

#[derive(Debug, Clone)]
enum Step {
    Pass(i64),
    Running(bool),
    Paused(bool),
    /// The controller dies after it made the backup, and before it noted that.
    Crash,
    RunNow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..40_000_i64).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Running),
        1 => any::<bool>().prop_map(Step::Paused),
        2 => Just(Step::Crash),
        1 => Just(Step::RunNow),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// Two controllers, crashes and pauses: no slot is run twice, none that is not of the schedule, and none
    /// while another runs.
    #[test]
    fn no_slot_is_run_twice_whoever_decides(
        steps in steps(), schedule in prop::sample::select(vec!["0 */2 * * *", "90m", "15 3 * * *", "*/10 * * * *"]),
    ) {
        let mut plan = Plan::new(schedule, "2026-03-01T00:07");
        let mut now = at("2026-03-01T00:07");
        let mut names = BTreeSet::new();
        let parsed = plan.spec.check().unwrap();
        for step in steps {
            let mut crash = false;
            match step {
                Step::Pass(seconds) => now += TimeDelta::seconds(seconds),
                Step::Running(running) => plan.running = running,
                Step::Paused(paused) => plan.spec.paused = paused,
                Step::RunNow => plan.spec.run_at = Some(now),
                Step::Crash => crash = true,
            }
            let decision = plan.look(now);
            // Both see the same, and so do those who look again.
            prop_assert_eq!(&plan.look(now), &decision);
            prop_assert!(decision.wake_at.is_none_or(|wake| wake > now));
            if let Action::Run(run) = decision.action {
                prop_assert!(!plan.running);
                prop_assert!(run.slot <= now);
                if run.cause == RunCause::Scheduled {
                    prop_assert!(!plan.spec.paused);
                    let before = run.slot - TimeDelta::seconds(1);
                    let anchor = plan.status.last_slot.or(plan.status.created).unwrap();
                    prop_assert_eq!(parsed.runs_after(anchor, before).next(), Some(run.slot));
                    prop_assert!(parsed.runs_after(anchor, run.slot).next().is_none_or(|next| next > now));
                }
                let name = backup_name("plan", run.slot).unwrap();
                if crash {
                    // Nothing was noted: it is decided again, by the same name.
                    names.insert(name.clone());
                    let Action::Run(again) = plan.look(now).action else { panic!() };
                    prop_assert_eq!(backup_name("plan", again.slot).unwrap(), name);
                } else {
                    prop_assert!(plan.made.last().is_none_or(|last| *last < run.slot));
                    plan.made.push(run.slot);
                }
            }
            if !crash {
                plan.status = decision.status;
            }
        }
    }
}
