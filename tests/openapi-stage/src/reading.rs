//! Which fields of responses are ever filled.

use std::collections::BTreeSet;

/// The fields of what was read of many responses, by their names.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    empty: BTreeSet<String>,
    filled: BTreeSet<String>,
}

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
        for value in ["None", "[]", "\"\""] {
            self.empty.extend(fields_shown_as(shown, value));
        }
        for value in ["Some(", "[", "true", "\"", "Unknown(", "{\""] {
            self.filled.extend(fields_shown_as(shown, value));
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

/// The names of fields that `Debug` shows with a value like this.
fn fields_shown_as(shown: &str, value: &str) -> BTreeSet<String> {
    shown
        .match_indices(&format!(": {value}"))
        .map(|(end, _)| {
            let start = shown[..end].rfind([' ', '{']).map_or(0, |start| start + 1);
            shown[start..end].to_owned()
        })
        .collect()
}
