//! Rules as OSS writes them.

use chrono::{DateTime, SecondsFormat, Utc};
use quick_xml::de::from_str;
use serde::{Deserialize, Serialize, Serializer};

use super::rule::{Due, Expiration, LifecycleRule, NoncurrentTransition, Transition};
use crate::operations::attributes::StorageClass;
use crate::operations::tagging::Tag;
use crate::xml::{self, children};

pub(super) const ROOT: &str = "LifecycleConfiguration";

// None of these takes what it does not know: an element that would come back shorter is kept as it
// was written.

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Dates {
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "date")]
    created_before_date: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_object_delete_marker: Option<bool>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ClassChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "date")]
    created_before_date: Option<DateTime<Utc>>,
    storage_class: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Noncurrent {
    noncurrent_days: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
}

/// A rule as it is sent, but for what is not known of it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Rule<'r> {
    #[serde(rename = "ID", skip_serializing_if = "Option::is_none")]
    id: Option<&'r str>,
    prefix: &'r str,
    status: &'static str,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<Dates>,
    #[serde(rename = "Transition")]
    transitions: Vec<ClassChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abort_multipart_upload: Option<Dates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noncurrent_version_expiration: Option<Noncurrent>,
    #[serde(rename = "NoncurrentVersionTransition")]
    noncurrent_transitions: Vec<Noncurrent>,
}

/// The rules of a document whose root is known to be right.
pub(super) fn read(document: &str) -> Option<Vec<LifecycleRule>> {
    let rules = children(document)?.into_iter();
    rules
        .filter(|(name, _)| name == "Rule")
        .map(|(_, rule)| read_rule(rule))
        .collect()
}

fn read_rule(xml: &str) -> Option<LifecycleRule> {
    let mut rule = LifecycleRule::default();
    for (name, part) in children(xml)? {
        if read_part(&mut rule, &name, part).is_none() {
            rule.other.push_str(part);
        }
    }
    Some(rule)
}

/// Takes one element of a rule in, where all of it is known.
fn read_part(rule: &mut LifecycleRule, name: &str, part: &str) -> Option<()> {
    match name {
        "ID" => rule.id = Some(from_str(part).ok()?),
        "Prefix" => rule.prefix = from_str(part).ok()?,
        "Status" => rule.enabled = from_str::<String>(part).ok()? == "Enabled",
        "Tag" => {
            let tag: Tag = from_str(part).ok()?;
            rule.tags.push((tag.key, tag.value));
        }
        "Expiration" if rule.expiration.is_none() => {
            let dates: Dates = from_str(part).ok()?;
            rule.expiration = Some(match dates.expired_object_delete_marker {
                Some(true) if dates.days.is_none() && dates.created_before_date.is_none() => {
                    Expiration::OrphanedDeleteMarkers
                }
                None => Expiration::Objects(due(dates.days, dates.created_before_date)?),
                Some(_) => return None,
            });
        }
        "AbortMultipartUpload" if rule.abort_uploads.is_none() => {
            let dates: Dates = from_str(part).ok()?;
            if dates.expired_object_delete_marker.is_some() {
                return None;
            }
            rule.abort_uploads = Some(due(dates.days, dates.created_before_date)?);
        }
        "Transition" => {
            let change: ClassChange = from_str(part).ok()?;
            rule.transitions.push(Transition {
                due: due(change.days, change.created_before_date)?,
                storage_class: change.storage_class.as_str().into(),
            });
        }
        "NoncurrentVersionExpiration" if rule.noncurrent_expiration_days.is_none() => {
            let noncurrent: Noncurrent = from_str(part).ok()?;
            if noncurrent.storage_class.is_some() {
                return None;
            }
            rule.noncurrent_expiration_days = Some(noncurrent.noncurrent_days);
        }
        "NoncurrentVersionTransition" => {
            let noncurrent: Noncurrent = from_str(part).ok()?;
            let class = noncurrent.storage_class?;
            rule.noncurrent_transitions.push(NoncurrentTransition {
                days: noncurrent.noncurrent_days,
                storage_class: StorageClass::from(class.as_str()),
            });
        }
        _ => return None,
    }
    Some(())
}

fn due(days: Option<u32>, created_before: Option<DateTime<Utc>>) -> Option<Due> {
    match (days, created_before) {
        (Some(days), None) => Some(Due::Days(days)),
        (None, Some(date)) => Some(Due::CreatedBefore(date)),
        _ => None,
    }
}

/// Rules as they are sent.
pub(super) fn write(rules: &[LifecycleRule]) -> String {
    let rules: String = rules.iter().map(write_rule).collect();
    format!("<{ROOT}>{rules}</{ROOT}>")
}

/// A rule, and with it what is not known of it, as it was read.
fn write_rule(rule: &LifecycleRule) -> String {
    let mut written = xml::write(&Rule::from(rule));
    let end = written.len() - "</Rule>".len();
    written.insert_str(end, &rule.other);
    written
}

