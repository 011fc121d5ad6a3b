//! Sets of networks, as the command line names them.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Networks, written as CIDR with commas between: `10.0.0.0/8,::1/128`. An address alone is a network of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// A part of the text is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write an address or CIDR, as 10.0.0.0/8, with commas between")]
pub struct MalformedNetwork(String);

impl Networks {
    /// This machine alone.
    #[must_use]
    pub fn loopback() -> Self {
        Self(["127.0.0.0/8", "::1/128"].into_iter().filter_map(|text| text.parse().ok()).collect())
    }

    /// Whether an address lies in one of them. An IPv4 address in IPv6's clothes is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Networks {
    type Err = MalformedNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network = |part: &str| {
            let network = part.parse::<IpNet>().ok();
            let address = || part.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
            network.or_else(address).ok_or_else(|| MalformedNetwork(part.to_owned()))
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_and_hold_their_addresses() {
        let networks: Networks = "10.0.0.0/8, 192.0.2.7 ,2001:db8::/32,".parse().unwrap();
        for inside in ["10.255.0.1", "192.0.2.7", "::ffff:10.1.1.1", "2001:db8:9::1"] {
            assert!(networks.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::1"] {
            assert!(!networks.contains(outside.parse().unwrap()), "{outside}");
        }
        assert!(!"".parse::<Networks>().unwrap().contains("127.0.0.1".parse().unwrap()));
        assert!(Networks::loopback().contains("::ffff:127.0.0.1".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "localhost", "10.0.0.0/8;::1"] {
            assert!(wrong.parse::<Networks>().is_err(), "{wrong}");
        }
    }
}
