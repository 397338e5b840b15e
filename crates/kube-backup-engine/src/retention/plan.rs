//! What becomes of every backup, and why.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::reason::Reason;
use super::rules::reasons;
use super::{Candidate, RetentionPolicy, Verified};
use crate::printable::Printable;
use crate::{Phase, Result};

/// What becomes of every backup, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PrunePlan {
    /// When it was made.
    pub now: DateTime<Utc>,
    /// All backups.
    pub backups: Vec<BackupVerdict>,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BackupVerdict {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The plan that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
}

/// What becomes of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It goes.
    Delete,
    /// It would go, and cannot or may not yet.
    Pending,
}

impl RetentionPolicy {
    /// What becomes of each of these backups now, and why. Those of each plan are gone through by themselves, and
    /// those made by hand as if of one plan. Looks at nothing else, and changes nothing.
    ///
    /// # Errors
    /// As [`check`](Self::check): a policy that cannot be read deletes nothing.
    pub fn apply(&self, backups: &[Candidate], now: DateTime<Utc>) -> Result<PrunePlan> {
        let zone = self.zone()?;
        let mut plans: BTreeMap<Option<&str>, Vec<&Candidate>> = BTreeMap::new();
        for backup in backups {
            plans
                .entry(backup.plan.as_deref())
                .or_default()
                .push(backup);
        }
        let mut verdicts = Vec::with_capacity(backups.len());
        for (_, mut members) in plans {
            // Stable, as restic's is: of two of one time the first stays the first.
            members.sort_by_key(|member| std::cmp::Reverse(member.created_at));
            verdicts.extend(self.of_plan(&members, &zone, now));
        }
        verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.created_at));
        let mut plan = PrunePlan {
            now,
            backups: verdicts,
        };
        if let Some(most) = self.max_deletions {
            plan.limit(most);
        }
        Ok(plan)
    }

    /// What becomes of the backups of one plan, the newest first.
    fn of_plan(
        &self,
        members: &[&Candidate],
        zone: &jiff::tz::TimeZone,
        now: DateTime<Utc>,
    ) -> Vec<BackupVerdict> {
        let is_ours = |member: &&&Candidate| exception(member, now).is_none();
        let good: Vec<&Candidate> = members
            .iter()
            .filter(is_ours)
            .filter(|member| member.is_good())
            .copied()
            .collect();
        let times: Vec<DateTime<Utc>> =
            good.iter().filter_map(|member| member.created_at).collect();
        let mut kept = reasons(self, zone, &times).into_iter();
        let newest_good = good.first().copied();
        let best = || {
            members
                .iter()
                .filter(is_ours)
                .find(|member| member.is_restorable())
                .copied()
        };
        let last_resort = match newest_good {
            Some(_) => None,
            None => best(),
        };
        members
            .iter()
            .map(|member| {
                let is = |other: Option<&Candidate>| {
                    other.is_some_and(|other| std::ptr::eq(*member, other))
                };
                let rules = if member.is_good() && is_ours(&member) {
                    kept.next()
                } else {
                    None
                };
                let (verdict, reasons) = if let Some(reason) = exception(member, now) {
                    (Verdict::Keep, vec![reason])
                } else if is(newest_good) {
                    let mut reasons = rules.unwrap_or_default();
                    reasons.push(Reason::NewestGood);
                    (Verdict::Keep, reasons)
                } else if is(last_resort) {
                    (Verdict::Keep, vec![Reason::BestThereIs])
                } else {
                    self.of_member(member, rules, newest_good, now)
                };
                let (verdict, reasons) = match verdict {
                    Verdict::Delete => let_go(member, reasons, now),
                    verdict => (verdict, reasons),
                };
                BackupVerdict {
                    name: member.name.clone(),
                    uid: member.uid.clone(),
                    plan: member.plan.clone(),
                    created_at: member.created_at,
                    verdict,
                    reasons,
                }
            })
            .collect()
    }

    /// What becomes of one that nothing protects.
    fn of_member(
        &self,
        member: &Candidate,
        rules: Option<Vec<Reason>>,
        newest_good: Option<&Candidate>,
        now: DateTime<Utc>,
    ) -> (Verdict, Vec<Reason>) {
        let expires_at = member.expires_at.clone().ok().flatten();
        if let Some(at) = expires_at.filter(|at| *at <= now) {
            return (Verdict::Delete, vec![Reason::Expired { at }]);
        }
        if !self.has_rules() {
            return (Verdict::Keep, vec![Reason::NoRules { expires_at }]);
        }
        if let Some(because) = fault(member) {
            let newer = newest_good.filter(|good| good.created_at > member.created_at);
            return match newer {
                Some(good) => (
                    Verdict::Delete,
                    vec![Reason::Superseded {
                        because,
                        by: good.name.clone(),
                    }],
                ),
                None => (Verdict::Keep, vec![Reason::NoNewerGood { because }]),
            };
        }
        match rules.filter(|reasons| !reasons.is_empty()) {
            Some(reasons) => (Verdict::Keep, reasons),
            None => (Verdict::Delete, vec![Reason::NoRuleKeeps]),
        }
    }
}

