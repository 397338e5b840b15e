//! opendal's OSS service, which signs by version 1. What it writes and reads: see `../run`.

use std::fmt::Debug;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use futures::TryStreamExt;
use opendal::raw::PresignedRequest;
use opendal::services::Oss;
use opendal::{ErrorKind, HttpTransporter, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const NAME: &str = "opendal";
const SMALL: &str = "small.txt";
const SPECIAL: &str = "dir/a b+c&日本.txt";
const MULTIPART: &str = "multipart.bin";
const PRESIGNED: &str = "presigned.txt";
const DELETED: &str = "deleted.txt";
const PART: usize = 100 * 1024;
const HOUR: Duration = Duration::from_secs(3600);

fn variable(name: &str) -> Outcome<String> {
    std::env::var(name).map_err(|error| format!("read `{name}`: {error}").into())
}

/// opendal signs the listing of a path-style bucket without the slash that belongs there, so it is
/// met in virtual-host style, with `<bucket>.localhost` found without a name server.
fn http_client() -> Outcome<reqwest::Client> {
    // For reqwest; nothing here speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address: SocketAddr = variable("OSS_ENDPOINT")?
        .trim_start_matches("http://")
        .parse()?;
    let host = format!("{}.localhost", variable("OSS_BUCKET")?);
    Ok(reqwest::Client::builder()
        .no_proxy()
        .resolve(&host, address)
        .build()?)
}

fn connect(secret: &str) -> Outcome<Operator> {
    let endpoint = variable("OSS_ENDPOINT")?.replace("127.0.0.1", "localhost");
    let service = Oss::default()
        .bucket(&variable("OSS_BUCKET")?)
        .endpoint(&endpoint)
        .access_key_id(&variable("OSS_ACCESS_KEY_ID")?)
        .access_key_secret(secret);
    Ok(Operator::new(service)?)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let http = http_client()?;
    HttpTransporter::install_default(ReqwestTransport::new(http.clone()));
    let operator = connect(&variable("OSS_ACCESS_KEY_SECRET")?)?;
    let pattern = pattern();
    for rest in [SMALL, SPECIAL, DELETED] {
        operator
            .write_with(&format!("{NAME}/{rest}"), text(NAME))
            .content_type("text/plain")
            .user_metadata([("client".to_owned(), NAME.to_owned())])
            .await?;
    }
    let mut writer = operator
        .writer_with(&format!("{NAME}/{MULTIPART}"))
        .chunk(PART)
        .concurrent(2)
        .await?;
    for piece in pattern.chunks(PART / 2 + 1) {
        writer.write(piece.to_vec()).await?;
    }
    writer.close().await?;
    let put = operator
        .presign_write(&format!("{NAME}/{PRESIGNED}"), HOUR)
        .await?;
    fetch(&http, put, text(NAME)).await?;
    operator.delete(&format!("{NAME}/{DELETED}")).await?;

    for writer in [NAME, "ours"] {
        for rest in [SMALL, SPECIAL] {
            let found = operator.read(&format!("{writer}/{rest}")).await?;
            same(rest, found.to_vec(), text(writer).into_bytes())?;
        }
        let large = format!("{writer}/{MULTIPART}");
        same(
            MULTIPART,
            operator.read(&large).await?.to_vec(),
            pattern.clone(),
        )?;
        let range = operator.read_with(&large).range(102_390..102_420).await?;
        same(
            "a range",
            range.to_vec(),
            pattern[102_390..102_420].to_vec(),
        )?;
        let get = operator
            .presign_read(&format!("{writer}/{SPECIAL}"), HOUR)
            .await?;
        same(
            "a presigned URL",
            fetch(&http, get, String::new()).await?,
            text(writer),
        )?;
        let known = operator.stat(&format!("{writer}/{SMALL}")).await?;
        let client = known.user_metadata().and_then(|all| all.get("client"));
        same("metadata", client.as_deref(), Some(writer))?;
    }
    let listed: Vec<_> = operator
        .lister_with(&format!("{NAME}/"))
        .recursive(true)
        .limit(3)
        .await?
        .try_collect()
        .await?;
    let keys: Vec<_> = listed.iter().map(|entry| entry.path().to_owned()).collect();
    let wanted = [SPECIAL, MULTIPART, PRESIGNED, SMALL].map(|rest| format!("{NAME}/{rest}"));
    same("the listing", keys, wanted.to_vec())?;

    let missing = operator.read(&format!("{NAME}/{DELETED}")).await;
    same(
        "the error of a missing key",
        missing.err().map(|e| e.kind()),
        Some(ErrorKind::NotFound),
    )?;
    let refused = connect("wrong")?.read("ours/small.txt").await;
    let refused = refused.err().ok_or("a wrong key got in")?;
    same(
        "the error of a wrong key",
        refused.kind(),
        ErrorKind::PermissionDenied,
    )?;
    if !refused.to_string().contains("SignatureDoesNotMatch") {
        return Err(refused.into());
    }
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(variable("CLIENTS_DONE")?)?
        .write_all(format!("{NAME}\n").as_bytes())?;
    Ok(())
}

/// Uses a presigned request without opendal.
async fn fetch(http: &reqwest::Client, signed: PresignedRequest, body: String) -> Outcome<String> {
    let mut headers = signed.header().clone();
    // Not signed, and of the body that opendal did not know.
    headers.remove(reqwest::header::CONTENT_LENGTH);
    let response = http
        .request(signed.method().clone(), signed.uri().to_string())
        .headers(headers)
        .body(body)
        .send()
        .await?
        .error_for_status()?;
    Ok(response.text().await?)
}

fn text(client: &str) -> String {
    format!("written by {client}\n")
}

fn pattern() -> Vec<u8> {
    (0..2 * PART + 12_345)
        .map(|i| (i * 7 + (i >> 8)) as u8)
        .collect()
}

fn same<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    let shown = |value: &T| format!("{value:?}").chars().take(300).collect::<String>();
    Err(format!("{what}: found {}, wanted {}", shown(&found), shown(&wanted)).into())
}
