//! Backup policies: rules, and the data sources that are bound to them.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{seconds, sparse};
use super::backup_jobs::{BACKUP_TYPES, cross_account};
use super::backups::NewBackup;
use super::listing::{self, is_asked};
use super::page::Stretch;
use super::records::{Binding, Policy, Selection, Source};
use super::refusal::{policy_not_exist, unsupported};
use super::schedule::Schedule;
use super::state::Hbr;
use super::{bounds, ids};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    policy_name: Option<String>,
    policy_description: Option<String>,
    policy_type: Option<String>,
    rules: Option<Vec<Map<String, Value>>>,
}

/// What of a rule means something here; the rest is kept as it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    rule_type: String,
    backup_type: Option<String>,
    schedule: Option<String>,
    retention: Option<i64>,
    keep_latest_snapshots: Option<i64>,
    vault_id: Option<String>,
}

impl Rule {
    fn read(rule: &Map<String, Value>) -> Result<Self, ApiError> {
        let invalid = || ApiError::invalid("Rules");
        let read: Self =
            serde_json::from_value(Value::Object(rule.clone())).map_err(|_| invalid())?;
        let kinds = ["BACKUP", "TRANSITION", "REPLICATION", "TAG"];
        bounds::word("Rules", Some(&read.rule_type), &kinds)?;
        bounds::word("Rules", read.backup_type.as_deref(), &BACKUP_TYPES)?;
        if read.rule_type == "BACKUP" {
            let schedule = read.schedule.as_deref().and_then(Schedule::parse);
            schedule.ok_or_else(invalid)?;
        }
        read.retention
            .map_or(Ok(0), |days| bounds::retention("Rules", days))?;
        Ok(read)
    }
}

