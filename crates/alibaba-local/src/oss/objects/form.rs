//! `multipart/form-data`, read as it arrives (RFC 7578).

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;

use crate::gateway::response::Body;
use crate::oss::error::OssError;

/// All that is not the file: its fields with their heads.
const MAX_FIELD: usize = 64 * 1024;

/// A form, field by field.
pub(crate) struct Form {
    body: Body,
    buffer: BytesMut,
    /// What ends a field: a line break, two dashes, the boundary.
    delimiter: Vec<u8>,
}

/// The head of a field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
}

impl Form {
    pub(crate) fn open(headers: &HeaderMap, body: Body) -> Result<Self, OssError> {
        let boundary = headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| parameter(value, "boundary"))
            .filter(|boundary| (1..=70).contains(&boundary.len()))
            .ok_or_else(malformed)?;
        Ok(Self {
            body,
            // The first delimiter has no line break of its own in front of it.
            buffer: BytesMut::from(&b"\r\n"[..]),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
        })
    }

    /// Passes over what is before the first field. Nothing should be.
    pub(crate) async fn begin(&mut self) -> Result<(), OssError> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }

    /// The next field's head; `None` behind the last one.
    pub(crate) async fn next_field(&mut self) -> Result<Option<Field>, OssError> {
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > MAX_FIELD {
                return Err(malformed());
            }
            self.fill().await?;
        };
        let head = self.buffer.split_to(end + 4);
        let head = std::str::from_utf8(&head).map_err(|_| malformed())?;
        let mut field = Field::default();
        let mut named = false;
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            if name.eq_ignore_ascii_case("content-disposition") {
                field.name = parameter(value, "name").ok_or_else(malformed)?;
                field.file_name = parameter(value, "filename");
                named = true;
            } else if name.eq_ignore_ascii_case("content-type") {
                field.content_type = Some(value.trim().to_owned());
            }
        }
        if named {
            Ok(Some(field))
        } else {
            Err(malformed())
        }
    }

    /// The field's value, for those that are text.
    pub(crate) async fn text(&mut self) -> Result<String, OssError> {
        let mut value = Vec::new();
        while let Some(piece) = self.chunk().await? {
            value.extend_from_slice(&piece);
            if value.len() > MAX_FIELD {
                return Err(malformed());
            }
        }
        String::from_utf8(value).map_err(|_| malformed())
    }

    /// The next piece of the field's value; `None` once, at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, OssError> {
        loop {
            if let Some(at) = find(&self.buffer, &self.delimiter) {
                if at > 0 {
                    return Ok(Some(self.buffer.split_to(at).freeze()));
                }
                let _ = self.buffer.split_to(self.delimiter.len());
                return Ok(None);
            }
            // The last bytes may be a delimiter's beginning.
            let sure = (self.buffer.len() + 1).saturating_sub(self.delimiter.len());
            if sure > 0 {
                return Ok(Some(self.buffer.split_to(sure).freeze()));
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), OssError> {
        match self.body.next().await {
            Some(Ok(data)) => {
                self.buffer.extend_from_slice(&data);
                Ok(())
            }
            Some(Err(_)) => Err(OssError::request_timeout()),
            None => Err(malformed()),
        }
    }
}

/// A parameter of a header such as `form-data; name="key"`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        (name.trim().eq_ignore_ascii_case(wanted)).then(|| value.to_owned())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

pub(crate) fn malformed() -> OssError {
    OssError::bad_request(
        "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/${filename}\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.bin\"\r\nContent-Type: text/plain\r\n\r\n\
        one\r\n--a\r\n-two\r\n--b--\r\n";

    async fn read(piece: usize) -> Vec<(Field, String)> {
        let pieces: Vec<_> = FORM
            .as_bytes()
            .chunks(piece)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let mut headers = HeaderMap::new();
        headers.insert(
            "content-type",
            "multipart/form-data; boundary=\"b\"".parse().unwrap(),
        );
        let mut form = Form::open(&headers, futures::stream::iter(pieces).boxed()).unwrap();
        form.begin().await.unwrap();
        let mut fields = Vec::new();
        while let Some(field) = form.next_field().await.unwrap() {
            fields.push((field, form.text().await.unwrap()));
        }
        fields
    }

    #[tokio::test]
    async fn fields_are_the_same_however_the_body_is_cut() {
        let whole = read(FORM.len()).await;
        assert_eq!(whole.len(), 2);
        assert_eq!(whole[0].0.name, "key");
        assert_eq!(whole[0].1, "a/${filename}");
        assert_eq!(whole[1].0.file_name.as_deref(), Some("x.bin"));
        assert_eq!(whole[1].0.content_type.as_deref(), Some("text/plain"));
        for piece in 1..20 {
            assert_eq!(read(piece).await, whole, "{piece}");
        }
    }
}
