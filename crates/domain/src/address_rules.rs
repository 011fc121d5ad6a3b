//! From where a token may be used.
//!
//! A token that carries address rules is good only for calls from within one of their networks. An IPv4 address in
//! IPv6's clothes (`::ffff:192.0.2.7`) is the IPv4 address, in rules and in calls alike.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// The networks from which a token may be used: one at least.
///
/// Written in one way only: the same addresses as few networks as there can be, those of IPv4 first, each in CIDR
/// notation, separated by single spaces. That is also how the database holds them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AddressRules(Box<[IpNet]>);

/// What is wrong with a list of networks. They are counted from one, as a person counts them: the text of an entry is
/// what somebody typed, and stays with whoever typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NetworksProblem {
    /// This entry is neither an address nor a network.
    #[error("entry {0} is neither an address nor a network")]
    Malformed(u8),
    /// This entry's address goes on beyond its network's length.
    #[error("entry {0} has bits set beyond its prefix length")]
    HostBits(u8),
    /// No call can come from within this entry.
    #[error("no call can come from within entry {0}")]
    Unusable(u8),
    /// There are too many.
    #[error("there are more than {most} networks", most = AddressRules::MOST)]
    TooMany,
}

/// The first and the last address of a network, as bytes that sort as addresses do: 4 or 6, then the address, that of
/// IPv4 in its last four bytes.
pub type NetworkBounds = ([u8; 17], [u8; 17]);

impl AddressRules {
    /// The most networks that a token's rules can have.
    pub const MOST: usize = 16;

    /// Reads networks with commas, spaces or line breaks between: `10.0.0.0/8, 2001:db8::/32`. An address alone is a
    /// network of one. No network at all is none.
    ///
    /// # Errors
    /// The first entry that is wrong, and in what.
    pub fn parse(text: &str) -> Result<Option<Self>, NetworksProblem> {
        let mut networks = BTreeSet::new();
        let entries = text.split(|letter: char| letter == ',' || letter.is_whitespace());
        for (index, entry) in entries.filter(|entry| !entry.is_empty()).enumerate() {
            let number = u8::try_from(index).unwrap_or(u8::MAX).saturating_add(1);
            networks.insert(network(entry, number)?);
            if networks.len() > Self::MOST {
                return Err(NetworksProblem::TooMany);
            }
        }
        Ok(Self::of(networks))
    }

    fn of(networks: BTreeSet<IpNet>) -> Option<Self> {
        let mut networks = IpNet::aggregate(&networks.into_iter().collect());
        networks.sort_unstable();
        (!networks.is_empty()).then(|| Self(networks.into()))
    }

    /// Whether a call from this address is within them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every address of these is one of `outer`.
    #[must_use]
    pub fn are_within(&self, outer: &Self) -> bool {
        // Both are as few networks as can be: what lies in several of `outer` together lies in one.
        self.0.iter().all(|network| outer.0.iter().any(|outer| outer.contains(network)))
    }

    /// The networks, each in CIDR notation.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }

    /// The bounds of each network.
    pub fn bounds(&self) -> impl Iterator<Item = NetworkBounds> {
        self.0.iter().map(|network| (sortable(network.network()), sortable(network.broadcast())))
    }
}

impl FromStr for AddressRules {
    type Err = MalformedAddressRules;

    /// Reads what was written by [`fmt::Display`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok().flatten().filter(|rules| rules.to_string() == text).ok_or(MalformedAddressRules)
    }
}

/// The text is not how address rules are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("address rules are networks in CIDR notation, sorted, separated by single spaces")]
pub struct MalformedAddressRules;

impl fmt::Display for AddressRules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            write!(formatter, "{network}")?;
        }
        Ok(())
    }
}

/// From where a credential is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedFrom {
    /// From this address.
    Address(IpAddr),
    /// From an address that is not known: a trusted proxy did not say it.
    Unknown,
    /// It is not asked from where: the token is judged by itself alone.
    Anywhere,
}

