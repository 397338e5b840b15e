//! The signer inside the vendor's preview. It takes reqwest's requests in a context of its own, so it is
//! given those, and its results are turned into the others' form only to be checked.

use std::time::{Duration, SystemTime};

use alibabacloud_oss_sdk_rust_v2::credential::Credentials;
use alibabacloud_oss_sdk_rust_v2::signer::{Signer as _, SignerV4, SigningContext};
use http::request::Parts;
use measure::Outcome;

use super::{BUCKET, EXPIRES, ID, REGION, SECRET, Signs, TOKEN, check_oss};

pub struct Vendor {
    request: reqwest::Request,
    key: String,
    credentials: Credentials,
    presigns: bool,
    copies: Vec<SigningContext>,
}

impl Vendor {
    pub fn new(parts: Parts, presigns: bool) -> Outcome<Self> {
        let key = alibaba_sign::percent::decode(&parts.uri.path()[1..]).ok_or("a key")?;
        Ok(Self {
            request: http::Request::from_parts(parts, "").try_into()?,
            key,
            credentials: Credentials {
                access_key_id: ID.to_owned(),
                access_key_secret: SECRET.to_owned(),
                security_token: TOKEN.to_owned(),
                expires: None,
            },
            presigns,
            copies: Vec::new(),
        })
    }

    fn context(&self) -> SigningContext {
        let additional = if self.presigns {
            vec!["host".to_owned()]
        } else {
            Vec::new()
        };
        SigningContext {
            product: Some("oss".to_owned()),
            region: Some(REGION.to_owned()),
            bucket: Some(BUCKET.to_owned()),
            key: Some(self.key.clone()),
            request: self.request.try_clone(),
            additional_headers: additional,
            credentials: Some(self.credentials.clone()),
            auth_method_query: self.presigns,
            ..SigningContext::default()
        }
    }
}

impl Signs for Vendor {
    fn name(&self) -> String {
        "alibabacloud-oss-sdk-rust-v2".to_owned()
    }

    fn copy(&mut self, copies: usize) {
        self.copies = (0..copies).map(|_| self.context()).collect();
    }

    fn sign(&mut self) -> Outcome<()> {
        for context in &mut self.copies {
            if self.presigns {
                context.time = Some(SystemTime::now() + Duration::from_secs(EXPIRES));
            }
            let signed = SignerV4.sign(context);
            signed.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn check(&mut self) -> Outcome<()> {
        for context in &self.copies {
            let request = context
                .request
                .as_ref()
                .and_then(reqwest::Request::try_clone);
            let request = request.ok_or("the request is gone")?;
            let request: http::Request<reqwest::Body> = request.try_into()?;
            check_oss(&request.into_parts().0)?;
        }
        Ok(())
    }
}
