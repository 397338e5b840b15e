//! Our side of the meeting with other OSS clients: `clients-ours write` puts what they are to read,
//! `clients-ours read NAME` reads what the client of that name wrote, each byte compared.
//!
//! What everybody writes under the own name, and where the server is, `tests/clients/run` says.

use std::sync::Arc;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::{Context, Credentials, Region};
use alibaba_oss::{Client, ErrorKind};
use futures::TryStreamExt;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const SMALL: &str = "small.txt";
const SPECIAL: &str = "dir/a b+c&日本.txt";
const MULTIPART: &str = "multipart.bin";
const PRESIGNED: &str = "presigned.txt";
const DELETED: &str = "deleted.txt";
/// Two parts of the least size, and a rest.
const PARTS: [usize; 3] = [100 * 1024, 100 * 1024, 12_345];

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let bucket = variable("OSS_BUCKET")?;
    match arguments.as_slice() {
        ["write"] => write(&client()?, &bucket).await,
        ["read", name] => read(&client()?, &bucket, name).await,
        _ => Err("usage: clients-ours write | read NAME".into()),
    }
}

fn client() -> Outcome<Client> {
    let credentials = Credentials::new(
        variable("OSS_ACCESS_KEY_ID")?,
        variable("OSS_ACCESS_KEY_SECRET")?,
    );
    let region: Region = variable("OSS_REGION")?.parse()?;
    let credentials = Arc::new(StaticProvider::new(credentials)?);
    Ok(Client::builder(&Context::system()?, region, credentials)
        .with_endpoint(variable("OSS_ENDPOINT")?.parse()?)
        .build()?)
}

fn variable(name: &'static str) -> Outcome<String> {
    std::env::var(name).map_err(|error| format!("read `{name}`: {error}").into())
}

async fn write(client: &Client, bucket: &str) -> Outcome<()> {
    for name in [SMALL, SPECIAL] {
        client
            .put_object(bucket, format!("ours/{name}"), text("ours"))
            .content_type("text/plain")
            .metadata("client", "ours")
            .send()
            .await?;
    }
    let key = format!("ours/{MULTIPART}");
    let upload = client.initiate_upload(bucket, &key).send().await?;
    let bytes = pattern();
    let (mut parts, mut from) = (Vec::new(), 0);
    for (number, len) in (1..).zip(PARTS) {
        let body = bytes[from..from + len].to_vec();
        parts.push(
            client
                .upload_part(bucket, &key, &upload, number, body)
                .send()
                .await?,
        );
        from += len;
    }
    client
        .complete_upload(bucket, &key, &upload, parts)
        .send()
        .await?;
    Ok(())
}

async fn read(client: &Client, bucket: &str, name: &str) -> Outcome<()> {
    let key = |rest: &str| format!("{name}/{rest}");
    let pages = client
        .list_objects(bucket)
        .prefix(key(""))
        .page_size(2)
        .pages();
    let listed: Vec<(String, u64)> = pages
        .map_ok(|page| page.objects)
        .try_concat()
        .await?
        .into_iter()
        .map(|object| (object.key, object.size))
        .collect();
    let small = text(name);
    let wanted = [
        (key(SPECIAL), small.len() as u64),
        (key(MULTIPART), pattern().len() as u64),
        (key(PRESIGNED), small.len() as u64),
        (key(SMALL), small.len() as u64),
    ];
    same("the listing", &listed[..], &wanted[..])?;

    for rest in [SMALL, SPECIAL, PRESIGNED] {
        let object = client.get_object(bucket, key(rest)).send().await?;
        let metadata = object
            .info
            .metadata("client")
            .unwrap_or_default()
            .to_owned();
        if rest != PRESIGNED {
            same("the metadata of an object", metadata.as_str(), name)?;
        }
        // The client compares the CRC-64 by itself; this is what the other side meant to write.
        same(rest, &object.body.collect().await?[..], small.as_bytes())?;
    }
    let whole = client.get_object(bucket, key(MULTIPART)).send().await?;
    same(MULTIPART, &whole.body.collect().await?[..], &pattern()[..])?;
    let range = 102_390..102_420;
    let part = client
        .get_object(bucket, key(MULTIPART))
        .range(range.start as u64..range.end as u64)
        .send()
        .await?;
    same(
        "a range",
        &part.body.collect().await?[..],
        &pattern()[range],
    )?;
    match client.head_object(bucket, &key(DELETED)).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err("what the client deleted is there".into()),
    }
}

/// The small object of a client.
fn text(client: &str) -> String {
    format!("written by {client}\n")
}

/// The large object of every client.
fn pattern() -> Vec<u8> {
    (0..PARTS.iter().sum::<usize>())
        .map(|i| (i * 7 + (i >> 8)) as u8)
        .collect()
}

fn same<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, found: &T, wanted: &T) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    let shown = |value: &T| format!("{value:?}").chars().take(300).collect::<String>();
    Err(format!(
        "{what} differs: found {}, wanted {}",
        shown(found),
        shown(wanted)
    )
    .into())
}
