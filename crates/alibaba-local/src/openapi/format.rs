//! Objects as JSON or XML, whichever the client wants.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::gateway::response::Response;
use crate::gateway::xml::Element;

/// How a response is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

impl Format {
    /// As the parameter `Format` says, or else as is usual for the signature's generation: JSON
    /// for ACS3, XML for the older one.
    pub(crate) fn wanted(parameter: Option<&str>, accept: Option<&str>, is_acs3: bool) -> Self {
        match (parameter, accept) {
            (Some(format), _) if format.eq_ignore_ascii_case("xml") => Self::Xml,
            (Some(format), _) if format.eq_ignore_ascii_case("json") => Self::Json,
            (_, Some(accept)) if accept.contains("json") => Self::Json,
            (_, Some(accept)) if accept.contains("xml") => Self::Xml,
            _ if is_acs3 => Self::Json,
            _ => Self::Xml,
        }
    }

    /// The response with this object, which XML wraps in an element of this name.
    pub(crate) fn respond(
        self,
        status: StatusCode,
        root: impl Into<Cow<'static, str>>,
        object: Map<String, Value>,
    ) -> Response {
        let response = Response::empty(status);
        match self {
            Self::Json => response
                .header("content-type", "application/json;charset=utf-8")
                .bytes(Value::Object(object).to_string()),
            Self::Xml => {
                let root = members(Element::root(root), &object);
                response
                    .header("content-type", "text/xml;charset=utf-8")
                    .bytes(root.document())
            }
        }
    }
}

fn members(element: Element, object: &Map<String, Value>) -> Element {
    object
        .iter()
        .fold(element, |element, (name, value)| match value {
            Value::Array(items) => items
                .iter()
                .fold(element, |element, item| member(element, name, item)),
            value => member(element, name, value),
        })
}

fn member(element: Element, name: &str, value: &Value) -> Element {
    match value {
        Value::Null => element,
        Value::String(text) => element.text(name, text),
        Value::Object(object) => element.child(&members(Element::root(name.to_owned()), object)),
        other => element.text(name, &other.to_string()),
    }
}
