//! All strings, sorted by which of some patterns they match.
//!
//! Two strings that match the same patterns are alike to every policy that uses these patterns, so
//! one witness of each class decides for all. The classes are found by walking the automaton of
//! all patterns at once, from the empty string on: its states are few, since a pattern that can no
//! longer match is dropped from them.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::pattern::{ACCOUNT, REGION, arn_fields};

/// Steps that are taken at most, each from one place of one pattern. The longest legal policy, made
/// of a hundred buckets, needs a third of them.
const MOST_STEPS: usize = 1_000_000;

/// Policies that cannot be compared in reasonable time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("compare policies with too many {what}: {remedy}")]
pub struct TooComplex {
    what: &'static str,
    remedy: &'static str,
}

impl TooComplex {
    pub(super) const WILDCARDS: Self = Self {
        what: "wildcards",
        remedy: "use fewer `*` and `?` in one pattern",
    };
    pub(super) const CONDITIONS: Self = Self {
        what: "different conditions",
        remedy: "compare fewer policies at a time",
    };
}

/// A class: which patterns its strings match, and one of them.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) matched: BTreeSet<usize>,
    pub(super) witness: String,
}

/// What patterns are compared as.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Actions,
    Resources,
}

/// Finds every class of strings that the patterns distinguish, shortest witness first.
pub(super) fn classes(kind: Kind, patterns: &[String]) -> Result<Vec<Class>, TooComplex> {
    let tokens: Vec<Vec<Token>> = patterns
        .iter()
        .map(|pattern| match kind {
            Kind::Actions => tokens(&pattern.to_ascii_lowercase(), true).collect(),
            Kind::Resources => resource_tokens(pattern),
        })
        .collect();
    Walk { tokens: &tokens }.run()
}

/// A step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Char(char),
    /// `?`, and whether it may be a `:`.
    One(bool),
    /// `*`, and whether it crosses `:`.
    Run(bool),
    /// An empty region or account: nothing, or a literal `*`.
    Absent,
}

fn tokens(pattern: &str, crosses: bool) -> impl Iterator<Item = Token> {
    pattern.chars().map(move |char| match char {
        '*' => Token::Run(crosses),
        '?' => Token::One(crosses),
        other => Token::Char(other),
    })
}

fn resource_tokens(pattern: &str) -> Vec<Token> {
    let Some(fields) = arn_fields(pattern) else {
        return tokens(pattern, true).collect();
    };
    let mut all = Vec::new();
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            all.push(Token::Char(':'));
        }
        if field.is_empty() && (index == REGION || index == ACCOUNT) {
            all.push(Token::Absent);
        }
        all.extend(tokens(field, index == fields.len() - 1));
    }
    all
}

/// Where one may be in the patterns: pattern and number of tokens passed, in order.
type State = Vec<(usize, usize)>;

struct Walk<'a> {
    tokens: &'a [Vec<Token>],
}

impl Walk<'_> {
    fn run(&self) -> Result<Vec<Class>, TooComplex> {
        let alphabet = self.alphabet();
        let mut steps = 0;
        let start = self.closed((0..self.tokens.len()).map(|pattern| (pattern, 0)));
        let mut seen: HashSet<State> = HashSet::from([start.clone()]);
        let mut found: BTreeSet<BTreeSet<usize>> = BTreeSet::new();
        let mut classes = Vec::new();
        let mut queue = VecDeque::from([(start, String::new())]);
        while let Some((state, witness)) = queue.pop_front() {
            let matched = self.accepted(&state);
            if found.insert(matched.clone()) {
                classes.push(Class {
                    matched,
                    witness: witness.clone(),
                });
            }
            steps += state.len() * alphabet.len();
            if steps > MOST_STEPS {
                return Err(TooComplex::WILDCARDS);
            }
            for &char in &alphabet {
                let next = self.step(&state, char);
                if !seen.contains(&next) {
                    seen.insert(next.clone());
                    queue.push_back((next, format!("{witness}{char}")));
                }
            }
        }
        Ok(classes)
    }

    /// Every character that some pattern names, and one that none does.
    fn alphabet(&self) -> Vec<char> {
        let mut named: BTreeSet<char> = self
            .tokens
            .iter()
            .flatten()
            .filter_map(|token| match token {
                Token::Char(char) => Some(*char),
                _ => None,
            })
            .collect();
        named.extend([':', '*']);
        let other = ('a'..='z')
            .chain('0'..='9')
            .chain('\u{a1}'..)
            .find(|char| !named.contains(char))
            .expect("a policy does not hold every character there is");
        std::iter::once(other).chain(named).collect()
    }

    fn accepted(&self, state: &State) -> BTreeSet<usize> {
        state
            .iter()
            .filter(|(pattern, place)| *place == self.tokens[*pattern].len())
            .map(|(pattern, _)| *pattern)
            .collect()
    }

    fn step(&self, state: &State, char: char) -> State {
        let next = state.iter().filter_map(|&(pattern, place)| {
            let moves = |stays: bool| Some((pattern, place + usize::from(!stays)));
            match *self.tokens[pattern].get(place)? {
                Token::Char(expected) if expected == char => moves(false),
                Token::One(crosses) if crosses || char != ':' => moves(false),
                Token::Run(crosses) if crosses || char != ':' => moves(true),
                Token::Absent if char == '*' => moves(false),
                _ => None,
            }
        });
        self.closed(next)
    }

    /// Adds where one may be without a further character.
    fn closed(&self, places: impl Iterator<Item = (usize, usize)>) -> State {
        let mut state = State::new();
        for (pattern, mut place) in places {
            let tokens = &self.tokens[pattern];
            state.push((pattern, place));
            while let Some(Token::Run(_) | Token::Absent) = tokens.get(place) {
                place += 1;
                state.push((pattern, place));
            }
        }
        state.sort_unstable();
        state.dedup();
        state
    }
}

/// Whether some resource matches both patterns.
pub(crate) fn overlap(one: &str, other: &str) -> Result<bool, TooComplex> {
    let patterns = [one.to_owned(), other.to_owned()];
    let classes = classes(Kind::Resources, &patterns)?;
    Ok(classes.iter().any(|class| class.matched.len() == 2))
}
