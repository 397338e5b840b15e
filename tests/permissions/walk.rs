//! The documentation of each kind of cluster, walked from nothing to a first backup, on a real control
//! plane and a cloud that enforces rights.

use ack_backup_center::cloud::Cloud;
use ack_backup_center::clusters::{Authorization, ClusterKind, Connection};
use ack_backup_center::core::{Context, Region};
use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::grants::{Buckets, Grants, Requirements, Unsupported};
use ack_backup_center::install::{InstallSpec, Installer, VaultSpec};
use ack_backup_center::placement::{Network, Placement};
use ack_backup_center::ram::{PolicyDocument, Statement, ack};
use ack_backup_center::vault::{CredentialsChoice, Vault, VaultError};
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use alibaba_local::{LocalCloud, User};
use base64::Engine as _;
use http::Method;
use serde_json::{Value, json};

use crate::world::{keys, named};

const ROLE_ID: &str = "STS.example-id";
const ROLE_SECRET: &str = "example-secret";
const ROLE_TOKEN: &str = "CAIS-example-token";
const OWN: &str = "cnfs-oss-backups";
const OTHER: &str = "mybackups";

/// One cluster after another on the one control plane of this program.
struct Walk {
    client: kube::Client,
    cloud: LocalCloud,
    kind: ClusterKind,
}

impl Walk {
    async fn begin(client: kube::Client, kind: ClusterKind) -> Self {
        // The policy of the role of managed clusters: the page's lists, in buckets of its own.
        let role = PolicyDocument::new()
            .statement(
                Statement::allow()
                    .action(ack::OSS_ACTIONS)
                    .resource("acs:oss:*:*:cnfs-oss*"),
            )
            .statement(Statement::allow().action(ack::ECS_ACTIONS).resource("*"))
            .statement(Statement::allow().action(ack::HBR_ACTIONS).resource("*"));
        let cloud = LocalCloud::builder()
            .user(User::new("LTAI-administrator", "example-secret").named("administrator"))
            .user(
                User::new(ROLE_ID, ROLE_SECRET)
                    .named("role-session")
                    .with_security_token(ROLE_TOKEN)
                    .policy("AliyunCSManagedBackupRestoreRolePolicy", role),
            )
            .bucket(OWN)
            .bucket(OTHER);
        Self {
            client,
            cloud: cloud.start().await.unwrap(),
            kind,
        }
    }

    fn account(&self) -> Cloud {
        let context = Context::system().unwrap();
        Cloud::new(
            &context,
            Region::CN_HANGZHOU,
            keys("LTAI-administrator", "example-secret"),
        )
        .with_endpoint(self.cloud.endpoint().parse().unwrap())
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, kube::Error> {
        test_support::send(&self.client, method, path, body).await
    }

    /// What ACK puts into managed clusters.
    async fn add_role_token(&self) {
        let keyring = b"example-keyring1";
        let seal = |text: &str| {
            let iv = [7_u8; 16];
            let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(keyring, &iv).unwrap();
            let sealed = cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes());
            base64::engine::general_purpose::STANDARD.encode([iv.as_slice(), &sealed].concat())
        };
        let token = json!({
            "access.key.id": seal(ROLE_ID),
            "access.key.secret": seal(ROLE_SECRET),
            "security.token": seal(ROLE_TOKEN),
            "expiration": "2999-01-01T00:00:00Z",
            "keyring": "example-keyring1",
        });
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "addon.aliyuncsmanagedbackuprestorerole.token"},
            "stringData": {"addon.token.config": token.to_string()},
        });
        self.send(
            Method::POST,
            "/api/v1/namespaces/kube-system/secrets",
            &secret,
        )
        .await
        .unwrap();
    }

    async fn remove_role_token(&self) {
        let path =
            "/api/v1/namespaces/kube-system/secrets/addon.aliyuncsmanagedbackuprestorerole.token";
        let _ = self.send(Method::DELETE, path, &Value::Null).await;
    }

    async fn open(&self, bucket: &str) -> Result<ack_backup_center::vault::OpenVault, VaultError> {
        let vault = Vault::new(bucket, Region::CN_HANGZHOU).with_prefix(self.kind.name());
        let link = match self.kind {
            ClusterKind::Registered => Connection::Cen.link(true),
            kind => kind.profile().link,
        };
        let placement = Placement::new(link).in_region(Region::CN_HANGZHOU);
        vault.open(&self.account(), &self.client, &placement).await
    }

    /// A backup with what the vault signs with, read back.
    async fn back_up(&self, bucket: &str, signed_by: CredentialsChoice) {
        let vault = self.open(bucket).await.unwrap();
        assert_eq!(vault.credentials, signed_by, "{}", self.kind);
        // R11, R46, R54: the internal endpoint, in a VPC of the bucket's region or joined to it.
        assert_eq!(vault.endpoint.network, Network::Internal, "{}", self.kind);
        let name = control_plane::unique_name("first");
        let spec = BackupSpec {
            selection: Selection {
                included_namespaces: ["default".to_owned()].into(),
                ..Selection::default()
            },
            ..BackupSpec::named(&name)
        };
        Backup::new(self.client.clone(), vault.repository.clone(), spec)
            .run()
            .await
            .unwrap();
        let verified = Verify::new(vault.repository, &name).run().await.unwrap();
        assert!(verified.to_string().contains(&name), "{verified}");
        // Whether the bucket keeps versions is asked, and done without where it may not be.
        let denied = self
            .cloud
            .requests()
            .all()
            .into_iter()
            .filter(|it| it.status == Some(403));
        let denied = denied
            .map(|it| it.operation)
            .filter(|it| *it != "GetBucketVersioning");
        assert_eq!(denied.collect::<Vec<_>>(), Vec::<&str>::new());
    }

    async fn grants(&self) -> Grants {
        Grants::new(&self.account(), self.client.clone(), self.kind)
            .await
            .unwrap()
    }

    fn requirements(&self, buckets: Buckets) -> Requirements {
        Requirements::new(self.kind, buckets).unwrap()
    }
}

