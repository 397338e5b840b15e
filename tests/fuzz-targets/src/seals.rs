//! Seals, as somebody leaves them who can write to a bucket, or as a key of the trust signed them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube_backup_engine::seal::Trust;
use kube_backup_engine::{Digest, ErrorKind};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::backups::{block_on, repository};

/// The record that is sealed, or is not.
const RECORD: &str =
    r#"{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"a","uid":"u"}}"#;
const TYPE: &str = "application/vnd.in-toto+json";
const REPOSITORY: &str = "fuzz";
/// What stands before an Ed25519 key in its DER (RFC 8410).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

fn key() -> Ed25519KeyPair {
    match Ed25519KeyPair::from_seed_unchecked(&[7; 32]) {
        Ok(key) => key,
        Err(error) => panic!("{error}"),
    }
}

fn trust(key: &Ed25519KeyPair) -> Trust {
    let der = [&SPKI[..], key.public_key().as_ref()].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(der)
    );
    let trust = json!({"repository": REPOSITORY, "keys": [{"key": pem}]});
    match serde_json::from_value(trust) {
        Ok(trust) => trust,
        Err(error) => panic!("{error}"),
    }
}

/// A payload in an envelope, with a signature that is right.
fn signed(key: &Ed25519KeyPair, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {TYPE} {} ", TYPE.len(), payload.len());
    let signature = key.sign(&[head.as_bytes(), payload].concat());
    let envelope = json!({"payloadType": TYPE, "payload": STANDARD.encode(payload),
        "signatures": [{"keyid": "", "sig": STANDARD.encode(signature)}]});
    envelope.to_string().into_bytes()
}

/// Whether a statement says that this very record is that of the backup `a` of the repository.
fn is_of_the_record(payload: &[u8]) -> bool {
    let Ok(statement) = serde_json::from_slice::<Value>(payload) else {
        return false;
    };
    let predicate = &statement["predicate"];
    let subjects = statement["subject"].as_array().into_iter().flatten();
    // Digits of both cases are the same number.
    let named: Vec<_> = subjects
        .map(|subject| {
            let digest = subject["digest"]["sha256"].as_str();
            (
                subject["name"].as_str(),
                digest.map(str::to_ascii_lowercase),
            )
        })
        .collect();
    let record = (
        Some("velero-backup.json"),
        Some(Digest::of(RECORD.as_bytes()).to_string()),
    );
    predicate["repository"] == REPOSITORY
        && predicate["backup"] == "a"
        && predicate["uid"] == "u"
        && named == [record]
}

/// The first byte says whether the rest is a seal, or what a key of the trust signs.
pub fn backup_seal(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let key = key();
    let is_signed = kind % 2 == 1;
    let seal = match is_signed {
        true => signed(&key, rest),
        false => rest.to_vec(),
    };
    block_on(async {
        let files = vec![
            ("velero-backup.json", RECORD.as_bytes().to_vec()),
            ("a-seal.json", seal),
        ];
        let repository = repository(files).await.with_trust(trust(&key));
        match repository.record("a").await {
            Ok(Some(_)) => assert!(is_signed && is_of_the_record(rest), "it is admitted"),
            Ok(None) => panic!("the record is there"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Untrusted, "{error:?}");
                assert!(!error.chain().contains('\u{1b}'), "{error:?}");
            }
        }
        match repository.list().await {
            Ok(list) => assert_eq!(list.records.len() + list.unreadable.len(), 1),
            Err(error) => panic!("{error:?}"),
        }
    });
}
