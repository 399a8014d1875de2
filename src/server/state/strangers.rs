//! Who is in the lobby: counted, and the first to go when it's full.

use crate::server::accounts::Origin;
use crate::sync::lock;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Everyone in the lobby.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    present: Arc<Mutex<Vec<Present>>>,
}

#[derive(Debug)]
struct Present {
    origin: Origin,
    socket: Arc<TcpStream>,
    heard: Instant,
    /// Its login is being checked: now it waits for us.
    served: bool,
    /// It fetches a program.
    #[cfg(feature = "web")]
    fetches: bool,
}

/// A stranger's stay in the lobby, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Stay {
    present: Arc<Mutex<Vec<Present>>>,
    socket: Arc<TcpStream>,
}

impl Strangers {
    /// Lets somebody in, where there may be `max` in all and `per_address_max` from one address. Where there are too many, the one who has been silent for longest makes way; None when
    /// everyone there is waiting for us.
    pub(crate) fn enter(
        &self,
        origin: Origin,
        socket: &Arc<TcpStream>,
        (max, per_address_max): (usize, usize),
        now: Instant,
    ) -> Option<Stay> {
        let mut present = lock(&self.present);
        let same = present.iter().filter(|other| other.origin == origin).count();
        if same >= per_address_max {
            make_way(&mut present, |other| other.origin == origin)?;
        }
        // More than one, where sessions have taken what was theirs.
        while present.len() >= max {
            make_way(&mut present, |_| true)?;
        }
        present.push(Present {
            origin,
            socket: Arc::clone(socket),
            heard: now,
            served: false,
            #[cfg(feature = "web")]
            fetches: false,
        });
        Some(Stay { present: Arc::clone(&self.present), socket: Arc::clone(socket) })
    }
}

fn make_way(present: &mut Vec<Present>, candidate: impl Fn(&Present) -> bool) -> Option<()> {
    let candidates = present.iter().enumerate().filter(|(_, other)| !other.served && candidate(other));
    let (longest, _) = candidates.min_by_key(|(_, other)| other.heard)?;
    // Its thread wakes with an error and leaves.
    let _ = present.swap_remove(longest).socket.shutdown(Shutdown::Both);
    Some(())
}

impl Stay {
    /// The stranger has said something.
    pub(crate) fn heard(&self, now: Instant) {
        self.update(|present| present.heard = now);
    }

    /// Its login is being checked, or is to wait until it may be.
    pub(crate) fn served(&self, now: bool) {
        self.update(|present| present.served = now);
    }

    /// It may fetch a program, and stays for it, unless `max` do, or `per_address_max` from its address.
    #[cfg(feature = "web")]
    pub(crate) fn fetch(&self, (max, per_address_max): (usize, usize)) -> bool {
        let mut present = lock(&self.present);
        let Some(own) = present.iter().position(|other| Arc::ptr_eq(&other.socket, &self.socket)) else { return false };
        let fetching = present.iter().filter(|other| other.fetches);
        let same = fetching.clone().filter(|other| other.origin == present[own].origin);
        let may = fetching.count() < max && same.count() < per_address_max;
        present[own].served |= may;
        present[own].fetches |= may;
        may
    }

    fn update(&self, change: impl FnOnce(&mut Present)) {
        let mut present = lock(&self.present);
        if let Some(own) = present.iter_mut().find(|other| Arc::ptr_eq(&other.socket, &self.socket)) {
            change(own);
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        lock(&self.present).retain(|other| !Arc::ptr_eq(&other.socket, &self.socket));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{IpAddr, TcpListener};
    use std::time::Duration;

    /// A connected socket and its peer.
    fn pair() -> (Arc<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (Arc::new(listener.accept().unwrap().0), peer)
    }

    fn origin(last: u8) -> Origin {
        IpAddr::from([192, 0, 2, last]).into()
    }

    #[test]
    fn the_one_silent_for_longest_makes_way() {
        let (lobby, start) = (Strangers::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut peers = Vec::new();
        let mut enter = |last, seconds| {
            let (socket, peer) = pair();
            peers.push(peer);
            lobby.enter(origin(last), &socket, (3, 2), at(seconds))
        };
        let (first, _second) = (enter(1, 0).unwrap(), enter(1, 1).unwrap());
        first.heard(at(2));
        let _third = enter(1, 3).unwrap();
        let _fourth = enter(2, 4).unwrap();
        let _fifth = enter(3, 5).unwrap();
        // The second made way for the third (same address), the first for the fifth (three in all).
        assert_eq!(lock(&lobby.present).len(), 3);
        let mut gone = |index: usize| peers[index].read(&mut [0]).unwrap() == 0;
        assert!(gone(0) && gone(1));
    }

    #[test]
    fn whoever_waits_for_us_stays() {
        let (lobby, now) = (Strangers::default(), Instant::now());
        let sockets: Vec<_> = (0..3).map(|_| pair()).collect();
        let stays: Vec<_> =
            sockets[..2].iter().map(|(socket, _)| lobby.enter(origin(1), socket, (2, 2), now).unwrap()).collect();
        stays.iter().for_each(|stay| stay.served(true));
        assert!(lobby.enter(origin(1), &sockets[2].0, (2, 2), now).is_none());
        assert!(lobby.enter(origin(2), &sockets[2].0, (2, 2), now).is_none());
        drop(stays);
        assert!(lobby.enter(origin(2), &sockets[2].0, (2, 2), now).is_some());
    }
}
