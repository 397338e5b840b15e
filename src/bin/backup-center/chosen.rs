//! Which objects are meant, by Velero's flags.

use std::path::Path;

use ack_backup_center::engine::{Selection, UnmatchedFilters, go_duration, label_selector};
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::{Failure, Result};

/// Which namespaces and kinds are meant.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// Only these namespaces, or `*` for all; patterns such as `shop-*` are taken.
    #[arg(long, value_delimiter = ',', value_name = "NAMESPACES")]
    pub(crate) include_namespaces: Vec<String>,
    /// Not these namespaces.
    #[arg(long, value_delimiter = ',', value_name = "NAMESPACES")]
    pub(crate) exclude_namespaces: Vec<String>,
    /// Only these kinds, such as `deployments`, `pvc` or `*.example.com`.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    pub(crate) include_resources: Vec<String>,
    /// Not these kinds.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    pub(crate) exclude_resources: Vec<String>,
}

/// Which objects are meant.
#[derive(Args, Debug)]
pub(crate) struct Chosen {
    #[command(flatten)]
    named: Named,
    /// Not these kinds of the cluster, or `*`.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    exclude_cluster_scoped_resources: Vec<String>,
    /// Not these kinds of namespaces, or `*`.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    exclude_namespace_scoped_resources: Vec<String>,
    /// Objects of the cluster: true all of them, false none. Those that the chosen objects need, if not given.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    include_cluster_resources: Option<bool>,
    /// Only objects with these labels, as `app=web,tier!=cache`, and what they need.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    /// Only objects that one of several selectors selects, with ` or ` between.
    #[arg(long, value_name = "SELECTORS", conflicts_with = "selector")]
    or_selector: Option<String>,
    /// Go on with a warning when a filter matches nothing.
    #[arg(long)]
    warn_unmatched: bool,
}

impl Chosen {
    /// Puts what was said into `selection`, and leaves the rest as it is.
    pub(crate) fn apply(&self, selection: &mut Selection) -> Result<()> {
        let all = |names: &[String]| names.to_vec();
        let named = &self.named;
        let namespaces = &mut selection.included_namespaces;
        namespaces.extend(all(&named.include_namespaces));
        let namespaces = &mut selection.excluded_namespaces;
        namespaces.extend(all(&named.exclude_namespaces));
        let kinds = &mut selection.included_resources;
        kinds.extend(all(&named.include_resources));
        let kinds = &mut selection.excluded_resources;
        kinds.extend(all(&named.exclude_resources));
        let of_cluster = &mut selection.excluded_cluster_scoped_resources;
        of_cluster.extend(all(&self.exclude_cluster_scoped_resources));
        let of_namespaces = &mut selection.excluded_namespace_scoped_resources;
        of_namespaces.extend(all(&self.exclude_namespace_scoped_resources));
        if let Some(include) = self.include_cluster_resources {
            selection.include_cluster_resources = Some(include);
        }
        if let Some(text) = &self.selector {
            selection.label_selector = Some(label_selector(text)?);
        }
        for text in self.or_selector.iter().flat_map(|text| text.split(" or ")) {
            selection.or_label_selectors.push(label_selector(text)?);
        }
        if self.warn_unmatched {
            selection.unmatched_filters = UnmatchedFilters::Warn;
        }
        Ok(())
    }
}

/// A span of time, as Go writes it.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    go_duration::parse(text).ok_or_else(|| "write a span of time as `720h` or `1h30m`".to_owned())
}

/// `FROM:TO`, as Velero writes mappings; `FROM=TO` is taken, too, for what has colons itself.
pub(crate) fn mapping(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').or_else(|| text.split_once(':'));
    let (from, to) = pair
        .filter(|(from, to)| !from.is_empty() && !to.is_empty())
        .ok_or("write it as FROM:TO")?;
    Ok((from.to_owned(), to.to_owned()))
}

/// `NAME=VALUE`.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A specification from a file of YAML or JSON, in the fields of Velero's `spec`.
pub(crate) fn specification<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = crate::protection::read(path)?;
    let step = format!("read `{}`", path.display());
    let value: Result<Value, _> = serde_norway::from_str(&text);
    let mut value = value.map_err(|error| Failure::failed(&step, error))?;
    // The whole object is taken, too.
    let spec = match value.get_mut("spec") {
        Some(spec) => spec.take(),
        None => value,
    };
    serde_json::from_value(spec).map_err(|error| Failure::failed(step, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_veleros_and_those_of_images() {
        let pair = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(mapping("a:b"), pair("a", "b"));
        assert_eq!(
            mapping("docker.io:443/x=mirror:5000/x"),
            pair("docker.io:443/x", "mirror:5000/x")
        );
        assert!(mapping("a").is_err() && mapping(":b").is_err());
    }
}
