//! Commands in containers, over WebSockets.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use kube::client::Body;
use tokio::io::AsyncRead;
use tokio::time::timeout;

use super::failure::Failure;
use super::wait::Pauses;
use super::writer::ClusterWriter;

/// Pauses between attempts at a command.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

/// How long a hook may take: Velero's (podexec, `defaultTimeout`).
const TIMEOUT: Duration = Duration::from_secs(30);

/// A command in a container.
#[derive(Clone)]
pub(crate) struct ContainerCommand {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
    /// The program and its arguments: they may hold passwords, and are shown to nobody.
    pub(crate) words: Vec<String>,
    /// How long all of it may take.
    pub(crate) timeout: Duration,
}

impl ContainerCommand {
    /// A command of a hook, in the container that it names or the Pod's first; or why there is none. The Pod is, or will
    /// be, the one of this namespace and name.
    pub(crate) fn of_hook(
        pod: &Pod,
        [namespace, name]: [&str; 2],
        container: &str,
        words: &[String],
        timeout: Option<Duration>,
    ) -> Result<Self, String> {
        let container = container_of(pod, container)?;
        if words.is_empty() {
            return Err("it names no command".to_owned());
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            pod: name.to_owned(),
            container,
            words: words.to_vec(),
            timeout: timeout.filter(|time| !time.is_zero()).unwrap_or(TIMEOUT),
        })
    }
}

/// The container that is named, or the Pod's first.
fn container_of(pod: &Pod, named: &str) -> Result<String, String> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut names = containers.map(|container| container.name.as_str());
    let found = match named {
        "" => names.next(),
        named => names.find(|name| *name == named),
    };
    found
        .map(str::to_owned)
        .ok_or_else(|| format!("the Pod has no container `{named}`"))
}

/// Why a command did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExecFailure {
    /// It was refused before it began, as by a server that cannot reach the node. `passes` says whether the
    /// same call may be taken later.
    #[error("{why}")]
    NotStarted { why: String, passes: bool },
    /// Whether it ran, and how it ended, is not known.
    #[error("how it ended is not known: {why}")]
    Unknown { why: String },
    /// It did not end in time. It may go on running.
    #[error("it did not end within {0:?}")]
    TimedOut(Duration),
    /// It ended, and not well.
    #[error("it ended with exit code {0}")]
    Exit(i32),
    /// It failed, and nobody says how. What a container's runtime says then is shown to nobody, since it repeats
    /// the command.
    #[error("it could not be run to its end; look whether the container has program `{0}`")]
    Failed(String),
}

impl ExecFailure {
    /// Whether nothing was run, and may be later.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::NotStarted { passes: true, .. })
    }
}

impl ClusterWriter {
    /// Runs a command, and waits for its end. What it prints is thrown away: it may be a secret, and nobody
    /// asked for it.
    ///
    /// It is never repeated here: whether a command may be run twice is known to whoever named it.
    pub(crate) async fn exec(&self, command: &ContainerCommand) -> Result<(), ExecFailure> {
        let ran = timeout(command.timeout, self.exec_to_its_end(command)).await;
        ran.unwrap_or(Err(ExecFailure::TimedOut(command.timeout)))
    }

    /// As [`exec`](Self::exec), again and again while `again` says of its failure that it does no harm, for as
    /// long as a request may take. `what` says what is waited for.
    pub(crate) async fn exec_patiently(
        &self,
        what: String,
        command: &ContainerCommand,
        again: impl Fn(&ExecFailure) -> bool,
    ) -> Result<(), ExecFailure> {
        let mut pauses = Pauses::new(self, what, PAUSES, self.request_timeout());
        loop {
            let Err(failure) = self.exec(command).await else {
                return Ok(());
            };
            if !again(&failure) || !pauses.pause(failure.to_string()).await {
                return Err(failure);
            }
        }
    }

    async fn exec_to_its_end(&self, command: &ContainerCommand) -> Result<(), ExecFailure> {
        let client = with_headers(self.client(), self.headers().clone());
        let pods: Api<Pod> = Api::namespaced(client, &command.namespace);
        let parameters = AttachParams::default()
            .container(&command.container)
            .stdin(false);
        let words = command.words.iter().map(String::as_str);
        let started = pods.exec(&command.pod, words, &parameters).await;
        let mut process = started.map_err(|error| refusal(&error, &command.words))?;
        let status = process.take_status();
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let drained = async { tokio::join!(drain(stdout), drain(stderr)) };
        let ended = async {
            match status {
                Some(status) => status.await,
                None => None,
            }
        };
        let (_, status) = tokio::join!(drained, ended);
        match status {
            Some(status) => outcome(&status, &command.words),
            None => Err(ExecFailure::Unknown {
                why: lost(process).await,
            }),
        }
    }
}

