//! Names and ids of RAM's objects.

use alibaba_core::openapi::is_word;

alibaba_core::identifiers! {
    /// The name of a RAM user.
    UserName: "1 to 64 letters, digits, `.`, `-` and `_`" = |text| is_word(text, 1..=64, ".-_");
    /// The name of a policy.
    PolicyName: "1 to 128 letters, digits and `-`" = |text| is_word(text, 1..=128, "-");
    /// The name of a role.
    RoleName: "1 to 64 letters, digits, `.` and `-`" = |text| is_word(text, 1..=64, ".-");
    /// The name of a group of users.
    GroupName: "a name" = |text| !text.is_empty();
    /// The id of a user: 16 digits.
    UserId: "digits" = |text| is_word(text, 1..=64, "");
    /// The id of a role: 18 digits.
    RoleId: "digits" = |text| is_word(text, 1..=64, "");
    /// The version of a policy: `v1`, `v2` and so on.
    VersionId: "`v` and a number" = |text| {
        text.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok())
    };
    /// The id of an AccessKey. It is no secret.
    AccessKeyId: "letters, digits, `.`, `-` and `_`" = |text| is_word(text, 1..=128, ".-_");
    /// The id of a resource group.
    ResourceGroupId: "letters, digits, `-` and `_`" = |text| is_word(text, 1..=64, "-_");
    /// The id of the deletion of a service-linked role.
    DeletionTaskId: "an id" = |text| !text.is_empty();
}
