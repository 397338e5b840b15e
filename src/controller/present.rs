//! Which objects there are, so that it is seen when one goes, also while nobody watched.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kube::Resource;
use kube::runtime::watcher::Event;
use parking_lot::Mutex;

type Uids = BTreeMap<String, String>;

/// The objects of each kind, by name, with their uids.
#[derive(Clone, Debug, Default)]
pub(super) struct Present(Arc<Mutex<HashMap<&'static str, Kind>>>);

#[derive(Debug, Default)]
struct Kind {
    there: Uids,
    /// What a list that is under way has shown so far.
    listed: Option<Uids>,
}

/// An object that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) name: String,
    pub(super) uid: String,
}

impl Present {
    /// Whether an object is there whose name is like this.
    pub(super) fn any_named(&self, kind: &'static str, is_meant: impl Fn(&str) -> bool) -> bool {
        let all = self.0.lock();
        all.get(kind)
            .is_some_and(|it| it.there.keys().any(|name| is_meant(name)))
    }

    /// Whether this very object is there.
    pub(super) fn has(&self, kind: &'static str, name: &str, uid: &str) -> bool {
        let all = self.0.lock();
        let there = all.get(kind).and_then(|it| it.there.get(name));
        there.is_some_and(|it| it == uid)
    }

    /// Takes in what a watch of a kind tells; what is gone by that. A list tells of what vanished between two watches,
    /// and another uid under the same name of what was made anew.
    pub(super) fn take<K: Resource>(&self, kind: &'static str, event: &Event<K>) -> Vec<Gone> {
        let mut all = self.0.lock();
        let Kind { there, listed } = all.entry(kind).or_default();
        match event {
            Event::Init => {
                *listed = Some(Uids::new());
                Vec::new()
            }
            Event::InitApply(object) => {
                let (name, uid) = id(object);
                listed
                    .get_or_insert_default()
                    .insert(name.clone(), uid.clone());
                seen(there, name, &uid)
            }
            Event::InitDone => {
                let listed = listed.take().unwrap_or_default();
                let mut gone = Vec::new();
                there.retain(|name, uid| {
                    let stays = listed.contains_key(name);
                    if !stays {
                        let (name, uid) = (name.clone(), uid.clone());
                        gone.push(Gone { name, uid });
                    }
                    stays
                });
                gone
            }
            Event::Apply(object) => {
                let (name, uid) = id(object);
                seen(there, name, &uid)
            }
            Event::Delete(object) => {
                let (name, uid) = id(object);
                if there.get(&name) == Some(&uid) {
                    there.remove(&name);
                }
                vec![Gone { name, uid }]
            }
        }
    }
}

fn id(object: &impl Resource) -> (String, String) {
    let meta = object.meta();
    let (name, uid) = (meta.name.clone(), meta.uid.clone());
    (name.unwrap_or_default(), uid.unwrap_or_default())
}

/// Another object of the same name is gone.
fn seen(there: &mut Uids, name: String, uid: &str) -> Vec<Gone> {
    match there.insert(name.clone(), uid.to_owned()) {
        Some(before) if before != uid => vec![Gone { name, uid: before }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use proptest::prelude::*;

    use super::*;

    const KIND: &str = "ConfigMap";

    fn object(name: u8, uid: u8) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.name = Some(name.to_string());
        object.metadata.uid = Some(uid.to_string());
        object
    }

    /// What happens in a cluster to one name.
    #[derive(Clone, Copy, Debug)]
    enum Happens {
        Made(u8),
        Deleted(u8),
    }

    fn story() -> impl Strategy<Value = Vec<(Happens, bool)>> {
        let happens = prop_oneof![
            (0..4_u8).prop_map(Happens::Made),
            (0..4_u8).prop_map(Happens::Deleted)
        ];
        prop::collection::vec((happens, any::<bool>()), 0..40)
    }

    proptest! {
        /// However a watch breaks and lists again: what is present is what is there, and each object that is gone is told
        /// once.
        #[test]
        fn what_went_is_told_once_whether_it_was_watched_or_not(story in story()) {
            let present = Present::default();
            let (mut cluster, mut known) = (BTreeMap::<u8, u8>::new(), Vec::new());
            let (mut told, mut next, mut watching) = (Vec::new(), 0_u8, true);
            let mut take = |event| told.extend(present.take::<ConfigMap>(KIND, &event));
            for (happens, watched) in story {
                if watched && !watching {
                    take(Event::Init);
                    for (name, uid) in &cluster {
                        take(Event::InitApply(object(*name, *uid)));
                        known.push((name.to_string(), uid.to_string()));
                    }
                    take(Event::InitDone);
                }
                watching = watched;
                match happens {
                    Happens::Made(name) => {
                        if cluster.contains_key(&name) {
                            continue;
                        }
                        next += 1;
                        cluster.insert(name, next);
                        if watching {
                            known.push((name.to_string(), next.to_string()));
                            take(Event::Apply(object(name, next)));
                        }
                    }
                    Happens::Deleted(name) => {
                        if let Some(uid) = cluster.remove(&name)
                            && watching
                        {
                            take(Event::Delete(object(name, uid)));
                        }
                    }
                }
            }
            take(Event::Init);
            for (name, uid) in &cluster {
                take(Event::InitApply(object(*name, *uid)));
                known.push((name.to_string(), uid.to_string()));
            }
            take(Event::InitDone);
            known.sort();
            known.dedup();
            for (name, uid) in known {
                let there = cluster.get(&name.parse().unwrap()).map(u8::to_string);
                let is_there = there.as_deref() == Some(&uid);
                prop_assert_eq!(present.has(KIND, &name, &uid), is_there);
                let gone = Gone { name, uid };
                let times = told.iter().filter(|it| **it == gone).count();
                prop_assert_eq!(times, usize::from(!is_there), "{:?}", gone);
            }
        }
    }
}
