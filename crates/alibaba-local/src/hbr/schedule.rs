//! When plans and policies run: `I|<start>|<ISO 8601 duration>`.

use chrono::{DateTime, Months, TimeDelta, Utc};

/// Missed runs are not made up, says the page on plans. A test that moves the clock far would have
/// hours of them: these are the last that still run.
const LAST: usize = 64;

/// A start, and the time from one run to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    start: DateTime<Utc>,
    months: u32,
    seconds: i64,
}

impl Schedule {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let (kind, start, period) = (parts.next()?, parts.next()?, parts.next()?);
        if kind != "I" || parts.next().is_some() {
            return None;
        }
        let start = start.parse::<u32>().ok()?;
        let start = DateTime::from_timestamp(start.into(), 0)?;
        let (months, seconds) = period_of(period)?;
        (months > 0 || seconds > 0).then_some(Self {
            start,
            months,
            seconds,
        })
    }

    /// The runs after one moment, up to another: the last of them.
    pub(super) fn due(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let last = self.number_at(until);
        let first = last.saturating_sub(LAST as u64);
        (first..=last)
            .filter_map(|number| self.run(number))
            .filter(|run| (after..=until).contains(run) && *run > after)
            .collect()
    }

    /// The first run after a moment: when a plan that was made then begins.
    fn run(&self, number: u64) -> Option<DateTime<Utc>> {
        let months = u32::try_from(number).ok()?.checked_mul(self.months)?;
        let seconds = i64::try_from(number).ok()?.checked_mul(self.seconds)?;
        let start = self.start.checked_add_months(Months::new(months))?;
        start.checked_add_signed(TimeDelta::try_seconds(seconds)?)
    }

    /// The number of the last run up to a moment, or the one after it: months differ in length.
    fn number_at(&self, moment: DateTime<Utc>) -> u64 {
        let passed = (moment - self.start).num_seconds().max(0);
        let shortest = i64::from(self.months) * 28 * 86_400 + self.seconds;
        u64::try_from(passed / shortest.max(1)).unwrap_or(0)
    }
}

/// Months and seconds of a duration such as `P1D` or `PT2H`.
fn period_of(text: &str) -> Option<(u32, i64)> {
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let (mut months, mut seconds) = (0_u32, 0_i64);
    for (count, unit) in counts(days)? {
        match unit {
            'Y' => months = months.checked_add(count.checked_mul(12)?)?,
            'M' => months = months.checked_add(count)?,
            'W' => seconds += i64::from(count) * 7 * 86_400,
            'D' => seconds += i64::from(count) * 86_400,
            _ => return None,
        }
    }
    for (count, unit) in counts(time)? {
        seconds += i64::from(count)
            * match unit {
                'H' => 3600,
                'M' => 60,
                'S' => 1,
                _ => return None,
            };
    }
    Some((months, seconds))
}

fn counts(text: &str) -> Option<Vec<(u32, char)>> {
    let mut counts = Vec::new();
    let mut digits = String::new();
    for char in text.chars() {
        if char.is_ascii_digit() {
            digits.push(char);
        } else {
            counts.push((digits.parse().ok()?, char));
            digits.clear();
        }
    }
    digits.is_empty().then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn runs_are_due_by_the_clock() {
        // 2026-01-01T00:00:00Z.
        let due = |period, after: &str, until: &str| -> Vec<String> {
            let schedule = Schedule::parse(&format!("I|1767225600|{period}")).unwrap();
            let runs = schedule.due(time(after), time(until));
            runs.iter()
                .map(|it| it.format("%m-%dT%H").to_string())
                .collect()
        };
        let noon = "2026-01-01T12:00:00Z";
        assert_eq!(
            due("P1D", noon, "2026-01-03T12:00:00Z"),
            ["01-02T00", "01-03T00"]
        );
        assert_eq!(due("P1D", noon, "2026-01-01T23:59:59Z"), [""; 0]);
        assert_eq!(due("PT6H", noon, "2026-01-01T18:00:00Z"), ["01-01T18"]);
        assert_eq!(due("P1W", "2025-01-01T00:00:00Z", noon), ["01-01T00"]);
        assert_eq!(
            due("P1M", noon, "2026-04-01T00:00:00Z"),
            ["02-01T00", "03-01T00", "04-01T00"]
        );
        // The last ones of many.
        assert_eq!(due("PT1H", noon, "2036-01-01T00:00:00Z").len(), LAST + 1);
        assert_eq!(due("PT1H", noon, "2025-01-01T00:00:00Z"), [""; 0]);
    }

    #[test]
    fn other_texts_are_no_schedules() {
        for bad in [
            "",
            "P1D",
            "I|now|P1D",
            "I|1|",
            "I|1|P",
            "I|1|1D",
            "I|1|PT",
            "I|1|P1D|",
            "X|1|P1D",
            "I|1|PT0S",
            "I|1|P1X",
            "I|1|P1",
            "I|-1|P1D",
            "I|1|P99999999999D",
        ] {
            assert_eq!(Schedule::parse(bad), None, "{bad}");
        }
    }
}
