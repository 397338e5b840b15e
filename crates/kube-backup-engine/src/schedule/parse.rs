//! A schedule, from its text to its runs.

use std::fmt;
use std::iter;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jiff::tz::TimeZone;

use super::cron::Cron;
use crate::spec::go_duration;
use crate::{Error, Result, time_zone};

/// Shortest interval. Cron has no shorter one either.
const SHORTEST: Duration = Duration::from_secs(60);
/// What cron calls by a name.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];
/// How many runs show what a schedule means.
const SHOWN: usize = 5;
/// How many runs are looked at for how far apart they are: those of a week, if there is one a day.
const COMPARED: usize = 9;

/// When backups are to be made.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use kube_backup_engine::schedule::Schedule;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schedule = Schedule::parse("30 2 * * *", Some("Europe/Berlin"))?;
/// // At half past two the clocks were put forward; the run is at three, in summer time.
/// let evening: DateTime<Utc> = "2026-03-28T20:00:00Z".parse()?;
/// let runs: Vec<_> = schedule.runs_after(evening, evening).take(2).map(|at| at.to_rfc3339()).collect();
/// assert_eq!(runs, ["2026-03-29T01:00:00+00:00", "2026-03-30T00:30:00+00:00"]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    zone: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Cron(Box<Cron>),
    Interval(TimeDelta),
}

/// Something in a schedule that many read otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleWarning {
    /// What it means here, for people.
    pub message: String,
    /// The next runs, which show it.
    pub next_runs: Vec<DateTime<Utc>>,
}

impl Schedule {
    /// Reads a schedule: five cron fields, a name such as `@daily`, or an interval such as `6h30m`. The time zone may
    /// stand here or in the text (`CRON_TZ=Asia/Shanghai …`); without one it is UTC.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it cannot be read or would never run, when there is no
    /// such time zone, or there are two.
    pub fn parse(text: &str, time_zone: Option<&str>) -> Result<Self> {
        let refuse = |why: &str| Error::invalid(format!("read schedule `{text}`: {why}"));
        let mut rest = text.trim();
        let mut zone = time_zone.map(str::trim).filter(|zone| !zone.is_empty());
        if let Some(after) = rest
            .strip_prefix("CRON_TZ=")
            .or_else(|| rest.strip_prefix("TZ="))
        {
            let (name, after) = after
                .split_once(|c: char| c.is_ascii_whitespace())
                .unwrap_or((after, ""));
            if zone.is_some_and(|zone| zone != name) {
                return Err(refuse(&format!(
                    "it is to be in time zone `{}`, and says `{name}` itself: leave one of them out",
                    zone.unwrap_or_default()
                )));
            }
            (zone, rest) = (Some(name), after.trim());
        }
        let in_zone = zone.map_or(Ok(TimeZone::UTC), time_zone::named)?;
        let cron = |fields: &str| Ok(Kind::Cron(Box::new(Cron::read(fields, in_zone.clone())?)));
        let kind = if let Some(span) = rest.strip_prefix("@every ") {
            interval(span.trim())
        } else if rest.starts_with('@') {
            let nickname = NICKNAMES
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(rest));
            nickname.map_or_else(
                || {
                    let names: Vec<&str> = NICKNAMES.iter().map(|(name, _)| *name).collect();
                    Err(format!(
                        "there are `{}` and `@every 6h30m`",
                        names.join("`, `")
                    ))
                },
                |(_, fields)| cron(fields),
            )
        } else if rest.is_empty() {
            Err("it is empty".to_owned())
        } else if rest.contains(|c: char| c.is_ascii_whitespace()) || rest.contains('*') {
            cron(rest)
        } else {
            interval(rest)
        };
        Ok(Self {
            text: rest.to_owned(),
            zone: zone.map(str::to_owned),
            kind: kind.map_err(|why| refuse(&why))?,
        })
    }

    /// The runs after `time`, in their order. Intervals are counted from `anchor`, a former slot or the time at
    /// which the plan was made; for cron it means nothing.
    pub fn runs_after(
        &self,
        anchor: DateTime<Utc>,
        time: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        iter::successors(self.next_after(anchor, time), move |run| {
            self.next_after(anchor, *run)
        })
    }

    /// The first run after `time`; `None` when there is none before the calendar ends.
    pub(super) fn next_after(
        &self,
        anchor: DateTime<Utc>,
        time: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        match &self.kind {
            Kind::Cron(cron) => time_zone::to_chrono(cron.next_after(time_zone::to_jiff(time)?)?),
            Kind::Interval(interval) => {
                let (passed, interval) = (
                    (time - anchor).num_milliseconds(),
                    interval.num_milliseconds(),
                );
                let runs = passed.div_euclid(interval).checked_add(1)?;
                anchor.checked_add_signed(TimeDelta::try_milliseconds(runs.checked_mul(interval)?)?)
            }
        }
    }

    /// The last run after `from` and not after `to`.
    pub(super) fn latest_between(
        &self,
        anchor: DateTime<Utc>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let first = self.next_after(anchor, from).filter(|run| *run <= to)?;
        // There is a run after `early` and not after `to`, and none after `late`: halved until it is found, since
        // there may be years of runs.
        let (mut early, mut late) = (first - TimeDelta::seconds(1), to);
        while late - early > TimeDelta::seconds(1) {
            let middle = early + (late - early) / 2;
            match self.next_after(anchor, middle) {
                Some(run) if run <= to => early = middle,
                _ => late = middle,
            }
        }
        self.next_after(anchor, early).filter(|run| *run <= to)
    }

    /// How long after a run the next one is, at most, from `time` on: what a backup's age is to be held against.
    pub fn expected_interval(&self, time: DateTime<Utc>) -> Option<Duration> {
        if let Kind::Interval(interval) = self.kind {
            return interval.to_std().ok();
        }
        let runs: Vec<_> = self.runs_after(time, time).take(COMPARED).collect();
        let longest = runs.windows(2).map(|pair| pair[1] - pair[0]).max()?;
        longest.to_std().ok()
    }

    /// What many read otherwise, with the next runs from `time` on.
    pub fn warnings(&self, time: DateTime<Utc>) -> Vec<ScheduleWarning> {
        match &self.kind {
            Kind::Cron(cron) if cron.fields().has_either_day() => vec![ScheduleWarning {
                message: format!(
                    "`{}` gives days of the month and days of the week, and runs on a day that is either, as in every \
                     cron; write `*` for one of them, or `+` before the days of the week if a day must be both",
                    self.text
                ),
                next_runs: self.runs_after(time, time).take(SHOWN).collect(),
            }],
            _ => Vec::new(),
        }
    }

    /// The name of its time zone; `None` for UTC, unless that was given.
    pub fn time_zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Whether it is an interval, and no times of a calendar.
    pub fn is_interval(&self) -> bool {
        matches!(self.kind, Kind::Interval(_))
    }
}

/// As it can be read again, with its time zone.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.zone {
            Some(zone) => write!(f, "CRON_TZ={zone} {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

fn interval(text: &str) -> Result<Kind, String> {
    let Some(span) = go_duration::parse(text) else {
        return Err(format!(
            "`{text}` is neither five fields, as in `30 2 * * *`, nor an interval, as in `6h30m`, nor a name, as in `@daily`"
        ));
    };
    if span < SHORTEST {
        return Err(format!("an interval of `{text}` is shorter than `1m`"));
    }
    if span.subsec_nanos() != 0 {
        return Err(format!("the interval `{text}` is of no whole seconds"));
    }
    let interval = TimeDelta::from_std(span).map_err(|error| error.to_string())?;
    Ok(Kind::Interval(interval))
}
