//! Looking at what RAM and the cluster hold.

use alibaba_core::ErrorKind;
use alibaba_ram::client::{AccessKeyStatus, Client as Ram, PolicyType};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;

use super::error::Error;
use super::names::Names;
use super::secret::{self, STARTED_FOR};
use super::state::{ComponentState, KeyState, MARK, NamespaceState, PolicyState, State, UserState};
use crate::component::{ADDON, ADDON_NAMESPACE, CREDENTIALS_SECRET, NAMESPACE};

/// A look, and the Secret itself for the steps that write it.
pub(super) async fn observe(
    ram: &Ram,
    cluster: &kube::Client,
    names: &Names,
) -> Result<(State, Option<Secret>), Error> {
    // The Secret before the keys: the key in it is then among them, unless it was deleted.
    let (namespace, secret, component) =
        futures::try_join!(namespace(cluster), secret(cluster), component(cluster),)?;
    let (user, keys, policy) =
        futures::try_join!(user(ram, names), keys(ram, names), policy(ram, names),)?;
    let state = State {
        user,
        policy,
        keys,
        namespace,
        secret: secret.as_ref().map(secret::read),
        component,
    };
    Ok((state, secret))
}

async fn namespace(cluster: &kube::Client) -> Result<NamespaceState, Error> {
    let found = Api::<Namespace>::all(cluster.clone())
        .get_opt(NAMESPACE)
        .await
        .map_err(Error::cluster(format_args!(
            "look for namespace `{NAMESPACE}`"
        )))?;
    Ok(match found {
        None => NamespaceState::Absent,
        Some(it) if it.metadata.deletion_timestamp.is_some() => NamespaceState::Terminating,
        Some(_) => NamespaceState::Active,
    })
}

async fn secret(cluster: &kube::Client) -> Result<Option<Secret>, Error> {
    let step = format_args!("look for Secret `{NAMESPACE}/{CREDENTIALS_SECRET}`").to_string();
    Api::<Secret>::namespaced(cluster.clone(), NAMESPACE)
        .get_opt(CREDENTIALS_SECRET)
        .await
        .map_err(Error::cluster(step))
}

async fn component(cluster: &kube::Client) -> Result<Option<ComponentState>, Error> {
    let step = format!("look for Deployment `{ADDON_NAMESPACE}/{ADDON}`");
    let found = Api::<Deployment>::namespaced(cluster.clone(), ADDON_NAMESPACE)
        .get_opt(ADDON)
        .await
        .map_err(Error::cluster(step))?;
    Ok(found.map(|deployment| {
        let template = deployment.spec.and_then(|spec| spec.template.metadata);
        let annotations = template.and_then(|template| template.annotations);
        ComponentState {
            started_for: annotations.and_then(|mut all| all.remove(STARTED_FOR)),
        }
    }))
}

async fn user(ram: &Ram, names: &Names) -> Result<Option<UserState>, Error> {
    let name = names.user.as_str();
    let found = there(ram.get_user(name).send().await)
        .map_err(Error::cloud(format_args!("look for RAM user `{name}`")))?;
    let Some(found) = found else { return Ok(None) };
    let attached = there(ram.list_policies_for_user(name).send().await).map_err(Error::cloud(
        format_args!("list the policies of RAM user `{name}`"),
    ))?;
    let policies = attached.map(|list| list.policies).unwrap_or_default();
    Ok(Some(UserState {
        is_ours: found.user.comments.contains(MARK),
        policies: policies
            .iter()
            .map(|policy| policy.name.to_string())
            .collect(),
    }))
}

async fn keys(ram: &Ram, names: &Names) -> Result<Vec<KeyState>, Error> {
    let name = names.user.as_str();
    let found = there(ram.list_access_keys().user_name(name).send().await).map_err(
        Error::cloud(format_args!("list the AccessKeys of RAM user `{name}`")),
    )?;
    let keys = found.map(|list| list.access_keys).unwrap_or_default();
    Ok(keys
        .into_iter()
        .map(|key| KeyState {
            id: key.id.to_string(),
            is_active: key.status == AccessKeyStatus::Active,
            created_at: match key.created_at {
                Some(at) => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
                None => "an unknown time".to_owned(),
            },
        })
        .collect())
}

async fn policy(ram: &Ram, names: &Names) -> Result<Option<PolicyState>, Error> {
    let name = names.policy.as_str();
    let found = there(ram.get_policy(name, PolicyType::Custom).send().await)
        .map_err(Error::cloud(format_args!("look for policy `{name}`")))?;
    let Some(found) = found else { return Ok(None) };
    let entities = there(
        ram.list_entities_for_policy(name, PolicyType::Custom)
            .send()
            .await,
    )
    .map_err(Error::cloud(format_args!(
        "list whom policy `{name}` is attached to"
    )))?;
    let entities = entities.map_or_else(Vec::new, |all| {
        let users = all.users.iter().map(|user| user.name.to_string());
        let groups = all
            .groups
            .iter()
            .map(|group| format!("group {}", group.name));
        let roles = all.roles.iter().map(|role| format!("role {}", role.name));
        users.chain(groups).chain(roles).collect()
    });
    Ok(Some(PolicyState {
        is_ours: found.policy.description.contains(MARK),
        document: found.default_policy_version.policy_document.parse().ok(),
        entities,
    }))
}

/// What was found; none, if there is no such thing.
fn there<T>(result: Result<T, alibaba_core::Error>) -> Result<Option<T>, alibaba_core::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
