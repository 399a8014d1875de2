//! Where the server listens: all interfaces unless it is told, and which addresses get in each other's way.

use crate::protocol::DEFAULT_PORT;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

/// All interfaces, of both families.
const EVERYWHERE: SocketAddr = SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, DEFAULT_PORT, 0, 0));
/// A port that metrics might have instead, by Prometheus' custom next to the chat's.
const METRICS_PORT: u16 = 9667;

/// Where a server is to listen.
pub(crate) fn wanted(asked: &[SocketAddr]) -> Vec<SocketAddr> {
    if asked.is_empty() { vec![EVERYWHERE] } else { asked.to_vec() }
}

/// Whether a socket takes IPv6 alone. One that listens on `[::]` takes IPv4 too, unless that is asked for by itself.
pub(crate) fn takes_ipv6_alone(address: SocketAddr, all: &[SocketAddr]) -> bool {
    address.is_ipv6() && all.iter().any(|other| other.is_ipv4() && other.port() == address.port())
}

/// Whether a server can listen on all of these, and serve its metrics.
///
/// # Errors
/// Two that get in each other's way, and what to do.
pub(super) fn check(asked: &[SocketAddr], metrics: Option<SocketAddr>) -> Result<(), String> {
    let all = wanted(asked);
    for (index, &address) in all.iter().enumerate() {
        // Each takes its own family here: `takes_ipv6_alone`.
        let taken = |other: &&SocketAddr| overlap(address, **other) && other.is_ipv4() == address.is_ipv4();
        if let Some(&other) = all[..index].iter().find(taken) {
            let (wide, narrow) = if other.ip().is_unspecified() { (other, address) } else { (address, other) };
            return Err(match wide == narrow {
                true => format!("--listen has {wide} twice: once is enough"),
                false => format!("--listen has {wide}, and {narrow} is a part of that: leave one of them out"),
            });
        }
    }
    let taken = |metrics: SocketAddr| {
        let reaches = |&&address: &&SocketAddr| {
            overlap(address, metrics) && !(metrics.is_ipv4() && takes_ipv6_alone(address, &all))
        };
        all.iter().find(reaches).map(|address| (metrics, *address))
    };
    match metrics.and_then(taken) {
        Some((metrics, chat)) => Err(format!(
            "--metrics {metrics} is where the chat listens ({chat}): give it another port, such as {}",
            SocketAddr::new(metrics.ip(), METRICS_PORT)
        )),
        None => Ok(()),
    }
}

/// Whether two sockets would want the same address, where each takes all that it can. Ports that the system chooses
/// differ.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let takes =
        |wide: SocketAddr, narrow: SocketAddr| wide.ip().is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (one == other || takes(one, other) || takes(other, one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(listen: &[&str], metrics: &str) -> String {
        let listen: Vec<SocketAddr> = listen.iter().map(|text| text.parse().unwrap()).collect();
        check(&listen, metrics.parse().ok()).err().unwrap_or_default()
    }

    #[test]
    fn what_goes_together() {
        for (listen, metrics) in [
            (&[][..], "127.0.0.1:9667"),
            (&["0.0.0.0:1", "[::]:1"], ""),
            (&["[::]:1", "192.0.2.5:1", "127.0.0.1:1"], ""),
            (&["0.0.0.0:1", "0.0.0.0:2", "[::1]:1"], "[::1]:2"),
            (&["127.0.0.1:0", "127.0.0.1:0", "0.0.0.0:0"], "127.0.0.1:0"),
            (&["[::]:1", "192.0.2.5:1"], "127.0.0.1:1"),
            (&["[fe80::1%2]:1", "[fe80::1%3]:1"], ""),
        ] {
            assert_eq!(judge(listen, metrics), "", "{listen:?} {metrics}");
        }
    }

    #[test]
    fn what_gets_in_each_others_way() {
        for (listen, metrics, told) in [
            (&["127.0.0.1:1", "127.0.0.1:1"][..], "", "has 127.0.0.1:1 twice"),
            (&["[::]:1", "0.0.0.0:1", "[::]:1"], "", "has [::]:1 twice"),
            (&["127.0.0.1:1", "0.0.0.0:1"], "", "has 0.0.0.0:1, and 127.0.0.1:1 is a part"),
            (&["[::]:1", "[::1]:1"], "", "has [::]:1, and [::1]:1 is a part"),
            (&[], "127.0.0.1:7667", "--metrics 127.0.0.1:7667 is where the chat listens ([::]:7667)"),
            (&["127.0.0.1:1"], "127.0.0.1:1", "such as 127.0.0.1:9667"),
            (&["127.0.0.1:1"], "0.0.0.0:1", "is where the chat listens"),
            (&["127.0.0.1:1"], "[::]:1", "is where the chat listens"),
            (&["0.0.0.0:1", "[::]:1"], "[::1]:1", "is where the chat listens ([::]:1)"),
        ] {
            let error = judge(listen, metrics);
            assert!(error.contains(told), "{listen:?} {metrics}: {error:?}");
        }
    }
}
