//! A second cluster with an API server of its own, in another zone and in another region: two backups in a row come back there, under
//! other names and in other classes, and a restore that is run again changes nothing.

use std::sync::Arc;

use ack_backup_center::engine::restore::{RestoreReport, RestoreSpec};
use control_plane::unique_name;

use super::application::{Application, Moment, comes_from, repository};
use super::cluster::{Cluster, Kind};
use crate::world::World;

const CLAIMS: &[(&str, Kind)] = &[
    ("data", Kind::Disk),
    ("log", Kind::Disk),
    ("files", Kind::Nas),
    ("scratch", Kind::Local),
];
const DISKS: usize = 2;

/// Claims, and what is to be said of those that do not come along.
async fn moved_to(zone: &'static str, claims: &[(&str, Kind)], missing: &[(&str, &str)]) {
    let world = Arc::new(World::new().await);
    let Some(here) = Cluster::first(&world).await else {
        return;
    };
    let there = Cluster::second(&world, zone).await;
    let repository = repository(&world);
    let application = Application::start(&here, CLAIMS).await;
    let mut moments: Vec<(&str, Moment)> = Vec::new();
    for name in ["first", "second"] {
        moments.push((name, application.back_up(&repository, name).await));
    }
    let namespace = application.lose().await;

    let mut restored = Vec::new();
    for (backup, moment) in &moments {
        let copy = unique_name("copy");
        let classes = [Kind::Disk, Kind::Nas, Kind::Local];
        let classes =
            classes.map(|kind| (here.class(kind).to_owned(), there.class(kind).to_owned()));
        let spec = RestoreSpec {
            namespace_mapping: [(namespace.clone(), copy.clone())].into(),
            storage_class_mapping: classes.into(),
            ..RestoreSpec::named(format!("{backup}-there"))
        };
        let report = there.restore(&repository, backup, spec.clone()).await;
        told(&report, missing);
        if missing.is_empty() {
            there.running(&copy).await;
        }
        let before = volumes(&there, &copy, claims, zone).await;
        comes_from(&there, &copy, claims, moment).await;

        let report = there.restore(&repository, backup, spec).await;
        told(&report, missing);
        assert_eq!(volumes(&there, &copy, claims, zone).await, before);
        comes_from(&there, &copy, claims, moment).await;
        restored.push(copy);
    }
    let disks = world.ecs().in_region(there.region()).describe_disks();
    let disks = disks.send().await.unwrap().disks;
    assert_eq!(disks.len(), DISKS * moments.len(), "{disks:?}");
    let restored: Vec<&str> = restored.iter().map(String::as_str).collect();
    there.clean_up(&restored).await;
    here.clean_up(&[]).await;
}

/// Whether a report names exactly this as missing, by claim and with its reason.
fn told(report: &RestoreReport, missing: &[(&str, &str)]) {
    assert_eq!(report.is_complete(), missing.is_empty(), "{report}");
    let text = report.to_string();
    for (claim, why) in missing {
        let line = text
            .lines()
            .find(|line| line.contains(claim) && line.contains(why));
        assert!(line.is_some(), "{claim}, {why}: {text}");
    }
}

/// The names of the volumes of claims: each of the class that was asked for, each disk bound to the zone.
async fn volumes(
    cluster: &Cluster,
    namespace: &str,
    claims: &[(&str, Kind)],
    zone: &str,
) -> Vec<String> {
    let mut names = Vec::new();
    for (claim, kind) in claims {
        let volume = cluster.volume_of(namespace, claim).await;
        assert_eq!(volume["spec"]["storageClassName"], cluster.class(*kind));
        if *kind == Kind::Disk {
            let bound = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0];
            let bound = &bound["matchExpressions"];
            assert!(bound.to_string().contains(zone), "{bound}");
        }
        names.push(volume["metadata"]["name"].as_str().unwrap().to_owned());
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn disks_and_files_come_back_in_a_second_cluster_in_another_zone() {
    moved_to("cn-hangzhou-j", CLAIMS, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disks_come_back_in_a_second_cluster_in_another_region_and_files_are_said_not_to() {
    let only_disks = "only disk type PVs support cross-region restore";
    let missing = [("files", only_disks), ("scratch", only_disks)];
    moved_to("cn-beijing-h", &CLAIMS[..DISKS], &missing).await;
}
