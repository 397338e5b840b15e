//! Two at once.

use ack_backup_center::grants::Buckets;

use crate::wire::{Trouble, Wire};
use crate::world::World;

/// Both end in the one state, whichever requests of theirs come between each other's.
#[tokio::test]
async fn two_operators_end_in_one_working_state() {
    for _ in 0..20 {
        let world = World::with_component().await;
        let all = world.requirements(Buckets::All);
        let (one, other) = (world.grants().await, world.grants().await);
        let (one, other) = tokio::join!(one.grant(&all), other.grant(&all));
        one.unwrap();
        other.unwrap();
        // A last look: nothing is left to do for either.
        assert!(
            world
                .grants()
                .await
                .plan_grant(&all)
                .await
                .unwrap()
                .is_empty()
        );
        let settled = world.settled().await;
        let keys = settled["users"][0]["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 1, "{settled:#}");
        assert_eq!(keys[0]["inUse"], true);
        assert!(settled["secret"]["works"].is_string());
    }
}

/// One stops in the middle while the other goes on: the key that it made is not left behind.
#[tokio::test]
async fn a_rival_of_one_that_stopped_completes_alone() {
    for last in 0..24 {
        let world = World::with_component().await;
        let all = world.requirements(Buckets::All);
        let wire = Wire::with(Trouble::StopAfter(last));
        let (stopped, other) = (world.grants_over(&wire).await, world.grants().await);
        let (_, other) = tokio::join!(wire.run(stopped.grant(&all)), other.grant(&all));
        other.unwrap();
        world.grants().await.grant(&all).await.unwrap();
        let settled = world.settled().await;
        assert!(
            settled["secret"]["works"].is_string(),
            "after {last}: {settled:#}"
        );
    }
}
