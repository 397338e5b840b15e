//! What is to be done about a plan now.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::Serialize;

use super::{Schedule, ScheduleSpec, ScheduleStatus};

/// How far the clock may go back before what it said is not believed any more.
const SKEW: TimeDelta = TimeDelta::hours(1);
/// How many missed slots are counted.
const MAX_COUNTED: usize = 100;

/// What is to be done about a plan, and what is to be remembered once it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// What is to be done.
    pub action: Action,
    /// Slots that are not run, and why; for events and logs.
    pub passed_over: Vec<PassedOver>,
    /// Whether the clock went back behind what was decided before, so that the slots of the future are not believed.
    pub clock_went_back: bool,
    /// The next slot that will be run, as it looks; `None` while paused.
    pub next_run: Option<DateTime<Utc>>,
    /// When to decide again, if nothing changes before.
    pub wake_at: Option<DateTime<Utc>>,
    /// To be kept after the backup was made, and not before.
    pub status: ScheduleStatus,
}

/// What is to be done about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing before [`Decision::wake_at`].
    Wait,
    /// A run is due, and the one before it has not ended: it begins once that has, unless a later slot or the
    /// starting deadline comes first.
    Blocked(Run),
    /// Make this backup.
    Run(Run),
}

/// A backup that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// The slot, which [names](super::backup_name) the backup.
    pub slot: DateTime<Utc>,
    /// Why it is run.
    pub cause: RunCause,
}

/// Why a backup is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum RunCause {
    /// The schedule says so.
    Scheduled,
    /// [`ScheduleSpec::run_at`] says so.
    Requested,
}

/// Slots that are not run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// The last of them.
    pub slot: DateTime<Utc>,
    /// How many there are; a hundred stands for more, too.
    pub slots: usize,
    /// Why.
    pub why: WhyPassedOver,
}

/// Why slots are not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum WhyPassedOver {
    /// The plan is paused.
    Paused,
    /// [`ScheduleSpec::skip`] says so.
    Skipped,
    /// They were missed, and a later one is run, or was asked for: missed runs do not pile up.
    Superseded,
    /// [`ScheduleSpec::starting_deadline`] has passed.
    TooLate,
}

/// Decides what is to be done about a plan now. `is_running` says whether any backup of the plan has not ended yet,
/// whatever it waits for.
///
/// The same input gives the same answer, so it may be asked any number of times, and by two controllers at once:
/// the backup that is to be made has a name that follows from the slot.
#[must_use]
pub fn decide(
    schedule: &Schedule,
    spec: &ScheduleSpec,
    status: &ScheduleStatus,
    is_running: bool,
    now: DateTime<Utc>,
) -> Decision {
    let mut plan = Plan::new(schedule, spec, status, now);
    let due = plan.due();
    let requested = plan.requested();
    let run = match (due, requested) {
        (None, None) => None,
        // One backup does for both.
        (Some(slot), Some(at)) if slot >= at => Some(Run {
            slot,
            cause: RunCause::Scheduled,
        }),
        (_, Some(slot)) => Some(Run {
            slot,
            cause: RunCause::Requested,
        }),
        (Some(slot), None) => Some(Run {
            slot,
            cause: RunCause::Scheduled,
        }),
    };
    let action = match run {
        None => Action::Wait,
        Some(run) if is_running => Action::Blocked(run),
        Some(run) => {
            if let Some(slot) = due {
                plan.deal_with(slot, run.slot);
            }
            plan.status.last_run = Some(run.slot);
            plan.status.last_requested = requested.or(plan.status.last_requested);
            Action::Run(run)
        }
    };
    plan.decide(action, due)
}

struct Plan<'a> {
    schedule: &'a Schedule,
    spec: &'a ScheduleSpec,
    status: ScheduleStatus,
    now: DateTime<Utc>,
    /// From where slots are counted.
    anchor: DateTime<Utc>,
    /// Slots after this are due.
    after: DateTime<Utc>,
    clock_went_back: bool,
    passed_over: Vec<PassedOver>,
}

