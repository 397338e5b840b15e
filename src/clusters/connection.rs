//! How a registered cluster is connected to Alibaba Cloud.

use std::fmt;
use std::str::FromStr;

use crate::placement::Link;

/// How the network of a registered cluster is joined to a VPC, if it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Connection {
    /// Not at all: over the Internet.
    #[default]
    None,
    /// By Cloud Enterprise Network.
    Cen,
    /// By Express Connect.
    ExpressConnect,
    /// By a VPN gateway.
    Vpn,
}

impl Connection {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Cen, Self::ExpressConnect, Self::Vpn];

    /// Its name on a command line and in a configuration: `express-connect`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cen => "cen",
            Self::ExpressConnect => "express-connect",
            Self::Vpn => "vpn",
        }
    }

    /// The way of a registered cluster to OSS.
    ///
    /// Joined clusters use the internal endpoint of their region and need a route to its addresses,
    /// which nobody can see from outside: `has_route` says whether it was made.
    #[must_use]
    pub fn link(self, has_route: bool) -> Link {
        match self {
            Self::None => Link::Outside,
            Self::Cen | Self::ExpressConnect | Self::Vpn if has_route => Link::JoinedToVpc,
            Self::Cen | Self::ExpressConnect | Self::Vpn => Link::JoinedWithoutRoute,
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Connection {
    type Err = String;

    /// Reads the name of a connection, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |it: &Self| it.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            format!("`{text}` is not a connection: use none, cen, express-connect or vpn")
        })
    }
}
