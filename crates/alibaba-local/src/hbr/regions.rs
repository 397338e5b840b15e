//! The regions of Cloud Backup.

use serde_json::{Value, json};

use super::state::Hbr;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// Regions with an endpoint of their own in the official SDK's table, and their names.
const REGIONS: &[(&str, &str)] = &[
    ("cn-hangzhou", "China (Hangzhou)"),
    ("cn-shanghai", "China (Shanghai)"),
    ("cn-beijing", "China (Beijing)"),
    ("cn-qingdao", "China (Qingdao)"),
    ("cn-zhangjiakou", "China (Zhangjiakou)"),
    ("cn-huhehaote", "China (Hohhot)"),
    ("cn-wulanchabu", "China (Ulanqab)"),
    ("cn-shenzhen", "China (Shenzhen)"),
    ("cn-heyuan", "China (Heyuan)"),
    ("cn-guangzhou", "China (Guangzhou)"),
    ("cn-chengdu", "China (Chengdu)"),
    ("cn-hongkong", "China (Hong Kong)"),
    ("ap-southeast-1", "Singapore"),
    ("ap-southeast-3", "Malaysia (Kuala Lumpur)"),
    ("ap-southeast-5", "Indonesia (Jakarta)"),
    ("ap-southeast-6", "Philippines (Manila)"),
    ("ap-southeast-7", "Thailand (Bangkok)"),
    ("ap-northeast-1", "Japan (Tokyo)"),
    ("ap-northeast-2", "South Korea (Seoul)"),
    ("us-east-1", "US (Virginia)"),
    ("us-west-1", "US (Silicon Valley)"),
    ("eu-central-1", "Germany (Frankfurt)"),
    ("eu-west-1", "UK (London)"),
    ("me-east-1", "UAE (Dubai)"),
    ("me-central-1", "SAU (Riyadh)"),
];

pub(super) fn is_known(region: &str) -> bool {
    REGIONS.iter().any(|(known, _)| *known == region)
}

pub(super) fn describe(_: &Hbr, _: &Call<'_>) -> Result<Value, ApiError> {
    let regions = REGIONS
        .iter()
        .map(|(id, name)| json!({"RegionId": id, "LocalName": name}));
    Ok(json!({ "Regions": { "Region": regions.collect::<Vec<_>>() } }))
}
