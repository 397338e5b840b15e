//! restic's rules (internal/restic/snapshot_policy.go), over the times of one plan's good backups.

use chrono::{DateTime, Utc};
use jiff::civil;
use jiff::tz::TimeZone;

use super::reason::{Period, Reason};
use super::{RetentionPolicy, Within};
use crate::time_zone::{at_wall_clock, wall_clock};

/// A rule while backups are gone through.
struct Rule {
    period: Period,
    /// How many it may still keep; -1 for all.
    left: i32,
    /// The period of the last one that it kept.
    last: Option<i64>,
}

impl Period {
    const ALL: [Self; 6] = [
        Self::Last,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
    ];

    /// A number for each hour, day, week, month or year. Each backup is a period of its own to the first rule.
    fn number(self, shows: civil::DateTime, position: usize) -> i64 {
        let date = shows.date();
        let (year, month, day) = (
            i64::from(date.year()),
            i64::from(date.month()),
            i64::from(date.day()),
        );
        match self {
            Self::Last => i64::try_from(position).unwrap_or(i64::MAX),
            Self::Hour => ((year * 100 + month) * 100 + day) * 100 + i64::from(shows.hour()),
            Self::Day => (year * 100 + month) * 100 + day,
            Self::Week => {
                let week = date.iso_week_date();
                i64::from(week.year()) * 100 + i64::from(week.week())
            }
            Self::Month => year * 100 + month,
            Self::Year => year,
        }
    }
}

/// Why each of these is kept, in their order; empty where no rule keeps it. `times` are sorted, the newest first.
pub(super) fn reasons(
    policy: &RetentionPolicy,
    zone: &TimeZone,
    times: &[DateTime<Utc>],
) -> Vec<Vec<Reason>> {
    let mut rules: Vec<Rule> = Period::ALL
        .into_iter()
        .zip(policy.counts())
        .filter_map(|(period, count)| {
            let left = count.filter(|count| *count != 0)?;
            Some(Rule {
                period,
                left,
                last: None,
            })
        })
        .collect();
    let within = policy
        .keep_within
        .map(|span| (span, border(span, zone, times.first().copied())));
    times
        .iter()
        .enumerate()
        .map(|(position, time)| {
            let mut reasons = Vec::new();
            if let Some((span, border)) = within
                && border.is_none_or(|border| *time > border)
            {
                reasons.push(Reason::Within { span });
            }
            let is_oldest = position + 1 == times.len();
            for rule in &mut rules {
                reasons.extend(rule.keeps(zone, *time, position, is_oldest));
            }
            reasons
        })
        .collect()
}

impl Rule {
    fn keeps(
        &mut self,
        zone: &TimeZone,
        time: DateTime<Utc>,
        position: usize,
        is_oldest: bool,
    ) -> Option<Reason> {
        if self.left == 0 {
            return None;
        }
        // A time that no calendar has is of a period of its own.
        let number = wall_clock(zone, time).map(|shows| self.period.number(shows, position));
        let is_another = number.is_none() || number != self.last;
        if !is_another && !is_oldest {
            return None;
        }
        self.last = number;
        if self.left > 0 {
            self.left -= 1;
        }
        Some(Reason::Rule {
            period: self.period,
            oldest: !is_another,
            left: u32::try_from(self.left).ok(),
        })
    }
}

/// What is newer than this is kept; `None` when everything is.
fn border(span: Within, zone: &TimeZone, newest: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    at_wall_clock(zone, span.before(wall_clock(zone, newest?)?)?)
}
