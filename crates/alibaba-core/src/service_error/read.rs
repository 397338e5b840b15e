//! Reading a refusal: JSON, XML, or whatever a proxy says instead.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{AccessDeniedDetail, ServiceError};
use crate::clock::ServiceClock;

/// The longest message kept of a response that is not in the documented form.
const MAX_PLAIN_MESSAGE: usize = 300;

/// The members of `AccessDeniedDetail`.
const DETAILS: [&str; 7] = [
    "AuthAction",
    "AuthPrincipalType",
    "AuthPrincipalOwnerId",
    "AuthPrincipalDisplayName",
    "NoPermissionType",
    "PolicyType",
    "EncodedDiagnosticMessage",
];

impl AccessDeniedDetail {
    fn from_json(document: &Value) -> Self {
        let mut detail = Self::default();
        for name in DETAILS {
            if let Some(place) = detail.field(name) {
                *place = text(document, name);
            }
        }
        detail
    }

    /// Where the member of this name goes.
    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "AuthAction" => &mut self.auth_action,
            "AuthPrincipalType" => &mut self.auth_principal_type,
            "AuthPrincipalOwnerId" => &mut self.auth_principal_owner_id,
            "AuthPrincipalDisplayName" => &mut self.auth_principal_display_name,
            "NoPermissionType" => &mut self.no_permission_type,
            "PolicyType" => &mut self.policy_type,
            "EncodedDiagnosticMessage" => &mut self.encoded_diagnostic_message,
            _ => return None,
        })
    }
}

impl ServiceError {
    /// Reads a response in JSON or XML; of anything else (a proxy's page) keeps the beginning.
    #[must_use]
    pub fn parse(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let fields = match serde_json::from_slice::<Value>(body) {
            Ok(document @ Value::Object(_)) => Some(Self::from_json(&document)),
            _ => from_xml(body),
        };
        let mut error = fields.unwrap_or_else(|| Self {
            message: String::from_utf8_lossy(body)
                .trim()
                .chars()
                .take(MAX_PLAIN_MESSAGE)
                .collect(),
            ..Self::default()
        });
        error.status = status.as_u16();
        error.request_id = error
            .request_id
            .or_else(|| header(headers, "x-acs-request-id"));
        error.retry_after = retry_after(headers);
        error.served_at = ServiceClock::served_at(headers);
        error
    }

    /// Reads the fields of a JSON document, with names in either case of first letter: the ROA
    /// gateways write them in lower case.
    pub(crate) fn from_json(document: &Value) -> Self {
        Self {
            code: text(document, "Code").unwrap_or_default(),
            message: text(document, "Message").unwrap_or_default(),
            request_id: text(document, "RequestId").or_else(|| text(document, "request_id")),
            recommend: text(document, "Recommend"),
            access_denied: field(document, "AccessDeniedDetail")
                .filter(|detail| detail.is_object())
                .map(AccessDeniedDetail::from_json),
            ..Self::default()
        }
    }
}

fn field<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    let document = document.as_object()?;
    document.get(name).or_else(|| {
        let mut lower = name.to_owned();
        lower[..1].make_ascii_lowercase();
        document.get(&lower)
    })
}

/// A field as text. Codes are printed as numbers by some products.
fn text(document: &Value, name: &str) -> Option<String> {
    match field(document, name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(ToOwned::to_owned)
}

/// The wait a service asks for: `x-acs-retry-after` and the rate limits' `TimeLeft` count
/// milliseconds, `Retry-After` seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |text: String| text.trim().parse::<u64>().ok().filter(|&number| number > 0);
    if let Some(wait) = header(headers, "x-acs-retry-after").and_then(number) {
        return Some(Duration::from_millis(wait));
    }
    for name in ["x-ratelimit-user-api", "x-ratelimit-user"] {
        let left = header(headers, name).and_then(|value| {
            let left = value
                .split(',')
                .find_map(|part| part.trim().strip_prefix("TimeLeft:"))?;
            number(left.to_owned())
        });
        if let Some(left) = left {
            return Some(Duration::from_millis(left));
        }
    }
    header(headers, "retry-after")
        .and_then(number)
        .map(Duration::from_secs)
}

