//! Which paths are copied.

use crate::hbr::contents::name::Name;

/// Paths to take, all of them where none is named, and paths to leave out. A path stands for all that
/// is below it. `*` is any run of characters and `?` any one, as in Cloud Backup's console; a pattern
/// without `/` is one for names anywhere. How far patterns go is documented nowhere, so it is assumed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// The paths to back up, without patterns; none for all.
    paths: Vec<Vec<u8>>,
    includes: Vec<Vec<u8>>,
    excludes: Vec<Vec<u8>>,
}

impl Rules {
    pub(crate) fn new<T: AsRef<str>>(includes: &[T], excludes: &[T]) -> Self {
        let patterns = |texts: &[T]| {
            let texts = texts.iter().map(|text| text.as_ref().trim_end_matches('/'));
            texts.map(|text| text.as_bytes().to_vec()).collect()
        };
        Self {
            paths: Vec::new(),
            // An empty pattern is the root, and so everything.
            includes: patterns(includes),
            excludes: patterns(excludes),
        }
    }

    /// Only what is at these paths, or below.
    pub(crate) fn at<T: AsRef<str>>(mut self, paths: &[T]) -> Self {
        let paths = paths.iter().map(|path| path.as_ref().trim_matches('/'));
        self.paths = paths.map(|path| path.as_bytes().to_vec()).collect();
        if self.paths.iter().any(Vec::is_empty) {
            self.paths.clear();
        }
        self
    }

    pub(crate) fn takes(&self, name: &Name) -> bool {
        let included =
            self.includes.is_empty() || self.includes.iter().any(|it| covers(it, name.as_bytes()));
        let is_at =
            self.paths.is_empty() || self.paths.iter().any(|path| is_in(name.as_bytes(), path));
        is_at && included && !self.leaves_out(name)
    }

    /// Whether it is left out, with all that is below it.
    pub(crate) fn leaves_out(&self, name: &Name) -> bool {
        self.excludes.iter().any(|it| covers(it, name.as_bytes()))
            || !(self.paths.is_empty()
                || self
                    .paths
                    .iter()
                    .any(|path| is_in(name.as_bytes(), path) || is_in(path, name.as_bytes())))
    }
}

/// Whether a path is this folder, or in it.
fn is_in(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// Whether a pattern is for this path, or for a folder that it is in.
fn covers(pattern: &[u8], path: &[u8]) -> bool {
    // The root.
    if pattern.is_empty() {
        return true;
    }
    let Some(pattern) = pattern.strip_prefix(b"/") else {
        if pattern.contains(&b'/') {
            return covers_whole(pattern, path);
        }
        return path
            .split(|byte| *byte == b'/')
            .any(|part| matches(pattern, part));
    };
    covers_whole(pattern, path)
}

fn covers_whole(pattern: &[u8], path: &[u8]) -> bool {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let folders = ends.map(|(at, _)| &path[..at]);
    folders.chain([path]).any(|path| matches(pattern, path))
}

/// By going back to the last `*` only, so that no pattern takes long.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    (p, t) = (*at + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_for_what_is_below_them() {
        for (includes, excludes, path, taken) in [
            (&[][..], &[][..], "a/b", true),
            (&["/a"], &[], "a/b", true),
            (&["/a/"], &[], "a", true),
            (&["/a"], &[], "ab", false),
            (&["/a"], &["/a/b"], "a/b/c", false),
            (&["/a"], &["/a/b"], "a/c", true),
            (&[], &["*.log"], "x/y.log", false),
            (&[], &["*.log"], "y.log/z", false),
            (&[], &["*.log"], "y.logs", true),
            (&["a/*/c"], &[], "a/b/c/d", true),
            (&["a/?"], &[], "a/bb", false),
            (&["/"], &[], "a/b", true),
            (&[], &["/"], "a/b", false),
            (&["/日*"], &[], "日本/x", true),
        ] {
            let rules = Rules::new(includes, excludes);
            let name = Name::new(path);
            assert_eq!(
                rules.takes(&name),
                taken,
                "{includes:?} {excludes:?} {path}"
            );
        }
    }

    #[test]
    fn folders_on_the_way_to_a_path_are_entered_and_others_left_out() {
        let rules = Rules::new::<&str>(&[], &["*.log"]).at(&["/var/lib", "srv/"]);
        let name = |path| Name::new(path);
        for (path, left_out, taken) in [
            ("var", false, false),
            ("var/lib", false, true),
            ("var/lib/x", false, true),
            ("var/lib/x.log", true, false),
            ("var/library", true, false),
            ("srv/a", false, true),
            ("etc", true, false),
        ] {
            assert_eq!(rules.leaves_out(&name(path)), left_out, "{path}");
            assert_eq!(rules.takes(&name(path)), taken, "{path}");
        }
        assert!(Rules::new::<&str>(&[], &[]).at(&["/"]).takes(&name("etc")));
    }

    #[test]
    fn many_stars_take_no_longer() {
        let pattern = "*a".repeat(200);
        assert!(!matches(pattern.as_bytes(), "a".repeat(150).as_bytes()));
        assert!(matches(b"**", b""));
        assert!(matches(b"a*b*c", b"aXbYbZc"));
    }
}
