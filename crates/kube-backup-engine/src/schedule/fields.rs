//! The five fields of cron, as people write them.

use std::collections::BTreeSet;

/// What one field may say.
struct Field {
    /// What people call it.
    name: &'static str,
    low: u8,
    high: u8,
    /// Names of values, and the value of the first.
    names: &'static [&'static str],
    first_named: u8,
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 5] = [
    Field::numbers("minute", 0, 59),
    Field::numbers("hour", 0, 23),
    Field::numbers(DAY_OF_MONTH, 1, 31),
    Field {
        name: "month",
        low: 1,
        high: 12,
        names: &MONTHS,
        first_named: 1,
    },
    // 7 is Sunday, too, so that a range can end with it.
    Field {
        name: DAY_OF_WEEK,
        low: 0,
        high: 7,
        names: &DAYS,
        first_named: 0,
    },
];
const DAY_OF_MONTH: &str = "day of month";
const DAY_OF_WEEK: &str = "day of week";

/// The last day that each month can have.
const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The values of a field; `None` where it is `*`.
type Values = Option<BTreeSet<u8>>;

/// Five fields, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    values: [Values; 5],
    /// Whether a day must be among the days of the month and those of the week, too.
    both_days: bool,
}

impl Field {
    const fn numbers(name: &'static str, low: u8, high: u8) -> Self {
        Self {
            name,
            low,
            high,
            names: &[],
            first_named: 0,
        }
    }

    fn read(&self, text: &str) -> Result<Values, String> {
        let mut values = BTreeSet::new();
        let mut is_any = false;
        for item in text.split(',') {
            match self.read_item(item)? {
                None => is_any = true,
                Some(found) => values.extend(found),
            }
        }
        if self.name == DAY_OF_WEEK && values.remove(&7) {
            values.insert(0);
        }
        Ok((!is_any).then_some(values))
    }

    /// One of the things between commas.
    fn read_item(&self, item: &str) -> Result<Values, String> {
        let (range, step) = match item.split_once('/') {
            None => (item, None),
            Some((range, step)) => (range, Some(self.read_step(item, step)?)),
        };
        let is_day = matches!(self.name, DAY_OF_MONTH | DAY_OF_WEEK);
        let is_star = range == "*" || (range == "?" && is_day);
        // What has no end goes to the last value; Sunday is not counted twice.
        let last = if self.name == DAY_OF_WEEK {
            6
        } else {
            self.high
        };
        let (from, to) = match range.split_once('-') {
            _ if is_star => (self.low, last),
            Some((from, to)) => (self.read_value(item, from)?, self.read_end(item, from, to)?),
            None => {
                let value = self.read_value(item, range)?;
                (
                    value,
                    if step.is_some() {
                        last.max(value)
                    } else {
                        value
                    },
                )
            }
        };
        if from > to {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            return Err(format!(
                "{} `{item}` ends before it begins: write it in two parts, `{from}-{},{}-{to}`",
                self.name, last, self.low
            ));
        }
        let step = step.unwrap_or(1);
        if is_star && step == 1 {
            return Ok(None);
        }
        Ok(Some((from..=to).step_by(usize::from(step)).collect()))
    }

    fn read_step(&self, item: &str, text: &str) -> Result<u8, String> {
        match text.parse() {
            Ok(0) => Err(format!(
                "{} `{item}` has a step of nothing: write 1 or more",
                self.name
            )),
            Ok(step) if step <= self.high => Ok(step),
            _ => Err(format!(
                "{} `{item}` has step `{text}`: write a number from 1 to {}",
                self.name, self.high
            )),
        }
    }

    /// The end of a range. `FRI-SUN` goes forward.
    fn read_end(&self, item: &str, from: &str, to: &str) -> Result<u8, String> {
        let end = self.read_value(item, to)?;
        let is_sunday = self.name == DAY_OF_WEEK && end == 0 && self.read_value(item, from)? > 0;
        Ok(if is_sunday && to.eq_ignore_ascii_case("SUN") {
            7
        } else {
            end
        })
    }

    fn read_value(&self, item: &str, text: &str) -> Result<u8, String> {
        let name = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        if let Some(position) = name {
            return Ok(self.first_named + u8::try_from(position).unwrap_or_default());
        }
        // Not a sign, which `parse` would take.
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(value) if is_number && (self.low..=self.high).contains(&value) => Ok(value),
            _ if is_number => Err(format!(
                "{} `{item}` is not within {}-{}",
                self.name, self.low, self.high
            )),
            _ => {
                let names = match (self.names.first(), self.names.last()) {
                    (Some(first), Some(last)) => format!(", names {first}-{last}"),
                    _ => String::new(),
                };
                Err(format!(
                    "{} `{item}` is not understood: it takes `*`, numbers {}-{}{names}, ranges (`1-5`), steps \
                     (`*/15`, `5/15`) and lists of these (`1,15`)",
                    self.name, self.low, self.high
                ))
            }
        }
    }
}

