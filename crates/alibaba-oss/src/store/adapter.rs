//! The trait itself, in the types of the `object_store` that is `api` beside this module: what
//! comes in and goes out is converted, the work is done by the store.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::FutureExt;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::api::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use super::api::path::Path;
use super::api::{
    self, Attribute, AttributeValue, Attributes, CopyMode, CopyOptions, GetOptions, GetRange,
    GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, TagSet, UploadPart,
};
use super::results::{get_result, list_result, put_result};
use crate::headers::utf8;
use crate::operations::delete::MAX_KEYS;
use crate::operations::get::{GetObject, ObjectInfo};
use crate::operations::list::{ListObjects, ObjectPage, ObjectSummary};
use crate::store::create::Refusal;
use crate::store::oss_store::STORE;
use crate::store::write::{Headers, PartUpload};
use crate::{Error, ErrorKind, ForbidOverwrite, OssStore, StorageClass};

/// How many requests of one bulk delete are under way at once, each for up to 1000 keys.
const DELETES: usize = 4;

#[async_trait]
impl ObjectStore for OssStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let create = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => {
                return Err(api::Error::NotImplemented {
                    operation: "`put_opts` with `PutMode::Update`".to_owned(),
                    implementer: self.to_string(),
                });
            }
        };
        let key = location.as_ref();
        let headers = object_headers(&options.attributes, &options.tags);
        let stored = self
            .write(key, payload.into_iter().collect(), headers, create)
            .await
            .map_err(|refusal| refused(self, key, "`put_opts` with `PutMode::Create`", refusal))?;
        Ok(put_result(stored.etag, stored.version_id))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let create = options.extensions.get::<ForbidOverwrite>().is_some();
        let key = location.as_ref();
        let headers = object_headers(&options.attributes, &options.tags);
        let upload = PartUpload::begin(self, key, &headers, create)
            .await
            .map_err(|refusal| refused(self, key, UPLOAD, refusal))?;
        Ok(Box::new(MultipartWriter(Arc::new(upload))))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let failed = |error| store_error(location.as_ref(), error);
        let get = get(self, location, &options);
        if options.head {
            let info = get.info().await.map_err(failed)?;
            let payload = GetResultPayload::Stream(stream::empty().boxed());
            let meta = meta(location, &info)?;
            let range = 0..meta.size;
            return Ok(get_result(payload, meta, range, attributes(&info)));
        }
        if let Some(GetRange::Bounded(range)) = &options.range
            && range.is_empty()
        {
            return Err(api::Error::Generic {
                store: STORE,
                source: format!("range {range:?} is empty").into(),
            });
        }
        let object = get.send().await.map_err(failed)?;
        let meta = meta(location, &object.info)?;
        let path = location.clone();
        let body = object
            .body
            .map_err(move |error| store_error(path.as_ref(), error));
        Ok(get_result(
            GetResultPayload::Stream(body.boxed()),
            meta.clone(),
            object.range.unwrap_or(0..meta.size),
            attributes(&object.info),
        ))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        api::coalesce_ranges(
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
            api::OBJECT_STORE_COALESCE_DEFAULT,
        )
        .await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
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
                            Err(api::Error::Generic {
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

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        objects(self, self.listing(prefix.map(AsRef::as_ref)))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        objects(
            self,
            self.listing(prefix.map(AsRef::as_ref))
                .start_after(offset.as_ref()),
        )
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let pages: Vec<ObjectPage> = self
            .listing(prefix.map(AsRef::as_ref))
            .delimiter("/")
            .pages()
            .try_collect()
            .await
            .map_err(|error| store_error(&self.bucket, error))?;
        Ok(listed(pages))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let create = matches!(options.mode, CopyMode::Create);
        self.copy_within(from.as_ref(), to.as_ref(), create)
            .await
            .map_err(|refusal| {
                let about = match &refusal {
                    Refusal::Failed(error) if error.kind() == ErrorKind::NotFound => from,
                    _ => to,
                };
                refused(
                    self,
                    about.as_ref(),
                    "`copy_opts` with `CopyMode::Create`",
                    refusal,
                )
            })
    }
}

pub(super) const UPLOAD: &str = "a multipart upload that forbids overwriting";

/// A multipart upload under way.
#[derive(Debug)]
struct MultipartWriter(Arc<PartUpload>);

#[async_trait]
impl MultipartUpload for MultipartWriter {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let upload = self.0.clone();
        let number = upload.next_number();
        async move {
            let payload = data.into_iter().collect();
            let sent = upload.send(number, payload).await;
            sent.map_err(|error| store_error(upload.key(), error))
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let upload = &self.0;
        let stored = upload
            .complete()
            .await
            .map_err(|refusal| refused(upload.store(), upload.key(), UPLOAD, refusal))?;
        Ok(put_result(stored.etag, stored.version_id))
    }

    async fn abort(&mut self) -> Result<()> {
        let aborted = self.0.abort().await;
        aborted.map_err(|error| store_error(self.0.key(), error))
    }
}

