//! Client tokens that come out the same after a restart.

use sha2::{Digest as _, Sha256};

/// A client token made of a name, such as a volume's, and a uid, such as a backup's: always the same
/// for the same two.
///
/// A call that carries it is performed once, even where the program was stopped before it saw the
/// response and calls again. All parameters have to be the same then.
///
/// ```no_run
/// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
/// use alibaba_ecs_snapshot::derived_token;
///
/// let token = derived_token("pvc-1", "0b6d1b5e-6f2c-4b0c-8f53-8f0a3c1f7f10");
/// ecs.create_snapshot("d-bp1fake0000000000001").client_token(token).send().await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn derived_token(name: &str, uid: &str) -> String {
    let mut hash = Sha256::new();
    // The length keeps `a` of `bc` apart from `ab` of `c`.
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash.update(uid);
    base16ct::lower::encode_string(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_by_name_and_uid_and_stay() {
        let token = derived_token("pvc-1", "uid");
        assert_eq!(token, derived_token("pvc-1", "uid"));
        assert_eq!(token.len(), 64);
        for (name, uid) in [
            ("pvc-1u", "id"),
            ("pvc-2", "uid"),
            ("pvc-1", "uie"),
            ("", "pvc-1uid"),
        ] {
            assert_ne!(token, derived_token(name, uid));
        }
    }
}
