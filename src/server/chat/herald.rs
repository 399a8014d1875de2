//! The herald: has comings and goings told, at once or when they have settled, and the timeline take note of the others.
//!
//! Everything about one account happens under its lock, so that the timeline's `joined` and `left` alternate.

use super::delivery::Delivery;
use super::presence::{Move, Presence};
use super::session::Session;
use crate::protocol::{Reason, Username};
use crate::server::accounts::Standing;
use crate::server::timeline::{Ticket, Timeline, What};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, Condvar, Mutex, lock};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::PoisonError;
use std::time::Instant;

/// The stack of its thread, which appends a line now and then.
const STACK_BYTES: usize = 128 * 1024;

/// Who tells.
#[derive(Debug)]
pub(super) struct Herald {
    timeline: Arc<Timeline>,
    delivery: Arc<Delivery>,
    desk: Mutex<Desk>,
    /// Told when somebody has become unsettled, and at the end.
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// An account that is there, and who its owner is.
pub(crate) type Person<'a> = (&'a Username, &'a Arc<Standing>);

#[derive(Debug, Default)]
struct Desk {
    presence: Presence,
    /// Whom everyone was told to be there.
    told: BTreeMap<Username, Arc<Standing>>,
    /// The accounts that ever came, to tell who their owners are. No more than there are accounts.
    people: HashMap<Username, Arc<Standing>>,
    /// Nothing more is told.
    stopped: bool,
}

impl Herald {
    /// Starts its thread. Nobody is there yet.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(timeline: &Arc<Timeline>, delivery: &Arc<Delivery>) -> io::Result<Arc<Self>> {
        let (timeline, delivery) = (Arc::clone(timeline), Arc::clone(delivery));
        let (desk, changed) = (Mutex::default(), Condvar::new());
        let herald = Arc::new(Self { timeline, delivery, desk, changed, thread: Mutex::new(None) });
        let theirs = Arc::clone(&herald);
        let builder = thread::Builder::new().name("herald".into()).stack_size(STACK_BYTES);
        *lock(&herald.thread) = Some(builder.spawn(move || theirs.run())?);
        Ok(herald)
    }

    /// An account came online, with this session.
    pub(crate) fn came(&self, session: &Session) -> Ticket {
        lock(&self.desk).people.insert(session.name.clone(), Arc::clone(session.mandate.standing()));
        self.change(&session.name, Move::Came)
    }

    /// An account went.
    pub(crate) fn went(&self, name: &Username, reason: Reason) -> Ticket {
        self.change(name, Move::Went(reason))
    }

    /// Tells now what an account did last, if that isn't told yet.
    pub(super) fn insist(&self, name: &Username) -> Ticket {
        let mut desk = lock(&self.desk);
        let news = if desk.stopped { None } else { desk.presence.insist(name, Instant::now()) };
        news.map_or_else(|| self.timeline.now(), |what| self.timeline.announce(desk.tell(name.clone(), what)))
    }

    /// Whom everyone was told to be there, and this account, if one is given: as many as `fit` takes, and how many there are beyond.
    pub(crate) fn told(
        &self,
        own: Option<Person<'_>>,
        fit: impl Fn(&mut dyn Iterator<Item = Person<'_>>) -> Vec<(Username, Arc<Standing>)>,
    ) -> (Vec<(Username, Arc<Standing>)>, usize) {
        lock(&self.desk).told(own, fit)
    }

    /// Forgets an account that is deleted: who owned it, and how often it came and went.
    pub(super) fn forget(&self, name: &Username) {
        let mut desk = lock(&self.desk);
        if desk.people.get(name).is_some_and(|standing| standing.is_deleted()) {
            desk.people.remove(name);
            desk.presence.forgive(name);
        }
    }

    /// From now on it tells nothing.
    pub(crate) fn stop(&self) {
        lock(&self.desk).stopped = true;
        self.changed.notify_all();
        if lock(&self.thread).take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the herald's thread panicked");
        }
    }

