//! Who is in the lobby: counted, and the first to go when it's full.

use crate::server::accounts::Origin;
use crate::sync::{Gate, Pass, lock};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a newcomer waits, and with it who comes behind, until somebody who made way is gone: their thread has only to wake.
const LEAVING_WAIT: Duration = Duration::from_secs(1);

/// Everyone in the lobby.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    present: Arc<Mutex<Vec<Present>>>,
    /// Who has a thread: also whoever has made way, until that wakes.
    threads: Gate,
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
    _thread: Pass,
}

/// Why somebody doesn't get in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoPlace {
    /// Everyone there is waiting for us.
    Full,
    /// Those who made way are not gone yet.
    Leaving,
}

impl Strangers {
    /// Lets somebody in, where there may be `max` in all and `per_address_max` from one address, and so many threads as there is
    /// `room`. Where there are too many, the one who has been silent for longest makes way.
    ///
    /// # Errors
    /// There is no place.
    pub(crate) fn enter(
        &self,
        origin: Origin,
        socket: &Arc<TcpStream>,
        (room, (max, per_address_max)): (usize, (usize, usize)),
        now: Instant,
    ) -> Result<Stay, NoPlace> {
        self.find_place(origin, socket, (max, per_address_max), now).ok_or(NoPlace::Full)?;
        let present = Arc::clone(&self.present);
        match self.threads.enter_within(room, now + LEAVING_WAIT) {
            Some(thread) => Ok(Stay { present, socket: Arc::clone(socket), _thread: thread }),
            None => {
                leave(&present, socket);
                Err(NoPlace::Leaving)
            }
        }
    }

    fn find_place(
        &self,
        origin: Origin,
        socket: &Arc<TcpStream>,
        (max, per_address_max): (usize, usize),
        now: Instant,
    ) -> Option<()> {
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
        Some(())
    }
}

fn leave(present: &Mutex<Vec<Present>>, socket: &Arc<TcpStream>) {
    lock(present).retain(|other| !Arc::ptr_eq(&other.socket, socket));
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
        leave(&self.present, &self.socket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{IpAddr, TcpListener};

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
            lobby.enter(origin(last), &socket, (9, (3, 2)), at(seconds)).ok()
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
            sockets[..2].iter().map(|(socket, _)| lobby.enter(origin(1), socket, (9, (2, 2)), now).unwrap()).collect();
        stays.iter().for_each(|stay| stay.served(true));
        assert!(lobby.enter(origin(1), &sockets[2].0, (9, (2, 2)), now).is_err());
        assert!(lobby.enter(origin(2), &sockets[2].0, (9, (2, 2)), now).is_err());
        drop(stays);
        assert!(lobby.enter(origin(2), &sockets[2].0, (9, (2, 2)), now).is_ok());
    }

    #[test]
    fn whoever_made_way_has_a_thread_until_it_is_gone() {
        let (lobby, sockets) = (Strangers::default(), [(); 3].map(|()| pair()));
        // Those who wait for it have waited by now.
        let before = Instant::now().checked_sub(LEAVING_WAIT).unwrap();
        let enter = |n: usize| lobby.enter(origin(1), &sockets[n].0, (1, (1, 1)), before);
        let first = enter(0).unwrap();
        assert_eq!(enter(1).unwrap_err(), NoPlace::Leaving);
        assert!(lock(&lobby.present).is_empty(), "who made way, and who found no place");
        drop(first);
        let _third = enter(2).unwrap();
        assert_eq!(lobby.threads.count(), 1);
    }
}
