//! From kind, buckets and features to the exact rights.

use std::collections::BTreeSet;

use alibaba_ram::{PolicyDocument, Required, Statement, known_action};

use super::buckets::Buckets;
use super::features::Feature;
use crate::clusters::{Authorization, ClusterKind};
use crate::component::ComponentVersion;

/// What a cluster needs rights for, and which of them have to be granted.
///
/// ```
/// use ack_backup_center::clusters::ClusterKind;
/// use ack_backup_center::grants::{Buckets, Requirements};
/// use ack_backup_center::ram::ack;
///
/// let all = Requirements::new(ClusterKind::Registered, Buckets::All)?;
/// assert_eq!(all.policy(), Some(ack::backup_center()));
///
/// let managed = Requirements::new(ClusterKind::Managed, Buckets::named(["cnfs-oss-backups"])?)?;
/// assert_eq!(managed.policy(), None); // the role of managed clusters has all of it
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    kind: ClusterKind,
    buckets: Buckets,
    features: BTreeSet<Feature>,
}

/// A right that has to be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Right {
    /// The action, as the page writes it.
    pub action: &'static str,
    /// The resources, as a pattern.
    pub resource: String,
    /// What it is for.
    pub feature: Feature,
}

impl Right {
    /// The right as `alibaba-ram` compares it.
    #[must_use]
    pub fn required(&self) -> Required {
        Required::new(self.action, self.resource.clone())
    }
}

/// Something that a kind of cluster, or a version of the component, cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// The kind does not run the component at all.
    #[error("{0}")]
    Kind(&'static str),
    /// The kind has no volumes that can be backed up.
    #[error("`{feature}`: {reason}")]
    Volumes {
        /// What was asked for.
        feature: Feature,
        /// Why not.
        reason: &'static str,
    },
    /// The version is too old.
    #[error(
        "`cross-region-disks` needs version 1.7.7 of migrate-controller or newer, and it is {0}: \
         upgrade it first"
    )]
    Version(String),
}

impl Requirements {
    /// What the page grants to a kind of cluster: applications, and volumes where the kind has them.
    ///
    /// # Errors
    ///
    /// If the component does not run in this kind.
    pub fn new(kind: ClusterKind, buckets: Buckets) -> Result<Self, Unsupported> {
        let profile = kind.profile();
        if let Some(reason) = profile.component.reason() {
            return Err(Unsupported::Kind(reason));
        }
        let documented = Feature::DOCUMENTED.into_iter();
        let features = documented
            .filter(|feature| profile.volumes.is_yes() || !feature.is_about_volumes())
            .collect();
        Ok(Self {
            kind,
            buckets,
            features,
        })
    }

    /// Wants one more thing done.
    ///
    /// # Errors
    ///
    /// If this kind of cluster cannot do it.
    pub fn with_feature(mut self, feature: Feature) -> Result<Self, Unsupported> {
        if let Some(reason) = self.kind.profile().volumes.reason()
            && feature.is_about_volumes()
        {
            return Err(Unsupported::Volumes { feature, reason });
        }
        self.features.insert(feature);
        Ok(self)
    }

    /// Wants one thing not done.
    #[must_use]
    pub fn without_feature(mut self, feature: Feature) -> Self {
        self.features.remove(&feature);
        self
    }

    /// Holds them against the version of the component that is, or is to be, installed.
    ///
    /// # Errors
    ///
    /// If it is too old for what is wanted.
    pub fn check_version(&self, version: &ComponentVersion) -> Result<(), Unsupported> {
        let crosses = self.features.contains(&Feature::CrossRegionDisks);
        if crosses && !version.is_at_least(ComponentVersion::CROSS_REGION_DISKS) {
            return Err(Unsupported::Version(version.to_string()));
        }
        Ok(())
    }

    /// The kind of cluster.
    #[must_use]
    pub fn kind(&self) -> ClusterKind {
        self.kind
    }

    /// The buckets.
    #[must_use]
    pub fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// What is wanted.
    pub fn features(&self) -> impl Iterator<Item = Feature> {
        self.features.iter().copied()
    }

    /// The document that grants what is missing, or none where nothing has to be granted.
    ///
    /// Of all buckets, and of named ones, it is the one that ACK's page prints.
    #[must_use]
    pub fn policy(&self) -> Option<PolicyDocument> {
        let mut document = PolicyDocument::new();
        let mut written = BTreeSet::new();
        for (feature, resources) in self.grants() {
            // Two features may need the same list.
            if written.insert(feature.actions()) {
                let statement = Statement::allow().action(feature.actions());
                document = document.statement(match resources.as_slice() {
                    [one] => statement.resource(one.as_str()),
                    many => statement.resource(many),
                });
            }
        }
        (!document.statements().is_empty()).then_some(document)
    }

    /// The rights that have to be granted, each on what a call of it is decided on.
    ///
    /// `oss:ListBuckets` is decided on the account. A policy for named buckets writes it as the page
    /// does, where it grants nothing, and nothing needs it: it is among these only for all buckets.
    #[must_use]
    pub fn rights(&self) -> Vec<Right> {
        let mut rights: Vec<Right> = Vec::new();
        for (feature, resources) in self.grants() {
            for action in feature.actions() {
                let names_buckets = resources.iter().any(|it| it != "*");
                if *action == "oss:ListBuckets" && names_buckets {
                    continue;
                }
                for resource in decided_on(action, &resources) {
                    let right = Right {
                        action,
                        resource,
                        feature,
                    };
                    let is_new = !rights
                        .iter()
                        .any(|it| it.action == right.action && it.resource == right.resource);
                    if is_new {
                        rights.push(right);
                    }
                }
            }
        }
        rights
    }

