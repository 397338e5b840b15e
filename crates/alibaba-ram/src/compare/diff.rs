//! What two sets of policies allow differently.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::document::{Condition, Effect, PolicyDocument, Statement, Values};
use crate::evaluate::{covers_action, covers_resource};
use crate::known::{KNOWN_ACTIONS, KnownAction};

use super::classes::{Class, Kind, TooComplex, classes};
use super::set::{PatternSet, describe};

/// Different conditions at most: each doubles the cases.
const MOST_CONDITIONS: usize = 10;

/// Finds what became allowed and what no longer is.
///
/// It is the meaning that is compared, not the text: order, spelling and overlap of statements do
/// not count, and a call is allowed if some statement allows it and none denies it. Conditions are
/// taken as wholes that may hold or not, each on its own. It is for policies of callers: `Principal`
/// is not looked at.
///
/// ```
/// use alibaba_ram::{PolicyDocument, Statement, diff};
///
/// let all = PolicyDocument::new()
///     .statement(Statement::allow().action("oss:GetObject").resource("*"));
/// let some = PolicyDocument::new()
///     .statement(Statement::allow().action("oss:GetObject").resource("acs:oss:*:*:mybackups/*"));
/// let changes = diff([&all], [&some])?;
/// assert_eq!(
///     changes.to_string(),
///     "no longer allowed: `oss:GetObject` on `*` except `acs:oss:*:*:mybackups/*`\n",
/// );
/// # Ok::<(), alibaba_ram::TooComplex>(())
/// ```
///
/// # Errors
///
/// When there are too many wildcards or conditions to compare.
pub fn diff<'a>(
    before: impl IntoIterator<Item = &'a PolicyDocument>,
    after: impl IntoIterator<Item = &'a PolicyDocument>,
) -> Result<Diff, TooComplex> {
    Comparison::new(collect(before), collect(after)).run()
}

/// The differences between two sets of policies. Its `Display` has a line for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    changes: Vec<Change>,
}

/// Actions that are allowed on other resources than before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// Whether they became allowed or no longer are.
    pub kind: ChangeKind,
    /// The actions.
    pub actions: Vec<PatternSet>,
    /// On these resources.
    pub resources: Vec<PatternSet>,
    /// Where these conditions hold (`true`) or do not; in any case, if there are none.
    pub when: Vec<(Condition, bool)>,
}

/// In which direction something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It became allowed.
    Gained,
    /// It is no longer allowed.
    Lost,
}

impl Diff {
    /// Every difference.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether both sets of policies mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What became allowed.
    pub fn gained(&self) -> impl Iterator<Item = &Change> {
        self.of(ChangeKind::Gained)
    }

    /// What is no longer allowed.
    pub fn lost(&self) -> impl Iterator<Item = &Change> {
        self.of(ChangeKind::Lost)
    }

    fn of(&self, kind: ChangeKind) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.kind == kind)
    }
}

impl Change {
    /// The actions of this crate's table among those that changed.
    pub fn known_actions(&self) -> impl Iterator<Item = &'static str> {
        KNOWN_ACTIONS
            .iter()
            .map(KnownAction::name)
            .filter(|name| self.actions.iter().any(|set| set.contains_action(name)))
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes
            .iter()
            .try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ChangeKind::Gained => "newly allowed: ",
            ChangeKind::Lost => "no longer allowed: ",
        })?;
        sets(f, &self.actions)?;
        f.write_str(" on ")?;
        sets(f, &self.resources)?;
        for (index, (condition, holds)) in self.when.iter().enumerate() {
            f.write_str(if index == 0 { ", where " } else { " and " })?;
            let text = serde_json::to_string(condition).expect("strings always become JSON");
            write!(
                f,
                "{text} {}",
                if *holds { "holds" } else { "does not hold" }
            )?;
        }
        Ok(())
    }
}

fn sets(f: &mut fmt::Formatter<'_>, sets: &[PatternSet]) -> fmt::Result {
    for (index, set) in sets.iter().enumerate() {
        let before = if index == 0 { "" } else { ", " };
        write!(f, "{before}{set}")?;
    }
    Ok(())
}

fn collect<'a>(documents: impl IntoIterator<Item = &'a PolicyDocument>) -> Vec<&'a Statement> {
    documents
        .into_iter()
        .flat_map(PolicyDocument::statements)
        .collect()
}

struct Comparison<'a> {
    before: Vec<&'a Statement>,
    after: Vec<&'a Statement>,
    conditions: Vec<&'a Condition>,
}

/// How something changed: the kind, and which conditions hold or do not.
type Case = (ChangeKind, Vec<(usize, bool)>);

/// What changed for one class of actions, with the resources.
type Row = BTreeMap<Case, Vec<PatternSet>>;

