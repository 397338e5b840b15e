//! Errors in one line.

use std::error::Error;

/// An error and its causes in one line, for logs and for people: each crate of this workspace keeps the cause of an
/// error in [`source`](Error::source), and out of its text. What an error of somebody else prints of its
/// cause is not said again.
///
/// ```
/// use alibaba_core::{Error, ErrorKind, chain};
///
/// let error = Error::new(ErrorKind::Configuration, "read the settings").with_source("no such file");
/// assert_eq!(chain(&error), "read the settings: no such file");
/// ```
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
