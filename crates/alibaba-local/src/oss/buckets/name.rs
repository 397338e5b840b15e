//! What a bucket may be called.

/// Whether it is a name of a bucket: 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends
/// (`help.aliyun.com/zh/oss/user-guide/bucket-naming-conventions`).
pub(crate) fn is_bucket_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (3..=63).contains(&name.len())
        && name.bytes().all(legal)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
