//! Reading one kind's objects as raw JSON, page by page, without holding a page.

mod item;
mod progress;
mod splitter;

use std::sync::Arc;

use http::StatusCode;
use kube::client::Body;
use serde::Deserialize;

use crate::cluster::failure::Failure;
use crate::cluster::path::path;
use crate::cluster::query::with_query;
use crate::cluster::reader::{ClusterReader, is_hopeless};
use crate::cluster::retry::Attempts;
use crate::resource::TypeMeta;
use crate::scan::Head;
use crate::{ApiResource, Error, Result};

pub(crate) use item::{Item, Splice, Unreadable};
pub(crate) use progress::Pages;
use splitter::{RawItem, Splitter};

/// Objects per page: what the reference tool and kubectl ask for.
const PAGE: u32 = 500;
/// Attempts at a list at a resourceVersion that the server does not know yet.
const UNKNOWN_VERSION: u32 = 5;
/// Other ways to read a list that lead to none of its objects. Each way is one of three, and a list may
/// expire again.
const DETOURS: u32 = 6;

/// Reads one kind's objects in one namespace or everywhere.
pub(crate) struct ListReader<'a> {
    api: &'a ClusterReader,
    resource: ApiResource,
    namespace: Option<String>,
    selector: Option<&'a str>,
    resource_version: Option<&'a str>,
    continue_token: String,
    page: Option<(Body, Splitter)>,
    attempts: Attempts,
    /// Namespace and name of the last object, to say where one is that has none.
    last: Option<(String, String)>,
    /// Other ways to read the list that were tried since.
    detours: u32,
    pages: Pages,
    done: bool,
    /// The resourceVersion that the server listed at.
    pub(crate) listed_version: String,
    /// Why not all objects are as of the requested resourceVersion, when they are not.
    pub(crate) inconsistent: Option<String>,
    /// Whether that is because history ran out.
    pub(crate) expired: bool,
    /// The version that was read in the end, when it is not the preferred one.
    pub(crate) fallback: Option<String>,
    /// Objects that cannot be read, since they were last taken from here.
    pub(crate) unreadable: Vec<Unreadable>,
    types: Arc<TypeMeta>,
}

impl<'a> ListReader<'a> {
    pub(crate) fn new(
        api: &'a ClusterReader,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: Option<&'a str>,
        resource_version: Option<&'a str>,
    ) -> Self {
        let list = resource.list_path(namespace);
        Self {
            api,
            types: Arc::new(resource.into()),
            resource: resource.clone(),
            namespace: namespace.map(str::to_owned),
            selector,
            resource_version,
            continue_token: String::new(),
            page: None,
            attempts: api.connection.attempts(format!("GET `{list}`")),
            last: None,
            detours: 0,
            pages: Pages::default(),
            done: false,
            listed_version: String::new(),
            inconsistent: None,
            expired: false,
            fallback: None,
            unreadable: Vec::new(),
        }
    }

    /// apiVersion and kind of the objects.
    pub(crate) fn types(&self) -> &Arc<TypeMeta> {
        &self.types
    }

    fn path(&self) -> String {
        let exact = self.resource_version.filter(|_| self.is_exact());
        with_query(
            &self.resource.list_path(self.namespace.as_deref()),
            &[
                ("limit", &PAGE.to_string()),
                ("labelSelector", self.selector.unwrap_or_default()),
                ("continue", &self.continue_token),
                ("resourceVersionMatch", exact.map_or("", |_| "Exact")),
                ("resourceVersion", exact.unwrap_or_default()),
            ],
        )
    }

