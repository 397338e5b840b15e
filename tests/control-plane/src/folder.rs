//! The temporary folder with what the programs need before they start: keys, tokens, kubeconfigs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use tempfile::TempDir;

/// Users that authenticate by token. The API server checks their rights by RBAC.
pub(crate) const ADMIN: &str = "admin";
const CONTROLLERS: &str = "system:kube-controller-manager";

pub(crate) struct Folder {
    folder: TempDir,
    pub(crate) token: String,
    controllers_token: String,
    certificate_pem: String,
    pub(crate) certificate_der: Vec<u8>,
}

impl Folder {
    pub(crate) fn new() -> io::Result<Self> {
        // tempfile makes it readable by its owner alone.
        let folder = tempfile::Builder::new()
            .prefix("control-plane-")
            .tempdir()?;
        let serving = rcgen::generate_simple_self_signed([
            "127.0.0.1".to_owned(),
            "localhost".to_owned(),
            "kubernetes.default.svc".to_owned(),
        ])
        .map_err(io::Error::other)?;
        let service_accounts = rcgen::KeyPair::generate().map_err(io::Error::other)?;
        let made = Self {
            token: random(32),
            controllers_token: random(32),
            certificate_pem: serving.cert.pem(),
            certificate_der: serving.cert.der().to_vec(),
            folder,
        };
        let write = |name: &str, text: String| fs::write(made.path(name), text);
        write("serving.crt", serving.cert.pem())?;
        write("serving.key", serving.signing_key.serialize_pem())?;
        write("service-accounts.key", service_accounts.serialize_pem())?;
        write("service-accounts.pub", service_accounts.public_key_pem())?;
        write(
            "tokens.csv",
            format!(
                "{},{ADMIN},{ADMIN},\"system:masters\"\n{},{CONTROLLERS},{CONTROLLERS}\n",
                made.token, made.controllers_token
            ),
        )?;
        Ok(made)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path as the value of a flag.
    pub(crate) fn flag(&self, name: &str, file: &str) -> String {
        format!("--{name}={}", self.path(file).display())
    }

    /// Writes `admin.kubeconfig` and `controllers.kubeconfig`.
    pub(crate) fn write_kubeconfigs(&self, url: &str) -> io::Result<()> {
        let authority =
            base64::engine::general_purpose::STANDARD.encode(self.certificate_pem.as_bytes());
        for (file, user, token) in [
            ("admin.kubeconfig", ADMIN, &self.token),
            (
                "controllers.kubeconfig",
                CONTROLLERS,
                &self.controllers_token,
            ),
        ] {
            let text = format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: control-plane\n\
                 clusters:\n- name: control-plane\n  cluster:\n    server: {url}\n    \
                 certificate-authority-data: {authority}\n\
                 users:\n- name: \"{user}\"\n  user:\n    token: {token}\n\
                 contexts:\n- name: control-plane\n  context:\n    cluster: control-plane\n    \
                 user: \"{user}\"\n"
            );
            fs::write(self.path(file), text)?;
        }
        Ok(())
    }
}

fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(length)
        .collect()
}
