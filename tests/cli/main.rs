//! The program `backup-center`, as operators run it: in a bare environment, against `alibaba-local` and `kube-local`.

mod kept;
mod program;
mod protected;
mod readme;
mod stopped;
mod velero;
mod walk;
