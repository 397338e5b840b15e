//! The condition keys that every service knows, and those of ECS.

/// The time of the call, ISO 8601.
pub const CURRENT_TIME: &str = "acs:CurrentTime";
/// Whether the call came over TLS.
pub const SECURE_TRANSPORT: &str = "acs:SecureTransport";
/// The address the call came from.
pub const SOURCE_IP: &str = "acs:SourceIp";
/// Whether the caller signed in with a second factor.
pub const MFA_PRESENT: &str = "acs:MFAPresent";
/// The ARN of the caller.
pub const PRINCIPAL_ARN: &str = "acs:PrincipalARN";
/// Begins the key of a tag that the call sets; the tag's key follows.
pub const REQUEST_TAG: &str = "acs:RequestTag/";
/// Begins the key of a tag on the resource; the tag's key follows.
pub const RESOURCE_TAG: &str = "acs:ResourceTag/";
/// As [`RESOURCE_TAG`], or [`REQUEST_TAG`] where the call creates something, in older policies for ECS: "create or
/// access a resource to which a specific tag is added" (Resource Management's page on creating a resource with a
/// specific tag).
pub const ECS_TAG: &str = "ecs:tag/";
/// Whether the disk to be created is encrypted.
pub const ECS_IS_DISK_ENCRYPTED: &str = "ecs:IsDiskEncrypted";
/// Whether the disk to be created is encrypted with a key of the caller's.
pub const ECS_IS_DISK_BYOK_ENCRYPTED: &str = "ecs:IsDiskByokEncrypted";
/// The type of the instance.
pub const ECS_INSTANCE_TYPE: &str = "ecs:InstanceType";
/// In trust policies for OIDC: who issued the token.
pub const OIDC_ISSUER: &str = "oidc:iss";
/// In trust policies for OIDC: the audience it was issued for.
pub const OIDC_AUDIENCE: &str = "oidc:aud";
/// In trust policies for OIDC: the subject it identifies.
pub const OIDC_SUBJECT: &str = "oidc:sub";
