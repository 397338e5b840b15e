//! Reading from the API server.

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, StatusCode};

use super::connection::{ApiRequest, Connection};
use super::failure::Failure;
use super::retry::Retries;

/// Attempts at what the server refuses with 500: if it cannot read an object from etcd, it cannot a
/// minute later.
const INTERNAL_ERRORS: u32 = 5;

/// Whether the API server may compress its responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ListEncoding {
    /// Plain JSON: on short links compression costs the server more than it saves.
    #[default]
    Plain,
    /// Whatever the client's layers ask for, such as gzip: for long links.
    AsClient,
}

/// The cluster, for reading.
#[derive(Clone)]
pub(crate) struct ClusterReader {
    pub(super) connection: Connection,
    encoding: ListEncoding,
}

impl ClusterReader {
    pub(crate) fn new(connection: Connection, encoding: ListEncoding) -> Self {
        Self {
            connection,
            encoding,
        }
    }

    /// The requests that are failing now.
    pub(crate) fn retries(&self) -> &Retries {
        self.connection.retries()
    }

    pub(super) fn request(&self, path: &str, accept: &'static str) -> ApiRequest {
        let mut request = ApiRequest::get(path, accept);
        if self.encoding == ListEncoding::Plain {
            let plain = HeaderValue::from_static("identity");
            request.headers.insert(ACCEPT_ENCODING, plain);
        }
        request
    }

    /// A whole document, and of which content type it is.
    pub(crate) async fn get(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<(String, Bytes), Failure> {
        let request = self.request(path, accept);
        let response = self.connection.exchange(&request, is_hopeless).await?;
        match Failure::of(&response) {
            None => Ok((response.content_type, response.body)),
            Some(failure) => Err(failure),
        }
    }
}

/// What does not pass, of what may pass in general.
pub(super) fn is_hopeless(failure: &Failure, failed: u32) -> bool {
    // Objects are read in another version then, at once.
    failure.is_of_conversion()
        || failed >= INTERNAL_ERRORS && failure.is(StatusCode::INTERNAL_SERVER_ERROR)
}
