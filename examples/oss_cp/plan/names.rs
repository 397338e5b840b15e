//! From names to keys and back, and which of them are asked for.

use std::path::{Component, Path, PathBuf};

use super::super::failure::Result;

/// What of a key is not part of the names below it. As ossutil has it: what comes after the last slash of
/// a prefix is part of the names.
pub(super) fn base(key: &str) -> &str {
    key.rfind('/').map_or("", |at| &key[..=at])
}

/// Where a file goes: below a prefix that ends with a slash, otherwise under exactly that key.
pub(super) fn target_key(key: &str, name: &str, in_folder: bool) -> String {
    if key.is_empty() || key.ends_with('/') {
        format!("{key}{name}")
    } else if in_folder {
        format!("{key}/{name}")
    } else {
        key.to_owned()
    }
}

pub(super) fn file_name(path: &Path) -> Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| format!("read the name of `{}`: not Unicode", path.display()).into())
}

pub(super) fn ends_with_separator(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with(std::path::is_separator)
}

/// The path that a name stands for, where it stays below the folder.
pub(super) fn safe(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    // `a//b` is the same path as `a/b`, and another key.
    let same = !name.split('/').any(|part| part.is_empty() || part == ".");
    (plain && same).then_some(path)
}

/// Whether a name matches a pattern: `*` is any characters, `?` is one.
pub(super) fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken so far.
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, n) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*.jpg", "a/b.jpg", true),
            ("*.jpg", "a.jpg.txt", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxaxxbxx", true),
            ("*", "", true),
            ("", "a", false),
            ("中*", "中文", true),
        ] {
            assert_eq!(is_match(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn keys_that_lead_out_of_the_folder_are_no_paths() {
        assert_eq!(safe("a/b.txt"), Some("a/b.txt".into()));
        for key in ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a/./b"] {
            assert_eq!(safe(key), None, "{key}");
        }
    }

    #[test]
    fn a_key_that_ends_with_a_slash_is_a_folder() {
        assert_eq!(target_key("", "a", false), "a");
        assert_eq!(target_key("x/", "a", false), "x/a");
        assert_eq!(target_key("x", "a", false), "x");
        assert_eq!(target_key("x", "a", true), "x/a");
    }
}
