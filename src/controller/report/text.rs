//! Texts of bounded length: a status never grows with what it tells of.

/// Most messages in a status.
const MESSAGES: usize = 10;
/// Longest message in a list, in bytes.
const MESSAGE: usize = 500;

/// The first messages, each cut short, and how many there were.
#[derive(Debug, Default)]
pub(in crate::controller) struct Messages {
    pub(in crate::controller) first: Vec<String>,
    pub(in crate::controller) count: usize,
}

impl Messages {
    pub(in crate::controller) fn add(&mut self, text: &str) {
        self.count += 1;
        if self.first.len() < MESSAGES {
            self.first.push(cut(text, MESSAGE));
        }
    }
}

/// A text of at most so many bytes.
pub(in crate::controller) fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub(3);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_as_short_as_asked_and_begins_as_it_did(text in ".{0,40}", bytes in 3_usize..60) {
            let short = cut(&text, bytes);
            prop_assert!(short.len() <= bytes);
            prop_assert!(text.starts_with(short.strip_suffix("...").unwrap_or(&short)));
        }
    }
}
