//! Ids of the forms that the samples of Cloud Backup's pages have: a prefix, `000` and letters and
//! digits, 20 in all.

pub(super) fn new(prefix: &str) -> String {
    let letter = || char::from_digit(fastrand::u32(0..36), 36).unwrap_or('0');
    let rest: String = std::iter::repeat_with(letter).take(17).collect();
    format!("{prefix}-000{rest}")
}
