//! Which fields of responses are ever filled.

use std::collections::BTreeSet;

/// The fields of what was read of many responses, by their type and name: `Snapshot.tags`.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    empty: BTreeSet<String>,
    filled: BTreeSet<String>,
}

/// What a field has that no response has said anything for.
const EMPTY: [&str; 7] = ["None", "[]", "\"\"", "{}", "false", "0", "0.0"];

impl Reading {
    /// Notes what a response was read as, by its `Debug`, which has to show these values.
    ///
    /// # Panics
    /// When a value is not shown.
    pub fn note(&mut self, action: &str, shown: &str, expected: &[String]) {
        for value in expected {
            assert!(
                shown.contains(value),
                "{action} does not show {value}:\n{shown}"
            );
        }
        for (field, value) in fields(shown) {
            let is_empty = EMPTY.iter().any(|empty| {
                let rest = value.strip_prefix(empty);
                rest.is_some_and(|rest| rest.starts_with([',', ' ', '}']))
            });
            match is_empty {
                true => self.empty.insert(field),
                false => self.filled.insert(field),
            };
        }
    }

    /// The fields that no documented response fills. A type that several operations share has what any of
    /// them says.
    #[must_use]
    pub fn never_filled(&self) -> BTreeSet<&str> {
        let names = self.empty.difference(&self.filled);
        names.map(String::as_str).collect()
    }
}

/// The fields that `Debug` shows, each with what follows its colon.
fn fields(shown: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    // The types that are open; a map is one without a name.
    let mut open: Vec<&str> = Vec::new();
    let mut word = 0;
    let mut in_text = false;
    let mut escaped = false;
    for (at, char) in shown.char_indices() {
        if in_text {
            match char {
                '"' if !escaped => in_text = false,
                _ => escaped = char == '\\' && !escaped,
            }
            continue;
        }
        match char {
            '"' => (in_text, escaped) = (true, false),
            '{' => {
                open.push(shown[word..at].trim());
                word = at + 1;
            }
            '}' => {
                open.pop();
                word = at + 1;
            }
            ',' | '(' | '[' => word = at + 1,
            ':' if shown[at + 1..].starts_with(' ') => {
                let name = shown[word..at].trim();
                if let Some(owner) = open.last().filter(|owner| !owner.is_empty()) {
                    found.push((format!("{owner}.{name}"), &shown[at + 2..]));
                }
                word = at + 2;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "Debug reads them")]
    struct Shown {
        text: &'static str,
        list: Vec<Part>,
        part: Option<Part>,
        flag: bool,
        map: std::collections::BTreeMap<&'static str, u32>,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "Debug reads them")]
    struct Part {
        text: String,
        list: Vec<u32>,
        number: f64,
    }

    fn never_filled(shown: &[Shown]) -> BTreeSet<String> {
        let mut reading = Reading::default();
        for shown in shown {
            reading.note("A", &format!("{shown:?}"), &[]);
        }
        let never = reading.never_filled();
        never.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_field_that_nothing_fills_is_found_whatever_it_holds_and_whoever_else_has_its_name() {
        let nothing = || Shown {
            text: "",
            list: Vec::new(),
            part: None,
            flag: false,
            map: [].into(),
        };
        let every = ["flag", "list", "map", "part", "text"];
        let every: BTreeSet<_> = every.iter().map(|it| format!("Shown.{it}")).collect();
        assert_eq!(never_filled(&[nothing()]), every);
        let part = Part {
            text: ": None, [] \"\\".to_owned(),
            list: Vec::new(),
            number: 0.0,
        };
        let all = Shown {
            text: "other: \"\", ",
            list: vec![part],
            flag: true,
            map: [("k", 0)].into(),
            ..nothing()
        };
        assert_eq!(
            never_filled(&[nothing(), all]),
            ["Part.list", "Part.number", "Shown.part"]
                .map(str::to_owned)
                .into()
        );
    }
}