    /// The features that need a grant, with the resources of their statement.
    fn grants(&self) -> Vec<(Feature, Vec<String>)> {
        let by_role = self.kind.profile().authorization == Authorization::ManagedRole;
        let any = || vec!["*".to_owned()];
        let of = |feature: Feature| match feature {
            // The role reads and writes buckets of its own, and sweeps and decrypts none.
            Feature::Applications if by_role => self
                .buckets
                .without_managed()
                .map(|buckets| buckets.resources()),
            Feature::Applications | Feature::SweepUploads => Some(self.buckets.resources()),
            _ if by_role && feature.is_of_managed_role() => None,
            _ => Some(any()),
        };
        let wanted = self.features.iter();
        wanted
            .filter_map(|feature| of(*feature).map(|resources| (*feature, resources)))
            .collect()
    }
}

/// Of the resources of a statement, those that a call of the action is decided on: the bucket or what
/// is in it.
fn decided_on(action: &str, resources: &[String]) -> Vec<String> {
    let is_of_objects = known_action(action).is_some_and(|action| {
        action
            .resources()
            .iter()
            .any(|form| form.template().ends_with("{key}"))
    });
    let wanted = |resource: &&String| *resource == "*" || resource.ends_with("/*") == is_of_objects;
    resources.iter().filter(wanted).cloned().collect()
}

#[cfg(test)]
mod tests {
    use alibaba_ram::{Context, ack, missing};

    use super::*;

    fn named(names: &[&str]) -> Buckets {
        Buckets::named(names.iter().copied()).unwrap()
    }

    fn required(requirements: &Requirements) -> Vec<Required> {
        requirements.rights().iter().map(Right::required).collect()
    }

    #[test]
    fn r28_to_r33_and_r48_policies_are_those_of_the_page() {
        for kind in [ClusterKind::Dedicated, ClusterKind::Registered] {
            let all = Requirements::new(kind, Buckets::All).unwrap();
            assert_eq!(all.policy(), Some(ack::backup_center()));
            let some = Requirements::new(kind, named(&["mybackups"])).unwrap();
            assert_eq!(some.policy(), Some(ack::backup_center_in(["mybackups"])));
        }
    }

    #[test]
    fn r17_to_r19_managed_clusters_need_grants_for_other_buckets_only() {
        for kind in [
            ClusterKind::Managed,
            ClusterKind::ServerlessPro,
            ClusterKind::Edge,
        ] {
            let own = Requirements::new(kind, named(&["cnfs-oss-a", "cnfs-oss-b"])).unwrap();
            assert_eq!(own.policy(), None, "{kind}");
            assert_eq!(own.rights(), []);
            let mixed = Requirements::new(kind, named(&["cnfs-oss-a", "mybackups"])).unwrap();
            let statement = Statement::allow()
                .action(ack::OSS_ACTIONS)
                .resource(["acs:oss:*:*:mybackups", "acs:oss:*:*:mybackups/*"]);
            let oss = PolicyDocument::new().statement(statement);
            assert_eq!(mixed.policy(), Some(oss), "{kind}");
        }
    }

    #[test]
    fn r8_serverless_basic_is_refused() {
        let error = Requirements::new(ClusterKind::ServerlessBasic, Buckets::All).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("Serverless Basic clusters are not supported")
        );
    }

    #[test]
    fn r7_r9_volumes_of_serverless_pro_and_edge_are_refused() {
        for kind in [ClusterKind::ServerlessPro, ClusterKind::Edge] {
            let requirements = Requirements::new(kind, named(&["cnfs-oss-a"])).unwrap();
            let features: Vec<_> = requirements.features().collect();
            assert_eq!(features, [Feature::Applications]);
            for feature in Feature::ALL.into_iter().filter(|it| it.is_about_volumes()) {
                let error = requirements.clone().with_feature(feature).unwrap_err();
                assert!(error.to_string().contains("cannot be backed up"), "{error}");
            }
        }
    }

    #[test]
    fn r21_r22_other_regions_need_a_version_and_the_snapshot_rights() {
        let wanted = Requirements::new(ClusterKind::Dedicated, Buckets::All)
            .and_then(|it| {
                it.without_feature(Feature::DiskSnapshots)
                    .with_feature(Feature::CrossRegionDisks)
            })
            .unwrap();
        assert!(
            wanted
                .rights()
                .iter()
                .any(|right| right.action == "ecs:CopySnapshot")
        );
        assert!(wanted.check_version(&"v1.7.10-a".parse().unwrap()).is_ok());
        let error = wanted
            .check_version(&"v1.7.6".parse().unwrap())
            .unwrap_err();
        assert!(
            error.to_string().contains("it is v1.7.6: upgrade it first"),
            "{error}"
        );
    }

    #[test]
    fn the_policy_grants_every_right_and_each_removed_action_is_missed() {
        for buckets in [Buckets::All, named(&["mybackups", "others"])] {
            let mut all = Requirements::new(ClusterKind::Dedicated, buckets).unwrap();
            for feature in Feature::ALL {
                all = all.with_feature(feature).unwrap();
            }
            let policy = all.policy().unwrap();
            let lacking = |policy: &PolicyDocument| {
                missing([policy], &required(&all), &Context::new(), None).unwrap()
            };
            assert_eq!(lacking(&policy), []);
            for right in all.rights() {
                let deny = Statement::deny().action(right.action).resource("*");
                let without = policy.clone().statement(deny);
                let found = lacking(&without);
                assert!(
                    found.iter().any(|it| it.required.action() == right.action),
                    "{}",
                    right.action
                );
            }
        }
    }
}
