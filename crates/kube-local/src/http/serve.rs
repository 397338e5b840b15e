//! Connections: accept, count, inject faults, respond, and stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::body::{Body, broken_off, stalled};
use super::handle::Handler;
use super::host::HostNames;
use super::query::Query;
use super::render::Format;
use super::request::Request;
use super::response::Response;
use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::faults::{Fault, Faults};
use crate::requests::RequestLog;

/// The largest body a real server takes, with its default settings.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// A server that accepts connections, if it listens, until `stop` is dropped or set.
pub(crate) struct Server {
    /// Where it listens; `None` where it does nowhere.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) stop: watch::Sender<bool>,
    shared: Arc<Shared>,
}

/// There is no response: the connection closes.
#[derive(Debug, thiserror::Error)]
#[error("connection closed by an injected fault")]
pub struct Hangup;

struct Shared {
    handler: Handler,
    faults: Faults,
    requests: RequestLog,
    names: HostNames,
}

impl Server {
    /// One that listens nowhere: requests come by [`Self::respond`].
    pub(crate) fn embedded(
        names: HostNames,
        cluster: Arc<Cluster>,
        faults: Faults,
        requests: RequestLog,
    ) -> Self {
        Self::new(None, names, cluster, faults, requests)
    }

    /// One that listens.
    pub(crate) fn listening(
        listener: TcpListener,
        names: HostNames,
        cluster: Arc<Cluster>,
        faults: Faults,
        requests: RequestLog,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let server = Self::new(Some(address), names, cluster, faults, requests);
        let (shared, mut until) = (Arc::clone(&server.shared), server.stop.subscribe());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            let (shared, until) = (Arc::clone(&shared), until.clone());
                            tokio::spawn(connection(stream, shared, until));
                        }
                        Err(error) => {
                            tracing::warn!(%error, "accept connection");
                            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        }
                    },
                    _ = until.changed() => break,
                }
            }
        });
        Ok(server)
    }

    fn new(
        address: Option<SocketAddr>,
        names: HostNames,
        cluster: Arc<Cluster>,
        faults: Faults,
        requests: RequestLog,
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let handler = Handler {
            cluster,
            address: address.map_or_else(|| "localhost".to_owned(), |address| address.to_string()),
            stopping,
        };
        let shared = Arc::new(Shared {
            handler,
            faults,
            requests,
            names,
        });
        Self {
            address,
            stop,
            shared,
        }
    }

    /// Handles a request that came over no connection.
    pub(crate) async fn respond<B>(
        &self,
        request: http::Request<B>,
    ) -> Result<http::Response<Body>, Hangup>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.shared.respond(request).await
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut until: watch::Receiver<bool>) {
    // Small responses are written at once; waiting for more would cost 40 ms each.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.respond(request).await }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        outcome = connection => {
            if let Err(error) = outcome {
                tracing::debug!(%error, "connection ended");
            }
        }
        _ = until.changed() => {}
    }
}

impl Shared {
    async fn respond<B>(&self, request: http::Request<B>) -> Result<http::Response<Body>, Hangup>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let method = head.method.as_str().to_owned();
        let path = head.uri.path().to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let number = self.requests.arrived(&method, &path, &query);
        if !self.names.take(&head.headers) {
            let error = ApiError::new(
                403,
                "Forbidden",
                "this server is not of the name in the header Host; call it by its address or as localhost",
            );
            self.requests.responded(number, 403);
            return Ok(Response::error(&error, &Format::plain()).into_response());
        }
        let parsed = Query::parse(&query);
        let full = head.uri.path_and_query().map_or("", |pq| pq.as_str());
        let fault = self.faults.next(&method, full, parsed.is_watch());
        if fault == Some(Fault::Refuse) {
            return Err(Hangup);
        }
        let body = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::debug!(%error, "read request body");
                let error = ApiError::new(
                    413,
                    "RequestEntityTooLarge",
                    format!("Request entity too large: limit is {LARGEST_BODY}"),
                );
                self.requests.responded(number, 413);
                return Ok(Response::error(&error, &Format::plain()).into_response());
            }
        };
        if let Some(Fault::Delay(time)) = &fault {
            tokio::time::sleep(*time).await;
        }
        let text = |name: http::HeaderName| {
            let value = head.headers.get(name).and_then(|v| v.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let request = Request {
            method: head.method.clone(),
            path,
            query: parsed,
            accept: text(http::header::ACCEPT),
            content_type: text(http::header::CONTENT_TYPE),
            user_agent: text(http::header::USER_AGENT),
            body,
        };
        let response = match fault.as_ref().and_then(refusal) {
            Some(error) => Response::error(&error, &Format::plain()),
            None => self.handler.handle(&request),
        };
        match fault {
            Some(Fault::LoseReply) => return Err(Hangup),
            Some(Fault::NeverReply) => std::future::pending().await,
            _ => {}
        }
        self.requests.responded(number, response.status());
        match (response, fault) {
            (
                Response::Whole {
                    status,
                    content_type,
                    body,
                    headers,
                },
                Some(ref fault @ (Fault::ResetBody(after) | Fault::StallBody(after))),
            ) => {
                let length = body.len();
                let after = if after < length { after } else { length / 2 };
                let first = body.slice(..after);
                let cut = match fault {
                    Fault::ResetBody(_) => broken_off(first),
                    _ => stalled(first),
                };
                let whole = Response::Whole {
                    status,
                    content_type,
                    body,
                    headers,
                };
                let mut response = whole.into_response();
                let length = http::HeaderValue::from(length);
                response
                    .headers_mut()
                    .insert(http::header::CONTENT_LENGTH, length);
                *response.body_mut() = cut;
                Ok(response)
            }
            (response, _) => Ok(response.into_response()),
        }
    }
}

/// The response a fault gives instead of handling the request.
fn refusal(fault: &Fault) -> Option<ApiError> {
    Some(match fault {
        Fault::Throttle { wait } => {
            ApiError::too_many_requests(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX))
        }
        Fault::Status(410, "Expired") => {
            ApiError::expired("The resourceVersion for the provided list is too old.")
        }
        Fault::Status(503, "ServiceUnavailable") => super::discovery::unavailable(),
        Fault::Status(500, "InternalError") => ApiError::internal("injected fault"),
        Fault::Status(409, "Conflict") => ApiError::new(
            409,
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your \
             changes to the latest version and try again",
        ),
        Fault::Status(code, reason) => ApiError::new(*code, reason, "injected fault"),
        _ => return None,
    })
}