    /// The next few objects, or `None` after the last. Those that cannot be read are in
    /// [`unreadable`](Self::unreadable) by then.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Item>>, Failure> {
        // Whatever the caller did since the last objects is not the server's time.
        self.attempts.progressed();
        while self.page.is_some() || !self.done {
            match self.read_on().await {
                Ok(raw) => {
                    let found = self.unreadable.len();
                    let items = self.heads(raw)?;
                    if !items.is_empty() || self.unreadable.len() > found {
                        return Ok(Some(items));
                    }
                }
                Err(failure) => {
                    self.page = None;
                    self.retry(failure).await?;
                }
            }
        }
        Ok(None)
    }

    /// The objects in the next few bytes of the page under way, or the beginning of the next page.
    async fn read_on(&mut self) -> Result<Vec<RawItem>, Failure> {
        let connection = &self.api.connection;
        let Some((body, splitter)) = &mut self.page else {
            let request = self.api.request(&self.path(), "application/json");
            let opened = self.attempts.one("no response", connection.open(&request));
            self.page = Some((opened.await?.into_body(), Splitter::default()));
            return Ok(Vec::new());
        };
        let mut items = Vec::new();
        if let Some(bytes) = connection.chunk(body).await? {
            if let Err(error) = splitter.push(&bytes, &mut items) {
                return Err(self.broken(&error));
            }
        } else if let Some((_, splitter)) = self.page.take() {
            // A body may end early without an error of its own.
            let meta = splitter
                .finish()
                .map_err(|error| Failure::transport(&error))?;
            self.attempts.progressed();
            self.done = meta.continue_token.is_empty();
            if !self.done
                && let Err(error) = self.pages.turn(&meta.continue_token)
            {
                return Err(self.broken(&error));
            }
            self.continue_token = meta.continue_token;
            self.listed_version = meta.resource_version;
        }
        Ok(items)
    }

    /// Waits for the next attempt, or finds another way to read the list.
    async fn retry(&mut self, failure: Failure) -> Result<(), Failure> {
        let exact = self.is_exact();
        let is_hopeless = |failure: &Failure, failed: u32| {
            // Aggregated API servers never come to know it, and say so in this way.
            let unknown = exact && failure.is(StatusCode::GATEWAY_TIMEOUT);
            is_hopeless(failure, failed) || unknown && failed >= UNKNOWN_VERSION
        };
        if let Err(failure) = self.attempts.again(failure, is_hopeless).await {
            self.detours += 1;
            if self.detours > DETOURS {
                return Err(failure);
            }
            self.recover(failure).await?;
            self.attempts.progressed();
        }
        Ok(())
    }

    fn is_exact(&self) -> bool {
        self.resource_version.is_some() && self.continue_token.is_empty()
    }

    /// Reads heads, and drops what was returned before a page had to be read again.
    fn heads(&mut self, raw: Vec<RawItem>) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::with_capacity(raw.len());
        for raw in raw {
            let (head, why) = match raw.oversize {
                None => match Head::of(&raw.bytes) {
                    Ok(head) => (head, None),
                    Err(error) => (Head::of_some(&raw.bytes), Some(error.chain())),
                },
                Some(length) => {
                    let why = format!("it has {length} bytes");
                    (Head::of_some(&raw.bytes), Some(why))
                }
            };
            let key = (
                head.namespace.clone().unwrap_or_default(),
                head.name.clone(),
            );
            let is_named = !head.name.is_empty();
            if is_named {
                let length = raw.oversize.unwrap_or(raw.bytes.len());
                let noted = self.pages.note(&key, length);
                if !noted.map_err(|error| self.broken(&error))? {
                    continue;
                }
                self.detours = 0;
            }
            match why {
                None => items.push(Item {
                    head,
                    seen: raw.seen,
                    raw: raw.bytes,
                }),
                Some(why) => {
                    let unreadable = Unreadable {
                        key: is_named.then_some((head.namespace, head.name)),
                        after: self.last.clone(),
                        why,
                    };
                    // A page that is read again holds it once more.
                    if self.unreadable.last() != Some(&unreadable) {
                        self.unreadable.push(unreadable);
                    }
                }
            }
            if is_named {
                self.last = Some(key);
            }
        }
        Ok(items)
    }

    /// What the server sends is no list, or none that ends.
    fn broken(&self, error: &Error) -> Failure {
        Failure::unreadable(&self.resource.list_path(self.namespace.as_deref()), error)
    }

    /// Finds another way to read the list, or gives the failure back.
    async fn recover(&mut self, failure: Failure) -> Result<(), Failure> {
        let exact = self.is_exact();
        if failure.is(StatusCode::GONE) {
            if let Some(token) = failure.continue_token {
                self.continue_token = token;
            } else if exact || !self.continue_token.is_empty() {
                // From the beginning; what was returned already is dropped by its key.
                self.continue_token.clear();
                self.pages.begin_again();
                self.resource_version = None;
            } else {
                return Err(failure);
            }
            self.expired = true;
            self.inconsistent = Some(format!(
                "the history of that resourceVersion is gone ({})",
                failure.message
            ));
            return Ok(());
        }
        // Aggregated API servers count resourceVersions of their own, or do not know `Exact`.
        if exact && (failure.is(StatusCode::BAD_REQUEST) || failure.is(StatusCode::GATEWAY_TIMEOUT))
        {
            self.resource_version = None;
            self.inconsistent = Some(format!(
                "its server cannot read at that resourceVersion ({})",
                failure.message
            ));
            return Ok(());
        }
        if failure.is(StatusCode::INTERNAL_SERVER_ERROR)
            && failure.is_of_conversion()
            && self.fallback.is_none()
            && let Some(version) = storage_version(self.api, &self.resource).await
            && version != self.resource.version
        {
            self.fallback = Some(format!(
                "are here as `{version}`, in which they are stored, and not in the preferred version, \
                 since the conversion webhook fails: {}",
                failure.message
            ));
            self.resource.version = version;
            self.types = Arc::new((&self.resource).into());
            return Ok(());
        }
        Err(failure)
    }
}

/// The version in which etcd holds the objects of a custom resource: it needs no conversion.
///
/// Its definition is found by listing, which is all that the role for backups may do.
async fn storage_version(api: &ClusterReader, resource: &ApiResource) -> Option<String> {
    #[derive(Deserialize)]
    struct Crds {
        items: Vec<Crd>,
    }
    #[derive(Deserialize)]
    struct Crd {
        metadata: Metadata,
        spec: Spec,
    }
    #[derive(Deserialize)]
    struct Metadata {
        name: String,
    }
    #[derive(Deserialize)]
    struct Spec {
        versions: Vec<Version>,
    }
    #[derive(Deserialize)]
    struct Version {
        name: String,
        served: bool,
        storage: bool,
    }
    let name = resource.group_resource().to_string();
    let definitions = "customresourcedefinitions";
    let list = path(["apis", "apiextensions.k8s.io", "v1", definitions]);
    let named = format!("metadata.name={name}");
    let list = with_query(&list, &[("fieldSelector", &named)]);
    let (_, body) = api.get(&list, "application/json").await.ok()?;
    let crds: Crds = serde_json::from_slice(&body).ok()?;
    let mut crds = crds.items.into_iter();
    let crd = crds.find(|crd| crd.metadata.name == name)?;
    crd.spec
        .versions
        .into_iter()
        .find(|version| version.storage && version.served)
        .map(|version| version.name)
}

/// All objects of a short list.
pub(crate) async fn all(list: &mut ListReader<'_>) -> Result<Vec<Item>, Failure> {
    let mut all = Vec::new();
    while let Some(items) = list.next().await? {
        all.extend(items);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
