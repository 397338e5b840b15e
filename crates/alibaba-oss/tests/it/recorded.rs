//! A server that plays recorded responses.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::retry::RetryPolicy;
use alibaba_core::{Credentials, Region};
use alibaba_oss::{Client, OssEndpoint};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::cloud::{ID, SECRET, context};

/// The server, and the heads of the requests that came. It ends when this is dropped.
pub struct Recorded {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Plays one response a connection, and the last one again and again. `takes_body` says whether the
/// bodies of requests are read, or the connection closed before.
pub async fn play(responses: Vec<Vec<u8>>, takes_body: bool) -> Recorded {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let heads = requests.clone();
    let task = tokio::spawn(async move {
        for at in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = read_request(&mut stream, takes_body).await;
            heads.lock().unwrap().push(head);
            let response = &responses[at.min(responses.len() - 1)];
            let _ = stream.write_all(response).await;
            let _ = stream.shutdown().await;
        }
    });
    Recorded {
        address,
        requests,
        task,
    }
}

async fn read_request(stream: &mut TcpStream, takes_body: bool) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    if takes_body && let Some(len) = len {
        let mut body = vec![0; len.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
    }
    head
}

impl Recorded {
    pub fn endpoint(&self) -> OssEndpoint {
        format!("http://{}", self.address).parse().unwrap()
    }

    pub fn client(&self) -> Client {
        let credentials = Arc::new(StaticProvider::new(Credentials::new(ID, SECRET)).unwrap());
        Client::builder(&context(), Region::CN_HANGZHOU, credentials)
            .with_endpoint(self.endpoint())
            .with_retry(RetryPolicy::default().with_base_delay(Duration::from_millis(1)))
            .build()
            .unwrap()
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The responses of a case, as they are sent.
pub fn case(name: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/cases/{name}.http", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let text = lines.collect::<Vec<_>>().join("\n");
    let responses = text.split("HTTP/1.1 ").skip(1);
    responses
        .map(|text| message(&format!("HTTP/1.1 {text}")))
        .collect()
}

/// A response with the line ends and without the last line end that its text has.
pub fn message(text: &str) -> Vec<u8> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut body = body.to_owned();
    if head.contains("chunked") {
        body = format!("{}\r\n\r\n", body.trim_end().replace('\n', "\r\n"));
    } else {
        body = body.trim_end().to_owned();
    }
    let head = head.trim_end().replace('\n', "\r\n");
    let has_length = head.contains("Content-Length") || head.contains("chunked");
    let length = match has_length || body.is_empty() {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("{head}\r\n{length}\r\n{body}").into_bytes()
}
