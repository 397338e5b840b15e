//! Reading one kind's objects as raw JSON, page by page, without holding a page.

mod item;
mod splitter;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use kube::client::Body;
use serde::Deserialize;

use crate::cluster::failure::Failure;
use crate::cluster::query::with_query;
use crate::cluster::reader::{ClusterReader, is_hopeless};
use crate::cluster::retry::Attempts;
use crate::resource::TypeMeta;
use crate::scan::Head;
use crate::{ApiResource, Error, Result};

pub(crate) use item::{Item, Splice};
use splitter::Splitter;

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
    /// Key of the last object returned: a page that is read again begins before it.
    last: Option<(String, String)>,
    /// Other ways to read the list that were tried since.
    detours: u32,
    done: bool,
    /// The resourceVersion that the server listed at.
    pub(crate) listed_version: String,
    /// Why not all objects are as of the requested resourceVersion, when they are not.
    pub(crate) inconsistent: Option<String>,
    /// Whether that is because history ran out.
    pub(crate) expired: bool,
    /// The version that was read in the end, when it is not the preferred one.
    pub(crate) fallback: Option<String>,
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
            done: false,
            listed_version: String::new(),
            inconsistent: None,
            expired: false,
            fallback: None,
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

    /// The next few objects, or `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Item>>, Failure> {
        // Whatever the caller did since the last objects is not the server's time.
        self.attempts.progressed();
        while self.page.is_some() || !self.done {
            match self.read_on().await {
                Ok(raw) => {
                    let items = self.heads(raw)?;
                    if !items.is_empty() {
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
    async fn read_on(&mut self) -> Result<Vec<Bytes>, Failure> {
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
                return Err(self.unreadable(&error));
            }
        } else if let Some((_, splitter)) = self.page.take() {
            // A body may end early without an error of its own.
            let meta = splitter
                .finish()
                .map_err(|error| Failure::transport(&error))?;
            self.attempts.progressed();
            self.done = meta.continue_token.is_empty();
            if !self.done && meta.continue_token == self.continue_token {
                return Err(self.unreadable(&Error::corrupt("it continues with the same page")));
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
    fn heads(&mut self, raw: Vec<Bytes>) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::with_capacity(raw.len());
        for raw in raw {
            let head = Head::of(&raw).map_err(|error| self.unreadable(&error))?;
            // Lists are in the order of their keys in etcd, `namespace/name` as bytes.
            let key = (
                head.namespace.clone().unwrap_or_default(),
                head.name.clone(),
            );
            if self.last.as_ref().is_some_and(|last| !follows(&key, last)) {
                continue;
            }
            self.last = Some(key);
            self.detours = 0;
            items.push(Item { head, raw });
        }
        Ok(items)
    }

    fn unreadable(&self, error: &Error) -> Failure {
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
async fn storage_version(api: &ClusterReader, resource: &ApiResource) -> Option<String> {
    #[derive(Deserialize)]
    struct Crd {
        spec: Spec,
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
    let path = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
        resource.group_resource()
    );
    let (_, body) = api.get(&path, "application/json").await.ok()?;
    let crd: Crd = serde_json::from_slice(&body).ok()?;
    crd.spec
        .versions
        .into_iter()
        .find(|version| version.storage && version.served)
        .map(|version| version.name)
}

/// Whether `key` comes after `last` in a list.
fn follows(key: &(String, String), last: &(String, String)) -> bool {
    let a = key.0.bytes().chain(*b"/").chain(key.1.bytes());
    let b = last.0.bytes().chain(*b"/").chain(last.1.bytes());
    a.gt(b)
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
