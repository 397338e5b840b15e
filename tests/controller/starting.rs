//! Controllers that start before their API server is there.

use std::sync::Arc;
use std::time::Duration;

use alibaba_local::LocalCloud;

use crate::world::{Running, World, cloud};

fn without_an_answer(cloud: &Arc<LocalCloud>) -> (std::net::TcpListener, World) {
    // It takes connections, and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let world = World::at(&url, cloud);
    (silent, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_its_api_server_stops_when_it_is_asked_to() {
    let cloud = cloud().await;
    let (_silent, world) = without_an_answer(&cloud);
    for controller in [world.controller(), world.candidate("alone")] {
        let stopped = tokio::time::timeout(Duration::from_secs(60), Running::stop(controller));
        stopped.await.expect("it does not stop");
    }
}
