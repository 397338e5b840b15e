//! An `object_store::ObjectStore` over the client.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::FutureExt;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attribute, AttributeValue, Attributes, CopyMode, CopyOptions, GetOptions, GetRange, GetResult,
    GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, TagSet, UploadPart,
};

use crate::operations::delete::MAX_KEYS;
use crate::operations::get::{GetObject, ObjectInfo};
use crate::operations::list::{ListObjects, ObjectPage, ObjectSummary};
use crate::operations::multipart::UploadedPart;
use crate::{Client, Error, ErrorKind, Payload};

const STORE: &str = "OSS";

/// How many requests of one bulk delete are under way at once, each for up to 1000 keys.
const DELETES: usize = 4;

/// One bucket as an [`ObjectStore`].
///
/// - `PutMode::Create` is made by `x-oss-forbid-overwrite`, which OSS ignores on buckets with
///   versioning enabled or suspended. `PutMode::Update` is not implemented: OSS has no conditional
///   put.
/// - A multipart upload overwrites, unless [`ForbidOverwrite`] is among its extensions.
/// - Keys that [`Path`] cannot express, such as `a//b`, are left out of listings with a warning.
///
/// ```no_run
/// # use std::sync::Arc;
/// # async fn run(client: alibaba_oss::Client) -> object_store::Result<()> {
/// use object_store::{ObjectStore, ObjectStoreExt, path::Path};
///
/// let store: Arc<dyn ObjectStore> = Arc::new(alibaba_oss::OssStore::new(client, "backups"));
/// store.put(&Path::from("notes/today.txt"), "hello".into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OssStore {
    client: Client,
    bucket: Arc<str>,
}

/// Put into the extensions of [`PutMultipartOptions`]: the upload completes only where the key is
/// free.
#[derive(Clone, Copy, Debug)]
pub struct ForbidOverwrite;

impl OssStore {
    /// A store over a bucket in the client's region.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// The client behind it.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    fn get(&self, location: &Path, options: &GetOptions) -> GetObject {
        let mut get = self.client.get_object(&*self.bucket, location.as_ref());
        if let Some(etag) = &options.if_match {
            get = get.if_match(etag);
        }
        if let Some(etag) = &options.if_none_match {
            get = get.if_none_match(etag);
        }
        if let Some(time) = options.if_modified_since {
            get = get.if_modified_since(time);
        }
        if let Some(time) = options.if_unmodified_since {
            get = get.if_unmodified_since(time);
        }
        if let Some(version) = &options.version {
            get = get.version_id(version);
        }
        match &options.range {
            None => get,
            Some(GetRange::Bounded(range)) => get.range(range.clone()),
            Some(GetRange::Offset(offset)) => get.from_offset(*offset),
            Some(GetRange::Suffix(len)) => get.suffix(*len),
        }
    }

    fn listing(&self, prefix: Option<&Path>) -> ListObjects {
        let list = self.client.list_objects(&*self.bucket);
        match prefix.filter(|prefix| !prefix.as_ref().is_empty()) {
            Some(prefix) => list.prefix(format!("{prefix}/")),
            None => list,
        }
    }

    fn objects(&self, list: ListObjects) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let bucket = self.bucket.clone();
        list.pages()
            .map_err(move |error| store_error(&bucket, error))
            .map_ok(|page| stream::iter(metas(page.objects).map(Ok)))
            .try_flatten()
            .boxed()
    }
}

impl fmt::Display for OssStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oss://{} at {}", self.bucket, self.client.endpoint())
    }
}

