//! What to do about RAM's refusals.

use alibaba_core::Error;

/// What to do about an error of RAM, where its code says so.
///
/// ```no_run
/// # async fn example(ram: alibaba_ram::client::Client) {
/// if let Err(error) = ram.delete_user("backup").send().await {
///     eprintln!("{error}");
///     if let Some(remedy) = alibaba_ram::client::remedy(&error) {
///         eprintln!("{remedy}");
///     }
/// }
/// # }
/// ```
#[must_use]
pub fn remedy(error: &Error) -> Option<&'static str> {
    of_code(error.service_code()?)
}

fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "DeleteConflict.User.AccessKey" => "delete the user's AccessKeys first",
        "DeleteConflict.User.Policy" => "detach the user's policies first",
        "DeleteConflict.User.Group" => "take the user out of its groups first",
        "DeleteConflict.User.LoginProfile" => "delete the user's console password first",
        "DeleteConflict.User.MFADevice" => "unbind the user's MFA device first",
        "DeleteConflict.Policy.User" => "detach the policy from its users first",
        "DeleteConflict.Policy.Group" => "detach the policy from its groups first",
        "DeleteConflict.Role.Policy" => "detach the policy from the role first",
        "DeleteConflict.Policy.Version" => {
            "delete the policy's other versions first, or delete it with `cascading_delete`"
        }
        "DeleteConflict.Policy.Version.Default" => "make another version the default first",
        "LimitExceeded.Policy.Version" => {
            "delete a version, or let the oldest go by `RotateStrategy::DeleteOldestNonDefaultVersion`"
        }
        "LimitExceeded.User.AccessKey" => "a user has two AccessKeys: delete one first",
        "LimitExceeded.User.Policy" | "LimitExceeded.Role.Policy" => {
            "join several policies into one, or detach one"
        }
        "LimitExceeded.User" | "LimitExceeded.Role" | "LimitExceeded.Policy" => {
            "delete what is no longer used, or have the quota raised"
        }
        "MalformedPolicyDocument" => "see what `PolicyDocument::validate` finds",
        "InvalidParameter.PolicyType" => "write `System` or `Custom`, in this case",
        "Inactive" => "activate RAM for the account in the console",
        "NoPermission" => "allow the action to the caller, or call as another",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_remedies_and_unknown_ones_none() {
        assert_eq!(
            of_code("DeleteConflict.User.AccessKey"),
            Some("delete the user's AccessKeys first")
        );
        assert_eq!(of_code("EntityNotExist.User"), None);
    }
}
