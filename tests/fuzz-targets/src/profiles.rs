//! Profiles: the command line tool's and the SDKs' own.

use alibaba_core::credentials::{CliProfileProvider, IniProfileProvider};

use crate::world::{FILE, MARK, ask, is_secret_line, marks_secrets_only, world};

/// A byte that is in no text: what follows it is what services return and programs print.
const END_OF_FILE: u8 = 0xff;

/// `~/.aliyun/config.json`, resolved to credentials; its external commands, credentials URIs and STS
/// all say what stands after the first byte `0xff`.
pub fn cli_profile(input: &[u8]) {
    let (file, response) = parts(input);
    let context = world(file, response);
    let quiet = marks_secrets_only(file) && is_quiet(response);
    ask(&CliProfileProvider::new(&context).with_path(FILE), quiet);
    ask(
        &CliProfileProvider::new(&context)
            .with_path(FILE)
            .with_profile("default"),
        quiet,
    );
}

/// `~/.alibabacloud/credentials`, likewise.
pub fn ini_profile(input: &[u8]) {
    let (file, response) = parts(input);
    let context = world(file, response);
    let in_other_lines = String::from_utf8_lossy(file)
        .lines()
        .any(|line| line.contains(MARK) && !is_secret_line(line));
    let quiet = !in_other_lines && is_quiet(response);
    ask(&IniProfileProvider::new(&context).with_path(FILE), quiet);
}

fn parts(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|&b| b == END_OF_FILE);
    let end = end.unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

/// What is no JSON may be a proxy's page, whose beginning errors show.
fn is_quiet(response: &[u8]) -> bool {
    let has_mark = response
        .windows(MARK.len())
        .any(|part| part == MARK.as_bytes());
    !has_mark
        || (serde_json::from_slice::<serde_json::Value>(response).is_ok()
            && marks_secrets_only(response))
}
