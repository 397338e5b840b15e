//! Which other objects an object names, as a table of kinds and fields.
//!
//! The fields are those of the Kubernetes API reference in which an object names another. What a backup
//! takes along with the chosen objects, what a restore of a few needs of the others, and what a
//! verification misses are all asked of this one table.

use super::names::{
    AUTOSCALERS, CLAIMS, CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CONFIG_MAPS, DEPLOYMENTS,
    ENDPOINT_SLICES, ENDPOINTS, INGRESS_CLASSES, INGRESSES, Kind, MUTATING_POLICIES,
    MUTATING_POLICY_BINDINGS, PODS, PRIORITY_CLASSES, REPLICA_SETS, ROLE_BINDINGS, ROLES,
    RUNTIME_CLASSES, SECRETS, SERVICE_ACCOUNTS, SERVICES, STATEFUL_SETS, STORAGE_CLASSES,
    VALIDATING_POLICIES, VALIDATING_POLICY_BINDINGS, VOLUME_ATTRIBUTES_CLASSES, VOLUMES,
};
use super::pod_specs::{PAST_POD_SPECS, POD_SPECS};

/// What becomes of an object without the one it names. The strongest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// The server refuses it, or the Pods that are made of it (403).
    Admitted,
    /// It permits nothing, and the server refuses it to whoever may not grant what it cannot see.
    Granted,
    /// It is created, and does not start or work.
    Needed,
    /// It works, with less.
    Useful,
    /// Nothing: the names only have to be the same.
    Matched,
}

/// Which of the two comes along when the other one is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    Nothing,
    /// The object that is named.
    Target,
    /// The object that names, when it is in no namespace or in that of the other: it says something about
    /// the one it names.
    Referrer,
}

/// Objects that have a part which names others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Within {
    /// Objects of a kind.
    Object(Kind),
    /// Specifications of Pods, in all workloads.
    PodSpec,
    /// Claims, and templates of claims.
    Claim,
}

use Within::{Claim, Object, PodSpec};

/// A field that names another object.
#[derive(Debug)]
pub(crate) struct Reference {
    /// JSON pointer to the name, or to an object that holds it, with `*` for each element of an array.
    pub(crate) at: &'static str,
    /// The field of that object which is the name; empty where the pointer leads to the name itself.
    pub(crate) key: &'static str,
    /// What that object's field `kind` must say; empty where it has none.
    pub(crate) of_kind: &'static str,
    /// Whether that object's field `namespace` says where the named one is.
    pub(crate) elsewhere: bool,
    pub(crate) to: Kind,
    pub(crate) strength: Strength,
    pub(crate) along: Along,
}

impl Reference {
    /// A pointer to the name of an object of kind `to`. It comes along when it is in no namespace, and
    /// when the server looks for it.
    pub(crate) const fn named(at: &'static str, to: Kind, strength: Strength) -> Self {
        let along = match strength {
            Strength::Admitted | Strength::Granted => Along::Target,
            Strength::Needed | Strength::Useful if !to.namespaced => Along::Target,
            _ => Along::Nothing,
        };
        Self {
            at,
            key: "",
            of_kind: "",
            elsewhere: false,
            to,
            strength,
            along,
        }
    }

    /// A pointer to an object whose field `key` is the name.
    const fn keyed(at: &'static str, key: &'static str, to: Kind, strength: Strength) -> Self {
        let mut reference = Self::named(at, to, strength);
        reference.key = key;
        reference
    }

    const fn of_kind(mut self, kind: &'static str) -> Self {
        self.of_kind = kind;
        self
    }

    /// A pointer to an object with `namespace` and `name`.
    pub(crate) const fn elsewhere(mut self) -> Self {
        self.key = "name";
        self.elsewhere = true;
        self
    }

    const fn along(mut self, along: Along) -> Self {
        self.along = along;
        self
    }
}

use Reference as R;
use Strength::{Admitted, Granted, Matched, Needed, Useful};

/// The annotation that claims named their class in before 1.6; it still counts.
const CLASS_ANNOTATION: &str = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";

