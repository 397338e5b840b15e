//! Text of others, for a terminal or a log: names from archives, and what servers say.

use std::fmt;

/// Prints a text on one line, with escapes for what a terminal would obey: control characters, and those
/// that turn the direction of what follows or cannot be seen.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains(is_obeyed) {
            return f.pad(self.0);
        }
        let mut text = String::with_capacity(self.0.len() + 16);
        for character in self.0.chars() {
            match is_obeyed(character) {
                true => text.extend(character.escape_default()),
                false => text.push(character),
            }
        }
        f.pad(&text)
    }
}

fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_nothing_else() {
        let hostile = "a\u{1b}[2J\r\nb\u{9b}c\u{202e}d\u{7f}";
        let expected = r"a\u{1b}[2J\r\nb\u{9b}c\u{202e}d\u{7f}";
        assert_eq!(Printable(hostile).to_string(), expected);
        for plain in ["", "a b", r#"C:\n "quoted""#, "größe 尺寸"] {
            assert_eq!(Printable(plain).to_string(), plain);
        }
        assert_eq!(format!("{:<4}|", Printable("a")), "a   |");
    }

    proptest! {
        #[test]
        fn escaping_twice_changes_nothing(text in "\\PC*|[\u{0}-\u{9f}\u{2028}a]*") {
            let once = Printable(&text).to_string();
            prop_assert!(!once.contains(is_obeyed));
            prop_assert_eq!(Printable(&once).to_string(), once);
        }
    }
}
