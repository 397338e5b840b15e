//! What a step may fail with, and how that is told.

use std::error::Error;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The step and its causes, each once.
pub(crate) fn in_words(error: &(dyn Error + 'static)) -> String {
    if let Some(kube::Error::Api(status)) = error.downcast_ref() {
        return format!("use the cluster: {}", status.message);
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}\n  caused by: {source}");
        cause = source.source();
    }
    text
}
