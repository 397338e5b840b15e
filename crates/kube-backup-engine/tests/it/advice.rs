//! No message of the crate tells anybody to destroy something: whoever reads it is in trouble already, and
//! what holds data is not told from what does not by a sentence.

use std::path::{Path, PathBuf};

/// Words that ask for it.
const DESTROYING: [&str; 10] = [
    "delete",
    "remove",
    "recreate",
    "re-create",
    "wipe",
    "purge",
    "erase",
    "drop",
    "truncate",
    "overwrite",
];

/// Messages that have such a word and ask nobody for anything, each with what it says.
const HARMLESS: [(&str, &str); 20] = [
    (
        "delete the group `",
        "the step of a deletion that was asked for",
    ),
    (
        "delete group `{handle}`: its content",
        "the step of a deletion that was asked for",
    ),
    (
        "delete what a backup that was never finished left below `",
        "the step of a deletion that was asked for",
    ),
    (
        "is not known: Kubernetes knows replace, delete and merge",
        "the words of a strategic merge patch",
    ),
    (
        "delete snapshot `{handle}`",
        "the step of a deletion that was asked for",
    ),
    (
        "delete snapshots: the cluster does not serve",
        "the step of a deletion that was asked for",
    ),
    (
        "delete the snapshot of claim `",
        "the step of a deletion that was asked for",
    ),
    (
        "delete `{path}`",
        "the step of a deletion that was asked for",
    ),
    (
        "it was not deleted, as under a retention policy",
        "why a deletion was refused",
    ),
    (
        "only `forget`, `abort` and `drop` take it",
        "names of functions",
    ),
    (
        "delete the record of `",
        "the step of a deletion that was asked for",
    ),
    (
        "delete what lies below `",
        "the step of a deletion that was asked for",
    ),
    (
        "delete what was written below `",
        "the step of a cancelled backup, of its own files",
    ),
    ("remove the lease `", "a step of the lease's holder"),
    (
        "delete backup `{name}`: it was never finished",
        "the step of a deletion that was asked for",
    ),
    (
        "backups: keep {}, delete {}, pending {}",
        "how many backups a plan is about",
    ),
    (
        "its disk goes with its claim (reclaim policy Delete)",
        "the name of a policy",
    ),
    (
        "delete backup `{name}`: there is no backup",
        "the step of a deletion that was asked for",
    ),
    (
        "delete backup `{name}` with its volumes",
        "the step of a deletion that was asked for",
    ),
    (
        "leave them where they are, by `delete_keeping_volumes`",
        "what keeps data in a deletion that was asked for",
    ),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "testkit" && name != "cases" {
            files(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// The string literals of a file, without its tests, each as the program has it.
fn literals(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut letters = code.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => {
                letters.by_ref().find(|letter| *letter == '\n');
            }
            // A quote as a letter, which opens nothing.
            '\'' if letters.peek() == Some(&'"') => {
                letters.next();
            }
            '"' if before != '\'' => {
                let mut literal = String::new();
                while let Some(letter) = letters.next() {
                    match letter {
                        '"' => break,
                        '\\' => match letters.next() {
                            Some('\n') => {
                                while letters.peek().is_some_and(|letter| letter.is_whitespace()) {
                                    letters.next();
                                }
                            }
                            Some(escaped) => literal.push(escaped),
                            None => {}
                        },
                        letter => literal.push(letter),
                    }
                }
                found.push(literal);
            }
            _ => {}
        }
        before = letter;
    }
    found
}

#[test]
fn no_message_tells_anybody_to_destroy_something() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let (mut messages, mut found) = (0, Vec::new());
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        // What has a space is for people.
        for literal in literals(&text)
            .into_iter()
            .filter(|text| text.contains(' '))
        {
            messages += 1;
            let words: Vec<String> = literal
                .split(|letter: char| !letter.is_ascii_alphabetic() && letter != '-')
                .map(str::to_lowercase)
                .collect();
            let asks = DESTROYING
                .iter()
                .any(|word| words.iter().any(|one| one == word));
            if asks && !HARMLESS.iter().any(|(part, _)| literal.contains(part)) {
                found.push(format!("{}: {literal}", path.display()));
            }
        }
    }
    assert!(messages > 300, "only {messages} messages were read");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn literals_are_read_as_the_program_has_them() {
    let code = "// \"delete it\"\nlet a = \"one \\\n    two\"; let q = '\"'; f(\"it says \\\"no\\\"\");\n#[cfg(test)]\n\"x y\"";
    assert_eq!(literals(code), ["one two", "it says \"no\""]);
}
