//! alibaba-sign.

use std::time::Duration;

use alibaba_sign::{Addressing, Credentials, acs3, oss_v4};
use chrono::Utc;
use http::Request;
use http::request::Parts;
use measure::Outcome;

use super::{BUCKET, EXPIRES, ID, REGION, SECRET, Signs, TOKEN, check_oss};

/// With the key of the day kept, as for all but the first request.
pub const CACHED: &str = "alibaba-sign, key kept";

/// With other credentials each time, whose key must be derived.
pub const NEW_KEY: &str = "alibaba-sign, new key";

/// More than the signer keeps keys.
const GENERATIONS: usize = 64;

pub struct Oss {
    parts: Parts,
    copies: Vec<Parts>,
    signer: oss_v4::Signer,
    credentials: Vec<Credentials>,
    at: usize,
    presigns: bool,
}

impl Oss {
    pub fn new(parts: Parts, presigns: bool, keeps_key: bool) -> Self {
        let generations = if keeps_key { 1 } else { GENERATIONS };
        let credentials = |_| Credentials::new(ID, SECRET).with_security_token(TOKEN);
        Self {
            parts,
            copies: Vec::new(),
            signer: oss_v4::Signer::new(REGION),
            credentials: (0..generations).map(credentials).collect(),
            at: 0,
            presigns,
        }
    }
}

impl Signs for Oss {
    fn name(&self) -> String {
        let keeps_key = self.credentials.len() == 1;
        (if keeps_key { CACHED } else { NEW_KEY }).to_owned()
    }

    fn copy(&mut self, copies: usize) {
        self.copies.clear();
        self.copies.resize(copies, self.parts.clone());
    }

    fn sign(&mut self) -> Outcome<()> {
        let bucket = Addressing::Host(BUCKET);
        for parts in &mut self.copies {
            self.at = (self.at + 1) % self.credentials.len();
            let (credentials, now) = (&self.credentials[self.at], Utc::now());
            if self.presigns {
                let (hour, signed) = (Duration::from_secs(EXPIRES), &["host"]);
                self.signer
                    .presign_parts(credentials, now, hour, bucket, signed, parts)?;
            } else {
                self.signer
                    .sign_parts(credentials, now, bucket, &[], parts)?;
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Outcome<()> {
        self.copies.iter().try_for_each(check_oss)
    }
}

pub struct Acs3 {
    parts: Parts,
    copies: Vec<Parts>,
    credentials: Credentials,
}

impl Acs3 {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            copies: Vec::new(),
            credentials: Credentials::new(ID, SECRET).with_security_token(TOKEN),
        }
    }
}

impl Signs for Acs3 {
    fn name(&self) -> String {
        "alibaba-sign".to_owned()
    }

    fn copy(&mut self, copies: usize) {
        self.copies.clear();
        self.copies.resize(copies, self.parts.clone());
    }

    fn sign(&mut self) -> Outcome<()> {
        for parts in &mut self.copies {
            let nonce = "3f0d9c1b2a4e4c7d8f6a5b4c3d2e1f00";
            acs3::sign_parts(&self.credentials, Utc::now(), nonce, parts, b"")?;
        }
        Ok(())
    }

    fn check(&mut self) -> Outcome<()> {
        let (secret, tolerance) = (&self.credentials.access_key_secret, Duration::from_secs(60));
        for parts in &self.copies {
            let request = Request::from_parts(parts.clone(), "");
            let claim = acs3::Claim::from_http(&request)?;
            claim.verify_http(secret, Utc::now(), tolerance, &request)?;
        }
        Ok(())
    }
}
