//! A restore under way, or the dry run of one: tier by tier, and inside a tier many objects at once.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered};
use serde_json::Value;

use super::apply::{Applied, apply};
use super::decide::Rules;
use super::environment::Environment;
use super::finished::Finished;
use super::hooks;
use super::left::Left;
use super::outcome::Outcome;
use super::prepare::{NextStep, prepare};
use super::progress::{OnProgress, RestoreProgress};
use super::request::Request;
use super::served::Served;
use super::state::State;
use super::transform::Lowering;
use super::waits;
use crate::archive::{Entries, EntryRef};
use crate::kinds::names::SERVICES;
use crate::kinds::order::Tier;
use crate::{Discovery, Entry, GroupResource, ObjectId, Result};

/// Bytes of JSON that are being restored at once. Each is held about five times, as parsed, sent and
/// received, so a few large Secrets take more room than all small objects together.
const ROOM: usize = 2 << 20;

/// A restore under way.
pub(crate) struct Execution<'a> {
    pub(super) environment: &'a Environment<'a>,
    pub(super) state: State,
    total: usize,
    on_progress: &'a OnProgress,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(
        environment: &'a Environment<'a>,
        found: Discovery,
        total: usize,
        on_progress: &'a OnProgress,
    ) -> Self {
        Self {
            environment,
            state: State {
                served: Served::new(found),
                ..State::default()
            },
            total,
            on_progress,
        }
    }

    /// Reports an object that another one displaces.
    pub(crate) fn skip(&mut self, id: ObjectId, namespace: String, reason: String) {
        let tier = Tier::of(&id.resource);
        let outcome = Outcome::not_restored(reason);
        self.fold(Finished::new(tier, id, Some(namespace), outcome.into()));
    }

    /// Reports an object that no request is made for.
    pub(crate) fn fail(&mut self, id: ObjectId, reason: String) {
        let tier = Tier::of(&id.resource);
        let namespace = self.environment.target_of(&id);
        let outcome = Outcome::Failed(reason);
        self.fold(Finished::new(tier, id, namespace, outcome.into()));
    }

    /// Restores all tiers, and waits between them for what later ones need.
    pub(crate) async fn run(mut self, mut entries: Entries) -> State {
        let mut namespaces = BTreeSet::new();
        let mut kinds = BTreeSet::new();
        let mut all_kinds = HashSet::new();
        for listed in entries.iter() {
            let gate = &self.environment.gate;
            let resource = listed.resource();
            // Nothing is made for what is withheld.
            let namespace = listed.namespace();
            if let Some(namespace) = namespace.filter(|it| !gate.withholds_namespace(it)) {
                let target = self.environment.spec.target_namespace(namespace);
                if !namespaces.contains(target) {
                    namespaces.insert(target.to_owned());
                }
                if self.environment.is_plan() {
                    kinds.insert((target.to_owned(), resource.clone()));
                }
            }
            if !all_kinds.contains(resource) {
                all_kinds.insert(resource.clone());
            }
        }
        // Each tier is taken off the end.
        entries.sort_by_key(|listed| std::cmp::Reverse(Tier::of(listed.resource())));
        for tier in Tier::ALL {
            let is_of_tier = |listed: EntryRef<'_>| Tier::of(listed.resource()) == tier;
            let mut of_tier = entries.take_last(usize::MAX, is_of_tier);
            let mut deferred = self.state.deferred.remove(&tier).unwrap_or_default();
            match tier {
                Tier::Classes => self.look_for_defaults(&all_kinds).await,
                Tier::Foundations => self.plan_claims().await,
                Tier::Pods if !(of_tier.is_empty() && deferred.is_empty()) => {
                    self.look_for_nodes().await;
                }
                _ => {}
            }
            if tier == Tier::Webhooks {
                // While nothing stands in the way of a patch.
                self.put_owners_back().await;
                let warnings = waits::for_backends(self.environment, &of_tier, &deferred).await;
                self.state.warnings.extend(warnings);
            }
            let claims = self.take_planned_claims(&mut of_tier, &mut deferred);
            Box::pin(self.restore_tier(tier, of_tier, deferred)).await;
            Box::pin(self.restore_claims(tier, claims)).await;
            match tier {
                Tier::Definitions => self.await_definitions().await,
                Tier::Namespaces => {
                    self.await_namespaces(&namespaces).await;
                    self.read_schemas(&kinds).await;
                }
                // Before bounds that know nothing of what fills them.
                Tier::Configuration => self.fill_claims().await,
                Tier::Protection => self.await_quotas().await,
                Tier::Pods => self.lower(|lowering| lowering.after_pods.take()).await,
                _ => {}
            }
        }
        self.lower(|lowering| lowering.in_the_end.take()).await;
        self.put_owners_back().await;
        let orphans = std::mem::take(&mut self.state.orphans);
        let warnings =
            waits::put_known_owners_back(self.environment, &self.state.uids, orphans).await;
        self.state.warnings.extend(warnings);
        let finalizers = std::mem::take(&mut self.state.finalizers);
        let warnings = finalizers.into_iter().map(waits::for_whom_finalizers_wait);
        self.state.warnings.extend(warnings);
        self.state
    }

    async fn look_for_defaults(&mut self, kinds: &HashSet<GroupResource>) {
        let State {
            surroundings,
            served,
            warnings,
            ..
        } = &mut self.state;
        let looked = surroundings.look_for_defaults(self.environment, served, kinds);
        warnings.extend(looked.await);
    }

    async fn look_for_nodes(&mut self) {
        let looked = self.state.surroundings.look_for_nodes(self.environment);
        let warnings = looked.await;
        self.state.warnings.extend(warnings);
    }

    async fn await_quotas(&mut self) {
        let quotas = std::mem::take(&mut self.state.quotas);
        let warnings = waits::for_quotas(self.environment, quotas).await;
        self.state.warnings.extend(warnings);
    }

    /// Ends what quotas and ranges of limits allow for the restore's sake, as far as it is time.
    async fn lower(&mut self, due: impl Fn(&mut Lowering) -> Option<Value>) {
        let raised = self.state.raised.iter_mut();
        let due = raised.filter_map(|(path, lowering)| Some((path.clone(), due(lowering)?)));
        let warnings = waits::lower(self.environment, due.collect()).await;
        self.state.warnings.extend(warnings);
    }

    pub(super) fn fold(&mut self, finished: Finished) {
        let tier = finished.tier;
        self.state.fold(finished, self.environment.is_plan());
        (self.on_progress)(RestoreProgress {
            total: self.total,
            done: self.state.done(),
            tier,
        });
    }

    async fn await_definitions(&mut self) {
        let names = std::mem::take(&mut self.state.definitions);
        let (served, warnings) = waits::for_definitions(self.environment, names).await;
        if let Some(served) = served {
            self.state.served = served;
        }
        self.state.warnings.extend(warnings);
    }

    async fn await_namespaces(&mut self, needed: &BTreeSet<String>) {
        let (planned, made, warnings) =
            waits::for_namespaces(self.environment, &self.state, needed).await;
        self.state.planned.extend(planned);
        self.state.new_namespaces.extend(made);
        self.state.warnings.extend(warnings);
    }

    /// What the cluster keeps of objects that it cannot be asked about, since their namespaces are only
    /// planned.
    async fn read_schemas(&mut self, kinds: &BTreeSet<(String, GroupResource)>) {
        let planned = kinds
            .iter()
            .filter(|(namespace, _)| self.state.planned.has_namespace(namespace));
        let kinds: BTreeSet<&GroupResource> = planned.map(|(_, kind)| kind).collect();
        let warnings = waits::read_schemas(self.environment, &mut self.state, &kinds).await;
        self.state.warnings.extend(warnings);
    }

    async fn put_owners_back(&mut self) {
        let orphans = std::mem::take(&mut self.state.orphans);
        let (unknown, warnings) = waits::put_owners_back(
            self.environment,
            &self.state.served,
            &mut self.state.uids,
            orphans,
        )
        .await;
        self.state.orphans = unknown;
        self.state.warnings.extend(warnings);
    }

    /// Restores the objects of a tier. What could not be read or is late is reported.
    async fn restore_tier(&mut self, tier: Tier, entries: Entries, deferred: Vec<Entry>) {
        let mut left = Left::new(entries, deferred);
        if left.len() == 0 {
            return;
        }
        tracing::debug!(?tier, objects = left.len(), "restoring");
        let step = format!("restore the objects of tier `{}`", tier.name());
        let deadline = &self.environment.deadline;
        let work = self.restore_objects(tier, &mut left);
        // They were read once before, so this is the store failing half way, or the deadline: what is
        // left is reported, and running the restore again completes it.
        if let Err(error) = deadline.within(&step, work).await.and_then(|done| done) {
            let reason = error.chain();
            for id in left.into_ids() {
                let namespace = self.environment.target_of(&id);
                let outcome = Outcome::Failed(reason.clone());
                self.fold(Finished::new(tier, id, namespace, outcome.into()));
            }
        }
    }

    /// Prepares objects one by one as they are read, sends a few requests at once, and folds in what
    /// comes of them.
    async fn restore_objects(&mut self, tier: Tier, left: &mut Left) -> Result<()> {
        let environment = self.environment;
        let parallel = environment.parallel();
        let mut objects = stream::empty().boxed();
        let mut read: Option<(Entry, Bytes)> = None;
        let mut is_read_to_the_end = false;
        let mut room = ROOM;
        let mut requests = FuturesUnordered::new();
        loop {
            while let Some((entry, bytes)) =
                read.take_if(|(_, bytes)| requests.len() < parallel && weight_of(bytes) <= room)
            {
                if SERVICES.is(&entry.id.resource)
                    && let Ok(service) = serde_json::from_slice(&bytes)
                {
                    self.state.services.note(&service);
                }
                match prepare(environment, &self.state, tier, entry, &bytes) {
                    NextStep::Request(request) => {
                        let lacks = self.state.without_withheld(&request);
                        self.state.warnings.extend(lacks);
                        let weight = weight_of(&bytes);
                        room -= weight;
                        requests.push(perform(environment, request, weight));
                    }
                    NextStep::Defer(tier, entry) => {
                        left.remove(&entry.id);
                        let deferred = self.state.deferred.entry(tier);
                        deferred.or_default().push(*entry);
                    }
                    NextStep::Finish(finished) => {
                        left.remove(&finished.id);
                        self.fold(*finished);
                    }
                }
            }
            tokio::select! {
                Some((request, applied, weight)) = requests.next() => {
                    room += weight;
                    left.remove(&request.id);
                    if !environment.is_plan() {
                        let hooks = hooks::of_created(&environment.spec.hooks, &request, &applied);
                        self.state.hooks.extend(hooks);
                    }
                    let finished = self.state.judge(*request, applied, environment.is_plan());
                    self.fold(finished);
                }
                next = objects.next(), if read.is_none() && !is_read_to_the_end => match next {
                    Some(object) => read = Some(object?),
                    None => match left.next_piece() {
                        Some(piece) => objects = environment.backup.read_again(piece),
                        None => is_read_to_the_end = true,
                    },
                },
                else => return Ok(()),
            }
        }
    }
}

/// Sends the requests for one object.
async fn perform(
    environment: &Environment<'_>,
    request: Box<Request>,
    weight: usize,
) -> (Box<Request>, Applied, usize) {
    let rules = Rules {
        policy: environment.spec.existing_resource_policy,
        bystanders: &environment.bystanders,
        in_new_namespace: request.in_new_namespace,
    };
    let applied = apply(&environment.api, &request, rules).await;
    (request, applied, weight)
}

fn weight_of(bytes: &Bytes) -> usize {
    bytes.len().min(ROOM)
}
