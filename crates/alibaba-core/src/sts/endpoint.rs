//! Where STS is, as far as the environment says.

use crate::endpoint::{Endpoint, Product, ProductNetwork};
use crate::environment::Environment;
use crate::{Error, ErrorKind, Region};

/// The endpoint that the environment names.
///
/// `ALIBABA_CLOUD_STS_ENDPOINT`, which ACK's RRSA webhook injects, wins
/// (`ALIBABA_CLOUD_STS_HTTP_SCHEME` may add its scheme); then the regional endpoint of
/// `ALIBABA_CLOUD_STS_REGION`, inside the VPC with `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED=true`; then
/// the global one.
///
/// # Errors
///
/// If one of them is set to something unusable.
pub fn endpoint_from_environment(environment: &dyn Environment) -> Result<Endpoint, Error> {
    let invalid = |name: &str| {
        Error::new(
            ErrorKind::Configuration,
            format!("choose the STS endpoint by `{name}`"),
        )
    };
    const ENDPOINT: &str = "ALIBABA_CLOUD_STS_ENDPOINT";
    if let Some(mut text) = environment.non_empty(ENDPOINT) {
        if let Some(scheme) = environment.non_empty("ALIBABA_CLOUD_STS_HTTP_SCHEME")
            && !text.contains("://")
        {
            text = format!("{scheme}://{text}");
        }
        return text
            .parse()
            .map_err(|error| invalid(ENDPOINT).with_source(error));
    }
    const REGION: &str = "ALIBABA_CLOUD_STS_REGION";
    match environment.non_empty(REGION) {
        Some(region) => {
            let region = Region::new(region).map_err(|error| invalid(REGION).with_source(error))?;
            let network = if environment.is_on("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED") {
                ProductNetwork::Vpc
            } else {
                ProductNetwork::Public
            };
            Ok(Product::STS.endpoint(&region, network))
        }
        None => Ok(Product::STS.global_endpoint()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::FixedEnvironment;

    #[test]
    fn the_environment_decides_in_order() {
        let region = ("ALIBABA_CLOUD_STS_REGION", "cn-beijing");
        let vpc = ("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "True");
        let full = (
            "ALIBABA_CLOUD_STS_ENDPOINT",
            "sts-vpc.cn-hangzhou.aliyuncs.com",
        );
        let scheme = ("ALIBABA_CLOUD_STS_HTTP_SCHEME", "HTTP");
        for (variables, expected) in [
            (vec![], "https://sts.aliyuncs.com"),
            (vec![vpc], "https://sts.aliyuncs.com"),
            (vec![region], "https://sts.cn-beijing.aliyuncs.com"),
            (vec![region, vpc], "https://sts-vpc.cn-beijing.aliyuncs.com"),
            (
                vec![region, vpc, full],
                "https://sts-vpc.cn-hangzhou.aliyuncs.com",
            ),
            (
                vec![("ALIBABA_CLOUD_STS_ENDPOINT", "127.0.0.1:9090"), scheme],
                "http://127.0.0.1:9090",
            ),
        ] {
            let environment = FixedEnvironment::from_iter(variables);
            assert_eq!(
                endpoint_from_environment(&environment).unwrap().to_string(),
                expected
            );
        }
        for bad in [
            vec![("ALIBABA_CLOUD_STS_REGION", "Bad Region")],
            vec![("ALIBABA_CLOUD_STS_ENDPOINT", "a b")],
            // A service account's token is sent there.
            vec![full, scheme],
            vec![("ALIBABA_CLOUD_STS_ENDPOINT", "http://sts.example.com")],
        ] {
            assert!(endpoint_from_environment(&FixedEnvironment::from_iter(bad)).is_err());
        }
    }
}
