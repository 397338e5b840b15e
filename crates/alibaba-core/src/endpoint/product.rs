//! The endpoints of OpenAPI products: a rule, and the few exceptions from the official metadata.

use std::borrow::Cow;
use std::fmt;

use super::authority::{Endpoint, InvalidEndpoint};
use crate::Region;

/// Over which network an OpenAPI product is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProductNetwork {
    /// The Internet.
    #[default]
    Public,
    /// From inside a VPC.
    Vpc,
}

/// An OpenAPI product: its name in endpoints, such as `ecs`, and the version of its API.
///
/// ```
/// use alibaba_core::endpoint::{Product, ProductNetwork};
/// use alibaba_core::Region;
///
/// let region: Region = "cn-hangzhou-finance".parse()?;
/// let public = |product: &Product| product.endpoint(&region, ProductNetwork::Public).to_string();
/// assert_eq!(public(&Product::HBR), "https://hbr.cn-hangzhou-finance.aliyuncs.com");
/// assert_eq!(public(&Product::STS), "https://sts.aliyuncs.com");
/// assert_eq!(public(&Product::RAM), "https://ram.aliyuncs.com");
/// assert_eq!(public(&Product::new("kms", "2016-01-20")?), "https://kms.cn-hangzhou-finance.aliyuncs.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    name: Cow<'static, str>,
    version: Cow<'static, str>,
    global: bool,
}

impl Product {
    /// Elastic Compute Service.
    pub const ECS: Self = Self::known("ecs", "2014-05-26", false);
    /// Cloud Backup.
    pub const HBR: Self = Self::known("hbr", "2017-09-08", false);
    /// Elastic Block Storage.
    pub const EBS: Self = Self::known("ebs", "2021-07-30", false);
    /// Resource Access Management.
    pub const RAM: Self = Self::known("ram", "2015-05-01", true);
    /// Security Token Service.
    pub const STS: Self = Self::known("sts", "2015-04-01", true);

    const fn known(name: &'static str, version: &'static str, global: bool) -> Self {
        Self {
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(version),
            global,
        }
    }

    /// Any other product, by the name its endpoints begin with and its API's version, such as
    /// `2016-01-20`.
    ///
    /// # Errors
    ///
    /// If the name cannot be part of a host name.
    pub fn new(
        name: impl Into<String>,
        version: impl Into<String>,
    ) -> Result<Self, InvalidEndpoint> {
        let name = name.into();
        let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=63).contains(&name.len())
            || !name.bytes().all(is_inner)
            || name.starts_with('-')
            || name.ends_with('-')
        {
            let reason = "a product name is made of lower-case letters, digits and inner hyphens";
            return Err(InvalidEndpoint::new(&name, reason));
        }
        Ok(Self {
            name: name.into(),
            version: version.into().into(),
            global: false,
        })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The version of its API.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether one endpoint serves all regions, so that the product can be called without naming one.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.global
    }

    /// The product's endpoint in a region: an exception of the official metadata, or else the rule
    /// `<product>[-vpc].<region>.aliyuncs.com`, for regions unknown to it too.
    #[must_use]
    pub fn endpoint(&self, region: &Region, network: ProductNetwork) -> Endpoint {
        use ProductNetwork::{Public, Vpc};
        let host = match (self.as_str(), region.as_str(), network) {
            ("ram", _, Public) => "ram.aliyuncs.com".to_owned(),
            ("ram", _, Vpc) => "ram.vpc-proxy.aliyuncs.com".to_owned(),
            ("ecs", "cn-hangzhou-finance", _) => "ecs.aliyuncs.com".to_owned(),
            ("sts", "cn-hangzhou-finance" | "ap-south-1" | "ap-southeast-2", _)
            | ("sts", "cn-shenzhen-finance-1", Public) => "sts.aliyuncs.com".to_owned(),
            (product, region, Public) => format!("{product}.{region}.aliyuncs.com"),
            (product, region, Vpc) => format!("{product}-vpc.{region}.aliyuncs.com"),
        };
        Endpoint::https(host)
    }

    /// The product's endpoint without a region, such as `sts.aliyuncs.com`.
    #[must_use]
    pub fn global_endpoint(&self) -> Endpoint {
        Endpoint::https(format!("{}.aliyuncs.com", self.name))
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_and_exceptions() {
        use ProductNetwork::{Public, Vpc};
        for (product, region, network, host) in [
            (
                Product::ECS,
                "cn-hangzhou",
                Public,
                "ecs.cn-hangzhou.aliyuncs.com",
            ),
            (
                Product::ECS,
                "xx-new-9",
                Vpc,
                "ecs-vpc.xx-new-9.aliyuncs.com",
            ),
            (
                Product::ECS,
                "cn-hangzhou-finance",
                Public,
                "ecs.aliyuncs.com",
            ),
            (
                Product::HBR,
                "cn-beijing",
                Vpc,
                "hbr-vpc.cn-beijing.aliyuncs.com",
            ),
            (
                Product::STS,
                "cn-shenzhen-finance-1",
                Public,
                "sts.aliyuncs.com",
            ),
            (
                Product::STS,
                "cn-shenzhen-finance-1",
                Vpc,
                "sts-vpc.cn-shenzhen-finance-1.aliyuncs.com",
            ),
            (Product::STS, "ap-south-1", Public, "sts.aliyuncs.com"),
            (
                Product::RAM,
                "cn-beijing",
                Vpc,
                "ram.vpc-proxy.aliyuncs.com",
            ),
            (
                Product::EBS,
                "cn-beijing",
                Public,
                "ebs.cn-beijing.aliyuncs.com",
            ),
        ] {
            let endpoint = product.endpoint(&Region::new(region).unwrap(), network);
            assert_eq!(endpoint.authority(), host);
        }
        assert!(Product::new("evil.example/", "2016-01-20").is_err());
    }
}
