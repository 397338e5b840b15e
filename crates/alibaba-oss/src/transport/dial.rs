//! Opening connections: directly, or through a proxy.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use alibaba_core::{Proxy, ProxyRules, ProxyScheme};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// The longest head of a response to CONNECT that is read.
const MAX_HEAD: usize = 16 * 1024;

/// TLS to the destination over what [`Dial`] opens, within the time that connecting may take.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    tls: HttpsConnector<Dial>,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(config: rustls::ClientConfig, rules: ProxyRules, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        tcp.enforce_http(false);
        let to_proxy = HttpsConnectorBuilder::new()
            .with_tls_config(config.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp.clone());
        let dial = Dial {
            tcp,
            to_proxy,
            rules,
        };
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(dial);
        Self { tls, timeout }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Link>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tls.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.tls.call(uri);
        let timeout = self.timeout;
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(format!("not connected within {timeout:?}").into()),
            }
        })
    }
}

/// Opens the way to a destination, without the TLS to it.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    tcp: HttpConnector,
    to_proxy: HttpsConnector<HttpConnector>,
    rules: ProxyRules,
}

impl Service<Uri> for Dial {
    type Response = Link;
    type Error = BoxError;
    type Future = BoxFuture<Link>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tls = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let scheme = if tls { "https" } else { "http" };
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let Some(proxy) = self.rules.proxy_for(scheme, host, port).cloned() else {
            let connecting = self.tcp.call(uri);
            return Box::pin(async move {
                let io = MaybeHttpsStream::Http(connecting.await?);
                Ok(Link::new(io, false))
            });
        };
        let destination = format!("{host}:{port}");
        if let ProxyScheme::Socks5 | ProxyScheme::Socks5h = proxy.scheme() {
            let tcp = self.tcp.clone();
            return Box::pin(async move {
                let way = through_socks(tcp, &proxy, uri, &destination).await;
                let io = way.map_err(|error| {
                    format!("find a way to `{destination}` through the proxy `{proxy}`: {error}")
                })?;
                Ok(Link::new(MaybeHttpsStream::Http(io), false))
            });
        }
        let mut to_proxy = self.to_proxy.clone();
        Box::pin(async move {
            let address: Uri = proxy.to_string().parse()?;
            let io = to_proxy
                .call(address)
                .await
                .map_err(|error| format!("reach the proxy `{proxy}`: {error}"))?;
            // Plain requests are handed to the proxy itself; TLS goes through a tunnel.
            let io = if tls {
                tunnel(io, &proxy, &destination).await?
            } else {
                io
            };
            Ok(Link::new(io, !tls))
        })
    }
}

type ProxyIo = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Asks a SOCKS proxy for a way to the destination, by its name or, where names are looked up here, by
/// its address.
async fn through_socks(
    tcp: HttpConnector,
    proxy: &Proxy,
    uri: Uri,
    destination: &str,
) -> Result<TokioIo<TcpStream>, BoxError> {
    let address: Uri = format!("http://{}:{}", proxy.host(), proxy.port()).parse()?;
    let mut socks = SocksV5::new(address, tcp);
    if let Some((user, password)) = proxy.login() {
        socks = socks.with_auth(user.to_owned(), password.expose().to_owned());
    }
    let uri = if proxy.scheme() == ProxyScheme::Socks5 {
        let mut found = tokio::net::lookup_host(destination).await?;
        let address = found.next().ok_or("its name has no address")?;
        format!("{}://{address}", uri.scheme_str().unwrap_or("http")).parse()?
    } else {
        uri
    };
    Ok(socks.call(uri).await?)
}

/// Asks the proxy for a way to the destination.
async fn tunnel(io: ProxyIo, proxy: &Proxy, destination: &str) -> Result<ProxyIo, BoxError> {
    let mut io = TokioIo::new(io);
    let mut request =
        format!("CONNECT {destination} HTTP/1.1\r\nHost: {destination}\r\n").into_bytes();
    if let Some(login) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(login.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    io.write_all(&request).await?;
    io.flush().await?;
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte: what follows the head is the destination's.
        let byte = io.read_u8().await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("read the response of the proxy `{proxy}`"),
            )
        })?;
        head.push(byte);
        if head.len() > MAX_HEAD {
            return Err(format!("the proxy `{proxy}` does not speak HTTP").into());
        }
    }
    let status = String::from_utf8_lossy(&head);
    let status = status.lines().next().unwrap_or_default();
    if status.starts_with("HTTP/1.") && status.split(' ').nth(1).is_some_and(|c| c.starts_with('2'))
    {
        return Ok(io.into_inner());
    }
    Err(format!("the proxy `{proxy}` refuses a way to `{destination}`: {status}").into())
}

/// An open way to a destination, or to the proxy that will take the request there.
pub(crate) struct Link {
    io: ProxyIo,
    plain_proxy: bool,
    /// Whether the peer takes no more.
    refuses: bool,
}

impl Link {
    fn new(io: ProxyIo, plain_proxy: bool) -> Self {
        Self {
            io,
            plain_proxy,
            refuses: false,
        }
    }

    /// Holds the error of a write to a peer that has gone back. Who refuses a request by its head
    /// may say so and close without reading the body: what it said is there to be read, and comes
    /// before the end of the connection, or its failure, which ends this one too.
    fn hold_refusal<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match written {
            Poll::Ready(Err(error)) if is_refusal(error.kind()) => {
                self.refuses = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            written => written,
        }
    }
}

fn is_refusal(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.plain_proxy)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.refuses {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.hold_refusal(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refuses {
            return Poll::Pending;
        }
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.hold_refusal(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.refuses {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.hold_refusal(context, written)
    }
}
