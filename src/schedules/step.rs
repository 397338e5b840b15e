//! One look at a plan, and all that is to be done about it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kube::ResourceExt;
use kube_backup_engine::schedule::{
    Action, Decision, ScheduleStatus, WhyPassedOver, backup_name, decide,
};

use super::backups::{last_completed, last_verified, running};
use super::notice::Notice;
use super::retain::Pruning;
use super::run::Made;
use super::scheduler::Scheduler;
use super::settings::Settings;
use crate::chain::chain;
use crate::crds::{
    ApplicationBackup, BackupSchedule, BackupScheduleStatus, RetentionStatus, from_time, phase,
    to_time,
};

/// How often to look whether a backup that runs has ended.
const WHILE_RUNNING: Duration = Duration::from_secs(30);
/// How many of the next runs are shown.
const SHOWN: usize = 5;

/// What came of a look at a plan.
#[derive(Debug)]
#[non_exhaustive]
pub struct Step {
    /// To be written to the plan.
    pub status: BackupScheduleStatus,
    /// To be told as events of the plan.
    pub notices: Vec<Notice>,
    /// When to look again; `None` when only a change of the plan changes anything.
    pub wake_in: Option<Duration>,
    /// How long after a backup the next one is, at most: what its age is to be held against. `None` while there are none.
    pub expected_interval: Option<Duration>,
}

/// What a look at a plan shows, with nothing done about it.
struct Looked {
    status: BackupScheduleStatus,
    settings: Settings,
    decision: Decision,
    pruning: Option<Pruning>,
}

impl Looked {
    /// Whether nothing is to be made or deleted.
    fn is_idle(&self) -> bool {
        let deletes = self.pruning.as_ref().is_some_and(Pruning::deletes);
        !deletes && !matches!(self.decision.action, Action::Run(_))
    }
}

impl Scheduler {
    /// Does all that is to be done about a plan now: makes the backup that is due, and has those deleted that are not to be
    /// kept. The status is to be written afterwards; without that, the next step does the same again, and finds it done.
    ///
    /// # Errors
    /// When the cluster cannot be asked. Then nothing is to be written, and the step to be taken again.
    pub async fn step(
        &self,
        plan: &BackupSchedule,
        now: DateTime<Utc>,
    ) -> Result<Step, kube::Error> {
        let mut status = plan.status.clone().unwrap_or_default();
        status.observed_generation = plan.metadata.generation;
        if !plan.spec.skip_immediately {
            status.skipped_generation = None;
        }
        let created = plan
            .metadata
            .creation_timestamp
            .as_ref()
            .map_or(now, from_time);
        status
            .slots
            .get_or_insert_with(|| ScheduleStatus::since(created));
        let settings = match Settings::of(&plan.spec, &status) {
            Ok(settings) => settings,
            Err(error) => return Ok(refused(status, chain(&error))),
        };
        let name = plan.name_any();
        // What it made last may have been made after the last word of what is watched.
        let knows_of_last = |known: &Vec<ApplicationBackup>| {
            let mut last = status.active.iter();
            last.all(|last| known.iter().any(|it| it.name_any() == *last))
        };
        if let Some(known) = self.known_backups_of(Some(&name)).filter(knows_of_last) {
            let looked = self.look(plan, status.clone(), settings.clone(), &known, now);
            if looked.is_idle() {
                return self.act(plan, looked, &known, now).await;
            }
        }
        let backups = self.backups_of(Some(&name)).await?;
        let looked = self.look(plan, status, settings, &backups, now);
        self.act(plan, looked, &backups, now).await
    }

    fn look(
        &self,
        plan: &BackupSchedule,
        mut status: BackupScheduleStatus,
        settings: Settings,
        backups: &[ApplicationBackup],
        now: DateTime<Utc>,
    ) -> Looked {
        let running = running(backups).map(ResourceExt::name_any);
        let slots = status.slots.clone().unwrap_or_default();
        let mut decision = decide(
            &settings.schedule,
            &settings.spec,
            &slots,
            running.is_some(),
            now,
        );
        // What it waits for may be the backup of that very slot, made by a controller that was stopped then.
        if let Action::Blocked(run) = &decision.action
            && backup_name(&plan.name_any(), run.slot)
                .is_ok_and(|name| backups.iter().any(|it| it.name_any() == name))
        {
            decision = decide(&settings.schedule, &settings.spec, &slots, false, now);
        }
        status.active = running;
        let before = status.retention.as_ref();
        let pruning = self.prune(&settings.retention, backups, before, now);
        Looked {
            status,
            settings,
            decision,
            pruning,
        }
    }

