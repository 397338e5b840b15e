//! The service ECS.

mod attachments;
mod bytes;
mod calls;
mod groups;
mod life;
mod limits;
mod listings;
mod locks;
mod policies;
mod refusals;
mod responses;
mod restart;
mod rights;
mod tag_rights;
mod tokens;
