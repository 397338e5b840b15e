//! The endpoints of OpenAPI products: a rule, and the few exceptions from the official metadata.

use std::fmt;
use std::str::FromStr;

use super::InvalidEndpoint;
use super::authority::Origin;
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

/// A product's name in endpoints, such as `ecs`.
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
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Product(std::borrow::Cow<'static, str>);

impl Product {
    /// Elastic Compute Service.
    pub const ECS: Self = Self(std::borrow::Cow::Borrowed("ecs"));
    /// Cloud Backup.
    pub const HBR: Self = Self(std::borrow::Cow::Borrowed("hbr"));
    /// Security Token Service.
    pub const STS: Self = Self(std::borrow::Cow::Borrowed("sts"));
    /// Resource Access Management.
    pub const RAM: Self = Self(std::borrow::Cow::Borrowed("ram"));
    /// Elastic Block Storage.
    pub const EBS: Self = Self(std::borrow::Cow::Borrowed("ebs"));

    /// Any other product, by the name its endpoints begin with.
    ///
    /// # Errors
    ///
    /// Where the name cannot stand in a host name.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidEndpoint> {
        let name = name.into();
        let is_valid = (1..=63).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        if !is_valid {
            return Err(InvalidEndpoint::Malformed {
                text: name.chars().take(80).collect(),
                reason: "a product name is made of lower-case letters, digits and inner hyphens",
            });
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
        Endpoint(Origin::https(host))
    }

    /// The product's endpoint without a region, such as `sts.aliyuncs.com`.
    #[must_use]
    pub fn global_endpoint(&self) -> Endpoint {
        Endpoint(Origin::https(format!("{}.aliyuncs.com", self.as_str())))
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Scheme, host and port of an OpenAPI endpoint. Parse one to use an explicit address, which no
/// rule overrides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(Origin);

impl Endpoint {
    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.0.scheme()
    }

    /// Host and port, also the `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        self.0.authority(None)
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Origin::parse(text).map(Self)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
        assert!(Product::new("evil.example/").is_err());
    }
}
