//! The client that suits the engine.

use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;

use crate::{Error, Result};

/// Who asks, in the API server's audit log.
const AGENT: &str = concat!("kube-backup-engine/", env!("CARGO_PKG_VERSION"));
/// Addresses that do not respond are tried a few times within the time that one request has.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client for backups and restores, from a configuration.
///
/// It differs from `kube::Client::try_from(config)` in three things: it does not try again by itself,
/// as the engine does, with deadlines and with the server's words in its errors; it gives up a connection
/// that is not made within ten seconds; and it has a user agent, unless the configuration has one.
/// Whether lists are compressed is the configuration's
/// [`disable_compression`](kube::Config::disable_compression) (with kube's feature `gzip`) and
/// [`ListEncoding`](crate::ListEncoding) together, as with any client.
///
/// Any other [`kube::Client`] can be used as well. Retries that kube puts in by default are turned off
/// for the engine's requests; layers of your own that try again are bounded by the engine's deadlines,
/// and hide from its reports what the server said.
///
/// Without a configuration of your own, [`connect`](crate::connect) is shorter.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = kube_backup_engine::cluster_config(None, Some("berlin")).await?;
/// config.read_timeout = Some(std::time::Duration::from_secs(60));
/// let client = kube_backup_engine::client_for(config)?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the configuration holds certificates, keys, headers or a proxy that cannot be used.
pub fn client_for(mut config: kube::Config) -> Result<kube::Client> {
    config.default_retry = false;
    let connect = config.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    config.connect_timeout = Some(connect.min(CONNECT_TIMEOUT));
    if config.headers.iter().all(|(name, _)| name != USER_AGENT) {
        let agent = HeaderValue::from_static(AGENT);
        config.headers.push((USER_AGENT, agent));
    }
    kube::Client::try_from(config).map_err(|error| {
        Error::invalid(
            "make a client of the API server: check certificates, keys, headers and proxy of its \
             configuration",
        )
        .with_source(error)
    })
}
