//! The Secret with the AccessKey, and the notes on it.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::component::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_SECRET, NAMESPACE};

/// The RAM user that the key belongs to.
const RAM_USER: &str = "ack-backup-center.io/ram-user";
/// The run that is about to make a key, and the keys known to it.
const RESERVATION: &str = "ack-backup-center.io/key-reservation";
/// The key that a rotation replaces, until it is deleted.
const REPLACES: &str = "ack-backup-center.io/replaces-access-key-id";
/// On the component's Pods: the credentials that they were started for.
pub(crate) const STARTED_FOR: &str = "ack-backup-center.io/credentials";
/// Who writes that, in `metadata.managedFields`.
pub(crate) const CREDENTIALS_MANAGER: &str = "ack-backup-center-credentials";

/// What a plan needs to know of the Secret. Its secret value is not here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SecretState {
    /// The id of the key in it.
    pub(super) key_id: Option<String>,
    /// Whether it has both keys, and neither is empty.
    pub(super) is_complete: bool,
    /// The user that a grant wrote it for.
    pub(super) ram_user: Option<String>,
    pub(super) reservation: Option<Reservation>,
    /// The key that a rotation has replaced and not deleted yet.
    pub(super) replaces: Option<String>,
}

/// Who is about to make a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reservation {
    /// Of the run.
    pub(super) id: String,
    /// The keys of the user before any was made under a reservation.
    pub(super) known_keys: Vec<String>,
}

/// Reads it.
pub(super) fn read(secret: &Secret) -> SecretState {
    let text = |key: &str| {
        let value = secret.data.as_ref()?.get(key)?;
        std::str::from_utf8(&value.0)
            .ok()
            .filter(|it| !it.is_empty())
    };
    let note = |key: &str| secret.metadata.annotations.as_ref()?.get(key).cloned();
    SecretState {
        key_id: text(ACCESS_KEY_ID).map(str::to_owned),
        is_complete: text(ACCESS_KEY_ID).is_some() && text(ACCESS_KEY_SECRET).is_some(),
        ram_user: note(RAM_USER),
        // A note that cannot be read reserves nothing: no key is taken for an orphan because of it.
        reservation: note(RESERVATION).and_then(|text| serde_json::from_str(&text).ok()),
        replaces: note(REPLACES),
    }
}

/// The Secret without a key, for the first reservation.
pub(super) fn empty() -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(CREDENTIALS_SECRET.to_owned()),
            namespace: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

/// Notes who is about to make a key.
pub(super) fn reserve(secret: &mut Secret, reservation: &Reservation) {
    // A struct of texts always has a JSON form.
    let text = serde_json::to_string(reservation).unwrap_or_default();
    notes(secret).insert(RESERVATION.to_owned(), text);
}

/// Puts a key in, and ends the reservation.
pub(super) fn fill(secret: &mut Secret, user: &str, id: &str, value: &str, replaces: Option<&str>) {
    let data = secret.data.get_or_insert_default();
    data.insert(ACCESS_KEY_ID.to_owned(), ByteString(id.into()));
    data.insert(ACCESS_KEY_SECRET.to_owned(), ByteString(value.into()));
    let notes = notes(secret);
    notes.remove(RESERVATION);
    notes.insert(RAM_USER.to_owned(), user.to_owned());
    match replaces {
        Some(id) => notes.insert(REPLACES.to_owned(), id.to_owned()),
        None => notes.remove(REPLACES),
    };
}

/// Ends a rotation, and a reservation that led to nothing.
pub(super) fn settle(secret: &mut Secret) {
    let notes = notes(secret);
    notes.remove(REPLACES);
    notes.remove(RESERVATION);
}

fn notes(secret: &mut Secret) -> &mut BTreeMap<String, String> {
    secret.metadata.annotations.get_or_insert_default()
}

/// What a Pod template says of the credentials that it was started for. Nothing can be read from it.
pub(super) fn mark_of(key_id: Option<&str>) -> String {
    match key_id {
        Some(id) => base16ct::lower::encode_string(&Sha256::digest(id.as_bytes())[..8]),
        None => "none".to_owned(),
    }
}

/// What tells the credentials in a Secret, on the Pods that are started for them.
pub(crate) fn mark_of_secret(secret: Option<&Secret>) -> String {
    mark_of(secret.map(read).and_then(|state| state.key_id).as_deref())
}
