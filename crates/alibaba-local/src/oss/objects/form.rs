//! `multipart/form-data`, read as it arrives (RFC 7578).

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;

use crate::gateway::response::Body;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;

/// A field that is not the file.
const MAX_FIELD: usize = 64 * 1024;

/// A form, field by field.
pub(crate) struct Form(Multipart<'static>);

/// A field, its value still to be read.
pub(crate) struct Field(multer::Field<'static>);

impl Form {
    pub(crate) fn open(headers: &HeaderMap, body: Body) -> Result<Self, OssError> {
        let boundary = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| multer::parse_boundary(value).ok())
            .ok_or_else(malformed)?;
        Ok(Self(Multipart::new(body, boundary)))
    }

    /// The next field; `None` after the last one.
    pub(crate) async fn next_field(&mut self) -> Result<Option<Field>, OssError> {
        let field = self.0.next_field().await.map_err(|error| refusal(&error))?;
        Ok(field.map(Field))
    }
}

impl Field {
    pub(crate) fn name(&self) -> Result<&str, OssError> {
        self.0.name().ok_or_else(malformed)
    }

    pub(crate) fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.0.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The value, of a field that is text.
    pub(crate) async fn text(mut self) -> Result<String, OssError> {
        let mut value = Vec::new();
        while let Some(piece) = self.chunk().await? {
            value.extend_from_slice(&piece);
            if value.len() > MAX_FIELD {
                return Err(malformed());
            }
        }
        String::from_utf8(value).map_err(|_| malformed())
    }

    /// The next piece of the value; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, OssError> {
        self.0.chunk().await.map_err(|error| refusal(&error))
    }
}

fn refusal(error: &multer::Error) -> OssError {
    match error {
        multer::Error::StreamReadFailed(_) => OssError::request_timeout(),
        _ => malformed(),
    }
}

pub(crate) fn malformed() -> OssError {
    OssError::refuse(
        Refusal::MALFORMED_POST_REQUEST,
        "The body of your POST request is not well-formed multipart/form-data.",
    )
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/${filename}\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.bin\"\r\nContent-Type: text/plain\r\n\r\n\
        one\r\n--a\r\n-two\r\n--b--\r\n";

    /// Name, file name, type and text of every field.
    type Read = Vec<(String, Option<String>, Option<String>, String)>;

    async fn read(piece: usize) -> Read {
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
        let mut fields = Vec::new();
        while let Some(field) = form.next_field().await.unwrap() {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let (file, kind) = (owned(field.file_name()), owned(field.content_type()));
            let name = field.name().unwrap().to_owned();
            fields.push((name, file, kind, field.text().await.unwrap()));
        }
        fields
    }

    #[tokio::test]
    async fn fields_are_the_same_however_the_body_is_cut() {
        let whole = read(FORM.len()).await;
        assert_eq!(whole.len(), 2);
        assert_eq!(whole[0].0, "key");
        assert_eq!(whole[0].3, "a/${filename}");
        assert_eq!(whole[1].1.as_deref(), Some("x.bin"));
        assert_eq!(whole[1].2.as_deref(), Some("text/plain"));
        for piece in 1..20 {
            assert_eq!(read(piece).await, whole, "{piece}");
        }
    }
}
