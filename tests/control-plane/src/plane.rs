//! The three programs together: how they are started, and when they are ready.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kube::config::AuthInfo;
use kube::{Client, Config};

use crate::binaries::{Binaries, NotFound};
use crate::folder::Folder;
use crate::process::Process;
use crate::told::chain;

/// A loaded machine takes ten times the usual three seconds; nothing healthy takes this long.
const DEADLINE: Duration = Duration::from_secs(120);

/// A control plane did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The programs are not available.
    #[error("find the programs of the control plane")]
    Binaries(#[from] NotFound),
    /// A folder, key or process could not be made.
    #[error("{step}")]
    Io {
        /// What was done.
        step: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A program ended before it was ready.
    #[error("`{program}` ended with {status}; the end of its log:\n{log}")]
    Ended {
        /// Which program.
        program: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last lines that it wrote.
        log: String,
    },
    /// A program was not ready in time.
    #[error("`{program}` was not ready after {} s ({last}); the end of its log:\n{log}", DEADLINE.as_secs())]
    NotReady {
        /// Which program.
        program: &'static str,
        /// The last answer to the question whether it is.
        last: String,
        /// The last lines that it wrote.
        log: String,
    },
}

impl StartError {
    /// Another program took a port between choosing and using it.
    fn is_lost_port(&self) -> bool {
        matches!(self, Self::Ended { log, .. } if log.contains("address already in use"))
    }
}

fn io_error(step: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    let step = step.into();
    move |source| StartError::Io { step, source }
}

/// A running etcd, kube-apiserver and kube-controller-manager. They stop, and their folder is
/// removed, when this is dropped or this process ends in any way.
pub struct ControlPlane {
    // In the order in which they are to stop: who depends on others first, the folder last.
    controllers: Process,
    server: Process,
    etcd: Process,
    url: String,
    config: Config,
    folder: Folder,
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlPlane")
            .field("url", &self.url)
            .field("folder", &self.folder.root())
            .finish_non_exhaustive()
    }
}

impl ControlPlane {
    /// Starts a control plane of its own, and waits until it is ready. This blocks the thread: in
    /// async code outside of tests, call it through `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    /// When the programs are not available, or one of them does not start; the error then shows
    /// the end of its log.
    pub fn start() -> Result<Self, StartError> {
        Self::start_with(&Binaries::find()?)
    }

    /// Starts a control plane from these programs.
    ///
    /// # Errors
    /// When one of them does not start; the error then shows the end of its log.
    pub fn start_with(binaries: &Binaries) -> Result<Self, StartError> {
        Self::start_with_flags(binaries, &[])
    }

    /// Starts a control plane from these programs, with more flags for kube-apiserver.
    ///
    /// # Errors
    /// When one of them does not start, as with a flag that it does not know; the error then shows
    /// the end of its log.
    pub fn start_with_flags(binaries: &Binaries, flags: &[&str]) -> Result<Self, StartError> {
        let mut attempts = 1;
        loop {
            match Self::attempt(binaries, flags) {
                Err(error) if error.is_lost_port() && attempts < 4 => attempts += 1,
                result => return result,
            }
        }
    }

    fn attempt(binaries: &Binaries, flags: &[&str]) -> Result<Self, StartError> {
        let folder = Folder::new().map_err(io_error("prepare the control plane's folder"))?;
        let [client_port, peer_port, secure_port] =
            free_ports().map_err(io_error("find free ports"))?;
        let deadline = Instant::now() + DEADLINE;
        let spawn = |name, arguments: Vec<String>| {
            Process::spawn(name, &binaries.program(name), &arguments, folder.root())
                .map_err(io_error(format!("start `{name}`")))
        };

        let (etcd_url, peer_url) = (local("http", client_port), local("http", peer_port));
        let mut etcd = spawn("etcd", etcd_flags(&folder, &etcd_url, &peer_url))?;
        let mut server_flags = server_flags(&folder, &etcd_url, secure_port);
        server_flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        // It waits for etcd by itself, but at its leisure; and a dead etcd is better reported as such.
        wait(&mut etcd, deadline, || {
            std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, client_port))
                .map(drop)
                .map_err(|e| e.to_string())
        })?;
        let mut server = spawn("kube-apiserver", server_flags)?;

        let url = local("https", secure_port);
        folder
            .write_kubeconfigs(&url)
            .map_err(io_error("write the kubeconfigs"))?;
        let mut config = Config::new(
            http::Uri::from_maybe_shared(url.clone())
                .map_err(|e| io_error("form the server's address")(io::Error::other(e)))?,
        );
        config.root_cert = Some(vec![folder.certificate_der.clone()]);
        config.auth_info = AuthInfo {
            token: Some(folder.token.clone().into()),
            ..AuthInfo::default()
        };
        let probe = Probe::new(config.clone())?;
        wait(&mut server, deadline, || probe.ask("/readyz"))?;
        let mut controllers = spawn("kube-controller-manager", controllers_flags(&folder))?;
        // The controllers have no port to ask; their first work shows that they run.
        wait(&mut controllers, deadline, || {
            probe.ask("/api/v1/namespaces/default/serviceaccounts/default")
        })?;
        Ok(Self {
            controllers,
            server,
            etcd,
            url,
            config,
            folder,
        })
    }

    /// A client with all rights. Make one per runtime (per test): its connections belong to the
    /// runtime in which it is made.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::try_from(self.config())
            .unwrap_or_else(|e| panic!("a client of the control plane: {e}"))
    }

    /// What [`client`](Self::client) is made of, to be changed before use (to impersonate a user, say).
    #[must_use]
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Where the API server listens: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.folder.token
    }

    /// The administrator's kubeconfig, for `kubectl` and others.
    #[must_use]
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.folder.path("admin.kubeconfig")
    }

    /// The server's certificate, which is its own authority, as PEM.
    #[must_use]
    pub fn certificate_path(&self) -> PathBuf {
        self.folder.path("serving.crt")
    }

    /// A file in the folder that goes with the control plane.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// A port that is free now.
    pub(crate) fn free_port(&self) -> Result<u16, StartError> {
        let [port, ..] = free_ports().map_err(io_error("find a free port"))?;
        Ok(port)
    }

    /// Starts another program beside it.
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        program: &std::path::Path,
        arguments: &[String],
    ) -> Result<Process, StartError> {
        Process::spawn(name, program, arguments, self.folder.root())
            .map_err(io_error(format!("start `{name}`")))
    }

    /// The process ids of etcd, kube-apiserver and kube-controller-manager, for measurements.
    #[must_use]
    pub fn process_ids(&self) -> [u32; 3] {
        [self.etcd.id(), self.server.id(), self.controllers.id()]
    }

    /// The last lines of each program's log, for the message of a failed test.
    #[must_use]
    pub fn logs(&self) -> String {
        [&self.etcd, &self.server, &self.controllers]
            .map(|process| format!("--- {}\n{}\n", process.name(), process.log_tail()))
            .concat()
    }
}