impl UsedFrom {
    /// Whether a token with these rules may be used from there.
    #[must_use]
    pub fn is_allowed_by(self, rules: Option<&AddressRules>) -> bool {
        match (rules, self) {
            (None, _) | (_, Self::Anywhere) => true,
            (Some(_), Self::Unknown) => false,
            (Some(rules), Self::Address(address)) => rules.contain(address),
        }
    }
}

impl From<Option<IpAddr>> for UsedFrom {
    fn from(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Unknown, Self::Address)
    }
}

/// Reads one entry.
fn network(text: &str, number: u8) -> Result<IpNet, NetworksProblem> {
    let malformed = || NetworksProblem::Malformed(number);
    let (address, length) = match text.split_once('/') {
        None => (text, None),
        Some((address, length)) => (address, Some(prefix_length(length).ok_or_else(malformed)?)),
    };
    let address: IpAddr = address.parse().map_err(|_| malformed())?;
    let (written, bits) = (address, if address.is_ipv4() { 32 } else { 128 });
    let length = length.unwrap_or(bits);
    let typed = IpNet::new(written, length).map_err(|_| malformed())?;
    if typed.network() != written {
        return Err(NetworksProblem::HostBits(number));
    }
    // A shorter network of IPv6 with a mapped address in it has bits beyond its length, and was refused.
    let canonical = address.to_canonical();
    let length = if canonical == address { length } else { length.saturating_sub(96) };
    let network = IpNet::new(canonical, length).map_err(|_| malformed())?;
    if unusable().iter().any(|unusable| unusable.contains(&network)) {
        return Err(NetworksProblem::Unusable(number));
    }
    Ok(network)
}

/// Digits, without a zero before them or a sign.
fn prefix_length(text: &str) -> Option<u8> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

/// Networks that no connection comes from: "this network" and multicast (RFC 6890, RFC 4291), and the broadcast
/// address.
const fn unusable() -> [IpNet; 5] {
    [
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 8)),
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4)),
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::BROADCAST, 32)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8)),
    ]
}

