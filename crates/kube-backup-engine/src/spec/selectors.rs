//! Selectors of labels, as `matchLabels` and `matchExpressions`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

/// The shape, for schemas.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "camelCase", rename = "LabelSelector")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Shape {
    match_labels: Option<std::collections::BTreeMap<String, String>>,
    match_expressions: Option<Vec<ExpressionShape>>,
}

/// One requirement of a [`Shape`].
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "LabelSelectorRequirement")]
#[expect(dead_code, reason = "only its schema is used")]
struct ExpressionShape {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

/// One or none.
pub(crate) mod one {
    use super::*;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Selector>, D::Error> {
        let selector = Option::<LabelSelector>::deserialize(deserializer)?;
        selector.map(read).transpose()
    }

    #[expect(clippy::ref_option, reason = "serde passes references to fields")]
    pub(crate) fn serialize<S: Serializer>(
        selector: &Option<Selector>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        selector
            .clone()
            .map(LabelSelector::from)
            .serialize(serializer)
    }
}

/// Any number.
pub(crate) mod many {
    use super::*;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Selector>, D::Error> {
        let selectors = Option::<Vec<LabelSelector>>::deserialize(deserializer)?;
        selectors.into_iter().flatten().map(read).collect()
    }

    pub(crate) fn serialize<S: Serializer>(
        selectors: &[Selector],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(selectors.iter().cloned().map(LabelSelector::from))
    }
}

fn read<E: serde::de::Error>(selector: LabelSelector) -> Result<Selector, E> {
    Selector::try_from(selector)
        .map_err(|error| E::custom(format!("the label selector cannot be read: {error}")))
}
