//! Request sequences, written once and run against both servers.
//!
//! In paths and bodies `$ns` is a namespace of the script's own, `$id` a suffix that makes
//! cluster-scoped names unique, and `$name` what an earlier step kept under that name.

use serde_json::Value;

/// A sequence of requests.
pub(crate) struct Script {
    pub(crate) title: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// One request, and what is wanted of its response.
pub(crate) struct Step {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<String>,
    /// Repeated until this holds, on either server.
    pub(crate) until: Option<Until>,
    /// Names, and the pointers in the response to what is kept under them.
    pub(crate) kept: Vec<(&'static str, &'static str)>,
    /// Pointers to what is not compared; `*` stands for any key or index.
    pub(crate) ignored: Vec<&'static str>,
    /// Removes what else is not compared.
    pub(crate) filter: Option<fn(&mut Value)>,
}

pub(crate) enum Until {
    Status(u16),
    Ready(fn(&Value) -> bool),
}

pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

impl Script {
    pub(crate) fn new(title: &'static str) -> Self {
        let steps = Vec::new();
        Self { title, steps }
    }

    pub(crate) fn get(self, path: impl Into<String>) -> Self {
        self.request("GET", path, None)
    }

    pub(crate) fn post(self, path: impl Into<String>, body: Value) -> Self {
        self.request("POST", path, Some(body.to_string()))
    }

    pub(crate) fn put(self, path: impl Into<String>, body: Value) -> Self {
        self.request("PUT", path, Some(body.to_string()))
    }

    pub(crate) fn patch(self, kind: &'static str, path: impl Into<String>, body: Value) -> Self {
        self.request("PATCH", path, Some(body.to_string()))
            .content_type(kind)
    }

    pub(crate) fn delete(self, path: impl Into<String>) -> Self {
        self.request("DELETE", path, None)
    }

    pub(crate) fn delete_with(self, path: impl Into<String>, options: Value) -> Self {
        self.request("DELETE", path, Some(options.to_string()))
    }

    pub(crate) fn request(
        mut self,
        method: &'static str,
        path: impl Into<String>,
        body: Option<String>,
    ) -> Self {
        self.steps.push(Step {
            method,
            path: path.into(),
            content_type: "application/json",
            accept: "application/json",
            body,
            until: None,
            kept: Vec::new(),
            ignored: Vec::new(),
            filter: None,
        });
        self
    }

    // What follows says more of the last request.

    pub(crate) fn content_type(self, content_type: &'static str) -> Self {
        self.last(|step| step.content_type = content_type)
    }

    pub(crate) fn accept(self, accept: &'static str) -> Self {
        self.last(|step| step.accept = accept)
    }

    pub(crate) fn until(self, until: Until) -> Self {
        self.last(|step| step.until = Some(until))
    }

    pub(crate) fn until_gone(self) -> Self {
        self.until(Until::Status(404))
    }

    pub(crate) fn keep(self, name: &'static str, pointer: &'static str) -> Self {
        self.last(|step| step.kept.push((name, pointer)))
    }

    pub(crate) fn ignoring(self, pointers: &[&'static str]) -> Self {
        self.last(|step| step.ignored.extend(pointers))
    }

    pub(crate) fn filtered(self, filter: fn(&mut Value)) -> Self {
        self.last(|step| step.filter = Some(filter))
    }

    fn last(mut self, change: impl FnOnce(&mut Step)) -> Self {
        change(self.steps.last_mut().expect("a request comes first"));
        self
    }
}
