//! Files and streams in and out.

use std::sync::{Arc, Mutex};

use crate::cloud::{self, BUCKET};
use alibaba_oss::{ErrorKind, Payload};

#[tokio::test]
async fn a_file_and_a_stream_are_put_and_a_file_is_got() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..900_000_u32).map(|at| (at % 241) as u8).collect();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, &bytes).unwrap();
    // Sent again as a whole after the response was lost.
    cloud.0.faults().add(
        alibaba_local::Rule::new(alibaba_local::Fault::LoseReply)
            .operation("PutObject")
            .times(1),
    );
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reports = seen.clone();
    let file = alibaba_oss::Payload::file(&from).await.unwrap();
    client
        .put_object(BUCKET, "file", file)
        .on_progress(move |progress| reports.lock().unwrap().push(progress))
        .send()
        .await
        .unwrap();
    let seen = seen.lock().unwrap().clone();
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.total), (900_000, Some(900_000)));
    assert!(seen.iter().any(|progress| progress.done == 0), "taken back");

    let object = client.get_object(BUCKET, "file").send().await.unwrap();
    object.body.to_file(&to).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), bytes);

    for size in [None, Some(6)] {
        let frames = futures::stream::iter(["abc", "def"].map(|text| Ok(text.into())));
        let stream = alibaba_oss::Payload::stream(frames, size);
        client.put_object(BUCKET, "s", stream).send().await.unwrap();
        let object = client.get_object(BUCKET, "s").send().await.unwrap();
        assert_eq!(object.body.collect().await.unwrap(), "abcdef");
    }
    let broken = futures::stream::iter([Ok("abc".into()), Err(std::io::Error::other("dried up"))]);
    let stream = alibaba_oss::Payload::stream(broken, None);
    let error = client
        .put_object(BUCKET, "t", stream)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local, "{error:?}");

    // A read that fails leaves nothing behind.
    cloud.0.faults().add(
        alibaba_local::Rule::new(alibaba_local::Fault::CorruptBody)
            .operation("GetObject")
            .times(1),
    );
    let object = client.get_object(BUCKET, "file").send().await.unwrap();
    let missing = folder.path().join("missing");
    object.body.to_file(&missing).await.unwrap_err();
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn an_empty_body_says_that_it_is_empty() {
    // The server refuses a put without a length with 411, as OSS does.
    let cloud = cloud::start().await;
    let client = cloud.client();
    let file = tempfile::NamedTempFile::new().unwrap();
    let nothing = futures::stream::empty::<std::io::Result<bytes::Bytes>>;
    for (key, body) in [
        ("bytes", Payload::from("")),
        ("file", Payload::file(file.path()).await.unwrap()),
        ("stream", Payload::stream(nothing(), Some(0))),
        ("chunks", Payload::stream(nothing(), None)),
    ] {
        let stored = client.put_object(BUCKET, key, body).send().await;
        let stored = stored.unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(stored.crc, Some(0), "{key}");
        assert_eq!(client.head_object(BUCKET, key).await.unwrap().size, Some(0));
    }
    let id = client.initiate_upload(BUCKET, "parts").send().await;
    let id = id.unwrap();
    let part = client.upload_part(BUCKET, "parts", &id, 1, "").send().await;
    assert_eq!(part.unwrap().size, 0);
}
