//! Credentials of an ECS instance's RAM role, from the metadata service.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode};

use super::document;
use crate::Context;
use crate::endpoint::Endpoint;
use crate::http_send::{SendError, SendErrorKind, SendOptions};
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};

const NAME: &str = "ECS metadata";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const ROLE_VARIABLE: &str = "ALIBABA_CLOUD_ECS_METADATA";
const DISABLED_VARIABLE: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const V1_DISABLED_VARIABLE: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";

/// The service responds at once or not at all.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the metadata service of the ECS instance this runs on.
///
/// A token is asked for first. Requests go without one where the service says that it knows none (404,
/// 405), or refuses the one that it has issued, unless `ALIBABA_CLOUD_IMDSV1_DISABLED` is `true`. That
/// no token came is no reason: whoever drops that one request would choose how the others are made.
/// Proxies are bypassed. Where no service responds, or
/// the instance has no role, this is "not configured", unless a role was named.
///
/// Wrap this in a [cache](super::CachedProvider): each `provide` asks the service.
#[derive(Clone, Debug)]
pub struct EcsMetadataProvider {
    context: Context,
    role: Option<String>,
    endpoint: Option<Endpoint>,
}

impl EcsMetadataProvider {
    /// The role of the instance, or the one that `ALIBABA_CLOUD_ECS_METADATA` names.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            role: None,
            endpoint: None,
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into()).filter(|role| !role.is_empty());
        self
    }

    /// Asks at this address and not at `http://100.100.100.200`.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    async fn ask(&self) -> Result<Identity, CredentialsError> {
        let environment = &*self.context.environment;
        if environment.is_on(DISABLED_VARIABLE) {
            let step = format!("use it: `{DISABLED_VARIABLE}` is on");
            return Err(fail(CredentialsErrorKind::NotConfigured, step));
        }
        let named = self
            .role
            .clone()
            .or_else(|| environment.non_empty(ROLE_VARIABLE));
        // A role that was asked for must exist; otherwise this provider is not configured.
        let absent = match named {
            Some(_) => CredentialsErrorKind::Unavailable,
            None => CredentialsErrorKind::NotConfigured,
        };
        let mut token = self.token(absent).await?;
        let role = match named {
            Some(role) if is_role_name(&role) => role,
            Some(role) => {
                let shown: String = role.chars().take(80).collect();
                let step = format!("use the role {shown:?}: that is not a role's name");
                return Err(fail(CredentialsErrorKind::Invalid, step));
            }
            None => self.role_name(&mut token).await?,
        };
        let response = self
            .get(&format!("{ROLES}{role}"), &mut token, absent)
            .await?;
        match response.status() {
            StatusCode::OK => document::read(NAME, response.body()),
            StatusCode::NOT_FOUND => {
                let step = format!("get the role `{role}`: this instance does not have it");
                Err(fail(CredentialsErrorKind::Invalid, step))
            }
            status => Err(unexpected(&format!("get the role `{role}`"), status)),
        }
    }

    /// The token of the service's second version, or none where the first will do.
    async fn token(
        &self,
        absent: CredentialsErrorKind,
    ) -> Result<Option<HeaderValue>, CredentialsError> {
        let mut request = self.request(Method::PUT, "/latest/api/token")?;
        request.headers_mut().insert(
            "x-aliyun-ecs-metadata-token-ttl-seconds",
            HeaderValue::from_static("21600"),
        );
        let problem = match self.send(request).await {
            Ok(response) if response.status() == StatusCode::OK => {
                let token = HeaderValue::from_bytes(response.body().trim_ascii());
                match token {
                    Ok(mut token) if !token.is_empty() => {
                        token.set_sensitive(true);
                        return Ok(Some(token));
                    }
                    _ => fail(
                        CredentialsErrorKind::Invalid,
                        "read the metadata token: it is malformed",
                    ),
                }
            }
            Ok(response) => {
                let status = response.status();
                let knows_none = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
                if knows_none.contains(&status) && self.may_go_without() {
                    tracing::debug!(%status, "the metadata service knows no tokens, asking without one");
                    return Ok(None);
                }
                unexpected("get a metadata token", status)
            }
            Err(error) => {
                let step = match error.kind() {
                    SendErrorKind::Connect => "reach the metadata service",
                    _ => "get a metadata token",
                };
                fail(absent, step).with_source(error)
            }
        };
        Err(problem)
    }

    fn may_go_without(&self) -> bool {
        !self.context.environment.is_on(V1_DISABLED_VARIABLE)
    }

    async fn role_name(&self, token: &mut Option<HeaderValue>) -> Result<String, CredentialsError> {
        let response = self
            .get(ROLES, token, CredentialsErrorKind::NotConfigured)
            .await?;
        match response.status() {
            // Not shown where it is something else: whatever responds here may have sent credentials.
            StatusCode::OK => match str::from_utf8(response.body().trim_ascii()) {
                Ok(role) if is_role_name(role) => Ok(role.to_owned()),
                _ => Err(fail(
                    CredentialsErrorKind::Invalid,
                    "find the instance's role: the response is not a role's name",
                )),
            },
            StatusCode::NOT_FOUND => Err(fail(
                CredentialsErrorKind::NotConfigured,
                "find the instance's role: it has none",
            )),
            status => Err(unexpected("find the instance's role", status)),
        }
    }

    /// Gets the path, with the token where there is one. A token that is refused is dropped.
    async fn get(
        &self,
        path: &str,
        token: &mut Option<HeaderValue>,
        absent: CredentialsErrorKind,
    ) -> Result<http::Response<Bytes>, CredentialsError> {
        let response = self.get_once(path, token.as_ref(), absent).await?;
        let refusals = [
            StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
        ];
        if token.is_none() || !refusals.contains(&response.status()) || !self.may_go_without() {
            return Ok(response);
        }
        // As the official SDKs do: there are services that issue tokens and do not take them.
        tracing::debug!(status = %response.status(), "metadata token refused, asking without one");
        *token = None;
        self.get_once(path, None, absent).await
    }

    async fn get_once(
        &self,
        path: &str,
        token: Option<&HeaderValue>,
        absent: CredentialsErrorKind,
    ) -> Result<http::Response<Bytes>, CredentialsError> {
        let mut request = self.request(Method::GET, path)?;
        if let Some(token) = token {
            request
                .headers_mut()
                .insert("x-aliyun-ecs-metadata-token", token.clone());
        }
        self.send(request).await.map_err(|error| {
            fail(absent, "get a response from the metadata service").with_source(error)
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<http::Request<Bytes>, CredentialsError> {
        let uri = match &self.endpoint {
            Some(endpoint) => format!("{endpoint}{path}"),
            None => format!("http://100.100.100.200{path}"),
        };
        http::Request::builder()
            .method(method)
            .uri(uri)
            .body(Bytes::new())
            .map_err(|error| {
                fail(
                    CredentialsErrorKind::Invalid,
                    "address the metadata service",
                )
                .with_source(error)
            })
    }

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, SendError> {
        let options = SendOptions::default()
            .bypassing_proxy()
            .with_timeout(TIMEOUT)
            .with_max_body(1 << 20);
        self.context.http.send(request, options).await
    }
}

impl ProvideCredentials for EcsMetadataProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.ask().await.map(Arc::new) }.boxed()
    }
}

/// The name becomes part of a path.
fn is_role_name(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    name.bytes().all(is_part) && name.bytes().any(|b| b.is_ascii_alphanumeric())
}

fn fail(kind: CredentialsErrorKind, step: impl Into<String>) -> CredentialsError {
    CredentialsError::new(kind, NAME, step)
}

fn unexpected(step: &str, status: StatusCode) -> CredentialsError {
    let kind = if status.is_server_error() {
        CredentialsErrorKind::Unavailable
    } else {
        CredentialsErrorKind::Refused
    };
    fail(
        kind,
        format!("{step}: the metadata service returned {}", status.as_u16()),
    )
}
