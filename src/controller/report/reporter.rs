//! Writing status and events.

use std::fmt;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter as Name};
use kube::{Api, Resource, ResourceExt as _};
use serde::Serialize;
use serde_json::json;

use super::conditions::{Note, set};
use super::text::cut;
use crate::component::ADDON;
use crate::crds::{GROUP, VERSION, condition};

/// Between two attempts to write a status, at most.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// The object is gone, or is another one of its name by now: there is nobody to work for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controller) struct Gone;

/// Writes status and events.
#[derive(Clone)]
pub(in crate::controller) struct Reporter {
    client: kube::Client,
    recorder: Recorder,
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").finish_non_exhaustive()
    }
}

impl Reporter {
    pub(in crate::controller) fn new(client: kube::Client, instance: String) -> Self {
        let name = Name {
            controller: ADDON.to_owned(),
            instance: Some(instance),
        };
        Self {
            recorder: Recorder::new(client.clone(), name),
            client,
        }
    }

    /// Writes a status, all of it, to this very object. What fails is tried again until it is written or the object is gone.
    pub(in crate::controller) async fn status<K>(
        &self,
        object: &K,
        status: &impl Serialize,
    ) -> Result<(), Gone>
    where
        K: Resource<DynamicType = ()>,
    {
        let mut pause = Duration::from_millis(200);
        loop {
            match self.status_once(object, status).await {
                Ok(written) => return written,
                // The definitions in the cluster are others than this program's; asking again changes nothing.
                Err(kube::Error::Api(refused)) if refused.code == 422 => {
                    let (kind, name) = (K::kind(&()), object.name_any());
                    tracing::error!(%kind, name, error = refused.message, "a status is refused: apply the definitions of this version");
                    return Ok(());
                }
                Err(error) => {
                    let (kind, name) = (K::kind(&()), object.name_any());
                    tracing::warn!(%kind, name, error = crate::chain::chain(&error), "write a status; it is tried again");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// The same, once.
    pub(in crate::controller) async fn status_once<K>(
        &self,
        object: &K,
        status: &impl Serialize,
    ) -> Result<Result<(), Gone>, kube::Error>
    where
        K: Resource<DynamicType = ()>,
    {
        let meta = object.meta();
        let name = meta.name.clone().unwrap_or_default();
        let namespace = meta.namespace.clone().unwrap_or_default();
        let kind = K::kind(&());
        let body = json!({
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": kind,
            "metadata": {"name": name, "uid": meta.uid},
            "status": status,
        });
        let resource = kube::core::ApiResource::erase::<K>(&());
        let api = Api::<kube::core::DynamicObject>::namespaced_with(
            self.client.clone(),
            &namespace,
            &resource,
        );
        let params = PatchParams::apply(ADDON).force();
        match api.patch_status(&name, &params, &Patch::Apply(body)).await {
            Ok(_) => Ok(Ok(())),
            // Not there, or there with another uid.
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => {
                Ok(Err(Gone))
            }
            Err(error) => Err(error),
        }
    }

    /// Tells what an object waits for, in a word and in a sentence: by an event, and by a condition for its next status.
    pub(in crate::controller) async fn waits<K>(
        &self,
        object: &K,
        conditions: &mut Vec<Condition>,
        reason: &'static str,
        why: &str,
    ) where
        K: Resource<DynamicType = ()>,
    {
        let note = Note {
            holds: false,
            reason,
            message: why,
        };
        let generation = object.meta().generation;
        set(conditions, condition::READY, generation, &note);
        self.normal(object, reason, why).await;
    }

    /// Tells of something that is as it should be.
    pub(in crate::controller) async fn normal<K>(&self, object: &K, reason: &str, note: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        self.event(object, EventType::Normal, reason, note).await;
    }

    /// Tells of something that somebody should look at.
    pub(in crate::controller) async fn warning<K>(&self, object: &K, reason: &str, note: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        self.event(object, EventType::Warning, reason, note).await;
    }

    async fn event<K>(&self, object: &K, type_: EventType, reason: &str, note: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(cut(note, 1000)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        // Events are for people. Work does not wait for them.
        if let Err(error) = self.recorder.publish(&event, &object.object_ref(&())).await {
            let name = object.name_any();
            tracing::warn!(
                name,
                reason,
                error = crate::chain::chain(&error),
                "publish an event"
            );
        }
    }
}
