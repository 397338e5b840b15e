//! A run that is stopped after any request, or loses any reply.

use ack_backup_center::grants::Buckets;
use ack_backup_center::grants::{Error, Grants, Report};
use serde_json::Value;

use crate::wire::{Trouble, Wire};
use crate::world::{World, named};

/// What is done before, and what is stopped.
#[derive(Clone, Copy, Debug)]
enum Work {
    Grant,
    Narrow,
    Rotate,
    Revoke,
}

impl Work {
    async fn prepare(self) -> World {
        let world = World::with_component().await;
        if !matches!(self, Self::Grant) {
            let all = world.requirements(Buckets::All);
            world.grants().await.grant(&all).await.unwrap();
        }
        world
    }

    async fn run(self, world: &World, grants: &Grants) -> Result<Report, Error> {
        let all = world.requirements(Buckets::All);
        let work = async {
            match self {
                Self::Grant => grants.grant(&all).await,
                Self::Narrow => {
                    grants
                        .narrow(&world.requirements(named(&["mybackups"])))
                        .await
                }
                Self::Rotate => grants.rotate().await,
                Self::Revoke => grants.revoke().await,
            }
        };
        tokio::select! {
            result = work => result,
            () = async { world.roll_out().await } => unreachable!(),
        }
    }

    /// What a run that nothing happened to leaves, and how many requests it took.
    async fn undisturbed(self) -> (Value, usize) {
        let world = self.prepare().await;
        let wire = Wire::with(Trouble::None);
        let grants = world.grants_over(&wire).await;
        let report = self.run(&world, &grants).await.unwrap();
        assert!(!report.done.is_empty(), "{self:?} did nothing");
        (settled(&world).await, wire.sent())
    }

    async fn is_completed_after_a_stop_anywhere(self) {
        let (wanted, requests) = self.undisturbed().await;
        assert!(requests > 8, "{requests}");
        for last in 0..requests {
            let world = self.prepare().await;
            let before = in_use(&world).await;
            let wire = Wire::with(Trouble::StopAfter(last));
            let grants = world.grants_over(&wire).await;
            assert!(
                wire.run(self.run(&world, &grants)).await.is_none(),
                "after {last}"
            );
            self.run(&world, &world.grants().await).await.unwrap();
            assert_eq!(settled(&world).await, wanted, "{self:?}, after {last}");
            if matches!(self, Self::Rotate) {
                assert_ne!(in_use(&world).await, before, "after {last}");
            }
        }
    }

    async fn is_completed_in_spite_of_a_lost_reply(self) {
        let (wanted, requests) = self.undisturbed().await;
        for lost in 1..=requests {
            let world = self.prepare().await;
            let wire = Wire::with(Trouble::LoseReply(lost));
            let grants = world.grants_over(&wire).await;
            if let Err(error) = self.run(&world, &grants).await {
                panic!("{self:?}, reply {lost}: {}", error.chain());
            }
            assert_eq!(settled(&world).await, wanted, "{self:?}, reply {lost}");
        }
    }
}

async fn in_use(world: &World) -> Option<String> {
    let secret = world.read(crate::world::CREDENTIALS).await;
    crate::world::decoded(&secret, "access-key-id")
}

/// What is there, with names that are the same for every world: they follow from its cluster.
async fn settled(world: &World) -> Value {
    let names = world.names().await;
    let text = world.settled().await.to_string();
    let alike = text
        .replace(&names.policy, "policy")
        .replace(&names.user, "user");
    serde_json::from_str(&alike).unwrap()
}

#[tokio::test]
async fn a_grant_is_completed_after_a_stop_anywhere() {
    Work::Grant.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn a_narrowing_is_completed_after_a_stop_anywhere() {
    Work::Narrow.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn a_rotation_is_completed_after_a_stop_anywhere() {
    Work::Rotate.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn a_revocation_is_completed_after_a_stop_anywhere() {
    Work::Revoke.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn a_grant_is_completed_in_spite_of_a_lost_reply() {
    Work::Grant.is_completed_in_spite_of_a_lost_reply().await;
}

#[tokio::test]
async fn a_rotation_is_completed_in_spite_of_a_lost_reply() {
    Work::Rotate.is_completed_in_spite_of_a_lost_reply().await;
}

#[tokio::test]
async fn a_revocation_is_completed_in_spite_of_a_lost_reply() {
    Work::Revoke.is_completed_in_spite_of_a_lost_reply().await;
}