/// Reads `<Error>` with its children, and those of `<AccessDeniedDetail>`.
fn from_xml(body: &[u8]) -> Option<ServiceError> {
    use quick_xml::events::Event;

    let text = std::str::from_utf8(body).ok()?;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut error = ServiceError::default();
    let mut value = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                path.push(element.local_name().as_ref().to_owned());
                if path.len() == 1 && path[0] != "Error" || path.len() > 16 {
                    return None;
                }
                value.clear();
            }
            Event::Text(text) => value.push_str(&text),
            Event::GeneralRef(reference) => {
                if let Some(character) = reference.resolve_char_ref().ok()? {
                    value.push(character);
                } else {
                    value.push_str(quick_xml::escape::resolve_predefined_entity(&reference)?);
                }
            }
            Event::CData(data) => value.push_str(&data),
            Event::End(_) => {
                let name = path.pop()?;
                let content = value.trim().to_owned();
                match path.as_slice() {
                    [_] if !content.is_empty() => match name.as_str() {
                        "Code" => error.code = content,
                        "Message" => error.message = content,
                        "RequestId" => error.request_id = Some(content),
                        "Recommend" => error.recommend = Some(content),
                        _ => {}
                    },
                    [_, parent] if parent == "AccessDeniedDetail" && !content.is_empty() => {
                        let detail = error.access_denied.get_or_insert_default();
                        if let Some(place) = detail.field(&name) {
                            *place = Some(content);
                        }
                    }
                    _ => {}
                }
                value.clear();
                if path.is_empty() {
                    return Some(error);
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn parse(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ServiceError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        ServiceError::parse(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes())
    }

    #[test]
    fn json_in_either_case_and_xml_say_the_same() {
        let upper = r#"{"RequestId":"R-1","HostId":"h","Code":"NoPermission","Message":"a <b> c","Recommend":"https://r"}"#;
        let lower = r#"{"requestId":"R-1","code":"NoPermission","message":"a <b> c","recommend":"https://r"}"#;
        let xml = "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>R-1</RequestId>\
                   <Code>NoPermission</Code><Message>a &lt;b&#62; c</Message>\
                   <Recommend><![CDATA[https://r]]></Recommend><Other><Code>no</Code></Other></Error>";
        let expected = parse(403, &[], upper);
        assert_eq!(
            expected.to_string(),
            "HTTP 403 `NoPermission`: a <b> c (request R-1)"
        );
        assert_eq!(expected.kind(), ErrorKind::Denied);
        assert_eq!(parse(403, &[], lower), expected);
        assert_eq!(parse(403, &[], xml), expected);
    }

    #[test]
    fn what_is_in_no_documented_form_is_kept_in_part() {
        let error = parse(502, &[("x-acs-request-id", "R-2")], &"<html>".repeat(1000));
        assert_eq!(error.message.len(), MAX_PLAIN_MESSAGE);
        assert_eq!(error.request_id.as_deref(), Some("R-2"));
        assert_eq!(error.kind(), ErrorKind::Service);
        for body in [
            "",
            "null",
            "[1]",
            "<Error>",
            "<Error></Wrong>",
            "<Error>&nope;</Error>",
            "\u{0}",
        ] {
            assert!(parse(400, &[], body).code.is_empty(), "{body:?}");
        }
    }

    #[test]
    fn the_denied_action_is_named() {
        let body = r#"{"Code":"Forbidden.RAM","Message":"no","AccessDeniedDetail":{"AuthAction":"ecs:CreateSnapshot",
            "NoPermissionType":"ImplicitDeny","PolicyType":"AccountLevelIdentityBasedPolicy","AuthPrincipalOwnerId":1}}"#;
        let error = parse(403, &[], body);
        assert_eq!(
            error.to_string(),
            "HTTP 403 `Forbidden.RAM`: no (action `ecs:CreateSnapshot`, ImplicitDeny by \
             AccountLevelIdentityBasedPolicy)"
        );
        let detail = error.access_denied.clone().unwrap();
        assert_eq!(detail.auth_principal_owner_id.as_deref(), Some("1"));
        let xml = "<Error><Code>Forbidden.RAM</Code><Message>no</Message><AccessDeniedDetail>\
            <AuthAction>ecs:CreateSnapshot</AuthAction><NoPermissionType>ImplicitDeny</NoPermissionType>\
            <PolicyType>AccountLevelIdentityBasedPolicy</PolicyType><Unknown>x</Unknown>\
            <AuthPrincipalOwnerId>1</AuthPrincipalOwnerId></AccessDeniedDetail></Error>";
        assert_eq!(parse(403, &[], xml), error);
    }

    #[test]
    fn waits_are_read_in_their_units() {
        for (name, value, expected) in [
            ("x-acs-retry-after", "1500", Some(1500)),
            ("x-acs-retry-after", "0", None),
            (
                "x-ratelimit-user-api",
                "Limit:10,Remain:0,TimeLeft:2000,Reset:3",
                Some(2000),
            ),
            ("x-ratelimit-user", "Limit:1, TimeLeft:7", Some(7)),
            ("retry-after", "2", Some(2000)),
            ("retry-after", "soon", None),
        ] {
            let error = parse(400, &[(name, value)], "{}");
            assert_eq!(
                error.retry_after,
                expected.map(Duration::from_millis),
                "{name}: {value}"
            );
        }
    }
}