/// Takes what is printed, so that the command does not wait for a reader.
async fn drain(stream: Option<impl AsyncRead + Unpin>) {
    if let Some(mut stream) = stream {
        // It ends when the connection does.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
}

/// Why a connection ended without a status.
async fn lost(process: AttachedProcess) -> String {
    match process.join().await {
        Ok(()) => "the connection ended before the command did".to_owned(),
        Err(error) => Failure::transport(&error).to_string(),
    }
}

/// What a server says that does not begin a command.
fn refusal(error: &kube::Error, words: &[String]) -> ExecFailure {
    match error {
        kube::Error::Api(status) => {
            let code = StatusCode::from_u16(status.code).unwrap_or_default();
            ExecFailure::NotStarted {
                why: format!("{} ({})", without(words, &status.message), status.code),
                passes: code == StatusCode::TOO_MANY_REQUESTS
                    || code == StatusCode::CONFLICT
                    || code.is_server_error(),
            }
        }
        error => ExecFailure::Unknown {
            why: without(words, &Failure::transport(error).to_string()),
        },
    }
}

/// A message without the command, which a server or a proxy may repeat as part of an address.
fn without(words: &[String], message: &str) -> String {
    let mut shown = String::new();
    let mut rest = message;
    while let Some(at) = rest.find("command=") {
        let (before, after) = rest.split_at(at);
        let end = after.find([' ', '"', '\'', '`']).unwrap_or(after.len());
        shown.push_str(before);
        shown.push_str("...");
        rest = &after[end..];
    }
    shown.push_str(rest);
    // What is shorter is no secret, and may be part of any word.
    let words = words.iter().skip(1).filter(|word| word.len() > 3);
    words.fold(shown, |shown, word| shown.replace(word.as_str(), "..."))
}

/// How a command ended (kubelet's `remotecommand`: `NonZeroExitCode`, with the code as a cause).
fn outcome(status: &Status, words: &[String]) -> Result<(), ExecFailure> {
    if status.status.as_deref() == Some("Success") {
        return Ok(());
    }
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let code = causes
        .flatten()
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message.as_deref()?.parse().ok());
    match code {
        Some(code) => Err(ExecFailure::Exit(code)),
        None => Err(ExecFailure::Failed(
            words.first().cloned().unwrap_or_default(),
        )),
    }
}

/// A client that sends these headers as well.
fn with_headers(client: &kube::Client, headers: HeaderMap) -> kube::Client {
    if headers.is_empty() {
        return client.clone();
    }
    let namespace = client.default_namespace().to_owned();
    let inner = client.clone();
    let service = tower::service_fn(move |mut request: Request<Body>| {
        for (name, value) in &headers {
            request.headers_mut().append(name, value.clone());
        }
        let client = inner.clone();
        async move { client.send(request).await }
    });
    kube::Client::new(service, namespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_ends_as_the_kubelet_says() {
        let words = ["mysql".to_owned(), "-phunter2".to_owned()];
        let of = |status| outcome(&serde_json::from_value(status).unwrap(), &words);
        assert_eq!(of(json!({"metadata": {}, "status": "Success"})), Ok(()));
        // As kubelet 1.36 says it.
        let exit = json!({"metadata": {}, "status": "Failure",
            "message": "command terminated with non-zero exit code: exit status 3",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}});
        assert_eq!(of(exit), Err(ExecFailure::Exit(3)));
        let absent = json!({"metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
            "message": "exec failed: mysql -phunter2: executable file not found in $PATH"});
        let failure = of(absent).unwrap_err().to_string();
        assert!(
            failure.contains("`mysql`") && !failure.contains("hunter2"),
            "{failure}"
        );
    }

    #[test]
    fn a_refusal_does_not_repeat_the_command() {
        let words = ["sh", "-c", "mysql -phunter2"].map(str::to_owned);
        let said = r#"Post "https://10.0.0.1:10250/exec/shop/db/c?command=sh&command=mysql+-phunter2": no route; ran mysql -phunter2"#;
        assert_eq!(
            without(&words, said),
            r#"Post "https://10.0.0.1:10250/exec/shop/db/c?...": no route; ran ..."#
        );
    }
}
