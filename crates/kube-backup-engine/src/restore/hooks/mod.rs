//! Commands that are run in restored Pods once their containers run, as Velero has them
//! (`post.hook.restore.velero.io/*` and `spec.hooks`). They are run in Pods that this restore created, and as whom
//! it acts for. Init containers are a [transform](super::transform).

mod planned;
mod run;

pub(crate) use planned::{PodHooks, of_created};
pub(crate) use run::run;
