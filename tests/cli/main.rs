//! The program `backup-center`, as operators run it: in a bare environment, against `alibaba-local` and `kube-local`.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod bare;
mod kept;
mod pod;
mod program;
mod protected;
mod readme;
mod stopped;
mod velero;
mod walk;