    fn change(&self, name: &Username, what: Move) -> Ticket {
        let mut desk = lock(&self.desk);
        let before = desk.presence.unsettled();
        if desk.presence.change(name, what, Instant::now()) {
            return self.timeline.announce(desk.tell(name.clone(), what));
        }
        if desk.presence.unsettled() > before {
            self.changed.notify_all();
        }
        self.timeline.note(match what {
            Move::Came => What::Came(name.clone()),
            Move::Went(_) => What::Went(name.clone()),
        })
    }

    /// Tells what has settled, until the end.
    fn run(&self) {
        let mut desk = lock(&self.desk);
        while !desk.stopped {
            let now = Instant::now();
            let news = desk.presence.settled(now);
            if !news.is_empty() {
                news.into_iter().for_each(|(name, what)| drop(self.timeline.announce(desk.tell(name, what))));
                drop(desk);
                // What can't be written is told later.
                let _ = self.timeline.commit(&self.timeline.now());
                self.delivery.wake();
                desk = lock(&self.desk);
                continue;
            }
            desk = match desk.presence.next_due(now) {
                Some(due) => {
                    let wait = self.changed.wait_timeout(desk, due.saturating_duration_since(now));
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Desk {
    /// The event that tells it.
    fn tell(&mut self, name: Username, what: Move) -> What {
        match what {
            Move::Came => {
                let owner = self.people.get(&name).cloned();
                let profile = owner.as_ref().map(|standing| standing.profile()).unwrap_or_default();
                self.told.extend(owner.map(|standing| (name.clone(), standing)));
                What::Joined(name, profile)
            }
            Move::Went(reason) => {
                self.told.remove(&name);
                What::Left(name, reason)
            }
        }
    }

    /// As [`Herald::told`].
    fn told(
        &self,
        own: Option<Person<'_>>,
        fit: impl Fn(&mut dyn Iterator<Item = Person<'_>>) -> Vec<(Username, Arc<Standing>)>,
    ) -> (Vec<(Username, Arc<Standing>)>, usize) {
        let people = fit(&mut self.people_told(own));
        // Counted without a walk through all of them, which each newcomer of a crowd would pay for.
        let untold = own.is_some_and(|(name, _)| !self.told.contains_key(name));
        let more = self.told.len() + usize::from(untold) - people.len();
        (people, more)
    }

    /// Whom everyone was told to be there, and this account, if one is given; sorted.
    fn people_told<'a>(&'a self, own: Option<Person<'a>>) -> impl Iterator<Item = Person<'a>> {
        let (before, after) = match own {
            Some((own, _)) => ((Unbounded, Excluded(own)), Some((Excluded(own), Unbounded))),
            None => ((Unbounded, Unbounded), None),
        };
        let told = |bounds| self.told.range::<Username, _>(bounds);
        told(before).chain(own).chain(after.into_iter().flat_map(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Profile;
    use crate::server::accounts::State;

    #[test]
    fn the_people_are_those_that_were_told_and_oneself() {
        let name = |text| Username::parse(text).unwrap();
        let standing = Arc::new(Standing::new(State::default(), Profile::default()));
        let mut desk = Desk::default();
        for who in ["bob", "dan", "eve"] {
            desk.people.insert(name(who), Arc::clone(&standing));
            desk.tell(name(who), Move::Came);
        }
        desk.tell(name("eve"), Move::Went(Reason::Logout));
        let names = |own: Option<&Username>| -> Vec<_> {
            desk.people_told(own.map(|own| (own, &standing))).map(|(name, _)| name.to_string()).collect()
        };
        assert_eq!(names(Some(&name("ada"))), ["ada", "bob", "dan"]);
        assert_eq!(names(Some(&name("bob"))), ["bob", "dan"]);
        assert_eq!(names(Some(&name("cat"))), ["bob", "cat", "dan"]);
        assert_eq!(names(None), ["bob", "dan"]);
        // How many there are beyond those for whom there is room.
        let more = |own: Option<&Username>| {
            let fit = |people: &mut dyn Iterator<Item = Person<'_>>| {
                people.take(1).map(|(name, owner)| (name.clone(), Arc::clone(owner))).collect()
            };
            desk.told(own.map(|own| (own, &standing)), fit).1
        };
        assert_eq!((more(Some(&name("ada"))), more(Some(&name("bob"))), more(None)), (2, 1, 1));
    }
}
