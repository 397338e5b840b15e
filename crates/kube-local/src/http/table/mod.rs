//! The rows `kubectl get` prints.

use serde_json::{Value, json};

use crate::catalog::Resource;

mod age;
mod builtin;
mod cells;
mod columns;
mod event;

/// A `Table` of objects; columns are left out after the first table of a watch.
pub(crate) fn table(
    resource: &Resource,
    items: &[Value],
    metadata: &Value,
    with_columns: bool,
) -> Value {
    let columns = columns::columns_of(resource);
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            json!({
                "cells": cells::cells(resource, item, &columns),
                "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": item["metadata"]},
            })
        })
        .collect();
    let mut definitions = if with_columns { columns } else { Vec::new() };
    for column in &mut definitions {
        if let Some(column) = column.as_object_mut() {
            column.remove("jsonPath");
        }
    }
    let mut metadata = metadata.clone();
    if metadata["continue"] == ""
        && let Some(map) = metadata.as_object_mut()
    {
        map.remove("continue");
    }
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows})
}