impl<'a> Comparison<'a> {
    fn new(before: Vec<&'a Statement>, after: Vec<&'a Statement>) -> Self {
        let mut conditions: Vec<&Condition> = Vec::new();
        for condition in before
            .iter()
            .chain(&after)
            .filter_map(|statement| condition(statement))
        {
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
        Self {
            before,
            after,
            conditions,
        }
    }

    fn run(&self) -> Result<Diff, TooComplex> {
        if self.conditions.len() > MOST_CONDITIONS {
            return Err(TooComplex::CONDITIONS);
        }
        let patterns = self.patterns(|_| true, Statement::actions, Statement::not_actions);
        let all = classes(Kind::Actions, &patterns)?;
        let mut rows: BTreeMap<Row, BTreeSet<usize>> = BTreeMap::new();
        for (index, class) in all.iter().enumerate() {
            let row = self.row(&class.witness)?;
            if !row.is_empty() {
                rows.entry(row).or_default().insert(index);
            }
        }
        let mut changes = Vec::new();
        for (row, chosen) in rows {
            let actions = describe(&patterns, &all, &chosen);
            changes.extend(row.into_iter().map(|((kind, when), resources)| Change {
                kind,
                actions: actions.clone(),
                resources,
                when: self.named(&when),
            }));
        }
        changes.sort_by(|a, b| (a.kind, &a.actions).cmp(&(b.kind, &b.actions)));
        Ok(Diff { changes })
    }

    /// What changed for an action, by resources.
    fn row(&self, action: &str) -> Result<Row, TooComplex> {
        let covers = |statement: &Statement| covers_action(statement, action);
        let patterns = self.patterns(covers, Statement::resources, Statement::not_resources);
        let all: Vec<Class> = classes(Kind::Resources, &patterns)?;
        let mut chosen: BTreeMap<Case, BTreeSet<usize>> = BTreeMap::new();
        for (index, class) in all.iter().enumerate() {
            for change in self.cell(action, &class.witness) {
                chosen.entry(change).or_default().insert(index);
            }
        }
        Ok(chosen
            .into_iter()
            .map(|(change, chosen)| (change, describe(&patterns, &all, &chosen)))
            .collect())
    }

    /// What changed for an action on a resource, and where which conditions hold.
    fn cell(&self, action: &str, resource: &str) -> Vec<Case> {
        let (before, after) = (
            self.relevant(&self.before, action, resource),
            self.relevant(&self.after, action, resource),
        );
        let mut asked: Vec<usize> = before
            .iter()
            .chain(&after)
            .filter_map(|(_, c)| *c)
            .collect();
        asked.sort_unstable();
        asked.dedup();
        // A case is a set of bits: which of the conditions asked for hold.
        let holds = |case: usize, condition: usize| {
            let bit = asked.iter().position(|asked| *asked == condition);
            bit.is_some_and(|bit| case & (1 << bit) != 0)
        };
        let allows = |statements: &[(Effect, Option<usize>)], case: usize| {
            let any = |effect: Effect| {
                statements.iter().any(|(one, condition)| {
                    *one == effect && condition.is_none_or(|condition| holds(case, condition))
                })
            };
            any(Effect::Allow) && !any(Effect::Deny)
        };
        let changes: Vec<Option<ChangeKind>> = (0..1_usize << asked.len())
            .map(|case| match (allows(&before, case), allows(&after, case)) {
                (false, true) => Some(ChangeKind::Gained),
                (true, false) => Some(ChangeKind::Lost),
                _ => None,
            })
            .collect();
        let matters =
            |bit: usize| (0..changes.len()).any(|case| changes[case] != changes[case ^ (1 << bit)]);
        let bits: Vec<usize> = (0..asked.len()).filter(|bit| matters(*bit)).collect();
        let relevant: usize = bits.iter().map(|bit| 1 << bit).sum();
        (0..changes.len())
            .filter(|case| case & !relevant == 0)
            .filter_map(|case| {
                let when = bits.iter().map(|&bit| (asked[bit], case & (1 << bit) != 0));
                Some((changes[case]?, when.collect()))
            })
            .collect()
    }

    /// Effects and conditions of the statements that cover an action on a resource.
    fn relevant(
        &self,
        statements: &[&Statement],
        action: &str,
        resource: &str,
    ) -> Vec<(Effect, Option<usize>)> {
        statements
            .iter()
            .filter(|statement| covers_action(statement, action))
            .filter(|statement| covers_resource(statement, resource))
            .map(|statement| {
                let asked = condition(statement);
                let index =
                    asked.and_then(|asked| self.conditions.iter().position(|c| *c == asked));
                (statement.effect(), index)
            })
            .collect()
    }

    fn named(&self, when: &[(usize, bool)]) -> Vec<(Condition, bool)> {
        when.iter()
            .map(|&(condition, holds)| (self.conditions[condition].clone(), holds))
            .collect()
    }

    /// The patterns of one part of the statements, each once.
    fn patterns(
        &self,
        wanted: impl Fn(&Statement) -> bool,
        listed: impl Fn(&Statement) -> Option<&Values>,
        but: impl Fn(&Statement) -> Option<&Values>,
    ) -> Vec<String> {
        let all: BTreeSet<&String> = self
            .before
            .iter()
            .chain(&self.after)
            .filter(|statement| wanted(statement))
            .flat_map(|statement| listed(statement).into_iter().chain(but(statement)))
            .flatten()
            .collect();
        all.into_iter().cloned().collect()
    }
}

/// The condition of a statement, if it asks for anything.
fn condition(statement: &Statement) -> Option<&Condition> {
    statement
        .conditions()
        .filter(|condition| condition.iter().next().is_some())
}
