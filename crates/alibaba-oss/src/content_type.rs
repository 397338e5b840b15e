//! Content types by the names of objects and files, as the official SDKs and ossutil give them.

/// The content type that the ending of a name stands for.
pub(crate) fn guess(name: &str) -> Option<&'static str> {
    mime_guess::from_path(name).first_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ending_tells() {
        for (name, expected) in [
            ("a/b.html", Some("text/html")),
            ("photo.JPG", Some("image/jpeg")),
            ("nightly.tar.gz", Some("application/gzip")),
            ("data.json", Some("application/json")),
            ("Makefile", None),
            ("folder.d/file", None),
            ("", None),
            ("x.", None),
        ] {
            assert_eq!(guess(name), expected, "{name}");
        }
    }
}
