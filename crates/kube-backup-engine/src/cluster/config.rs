//! Which cluster is meant.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::client::client_for;
use crate::{Error, Result};

/// A client, as [`client_for`] makes it, of the cluster that [`cluster_config`] finds.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = kube_backup_engine::connect().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// When no cluster is meant, or the one that is meant cannot be used.
pub async fn connect() -> Result<kube::Client> {
    client_for(cluster_config(None, None).await?)
}

/// The configuration of the cluster that is meant: by the file `kubeconfig`, else by the files that `KUBECONFIG` names, else by
/// `~/.kube/config`; and where none of these is there, the cluster that this process runs in as a Pod. `context` chooses a
/// context of the kubeconfig, else it is the current one.
///
/// What is named, or there, and cannot be used is an error. `kube::Config::infer` passes it over for the Pod's own cluster, and
/// a mistyped `KUBECONFIG` has another cluster backed up, or restored into.
///
/// # Errors
/// When a kubeconfig cannot be read, lacks the context, or holds what cannot be used; when there is none, outside of a Pod.
pub async fn cluster_config(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Config> {
    let place = Place::of(kubeconfig, env::var_os("KUBECONFIG"), env::home_dir());
    let found = match place {
        Some(place) => place.read()?.map(|found| (place, found)),
        None => None,
    };
    let mut config = match found {
        Some((place, found)) => choose(&place, found, context).await?,
        None => own(context)?,
    };
    config.apply_debug_overrides();
    Ok(config)
}

/// Where the kubeconfig is.
#[derive(Debug)]
enum Place {
    Given(PathBuf),
    /// What `KUBECONFIG` says.
    Named(OsString),
    /// Where it is when nobody says anything. It need not be there.
    Home(PathBuf),
}

impl Place {
    fn of(given: Option<&Path>, variable: Option<OsString>, home: Option<PathBuf>) -> Option<Self> {
        if let Some(path) = given {
            return Some(Self::Given(path.to_owned()));
        }
        let named = variable.filter(|it| paths(it).next().is_some());
        named
            .map(Self::Named)
            .or_else(|| Some(Self::Home(home?.join(".kube").join("config"))))
    }

    /// Nothing where nobody named a file, and there is none.
    fn read(&self) -> Result<Option<Kubeconfig>> {
        let read = match self {
            Self::Given(path) | Self::Home(path) => Kubeconfig::read_from(path),
            Self::Named(named) => paths(named).try_fold(Kubeconfig::default(), |merged, path| {
                merged.merge(Kubeconfig::read_from(path)?)
            }),
        };
        match read {
            Err(error) if matches!(self, Self::Home(_)) && is_missing(&error) => Ok(None),
            Err(error) => Err(refused(&format!("read {self}"), error)),
            Ok(found) => Ok(Some(found)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(path) | Self::Home(path) => {
                write!(f, "the kubeconfig `{}`", path.display())
            }
            Self::Named(named) => {
                write!(
                    f,
                    "the kubeconfig that KUBECONFIG names, `{}`",
                    named.display()
                )
            }
        }
    }
}

fn paths(named: &OsStr) -> impl Iterator<Item = PathBuf> {
    env::split_paths(named).filter(|path| !path.as_os_str().is_empty())
}

fn is_missing(error: &KubeconfigError) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error, KubeconfigError::ReadConfig(error, _) if matches!(error.kind(), NotFound | NotADirectory))
}

fn refused(step: &str, error: KubeconfigError) -> Error {
    const REMEDY: &str = "correct it, or name another";
    let KubeconfigError::Parse(error) = error else {
        return Error::invalid(format!("{step}: {REMEDY}")).with_source(error);
    };
    // What its text shows of the file may be a token, or a key.
    Error::invalid(match error.location() {
        Some(at) => format!(
            "{step}: line {}, column {} is not as in a kubeconfig: {REMEDY}",
            at.line(),
            at.column()
        ),
        None => format!("{step}: it is not as a kubeconfig is: {REMEDY}"),
    })
}

