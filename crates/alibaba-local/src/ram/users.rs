//! Users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::page::Paging;
use super::refusal::{already_exists, delete_conflict, limit_exceeded, not_exist};
use super::time;
use crate::directory::records::{Key, StoredUser};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many the account may have.
const MOST: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    user_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    user_name: String,
    display_name: Option<String>,
    comments: Option<String>,
    email: Option<String>,
    mobile_phone: Option<String>,
}

pub(super) fn create(call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::user_name("UserName", &new.user_name)?;
    bounds::text("DisplayName", new.display_name.as_deref(), 1..=128)?;
    bounds::text("Comments", new.comments.as_deref(), 1..=128)?;
    call.change(|records| {
        if records.users.contains(&new.user_name) {
            return Err(already_exists("User"));
        }
        if records.users.len() >= MOST {
            return Err(limit_exceeded("User"));
        }
        let mut user = StoredUser::new(records.next_id(), now);
        user.profile.display_name = new.display_name.unwrap_or_else(|| new.user_name.clone());
        user.profile.comments = new.comments.unwrap_or_default();
        user.profile.email = new.email.unwrap_or_default();
        user.profile.mobile_phone = new.mobile_phone.unwrap_or_default();
        let shown = show_new(&new.user_name, &user);
        records.users.insert(new.user_name, user);
        Ok(json!({ "User": shown }))
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Value, ApiError> {
    let Named { user_name } = call.parameters.read()?;
    bounds::user_name("UserName", &user_name)?;
    call.change(|records| {
        let user = records.users.get(&user_name);
        let user = user.ok_or_else(|| not_exist("User"))?;
        Ok(json!({ "User": show(&user_name, user) }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    user_name: String,
    new_user_name: Option<String>,
    new_display_name: Option<String>,
    new_comments: Option<String>,
    new_email: Option<String>,
    new_mobile_phone: Option<String>,
}

pub(super) fn update(call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Update = call.parameters.read()?;
    let now = call.now();
    bounds::user_name("UserName", &new.user_name)?;
    if let Some(name) = &new.new_user_name {
        bounds::user_name("NewUserName", name)?;
    }
    bounds::text("NewDisplayName", new.new_display_name.as_deref(), 1..=128)?;
    bounds::text("NewComments", new.new_comments.as_deref(), 1..=128)?;
    call.change(|records| {
        if !records.users.contains(&new.user_name) {
            return Err(not_exist("User"));
        }
        let name = new.new_user_name.unwrap_or_else(|| new.user_name.clone());
        if name != new.user_name && records.users.contains(&name) {
            return Err(already_exists("User"));
        }
        let user = records.users.remove(&new.user_name);
        let mut user = user.ok_or_else(|| not_exist("User"))?;
        let profile = &mut user.profile;
        for (field, value) in [
            (&mut profile.display_name, new.new_display_name),
            (&mut profile.comments, new.new_comments),
            (&mut profile.email, new.new_email),
            (&mut profile.mobile_phone, new.new_mobile_phone),
        ] {
            if let Some(value) = value {
                *field = value;
            }
        }
        user.updated_at = now;
        // Its keys go along.
        let its = |key: &Key| key.user.as_ref() == Some(&new.user_name);
        for key in records.keys.keys_of(its) {
            if let Some(key) = records.keys.get_mut(&key) {
                key.user = Some(name.clone());
            }
        }
        let shown = show(&name, &user);
        records.users.insert(name, user);
        Ok(json!({ "User": shown }))
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value, ApiError> {
    let Named { user_name } = call.parameters.read()?;
    bounds::user_name("UserName", &user_name)?;
    call.change(|records| {
        let user = records.users.get(&user_name);
        let user = user.ok_or_else(|| not_exist("User"))?;
        let mut keys = records.keys.values();
        if keys.any(|key| key.user.as_ref() == Some(&user_name)) {
            let message = "The user has access keys. Delete them first.";
            return Err(delete_conflict("User.AccessKey", message));
        }
        if !user.attached.is_empty() {
            let message = "The user has policies. Detach them first.";
            return Err(delete_conflict("User.Policy", message));
        }
        records.users.remove(&user_name);
        Ok(json!({}))
    })
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let paging: Paging = call.parameters.read()?;
    call.change(|records| {
        let users = records.users.iter().map(|it| (it.0.clone(), it));
        paging.page(("Users", "User"), users, |(name, user)| show(name, user))
    })
}

fn show(name: &str, user: &StoredUser) -> Value {
    let mut shown = show_new(name, user);
    shown["UpdateDate"] = time::text(user.updated_at).into();
    shown
}

/// The response to its creation does not say when it was changed.
fn show_new(name: &str, user: &StoredUser) -> Value {
    json!({
        "UserId": user.id,
        "UserName": name,
        "DisplayName": user.profile.display_name,
        "Comments": user.profile.comments,
        "Email": user.profile.email,
        "MobilePhone": user.profile.mobile_phone,
        "CreateDate": time::text(user.created_at),
    })
}
