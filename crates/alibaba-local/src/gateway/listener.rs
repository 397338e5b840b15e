//! Connections, and which service each request is for.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::header::CONTENT_LENGTH;
use http::{Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::clock::LocalClock;
use super::exchange::{Exchange, HangUp};
use super::faults::Faults;
use super::log::RequestLog;
use super::response::Response;
use super::service::Service;

type HttpBody = UnsyncBoxBody<Bytes, io::Error>;

/// All services, and what they share.
pub(crate) struct Gateway {
    pub(crate) services: Vec<Box<dyn Service>>,
    pub(crate) clock: LocalClock,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
}

impl Gateway {
    async fn serve(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        region: Arc<str>,
    ) -> Result<Response, HangUp> {
        let (parts, body) = request.into_parts();
        let Some(service) = self.services.iter().find(|service| service.claims(&parts)) else {
            return Ok(Response::empty(StatusCode::NOT_FOUND)
                .text("No service of this local cloud serves such a request.\n"));
        };
        let body = body.into_data_stream().map_err(io::Error::other).boxed();
        let mut exchange = Exchange::new(
            service.name(),
            peer,
            region,
            &self.clock,
            &self.faults,
            &self.log,
        );
        let response = service.serve(parts, body, &mut exchange).await?;
        exchange.end(response).await
    }
}

/// Serves every connection to the endpoint of a region until it is dropped.
pub(crate) async fn accept(listener: TcpListener, region: Arc<str>, gateway: Arc<Gateway>) {
    // Connections die with this task, so that a dropped server is gone for its clients too.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (region, gateway) = (region.clone(), gateway.clone());
                    connections.spawn(connection(stream, peer.ip(), region, gateway));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept a connection");
                    // Out of file descriptors, as a rule: wait until some are closed.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, region: Arc<str>, gateway: Arc<Gateway>) {
    // Small responses must not wait for an acknowledgement; without it they only come later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let (region, gateway) = (region.clone(), gateway.clone());
        async move {
            match gateway.serve(request, peer, region).await {
                Ok(response) => Ok(to_http(response)),
                Err(HangUp) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            }
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(512 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

fn to_http(response: Response) -> http::Response<HttpBody> {
    let body = if response.len == 0 {
        http_body_util::Empty::new()
            .map_err(|never: Infallible| match never {})
            .boxed_unsync()
    } else {
        BodyExt::boxed_unsync(StreamBody::new(response.body.map_ok(Frame::data)))
    };
    let mut to_send = http::Response::new(body);
    *to_send.status_mut() = response.status;
    *to_send.headers_mut() = response.headers;
    if response.len > 0 {
        to_send
            .headers_mut()
            .insert(CONTENT_LENGTH, response.len.into());
    }
    to_send
}