async fn choose(place: &Place, found: Kubeconfig, context: Option<&str>) -> Result<Config> {
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let step = match context {
        Some(context) => format!("use the context `{context}` of {place}"),
        None => format!("use {place}"),
    };
    let config = Config::from_custom_kubeconfig(found, &options).await;
    config.map_err(|error| refused(&step, error))
}

/// The cluster that this process runs in.
fn own(context: Option<&str>) -> Result<Config> {
    if let Some(context) = context {
        let step = format!("use the context `{context}`: there is no kubeconfig; name one");
        return Err(Error::invalid(step));
    }
    Config::incluster().map_err(|error| {
        let step = "find a cluster: there is no kubeconfig, and this is no Pod with a service account; \
                    name a kubeconfig, as by KUBECONFIG";
        Error::invalid(step).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "made-up-token";

    fn kubeconfig(server: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
             contexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: {server}}}}}]\n\
             users:\n- name: u\n  user:\n    token: {TOKEN}\n"
        )
    }

    async fn found(place: &Place, context: Option<&str>) -> Result<Option<Config>> {
        match place.read()? {
            Some(found) => choose(place, found, context).await.map(Some),
            None => Ok(None),
        }
    }

    #[tokio::test]
    async fn what_is_named_and_cannot_be_used_is_an_error_that_tells_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let good = kubeconfig("https://cluster.example.com");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let missing = folder.path().join("missing");
        for (path, context) in [
            (missing.clone(), None),
            (missing.join("below"), None),
            (folder.path().to_owned(), None),
            (file("empty", ""), None),
            (file("broken", &format!("{good}  broken: [\n")), None),
            (
                file("wrong", &good.replace("name: u\n", "name: [u]\n")),
                None,
            ),
            (file("address", &kubeconfig("'a b'")), None),
            (file("good", &good), Some("missing")),
        ] {
            for place in [
                Place::of(Some(&path), Some("good".into()), None).unwrap(),
                Place::of(None, Some(path.clone().into_os_string()), None).unwrap(),
            ] {
                let error = found(&place, context).await.unwrap_err();
                let said = error.chain();
                assert_eq!(error.kind(), crate::ErrorKind::Invalid, "{said}");
                assert!(said.contains(&path.display().to_string()), "{said}");
                assert!(!format!("{said} {error:?}").contains(TOKEN), "{said}");
            }
            // In the home, only what is not there is no kubeconfig.
            let home = found(&Place::Home(path.clone()), context).await;
            assert_eq!(home.is_err(), !path.starts_with(&missing), "{home:?}");
        }
    }

    #[tokio::test]
    async fn who_says_it_more_closely_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join(".kube")).unwrap();
        let write = |path: &Path, host: &str| {
            std::fs::write(path, kubeconfig(&format!("https://{host}"))).unwrap();
        };
        let given = folder.path().join("given");
        let named = folder.path().join("named");
        write(&given, "given");
        write(&named, "named");
        write(&home.join(".kube/config"), "home");
        let both = env::join_paths([Path::new(""), &named, &given]).unwrap();
        for (given, variable, expected) in [
            (Some(given.as_path()), Some(both.clone()), "given"),
            (None, Some(both), "named"),
            (None, Some(OsString::from(":")), "home"),
            (None, Some(OsString::new()), "home"),
            (None, None, "home"),
        ] {
            let place = Place::of(given, variable, Some(home.clone())).unwrap();
            let config = found(&place, None).await.unwrap().unwrap();
            assert_eq!(config.cluster_url.host(), Some(expected), "{place}");
        }
        assert!(Place::of(None, None, None).is_none());
    }

    #[test]
    fn outside_of_a_pod_the_remedy_is_said() {
        let said = own(Some("a")).unwrap_err().to_string();
        assert!(said.contains("`a`") && said.contains("name one"), "{said}");
    }
}
