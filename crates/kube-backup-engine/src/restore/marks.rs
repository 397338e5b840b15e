//! Which restore of which backup put an object where it is. Names may be used again, and anybody may write
//! labels: the marks carry uids, and only say whose the object is, never that it is as it should be.

use serde_json::{Map, Value};

use crate::format::annotations::{BACKUP_UID, RESTORE_UID};
use crate::format::labels::{BACKUP_NAME, RESTORE_NAME};

/// The uids of a backup and its restore, where they have some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    backup_uid: Option<String>,
    restore_uid: Option<String>,
}

impl Marks {
    pub(crate) fn new(backup_uid: &str, restore_uid: Option<&str>) -> Self {
        let some = |uid: &str| Some(uid.to_owned()).filter(|uid| !uid.is_empty());
        Self {
            backup_uid: some(backup_uid),
            restore_uid: restore_uid.and_then(some),
        }
    }

    /// As annotations, with their values.
    fn annotations(&self) -> [(&'static str, Option<&str>); 2] {
        [
            (BACKUP_UID, self.backup_uid.as_deref()),
            (RESTORE_UID, self.restore_uid.as_deref()),
        ]
    }

    /// Puts them on an object in place of another restore's.
    pub(crate) fn put_on(&self, object: &mut Value) {
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        let annotations = metadata.entry("annotations").or_insert(Value::Null);
        if annotations.is_null() {
            *annotations = Value::Object(Map::new());
        }
        // What is no map is left to the server to refuse.
        if let Some(annotations) = annotations.as_object_mut() {
            for (name, uid) in self.annotations() {
                match uid {
                    Some(uid) => annotations.insert(name.to_owned(), uid.into()),
                    None => annotations.remove(name),
                };
            }
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
}

/// Whether both objects carry the uids of the same backup and the same restore.
pub(crate) fn have_same_uids(live: &Value, wanted: &Value) -> bool {
    [BACKUP_UID, RESTORE_UID].iter().all(|name| {
        let of = |object: &Value| object["metadata"]["annotations"][*name].clone();
        of(live) == of(wanted)
    })
}

/// Whether `live` says that the restore which would create `wanted` has put it there.
pub(crate) fn are_of_one_restore(live: &Value, wanted: &Value) -> bool {
    let have_same_names = [BACKUP_NAME, RESTORE_NAME].iter().all(|label| {
        let of = |object: &Value| object["metadata"]["labels"][*label].clone();
        of(live).is_string() && of(live) == of(wanted)
    });
    have_same_names && have_same_uids(live, wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_take_the_place_of_another_restores() {
        let mut object =
            json!({"metadata": {"annotations": {BACKUP_UID: "old", RESTORE_UID: "old", "a": "b"}}});
        Marks::new("new", None).put_on(&mut object);
        assert_eq!(
            object,
            json!({"metadata": {"annotations": {BACKUP_UID: "new", "a": "b"}}})
        );
        for annotations in [json!(null), json!({})] {
            let mut object = json!({"metadata": {"annotations": annotations}});
            Marks::new("", None).put_on(&mut object);
            assert_eq!(object, json!({"metadata": {}}));
        }
        let mut object = json!({"metadata": {"annotations": "text"}});
        Marks::new("u", Some("v")).put_on(&mut object);
        assert_eq!(object, json!({"metadata": {"annotations": "text"}}));
    }

    #[test]
    fn a_name_is_not_enough() {
        let of = |backup: &str, restore: Option<&str>| {
            let mut object = json!({"metadata": {"labels": {BACKUP_NAME: "b", RESTORE_NAME: "r"}}});
            Marks::new(backup, restore).put_on(&mut object);
            object
        };
        assert!(are_of_one_restore(&of("1", None), &of("1", None)));
        assert!(are_of_one_restore(&of("1", Some("x")), &of("1", Some("x"))));
        for (live, wanted) in [
            (of("1", None), of("2", None)),
            (of("", None), of("2", None)),
            (of("1", None), of("1", Some("x"))),
            (of("1", Some("y")), of("1", Some("x"))),
            (json!({}), of("", None)),
        ] {
            assert!(!are_of_one_restore(&live, &wanted), "{live} {wanted}");
        }
    }
}