impl<'r> From<&'r LifecycleRule> for Rule<'r> {
    fn from(rule: &'r LifecycleRule) -> Self {
        Self {
            id: rule.id.as_deref(),
            prefix: &rule.prefix,
            status: if rule.enabled { "Enabled" } else { "Disabled" },
            tags: rule
                .tags
                .iter()
                .map(|(key, value)| Tag {
                    key: key.clone(),
                    value: value.clone(),
                })
                .collect(),
            expiration: rule.expiration.map(|expiration| match expiration {
                Expiration::Objects(due) => due.into(),
                Expiration::OrphanedDeleteMarkers => Dates {
                    expired_object_delete_marker: Some(true),
                    ..Dates::default()
                },
            }),
            transitions: rule
                .transitions
                .iter()
                .map(|transition| {
                    let dates = Dates::from(transition.due);
                    ClassChange {
                        days: dates.days,
                        created_before_date: dates.created_before_date,
                        storage_class: transition.storage_class.as_str().to_owned(),
                    }
                })
                .collect(),
            abort_multipart_upload: rule.abort_uploads.map(Into::into),
            noncurrent_version_expiration: rule.noncurrent_expiration_days.map(|days| Noncurrent {
                noncurrent_days: days,
                storage_class: None,
            }),
            noncurrent_transitions: rule
                .noncurrent_transitions
                .iter()
                .map(|transition| Noncurrent {
                    noncurrent_days: transition.days,
                    storage_class: Some(transition.storage_class.as_str().to_owned()),
                })
                .collect(),
        }
    }
}

impl From<Due> for Dates {
    fn from(due: Due) -> Self {
        let (days, created_before_date) = match due {
            Due::Days(days) => (Some(days), None),
            Due::CreatedBefore(date) => (None, Some(date)),
        };
        Self {
            days,
            created_before_date,
            expired_object_delete_marker: None,
        }
    }
}

/// A date as OSS writes it, with milliseconds.
fn date<S: Serializer>(date: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = date.map(|date| date.to_rfc3339_opts(SecondsFormat::Millis, true));
    text.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<LifecycleConfiguration>
  <Rule>
    <ID>all &amp; more</ID><Prefix>a/</Prefix><Status>Enabled</Status>
    <Filter><Not><Prefix>a/keep/</Prefix><Tag><Key>keep</Key><Value>yes</Value></Tag></Not></Filter>
    <Tag><Key>k</Key><Value>v</Value></Tag>
    <Expiration><Days>30</Days></Expiration>
    <Transition><Days>10</Days><StorageClass>IA</StorageClass></Transition>
    <Transition><Days>20</Days><StorageClass>Archive</StorageClass><IsAccessTime>true</IsAccessTime></Transition>
    <AbortMultipartUpload><CreatedBeforeDate>2026-11-25T00:00:00.000Z</CreatedBeforeDate></AbortMultipartUpload>
    <NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration>
    <NoncurrentVersionTransition><NoncurrentDays>3</NoncurrentDays><StorageClass>ColdArchive</StorageClass></NoncurrentVersionTransition>
    <AtimeBase>1631698332</AtimeBase>
  </Rule>
  <Rule>
    <ID>markers</ID><Prefix/><Status>Disabled</Status>
    <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>
  </Rule>
</LifecycleConfiguration>"#;

    #[test]
    fn rules_are_read_and_what_is_not_known_goes_back_as_it_came() {
        let rules = read(DOCUMENT).unwrap();
        let [all, markers] = rules.as_slice() else {
            panic!("{rules:?}");
        };
        assert_eq!(all.id.as_deref(), Some("all & more"));
        assert_eq!((all.prefix.as_str(), all.enabled), ("a/", true));
        assert_eq!(all.tags, [("k".to_owned(), "v".to_owned())]);
        assert_eq!(all.expiration, Some(Expiration::Objects(Due::Days(30))));
        let [moved] = all.transitions.as_slice() else {
            panic!("{all:?}");
        };
        assert_eq!(moved.storage_class, StorageClass::InfrequentAccess);
        let date = "2026-11-25T00:00:00Z".parse().unwrap();
        assert_eq!(all.abort_uploads, Some(Due::CreatedBefore(date)));
        assert_eq!(all.noncurrent_expiration_days, Some(7));
        assert_eq!(all.noncurrent_transitions[0].days, 3);
        for kept in [
            "<Filter><Not><Prefix>a/keep/",
            "<IsAccessTime>true",
            "<AtimeBase>",
        ] {
            assert!(all.other.contains(kept), "{kept} in {}", all.other);
        }
        assert_eq!(markers.expiration, Some(Expiration::OrphanedDeleteMarkers));
        assert!(!markers.enabled && markers.other.is_empty());

        assert_eq!(read(&write(&rules)).unwrap(), rules);
    }

    #[test]
    fn a_rule_with_two_expirations_keeps_both() {
        let text = "<LifecycleConfiguration><Rule><Prefix>p</Prefix><Status>Enabled</Status>\
            <Expiration><Days>1</Days></Expiration>\
            <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>\
            </Rule></LifecycleConfiguration>";
        let rules = read(text).unwrap();
        assert_eq!(write(&rules).matches("<Expiration>").count(), 2);
    }
}
