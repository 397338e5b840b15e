//! Conversions of volumes.

use std::sync::Arc;

use chrono::Utc;
use kube::runtime::controller::Action;

use super::context::Context;
use super::report::{Note, fields_known, set};
use crate::crds::{ConvertToSnapshot, condition, phase, to_time};

/// Why none is done.
const NOT_DONE: &str = "volumes are not converted before a restore here: name the StorageClass, access modes and size of each claim in `convertedarg` \
                        of the ApplicationRestore, which gives them to the claims as it restores them";

/// Says that nothing is converted, and what to do instead.
pub(super) async fn reconcile(
    conversion: Arc<ConvertToSnapshot>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    let over = conversion
        .status
        .as_ref()
        .is_some_and(|it| it.phase.is_some());
    if conversion.metadata.deletion_timestamp.is_some() || over {
        return Ok(Action::await_change());
    }
    let generation = conversion.metadata.generation;
    let mut status = conversion.status.clone().unwrap_or_default();
    let _ = fields_known(
        &mut status.conditions,
        generation,
        [("", &conversion.spec.unknown)],
    );
    let note = Note {
        holds: false,
        reason: "NotSupported",
        message: NOT_DONE,
    };
    set(&mut status.conditions, condition::READY, generation, &note);
    status.phase = Some(phase::FAILED.to_owned());
    status.message = Some(NOT_DONE.to_owned());
    status.observed_generation = generation;
    status.completion_timestamp = Some(to_time(Utc::now()));
    context
        .reporter
        .warning(conversion.as_ref(), "NotSupported", NOT_DONE)
        .await;
    let _ = context
        .reporter
        .status_once(conversion.as_ref(), &status)
        .await?;
    Ok(Action::await_change())
}
