//! What pass one checked is what pass two applies, whatever happens to the archive between them.

use std::sync::Arc;

use kube_backup_engine::restore::{Restore, RestoreReport, RestoreSpec};
use kube_backup_engine::{Error, Repository};
use kube_local::KubeLocal;
use object_store::ObjectStore;
use serde_json::json;

use super::meddling::{Meddler, Meddling};
use crate::hostile::tarball::{Tarball, foreign_backup, path};

/// An archive of ConfigMaps in `shop`, one of a colour, and more than stay in memory.
fn archive(colour: &str) -> Vec<u8> {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"colour": colour}});
    let mut tarball = Tarball::new()
        .file(path("settings"), object.to_string())
        .object("other");
    for number in 0..4 {
        let name = format!("large-{number}");
        let large = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"},
            "data": {"text": "x".repeat(700 << 10)}});
        tarball = tarball.file(path(&name), large.to_string());
    }
    tarball.finish()
}

async fn restore(cluster: &KubeLocal, store: Arc<dyn ObjectStore>) -> Result<RestoreReport, Error> {
    let backup = Repository::new(store, "").open("a").await?;
    let client = crate::cluster::client(cluster);
    let restore = Restore::new(client, backup, RestoreSpec::named("r"));
    restore.run().await
}

/// Without an index, the archive is read once to choose and once or more to apply. Each of these reads is given another
/// archive, which is whole in itself: nothing of that may reach the cluster.
#[tokio::test]
async fn an_archive_that_is_replaced_between_two_passes_is_not_applied() {
    let (good, evil) = (archive("good"), archive("evil"));
    let repository = foreign_backup(good).await;
    for has_etags in [true, false] {
        let mut replaced = 0;
        for read in 1.. {
            let meddling = Meddling::Replace(read, evil.clone().into());
            let store = repository.store().as_ref();
            let mut meddler = Meddler::over(store, "a.tar.gz", meddling).await;
            if !has_etags {
                meddler = meddler.without_etags();
            }
            let meddler = Arc::new(meddler);
            let cluster = KubeLocal::start().await.unwrap();
            let result = restore(&cluster, Arc::clone(&meddler) as Arc<dyn ObjectStore>).await;
            let client = crate::cluster::client(&cluster);
            let settings = "/api/v1/namespaces/shop/configmaps/settings";
            let there = crate::cluster::get(&client, settings).await;
            let colour = there
                .as_ref()
                .and_then(|there| there["data"]["colour"].as_str());
            assert_ne!(colour, Some("evil"), "read {read}: {result:?}");
            if meddler.reads() <= read {
                // Nobody read it that often.
                assert!(result.unwrap().is_complete());
                assert_eq!(colour, Some("good"));
                break;
            }
            replaced += 1;
            if let Ok(report) = result {
                assert!(!report.is_complete(), "read {read}: {report}");
                let text = report.to_string();
                let why = [
                    "was replaced while it was being read",
                    "something else than",
                ];
                assert!(why.iter().any(|why| text.contains(why)), "{text}");
            }
        }
        assert!(replaced > 0, "there is no second pass");
    }
}
