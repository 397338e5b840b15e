//! Wildcards: `*` is any run of characters, also none; `?` is exactly one.

/// Whether an action is covered by a pattern of `Action` or `NotAction`.
///
/// `*` is any run of characters, also none, and `?` is exactly one. Case does not count: RAM's
/// documentation of the policy language, as of July 2025, has most services compare action names
/// without it, and ACK relies on that. The policies that ACK's documentation prints grant
/// `ecs:DescribeAutoSnapshotPolicyEX`, and the API that is called is named
/// `DescribeAutoSnapshotPolicyEx`. Only the 26 letters fold: action names have no others.
///
/// ```
/// use alibaba_ram::action_matches;
///
/// assert!(action_matches("ecs:Describe*", "ecs:DescribeSnapshots"));
/// assert!(action_matches(
///     "ecs:DescribeAutoSnapshotPolicyEX",
///     "ecs:DescribeAutoSnapshotPolicyEx",
/// ));
/// ```
#[must_use]
pub fn action_matches(pattern: &str, action: &str) -> bool {
    wildcard(pattern, action, Case::Folded)
}

/// Whether a resource is covered by a pattern of `Resource` or `NotResource`.
///
/// ARNs are compared with case and field by field. `*` is any run of characters and `?` exactly one:
/// in the region or account they stay in their field, and in the relative id, which comes last, they
/// are also `/` and `:`. A region or account that the pattern leaves empty is that of a resource
/// which has none, written empty or as `*`: `acs:ram::1234567890123456:user/alice` covers
/// `acs:ram:*:1234567890123456:user/alice`. That `*` crosses separators, and what empty fields match,
/// is chosen here; RAM's documentation says neither.
///
/// ```
/// use alibaba_ram::resource_matches;
///
/// let object = "acs:oss:oss-cn-hangzhou:1234567890123456:mybackups/a/b.tar.gz";
/// assert!(resource_matches("acs:oss:*:*:mybackups/*", object));
/// assert!(!resource_matches("acs:oss:*:*:mybackups", object));
/// ```
#[must_use]
pub fn resource_matches(pattern: &str, resource: &str) -> bool {
    let Some(pattern_fields) = arn_fields(pattern) else {
        return wildcard(pattern, resource, Case::Exact);
    };
    let Some(fields) = arn_fields(resource) else {
        return false;
    };
    pattern_fields
        .into_iter()
        .zip(fields)
        .enumerate()
        .all(|(index, (pattern, field))| {
            let may_be_absent = index == REGION || index == ACCOUNT;
            if may_be_absent && pattern.is_empty() {
                return matches!(field, "" | "*");
            }
            wildcard(pattern, field, Case::Exact)
        })
}

/// Whether a string is covered by a pattern of `StringLike`: with case, over the whole string.
pub(crate) fn text_matches(pattern: &str, text: &str) -> bool {
    wildcard(pattern, text, Case::Exact)
}

pub(crate) const REGION: usize = 2;
pub(crate) const ACCOUNT: usize = 3;

/// The five fields of `acs:<service>:<region>:<account>:<relative id>`, if there are five.
pub(crate) fn arn_fields(text: &str) -> Option<[&str; 5]> {
    let mut fields = text.splitn(5, ':');
    Some([
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    ])
}

#[derive(Clone, Copy)]
enum Case {
    Exact,
    Folded,
}

impl Case {
    fn same(self, a: u8, b: u8) -> bool {
        match self {
            Self::Exact => a == b,
            Self::Folded => a.eq_ignore_ascii_case(&b),
        }
    }
}

/// Greedy, with one point to return to: a later `*` can take whatever an earlier one could, so
/// only the last need be tried again. That bounds the time by the product of the lengths, which a
/// policy from a stranger cannot exceed.
fn wildcard(pattern: &str, text: &str, case: Case) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // After the last `*`, and up to where the text is given to it.
    let mut resume: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                resume = Some((p, t));
                continue;
            }
            Some(b'?') => {
                p += 1;
                t += character_length(text[t]);
                continue;
            }
            // UTF-8 marks the first byte of a character, so equal bytes are equal characters.
            Some(&byte) if case.same(byte, text[t]) => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        let Some((after, given)) = resume else {
            return false;
        };
        let given = given + character_length(text[given]);
        resume = Some((after, given));
        (p, t) = (after, given);
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Of the character whose first byte this is.
fn character_length(first: u8) -> usize {
    match first {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_and_a_question_mark_is_one_character() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("?", "a", true),
            ("?", "日", true),
            ("??", "日", false),
            ("*?", "日", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("*aab", "aaaab", true),
            ("a**", "a", true),
            ("A", "a", false),
        ] {
            assert_eq!(text_matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_star_stays_in_its_field_and_crosses_separators_in_the_last() {
        let matches = resource_matches;
        assert!(matches("acs:oss:*:*:b/*", "acs:oss:r:a:b/x/y:z"));
        assert!(!matches("acs:*:r:a:b", "acs:oss:cn:r:a:b"));
        assert!(!matches("acs:oss:*:*:b", "acs:oss:r:a:c:b"));
        assert!(matches("acs:oss:*", "acs:oss:r:a:b"));
        assert!(matches("*", "*"));
        assert!(!matches("acs:hbr:*:*:*", "*"));
    }

    #[test]
    fn an_empty_region_is_that_of_a_resource_without_one() {
        for resource in ["acs:ram::1:user/x", "acs:ram:*:1:user/x"] {
            assert!(resource_matches("acs:ram::1:user/x", resource));
            assert!(resource_matches("acs:ram:*:1:user/x", resource));
        }
        assert!(!resource_matches(
            "acs:ecs::1:disk/d",
            "acs:ecs:cn-hangzhou:1:disk/d"
        ));
    }

    #[test]
    fn actions_fold_case_and_resources_do_not() {
        assert!(action_matches("ECS:describe*", "ecs:DescribeDisks"));
        assert!(!resource_matches("acs:oss:*:*:B", "acs:oss:*:*:b"));
    }
}
