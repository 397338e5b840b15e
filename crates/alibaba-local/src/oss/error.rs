//! OSS's own errors.

use http::StatusCode;

use crate::gateway::xml::Element;

/// An error as OSS reports it: status, code, message, EC, and elements of its own.
#[derive(Clone, Debug)]
pub(crate) struct OssError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: String,
    ec: &'static str,
    extra: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

impl OssError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            ec: "",
            extra: Vec::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn ec(mut self, ec: &'static str) -> Self {
        self.ec = ec;
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((name, value.into()));
        self
    }

    /// Adds a header to the response.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    pub(crate) fn error_class(&self) -> &'static str {
        self.ec
    }

    /// The document that goes into the body, or into `x-oss-err` where there is none.
    pub(crate) fn to_xml(&self, request_id: &str, host: &str) -> String {
        let mut error = Element::root("Error")
            .text("Code", self.code)
            .text("Message", &self.message)
            .text("RequestId", request_id)
            .text("HostId", host);
        for (name, value) in &self.extra {
            error = error.text(name, value);
        }
        if !self.ec.is_empty() {
            error = error.text("EC", self.ec);
        }
        error.document()
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn invalid_argument(
        name: &'static str,
        value: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::bad_request("InvalidArgument", message)
            .with("ArgumentName", name)
            .with("ArgumentValue", value)
    }

    /// For what OSS can do and this server cannot.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("{what} is not served by this local OSS."),
        )
    }

    pub(crate) fn access_denied(message: impl Into<String>) -> Self {
        Self::forbidden("AccessDenied", message)
    }

    /// Retention, legal hold or a bucket rule keeps the object as it is.
    pub(crate) fn immutable() -> Self {
        Self::conflict("FileImmutable", "The object you specified is immutable.")
    }

    pub(crate) fn no_such_version(key: &str, version: &str) -> Self {
        Self::not_found("NoSuchVersion", "The specified version does not exist.")
            .with("Key", key)
            .with("VersionId", version)
    }

    pub(crate) fn no_such_bucket(bucket: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            "The specified bucket does not exist.",
        )
        .ec("0015-00000101")
        .with("BucketName", bucket)
    }

    pub(crate) fn no_such_key(key: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            "The specified key does not exist.",
        )
        .ec("0026-00000001")
        .with("Key", key)
    }

    pub(crate) fn no_such_upload(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may \
             have been aborted or completed.",
        )
        .ec("0042-00000101")
        .with("UploadId", id)
    }

    pub(crate) fn already_exists() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "FileAlreadyExists",
            "The object you specified already exists and can not be overwritten.",
        )
        .ec("0026-00000106")
    }

    /// The body broke off.
    pub(crate) fn request_timeout() -> Self {
        Self::bad_request(
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the \
             timeout period.",
        )
    }

    pub(crate) fn malformed_xml() -> Self {
        Self::bad_request(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema.",
        )
    }

    pub(crate) fn internal(error: &std::io::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("local storage: {error}"),
        )
    }
}
