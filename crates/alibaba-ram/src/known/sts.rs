//! STS: assuming roles.
//!
//! The calls with an OIDC token or a SAML assertion are made without a key, so that only the trust
//! policy of the role decides on them; `GetCallerIdentity` needs no right at all.

use super::action::{KnownAction, mandatory, on, unscoped};

pub(super) const ACTIONS: &[KnownAction] = &[
    on(
        "sts:AssumeRole",
        &[mandatory("acs:ram:*:{account}:role/{name}")],
    )
    .assumed(),
    unscoped("sts:AssumeRoleWithOIDC").assumed(),
    unscoped("sts:AssumeRoleWithSAML").assumed(),
    unscoped("sts:GetCallerIdentity").assumed(),
];