    async fn act(
        &self,
        plan: &BackupSchedule,
        looked: Looked,
        backups: &[ApplicationBackup],
        now: DateTime<Utc>,
    ) -> Result<Step, kube::Error> {
        let Looked {
            mut status,
            settings,
            decision,
            pruning,
        } = looked;
        let mut notices = Vec::new();
        said_of(&decision, &mut notices);
        if let Action::Run(run) = &decision.action {
            match self.make(plan, run.slot, &mut notices).await? {
                Made::Backup(name) => {
                    status.last_backup = Some(to_time(run.slot));
                    status.last_backup_name = Some(name.clone());
                    status.active = Some(name);
                }
                Made::Nothing => status.last_skipped = Some(to_time(run.slot)),
            }
        }
        status.retention = Some(match pruning {
            Some(pruning) => self.retain(pruning, &mut notices).await?,
            // It was checked with the rest of the plan.
            None => RetentionStatus::default(),
        });
        status.last_successful = last_completed(backups)
            .map(to_time)
            .or(status.last_successful);
        status.last_verified = last_verified(backups).map(to_time).or(status.last_verified);
        self.note_slots(&mut status, &settings, &decision, plan.metadata.generation);
        status.warnings = warnings(&settings, &decision, now);
        let was_refused = status.phase.as_deref() == Some(phase::FAILED_VALIDATION);
        // What went wrong stays there to be read until the next run.
        if was_refused || !notices.is_empty() {
            let told: Vec<&str> = notices
                .iter()
                .filter(|it| it.is_warning)
                .map(|it| it.message.as_str())
                .collect();
            status.message = Some(told.join("; ")).filter(|text| !text.is_empty());
        }
        status.phase = Some(
            if plan.spec.paused {
                phase::PAUSED
            } else {
                phase::ENABLED
            }
            .to_owned(),
        );
        status.upcoming = match plan.spec.paused {
            true => Vec::new(),
            false => self.upcoming(&settings, &decision, now),
        };
        let expected_interval = match plan.spec.paused {
            true => None,
            false => settings.schedule.expected_interval(now),
        };
        let until = decision.wake_at.and_then(|wake| (wake - now).to_std().ok());
        let wake_in = match status.active {
            Some(_) => Some(until.map_or(WHILE_RUNNING, |until| until.min(WHILE_RUNNING))),
            None => until,
        };
        Ok(Step {
            status,
            notices,
            wake_in,
            expected_interval,
        })
    }

    fn note_slots(
        &self,
        status: &mut BackupScheduleStatus,
        settings: &Settings,
        decision: &Decision,
        generation: Option<i64>,
    ) {
        let skipped = decision
            .passed_over
            .iter()
            .find(|passed| passed.why == WhyPassedOver::Skipped);
        if let Some(skipped) = skipped.filter(|_| settings.wants_skip) {
            status.skipped_generation = generation;
            status.last_skipped = Some(to_time(skipped.slot));
        }
        status.slots = Some(decision.status.clone());
        status.next_backup = decision.next_run.map(to_time);
    }

    fn upcoming(
        &self,
        settings: &Settings,
        decision: &Decision,
        now: DateTime<Utc>,
    ) -> Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time> {
        let Some(first) = decision.next_run else {
            return Vec::new();
        };
        let slots = &decision.status;
        let anchor = slots.last_slot.or(slots.created).unwrap_or(now);
        let later = settings.schedule.runs_after(anchor, first);
        std::iter::once(first)
            .chain(later)
            .take(SHOWN)
            .map(to_time)
            .collect()
    }
}

/// What to know of a plan that is not wrong.
fn warnings(settings: &Settings, decision: &Decision, now: DateTime<Utc>) -> Vec<String> {
    let of_schedule = settings.schedule.warnings(now).into_iter();
    let mut all: Vec<String> = of_schedule.map(|it| it.message).collect();
    if let Some(at) = settings.spec.run_at
        && decision.status.is_before_its_time(at)
    {
        all.push(format!(
            "`runAt` is {}, long before the plan was made: no backup is made for it; a later time makes one",
            at.to_rfc3339()
        ));
    }
    all
}

/// A plan that cannot be followed. The same is said once.
fn refused(mut status: BackupScheduleStatus, why: String) -> Step {
    let is_new = status.message.as_ref() != Some(&why)
        || status.phase.as_deref() != Some(phase::FAILED_VALIDATION);
    let notices = is_new
        .then(|| Notice::warning("FailedValidation", why.clone()))
        .into_iter()
        .collect();
    status.phase = Some(phase::FAILED_VALIDATION.to_owned());
    status.message = Some(why);
    (status.next_backup, status.upcoming) = (None, Vec::new());
    Step {
        status,
        notices,
        wake_in: None,
        expected_interval: None,
    }
}

fn said_of(decision: &Decision, notices: &mut Vec<Notice>) {
    if decision.clock_went_back {
        notices.push(Notice::warning(
            "ClockWentBack",
            "the clock is far behind what it said before: check it; slots of that time are not counted".to_owned(),
        ));
    }
    for passed in &decision.passed_over {
        let why = match passed.why {
            WhyPassedOver::Skipped => "it was to be skipped",
            WhyPassedOver::Superseded => "a later one is run",
            WhyPassedOver::TooLate => "they were missed, and catchUp is None",
            // Said by the phase.
            _ => continue,
        };
        let text = format!(
            "{} runs up to {} are not made: {why}",
            passed.slots,
            passed.slot.to_rfc3339()
        );
        notices.push(match passed.why {
            WhyPassedOver::Skipped => Notice::normal("Skipped", text),
            _ => Notice::warning("Missed", text),
        });
    }
}