fn sortable(address: IpAddr) -> [u8; 17] {
    let mut bytes = [0; 17];
    let (family, octets) = match address {
        IpAddr::V4(address) => (4, u128::from(address.to_bits())),
        IpAddr::V6(address) => (6, address.to_bits()),
    };
    let (first, rest) = bytes.split_at_mut(1);
    first.fill(family);
    rest.copy_from_slice(&octets.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn rules(text: &str) -> AddressRules {
        AddressRules::parse(text).unwrap().unwrap()
    }

    #[test]
    fn networks_are_read_and_written_in_one_way() {
        for (typed, written) in [
            ("192.0.2.7", "192.0.2.7/32"),
            (" 10.0.0.0/8,\n2001:DB8::/32 ", "10.0.0.0/8 2001:db8::/32"),
            ("2001:db8::1, 9.0.0.0/8", "9.0.0.0/8 2001:db8::1/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0"),
            ("10.128.0.0/9 10.0.0.0/9 10.1.0.0/16", "10.0.0.0/8"),
        ] {
            assert_eq!(rules(typed).to_string(), written, "{typed:?}");
            assert_eq!(written.parse(), Ok(rules(typed)));
        }
        for nothing in ["", " ", ",,\n"] {
            assert_eq!(AddressRules::parse(nothing), Ok(None));
        }
        for unwritten in ["", "192.0.2.7", "10.0.0.0/8  9.0.0.0/8", "10.0.0.0/9 10.128.0.0/9"] {
            assert_eq!(unwritten.parse::<AddressRules>(), Err(MalformedAddressRules), "{unwritten:?}");
        }
    }

    #[test]
    fn the_entry_that_is_wrong_is_named() {
        use NetworksProblem::{HostBits, Malformed, TooMany, Unusable};
        for (typed, problem) in [
            ("localhost", Malformed(1)),
            ("10.0.0.0/8 10.0.0.0/33", Malformed(2)),
            ("10.0.0.0/08", Malformed(1)),
            ("10.0.0.0/+8", Malformed(1)),
            ("10.0.0.0/", Malformed(1)),
            ("010.0.0.0/8", Malformed(1)),
            ("10.0.0", Malformed(1)),
            ("fe80::1%eth0", Malformed(1)),
            ("[::1]", Malformed(1)),
            ("192.0.2.7:443", Malformed(1)),
            ("::1, 10.1.2.3/8", HostBits(2)),
            ("2001:db8::1/64", HostBits(1)),
            ("::ffff:10.0.0.0/64", HostBits(1)),
            ("::ffff:10.0.0.1/104", HostBits(1)),
            ("0.0.0.0", Unusable(1)),
            ("192.0.2.1 239.1.0.0/16", Unusable(2)),
            ("255.255.255.255", Unusable(1)),
            ("::", Unusable(1)),
            ("ff02::/16", Unusable(1)),
        ] {
            assert_eq!(AddressRules::parse(typed), Err(problem), "{typed:?}");
        }
        let many = |count: u8| (0..count).map(|number| format!("10.{number}.0.0/24")).collect::<Vec<_>>().join(" ");
        assert!(AddressRules::parse(&many(16)).is_ok());
        assert!(AddressRules::parse(&format!("{0} {0}", many(16))).is_ok(), "the same networks twice");
        assert_eq!(AddressRules::parse(&many(17)), Err(TooMany));
    }

    #[test]
    fn calls_are_let_in_by_where_they_come_from() {
        let office = rules("10.0.0.0/8, 2001:db8::/32");
        let from = |text: &str| UsedFrom::Address(text.parse().unwrap());
        for inside in ["10.255.0.1", "::ffff:10.0.0.1", "2001:db8:9::1"] {
            assert!(from(inside).is_allowed_by(Some(&office)), "{inside}");
        }
        for outside in ["11.0.0.1", "::ffff:11.0.0.1", "2001:db9::1", "::10.0.0.1"] {
            assert!(!from(outside).is_allowed_by(Some(&office)), "{outside}");
            assert!(from(outside).is_allowed_by(None));
        }
        assert!(!UsedFrom::from(None).is_allowed_by(Some(&office)));
        assert!(UsedFrom::from(None).is_allowed_by(None));
        assert!(UsedFrom::Anywhere.is_allowed_by(Some(&office)));
    }

    fn networks() -> impl Strategy<Value = String> {
        // Few addresses, so that they meet.
        let v4 = (0..8_u32, 28..=32_u8).prop_map(|(last, length)| {
            let network = Ipv4Net::new(Ipv4Addr::from_bits(0x0a00_0000 | last), length).unwrap().trunc();
            network.to_string()
        });
        let v6 = (0..8_u128, 124..=128_u8).prop_map(|(last, length)| {
            let network = Ipv6Net::new(Ipv6Addr::from_bits((0x2001 << 112) | last), length).unwrap().trunc();
            network.to_string()
        });
        vec(prop_oneof![v4, v6], 1..6).prop_map(|networks| networks.join(","))
    }

    fn addresses() -> impl Iterator<Item = IpAddr> {
        let v4 = (0..16_u32).map(|last| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | last)));
        v4.chain((0..16_u128).map(|last| IpAddr::V6(Ipv6Addr::from_bits((0x2001 << 112) | last))))
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            if let Ok(Some(rules)) = AddressRules::parse(&text) {
                prop_assert_eq!(rules.to_string().parse(), Ok(rules));
            }
        }

        /// What is written briefly holds the same addresses, lies within what it lies within address by address, and
        /// its bounds say the same.
        #[test]
        fn rules_are_the_addresses_that_they_hold(one in networks(), other in networks()) {
            let plainly = |text: &str, address: IpAddr| {
                text.split(',').any(|network| network.parse::<IpNet>().unwrap().contains(&address))
            };
            let (inner, outer) = (rules(&one), rules(&other));
            for address in addresses() {
                prop_assert_eq!(inner.contain(address), plainly(&one, address));
                let bytes = sortable(address);
                let within = inner.bounds().any(|(first, last)| first <= bytes && bytes <= last);
                prop_assert_eq!(inner.contain(address), within);
            }
            let all_within = addresses().all(|address| !plainly(&one, address) || plainly(&other, address));
            prop_assert_eq!(inner.are_within(&outer), all_within);
        }
    }
}