pub(super) fn create(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::text("PolicyName", new.policy_name.as_deref(), 1..=64)?;
    let kind = new.policy_type.as_deref();
    let kind = bounds::word("PolicyType", kind, &["STANDARD", "UDM_ECS_ONLY"])?;
    let mut rules = new.rules.unwrap_or_default();
    let read: Vec<_> = rules.iter().map(Rule::read).collect::<Result<_, _>>()?;
    for rule in &mut rules {
        rule.insert("RuleId".to_owned(), ids::new("rule").into());
    }
    hbr.change(call, |records| {
        for vault in read.iter().filter_map(|rule| rule.vault_id.as_deref()) {
            records.usable_vault(&call.region, vault, now)?;
        }
        let policy = Policy {
            id: ids::new("po"),
            serial: records.next_serial(),
            region: call.region.clone(),
            name: new.policy_name,
            description: new.policy_description,
            kind: kind.unwrap_or("STANDARD").to_owned(),
            rules,
            bindings: Vec::new(),
            created_at: now,
            updated_at: now,
            fired_until: now,
        };
        let result = json!({ "PolicyId": policy.id });
        records.policies.insert(policy.id.clone(), policy);
        Ok(result)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bind {
    policy_id: String,
    policy_binding_list: Option<Vec<NewBinding>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NewBinding {
    source_type: String,
    data_source_id: String,
    /// Of OSS a prefix, else a path or paths as JSON in a text.
    source: Option<String>,
    include: Option<String>,
    exclude: Option<String>,
    speed_limit: Option<String>,
    /// A text, says the SDK.
    disabled: Option<Value>,
    cross_account_type: Option<String>,
}

impl NewBinding {
    fn check(self) -> Result<Binding, ApiError> {
        let invalid = || ApiError::invalid("PolicyBindingList");
        cross_account(self.cross_account_type.as_deref())?;
        bounds::speed_limit(self.speed_limit.as_deref())?;
        let text = self.source.unwrap_or_default();
        let paths = || -> Result<Vec<String>, ApiError> {
            let paths: Vec<String> = match text.as_str() {
                "" => vec!["/".to_owned()],
                json if json.starts_with('[') => {
                    serde_json::from_str(json).map_err(|_| invalid())?
                }
                path => vec![path.to_owned()],
            };
            let good = |path: &String| bounds::path("PolicyBindingList", path);
            paths.iter().try_for_each(good).map(|()| paths)
        };
        let source = match self.source_type.as_str() {
            "OSS" => Source::Oss {
                bucket: self.data_source_id,
                prefix: text,
            },
            // The binding does not say when the file system was created.
            "NAS" => Source::Nas {
                file_system: self.data_source_id,
                created: 0,
                paths: paths()?,
            },
            "ECS_FILE" => Source::Files {
                instance: self.data_source_id,
                paths: paths()?,
            },
            other @ ("UDM_ECS" | "COMMON_NAS" | "COMMON_FILE_SYSTEM" | "OTS" | "OTS_TABLE") => {
                return Err(unsupported("SourceType", other));
            }
            _ => return Err(invalid()),
        };
        let is_disabled = match self.disabled {
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            Some(Value::Bool(truth)) => truth,
            _ => false,
        };
        Ok(Binding {
            source,
            selection: Selection {
                include: bounds::paths("PolicyBindingList", self.include.as_deref())?,
                exclude: bounds::paths("PolicyBindingList", self.exclude.as_deref())?,
            },
            speed_limit: self.speed_limit,
            is_disabled,
        })
    }
}

/// A source that is bound already is bound once, as it is bound last.
pub(super) fn bind(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let Bind {
        policy_id,
        policy_binding_list: list,
    } = call.parameters.read()?;
    let list = list.filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| ApiError::missing("PolicyBindingList"))?;
    let bindings = list.into_iter().map(NewBinding::check);
    let bindings = bindings.collect::<Result<Vec<_>, _>>()?;
    hbr.change(call, |records| {
        let not_exist = || policy_not_exist(&policy_id);
        let there = records.policies.get(&policy_id);
        there
            .filter(|it| it.region == call.region)
            .ok_or_else(not_exist)?;
        let policy = records.policies.get_mut(&policy_id).ok_or_else(not_exist)?;
        for binding in bindings {
            policy.bindings.retain(|it| it.source != binding.source);
            policy.bindings.push(binding);
        }
        policy.updated_at = call.now();
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    policy_id: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) fn describe(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Describe = call.parameters.read()?;
    let size = wanted.max_results.unwrap_or(10);
    if !(10..=100).contains(&size) {
        return Err(ApiError::invalid("MaxResults"));
    }
    hbr.change(call, |records| {
        let finds = |it: &Policy| is_asked(wanted.policy_id.as_deref(), &it.id);
        let rows = listing::rows(records.policies.values(), &call.region, finds, show);
        let total = rows.len();
        let search = format!("{:?}", wanted.policy_id);
        let token = wanted.next_token.as_deref();
        let stretch = Stretch::of(rows, size, token, 0, &search)?;
        Ok(json!({
            "Policies": stretch.rows,
            "NextToken": stretch.next_token,
            "MaxResults": size,
            "TotalCount": total,
        }))
    })
}

fn show(policy: &Policy) -> Value {
    sparse(json!({
        "PolicyId": policy.id,
        "PolicyName": policy.name,
        "PolicyDescription": policy.description,
        "PolicyType": policy.kind,
        "PolicyBindingCount": policy.bindings.len(),
        "BusinessStatus": "ACTIVE",
        "Rules": policy.rules,
        "CreatedTime": seconds(policy.created_at),
        "UpdatedTime": seconds(policy.updated_at),
    }))
}

impl Policy {
    fn read_rules(&self) -> Vec<Rule> {
        let rules = self.rules.iter();
        rules.filter_map(|rule| Rule::read(rule).ok()).collect()
    }

    /// Whether its backups of anything go to this vault.
    pub(super) fn uses_vault(&self, vault: &str) -> bool {
        let mut rules = self.read_rules().into_iter();
        !self.bindings.is_empty() && rules.any(|rule| rule.vault_id.as_deref() == Some(vault))
    }

    /// What is due after one moment, up to another. Jobs name the policy as their plan, which is
    /// assumed.
    pub(super) fn due(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<NewBackup> {
        let rules = self.read_rules();
        // How long backups stay may be said by a rule of its own.
        let transition = rules.iter().find(|rule| rule.rule_type == "TRANSITION");
        let transition = transition.and_then(|rule| rule.retention);
        let mut due = Vec::new();
        for rule in rules.iter().filter(|rule| rule.rule_type == "BACKUP") {
            let schedule = rule.schedule.as_deref().and_then(Schedule::parse);
            let (Some(schedule), Some(vault)) = (schedule, &rule.vault_id) else {
                continue;
            };
            for at in schedule.due(after, until) {
                for binding in self.bindings.iter().filter(|it| !it.is_disabled) {
                    due.push(NewBackup {
                        region: self.region.clone(),
                        vault: vault.clone(),
                        name: None,
                        source: binding.source.clone(),
                        selection: binding.selection.clone(),
                        backup_type: rule
                            .backup_type
                            .clone()
                            .unwrap_or_else(|| BACKUP_TYPES[0].to_owned()),
                        retention_days: rule.retention.or(transition).unwrap_or(USUAL_RETENTION),
                        keep_latest: rule.keep_latest_snapshots == Some(1),
                        options: None,
                        speed_limit: binding.speed_limit.clone(),
                        plan: Some(self.id.clone()),
                        trigger: "AUTO",
                        at,
                    });
                }
            }
        }
        due
    }
}

/// Days, where a policy does not say: assumed.
const USUAL_RETENTION: i64 = 7;
