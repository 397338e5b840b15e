//! OSS's own errors.

use http::StatusCode;

use crate::gateway::xml::Element;
use crate::oss::refusal::Refusal;

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
    /// A refusal of OSS, in these words.
    pub(crate) fn refuse(refusal: Refusal, message: impl Into<String>) -> Self {
        // All statuses of the table are statuses.
        let status =
            StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            ec: refusal.ec,
            ..Self::injected(status, refusal.code, message)
        }
    }

    /// What a test asked for, which need not be anything that OSS does.
    pub(crate) fn injected(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            ec: "",
            extra: Vec::new(),
            headers: Vec::new(),
        }
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

    pub(crate) fn invalid_argument(
        name: &'static str,
        value: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::refuse(Refusal::INVALID_ARGUMENT, message)
            .with("ArgumentName", name)
            .with("ArgumentValue", value)
    }

    /// For what OSS can do and this server cannot.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::refuse(
            Refusal::NOT_IMPLEMENTED,
            format!("{what} is not served by this local OSS."),
        )
    }

    pub(crate) fn access_denied(message: impl Into<String>) -> Self {
        Self::refuse(Refusal::ACCESS_DENIED, message)
    }

    /// Retention, legal hold or a bucket rule keeps the object as it is.
    pub(crate) fn immutable() -> Self {
        Self::refuse(
            Refusal::FILE_IMMUTABLE,
            "The object you specified is immutable.",
        )
    }

    pub(crate) fn no_such_version(key: &str, version: &str) -> Self {
        Self::refuse(
            Refusal::NO_SUCH_VERSION,
            "The specified version does not exist.",
        )
        .with("Key", key)
        .with("VersionId", version)
    }

    pub(crate) fn no_such_bucket(bucket: &str) -> Self {
        Self::refuse(
            Refusal::NO_SUCH_BUCKET,
            "The specified bucket does not exist.",
        )
        .with("BucketName", bucket)
    }

    pub(crate) fn no_such_key(key: &str) -> Self {
        Self::refuse(Refusal::NO_SUCH_KEY, "The specified key does not exist.").with("Key", key)
    }

    pub(crate) fn no_such_upload(id: &str) -> Self {
        Self::refuse(
            Refusal::NO_SUCH_UPLOAD,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may \
             have been aborted or completed.",
        )
        .with("UploadId", id)
    }

    pub(crate) fn already_exists() -> Self {
        Self::refuse(
            Refusal::FILE_ALREADY_EXISTS,
            "The object you specified already exists and can not be overwritten.",
        )
    }

    /// The body broke off.
    pub(crate) fn request_timeout() -> Self {
        Self::refuse(
            Refusal::REQUEST_TIMEOUT,
            "Your socket connection to the server was not read from or written to within the \
             timeout period.",
        )
    }

    pub(crate) fn malformed_xml() -> Self {
        Self::refuse(
            Refusal::MALFORMED_XML,
            "The XML you provided was not well-formed or did not validate against our published schema.",
        )
    }

    pub(crate) fn internal(error: &std::io::Error) -> Self {
        Self::refuse(Refusal::INTERNAL_ERROR, format!("local storage: {error}"))
    }
}
