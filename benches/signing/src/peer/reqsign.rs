//! reqsign, with signature version 4: its default is version 1.

use std::time::Duration;

use futures::FutureExt as _;
use http::request::Parts;
use measure::Outcome;
use reqsign_aliyun_oss::{Credential, RequestSigner, SigningVersion};
use reqsign_core::{Context, SignRequest as _};

use super::{BUCKET, EXPIRES, ID, REGION, SECRET, Signs, TOKEN, check_oss};

pub const NAME: &str = "reqsign";

pub struct Reqsign {
    parts: Parts,
    copies: Vec<Parts>,
    context: Context,
    signer: RequestSigner,
    credential: Credential,
    expires: Option<Duration>,
}

impl Reqsign {
    pub fn new(parts: Parts, presigns: bool) -> Self {
        Self {
            parts,
            copies: Vec::new(),
            context: Context::new(),
            signer: RequestSigner::new(BUCKET)
                .with_region(REGION)
                .with_signing_version(SigningVersion::V4),
            credential: Credential {
                access_key_id: ID.to_owned(),
                access_key_secret: SECRET.to_owned(),
                security_token: Some(TOKEN.to_owned()),
                expires_in: None,
            },
            expires: presigns.then(|| Duration::from_secs(EXPIRES)),
        }
    }
}

impl Signs for Reqsign {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn copy(&mut self, copies: usize) {
        self.copies.clear();
        self.copies.resize(copies, self.parts.clone());
    }

    fn sign(&mut self) -> Outcome<()> {
        for parts in &mut self.copies {
            // It waits for nothing.
            self.signer
                .sign_request(&self.context, parts, Some(&self.credential), self.expires)
                .now_or_never()
                .ok_or("reqsign waits")??;
        }
        Ok(())
    }

    fn check(&mut self) -> Outcome<()> {
        self.copies.iter().try_for_each(check_oss)
    }
}
