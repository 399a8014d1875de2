//! How many couriers are out, and who waits for one: each is a thread, and a machine has so many. Whoever is behind while all
//! are out waits for the first that is back.

use crate::sync::{Mutex, lock};
use std::collections::VecDeque;

/// The couriers, and the line before their door.
#[derive(Debug)]
pub(super) struct Couriers<T>(Mutex<Line<T>>);

#[derive(Debug)]
struct Line<T> {
    max: usize,
    out: usize,
    /// No more than there are sessions: each stands here once, since it is a courier's until one has brought it back.
    waiting: VecDeque<T>,
}

impl<T: Clone> Couriers<T> {
    /// As many as are asked for, until somebody says how many there may be.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Line { max: usize::MAX, out: 0, waiting: VecDeque::new() }))
    }

    /// There may be so many from now on; those that are out beyond that come back first.
    pub(super) fn set_max(&self, max: usize) {
        lock(&self.0).max = max.max(1);
    }

    /// Whether one may go out for a session now. Else the session waits for one that comes back.
    pub(super) fn may_go(&self, session: &T) -> bool {
        let mut line = lock(&self.0);
        let may = line.out < line.max;
        if may {
            line.out += 1;
        } else {
            line.waiting.push_back(session.clone());
        }
        may
    }

    /// For whom a courier that is back goes out next. None when it doesn't.
    pub(super) fn next(&self) -> Option<T> {
        let mut line = lock(&self.0);
        let next = if line.out <= line.max { line.waiting.pop_front() } else { None };
        if next.is_none() {
            line.out -= 1;
        }
        next
    }

    /// Held by each that is out: one that panics isn't out any more either.
    pub(super) fn out(&self) -> Out<'_, T> {
        Out(self)
    }

    /// One couldn't go out: there is no thread. Whether the session waits for another, of whom there must be one.
    pub(super) fn could_not_go(&self, session: &T) -> bool {
        let mut line = lock(&self.0);
        line.out -= 1;
        let others = line.out > 0;
        if others {
            line.waiting.push_back(session.clone());
        }
        others
    }
}

/// A courier's way.
pub(super) struct Out<'a, T>(&'a Couriers<T>);

impl<T> Drop for Out<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.0).out -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// Couriers, all of whom are out, for 1 and 2.
    fn two_out() -> Couriers<u8> {
        let couriers = Couriers::new();
        couriers.set_max(2);
        assert!(couriers.may_go(&1) && couriers.may_go(&2));
        couriers
    }

    #[test]
    fn whoever_is_behind_while_all_are_out_waits_for_the_first_that_is_back() {
        let couriers = two_out();
        assert!(!couriers.may_go(&3) && !couriers.may_go(&4));
        assert_eq!((couriers.next(), couriers.next()), (Some(3), Some(4)), "in their order");
        assert_eq!((couriers.next(), couriers.next()), (None, None));
        assert!(couriers.may_go(&5) && couriers.may_go(&6) && !couriers.may_go(&7), "both are back");
    }

    #[test]
    fn with_a_lower_bound_those_beyond_it_come_back_first_and_with_a_higher_one_more_go_out() {
        let couriers = two_out();
        couriers.set_max(1);
        assert!(!couriers.may_go(&3));
        assert_eq!((couriers.next(), couriers.next()), (None, Some(3)));
        couriers.set_max(0);
        assert_eq!(couriers.next(), None);
        assert!(couriers.may_go(&4), "there is always one");
        couriers.set_max(2);
        assert!(couriers.may_go(&5) && !couriers.may_go(&6));
    }

    #[test]
    fn one_that_panics_is_not_out_any_more() {
        let couriers = two_out();
        drop(couriers.out());
        assert!(!couriers.may_go(&3), "who comes back says so by itself");
        let panics = || {
            let _out = couriers.out();
            panic!("on purpose");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(couriers.may_go(&4));
    }

    #[test]
    fn without_a_thread_one_waits_for_another_courier_if_there_is_one() {
        let couriers = two_out();
        assert!(couriers.could_not_go(&2));
        assert_eq!(couriers.next(), Some(2));
        assert_eq!(couriers.next(), None);
        assert!(couriers.may_go(&5));
        assert!(!couriers.could_not_go(&5), "nobody would ever come for it");
        assert!(couriers.may_go(&6) && couriers.may_go(&7), "and it is counted no more");
    }
}
