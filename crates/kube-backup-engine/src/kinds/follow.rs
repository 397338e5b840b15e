//! Following the references of one object: one walk over it visits every place that the table has for
//! its kind.

use std::sync::LazyLock;

use super::backends::BACKENDS;
use super::document::Document;
use super::names::{ByKind, DEFINITIONS, Kind, NAMESPACES, PODS, is_built_in};
use super::references::{Along, Place, REFERENCES, Reference, Strength};
use crate::{GroupResource, ObjectId};

/// A row of the table, for one kind.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) reference: &'static Reference,
    pub(crate) place: Place,
}

/// Every row, kind by kind.
pub(crate) fn rows() -> impl Iterator<Item = Row> {
    let of_table = REFERENCES.iter().flat_map(|(within, reference)| {
        let places = within.places(reference.at).into_iter();
        places.map(move |place| Row { reference, place })
    });
    let of_backends = BACKENDS.iter().map(|backend| Row {
        reference: &backend.service,
        place: backend.place(),
    });
    of_table.chain(of_backends)
}

/// An object that another one names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) to: ObjectId,
    /// The field that names it, in words.
    pub(crate) field: &'static str,
    /// What becomes of the object that names it without it.
    pub(crate) strength: Strength,
}

/// What an object needs of others: `kind` and `namespace` are its own. What matters to nobody is left out.
pub(crate) fn named<'d>(
    kind: &GroupResource,
    namespace: Option<&str>,
    object: impl Document<'d>,
) -> Vec<Named> {
    let mut found = Vec::new();
    let mut push = |kind: Kind, namespace: Option<&str>, name: &str, field, strength| {
        found.push(Named {
            to: ObjectId {
                resource: kind.group_resource(),
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            },
            field,
            strength,
        });
    };
    if let Some(name) = namespace {
        // One that is not there is made anew, without its labels.
        push(
            NAMESPACES,
            None,
            name,
            "metadata.namespace",
            Strength::Useful,
        );
    }
    if !is_built_in(kind) {
        push(
            DEFINITIONS,
            None,
            &kind.to_string(),
            "kind",
            Strength::Needed,
        );
    }
    EVERY_PLACE.follow(kind, namespace, object, &mut |row, namespace, name| {
        let Reference { to, strength, .. } = *row.reference;
        if strength != Strength::Matched {
            push(to, namespace, name, &row.place.field, strength);
        }
    });
    found
}

/// What the server looks for when it is given an object, and what it refuses the object without. It looks
/// at Pods themselves, not at what makes them.
pub(crate) fn looked_for<'d>(
    kind: &GroupResource,
    namespace: Option<&str>,
    object: impl Document<'d>,
) -> Vec<ObjectId> {
    let by_server = named(kind, namespace, object).into_iter();
    let by_server = by_server.filter(|named| match named.strength {
        Strength::Admitted => PODS.is(kind),
        Strength::Granted => true,
        Strength::Needed | Strength::Useful | Strength::Matched => false,
    });
    by_server.map(|named| named.to).collect()
}

/// Whether the server looks for objects of a kind when it is given others.
pub(crate) fn is_looked_for(kind: &GroupResource) -> bool {
    REFERENCES
        .iter()
        .any(|(_, reference)| reference.strength <= Strength::Granted && reference.to.is(kind))
}

/// Places of references, found by kind.
#[derive(Debug, Default)]
pub(crate) struct Places(ByKind<Steps>);

/// All of the table.
static EVERY_PLACE: LazyLock<Places> = LazyLock::new(|| Places::of(|_| true));

/// Those rows in which one object comes along with the other.
pub(crate) static COMPANIONS: LazyLock<Places> =
    LazyLock::new(|| Places::of(|reference| reference.along != Along::Nothing));

/// The places of one kind, as a tree of the steps that lead to them.
#[derive(Debug, Default)]
struct Steps {
    rows: Vec<Row>,
    /// Fields to go on in, and the steps from there.
    names: Vec<String>,
    fields: Vec<Steps>,
    /// The steps from each element of an array.
    each: Option<Box<Steps>>,
}

type Act<'a> = dyn FnMut(&'static Row, Option<&str>, &str) + 'a;

impl Places {
    fn of(taken: impl Fn(&Reference) -> bool) -> Self {
        let mut places = Self::default();
        for row in rows().filter(|row| !row.place.is_past && taken(row.reference)) {
            let pointer = row.place.pointer.clone();
            places.0.entry(row.place.kind).insert(&pointer, row);
        }
        places
    }

    pub(crate) fn has(&self, kind: &GroupResource) -> bool {
        self.0.get(kind).is_some()
    }

    /// Calls `act` with namespace and name of each object that `object` names.
    pub(crate) fn follow<'d>(
        &'static self,
        kind: &GroupResource,
        namespace: Option<&str>,
        object: impl Document<'d>,
        act: &mut Act<'_>,
    ) {
        if let Some(steps) = self.0.get(kind) {
            steps.walk(object, namespace, act);
        }
    }
}

impl Steps {
    fn insert(&mut self, pointer: &str, row: Row) {
        let Some(rest) = pointer.strip_prefix('/') else {
            self.rows.push(row);
            return;
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (step, rest) = rest.split_at(end);
        let next = if step == "*" {
            self.each.get_or_insert_default()
        } else {
            let name = step.replace("~1", "/").replace("~0", "~");
            let at = self.names.iter().position(|known| *known == name);
            let at = at.unwrap_or_else(|| {
                self.names.push(name);
                self.fields.push(Self::default());
                self.fields.len() - 1
            });
            &mut self.fields[at]
        };
        next.insert(rest, row);
    }

    fn walk<'d>(
        &'static self,
        value: impl Document<'d>,
        namespace: Option<&str>,
        act: &mut Act<'_>,
    ) {
        for row in &self.rows {
            row.read(value, namespace, act);
        }
        if let Some(each) = &self.each {
            value.elements(&mut |element| each.walk(element, namespace, act));
        }
        if !self.names.is_empty() {
            value.fields(&self.names, &mut |at, field| {
                self.fields[at].walk(field, namespace, act);
            });
        }
    }
}

impl Row {
    /// What is named at its place, unless the object calls it optional.
    fn read<'d>(
        &'static self,
        value: impl Document<'d>,
        namespace: Option<&str>,
        act: &mut Act<'_>,
    ) {
        let reference = self.reference;
        let name = if reference.key.is_empty() {
            value.text()
        } else {
            value.text_of(reference.key)
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return;
        };
        let of_kind = reference.of_kind;
        let is_another = !of_kind.is_empty() && value.text_of("kind").as_deref() != Some(of_kind);
        if is_another || value.field("optional").is_some_and(Document::is_true) {
            return;
        }
        if !reference.to.namespaced {
            return act(self, None, &name);
        }
        let elsewhere = reference.elsewhere.then(|| value.text_of("namespace"));
        let elsewhere = elsewhere.flatten().filter(|other| !other.is_empty());
        act(self, elsewhere.as_deref().or(namespace), &name);
    }
}