#[async_trait]
impl ObjectStore for OssStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        let create = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => {
                return Err(object_store::Error::NotImplemented {
                    operation: "`put_opts` with `PutMode::Update`".to_owned(),
                    implementer: self.to_string(),
                });
            }
        };
        let payload: Payload = payload.into_iter().collect();
        let mut put = self
            .client
            .put_object(&*self.bucket, location.as_ref(), payload)
            .forbid_overwrite(create);
        for (name, value) in object_headers(&options.attributes, &options.tags) {
            put = put.header(name, value);
        }
        let outcome = put
            .send()
            .await
            .map_err(|error| store_error(location.as_ref(), error))?;
        Ok(put_result(outcome))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let forbid_overwrite = options.extensions.get::<ForbidOverwrite>().is_some();
        let begin = self
            .client
            .initiate_upload(&*self.bucket, location.as_ref())
            .forbid_overwrite(forbid_overwrite);
        let upload_id = object_headers(&options.attributes, &options.tags)
            .fold(begin, |begin, (name, value)| begin.header(name, value))
            .send()
            .await
            .map_err(|error| store_error(location.as_ref(), error))?;
        Ok(Box::new(Upload(Arc::new(UploadState {
            store: self.clone(),
            location: location.clone(),
            upload_id,
            forbid_overwrite,
            parts: Mutex::default(),
        }))))
    }

    async fn get_opts(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        let failed = |error| store_error(location.as_ref(), error);
        let get = self.get(location, &options);
        if options.head {
            let info = get.info().await.map_err(failed)?;
            return Ok(GetResult {
                range: 0..info.len,
                meta: meta(location, &info),
                attributes: attributes(&info),
                payload: GetResultPayload::Stream(stream::empty().boxed()),
                extensions: object_store::Extensions::default(),
            });
        }
        if let Some(GetRange::Bounded(range)) = &options.range
            && range.is_empty()
        {
            return Err(object_store::Error::Generic {
                store: STORE,
                source: format!("range {range:?} is empty").into(),
            });
        }
        let object = get.send().await.map_err(failed)?;
        let path = location.clone();
        let body = object
            .body
            .map_err(move |error| store_error(path.as_ref(), error));
        Ok(GetResult {
            meta: meta(location, &object.info),
            attributes: attributes(&object.info),
            range: object.range,
            payload: GetResultPayload::Stream(body.boxed()),
            extensions: object_store::Extensions::default(),
        })
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        object_store::coalesce_ranges(
            ranges,
            |range| async move {
                let failed = |error| store_error(location.as_ref(), error);
                let get = self
                    .client
                    .get_object(&*self.bucket, location.as_ref())
                    .range(range.clone());
                let object = get.send().await.map_err(failed)?;
                object.body.collect().await.map_err(failed)
            },
            object_store::OBJECT_STORE_COALESCE_DEFAULT,
        )
        .await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let (client, bucket) = (self.client.clone(), self.bucket.clone());
        locations
            .try_chunks(MAX_KEYS)
            .map_err(|error| error.1)
            .map_ok(move |paths| {
                let (client, bucket) = (client.clone(), bucket.clone());
                async move {
                    let keys: Vec<&str> = paths.iter().map(AsRef::as_ref).collect();
                    let kept = client
                        .delete_objects(&bucket, &keys)
                        .await
                        .map_err(|error| store_error(&bucket, error))?;
                    Ok(stream::iter(paths.into_iter().map(move |path| {
                        if kept.iter().any(|key| key == path.as_ref()) {
                            let source = "OSS did not confirm that the object is deleted".into();
                            Err(object_store::Error::Generic {
                                store: STORE,
                                source,
                            })
                        } else {
                            Ok(path)
                        }
                    })))
                }
            })
            .try_buffered(DELETES)
            .try_flatten()
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.objects(self.listing(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.objects(self.listing(prefix).start_after(offset.as_ref()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        let pages: Vec<ObjectPage> = self
            .listing(prefix)
            .delimiter("/")
            .pages()
            .try_collect()
            .await
            .map_err(|error| store_error(&self.bucket, error))?;
        let mut result = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
            extensions: object_store::Extensions::default(),
        };
        for page in pages {
            result.objects.extend(metas(page.objects));
            result.common_prefixes.extend(
                page.common_prefixes
                    .iter()
                    .filter_map(|key| parse_path(key)),
            );
        }
        Ok(result)
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        let create = matches!(options.mode, CopyMode::Create);
        self.client
            .copy_object((&*self.bucket, from.as_ref()), (&*self.bucket, to.as_ref()))
            .forbid_overwrite(create)
            .send()
            .await
            .map(drop)
            .map_err(|error| {
                let about = if error.kind() == ErrorKind::NotFound {
                    from
                } else {
                    to
                };
                store_error(about.as_ref(), error)
            })
    }
}

/// A multipart upload under way.
#[derive(Debug)]
struct Upload(Arc<UploadState>);

#[derive(Debug)]
struct UploadState {
    store: OssStore,
    location: Path,
    upload_id: String,
    forbid_overwrite: bool,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    begun: u32,
    stored: Vec<UploadedPart>,
}

impl UploadState {
    fn parts(&self) -> std::sync::MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: Error) -> object_store::Error {
        store_error(self.location.as_ref(), error)
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let state = self.0.clone();
        let number = {
            let mut parts = state.parts();
            parts.begun += 1;
            parts.begun
        };
        async move {
            let payload: Payload = data.into_iter().collect();
            let part = state
                .store
                .client
                .upload_part(
                    &*state.store.bucket,
                    state.location.as_ref(),
                    &state.upload_id,
                    number,
                    payload,
                )
                .send()
                .await
                .map_err(|error| state.failed(error))?;
            state.parts().stored.push(part);
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let state = self.0.clone();
        let (begun, mut parts) = {
            let parts = state.parts();
            (parts.begun, parts.stored.clone())
        };
        if parts.len() != begun as usize {
            let source = format!("{} of {begun} parts are stored", parts.len()).into();
            return Err(object_store::Error::Generic {
                store: STORE,
                source,
            });
        }
        if parts.is_empty() {
            // OSS wants one part at least; an empty one makes an empty object.
            self.put_part(PutPayload::new()).await?;
            parts.clone_from(&state.parts().stored);
        }
        parts.sort_unstable_by_key(|part| part.number);
        let outcome = state
            .store
            .client
            .complete_upload(
                &*state.store.bucket,
                state.location.as_ref(),
                &state.upload_id,
                parts,
            )
            .forbid_overwrite(state.forbid_overwrite)
            .send()
            .await
            .map_err(|error| state.failed(error))?;
        Ok(put_result(outcome))
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        let state = &self.0;
        state
            .store
            .client
            .abort_upload(
                &state.store.bucket,
                state.location.as_ref(),
                &state.upload_id,
            )
            .await
            .map_err(|error| state.failed(error))
    }
}

fn put_result(outcome: crate::PutOutcome) -> PutResult {
    PutResult {
        e_tag: outcome.etag,
        version: outcome.version_id,
        extensions: object_store::Extensions::default(),
    }
}

fn metas(objects: Vec<ObjectSummary>) -> impl Iterator<Item = ObjectMeta> {
    objects.into_iter().filter_map(|object| {
        Some(ObjectMeta {
            location: parse_path(&object.key)?,
            last_modified: object.last_modified,
            size: object.len,
            e_tag: object.etag,
            version: None,
        })
    })
}

/// A key as a path; keys that are none are reported and left out, so that one of them does not hide
/// the rest of a listing.
fn parse_path(key: &str) -> Option<Path> {
    match Path::parse(key) {
        Ok(path) => Some(path),
        Err(error) => {
            tracing::warn!(key, %error, "left out of the listing: not a path");
            None
        }
    }
}

fn meta(location: &Path, info: &ObjectInfo) -> ObjectMeta {
    ObjectMeta {
        location: location.clone(),
        last_modified: info.last_modified.unwrap_or_default(),
        size: info.len,
        e_tag: info.etag.clone(),
        version: info.version_id.clone(),
    }
}

const PLAIN: [(&str, Attribute); 6] = [
    ("content-type", Attribute::ContentType),
    ("cache-control", Attribute::CacheControl),
    ("content-disposition", Attribute::ContentDisposition),
    ("content-encoding", Attribute::ContentEncoding),
    ("content-language", Attribute::ContentLanguage),
    ("x-oss-storage-class", Attribute::StorageClass),
];

fn attributes(info: &ObjectInfo) -> Attributes {
    let mut attributes = Attributes::new();
    for (name, value) in &info.headers {
        let Ok(value) = value.to_str() else { continue };
        let plain = PLAIN.iter().find(|(plain, _)| *plain == name.as_str());
        if let Some((_, attribute)) = plain.filter(|(_, a)| *a != Attribute::StorageClass) {
            attributes.insert(attribute.clone(), AttributeValue::from(value.to_owned()));
        } else if let Some(name) = name.as_str().strip_prefix("x-oss-meta-") {
            attributes.insert(
                Attribute::Metadata(name.to_owned().into()),
                AttributeValue::from(value.to_owned()),
            );
        }
    }
    attributes
}

fn object_headers(
    attributes: &Attributes,
    tags: &TagSet,
) -> impl Iterator<Item = (String, String)> {
    let tags = tags.encoded();
    let tagging = (!tags.is_empty()).then(|| ("x-oss-tagging".to_owned(), tags.to_owned()));
    let headers: HashMap<String, String> = attributes
        .iter()
        .filter_map(|(attribute, value)| {
            let name = match attribute {
                Attribute::Metadata(name) => format!("x-oss-meta-{name}"),
                other => PLAIN.iter().find(|(_, plain)| plain == other)?.0.to_owned(),
            };
            Some((name, value.to_string()))
        })
        .collect();
    headers.into_iter().chain(tagging)
}

/// The kinds of `object_store` by ours.
fn store_error(path: &str, error: Error) -> object_store::Error {
    let path = path.to_owned();
    let kind = error.kind();
    let source = Box::new(error);
    match kind {
        ErrorKind::NotFound => object_store::Error::NotFound { path, source },
        ErrorKind::AlreadyExists => object_store::Error::AlreadyExists { path, source },
        ErrorKind::Precondition => object_store::Error::Precondition { path, source },
        ErrorKind::NotModified => object_store::Error::NotModified { path, source },
        ErrorKind::Denied => object_store::Error::PermissionDenied { path, source },
        ErrorKind::Credentials => object_store::Error::Unauthenticated { path, source },
        _ => object_store::Error::Generic {
            store: STORE,
            source,
        },
    }
}
