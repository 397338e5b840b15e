//! The paths below `/latest`, and what they return.

use std::io;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use serde_json::json;

use crate::directory::ACCOUNT_ID;
use crate::directory::session::{NewSession, Session};
use crate::directory::store::Directory;
use crate::gateway::exchange::{Begun, Exchange, HangUp, Subject};
use crate::gateway::response::{Body, Response};
use crate::gateway::service::Service;
use crate::metadata::instance::Instance;
use crate::metadata::tokens::Tokens;

const TOKEN: &str = "x-aliyun-ecs-metadata-token";
const TOKEN_LIFETIME: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
const TOKEN_PATH: &str = "/latest/api/token";
const META_DATA: &str = "/latest/meta-data/";
const ROLES: &str = "ram/security-credentials/";
const INSTANCE_ID: &str = "i-bp1local0000000000001";

/// How long credentials of the instance's role are good for.
const VALIDITY: TimeDelta = TimeDelta::hours(6);
/// New ones are handed out once the old ones have less than this left.
const RENEWAL: TimeDelta = TimeDelta::minutes(30);

/// The metadata of one instance.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) region: String,
    pub(crate) directory: Directory,
    pub(crate) instance: Instance,
    pub(crate) hardened: bool,
    pub(crate) tokens: Tokens,
    /// Handed out last, and when.
    pub(crate) credentials: Mutex<Option<(DateTime<Utc>, Session)>>,
}

impl Service for Metadata {
    fn name(&self) -> &'static str {
        "metadata"
    }

    /// The paths of the service, unless the request is signed: then it is for a bucket `latest`.
    fn claims(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        let signed = parts.headers.contains_key(http::header::AUTHORIZATION)
            || parts.uri.query().is_some_and(|query| {
                ["Signature=", "x-oss-signature="]
                    .iter()
                    .any(|name| query.contains(name))
            });
        (path == TOKEN_PATH || path.starts_with(META_DATA)) && !signed
    }

    fn serve<'a>(
        &'a self,
        parts: Parts,
        body: Body,
        exchange: &'a mut Exchange,
    ) -> BoxFuture<'a, Result<Response, HangUp>> {
        async move {
            let path = parts.uri.path();
            let subject = Subject {
                operation: operation(path),
                key: Some(path),
                ..Subject::default()
            };
            if let Begun::Refuse(injected) = exchange.begin(&subject, body).await? {
                return Ok(Response::empty(injected.status).text(injected.code));
            }
            Ok(self.respond(&parts, exchange.now()))
        }
        .boxed()
    }
}

fn operation(path: &str) -> &'static str {
    match path.strip_prefix(META_DATA) {
        None => "CreateToken",
        Some(ROLES) => "GetRoleName",
        Some(item) if item.starts_with(ROLES) => "GetRoleCredentials",
        Some(_) => "GetMetadata",
    }
}

impl Metadata {
    fn respond(&self, parts: &Parts, now: DateTime<Utc>) -> Response {
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let Some(item) = parts.uri.path().strip_prefix(META_DATA) else {
            return self.token(parts, header(TOKEN_LIFETIME), now);
        };
        let let_in = match header(TOKEN) {
            Some(token) => self.tokens.is_good(token, now),
            None => !self.hardened,
        };
        if !let_in {
            return refuse(StatusCode::FORBIDDEN);
        }
        if parts.method != Method::GET {
            return refuse(StatusCode::METHOD_NOT_ALLOWED);
        }
        let text = match item {
            "region-id" => Some(self.region.clone()),
            "zone-id" => Some(format!("{}-b", self.region)),
            "instance-id" => Some(INSTANCE_ID.to_owned()),
            "owner-account-id" => Some(ACCOUNT_ID.to_owned()),
            ROLES => self.instance.role(),
            _ => match item.strip_prefix(ROLES) {
                Some(name) if Some(name) == self.instance.role().as_deref() => {
                    match self.credentials(name, now) {
                        Ok(document) => document,
                        Err(error) => {
                            tracing::warn!(%error, "keep a session of the instance's role");
                            return refuse(StatusCode::INTERNAL_SERVER_ERROR);
                        }
                    }
                }
                _ => None,
            },
        };
        match text {
            Some(text) => Response::empty(StatusCode::OK).text(text),
            None => refuse(StatusCode::NOT_FOUND),
        }
    }

    fn token(&self, parts: &Parts, lifetime: Option<&str>, now: DateTime<Utc>) -> Response {
        if parts.method != Method::PUT {
            return refuse(StatusCode::METHOD_NOT_ALLOWED);
        }
        match lifetime.and_then(|seconds| self.tokens.issue(seconds, now)) {
            Some(token) => Response::empty(StatusCode::OK).text(token),
            None => refuse(StatusCode::BAD_REQUEST),
        }
    }

    /// The document of the role's credentials: those handed out last, unless they are about to end
    /// or were taken away.
    fn credentials(&self, role: &str, now: DateTime<Utc>) -> io::Result<Option<String>> {
        let mut last = self.credentials.lock();
        let still_good = last.as_ref().is_some_and(|(_, session)| {
            session.role == role
                && session.expires_at - RENEWAL > now
                && self.directory.caller(&session.access_key_id).is_ok()
        });
        if !still_good {
            let new = NewSession {
                role: role.to_owned(),
                name: INSTANCE_ID.to_owned(),
                policy: None,
                expires_at: now + VALIDITY,
            };
            let opened = self.directory.open_session(new, now)?;
            *last = opened.map(|session| (now, session));
        }
        let Some((updated, session)) = last.as_ref() else {
            return Ok(None);
        };
        let iso = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let document = json!({
            "AccessKeyId": session.access_key_id,
            "AccessKeySecret": session.secret.expose(),
            "Expiration": iso(&session.expires_at),
            "SecurityToken": session.token.expose(),
            "LastUpdated": iso(updated),
            "Code": "Success",
        });
        Ok(Some(document.to_string()))
    }
}

fn refuse(status: StatusCode) -> Response {
    Response::empty(status).text(status.canonical_reason().unwrap_or_default())
}
