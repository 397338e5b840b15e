//! When plans run, and how fast jobs may copy.

use chrono::{DateTime, Utc};

alibaba_core::identifiers! {
    /// When a plan or rule runs. Runs that are missed are not made up for.
    Schedule: "`I|`, a start in UNIX seconds, `|` and an ISO 8601 duration such as `P1D`" = is_schedule;

    /// How fast a job may copy, by the hour of the day.
    SpeedLimit: "`<hour>:<hour>:<KB/s>`, several joined with `|` that do not overlap" = is_speed_limit;
}

impl Schedule {
    /// Every so many hours from a start on.
    #[must_use]
    pub fn every_hours(start: DateTime<Utc>, hours: u32) -> Self {
        Self::every(start, &format!("PT{hours}H"))
    }

    /// Every so many days from a start on.
    #[must_use]
    pub fn every_days(start: DateTime<Utc>, days: u32) -> Self {
        Self::every(start, &format!("P{days}D"))
    }

    /// Every so many weeks from a start on.
    #[must_use]
    pub fn every_weeks(start: DateTime<Utc>, weeks: u32) -> Self {
        Self::every(start, &format!("P{weeks}W"))
    }

    fn every(start: DateTime<Utc>, period: &str) -> Self {
        Self(format!("I|{}|{period}", start.timestamp()))
    }
}

impl SpeedLimit {
    /// As fast as can be.
    #[must_use]
    pub fn none() -> Self {
        Self(String::new())
    }

    /// No more than so many KB a second between two hours of the day, the second not included.
    #[must_use]
    pub fn between(from_hour: u8, to_hour: u8, kb_per_second: u32) -> Self {
        Self(format!("{from_hour}:{to_hour}:{kb_per_second}"))
    }

    /// And another limit between other hours.
    #[must_use]
    pub fn and_between(mut self, from_hour: u8, to_hour: u8, kb_per_second: u32) -> Self {
        if !self.0.is_empty() {
            self.0.push('|');
        }
        self.0
            .push_str(Self::between(from_hour, to_hour, kb_per_second).as_str());
        self
    }
}

fn is_schedule(text: &str) -> bool {
    let parts: Vec<_> = text.split('|').collect();
    let [kind, start, period] = parts[..] else {
        return false;
    };
    kind == "I" && start.parse::<u64>().is_ok() && is_period(period)
}

/// Whether a text is one number and its unit, such as `P1D` or `PT2H`, or several of them.
fn is_period(text: &str) -> bool {
    text.strip_prefix('P').is_some_and(|rest| {
        rest.ends_with(|last: char| last.is_ascii_uppercase() && last != 'T')
            && rest.starts_with(|first: char| first.is_ascii_digit() || first == 'T')
            && rest
                .chars()
                .all(|char| char.is_ascii_digit() || "YMWDTHS".contains(char))
    })
}

fn is_speed_limit(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let windows: Option<Vec<_>> = text.split('|').map(window).collect();
    windows.is_some_and(|mut windows| {
        windows.sort_unstable();
        windows.windows(2).all(|pair| pair[0].1 <= pair[1].0)
    })
}

/// From which hour to which.
fn window(text: &str) -> Option<(u8, u8)> {
    let mut parts = text.split(':');
    let from: u8 = parts.next()?.parse().ok()?;
    let to: u8 = parts.next()?.parse().ok()?;
    parts.next()?.parse::<u32>().ok()?;
    (parts.next().is_none() && from < to && to <= 24).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_have_a_start_and_a_period() {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        for (schedule, text) in [
            (Schedule::every_hours(start, 2), "I|1767225600|PT2H"),
            (Schedule::every_days(start, 1), "I|1767225600|P1D"),
            (Schedule::every_weeks(start, 1), "I|1767225600|P1W"),
        ] {
            assert_eq!(schedule.as_str(), text);
            assert!(serde_json::to_string(&schedule).is_ok(), "{text}");
        }
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
        ] {
            assert!(
                serde_json::to_string(&Schedule::from(bad)).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn speed_limits_do_not_overlap() {
        let limit = SpeedLimit::between(8, 18, 5120).and_between(18, 24, 10240);
        assert_eq!(limit.as_str(), "8:18:5120|18:24:10240");
        assert!(serde_json::to_string(&limit).is_ok());
        assert_eq!(SpeedLimit::none().and_between(0, 1, 1).as_str(), "0:1:1");
        assert!(serde_json::to_string(&SpeedLimit::none()).is_ok());
        for bad in [
            "8",
            "8:18",
            "18:8:1",
            "8:25:1",
            "8:18:fast",
            "8:18:1:1",
            "8:18:1|17:20:1",
        ] {
            assert!(
                serde_json::to_string(&SpeedLimit::from(bad)).is_err(),
                "{bad}"
            );
        }
    }
}
