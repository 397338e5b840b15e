//! The text around the lines of an index. A reader of one chunk sees where it begins; all chunks together are
//! one JSON document.

/// Begins the first chunk.
pub(crate) const BEGIN: &[u8] = b"{\"formatVersion\":\"1\",\"members\":[\n";
/// Between two members, so also at the beginning of every other chunk.
pub(crate) const BETWEEN: &[u8] = b",\n";
/// Begins the directory.
pub(crate) const DIRECTORY: &[u8] = b"\n],\"directory\":";
/// Ends the directory.
pub(crate) const END: &[u8] = b"}\n";
/// What the subfield of a gzip header is called that holds the salt of an encrypted directory.
pub(crate) const SALT_FIELD: [u8; 2] = *b"kb";
/// What the subfield of a gzip header is called that holds a page of names.
pub(crate) const NAMES_FIELD: [u8; 2] = *b"kn";