/// Why nothing can be decided about a backup, so that it stays and does not count.
fn exception(member: &Candidate, now: DateTime<Utc>) -> Option<Reason> {
    if member.is_foreign {
        let expires_at = member.expires_at.clone().ok().flatten();
        return Some(Reason::OfOthers { expires_at });
    }
    if !member.has_ended() {
        return Some(Reason::NotEnded {
            phase: member.phase.to_string(),
        });
    }
    match (&member.expires_at, member.created_at) {
        (_, None) => Some(Reason::NoTime),
        (_, Some(at)) if at > now => Some(Reason::InFuture),
        (Err(because), _) => Some(Reason::UnreadableExpiry {
            because: because.clone(),
        }),
        _ => None,
    }
}

/// What makes a backup no good one.
fn fault(member: &Candidate) -> Option<String> {
    match (&member.phase, &member.verified) {
        (Phase::Completed, Verified::Failed(because)) => {
            Some(format!("its verification failed: {because}"))
        }
        (Phase::Completed, _) => None,
        (phase, _) => Some(format!("it is {phase}")),
    }
}

/// One that is to be deleted, if it can and may be.
fn let_go(
    member: &Candidate,
    mut reasons: Vec<Reason>,
    now: DateTime<Utc>,
) -> (Verdict, Vec<Reason>) {
    let before = reasons.len();
    if let Some(because) = member.held.clone() {
        reasons.push(Reason::Held { because });
    }
    if let Some(at) = member.locked_until.filter(|at| *at > now) {
        reasons.push(Reason::LockedUntil { at });
    }
    let verdict = if reasons.len() > before {
        Verdict::Pending
    } else {
        Verdict::Delete
    };
    (verdict, reasons)
}

impl PrunePlan {
    /// The backups that this becomes of.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &BackupVerdict> {
        self.backups
            .iter()
            .filter(move |backup| backup.verdict == verdict)
    }

    /// Leaves this many deletions, those of the oldest.
    fn limit(&mut self, most: u32) {
        let doomed = self
            .backups
            .iter_mut()
            .rev()
            .filter(|backup| backup.verdict == Verdict::Delete);
        for backup in doomed.skip(most as usize) {
            backup.verdict = Verdict::Pending;
            backup.reasons.push(Reason::EnoughForNow);
        }
    }

    /// The same, with nothing deleted if the clock has jumped since the pass before. `watch` is what was noted then.
    #[must_use]
    pub fn watched_by(mut self, watch: &mut super::ClockWatch) -> Self {
        if let Some(until) = watch.pass(self.now) {
            for backup in self
                .backups
                .iter_mut()
                .filter(|backup| backup.verdict == Verdict::Delete)
            {
                backup.verdict = Verdict::Pending;
                backup.reasons.push(Reason::ClockJumped { until });
            }
        }
        self
    }
}

/// A table of all backups, with the reasons.
impl fmt::Display for PrunePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |verdict| self.with(verdict).count();
        write!(
            f,
            "{} backups: keep {}, delete {}, pending {}",
            self.backups.len(),
            count(Verdict::Keep),
            count(Verdict::Delete),
            count(Verdict::Pending)
        )?;
        let width = self
            .backups
            .iter()
            .map(|backup| backup.name.len())
            .max()
            .unwrap_or_default();
        for backup in &self.backups {
            let verdict = match backup.verdict {
                Verdict::Keep => "keep",
                Verdict::Delete => "delete",
                Verdict::Pending => "pending",
            };
            let time = backup.created_at.map_or_else(
                || "-".to_owned(),
                |at| at.to_rfc3339_opts(SecondsFormat::Secs, true),
            );
            let reasons: Vec<String> = backup.reasons.iter().map(Reason::to_string).collect();
            let (name, reasons) = (Printable(&backup.name), reasons.join(", "));
            write!(
                f,
                "\n  {verdict:<8}{name:<width$}  {time:<20}  {}",
                Printable(&reasons)
            )?;
        }
        Ok(())
    }
}
