//! Spans of time as Go writes them: `720h0m0s`, `1.5s`, `300ms`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Units and how many nanoseconds they have, the longer names first.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a span of time; `None` when it is none, negative, or longer than Go's 292 years.
///
/// ```
/// use std::time::Duration;
/// use kube_backup_engine::go_duration;
///
/// assert_eq!(go_duration::parse("1h30m"), Some(Duration::from_secs(5400)));
/// assert_eq!(go_duration::parse("-1h"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut nanoseconds = 0_u128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let (unit, scale) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') || fraction.len() > 18 {
            return None;
        }
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        let power = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        nanoseconds = nanoseconds.checked_add(digits.checked_mul(*scale)? / power)?;
        rest = &after[unit.len()..];
    }
    // Go's own limit: 2^63 nanoseconds.
    i64::try_from(nanoseconds).ok()?;
    Some(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
}

/// Writes a span of time as Go does: `1h30m0s`.
#[must_use]
pub fn print(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let decimal = |value: u128, scale: u128| {
        let fraction = format!("{:0width$}", value % scale, width = scale.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            (value / scale).to_string()
        } else {
            format!("{}.{fraction}", value / scale)
        }
    };
    match nanoseconds {
        0 => "0s".into(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(nanoseconds, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(nanoseconds, 1_000_000)),
        _ => {
            let minutes = nanoseconds / 60_000_000_000;
            let seconds = decimal(nanoseconds % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match parse(&text) {
        Some(duration) => Ok(Some(duration)),
        None => Err(serde::de::Error::custom(format!(
            "`{text}` is no span of time: write it as in `720h` or `1h30m`"
        ))),
    }
}

#[expect(clippy::ref_option, reason = "serde passes references to fields")]
pub(crate) fn serialize<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.serialize_str(&print(*duration)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_as_go_does() {
        for (text, nanoseconds) in [
            ("720h0m0s", 2_592_000_000_000_000),
            ("10m0s", 600_000_000_000),
            ("1h30m0s", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("300ms", 300_000_000),
            ("1.5µs", 1_500),
            ("7ns", 7),
            ("0s", 0),
        ] {
            let duration = Duration::from_nanos(nanoseconds);
            assert_eq!(parse(text), Some(duration), "{text}");
            assert_eq!(print(duration), text);
        }
        assert_eq!(parse("1h30m"), parse("1h30m0s"));
        assert_eq!(parse("1.5h"), parse("1h30m0s"));
        for text in ["", "5", "h", "1x", "-1h", "1..5s", ".s", "1h ", "9999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
