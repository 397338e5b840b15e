//! The columns of each resource: the server's own table, or what a CRD names.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::catalog::Resource;

static TABLE: &str = include_str!("../../../data/columns.txt");

static COLUMNS: LazyLock<HashMap<String, Vec<Value>>> = LazyLock::new(|| {
    let mut all: HashMap<String, Vec<Value>> = HashMap::new();
    let mut current = String::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('\t') {
            None => current = line.to_owned(),
            Some(column) => {
                let mut parts = column.split('|');
                let mut next = || parts.next().unwrap_or_default();
                let (name, kind, format, priority) = (next(), next(), next(), next());
                all.entry(current.clone()).or_default().push(json!({
                    "name": name,
                    "type": kind,
                    "format": format,
                    "description": "",
                    "priority": priority.parse::<u32>().unwrap_or(0),
                }));
            }
        }
    }
    all
});

pub(super) fn columns_of(resource: &Resource) -> Vec<Value> {
    let name = json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0});
    let Some(custom) = &resource.custom else {
        let key = format!("{}/{} {}", resource.group, resource.version, resource.name);
        return COLUMNS.get(&key).cloned().unwrap_or_else(|| vec![name]);
    };
    let mut columns = vec![name];
    if custom.printer_columns.is_empty() {
        columns.push(
            json!({"name": "Age", "type": "date", "format": "", "description": "",
            "priority": 0, "jsonPath": ".metadata.creationTimestamp"}),
        );
    }
    for column in &custom.printer_columns {
        columns.push(json!({
            "name": column["name"],
            "type": column["type"],
            "format": column["format"].as_str().unwrap_or_default(),
            "description": column["description"].as_str().unwrap_or_default(),
            "priority": column["priority"].as_u64().unwrap_or(0),
            "jsonPath": column["jsonPath"],
        }));
    }
    columns
}