/// Every place in which an object names another. Those of the Services that the API server calls are in
/// [`BACKENDS`](super::backends::BACKENDS); its namespace and the definition of its kind are named by
/// every object that has them.
#[rustfmt::skip]
pub(crate) const REFERENCES: &[(Within, Reference)] = &[
    (PodSpec, R::named("/serviceAccountName", SERVICE_ACCOUNTS, Admitted)),
    (PodSpec, R::named("/priorityClassName", PRIORITY_CLASSES, Admitted)),
    (PodSpec, R::named("/runtimeClassName", RUNTIME_CLASSES, Admitted)),
    (PodSpec, R::keyed("/imagePullSecrets/*", "name", SECRETS, Useful).along(Along::Target)),
    (PodSpec, R::keyed("/volumes/*/configMap", "name", CONFIG_MAPS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/volumes/*/secret", "secretName", SECRETS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/volumes/*/persistentVolumeClaim", "claimName", CLAIMS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/volumes/*/projected/sources/*/configMap", "name", CONFIG_MAPS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/volumes/*/projected/sources/*/secret", "name", SECRETS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/volumes/*/csi/nodePublishSecretRef", "name", SECRETS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/initContainers/*/env/*/valueFrom/configMapKeyRef", "name", CONFIG_MAPS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/initContainers/*/env/*/valueFrom/secretKeyRef", "name", SECRETS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/initContainers/*/envFrom/*/configMapRef", "name", CONFIG_MAPS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/initContainers/*/envFrom/*/secretRef", "name", SECRETS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/containers/*/env/*/valueFrom/configMapKeyRef", "name", CONFIG_MAPS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/containers/*/env/*/valueFrom/secretKeyRef", "name", SECRETS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/containers/*/envFrom/*/configMapRef", "name", CONFIG_MAPS, Needed).along(Along::Target)),
    (PodSpec, R::keyed("/containers/*/envFrom/*/secretRef", "name", SECRETS, Needed).along(Along::Target)),
    (Object(STATEFUL_SETS), R::named("/spec/serviceName", SERVICES, Useful)),
    // Without its volume, a claim is restored without that name, and gets another one.
    (Object(CLAIMS), R::named("/spec/volumeName", VOLUMES, Useful)),
    (Claim, R::named("/spec/storageClassName", STORAGE_CLASSES, Needed)),
    (Claim, R::named(CLASS_ANNOTATION, STORAGE_CLASSES, Needed)),
    (Claim, R::named("/spec/volumeAttributesClassName", VOLUME_ATTRIBUTES_CLASSES, Needed)),
    // A volume is found by the claim and the class it names, whether or not these are there.
    (Object(VOLUMES), R::named("/spec/claimRef", CLAIMS, Matched).elsewhere()),
    (Object(VOLUMES), R::named("/spec/storageClassName", STORAGE_CLASSES, Matched)),
    (Object(VOLUMES), R::named("/spec/csi/controllerPublishSecretRef", SECRETS, Needed).elsewhere()),
    (Object(VOLUMES), R::named("/spec/csi/nodeStageSecretRef", SECRETS, Needed).elsewhere()),
    (Object(VOLUMES), R::named("/spec/csi/nodePublishSecretRef", SECRETS, Needed).elsewhere()),
    (Object(VOLUMES), R::named("/spec/csi/controllerExpandSecretRef", SECRETS, Needed).elsewhere()),
    (Object(VOLUMES), R::named("/spec/csi/nodeExpandSecretRef", SECRETS, Needed).elsewhere()),
    (Object(SERVICE_ACCOUNTS), R::keyed("/imagePullSecrets/*", "name", SECRETS, Useful).along(Along::Target)),
    (Object(ROLE_BINDINGS), R::keyed("/roleRef", "name", ROLES, Granted).of_kind("Role")),
    (Object(ROLE_BINDINGS), R::keyed("/roleRef", "name", CLUSTER_ROLES, Granted).of_kind("ClusterRole")),
    (
        Object(ROLE_BINDINGS),
        R::named("/subjects/*", SERVICE_ACCOUNTS, Useful).elsewhere().of_kind("ServiceAccount").along(Along::Referrer),
    ),
    (Object(CLUSTER_ROLE_BINDINGS), R::keyed("/roleRef", "name", CLUSTER_ROLES, Granted).of_kind("ClusterRole")),
    (
        Object(CLUSTER_ROLE_BINDINGS),
        R::named("/subjects/*", SERVICE_ACCOUNTS, Useful).elsewhere().of_kind("ServiceAccount").along(Along::Referrer),
    ),
    (Object(INGRESSES), R::named("/spec/ingressClassName", INGRESS_CLASSES, Needed)),
    (Object(INGRESSES), R::keyed("/spec/defaultBackend/service", "name", SERVICES, Needed)),
    (Object(INGRESSES), R::keyed("/spec/rules/*/http/paths/*/backend/service", "name", SERVICES, Needed)),
    (Object(INGRESSES), R::keyed("/spec/tls/*", "secretName", SECRETS, Needed).along(Along::Target)),
    (Object(AUTOSCALERS), R::keyed("/spec/scaleTargetRef", "name", DEPLOYMENTS, Needed).of_kind("Deployment")),
    (Object(AUTOSCALERS), R::keyed("/spec/scaleTargetRef", "name", STATEFUL_SETS, Needed).of_kind("StatefulSet")),
    (Object(AUTOSCALERS), R::keyed("/spec/scaleTargetRef", "name", REPLICA_SETS, Needed).of_kind("ReplicaSet")),
    (Object(ENDPOINTS), R::named("/subsets/*/addresses/*/targetRef", PODS, Matched).elsewhere()),
    (Object(ENDPOINTS), R::named("/subsets/*/notReadyAddresses/*/targetRef", PODS, Matched).elsewhere()),
    (Object(ENDPOINT_SLICES), R::named("/endpoints/*/targetRef", PODS, Matched).elsewhere()),
    (Object(VALIDATING_POLICY_BINDINGS), R::named("/spec/policyName", VALIDATING_POLICIES, Needed)),
    (Object(MUTATING_POLICY_BINDINGS), R::named("/spec/policyName", MUTATING_POLICIES, Needed)),
];

/// Where claims and their templates stand, those in specifications of Pods left out.
const CLAIM_PLACES: [(Kind, &str); 2] = [
    (CLAIMS, ""),
    (STATEFUL_SETS, "/spec/volumeClaimTemplates/*"),
];
/// Within the specification of a Pod.
const EPHEMERAL_CLAIM: &str = "/volumes/*/ephemeral/volumeClaimTemplate";

/// One place of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    /// JSON pointer from the object's root.
    pub(crate) pointer: String,
    /// The same in words, without the way to the specification of a Pod.
    pub(crate) field: String,
    /// Whether what stands there holds no longer: it is kept in step with what does, and needs nothing.
    pub(crate) is_past: bool,
}

impl Place {
    /// `at` below `before`.
    pub(crate) fn new(kind: Kind, before: &str, at: &str) -> Self {
        Self {
            kind,
            pointer: format!("{before}{at}"),
            field: in_words(at),
            is_past: false,
        }
    }

    /// `at` in the Pods of every workload.
    fn in_pod_specs(at: &str) -> impl Iterator<Item = Self> {
        let of = |(kind, spec): &(Kind, &str)| Self::new(*kind, spec, at);
        let past = PAST_POD_SPECS.iter().map(of).map(|place| Self {
            is_past: true,
            ..place
        });
        POD_SPECS.iter().map(of).chain(past)
    }
}

impl Within {
    /// Every place that `at` means, kind by kind.
    pub(crate) fn places(self, at: &str) -> Vec<Place> {
        match self {
            Object(kind) => vec![Place::new(kind, "", at)],
            PodSpec => Place::in_pod_specs(at).collect(),
            Claim => CLAIM_PLACES
                .iter()
                .map(|(kind, claim)| Place::new(*kind, "", &format!("{claim}{at}")))
                .chain(Place::in_pod_specs(&format!("{EPHEMERAL_CLAIM}{at}")))
                .collect(),
        }
    }
}

/// `spec.tls` for `/spec/tls/*`.
fn in_words(pointer: &str) -> String {
    let steps: Vec<String> = pointer
        .split('/')
        .filter(|step| !step.is_empty() && *step != "*")
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    steps.join(".")
}
