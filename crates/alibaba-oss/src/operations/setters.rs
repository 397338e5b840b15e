//! Setters that several operations have in common, each over a field of the builder.

/// What can be said of an object when it is made, over its list of headers.
macro_rules! object_headers {
    ($($headers:ident).+) => {
        /// A header of the object that has no method of its own here.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.$($headers).+.push((name.into(), value.into()));
            self
        }

        /// `Content-Type`.
        pub fn content_type(self, value: impl Into<String>) -> Self {
            self.header("content-type", value)
        }

        /// `Content-Encoding`: what a reader has to undo. OSS and this client leave the bytes as
        /// they are.
        pub fn content_encoding(self, value: impl Into<String>) -> Self {
            self.header("content-encoding", value)
        }

        /// `Content-Disposition`: under which name a browser saves it.
        pub fn content_disposition(self, value: impl Into<String>) -> Self {
            self.header("content-disposition", value)
        }

        /// `Cache-Control`.
        pub fn cache_control(self, value: impl Into<String>) -> Self {
            self.header("cache-control", value)
        }

        /// `Expires`: until when caches may keep it. It deletes nothing; lifecycle rules do.
        pub fn expires(self, time: chrono::DateTime<chrono::Utc>) -> Self {
            self.header("expires", crate::headers::http_date(time))
        }

        /// User metadata, `x-oss-meta-<name>`; at most 8 KB in all.
        pub fn metadata(self, name: &str, value: impl Into<String>) -> Self {
            self.header(format!("x-oss-meta-{name}"), value)
        }

        /// Tags; at most ten.
        pub fn tags<'t>(self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
            self.header(
                "x-oss-tagging",
                crate::operations::attributes::tagging(tags),
            )
        }

        /// How it is kept; by default as the bucket says.
        pub fn storage_class(self, class: &crate::StorageClass) -> Self {
            self.header("x-oss-storage-class", class.as_str())
        }

        /// Who may read and write it.
        pub fn acl(self, acl: crate::Acl) -> Self {
            self.header("x-oss-object-acl", acl.as_str())
        }

        /// How OSS encrypts it on its disks.
        pub fn encryption(self, encryption: &crate::Encryption) -> Self {
            encryption
                .headers()
                .fold(self, |call, (name, value)| call.header(name, value))
        }
    };
}

/// Its content type by its name, over its key.
macro_rules! content_type_by_name {
    ($($key:ident).+) => {
        /// `Content-Type` as the ending of the key says: `text/html` for `index.html`. Where it says nothing,
        /// OSS gives `application/octet-stream`.
        pub fn content_type_by_name(self) -> Self {
            match crate::content_type::guess(&self.$($key).+) {
                Some(guessed) => self.content_type(guessed),
                None => self,
            }
        }
    };
}

/// That nothing may be replaced, over a flag.
macro_rules! forbid_overwrite {
    ($($flag:ident).+) => {
        /// Fails with [`AlreadyExists`](crate::ErrorKind::AlreadyExists) where the key is taken.
        ///
        /// OSS ignores this on buckets with versioning enabled or suspended ("PutObject", parameter
        /// `x-oss-forbid-overwrite`).
        pub fn forbid_overwrite(mut self, forbid: bool) -> Self {
            self.$($flag).+ = forbid;
            self
        }
    };
}

/// The bandwidth that OSS grants, over an optional number.
macro_rules! traffic_limit {
    ($($limit:ident).+) => {
        /// The bandwidth of each request, in bits per second: 245 760 (30 KB/s) to 838 860 800
        /// (100 MB/s).
        pub fn traffic_limit(mut self, bits_per_second: u64) -> Self {
            self.$($limit).+ = Some(bits_per_second);
            self
        }
    };
}

/// Which version of an object, over a field `target`.
macro_rules! version_id {
    () => {
        /// This version of the object; by default the current one.
        ///
        /// RAM policies have actions of their own for versions, such as `oss:DeleteObjectVersion`.
        pub fn version_id(mut self, id: impl Into<String>) -> Self {
            self.target.version_id = Some(id.into());
            self
        }
    };
}

/// Which version of a copy's source, over that.
macro_rules! copy_version {
    ($($source:ident).+) => {
        /// This version of the source; by default the current one.
        pub fn source_version_id(mut self, id: impl Into<String>) -> Self {
            self.$($source).+.version_id = Some(id.into());
            self
        }
    };
}

/// On what conditions a source is copied, over that.
macro_rules! copy_conditions {
    ($($source:ident).+) => {
        /// Fails with [`Precondition`](crate::ErrorKind::Precondition) unless the source's entity
        /// tag is this one.
        pub fn if_match(mut self, etag: impl Into<String>) -> Self {
            self.$($source).+
                .on("if-match", crate::headers::quoted(&etag.into()));
            self
        }

        /// Fails with [`NotModified`](crate::ErrorKind::NotModified) where the source's entity tag
        /// is this one.
        pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
            self.$($source).+
                .on("if-none-match", crate::headers::quoted(&etag.into()));
            self
        }

        /// Fails with [`NotModified`](crate::ErrorKind::NotModified) where the source is not newer.
        pub fn if_modified_since(mut self, time: chrono::DateTime<chrono::Utc>) -> Self {
            self.$($source).+.on_date("if-modified-since", time);
            self
        }

        /// Fails with [`Precondition`](crate::ErrorKind::Precondition) where the source is newer.
        pub fn if_unmodified_since(mut self, time: chrono::DateTime<chrono::Utc>) -> Self {
            self.$($source).+.on_date("if-unmodified-since", time);
            self
        }
    };
}

/// Whether a copy leaves the source's metadata behind, over a flag.
macro_rules! replace_metadata {
    ($($flag:ident).+) => {
        /// Leaves the source's metadata behind even where none is given here.
        pub fn replace_metadata(mut self, replace: bool) -> Self {
            self.$($flag).+ = replace;
            self
        }
    };
}

/// Progress of a body, over the payload.
macro_rules! payload_progress {
    ($($payload:ident).+) => {
        /// Calls back as bytes go out.
        pub fn on_progress(
            mut self,
            report: impl Fn(crate::Progress) + Send + Sync + 'static,
        ) -> Self {
            let meter = crate::progress::Meter::new(report);
            meter.set_total(self.$($payload).+.size());
            self.$($payload).+ = self.$($payload).+.with_meter(Some(meter));
            self
        }
    };
}

/// Deletion of what a retention in governance mode keeps, over a flag.
macro_rules! bypass_governance {
    ($(#[$doc:meta])* $($flag:ident).+) => {
        $(#[$doc])*
        pub fn bypass_governance(mut self, bypass: bool) -> Self {
            self.$($flag).+ = bypass;
            self
        }
    };
}

pub(crate) use {
    bypass_governance, content_type_by_name, copy_conditions, copy_version, forbid_overwrite,
    object_headers, payload_progress, replace_metadata, traffic_limit, version_id,
};