impl<'a> Plan<'a> {
    fn new(
        schedule: &'a Schedule,
        spec: &'a ScheduleSpec,
        status: &ScheduleStatus,
        now: DateTime<Utc>,
    ) -> Self {
        let mut status = status.clone();
        let this_second = now.trunc_subsecs(0);
        let created = *status.created.get_or_insert(this_second);
        let observed = schedule.to_string();
        let is_another = status
            .observed_schedule
            .as_ref()
            .is_some_and(|former| *former != observed);
        // A schedule that was edited does not run for the slots that it would have had.
        if is_another || status.since.is_none() {
            status.since = Some(this_second);
        }
        status.observed_schedule = Some(observed);
        // A clock that was far ahead for a while must not silence the plan until that time comes.
        let believed = |time: &DateTime<Utc>| *time <= now + SKEW;
        let clock_went_back = status.last_slot.is_some_and(|slot| !believed(&slot))
            || status.since.is_some_and(|since| !believed(&since));
        status.last_slot = status.last_slot.filter(believed);
        status.since = status.since.filter(believed).or(Some(this_second));
        let after = status.since.max(status.last_slot).unwrap_or(this_second);
        Self {
            anchor: status.last_slot.unwrap_or(created),
            schedule,
            spec,
            status,
            now,
            after,
            clock_went_back,
            passed_over: Vec::new(),
        }
    }

    fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule.next_after(self.anchor, time)
    }

    /// The slot that is to be run, of those that are due. The others are passed over.
    fn due(&mut self) -> Option<DateTime<Utc>> {
        let slot = self
            .schedule
            .latest_between(self.anchor, self.after, self.now)?;
        let is_late = self
            .spec
            .starting_deadline
            .is_some_and(|deadline| (self.now - slot).to_std().is_ok_and(|late| late > deadline));
        let why = if self.spec.paused {
            WhyPassedOver::Paused
        } else if self.skipped() == Some(slot) {
            WhyPassedOver::Skipped
        } else if is_late {
            WhyPassedOver::TooLate
        } else {
            return Some(slot);
        };
        self.deal_with(slot, slot);
        let slots = if why == WhyPassedOver::Skipped {
            1
        } else {
            self.take_superseded() + 1
        };
        self.passed_over.push(PassedOver { slot, slots, why });
        None
    }

    /// The slot that is not to be run.
    fn skipped(&self) -> Option<DateTime<Utc>> {
        self.next_after(self.spec.skip? - TimeDelta::milliseconds(1))
    }

    /// What was asked for, and is due.
    fn requested(&self) -> Option<DateTime<Utc>> {
        let at = self.wanted()?;
        (at <= self.now).then_some(at)
    }

    /// What was asked for, and was not run yet.
    fn wanted(&self) -> Option<DateTime<Utc>> {
        let at = self.spec.run_at?.trunc_subsecs(0);
        // What was asked of a plan of the same name before this one is not asked again.
        let is_new = self.status.last_requested.is_none_or(|last| at > last)
            && self.status.last_run != Some(at);
        (is_new && !self.status.is_before_its_time(at)).then_some(at)
    }

    /// Remembers that this slot was dealt with, as all before it were, by running `run`.
    fn deal_with(&mut self, slot: DateTime<Utc>, run: DateTime<Utc>) {
        let before = slot - TimeDelta::milliseconds(1);
        let mut missed = self
            .schedule
            .runs_after(self.anchor, self.after)
            .take_while(|other| *other <= before);
        let slots = missed.by_ref().take(MAX_COUNTED).count() + usize::from(run != slot);
        let last = if run == slot {
            self.schedule
                .latest_between(self.anchor, self.after, before)
        } else {
            Some(slot)
        };
        if let Some(last) = last.filter(|_| slots > 0) {
            self.passed_over.push(PassedOver {
                slot: last,
                slots,
                why: WhyPassedOver::Superseded,
            });
        }
        self.status.last_slot = Some(slot);
    }

    /// The slots before one that is passed over itself share its reason.
    fn take_superseded(&mut self) -> usize {
        self.passed_over.pop().map_or(0, |passed| passed.slots)
    }

    fn decide(self, action: Action, due: Option<DateTime<Utc>>) -> Decision {
        let next_slot = self.next_after(self.now.max(self.after));
        let skipped = self.skipped();
        let next_run = match next_slot {
            _ if self.spec.paused => None,
            Some(slot) if Some(slot) == skipped => self.next_after(slot),
            slot => slot,
        };
        let wanted = self.wanted().filter(|at| *at > self.now);
        let next_run = next_run.into_iter().chain(wanted).min();
        // Then a run that is blocked has missed its time.
        let deadline = due
            .filter(|_| matches!(action, Action::Blocked(_)))
            .and_then(|slot| {
                let deadline = TimeDelta::from_std(self.spec.starting_deadline?).ok()?;
                slot.checked_add_signed(deadline)?
                    .checked_add_signed(TimeDelta::seconds(1))
            });
        let wake_at = next_slot.into_iter().chain(wanted).chain(deadline).min();
        Decision {
            action,
            passed_over: self.passed_over,
            clock_went_back: self.clock_went_back,
            next_run,
            wake_at,
            status: self.status,
        }
    }
}
