//! Taking the steps.

use std::time::Duration;

use alibaba_core::{Credentials, ErrorKind};
use alibaba_ram::client::{Client as Ram, PolicyType, RotateStrategy};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::error::Error;
use super::plan::Step;
use super::secret::{self, CREDENTIALS_MANAGER, Reservation, STARTED_FOR, mark_of};
use super::state::MARK;
use crate::cloud::Cloud;
use crate::component::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, ADDON, ADDON_NAMESPACE, CREDENTIALS_SECRET, NAMESPACE,
};

/// Who takes the steps of one plan.
pub(super) struct Execution<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) ram: &'a Ram,
    pub(super) cluster: &'a kube::Client,
    /// Of this run.
    pub(super) reservation: &'a str,
    pub(super) see_timeout: Duration,
    /// As it was last read or written: a write fails if somebody else has written since.
    pub(super) secret: Option<Secret>,
}

impl Execution<'_> {
    /// Takes one step.
    pub(super) async fn take(&mut self, step: &Step) -> Result<(), Error> {
        match step {
            Step::CreateUser { user } => {
                let call = self.ram.create_user(user.as_str()).comments(MARK);
                call.send().await.map_err(Error::cloud(step))?;
            }
            Step::CreatePolicy { policy, document } => {
                let call = self
                    .ram
                    .create_policy(policy.as_str(), document)
                    .description(MARK);
                call.send().await.map_err(Error::cloud(step))?;
            }
            Step::UpdatePolicy {
                policy, document, ..
            } => {
                let call = self.ram.create_policy_version(policy.as_str(), document);
                call.set_as_default(true)
                    .rotate_strategy(RotateStrategy::DeleteOldestNonDefaultVersion)
                    .send()
                    .await
                    .map_err(Error::cloud(step))?;
            }
            Step::AttachPolicy { policy, user } => {
                let call = self.ram.attach_policy_to_user(
                    policy.as_str(),
                    PolicyType::Custom,
                    user.as_str(),
                );
                done(call.send().await, ErrorKind::Conflict).map_err(Error::cloud(step))?;
            }
            Step::CreateNamespace => self.create_namespace(step).await?,
            Step::ReserveSecret { known_keys } => self.reserve(step, known_keys).await?,
            Step::DeleteKey { user, id, .. } => self.delete_key(step, user, id).await?,
            Step::CreateKey { user, replaces } => {
                self.create_key(step, user, replaces.as_deref()).await?;
            }
            Step::RestartComponent => self.restart_component(step).await?,
            Step::SeeKeyWork => self.see_key_work().await?,
            Step::SettleSecret => {
                let mut secret = self.secret.take().unwrap_or_default();
                secret::settle(&mut secret);
                self.write(step, secret).await?;
            }
            Step::DetachPolicy { policy, user } => {
                let call = self.ram.detach_policy_from_user(
                    policy.as_str(),
                    PolicyType::Custom,
                    user.as_str(),
                );
                done(call.send().await, ErrorKind::NotFound).map_err(Error::cloud(step))?;
            }
            Step::DeletePolicy { policy } => {
                let call = self
                    .ram
                    .delete_policy(policy.as_str())
                    .cascading_delete(true);
                done(call.send().await, ErrorKind::NotFound).map_err(Error::cloud(step))?;
            }
            Step::DeleteSecret => self.delete_secret(step).await?,
            Step::DeleteUser { user } => {
                let call = self.ram.delete_user(user.as_str());
                done(call.send().await, ErrorKind::NotFound).map_err(Error::cloud(step))?;
            }
        }
        Ok(())
    }

    async fn create_namespace(&self, step: &Step) -> Result<(), Error> {
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(NAMESPACE.to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        let all = Api::<Namespace>::all(self.cluster.clone());
        let created = all.create(&PostParams::default(), &namespace).await;
        created.map_err(Error::cluster(step))?;
        Ok(())
    }

    async fn reserve(&mut self, step: &Step, known_keys: &[String]) -> Result<(), Error> {
        let mut secret = self.secret.take().unwrap_or_else(secret::empty);
        let reservation = Reservation {
            id: self.reservation.to_owned(),
            known_keys: known_keys.to_vec(),
        };
        secret::reserve(&mut secret, &reservation);
        self.write(step, secret).await
    }

    async fn create_key(
        &mut self,
        step: &Step,
        user: &str,
        replaces: Option<&str>,
    ) -> Result<(), Error> {
        let created = self.ram.create_access_key().user_name(user).send().await;
        let key = created.map_err(Error::cloud(step))?.access_key;
        let mut secret = self.secret.take().unwrap_or_else(secret::empty);
        secret::fill(
            &mut secret,
            user,
            key.id.as_str(),
            key.secret.expose(),
            replaces,
        );
        let Err(error) = self.write(step, secret).await else {
            return Ok(());
        };
        // Somebody else has reserved the Secret, and may not know of this key.
        if error.is_conflict() {
            self.delete_key(step, user, key.id.as_str()).await?;
        }
        Err(error)
    }

    async fn delete_key(&self, step: &Step, user: &str, id: &str) -> Result<(), Error> {
        let call = self.ram.delete_access_key(id).user_name(user);
        done(call.send().await, ErrorKind::NotFound).map_err(Error::cloud(step))
    }

    /// Writes the Secret, if nobody else has since it was read.
    async fn write(&mut self, step: &Step, secret: Secret) -> Result<(), Error> {
        let api = self.secrets();
        let params = PostParams::default();
        let written = if secret.metadata.resource_version.is_some() {
            api.replace(CREDENTIALS_SECRET, &params, &secret).await
        } else {
            api.create(&params, &secret).await
        };
        self.secret = Some(written.map_err(Error::cluster(step))?);
        Ok(())
    }

    async fn delete_secret(&mut self, step: &Step) -> Result<(), Error> {
        let metadata = self.secret.take().unwrap_or_default().metadata;
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                resource_version: metadata.resource_version,
                uid: metadata.uid,
            }),
            ..DeleteParams::default()
        };
        let deleted = self.secrets().delete(CREDENTIALS_SECRET, &params).await;
        deleted.map_err(Error::cluster(step))?;
        Ok(())
    }

    /// Marks the Pods of the component for the key in the Secret, which replaces them.
    async fn restart_component(&self, step: &Step) -> Result<(), Error> {
        let mark = mark_of(self.in_secret(ACCESS_KEY_ID));
        let patch =
            json!({"spec": {"template": {"metadata": {"annotations": {STARTED_FOR: mark}}}}});
        let params = PatchParams {
            field_manager: Some(CREDENTIALS_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let deployments = self.deployments();
        let patched = deployments
            .patch(ADDON, &params, &Patch::Merge(patch))
            .await;
        patched.map_err(Error::cluster(step))?;
        Ok(())
    }

    /// Waits until RAM knows the key everywhere, and the component is up with it.
    async fn see_key_work(&self) -> Result<(), Error> {
        let id = self.in_secret(ACCESS_KEY_ID).unwrap_or_default().to_owned();
        let until = Instant::now() + self.see_timeout;
        loop {
            let reason = match self.look_at_key(&id).await? {
                None => return Ok(()),
                Some(reason) => reason,
            };
            if Instant::now() >= until {
                return Err(Error::NotSeenToWork {
                    id,
                    seconds: self.see_timeout.as_secs(),
                    reason,
                });
            }
            sleep(Duration::from_secs(1).min(self.see_timeout)).await;
        }
    }

    /// What the key still waits for; nothing, if it works.
    async fn look_at_key(&self, id: &str) -> Result<Option<String>, Error> {
        let step = "sign with the new AccessKey";
        let secret = self.in_secret(ACCESS_KEY_SECRET).unwrap_or_default();
        let as_user = self.cloud.acting_as(Credentials::new(id, secret));
        let sts = as_user
            .and_then(|cloud| cloud.sts())
            .map_err(Error::cloud(step))?;
        if let Err(error) = sts.caller_identity().await {
            let error = Error::cloud(step)(error);
            return Ok(Some(error.chain()));
        }
        let step = format!("look for Deployment `{ADDON_NAMESPACE}/{ADDON}`");
        match self.deployments().get_opt(ADDON).await {
            Ok(component) => Ok(component.as_ref().and_then(not_rolled_out)),
            Err(error) => Ok(Some(Error::cluster(step)(error).chain())),
        }
    }

    fn in_secret(&self, key: &str) -> Option<&str> {
        let value = self.secret.as_ref()?.data.as_ref()?.get(key)?;
        std::str::from_utf8(&value.0).ok()
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.cluster.clone(), NAMESPACE)
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.cluster.clone(), ADDON_NAMESPACE)
    }
}

/// Success, also where a repeated call finds that it was done before.
fn done<T>(
    result: Result<T, alibaba_core::Error>,
    already: ErrorKind,
) -> Result<(), alibaba_core::Error> {
    match result {
        Err(error) if error.kind() != already => Err(error),
        _ => Ok(()),
    }
}

/// What a Deployment still waits for, as `kubectl rollout status` sees it.
pub(crate) fn not_rolled_out(deployment: &Deployment) -> Option<String> {
    let wanted = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let seen = status.observed_generation.unwrap_or(0);
    if seen < deployment.metadata.generation.unwrap_or(0) {
        return Some("its new specification was not taken up yet".to_owned());
    }
    let updated = status.updated_replicas.unwrap_or(0);
    let total = status.replicas.unwrap_or(0);
    let available = status.available_replicas.unwrap_or(0);
    if updated < wanted {
        Some(format!(
            "{updated} of {wanted} new Pods of the component were made"
        ))
    } else if total > updated {
        Some(format!(
            "{} old Pods of the component are still there",
            total - updated
        ))
    } else if available < updated {
        Some(format!(
            "{available} of {updated} Pods of the component are available"
        ))
    } else {
        None
    }
}
