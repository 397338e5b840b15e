//! SIGTERM and SIGINT.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use kube_local::{Fault, Rule};
use test_support::Running;

use crate::program::World;

/// Begins a backup of which one list never ends, sends a signal once it is asked for, and returns the exit code and what
/// was said.
async fn stopped(world: &World, signal: &str) -> (i32, String) {
    let never = Rule::new(Fault::NeverReply).path_contains("/secrets");
    world.cluster.faults().add(never);
    world.cluster.requests().clear();
    let mut command = world.command(&["backup", "create", "half", "--include-namespaces", "shop"]);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = Running::from(child.unwrap());
    let asked = || {
        world
            .cluster
            .requests()
            .count_where(|it| it.path.contains("/secrets"))
    };
    while asked() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let end = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        let mut complaints = child.stderr.take().unwrap();
        complaints.read_to_string(&mut said).unwrap();
        (child.wait().unwrap().code().unwrap_or(-1), said)
    });
    let end = end.await.unwrap();
    world.cluster.faults().clear();
    end
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_stopped_leaves_nothing_and_says_so() {
    let world = World::new().await;
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let (ended, said) = stopped(&world, signal).await;
        assert_eq!(ended, code, "{said}");
        assert!(said.contains("was cancelled"), "{said}");
        assert_eq!(world.stored().await, Vec::<String>::new(), "{said}");
    }
    // Its name is free.
    world
        .done(&["backup", "create", "half", "--include-namespaces", "shop"])
        .await;
}
