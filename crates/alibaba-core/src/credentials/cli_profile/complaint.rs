//! What a command said of its failure, without what could be a secret.

use super::config::Profile;

/// The end of it says why; the beginning is often a usage text.
const MAX_CHARS: usize = 600;

/// Shorter words are no keys: AccessKey secrets have 30 characters, tokens more.
const KEY_LENGTH: usize = 20;

/// Shorter arguments are subcommands and names.
const ARGUMENT_LENGTH: usize = 8;

const HIDDEN: &str = "***";

/// What a command wrote to its error output, on one line, with everything hidden that could be a
/// secret: what it printed as credentials, what it was given as arguments, what stands behind a word
/// such as `token`, and what is long and mixed as keys are.
pub(super) fn complaint(stderr: &[u8], arguments: &[&str], printed: Option<&Profile>) -> String {
    let mut said = String::from_utf8_lossy(stderr).into_owned();
    let known = ["access_key_secret", "sts_token"];
    let known = known
        .iter()
        .filter_map(|name| printed?.some(name).ok().flatten());
    let given = arguments.iter().filter_map(|argument| given(argument));
    let mut hidden: Vec<&str> = known.chain(given).collect();
    // A longer one may hold a shorter one.
    hidden.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in hidden {
        said = said.replace(secret, HIDDEN);
    }
    let mut announced = false;
    let words: Vec<_> = said
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let shown = without_secrets(word, announced);
            announced = announces(word);
            shown
        })
        .collect();
    let said = words.join(" ");
    let skipped = said.chars().count().saturating_sub(MAX_CHARS);
    if skipped == 0 {
        return said;
    }
    let end: String = said.chars().skip(skipped).collect();
    format!("… {end}")
}

/// The part of an argument that could be a secret: what is neither an option's name nor a path.
fn given(argument: &str) -> Option<&str> {
    let value = match argument.split_once('=') {
        Some((_, value)) => value,
        None => argument,
    };
    let is_name_or_path = value.starts_with(['-', '/', '.', '~']);
    (value.len() >= ARGUMENT_LENGTH && !is_name_or_path).then_some(value)
}

/// A word with its secrets hidden; all of it where the word before announced one.
fn without_secrets(word: &str, announced: bool) -> String {
    if announced && !announces(word) {
        return HIDDEN.to_owned();
    }
    // `"token":"x"`, `token=x`.
    if let Some(at) = word.find(['=', ':'])
        && is_telling(&word[..at])
        && word.len() > at + 1
    {
        return format!("{}{HIDDEN}", &word[..=at]);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=_-.".contains(c);
    let mut shown = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let part = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        shown.push_str(if is_key(&rest[..part]) {
            HIDDEN
        } else {
            &rest[..part]
        });
        rest = &rest[part..];
        let between = rest.find(is_part).unwrap_or(rest.len());
        shown.push_str(&rest[..between]);
        rest = &rest[between..];
    }
    shown
}

/// Long, of letters and digits, and no path.
fn is_key(part: &str) -> bool {
    if part.starts_with(['/', '.']) {
        return part
            .split('/')
            .any(|name| name.len() >= 2 * KEY_LENGTH && is_mixed(name));
    }
    part.len() >= KEY_LENGTH && is_mixed(part)
}

fn is_mixed(part: &str) -> bool {
    part.bytes().any(|b| b.is_ascii_digit()) && part.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Whether a secret follows: `token:`, `"SecurityToken":`, `password`, `Bearer`.
fn announces(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ':', '=', '`']);
    is_telling(bare) && !bare.contains(['=', ':'])
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    [
        "secret",
        "token",
        "password",
        "passwd",
        "bearer",
        "authorization",
    ]
    .iter()
    .any(|telling| name.ends_with(telling))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_reason_is_kept_and_the_secret_is_not() {
        for (stderr, shown) in [
            ("args: 2 [\"a]\n", "args: 2 [\"a]"),
            (
                "open /etc/vault/policy.json: permission denied",
                "open /etc/vault/policy.json: permission denied",
            ),
            ("\x1b[31merror\r\n", "[31merror"),
            ("token: hunter2 is bad", "token: *** is bad"),
            ("token=hunter2 is bad", "token=*** is bad"),
            (
                r#"{"access_key_secret":"hunter2"}"#,
                r#"{"access_key_secret":***"#,
            ),
            (r#"{"sts_token": "hunter2"}"#, r#"{"sts_token": ***"#),
            ("the key abcdefghij0123456789abcdefghij", "the key ***"),
            ("(AbCdEf+/0123456789/abcdefg==)", "(***)"),
            (
                "login failed: Authorization: Bearer hunter2",
                "login failed: Authorization: Bearer ***",
            ),
            (
                "the process ended without a reason that is known",
                "the process ended without a reason that is known",
            ),
            ("", ""),
        ] {
            assert_eq!(complaint(stderr.as_bytes(), &[], None), shown);
        }
    }

    #[test]
    fn arguments_and_what_was_printed_are_hidden() {
        let printed =
            Profile::parse(br#"{"access_key_secret":"short","sts_token":"tok"}"#).unwrap();
        let arguments = [
            "login",
            "--password=p4ssw0rd-1",
            "my secret words",
            "/a/long/path",
        ];
        let stderr = b"short tok p4ssw0rd-1, my secret words, login, /a/long/path";
        assert_eq!(
            complaint(stderr, &arguments, Some(&printed)),
            "*** *** ***, ***, login, /a/long/path"
        );
    }

    #[test]
    fn the_end_of_a_long_text_is_shown() {
        let stderr = format!("{}why", "usage ".repeat(1000));
        let shown = complaint(stderr.as_bytes(), &[], None);
        assert!(shown.starts_with('…') && shown.ends_with("usage why"));
        assert!(shown.chars().count() <= MAX_CHARS + 2);
    }

    proptest! {
        /// Keys as Alibaba Cloud makes them, wherever a program puts them.
        #[test]
        fn no_key_is_shown(key in "[A-Za-z0-9]{14}[0-9][a-z][A-Za-z0-9]{14}", before in "[ -~]{0,12}", after in "[ -~]{0,12}") {
            let stderr = format!("{before} {key} {after}\nk={key}\n\"{key}\"");
            prop_assert!(!complaint(stderr.as_bytes(), &[], None).contains(&key));
        }

        #[test]
        fn any_bytes_are_taken_and_control_characters_are_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let shown = complaint(&bytes, &["--x=abcdefgh"], None);
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }
}
