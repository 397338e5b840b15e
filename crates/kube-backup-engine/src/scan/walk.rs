//! One walk through a JSON value: where it ends, and how deep it is.

use memchr::memchr2;

use crate::{Error, Result};

/// How many objects and arrays may lie inside each other, the outermost one counted. Parsers of this family
/// stop at 128, and API servers at 10 000. It holds for whoever writes an object and for whoever reads it,
/// so that nothing is written that is not read back.
pub(crate) const MAX_DEPTH: usize = 126;

/// A walk through an object or an array, in as many pieces as its bytes arrive in.
///
/// It looks at brackets, strings and numbers, and never recurses: depth costs it nothing.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    at: usize,
    depth: usize,
    within: Within,
    /// Digits in a row, outside of texts.
    digits: u32,
    is_negative: bool,
    seen: Seen,
}

/// What a walk has come across.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// How many objects and arrays lie inside each other.
    pub(crate) depth: usize,
    /// Whether there is a number that is more than a few digits, and may be another one once it is parsed and
    /// printed.
    pub(crate) delicate_numbers: bool,
    /// Whether there is an escape that stands for a half of a character.
    pub(crate) surrogates: bool,
}

impl Seen {
    /// Whether parsers that take an object of this kind at all may still refuse it for what is in it. The API
    /// server stores some texts without a look at their numbers and characters, such as those of revisions.
    pub(crate) fn is_doubtful(self) -> bool {
        self.delicate_numbers || self.surrogates
    }
}

/// Most digits of a number that every parser takes as it is.
const SAFE_DIGITS: u32 = 15;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Value,
    Text,
    Escape,
    /// After `\u`.
    CodePoint,
}

impl Walk {
    /// Goes on in `bytes`, which begin where the value begins and may have grown since; returns where the
    /// value ends, once that is there.
    pub(crate) fn go_on(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = self.at;
        loop {
            match self.within {
                Within::Escape => {
                    if at >= bytes.len() {
                        break;
                    }
                    self.within = if bytes[at] == b'u' {
                        Within::CodePoint
                    } else {
                        Within::Text
                    };
                    at += 1;
                }
                Within::CodePoint => {
                    let Some(digit) = bytes.get(at) else { break };
                    self.seen.surrogates |= matches!(digit, b'd' | b'D');
                    // What it is belongs to the text, which may end here.
                    self.within = Within::Text;
                }
                Within::Text => match memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
                    None => {
                        at = bytes.len();
                        break;
                    }
                    Some(offset) => {
                        self.within = if bytes[at + offset] == b'"' {
                            Within::Value
                        } else {
                            Within::Escape
                        };
                        at += offset + 1;
                    }
                },
                Within::Value => {
                    let Some(byte) = bytes.get(at) else { break };
                    at += 1;
                    if self.is_of_a_number(*byte) {
                        continue;
                    }
                    match byte {
                        b'"' => self.within = Within::Text,
                        b'{' | b'[' => {
                            self.depth += 1;
                            self.seen.depth = self.seen.depth.max(self.depth);
                        }
                        b'}' | b']' => {
                            self.depth = self.depth.saturating_sub(1);
                            if self.depth == 0 {
                                return Some(at);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        self.at = at;
        None
    }

    /// Whether it is somewhere inside a value.
    pub(crate) fn has_begun(&self) -> bool {
        self.depth > 0
    }

    /// All bytes seen so far are dropped: those that follow come in their place.
    pub(crate) fn drop_seen(&mut self) {
        self.at = 0;
    }

    /// What it came across so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }

    fn is_of_a_number(&mut self, byte: u8) -> bool {
        match byte {
            b'0'..=b'9' => {
                let is_minus_zero = self.is_negative && self.digits == 0 && byte == b'0';
                self.digits += 1;
                self.seen.delicate_numbers |= is_minus_zero || self.digits > SAFE_DIGITS;
                return true;
            }
            // Words have an `e`, too.
            b'.' | b'E' | b'e' => self.seen.delicate_numbers |= self.digits > 0,
            _ => {}
        }
        self.digits = 0;
        self.is_negative = byte == b'-';
        false
    }
}

impl Seen {
    /// What there is in `bytes`, which hold one value.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut walk = Walk::default();
        // One that does not end is another's to refuse.
        walk.go_on(bytes);
        walk.seen()
    }
}

/// Refuses what is nested deeper than [`MAX_DEPTH`].
pub(crate) fn check_depth(depth: usize) -> Result<()> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "read JSON: values are nested too deeply: {depth} levels, of which {MAX_DEPTH} can be read"
    )))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn whatever_is_deep_enough_to_be_written_is_parsed() {
        for depth in [1, MAX_DEPTH - 1, MAX_DEPTH] {
            assert_eq!(Seen::of(nested(depth).as_bytes()).depth, depth);
            check_depth(depth).unwrap();
            serde_json::from_str::<Value>(&nested(depth)).unwrap();
        }
        assert!(check_depth(MAX_DEPTH + 1).is_err());
        let text = r#"{"a":[{"b":"[[[["},{"c":{"d":[]}}]}"#;
        assert_eq!(Seen::of(text.as_bytes()).depth, 5);
    }

    #[test]
    fn numbers_that_may_change_are_noticed() {
        for (number, delicate) in [
            ("0", false),
            ("-1", false),
            ("999999999999999", false),
            ("9007199254740993", true),
            ("-0", true),
            ("1.0", true),
            ("-0.5", true),
            ("1e5", true),
            ("1E5", true),
            ("true", false),
            ("false", false),
            ("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", false),
            ("\"1.0e5 1234567890123456\"", false),
        ] {
            let text = format!("{{\"a\":[{number} , {number}]}}");
            assert_eq!(
                Seen::of(text.as_bytes()).delicate_numbers,
                delicate,
                "{number}"
            );
        }
        assert!(Seen::of(br#"["a\ud83d"]"#).surrogates);
        assert!(!Seen::of(br#"["\u003ca\\ud8"]"#).surrogates);
    }

    proptest! {
        /// However the bytes arrive, it ends where the value does, having seen the same.
        #[test]
        fn pieces_make_no_difference(
            text in r#"[a-z0-9.eE\\"{}\[\],:u-]{0,60}"#,
            cut in 1usize..9,
        ) {
            let text = format!("[{text}]");
            let mut whole = Walk::default();
            let end = whole.go_on(text.as_bytes());
            let mut pieces = Walk::default();
            let by_pieces = (0..=text.len()).step_by(cut).chain([text.len()])
                .find_map(|length| pieces.go_on(&text.as_bytes()[..length]));
            prop_assert_eq!(by_pieces, end);
            prop_assert_eq!(pieces.seen(), whole.seen());
        }
    }
}
