//! What is signed.

use std::fmt;

use clap::ValueEnum;
use http::request::Parts;
use measure::Outcome;

use crate::peer::{self, BUCKET, REGION, Signs};

/// A kind of signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Job {
    /// OSS V4, by headers.
    Header,
    /// OSS V4, in the URL.
    Presign,
    /// OpenAPI's ACS3, which the peers do not know.
    Acs3,
}

impl Job {
    pub const ALL: [Self; 3] = [Self::Header, Self::Presign, Self::Acs3];

    pub fn title(self) -> &'static str {
        match self {
            Self::Header => "OSS V4 by headers",
            Self::Presign => "OSS V4 presigned URL",
            Self::Acs3 => "ACS3 (no peer knows it)",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Header => {
                "A part of an upload: two query parameters, four headers, a security token."
            }
            Self::Presign => "A download with an image style, the host signed, a security token.",
            Self::Acs3 => "`DescribeSnapshots` with four parameters and a security token.",
        }
    }

    /// Ours first.
    pub fn signers(self) -> Outcome<Vec<Box<dyn Signs>>> {
        Ok(match self {
            Self::Header => vec![
                Box::new(peer::ours::Oss::new(upload()?, false, true)),
                Box::new(peer::ours::Oss::new(upload()?, false, false)),
                Box::new(peer::reqsign::Reqsign::new(upload()?, false)),
                Box::new(peer::vendor::Vendor::new(upload()?, false)?),
            ],
            Self::Presign => vec![
                Box::new(peer::ours::Oss::new(download()?, true, true)),
                Box::new(peer::ours::Oss::new(download()?, true, false)),
                Box::new(peer::reqsign::Reqsign::new(download()?, true)),
                Box::new(peer::vendor::Vendor::new(download()?, true)?),
            ],
            Self::Acs3 => vec![Box::new(peer::ours::Acs3::new(describe()?))],
        })
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Presign => "presign",
            Self::Acs3 => "acs3",
        })
    }
}

fn upload() -> Outcome<Parts> {
    // Plain query values: the vendor's signer encodes what is encoded already a second time.
    let query = "partNumber=7&uploadId=0004B9895DBBB6EC98E36F6B7D3A1F62";
    let request = http::Request::put(format!("https://{}{KEY}?{query}", host()))
        .header("content-type", "application/octet-stream")
        .header("content-md5", "ZGMzYzk1NTY0ZmMxZmI2ZA==")
        .header("x-oss-meta-origin", "nightly-backup")
        .header("x-oss-storage-class", "Standard")
        .body(())?;
    Ok(request.into_parts().0)
}

fn download() -> Outcome<Parts> {
    let request = http::Request::get(format!("https://{}{KEY}?x-oss-process=style", host()))
        .header("host", host())
        .body(())?;
    Ok(request.into_parts().0)
}

fn describe() -> Outcome<Parts> {
    let query = "RegionId=cn-hangzhou&MaxResults=100&Status=accomplished&Tag.1.Key=backup";
    let request = http::Request::post(format!("https://ecs.cn-hangzhou.aliyuncs.com/?{query}"))
        .header("x-acs-action", "DescribeSnapshots")
        .header("x-acs-version", "2014-05-26")
        .body(())?;
    Ok(request.into_parts().0)
}

const KEY: &str = "/backups/2026-01-15/nightly%20run/part-0007.tar.gz";

fn host() -> String {
    format!("{BUCKET}.oss-{REGION}.aliyuncs.com")
}
