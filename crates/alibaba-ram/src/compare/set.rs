//! Sets of strings, described by patterns.

use std::collections::BTreeSet;
use std::fmt;

use crate::pattern::{action_matches, resource_matches};

use super::classes::Class;

/// Strings that match a pattern, but for those that match another.
///
/// ```text
/// `acs:oss:*:*:mybackups/*` except `acs:oss:*:*:mybackups/private/*`
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternSet {
    all_of: Vec<String>,
    except: Vec<String>,
}

impl PatternSet {
    /// The patterns that all match: one, unless the set is where several overlap.
    #[must_use]
    pub fn all_of(&self) -> &[String] {
        &self.all_of
    }

    /// The patterns of which none matches.
    #[must_use]
    pub fn except(&self) -> &[String] {
        &self.except
    }

    /// Whether an action is in this set of actions.
    #[must_use]
    pub fn contains_action(&self, action: &str) -> bool {
        self.contains(|pattern| action_matches(pattern, action))
    }

    /// Whether a resource is in this set of resources.
    #[must_use]
    pub fn contains_resource(&self, resource: &str) -> bool {
        self.contains(|pattern| resource_matches(pattern, resource))
    }

    fn contains(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.all_of.iter().all(|pattern| matches(pattern))
            && !self.except.iter().any(|pattern| matches(pattern))
    }
}

impl fmt::Display for PatternSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.all_of, " and ")?;
        if !self.except.is_empty() {
            f.write_str(" except ")?;
            list(f, &self.except, ", ")?;
        }
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, patterns: &[String], between: &str) -> fmt::Result {
    for (index, pattern) in patterns.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        write!(f, "`{pattern}`")?;
    }
    Ok(())
}

/// Describes some of the classes by few patterns.
///
/// A pattern is used if all of its classes are chosen, or all but those of narrower patterns, which
/// become its exceptions. Broad patterns go first; what is left is described class by class.
pub(super) fn describe(
    patterns: &[String],
    classes: &[Class],
    chosen: &BTreeSet<usize>,
) -> Vec<PatternSet> {
    let cover = Cover::new(patterns, classes);
    let mut broad: Vec<(String, Indices)> = cover
        .of
        .iter()
        .cloned()
        .enumerate()
        .map(|(pattern, classes)| (patterns[pattern].clone(), classes))
        .collect();
    broad.push(("*".to_owned(), (0..classes.len()).collect()));
    broad.sort_by_key(|(_, classes)| std::cmp::Reverse(classes.len()));

    let mut sets = Vec::new();
    let mut left = chosen.clone();
    for (pattern, inside) in broad {
        if inside.is_disjoint(&left) {
            continue;
        }
        let out: Indices = inside.difference(chosen).copied().collect();
        let holes = cover.patterns_where(|hole| {
            !hole.is_disjoint(&inside)
                && hole.intersection(&inside).all(|class| out.contains(class))
        });
        if out
            .iter()
            .all(|class| holes.iter().any(|hole| cover.of[*hole].contains(class)))
        {
            left = left.difference(&inside).copied().collect();
            sets.push(PatternSet {
                all_of: vec![pattern],
                except: cover.widest(&holes),
            });
        }
    }
    for class in left {
        let matched = &classes[class].matched;
        let narrower: Indices = (0..classes.len())
            .filter(|other| classes[*other].matched.is_superset(matched))
            .collect();
        let mut holes = cover.patterns_where(|hole| !hole.is_disjoint(&narrower));
        holes.retain(|hole| !matched.contains(hole));
        sets.push(PatternSet {
            all_of: cover.narrowest(matched),
            except: cover.widest(&holes),
        });
    }
    sets.sort();
    sets
}

type Indices = BTreeSet<usize>;

/// Which classes each pattern covers.
struct Cover<'a> {
    patterns: &'a [String],
    of: Vec<Indices>,
}

impl<'a> Cover<'a> {
    fn new(patterns: &'a [String], classes: &[Class]) -> Self {
        let of = |pattern: usize| {
            (0..classes.len())
                .filter(|class| classes[*class].matched.contains(&pattern))
                .collect()
        };
        Self {
            patterns,
            of: (0..patterns.len()).map(of).collect(),
        }
    }

    fn patterns_where(&self, holds: impl Fn(&Indices) -> bool) -> Vec<usize> {
        (0..self.patterns.len())
            .filter(|pattern| holds(&self.of[*pattern]))
            .collect()
    }

    /// Those of `among` that no other of them is inside of; of equals the first.
    fn narrowest(&self, among: &Indices) -> Vec<String> {
        self.names(
            among
                .iter()
                .copied()
                .filter(|&one| !among.iter().any(|&other| self.is_inside(other, one))),
        )
    }

    /// Those of `among` that are inside no other of them; of equals the first.
    fn widest(&self, among: &[usize]) -> Vec<String> {
        self.names(
            among
                .iter()
                .copied()
                .filter(|&one| !among.iter().any(|&other| self.is_inside(one, other))),
        )
    }

    fn is_inside(&self, inner: usize, outer: usize) -> bool {
        let (a, b) = (&self.of[inner], &self.of[outer]);
        inner != outer && a.is_subset(b) && (a != b || outer < inner)
    }

    fn names(&self, patterns: impl Iterator<Item = usize>) -> Vec<String> {
        patterns
            .map(|pattern| self.patterns[pattern].clone())
            .collect()
    }
}
