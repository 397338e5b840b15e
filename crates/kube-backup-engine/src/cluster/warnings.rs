//! What a server warns of while it does as it was asked: `Warning` headers (RFC 7234, section 5.5), as
//! API servers send them for fields they do not know and versions that are about to go.

use http::HeaderMap;
use http::header::WARNING;

/// Most warnings kept of one response, and most characters of each.
const KEPT: usize = 16;
const LONGEST: usize = 1024;

/// The warnings of a response, each once.
pub(super) fn of(headers: &HeaderMap) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for header in headers.get_all(WARNING).iter().take(KEPT) {
        let text = String::from_utf8_lossy(header.as_bytes());
        for text in read(&text) {
            if found.len() < KEPT && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

/// The texts of `299 - "text"`, several of which may stand in one header; a header of another form is its
/// own text.
fn read(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = header;
    while let Some((_, quoted)) = rest.split_once('"') {
        let mut text = String::new();
        let mut characters = quoted.char_indices();
        let end = loop {
            match characters.next() {
                None => break quoted.len(),
                Some((at, '"')) => break at + 1,
                Some((_, '\\')) => text.extend(characters.next().map(|(_, character)| character)),
                Some((_, character)) => text.push(character),
            }
        };
        texts.push(shortened(&text));
        let (_, after) = quoted.split_at(end);
        // A date in quotes may follow, which is no warning.
        rest = match after.trim_start().strip_prefix('"') {
            Some(date) => date.split_once('"').map_or("", |(_, rest)| rest),
            None => after,
        };
    }
    if texts.is_empty() && !header.trim().is_empty() {
        texts.push(shortened(header.trim()));
    }
    texts
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of_headers(values: &[&[u8]]) -> Vec<String> {
        let values = values
            .iter()
            .map(|value| HeaderValue::from_bytes(value).unwrap());
        of(&values.map(|value| (WARNING, value)).collect())
    }

    #[test]
    fn warnings_are_read_as_servers_write_them() {
        let unknown = br#"299 - "unknown field \"spec.tls\"""#;
        let deprecated = br#"299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice""#;
        assert_eq!(
            of_headers(&[unknown, deprecated, unknown]),
            [
                r#"unknown field "spec.tls""#,
                "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
            ]
        );
        let two = br#"299 host "a, b" "Wed, 21 Oct 2015 07:28:00 GMT", 299 - "c""#;
        assert_eq!(of_headers(&[two]), ["a, b", "c"]);
        for odd in [
            &b"miscellaneous"[..],
            b"299 - \"no end",
            b"299 - \"\\",
            b"\xff\xfe",
        ] {
            assert_eq!(of_headers(&[odd]).len(), 1);
        }
        assert_eq!(of_headers(&[b"", b" "]), Vec::<String>::new());
    }

    #[test]
    fn however_much_a_server_warns_little_is_kept() {
        let mut headers = HeaderMap::new();
        for n in 0..1000 {
            let text = format!("299 - \"{n}{}\"", "x".repeat(5000));
            headers.append(WARNING, HeaderValue::from_str(&text).unwrap());
        }
        let found = of(&headers);
        assert_eq!(found.len(), KEPT);
        assert!(found.iter().all(|text| text.len() <= LONGEST + 3));
    }
}
