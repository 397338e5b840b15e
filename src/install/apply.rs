//! One object, applied or removed.

use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::FIELD_MANAGER;
use super::change::{Action, Change, ObjectName, fields, not_kept};
use super::error::{Error, Refusal};
use crate::grants::CREDENTIALS_MANAGER;

/// Fields of these managers are taken without asking: a grant marks the Pods for their credentials.
const OURS: [&str; 2] = [FIELD_MANAGER, CREDENTIALS_MANAGER];

/// Applies objects to one cluster.
pub(super) struct Applier<'a> {
    pub(super) cluster: &'a kube::Client,
    /// Whether fields of others are taken over.
    pub(super) takes_over: bool,
}

impl Applier<'_> {
    /// What applying `object` would change; nothing, if it is as wanted.
    pub(super) async fn plan(&self, object: &Value) -> Result<Option<Change>, Error> {
        let name = name_of(object);
        let Some(live) = self.live(object).await? else {
            return Ok(Some(Change {
                action: Action::Create,
                object: name,
                fields: Vec::new(),
            }));
        };
        let then = self.patch(object, true).await?;
        let (live, then) = (json!(live), json!(then));
        let changes = fields(&live, &then);
        Ok((!changes.is_empty()).then_some(Change {
            action: Action::Update,
            object: name,
            fields: changes,
        }))
    }

    /// Applies it, and looks at what the server kept.
    pub(super) async fn apply(&self, object: &Value) -> Result<(), Error> {
        let kept = self.patch(object, false).await?;
        match not_kept(object, &json!(kept)) {
            None => Ok(()),
            Some(pointer) => Err(Error::NotKept {
                step: format!("apply {}", name_of(object)),
                pointer,
            }),
        }
    }

    /// Whether an uninstallation removes it: it is there, and was applied by an installation.
    pub(super) async fn plan_removal(&self, object: &Value) -> Result<Option<Change>, Error> {
        let live = self.live(object).await?;
        Ok(live.filter(is_applied_by_us).map(|_| Change {
            action: Action::Delete,
            object: name_of(object),
            fields: Vec::new(),
        }))
    }

    /// Removes it, if it is still the one that an installation applied.
    pub(super) async fn remove(&self, object: &Value) -> Result<(), Error> {
        let Some(live) = self.live(object).await?.filter(is_applied_by_us) else {
            return Ok(());
        };
        let name = name_of(object);
        // A Deployment goes after its Pods, so that its end can be waited for.
        let mut params = match object["kind"] == "Deployment" {
            true => DeleteParams::foreground(),
            false => DeleteParams::background(),
        };
        params.preconditions = Some(kube::api::Preconditions {
            uid: live.uid(),
            resource_version: None,
        });
        let deleted = self.api(object).delete(&name.name, &params).await;
        match deleted {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(Error::cluster(format!("delete {name}"))(error)),
        }
    }

    /// As it is.
    pub(super) async fn live(&self, object: &Value) -> Result<Option<DynamicObject>, Error> {
        let name = name_of(object);
        match self.api(object).get_opt(&name.name).await {
            // Of a kind that is not served yet, in no words of the API's.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            found => found.map_err(Error::cluster(format!("look for {name}"))),
        }
    }

    async fn patch(&self, object: &Value, dry_run: bool) -> Result<DynamicObject, Error> {
        let name = name_of(object);
        let api = self.api(object);
        let mut params = PatchParams::apply(FIELD_MANAGER);
        params.dry_run = dry_run;
        params.force = self.takes_over;
        let patch = Patch::Apply(object);
        let error = match api.patch(&name.name, &params, &patch).await {
            Ok(kept) => return Ok(kept),
            Err(error) => error,
        };
        let others = Conflicts::of(&error);
        let step = Error::cluster(format!("apply {name}"));
        match others {
            None => Err(step(error)),
            Some(conflicts) if conflicts.managers.is_empty() => {
                params.force = true;
                api.patch(&name.name, &params, &patch).await.map_err(step)
            }
            Some(conflicts) => Err(Refusal::ManagedByOthers {
                object: name.to_string(),
                managers: conflicts.managers,
                fields: conflicts.fields,
            }
            .into()),
        }
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let resource = resource_of(object);
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.cluster.clone(), namespace, &resource),
            None => Api::all_with(self.cluster.clone(), &resource),
        }
    }
}

/// Who else manages which fields. No manager: all of them are ours.
struct Conflicts {
    managers: Vec<String>,
    fields: Vec<String>,
}

impl Conflicts {
    /// From the server's refusal, whose causes are `conflict with "kubectl" using apps/v1` and a field each.
    fn of(error: &kube::Error) -> Option<Self> {
        let kube::Error::Api(status) = error else {
            return None;
        };
        if status.code != 409 {
            return None;
        }
        let causes = &status.details.as_ref()?.causes;
        let mut found = Self {
            managers: Vec::new(),
            fields: Vec::new(),
        };
        let mut is_conflict = false;
        for cause in causes
            .iter()
            .filter(|it| it.reason == "FieldManagerConflict")
        {
            is_conflict = true;
            let manager = cause.message.split('"').nth(1).unwrap_or("somebody");
            if OURS.contains(&manager) {
                continue;
            }
            if !found.managers.iter().any(|it| it == manager) {
                found.managers.push(manager.to_owned());
            }
            found.fields.push(cause.field.clone());
        }
        is_conflict.then_some(found)
    }
}

fn is_applied_by_us(object: &DynamicObject) -> bool {
    object.managed_fields().iter().any(|entry| {
        entry.manager.as_deref() == Some(FIELD_MANAGER)
            && entry.operation.as_deref() == Some("Apply")
    })
}

pub(super) fn name_of(object: &Value) -> ObjectName {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ObjectName {
        kind: text(&object["kind"]),
        namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
        name: text(&object["metadata"]["name"]),
    }
}

/// The kinds that are installed all have the plural that kube expects.
fn resource_of(object: &Value) -> ApiResource {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
