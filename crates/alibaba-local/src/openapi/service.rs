//! Serves a product: from a request to its response.

use alibaba_ram::Resource;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use http::request::Parts;
use http::{Extensions, HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::authenticate::{Travelled, authenticate};
use super::call::Call;
use super::error::ApiError;
use super::flat;
use super::format::Format;
use super::nonces::Nonces;
use super::parameters::Parameters;
use super::product::{Access, Action, Product};
use crate::builder::{Setup, StartError};
use crate::directory::store::Directory;
use crate::gateway::exchange::{Begun, Exchange, HangUp, Subject};
use crate::gateway::response::{Body, Response};
use crate::gateway::service::Service;

/// What the log calls an action that the product does not have.
const UNKNOWN: &str = "Unknown";

/// A product, and the signature checks before it.
#[derive(Debug)]
pub(crate) struct OpenApi<P> {
    product: P,
    directory: Directory,
    nonces: Nonces,
}

impl<P: Product> OpenApi<P> {
    /// A product for whom the directory knows.
    pub(crate) fn open(product: P, setup: &Setup) -> Result<Box<dyn Service>, StartError> {
        let nonces = Nonces::open(setup.folder.as_deref(), P::NAME).map_err(StartError::Data)?;
        Ok(Box::new(Self {
            product,
            directory: setup.directory.clone(),
            nonces,
        }))
    }
}

impl<P: Product> Service for OpenApi<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn connect(&mut self, ports: &Extensions) {
        self.product.connect(ports);
    }

    /// Requests that name the product's version, or whose host name begins with the product's.
    fn claims(&self, parts: &Parts) -> bool {
        let version = header(&parts.headers, "x-acs-version").map(str::to_owned);
        let version = version.or_else(|| {
            let query = flat::query(parts);
            flat::value(&query, "Action")?;
            flat::value(&query, "Version").map(str::to_owned)
        });
        match version {
            Some(version) => version == P::VERSION,
            None => header(&parts.headers, "host")
                .and_then(|host| host.split(['.', '-', ':']).next())
                .is_some_and(|label| label.eq_ignore_ascii_case(P::NAME)),
        }
    }

    fn serve<'a>(
        &'a self,
        parts: Parts,
        body: Body,
        exchange: &'a mut Exchange,
    ) -> BoxFuture<'a, Result<Response, HangUp>> {
        async move {
            let query = flat::query(&parts);
            let named = header(&parts.headers, "x-acs-action")
                .or_else(|| flat::value(&query, "Action"))
                .map(str::to_owned);
            // Older clients may put everything into the form, the action's name included.
            let (name, body) = match named {
                Some(name) => (name, body),
                None => match flat::read(body).await {
                    Err(error) => return Ok(refuse(&error, &parts, Format::Json)),
                    Ok(bytes) => {
                        let form = flat::form(&parts.headers, &bytes);
                        let name = flat::value(&form, "Action").unwrap_or_default().to_owned();
                        let body = stream::once(async { Ok(bytes.into()) }).boxed();
                        (name, body)
                    }
                },
            };
            let action = P::ACTIONS.iter().find(|action| action.name == name);
            let subject = Subject {
                operation: action.map_or(UNKNOWN, |action| action.name),
                ..Subject::default()
            };
            let body = match exchange.begin(&subject, body).await? {
                Begun::Serve(body) => flat::read(body).await,
                Begun::Refuse(injected) => Err(ApiError::from(injected)),
            };
            let (body, failed) = match body {
                Ok(body) => (body, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            let form = flat::form(&parts.headers, &body);
            let request = Travelled {
                parts: &parts,
                query: &query,
                form: &form,
                body: &body,
            };
            let format = Format::wanted(
                flat::value(&query, "Format").or_else(|| flat::value(&form, "Format")),
                header(&parts.headers, "accept"),
                request.is_acs3(),
            );
            let result = match (failed, action) {
                (Some(error), _) => Err(error),
                (None, None) => Err(ApiError::not_found(
                    "InvalidAction.NotFound",
                    "Specified api is not found, please check your url and method.",
                )),
                (None, Some(action)) => self
                    .carry_out(action, &request, exchange)
                    .map(|result| succeed(action.name, result, format)),
            };
            let response = result.unwrap_or_else(|error| refuse(&error, &parts, format));
            let date = httpdate::fmt_http_date(exchange.now().into());
            Ok(response.header("date", &date))
        }
        .boxed()
    }
}

impl<P: Product> OpenApi<P> {
    /// Authenticates and authorises the caller, and carries the action out.
    fn carry_out(
        &self,
        action: &Action<P>,
        request: &Travelled<'_>,
        exchange: &Exchange,
    ) -> Result<Value, ApiError> {
        let caller = authenticate(request, &self.directory, &self.nonces, exchange.now())?;
        let pairs = request.query.iter().chain(request.form).cloned().collect();
        let mut parameters = Parameters::unflatten(pairs);
        if flat::is(&request.parts.headers, "application/json") && !request.body.is_empty() {
            parameters.add_json(request.body)?;
        }
        let call = Call {
            parameters,
            caller,
            directory: &self.directory,
            region: region_of_host(&request.parts.headers, P::NAME)
                .unwrap_or_else(|| exchange.region().to_owned()),
            exchange,
            denied: P::DENIED,
        };
        match action.access {
            Access::Anonymous => {}
            Access::Signed => {
                call.caller()?;
            }
            Access::Allowed(name, resources) => {
                let resources: Vec<Resource> = resources(&self.product, &call);
                call.authorize(name, resources)?;
            }
        }
        (action.run)(&self.product, &call)
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The region that the host's name says: `hbr.cn-hangzhou.aliyuncs.com`, and `hbr-vpc.` likewise.
fn region_of_host(headers: &HeaderMap, product: &str) -> Option<String> {
    let mut labels = header(headers, "host")?.split(['.', ':']);
    let first = labels.next()?;
    let service = first.strip_suffix("-vpc").unwrap_or(first);
    let region = labels.next()?.to_ascii_lowercase();
    let is_region = region.contains('-') && region.starts_with(|c: char| c.is_ascii_lowercase());
    (service.eq_ignore_ascii_case(product) && is_region).then_some(region)
}

fn request_id() -> String {
    format!("{:X}", uuid::Uuid::new_v4().hyphenated())
}

fn succeed(action: &str, result: Value, format: Format) -> Response {
    let mut object = match result {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let id = request_id();
    object.insert("RequestId".to_owned(), id.clone().into());
    format
        .respond(StatusCode::OK, format!("{action}Response"), object)
        .header("x-acs-request-id", &id)
}

fn refuse(error: &ApiError, parts: &Parts, format: Format) -> Response {
    let id = request_id();
    let host = header(&parts.headers, "host").unwrap_or_default();
    let response = format.respond(error.status, "Error", error.to_object(&id, host));
    let response = response.header("x-acs-request-id", &id);
    match error.retry_after {
        Some(wait) => response.header("x-acs-retry-after", &wait.as_millis().to_string()),
        None => response,
    }
}
