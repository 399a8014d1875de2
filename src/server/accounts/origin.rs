//! Where somebody comes from.

use std::net::{IpAddr, Ipv6Addr};

/// How many addresses are remembered where an account has logged in.
pub(crate) const HOMES_PER_ACCOUNT_MAX: usize = 16;

/// An IPv4 address, or the /64 network of an IPv6 address, which is what one customer of a provider is given.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Origin(IpAddr);

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 => Self(v4),
        }
    }
}

impl Origin {
    /// As it's kept on disk: the address, or the network's first one.
    pub(crate) fn address(&self) -> IpAddr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_origin() {
        let origin = |text: &str| Origin::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:2"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_eq!(Origin::from(origin("2001:db8::7").address()), origin("2001:db8::9"));
    }
}
