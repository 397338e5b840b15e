//! OSS as a service of the cloud: from a request to its response.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use http::request::Parts;

use crate::gateway::exchange::{Begun, Exchange, HangUp, Injected, Subject};
use crate::gateway::response::{Body, Response};
use crate::gateway::service::Service;
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;

/// What a 503 without a wait of its own tells clients to wait, in milliseconds.
const USUAL_DELAY: &str = "10";

impl Service for Oss {
    fn name(&self) -> &'static str {
        "oss"
    }

    /// Every path may be a bucket's, so OSS takes what no other service wants.
    fn claims(&self, _: &Parts) -> bool {
        true
    }

    fn serve<'a>(
        &'a self,
        parts: Parts,
        body: Body,
        exchange: &'a mut Exchange,
    ) -> BoxFuture<'a, Result<Response, HangUp>> {
        async move {
            let request_id = format!(
                "{:024X}",
                u128::from(fastrand::u64(..)) << 32 | u128::from(fastrand::u32(..))
            );
            let result = match Target::parse(&parts) {
                Err(error) => Err(error),
                Ok(target) => match exchange.begin(&subject(&parts, &target), body).await? {
                    Begun::Refuse(injected) => Err(worded(&injected)),
                    Begun::Serve(body) => self.carry_out(&parts, &target, exchange, body).await,
                },
            };
            let response = result.unwrap_or_else(|error| refuse(&error, &request_id, &parts));
            Ok(response
                .header("x-oss-request-id", &request_id)
                .header(
                    "x-oss-server-time",
                    &exchange.elapsed().as_millis().to_string(),
                )
                .header("date", &httpdate::fmt_http_date(exchange.now().into()))
                .header("server", "AliyunOSS"))
        }
        .boxed()
    }
}

fn subject<'a>(parts: &'a Parts, target: &'a Target) -> Subject<'a> {
    Subject {
        operation: target.operation.name(),
        bucket: target.bucket.as_deref(),
        key: target.key.as_deref(),
        range: parts
            .headers
            .get("range")
            .and_then(|value| value.to_str().ok()),
    }
}

/// An error that a test asked for, as OSS would say it.
fn worded(injected: &Injected) -> OssError {
    let error = OssError::injected(
        injected.status,
        injected.code,
        "A fault that a test asked for.",
    );
    match injected.wait {
        Some(wait) => error
            .header("x-oss-qos-delay-time", wait.as_millis().to_string())
            .header(
                "retry-after",
                wait.max(Duration::from_secs(1)).as_secs().to_string(),
            ),
        None if injected.status == 503 => error.header("x-oss-qos-delay-time", USUAL_DELAY),
        None => error,
    }
}

/// The error as a document, or in `x-oss-err` where the response may have no body.
fn refuse(error: &OssError, request_id: &str, parts: &Parts) -> Response {
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let document = error.to_xml(request_id, host);
    let mut response = Response::empty(error.status).header("content-type", "application/xml");
    if !error.error_class().is_empty() {
        response = response.header("x-oss-ec", error.error_class());
    }
    for (name, value) in error.headers() {
        response = response.header(name, value);
    }
    if parts.method == Method::HEAD {
        response.header("x-oss-err", &BASE64_STANDARD.encode(document))
    } else {
        response.bytes(document)
    }
}
