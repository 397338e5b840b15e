//! Parameters read in every form that SDKs send them in.

use serde::Deserialize;

use crate::openapi::parameters::Parameters;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Request {
    region_id: String,
    max_results: Option<u32>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    disk_ids: Vec<String>,
    #[serde(default)]
    tag: Vec<Tag>,
    #[serde(default)]
    filters: Vec<Filter>,
    options: Option<Tag>,
    kind: Option<Kind>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    values: Vec<i64>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Kind {
    Data,
    System,
}

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    let pairs = pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Parameters::unflatten(pairs.collect())
}

fn tag(key: &str, value: Option<&str>) -> Tag {
    let value = value.map(str::to_owned);
    Tag {
        key: key.to_owned(),
        value,
    }
}

#[test]
fn lists_objects_and_what_is_in_them_are_put_together() {
    let flat = parameters(&[
        ("RegionId", "cn-hangzhou"),
        ("MaxResults", "100"),
        ("DryRun", "True"),
        ("DiskIds.10", "d-10"),
        ("DiskIds.2", "d-2"),
        ("DiskIds.1", "d-1"),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "1"),
        ("Tag.2.Key", "b"),
        ("Filters.1.Values.1", "7"),
        ("Filters.1.Values.2", "-8"),
        ("Options.Key", "c"),
        ("Kind", "Data"),
        ("Unknown", "ignored"),
    ]);
    let mut from_json = Parameters::default();
    let body = br#"{"RegionId": "cn-hangzhou", "MaxResults": 100, "DryRun": true,
        "DiskIds": ["d-1", "d-2", "d-10"], "Tag": [{"Key": "a", "Value": "1"}, {"Key": "b"}],
        "Filters": [{"Values": [7, -8]}], "Options": {"Key": "c", "Value": null},
        "Kind": "Data"}"#;
    from_json.add_json(body).unwrap();
    let text = parameters(&[
        ("regionId", "cn-hangzhou"),
        ("MaxResults", "100"),
        ("DryRun", "true"),
        ("diskIds", r#"["d-1", "d-2", "d-10"]"#),
        ("Tag", r#"[{"Key": "a", "Value": "1"}, {"Key": "b"}]"#),
        ("Filters.1.Values", "[7, -8]"),
        ("Options", r#"{"Key": "c"}"#),
        ("Kind", "Data"),
    ]);
    for parameters in [flat, from_json, text] {
        let expected = Request {
            region_id: "cn-hangzhou".to_owned(),
            max_results: Some(100),
            dry_run: true,
            disk_ids: ["d-1", "d-2", "d-10"].map(str::to_owned).to_vec(),
            tag: vec![tag("a", Some("1")), tag("b", None)],
            filters: vec![Filter {
                values: vec![7, -8],
            }],
            options: Some(tag("c", None)),
            kind: Some(Kind::Data),
        };
        assert_eq!(
            parameters.read::<Request>().unwrap(),
            expected,
            "{parameters:?}"
        );
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let code = |pairs: &[(&str, &str)]| {
        parameters(pairs)
            .read::<Request>()
            .unwrap_err()
            .code
            .into_owned()
    };
    assert_eq!(code(&[]), "MissingParameter.RegionId");
    let region = ("RegionId", "cn-hangzhou");
    for (name, value, wrong) in [
        ("MaxResults", "many", "MaxResults"),
        ("MaxResults", "-1", "MaxResults"),
        ("DryRun", "yes", "DryRun"),
        ("Kind", "Other", "Kind"),
        ("DiskIds", "[\"d-1\"", "DiskIds"),
        ("DiskIds.x", "d-1", "DiskIds"),
        ("DiskIds", "d-1", "DiskIds"),
        ("Tag", "a=1", "Tag"),
        ("Options", "none", "Options"),
        ("Filters.1.Values.1", "x", "Values"),
    ] {
        let wrong = format!("InvalidParameter.{wrong}");
        assert_eq!(code(&[region, (name, value)]), wrong, "{name}={value}");
    }
    assert_eq!(
        code(&[region, ("Tag.1.Value", "1")]),
        "MissingParameter.Key"
    );
    let empty = parameters(&[region, ("MaxResults", ""), ("DryRun", "false")]);
    assert_eq!(empty.read::<Request>().unwrap().max_results, None);
}
