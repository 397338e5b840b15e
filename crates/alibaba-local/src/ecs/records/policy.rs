//! Policies of automatic snapshots.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use crate::ecs::tag::Tags;

/// A policy. The account's own: those of the system are not here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Policy {
    pub(in crate::ecs) id: String,
    pub(in crate::ecs) number: u64,
    pub(in crate::ecs) region: String,
    pub(in crate::ecs) name: String,
    /// Hours of the day, in UTC+8.
    pub(in crate::ecs) hours: BTreeSet<u32>,
    /// Days of the week, Monday is 1.
    pub(in crate::ecs) weekdays: BTreeSet<u32>,
    /// Days; none is for ever.
    pub(in crate::ecs) retention: Option<u32>,
    pub(in crate::ecs) copies: bool,
    pub(in crate::ecs) target_region: Option<String>,
    pub(in crate::ecs) copy_retention: Option<u32>,
    pub(in crate::ecs) copy_encrypted: Option<bool>,
    pub(in crate::ecs) copy_kms_key: Option<String>,
    /// The instances whose disks it is for, of a policy that is not applied to disks.
    pub(in crate::ecs) target_tags: Option<Tags>,
    /// Until when the snapshots of those have been made.
    pub(in crate::ecs) done_until: DateTime<Utc>,
    pub(in crate::ecs) created: DateTime<Utc>,
    pub(in crate::ecs) resource_group: Option<String>,
    pub(in crate::ecs) tags: Tags,
}

impl Policy {
    /// The last times at which it is due after one time and up to another, latest first.
    pub(in crate::ecs) fn due(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        let zone = FixedOffset::east_opt(8 * 3600).expect("eight hours are a legal offset");
        let last_day = until.with_timezone(&zone).date_naive();
        (0..)
            .map_while(move |back| last_day.checked_sub_days(Days::new(back)))
            // Not one day further than needed: a clock may be moved by years.
            .take_while(move |day| {
                let end = day.checked_add_days(Days::new(1));
                let end = end.and_then(|day| {
                    let midnight = day.and_time(NaiveTime::MIN);
                    zone.from_local_datetime(&midnight).single()
                });
                end.is_some_and(|end| end > after)
            })
            .filter(|day| {
                let weekday = day.weekday().number_from_monday();
                self.weekdays.contains(&weekday)
            })
            .flat_map(move |day| {
                let hours = self.hours.iter().rev();
                hours.filter_map(move |hour| {
                    let time = day.and_hms_opt(*hour, 0, 0)?;
                    Some(zone.from_local_datetime(&time).single()?.to_utc())
                })
            })
            .filter(move |time| *time > after && *time <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, Timelike as _};

    fn policy(hours: &[u32], weekdays: &[u32]) -> Policy {
        Policy {
            id: String::new(),
            number: 0,
            region: String::new(),
            name: String::new(),
            hours: hours.iter().copied().collect(),
            weekdays: weekdays.iter().copied().collect(),
            retention: None,
            copies: false,
            target_region: None,
            copy_retention: None,
            copy_encrypted: None,
            copy_kms_key: None,
            target_tags: None,
            done_until: DateTime::UNIX_EPOCH,
            created: DateTime::UNIX_EPOCH,
            resource_group: None,
            tags: Tags::new(),
        }
    }

    /// Every hour looked at by itself, which is how the reference explains it.
    fn slowly(policy: &Policy, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let mut hour = after
            .with_minute(0)
            .and_then(|it| it.with_second(0))
            .and_then(|it| it.with_nanosecond(0))
            .unwrap();
        let mut due = Vec::new();
        while hour <= until {
            let there = hour + TimeDelta::hours(8);
            let weekday = there.weekday().number_from_monday();
            let is_due = policy.hours.contains(&there.hour()) && policy.weekdays.contains(&weekday);
            if hour > after && is_due {
                due.push(hour);
            }
            hour += TimeDelta::hours(1);
        }
        due.reverse();
        due
    }

    #[test]
    fn it_is_due_at_its_hours_of_its_days_in_china() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..300 {
            let hours: Vec<u32> = (0..random.usize(1..5)).map(|_| random.u32(0..24)).collect();
            let days: Vec<u32> = (0..random.usize(1..4)).map(|_| random.u32(1..8)).collect();
            let policy = policy(&hours, &days);
            let after = DateTime::from_timestamp(random.i64(1_700_000_000..1_800_000_000), 0);
            let after = after.unwrap();
            let until = after + TimeDelta::seconds(random.i64(0..40 * 86_400));
            let found: Vec<_> = policy.due(after, until).collect();
            assert_eq!(found, slowly(&policy, after, until), "{policy:?}");
        }
    }
}