#[tokio::test]
async fn each_kind_of_cluster_is_walked_from_nothing_to_a_first_backup() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    for kind in ClusterKind::ALL {
        match kind.profile().authorization {
            _ if !kind.profile().component.is_yes() => {
                // R8.
                let refused = Requirements::new(kind, named(&[OWN])).unwrap_err();
                assert!(matches!(refused, Unsupported::Kind(_)));
                assert!(InstallSpec::new(kind).is_err());
                continue;
            }
            Authorization::ManagedRole => managed(Walk::begin(plane.client(), kind).await).await,
            Authorization::RamUser => with_user(Walk::begin(plane.client(), kind).await).await,
            _ => unreachable!("{kind}"),
        }
    }
}

impl Walk {
    /// R12 to R14: the component, and a vault that is found the next time.
    async fn install(&self, bucket: &str) {
        add_node(&self.client).await;
        let installer = Installer::new(self.client.clone());
        let name = format!("{}-vault", self.kind);
        let vault = VaultSpec::new(&name, bucket, Region::CN_HANGZHOU, Network::Internal)
            .with_prefix(self.kind.name());
        let spec = InstallSpec::new(self.kind).unwrap().with_vault(vault);
        let report = installer.install(&spec).await.unwrap();
        assert!(report.changed_component(), "{report}");
        let again = installer.install(&spec).await.unwrap();
        assert!(again.done.is_empty(), "{}: {again}", self.kind);
        let vaults = "/apis/csdr.alibabacloud.com/v1beta1/namespaces/csdr/backuplocations";
        let vault = format!("{vaults}/{name}");
        self.send(Method::GET, &vault, &Value::Null).await.unwrap();
        self.send(Method::DELETE, &vault, &Value::Null)
            .await
            .unwrap();
    }

    async fn uninstall(&self) {
        let installer = Installer::new(self.client.clone());
        let report = installer.uninstall().await.unwrap();
        assert!(!report.done.is_empty());
        let again = installer.uninstall().await.unwrap();
        assert!(again.done.is_empty(), "{}: {again}", self.kind);
    }
}