fn local(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}")
}

/// Ports that are free now. All are held together, so that they differ.
fn free_ports() -> io::Result<[u16; 3]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held = [bind()?, bind()?, bind()?];
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    Ok([port(&held[0])?, port(&held[1])?, port(&held[2])?])
}

fn etcd_flags(folder: &Folder, client_url: &str, peer_url: &str) -> Vec<String> {
    vec![
        folder.flag("data-dir", "etcd"),
        format!("--listen-client-urls={client_url}"),
        format!("--advertise-client-urls={client_url}"),
        format!("--listen-peer-urls={peer_url}"),
        format!("--initial-advertise-peer-urls={peer_url}"),
        format!("--initial-cluster=default={peer_url}"),
        // The data is thrown away: no need to wait for the disk.
        "--unsafe-no-fsync=true".into(),
        "--log-level=warn".into(),
    ]
}

fn server_flags(folder: &Folder, etcd_url: &str, port: u16) -> Vec<String> {
    vec![
        format!("--etcd-servers={etcd_url}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        folder.flag("cert-dir", "certificates"),
        folder.flag("tls-cert-file", "serving.crt"),
        folder.flag("tls-private-key-file", "serving.key"),
        folder.flag("token-auth-file", "tokens.csv"),
        folder.flag("service-account-key-file", "service-accounts.pub"),
        folder.flag("service-account-signing-key-file", "service-accounts.key"),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--authorization-mode=RBAC".into(),
        "--service-cluster-ip-range=10.0.0.0/16".into(),
        "--allow-privileged=true".into(),
        "--endpoint-reconciler-type=none".into(),
        // Where the nodes are that `kwok` plays: their names lead nowhere.
        "--kubelet-preferred-address-types=InternalIP".into(),
    ]
}

fn controllers_flags(folder: &Folder) -> Vec<String> {
    vec![
        folder.flag("kubeconfig", "controllers.kubeconfig"),
        folder.flag("authentication-kubeconfig", "controllers.kubeconfig"),
        folder.flag("authorization-kubeconfig", "controllers.kubeconfig"),
        folder.flag("service-account-private-key-file", "service-accounts.key"),
        "--use-service-account-credentials=true".into(),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        // Nobody else is on this server, and tests wait for namespaces to go.
        "--kube-api-qps=200".into(),
        "--kube-api-burst=400".into(),
    ]
}

/// Asks until the answer is yes, the program ends or the deadline is over.
fn wait(
    process: &mut Process,
    deadline: Instant,
    ready: impl Fn() -> Result<(), String>,
) -> Result<(), StartError> {
    loop {
        let last = match ready() {
            Ok(()) => return Ok(()),
            Err(last) => last,
        };
        if let Some(status) = process.ended() {
            return Err(StartError::Ended {
                program: process.name(),
                status,
                log: process.log_tail(),
            });
        }
        if Instant::now() > deadline {
            return Err(StartError::NotReady {
                program: process.name(),
                last,
                log: process.log_tail(),
            });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks the server from a thread and a runtime of its own: the caller may be inside a runtime,
/// where another must not be entered.
struct Probe {
    questions: std::sync::mpsc::Sender<String>,
    answers: std::sync::mpsc::Receiver<Result<(), String>>,
}

impl Probe {
    fn new(mut config: Config) -> Result<Self, StartError> {
        config.connect_timeout = Some(Duration::from_secs(2));
        config.read_timeout = Some(Duration::from_secs(5));
        config.default_retry = false;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(io_error("make a runtime"))?;
        let (questions, asked) = std::sync::mpsc::channel::<String>();
        let (answer, answers) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let client = Client::try_from(config).map_err(|e| e.to_string());
                for path in asked {
                    let result = match &client {
                        Ok(client) => get(client, &path).await,
                        Err(error) => Err(error.clone()),
                    };
                    if answer.send(result).is_err() {
                        break;
                    }
                }
            });
        });
        Ok(Self { questions, answers })
    }

    fn ask(&self, path: &str) -> Result<(), String> {
        let gone = |_| "the asking thread is gone".to_owned();
        self.questions
            .send(path.to_owned())
            .map_err(|_| "the asking thread is gone".to_owned())?;
        self.answers.recv().map_err(gone)?
    }
}

async fn get(client: &Client, path: &str) -> Result<(), String> {
    let request = http::Request::get(path)
        .body(Vec::new())
        .map_err(|e| e.to_string())?;
    let text = client.request_text(request).await;
    text.map(drop).map_err(|e| chain(&e))
}
