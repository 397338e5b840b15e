//! For property tests: what a signature has to notice.

use proptest::sample::Index;

/// The text with another character in place of one of its own.
pub(crate) fn alter(text: &str, at: Index) -> String {
    let at = at.index(text.chars().count());
    let other = |c| if c == 'q' { 'r' } else { 'q' };
    text.chars()
        .enumerate()
        .map(|(i, c)| if i == at { other(c) } else { c })
        .collect()
}
