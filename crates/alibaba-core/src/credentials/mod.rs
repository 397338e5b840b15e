//! Where credentials come from.
//!
//! Every source implements [`ProvideCredentials`]. Clients hold a [`SharedCredentials`] and ask it
//! before each request; a source that reads files or calls a service belongs in a
//! [cache](CachedProvider).

mod addon_token;
mod assume_role;
mod cache;
mod chain;
mod cli_profile;
mod config_file;
mod document;
mod ecs_metadata;
mod environment;
mod fields;
mod fixed;
mod ini_profile;
mod oidc;
mod secret_content;
mod uri;

pub use addon_token::{AddonToken, AddonTokenError, AddonTokenProvider};
pub use assume_role::AssumeRoleProvider;
pub use cache::CachedProvider;
pub use chain::{Chain, default_chain};
pub use cli_profile::CliProfileProvider;
pub use ecs_metadata::EcsMetadataProvider;
pub use environment::EnvProvider;
pub use fixed::StaticProvider;
pub use ini_profile::IniProfileProvider;
pub use oidc::OidcProvider;
pub use secret_content::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, from_secret_content};
pub use uri::UriProvider;

pub use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};
