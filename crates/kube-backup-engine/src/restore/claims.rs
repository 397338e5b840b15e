//! The part of a restore under way that is about claims and their data.

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::execution::Execution;
use super::outcome::{Outcome, SkipReason};
use super::prepare::{NextStep, prepare};
use super::volumes::data::{ClaimData, DataOutcome};
use super::volumes::fill::fill;
use super::volumes::plan::{Way, plan};
use super::volumes::provide::{Means, Provided, provide};
use super::volumes::turns::Turns;
use crate::Entry;
use crate::archive::Entries;
use crate::kinds::names::CLAIMS;
use crate::kinds::order::Tier;

impl Execution<'_> {
    /// Looks at what the target has for volumes, and plans what becomes of the data of claims.
    pub(super) async fn plan_claims(&mut self) {
        let environment = self.environment;
        if environment.loaded.kept.is_empty() {
            return;
        }
        let surroundings = &mut self.state.surroundings;
        let looked = surroundings.look_for_volumes(environment, &self.state.served);
        let warnings = looked.await;
        self.state.warnings.extend(warnings);
        let target = &self.state.surroundings.for_volumes;
        let snapshotters = environment.snapshotters;
        let (loaded, spec) = (&environment.loaded, environment.spec);
        let planned = plan(loaded, target, snapshotters, (spec, environment.steps));
        for claim in planned.values() {
            if let Some(why) = claim.instead_of_volume() {
                self.state.replaced.insert(claim.data.volume.clone(), why);
            }
        }
        self.state.claims = planned;
    }

    /// Takes out the claims that something is planned for.
    pub(super) fn take_planned_claims(
        &self,
        entries: &mut Entries,
        deferred: &mut Vec<Entry>,
    ) -> Vec<Entry> {
        let claims = &self.state.claims;
        if claims.is_empty() {
            return Vec::new();
        }
        let mut planned =
            entries.take_out(|it| CLAIMS.is(it.resource()) && claims.contains_key(&it.id()));
        planned.extend(deferred.extract_if(.., |entry| claims.contains_key(&entry.id)));
        planned
    }

    /// Restores claims with their data, all at once, since each may wait long for its own.
    pub(super) async fn restore_claims(&mut self, tier: Tier, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let environment = self.environment;
        let mut work = Vec::new();
        for entry in entries {
            let planned = self.state.claims.remove(&entry.id);
            let bytes = environment.loaded.claims.get(&entry.id);
            let (Some(mut planned), Some(bytes)) = (planned, bytes) else {
                continue;
            };
            planned.without_volume(&self.state.volumes.free);
            match prepare(environment, &self.state, tier, entry, bytes) {
                NextStep::Request(request) => work.push((request, planned)),
                NextStep::Finish(finished) => {
                    let mut data = planned.data;
                    if let Some(outcome) = without_claim(&finished.applied.outcome, &planned.way) {
                        data.outcome = outcome;
                    }
                    self.note_data(data, matches!(planned.way, Way::Plain));
                    self.fold(*finished);
                }
                // Claims have one turn.
                NextStep::Defer(..) => {}
            }
        }
        let served = std::mem::take(&mut self.state.served);
        let target = std::mem::take(&mut self.state.surroundings.for_volumes);
        let turns = Turns::new(environment.parallel());
        let means = Means {
            served: &served,
            target: &target,
            turns: &turns,
        };
        let mut restoring: FuturesUnordered<_> = work
            .into_iter()
            .map(|(request, planned)| provide(environment, &means, request, planned))
            .collect();
        while let Some(provided) = restoring.next().await {
            let Provided {
                request,
                applied,
                data,
                filling,
                snapshot,
                is_held_back,
            } = provided;
            self.state.fillings.extend(filling);
            self.state.snapshots.extend(snapshot);
            self.note_data(data, !is_held_back);
            let finished = self.state.judge(*request, applied, environment.is_plan());
            self.fold(finished);
        }
        drop(restoring);
        self.state.served = served;
        self.state.surroundings.for_volumes = target;
        let key = |it: &ClaimData| (it.namespace.clone(), it.claim.clone());
        self.state.data.sort_by_key(key);
    }

    fn note_data(&mut self, data: ClaimData, may_run: bool) {
        if let (DataOutcome::Failed(why), false) = (&data.outcome, may_run) {
            let namespace = &data.target_namespace;
            self.state.held_back.note(namespace, &data.claim, why);
        }
        self.state.data.push(data);
    }

    /// Fills the claims that were restored empty.
    pub(super) async fn fill_claims(&mut self) {
        let environment = self.environment;
        let fillings = std::mem::take(&mut self.state.fillings);
        if environment.is_plan() {
            return;
        }
        let turns = Turns::new(environment.parallel());
        let mut filling: FuturesUnordered<_> = fillings
            .iter()
            .map(async |it| {
                let step = format!("fill claim `{}/{}`", it.namespace, it.claim);
                let work = fill(environment, &turns, it);
                let done = environment.deadline.within(&step, work).await;
                (it, done.and_then(|done| done))
            })
            .collect();
        while let Some((it, done)) = filling.next().await {
            let Err(error) = done else {
                continue;
            };
            let why = error.chain();
            self.state.held_back.note(&it.namespace, &it.claim, &why);
            let of = |data: &&mut ClaimData| {
                data.target_namespace == it.namespace && data.claim == it.claim
            };
            if let Some(data) = self.state.data.iter_mut().find(of) {
                data.outcome = DataOutcome::Failed(why);
            }
        }
    }
}

/// What becomes of the data of a claim that no request is made for; `None` where that is as planned.
fn without_claim(outcome: &Outcome, way: &Way) -> Option<DataOutcome> {
    match (outcome, way) {
        (Outcome::Failed(why), _) => Some(DataOutcome::Failed(why.clone())),
        (Outcome::Skipped(SkipReason::Exists(_)), _) => Some(DataOutcome::Existing),
        (Outcome::Skipped(reason), _) => Some(DataOutcome::NotKept(reason.to_string())),
        (_, Way::Refused(_) | Way::Plain | Way::FromSnapshot(_)) => None,
    }
}
