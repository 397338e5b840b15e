//! Files read and written at offsets, off the runtime's threads.
//!
//! What is not a plain file is refused by name: opening a device or a pipe has effects of its own, and
//! neither has a length.

mod beside;
mod destination;
mod disk;
mod file;
mod kind;
mod private;
mod unfinished;

pub(crate) use beside::beside;
pub(crate) use destination::Destination;
pub(crate) use disk::{blocking, folder_of, local};
pub(crate) use file::{GatheredWrites, LocalFile, Stamp};
pub(crate) use private::{create_private_folder, read_private, replace_private};
pub(crate) use unfinished::Unfinished;
