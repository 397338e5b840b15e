//! How large and how fast a new disk is.

use crate::ecs::categories::{self, Category, PERFORMANCE_LEVELS};
use crate::openapi::error::ApiError;

/// The category that a disk can have.
pub(in crate::ecs) fn category(name: Option<&str>) -> Result<&'static Category, ApiError> {
    categories::find(name.unwrap_or(categories::DEFAULT)).ok_or_else(|| {
        ApiError::bad_request(
            "InvalidDiskCategory.ValueNotSupported",
            "The specified parameter \"DiskCategory\" is not valid.",
        )
    })
}

/// The level of an ESSD, PL1 unless it is given.
pub(super) fn performance_level(
    category: &Category,
    level: Option<&str>,
) -> Result<Option<&'static str>, ApiError> {
    if category.name != "cloud_essd" {
        return match level {
            None => Ok(None),
            // As the disk driver of ACK knows it.
            Some(_) => Err(ApiError::forbidden(
                "OperationDenied.PerformanceLevelNotMatch",
                "Only ESSDs have a PerformanceLevel.",
            )),
        };
    }
    let level = level.unwrap_or("PL1");
    let mut known = PERFORMANCE_LEVELS.iter();
    match known.find(|(name, _)| *name == level) {
        Some((name, _)) => Ok(Some(name)),
        None => Err(ApiError::bad_request(
            "InvalidPerformanceLevel.Malformed",
            "The specified parameter PerformanceLevel is not valid.",
        )),
    }
}

/// The size in GiB. One below the snapshot's is raised to it, as the SDK says; the older table has
/// `InvalidDiskSize.TooSmall` for that.
pub(super) fn size(
    category: &Category,
    level: Option<&str>,
    asked: Option<i64>,
    of_snapshot: Option<u64>,
) -> Result<u64, ApiError> {
    let (mut least, most) = category.sizes;
    let levels = PERFORMANCE_LEVELS.iter();
    for (name, of_level) in levels {
        if Some(*name) == level {
            least = *of_level;
        }
    }
    let refused = || {
        let message = "The specified parameter size is not valid.";
        ApiError::forbidden("InvalidDiskSize.NotSupported", message)
    };
    let asked = match asked {
        None => None,
        Some(asked) => {
            let asked = u64::try_from(asked).map_err(|_| refused())?;
            if !(least..=most).contains(&asked) {
                return Err(refused());
            }
            Some(asked)
        }
    };
    let size = asked.max(of_snapshot).ok_or_else(|| {
        ApiError::bad_request(
            "MissingParameter",
            "The input parameter either \"SnapshotId\" or \"Size\" should be specified.",
        )
    })?;
    if !(least..=most).contains(&size) {
        return Err(refused());
    }
    Ok(size)
}
