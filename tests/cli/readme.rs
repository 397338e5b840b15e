//! The commands of the README, as they stand there.

use crate::program::World;

const README: &str = include_str!("../../README.md");

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_commands_work_as_they_are_written() {
    let section = README.split("## From the command line").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let commands: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("$ backup-center "))
        .collect();
    assert!(commands.len() >= 10, "{commands:#?}");
    assert!(section.contains(&format!("BACKUP_CENTER_LOCATION={}", World::location())));
    let world = World::new().await;
    for line in commands {
        let arguments = shell_words(line);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // Files go to a folder of the test.
        let file = world.path("before-upgrade.tar.gz");
        let arguments: Vec<&str> = arguments
            .into_iter()
            .map(|word| match word {
                "/tmp/before-upgrade.tar.gz" => file.to_str().unwrap(),
                word => word,
            })
            .collect();
        world.done(&arguments).await;
    }
}

/// None of them has quotes.
fn shell_words(line: &str) -> Vec<String> {
    assert!(!line.contains(['"', '\'', '\\', '|']), "{line}");
    line.split_whitespace().map(str::to_owned).collect()
}
