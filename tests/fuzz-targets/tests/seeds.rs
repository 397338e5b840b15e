//! Every committed input through its target, without a fuzzer: seeds, and what fuzzers once found.

use std::path::Path;

/// The responses of the seeds, each to a call of every operation: what is fine for one must not be taken
/// for another's.
#[test]
fn every_response_to_every_operation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/oss_response");
    let mut responses = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let line = input.iter().position(|byte| *byte == b'\n').unwrap();
        responses.insert(input[line + 1..].to_vec());
    }
    for operation in alibaba_oss::Operation::ALL {
        if operation.name() == "PostObject" {
            continue;
        }
        for response in &responses {
            println!("{} {}", operation.name(), String::from_utf8_lossy(response));
            fuzz_targets::check_oss_response(operation, false, response);
        }
    }
}

#[test]
fn every_seed_of_every_target() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, target) in fuzz_targets::TARGETS {
        let folder = seeds.join(name);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "no seed of {name}");
        for file in &files {
            // Names the seed where the target panics: captured output is shown then.
            println!("{}", file.display());
            let input = std::fs::read(file).unwrap();
            target(&input);
            // Cut short anywhere, an input is as hostile as whole.
            let step = (input.len() / 512).max(1);
            for end in (0..input.len().min(4096)).step_by(step) {
                target(&input[..end]);
            }
        }
        println!("{name}: {} seeds", files.len());
    }
}
