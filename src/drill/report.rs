//! What a drill found.

use std::fmt;

use kube_backup_engine::ObjectId;
use serde::Serialize;

/// How many differences are named; the others are counted.
const NAMED: usize = 100;

/// Something that did not come back as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Difference {
    /// The object; `None` where it is not known whose entry it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectId>,
    /// Where it differs, as JSON pointers, or why it did not come back.
    pub message: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// What a drill found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DrillReport {
    /// The backup.
    pub backup: String,
    /// Its uid.
    pub uid: String,
    /// How many namespaces it was restored by.
    pub namespaces: u64,
    /// Objects that came back, and were compared field by field.
    pub objects: u64,
    /// Objects that no restore brings back: controllers or the cluster make them again.
    pub not_restored: u64,
    /// How many things did not come back as they were.
    pub differing: u64,
    /// The first hundred of them.
    pub differences: Vec<Difference>,
}

impl DrillReport {
    /// Whether all of it came back as it was.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.differing == 0
    }

    pub(super) fn differs(&mut self, object: Option<&ObjectId>, message: impl Into<String>) {
        self.differing += 1;
        if self.differences.len() < NAMED {
            self.differences.push(Difference {
                object: object.cloned(),
                message: message.into(),
            });
        }
    }
}

impl fmt::Display for DrillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Drill of backup `{}`: {}, {} objects compared in {} namespaces and the cluster, {} that no restore brings back",
            self.backup,
            if self.is_proved() {
                "it comes back"
            } else {
                "it does NOT come back"
            },
            self.objects,
            self.namespaces,
            self.not_restored,
        )?;
        for difference in &self.differences {
            writeln!(f, "  {difference}")?;
        }
        match self.differing - self.differences.len() as u64 {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_counted_all_and_named_up_to_a_bound() {
        let mut report = DrillReport::default();
        assert!(report.is_proved());
        let object = ObjectId {
            resource: "configmaps".parse().unwrap(),
            namespace: Some("shop".to_owned()),
            name: "settings".to_owned(),
        };
        for _ in 0..NAMED + 5 {
            report.differs(Some(&object), "it differs at /data/colour");
        }
        assert!(!report.is_proved());
        assert_eq!((report.differing, report.differences.len()), (105, NAMED));
        let text = report.to_string();
        assert!(
            text.contains("configmaps shop/settings: it differs at /data/colour"),
            "{text}"
        );
        assert!(text.contains("and 5 more"), "{text}");
    }
}
