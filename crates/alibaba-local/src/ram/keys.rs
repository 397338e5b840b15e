//! AccessKeys.

use alibaba_sign::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::refusal::{limit_exceeded, not_exist};
use super::time;
use crate::directory::caller::Identity;
use crate::directory::records::{Key, KeyStatus, Records};
use crate::directory::session::random_text;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many a user may have.
const MOST: usize = 2;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    user_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    user_access_key_id: String,
}

/// The user that is named, or else the one that calls.
fn owner(call: &Call<'_>) -> Result<String, ApiError> {
    let Owner { user_name } = call.parameters.read()?;
    match (user_name, &call.caller()?.identity) {
        (Some(name), _) => {
            bounds::user_name("UserName", &name)?;
            Ok(name)
        }
        (None, Identity::User { name, .. }) => Ok(name.clone()),
        (None, _) => Err(ApiError::missing("UserName")),
    }
}

/// The keys of a user, who has to be there.
fn keys_of<'r>(
    records: &'r Records,
    user: &'r String,
) -> Result<impl Iterator<Item = (&'r String, &'r Key)>, ApiError> {
    if !records.users.contains(user) {
        return Err(not_exist("User"));
    }
    let keys = records.keys.iter();
    Ok(keys.filter(move |(_, key)| key.user.as_ref() == Some(user)))
}

/// One key of a user.
fn key<'r>(records: &'r Records, user: &'r String, id: &str) -> Result<&'r Key, ApiError> {
    let mut keys = keys_of(records, user)?;
    let key = keys.find(|(its, _)| *its == id).map(|it| it.1);
    key.ok_or_else(|| not_exist("User.AccessKey"))
}

pub(super) fn create(call: &Call<'_>) -> Result<Value, ApiError> {
    let owner = owner(call)?;
    let now = call.now();
    call.change(|records| {
        if keys_of(records, &owner)?.count() >= MOST {
            return Err(limit_exceeded("User.AccessKey"));
        }
        let id = format!("LTAI5t{}", random_text(18));
        let key = Key {
            secret: Secret::from(random_text(30)),
            token: None,
            user: Some(owner),
            status: KeyStatus::Active,
            created_at: now,
            last_used: None,
        };
        let mut shown = show(&id, &key);
        shown["AccessKeySecret"] = key.secret.expose().into();
        records.keys.insert(id, key);
        Ok(json!({ "AccessKey": shown }))
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value, ApiError> {
    let One {
        user_access_key_id: id,
    } = call.parameters.read()?;
    let owner = owner(call)?;
    call.change(|records| {
        key(records, &owner, &id)?;
        records.keys.remove(&id);
        Ok(json!({}))
    })
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let owner = owner(call)?;
    call.change(|records| {
        let keys: Vec<_> = keys_of(records, &owner)?
            .map(|(id, it)| show(id, it))
            .collect();
        Ok(json!({ "AccessKeys": { "AccessKey": keys } }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    user_access_key_id: String,
    status: String,
}

pub(super) fn update(call: &Call<'_>) -> Result<Value, ApiError> {
    let Update {
        user_access_key_id: id,
        status,
    } = call.parameters.read()?;
    let owner = owner(call)?;
    let status = [KeyStatus::Active, KeyStatus::Inactive]
        .into_iter()
        .find(|known| known.name() == status)
        .ok_or_else(|| ApiError::invalid("Status"))?;
    call.change(|records| {
        key(records, &owner, &id)?;
        if let Some(key) = records.keys.get_mut(&id) {
            key.status = status;
        }
        Ok(json!({}))
    })
}

pub(super) fn last_used(call: &Call<'_>) -> Result<Value, ApiError> {
    let One {
        user_access_key_id: id,
    } = call.parameters.read()?;
    let owner = owner(call)?;
    call.change(|records| {
        let used = key(records, &owner, &id)?.last_used;
        let used = used.map(time::text).unwrap_or_default();
        Ok(json!({ "AccessKeyLastUsed": { "LastUsedDate": used } }))
    })
}

fn show(id: &str, key: &Key) -> Value {
    json!({
        "AccessKeyId": id,
        "Status": key.status.name(),
        "CreateDate": time::text(key.created_at),
    })
}
