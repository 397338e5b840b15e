//! The Security Token Service: temporary credentials of roles, and who one is.

mod assume_role;
mod caller_identity;
mod jwt;
mod oidc;
mod saml;
mod session;

use crate::builder::{Setup, StartError};
use crate::gateway::service::Service;
use crate::openapi::product::{Access, Action, Product};
use crate::openapi::service::OpenApi;

/// All its state is the directory's.
#[derive(Debug)]
struct Sts;

impl Product for Sts {
    const NAME: &'static str = "sts";
    const VERSION: &'static str = "2015-04-01";
    const DENIED: &'static str = "NoPermission";
    const ACTIONS: &'static [Action<Self>] = &[
        Action {
            name: "AssumeRole",
            access: Access::Allowed("sts:AssumeRole", |_, call| session::role_resource(call)),
            run: |_, call| assume_role::run(call),
        },
        Action {
            name: "AssumeRoleWithOIDC",
            access: Access::Anonymous,
            run: |_, call| oidc::run(call),
        },
        Action {
            name: "AssumeRoleWithSAML",
            access: Access::Anonymous,
            run: |_, call| saml::run(call),
        },
        Action {
            name: "GetCallerIdentity",
            access: Access::Signed,
            run: |_, call| caller_identity::run(call),
        },
    ];
}

pub(crate) fn open(setup: &mut Setup) -> Result<Box<dyn Service>, StartError> {
    OpenApi::open(Sts, setup)
}