#[async_trait]
impl PaginatedListStore for OssStore {
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult> {
        let mut list = self.client.list_objects(&*self.bucket);
        if let Some(prefix) = prefix {
            list = list.prefix(prefix);
        }
        if let Some(delimiter) = options.delimiter {
            list = list.delimiter(delimiter);
        }
        if let Some(offset) = options.offset {
            list = list.start_after(offset);
        }
        if let Some(max) = options.max_keys {
            list = list.page_size(u32::try_from(max).unwrap_or(u32::MAX));
        }
        if let Some(token) = options.page_token {
            list = list.after(token);
        }
        let page = list.send().await;
        let page = page.map_err(|error| store_error(&self.bucket, error))?;
        Ok(PaginatedListResult {
            page_token: page.next.clone(),
            result: listed(vec![page]),
        })
    }
}

fn get(store: &OssStore, location: &Path, options: &GetOptions) -> GetObject {
    let mut get = store.client.get_object(&*store.bucket, location.as_ref());
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

fn objects(store: &OssStore, list: ListObjects) -> BoxStream<'static, Result<ObjectMeta>> {
    let bucket = store.bucket.clone();
    list.pages()
        .map_err(move |error| store_error(&bucket, error))
        .map_ok(|page| stream::iter(metas(page.objects).map(Ok)))
        .try_flatten()
        .boxed()
}

fn listed(pages: Vec<ObjectPage>) -> ListResult {
    let (mut prefixes, mut objects) = (Vec::new(), Vec::new());
    for page in pages {
        objects.extend(metas(page.objects));
        prefixes.extend(
            page.common_prefixes
                .iter()
                .filter_map(|key| parse_path(key)),
        );
    }
    list_result(prefixes, objects)
}

fn metas(objects: Vec<ObjectSummary>) -> impl Iterator<Item = ObjectMeta> {
    objects.into_iter().filter_map(|object| {
        Some(ObjectMeta {
            location: parse_path(&object.key)?,
            last_modified: object.last_modified,
            size: object.size,
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

fn meta(location: &Path, info: &ObjectInfo) -> Result<ObjectMeta> {
    let unknown = |what: &str| api::Error::Generic {
        store: STORE,
        source: format!("the {what} of `{location}` is not known: a cache hides it").into(),
    };
    Ok(ObjectMeta {
        location: location.clone(),
        // No default: an object that seems to be of 1970 seems to be abandoned.
        last_modified: info.last_modified.ok_or_else(|| unknown("time"))?,
        size: info.size.ok_or_else(|| unknown("size"))?,
        e_tag: info.etag.clone(),
        version: info.version_id.clone(),
    })
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
        let (name, Some(value)) = (name.as_str(), utf8(value)) else {
            continue;
        };
        let attribute = match PLAIN.iter().find(|(plain, _)| *plain == name) {
            // The usual class is none that anybody asked for.
            Some((_, Attribute::StorageClass)) if value == StorageClass::Standard.as_str() => {
                continue;
            }
            Some((_, attribute)) => attribute.clone(),
            None => match name.strip_prefix("x-oss-meta-") {
                Some(name) => Attribute::Metadata(name.to_owned().into()),
                None => continue,
            },
        };
        attributes.insert(attribute, AttributeValue::from(value.to_owned()));
    }
    attributes
}

pub(super) fn object_headers(attributes: &Attributes, tags: &TagSet) -> Headers {
    // Forms write a space as `+`, which is a plus to everybody else.
    let tags = tags.encoded().replace('+', "%20");
    let tagging = (!tags.is_empty()).then(|| ("x-oss-tagging".to_owned(), tags));
    let headers = attributes.iter().filter_map(|(attribute, value)| {
        let name = match attribute {
            Attribute::Metadata(name) => format!("x-oss-meta-{name}"),
            other => PLAIN.iter().find(|(_, plain)| plain == other)?.0.to_owned(),
        };
        Some((name, value.to_string()))
    });
    headers.chain(tagging).collect()
}

/// Why a write was refused, about this key.
pub(super) fn refused(
    store: &OssStore,
    key: &str,
    operation: &str,
    refusal: Refusal,
) -> api::Error {
    match refusal {
        Refusal::Failed(error) => store_error(key, error),
        Refusal::Suspended => api::Error::NotImplemented {
            operation: format!("{operation} on a bucket with versioning suspended"),
            implementer: store.to_string(),
        },
    }
}

/// The kinds of `object_store` by ours.
pub(super) fn store_error(path: &str, error: Error) -> api::Error {
    let path = path.to_owned();
    let kind = error.kind();
    let source = Box::new(error);
    match kind {
        ErrorKind::NotFound => api::Error::NotFound { path, source },
        ErrorKind::AlreadyExists => api::Error::AlreadyExists { path, source },
        ErrorKind::Precondition => api::Error::Precondition { path, source },
        ErrorKind::NotModified => api::Error::NotModified { path, source },
        ErrorKind::Denied => api::Error::PermissionDenied { path, source },
        ErrorKind::Credentials => api::Error::Unauthenticated { path, source },
        _ => api::Error::Generic {
            store: STORE,
            source,
        },
    }
}
