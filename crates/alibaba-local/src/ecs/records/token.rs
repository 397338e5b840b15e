//! Client tokens that were used, and what came of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A token. Its key is made of the action, the region and the token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Token {
    /// A hash of the call's parameters.
    pub(in crate::ecs) parameters: String,
    pub(in crate::ecs) response: Value,
    pub(in crate::ecs) used: DateTime<Utc>,
}