/// R12 to R19, for Serverless Pro and Edge by R7.
async fn managed(walk: Walk) {
    walk.install(OWN).await;
    // R50, E10: nothing to sign with.
    let error = walk.open(OWN).await.unwrap_err();
    assert!(matches!(error, VaultError::NoCredentials));
    assert!(
        error
            .to_string()
            .starts_with("VaultError: backup vault is unavailable"),
        "{error}"
    );
    walk.add_role_token().await;
    walk.back_up(OWN, CredentialsChoice::ManagedRole).await;
    // R18: any other bucket needs a RAM user.
    let error = walk.open(OTHER).await.unwrap_err();
    assert!(matches!(error, VaultError::OtherBucket { .. }), "{error}");
    let grants = walk.grants().await;
    grants
        .grant(&walk.requirements(named(&[OTHER])))
        .await
        .unwrap();
    walk.back_up(OTHER, CredentialsChoice::Secret).await;
    // R50: the Secret comes before the role, and its user has rights on this bucket alone.
    let error = walk.open(OWN).await.unwrap_err();
    assert!(matches!(error, VaultError::Bucket { .. }), "{error}");
    grants.revoke().await.unwrap();
    walk.back_up_after_revoking().await;
    walk.remove_role_token().await;
    walk.uninstall().await;
}

impl Walk {
    /// Without the Secret, the role signs again.
    async fn back_up_after_revoking(&self) {
        assert_eq!(
            self.open(OWN).await.unwrap().credentials,
            CredentialsChoice::ManagedRole
        );
    }
}

/// R20 to R38 of dedicated clusters, R39 to R49 of registered ones.
async fn with_user(walk: Walk) {
    let error = walk.open(OTHER).await.unwrap_err();
    assert!(matches!(error, VaultError::NoCredentials), "{error}");
    let grants = walk.grants().await;
    grants
        .grant(&walk.requirements(Buckets::All))
        .await
        .unwrap();
    walk.back_up(OTHER, CredentialsChoice::Secret).await;
    walk.back_up(OWN, CredentialsChoice::Secret).await;
    // R44: narrowed, the other bucket is refused, as E10 has it.
    grants
        .narrow(&walk.requirements(named(&[OTHER])))
        .await
        .unwrap();
    let error = walk.open(OWN).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("AccessDenied"), "{source}");
    walk.cloud.requests().clear();
    walk.back_up(OTHER, CredentialsChoice::Secret).await;
    walk.install(OTHER).await;
    walk.uninstall().await;
    grants.revoke().await.unwrap();
    assert!(matches!(
        walk.open(OTHER).await.unwrap_err(),
        VaultError::NoCredentials
    ));
}

/// The role's token is read again when it changes, and what is wrong with it is said without its content.
#[tokio::test]
async fn a_broken_token_of_the_role_makes_the_vault_unavailable() {
    let world = crate::world::World::empty().await;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "addon.aliyuncsmanagedbackuprestorerole.token"},
        "stringData": {"addon.token.config": "{\"error\": {\"roleName\": \"AliyunCSManagedBackupRestoreRole\", \"code\": \"EntityNotExist.Role\", \"message\": \"The role not exists.\"}}"},
    });
    let list = "/api/v1/namespaces/kube-system/secrets";
    world.send(Method::POST, list, &secret).await;
    let vault = Vault::new(OWN, Region::CN_HANGZHOU);
    let placement = Placement::new(ClusterKind::Managed.profile().link);
    let error = vault
        .open(&world.account(), &world.client(), &placement)
        .await
        .unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    assert!(
        text.contains("EntityNotExist.Role") && text.contains("authorise the role"),
        "{text}"
    );
}

/// E5: on a real control plane, as somebody who may look at everything and change nothing.
#[tokio::test]
async fn e5_who_may_not_install_is_told() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let name = control_plane::unique_name("looker");
    let send = async |path: &str, body: Value| {
        test_support::send(&plane.client(), Method::POST, path, &body)
            .await
            .unwrap()
    };
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}],
    });
    send(&format!("{rbac}/clusterroles"), role).await;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
    });
    send(&format!("{rbac}/clusterrolebindings"), binding).await;
    add_node(&plane.client()).await;
    let mut config = plane.config();
    config.auth_info.impersonate = Some(name);
    let somebody = kube::Client::try_from(config).unwrap();
    let spec = InstallSpec::new(ClusterKind::Dedicated).unwrap();
    let error = Installer::new(somebody).install(&spec).await.unwrap_err();
    let text = error.chain();
    assert!(
        text.contains("APISERVER.403") && text.contains("forbidden"),
        "{text}"
    );
}

async fn add_node(client: &kube::Client) {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
    match test_support::send(client, Method::POST, "/api/v1/nodes", &node).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => panic!("{error}"),
    }
}