impl Fields {
    /// Reads `minute hour day-of-month month day-of-week`.
    ///
    /// # Errors
    /// What is wrong, with the remedy.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts[..] else {
            return Err(format!(
                "it has {} fields and not five: minute, hour, day of month, month, day of week; there are none for \
                 seconds and years",
                parts.len()
            ));
        };
        let both_days = weekday.starts_with('+');
        let weekday = weekday.strip_prefix('+').unwrap_or(weekday);
        let mut values: [Values; 5] = Default::default();
        for ((values, field), text) in values
            .iter_mut()
            .zip(&FIELDS)
            .zip([minute, hour, day, month, weekday])
        {
            *values = field.read(text)?;
        }
        let fields = Self { values, both_days };
        fields.check_that_it_runs()?;
        Ok(fields)
    }

    /// Whether there is a day on which it runs. Every day of the month that there is falls on every day of the week,
    /// some year.
    fn check_that_it_runs(&self) -> Result<(), String> {
        let [_, _, days, months, weekdays] = &self.values;
        let Some(days) = days else { return Ok(()) };
        if weekdays.is_some() && !self.both_days {
            return Ok(());
        }
        let first = days.first().copied().unwrap_or(1);
        let has = |month: u8| {
            LONGEST
                .get(usize::from(month) - 1)
                .is_some_and(|last| first <= *last)
        };
        match months {
            Some(months) if !months.iter().any(|month| has(*month)) => Err(format!(
                "it would never run: month {} has no day {}",
                list(months),
                list(days)
            )),
            _ => Ok(()),
        }
    }

    /// Whether it runs in every hour of a day.
    pub(super) fn is_every_hour(&self) -> bool {
        self.values[1]
            .as_ref()
            .is_none_or(|hours| hours.len() == 24)
    }

    /// Whether days of the month and days of the week are both given, and one of them is enough.
    pub(super) fn has_either_day(&self) -> bool {
        self.values[2].is_some() && self.values[4].is_some() && !self.both_days
    }

    /// The same, in numbers, lists and stars alone: all that needs to be understood by others.
    pub(super) fn in_numbers(&self) -> String {
        let [minute, hour, day, month, weekday] = self
            .values
            .each_ref()
            .map(|values| values.as_ref().map_or_else(|| "*".to_owned(), list));
        let and = if self.both_days { "+" } else { "" };
        format!("{minute} {hour} {day} {month} {and}{weekday}")
    }
}

fn list(values: &BTreeSet<u8>) -> String {
    let texts: Vec<String> = values.iter().map(u8::to_string).collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_people_write_them() {
        for (text, numbers) in [
            ("0 3 * * *", "0 3 * * *"),
            (
                "*/15 9-17/4 1,15 JAN,jul MON-Fri",
                "0,15,30,45 9,13,17 1,15 1,7 1,2,3,4,5",
            ),
            ("5/20 22-23,0-4 ? * ?", "5,25,45 0,1,2,3,4,22,23 * * *"),
            ("0 0 * * 7", "0 0 * * 0"),
            ("0 0 * * FRI-SUN", "0 0 * * 0,5,6"),
            ("0 0 * * 5-7", "0 0 * * 0,5,6"),
            ("0 0 * * SUN-TUE", "0 0 * * 0,1,2"),
            ("0 0 * * */2", "0 0 * * 0,2,4,6"),
            ("0 0 * * 5/1", "0 0 * * 5,6"),
            ("*/1 1,* 1-7 * +MON", "* * 1,2,3,4,5,6,7 * +1"),
            ("0 0 29 2 *", "0 0 29 2 *"),
            ("0 0 31 2,3 *", "0 0 31 2,3 *"),
            ("0 0 30 2 MON", "0 0 30 2 1"),
        ] {
            assert_eq!(Fields::read(text).unwrap().in_numbers(), numbers, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("* * * *", "it has 4 fields"),
            ("0 0 3 * * *", "it has 6 fields"),
            ("60 * * * *", "minute `60` is not within 0-59"),
            ("0 24 * * *", "hour `24` is not within 0-23"),
            ("0 0 0 * *", "day of month `0` is not within 1-31"),
            ("0 0 * 13 *", "month `13` is not within 1-12"),
            ("0 0 * * 8", "day of week `8` is not within 0-7"),
            (
                "0 22-4 * * *",
                "hour `22-4` ends before it begins: write it in two parts, `22-23,0-4`",
            ),
            ("0 0 * * SAT-MON", "write it in two parts, `SAT-6,0-MON`"),
            ("MON * * * *", "minute `MON` is not understood"),
            ("0 0 L * *", "day of month `L` is not understood"),
            ("0 0 * * 5#2", "day of week `5#2` is not understood"),
            ("0 0 1,,2 * *", "day of month `` is not understood"),
            ("+1 0 * * *", "minute `+1` is not understood"),
            ("0/0 * * * *", "minute `0/0` has a step of nothing"),
            ("*/x * * * *", "minute `*/x` has step `x`"),
            (
                "*/90 * * * *",
                "minute `*/90` has step `90`: write a number from 1 to 59",
            ),
            ("1-2-3 * * * *", "minute `1-2-3` is not understood"),
            ("? * * * *", "minute `?` is not understood"),
            ("999999999999 * * * *", "is not within 0-59"),
            ("0 0 30 2 *", "it would never run: month 2 has no day 30"),
            ("0 0 31 2,4,6,9,11 *", "it would never run"),
            ("0 0 30,31 2 +MON", "it would never run"),
        ] {
            let error = Fields::read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
