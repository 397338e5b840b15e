//! The claim that files are put onto, and the Pod through which.

use chrono::{TimeDelta, Utc};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Resource as _, ResourceExt as _};
use kube_backup_engine::RunOptions;
use kube_backup_engine::volumes::{
    FillState, FillTarget, Mount, ObjectRef, VolumeRecord, VolumeSnapshotter,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::work::{Attempt, Looks};
use crate::crds::{ConvertToSnapshot, from_time};
use crate::volumes::files::FileBackups;

/// Says which conversion claims and Pods are of.
pub(super) const OF: &str = "csdr.alibabacloud.com/conversion";
/// On a claim that holds all of its files.
const FILLED: &str = "csdr.alibabacloud.com/filled";
/// The volume's name in the Pod.
const VOLUME: &str = "data";

/// The claim and the Pod of one volume.
pub(super) struct Temporary<'a> {
    context: &'a Context,
    conversion: &'a ConvertToSnapshot,
    /// What both are called.
    name: String,
    /// How long they are waited for.
    looks: Looks,
}

impl<'a> Temporary<'a> {
    /// Those of this claim of the backup. They are called as ACK calls them, and what follows tells claims of one name apart.
    pub(super) fn of(
        context: &'a Context,
        conversion: &'a ConvertToSnapshot,
        claim: &ObjectRef,
        looks: Looks,
    ) -> Self {
        let created = conversion.creation_timestamp();
        let created = created.map(|it| from_time(&it)).unwrap_or_default();
        let uid = conversion.uid().unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [&uid, &claim.namespace, &claim.name] {
            hash.update(part);
            hash.update(b"/");
        }
        let mut digest = base16ct::lower::encode_string(&hash.finalize());
        digest.truncate(8);
        let short: String = claim.name.chars().take(200).collect();
        Self {
            context,
            conversion,
            name: format!(
                "{short}-for-convert{}-{digest}",
                created.format("%Y%m%d%H%M")
            ),
            looks,
        }
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.context.client.clone(), &self.context.namespace)
    }

    fn at(&self) -> String {
        format!("{}/{}", self.context.namespace, self.name)
    }

    /// What is marked as the conversion's own goes with it, too.
    fn metadata(&self) -> Value {
        json!({
            "name": self.name,
            "labels": {
                OF: self.conversion.uid(),
                "velero.io/exclude-from-backup": "true",
            },
            "ownerReferences": self.conversion.owner_ref(&()).into_iter().collect::<Vec<_>>(),
        })
    }

    /// The claim with all files of `record`, and its volume. Nothing has it mounted any more.
    pub(super) async fn filled(
        &self,
        claim: &PersistentVolumeClaim,
        record: &VolumeRecord,
        files: &FileBackups,
    ) -> Result<(PersistentVolumeClaim, PersistentVolume), Attempt> {
        let made = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": self.metadata(), "spec": claim.spec,
        });
        let claim: PersistentVolumeClaim = self.ensure(&made).await?;
        if !claim.annotations().contains_key(FILLED) {
            let pod = self.mounted().await?;
            let (claim, volume) = self.bound().await?;
            self.fill(record, files, (claim, volume), &pod).await?;
            // Before the Pod goes: through another one, it would be filled once more.
            let patch = json!({"metadata": {"annotations": {FILLED: "true"}}});
            let claims = self.api::<PersistentVolumeClaim>();
            let patched = claims
                .patch(&self.name, &PatchParams::default(), &Patch::Merge(patch))
                .await;
            patched.map_err(|error| again("note that it is filled", &error))?;
        }
        self.delete::<Pod>().await?;
        self.bound().await
    }

    /// Takes away what is there of both.
    pub(super) async fn remove(&self) -> Result<(), Attempt> {
        self.delete::<Pod>().await?;
        self.delete::<PersistentVolumeClaim>().await
    }

    /// The object, made unless it is there.
    async fn ensure<K>(&self, wanted: &Value) -> Result<K, Attempt>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Serialize,
    {
        let api = self.api::<K>();
        let step = format!("make {} `{}`", K::kind(&()), self.at());
        let typed = serde_json::from_value::<K>(wanted.clone());
        let typed = typed.map_err(|error| Attempt::Never(format!("{step}: {error}")))?;
        match api.create(&PostParams::default(), &typed).await {
            Ok(made) => return Ok(made),
            Err(kube::Error::Api(refused)) if refused.reason == "AlreadyExists" => {}
            // A namespace is a moment older than its account.
            Err(kube::Error::Api(refused))
                if [400, 403, 422].contains(&refused.code)
                    && !refused.message.contains("service account") =>
            {
                return Err(Attempt::Never(format!("{step}: {}", refused.message)));
            }
            Err(error) => return Err(again(&step, &error)),
        }
        let there = api
            .get(&self.name)
            .await
            .map_err(|error| again(&step, &error))?;
        if there.meta().deletion_timestamp.is_some() {
            return Err(Attempt::Again(format!("{step}: an earlier one is going")));
        }
        if there.labels().get(OF) != self.conversion.meta().uid.as_ref() {
            return Err(Attempt::Never(format!(
                "{step}: something else is called so"
            )));
        }
        Ok(there)
    }

    /// The Pod, once it runs and has the claim mounted.
    async fn mounted(&self) -> Result<Mount, Attempt> {
        let wanted = json!({"apiVersion": "v1", "kind": "Pod", "metadata": self.metadata(), "spec": self.pod()});
        let _: Pod = self.ensure(&wanted).await?;
        let step = format!("wait for Pod `{}`, which has the claim mounted", self.at());
        let pods = self.api::<Pod>();
        let look = || async {
            let pod = pods.get(&self.name).await;
            self.mount(&pod.map_err(|error| again(&step, &error))?)
        };
        self.looks.until_there(&step, look).await
    }

    /// Where the Pod has the claim mounted, once it runs.
    fn mount(&self, pod: &Pod) -> Result<Option<Mount>, Attempt> {
        let status = pod.status.clone().unwrap_or_default();
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        match (status.phase.as_deref(), node) {
            (Some("Running"), Some(node)) => {
                let of = ObjectRef {
                    namespace: self.context.namespace.clone(),
                    name: self.name.clone(),
                    uid: pod.uid().unwrap_or_default(),
                };
                return Ok(Some(Mount::new(of, node, VOLUME)));
            }
            (Some("Failed" | "Succeeded"), _) => {
                let why = status.message.unwrap_or_default();
                return Err(Attempt::Never(format!(
                    "Pod `{}` has ended: {why}",
                    self.at()
                )));
            }
            _ => {}
        }
        let within = self.context.settings.read().timeout;
        let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
        let since = pod.creation_timestamp().map(|it| from_time(&it));
        if since.is_some_and(|since| Utc::now() - since > within) {
            let mut said = status.conditions.into_iter().flatten();
            let said = said.find_map(|it| it.message).unwrap_or_default();
            // E8, in ACK's words.
            return Err(Attempt::Never(format!(
                "create cluster resources timeout: wait for created tmp pvc {} for convertion bound time out: {said}: describe \
                 that claim and the Pod of its name",
                self.at()
            )));
        }
        Ok(None)
    }

    /// A Pod that has the claim mounted and does nothing, by the strictest of Kubernetes' Pod security standards.
    fn pod(&self) -> Value {
        json!({
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "fill",
                "image": RunOptions::default().filler_image,
                "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": VOLUME, "mountPath": "/data"}],
            }],
            "volumes": [{"name": VOLUME, "persistentVolumeClaim": {"claimName": self.name}}],
        })
    }

    /// The claim, bound, with its volume.
    async fn bound(&self) -> Result<(PersistentVolumeClaim, PersistentVolume), Attempt> {
        let step = format!("look at claim `{}` and its volume", self.at());
        let claim = self.api::<PersistentVolumeClaim>().get(&self.name).await;
        let claim = claim.map_err(|error| again(&step, &error))?;
        let volume = claim
            .spec
            .as_ref()
            .and_then(|spec| spec.volume_name.clone());
        let volume = volume.ok_or_else(|| Attempt::Again(format!("{step}: it is not bound")))?;
        let volumes = Api::<PersistentVolume>::all(self.context.client.clone());
        let volume = volumes
            .get(&volume)
            .await
            .map_err(|error| again(&step, &error))?;
        Ok((claim, volume))
    }

    async fn fill(
        &self,
        record: &VolumeRecord,
        files: &FileBackups,
        (claim, volume): (PersistentVolumeClaim, PersistentVolume),
        mount: &Mount,
    ) -> Result<(), Attempt> {
        let uid = self.conversion.uid().unwrap_or_default();
        let target = FillTarget::new(uid, claim, volume, mount.clone());
        let step = format!("copy the files into claim `{}`", self.at());
        let look = || async {
            match files.fill(record, &target).await? {
                FillState::Done => Ok(Some(())),
                FillState::Failed { reason } => Err(Attempt::Never(reason)),
                _ => Ok(None),
            }
        };
        self.looks.until_there(&step, look).await
    }

    /// Deletes the object of our name, if it is ours, and waits until it is gone.
    async fn delete<K>(&self) -> Result<(), Attempt>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let api = self.api::<K>();
        let step = format!("take {} `{}` away", K::kind(&()), self.at());
        let look = || async {
            let there = api
                .get_opt(&self.name)
                .await
                .map_err(|error| again(&step, &error))?;
            let ours =
                there.filter(|it| it.labels().get(OF) == self.conversion.meta().uid.as_ref());
            let Some(ours) = ours else {
                return Ok(Some(()));
            };
            if ours.meta().deletion_timestamp.is_none() {
                let params = DeleteParams::default().preconditions(Preconditions {
                    uid: ours.uid(),
                    resource_version: None,
                });
                match api.delete(&self.name, &params).await {
                    Ok(_) => {}
                    Err(kube::Error::Api(refused)) if [404, 409].contains(&refused.code) => {}
                    Err(error) => return Err(again(&step, &error)),
                }
            }
            Ok(None)
        };
        self.looks.until_there(&step, look).await
    }
}

fn again(step: &str, error: &kube::Error) -> Attempt {
    Attempt::Again(format!("{step}: {}", chain(error)))
}
