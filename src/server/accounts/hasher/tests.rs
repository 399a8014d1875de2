use super::*;
use crate::server::accounts::wait::Wait;
use std::sync::atomic::AtomicUsize;
use std::thread;

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn may(_: Instant) -> Result<(), Wait> {
    Ok(())
}

fn own_turn(hasher: &Hasher) -> Turn<'_> {
    hasher.turn(&Client::own(&name("ada")), may).unwrap()
}
#[test]
fn hashes_verify_and_read_back() {
    let hasher = Hasher::new(ROUNDS_MIN);
    let turn = own_turn(&hasher);
    let stored = turn.hash("correct horse");
    assert!(stored.to_string().starts_with("$pbkdf2-sha256$i=1000,l=32$"));
    assert_eq!(StoredPassword::parse(&stored.to_string(), true), Some(stored.clone()));
    assert!(turn.verify("correct horse", Some(&stored)));
    assert!(!turn.verify("correct horsf", Some(&stored)));
    assert!(!turn.verify("", None));
    assert_ne!(turn.hash("correct horse"), stored, "each hash has its own salt");
}

#[test]
fn the_old_form() {
    // The SHA-256 of "password".
    let text = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
    let stored = StoredPassword::parse(text, false).unwrap();
    assert_eq!(stored.to_string(), text);
    let hasher = Hasher::new(ROUNDS_MIN);
    let turn = own_turn(&hasher);
    assert!(turn.verify("password", Some(&stored)));
    assert!(!turn.verify("Password", Some(&stored)));
}

#[test]
fn turns_are_taken_one_after_the_other() {
    let hasher = Hasher::new(ROUNDS_MIN);
    let places = lock(&hasher.queue).free;
    let turns: Vec<_> = (0..places).map(|_| own_turn(&hasher)).collect();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| drop(own_turn(&hasher)));
        while lock(&hasher.queue).line.len() <= places {
            thread::yield_now();
        }
        assert!(!waiter.is_finished());
        drop(turns);
        waiter.join().unwrap();
    });
    let ada = name("ada");
    let client = Client::own(&ada);
    let waiting: Vec<_> = (0..WAITING_MAX).map(|_| hasher.join(&client).unwrap()).collect();
    assert_eq!(hasher.turn(&client, may).map(drop), Err(NoTurn::Crowded));
    drop(waiting);
    let queue = lock(&hasher.queue);
    assert_eq!((queue.free, queue.line.len(), queue.bells.len()), (places, 0, 0));
}

#[test]
fn nobody_hashes_for_who_is_gone() {
    let hasher = Hasher::new(ROUNDS_MIN);
    let places = lock(&hasher.queue).free;
    let ada = name("ada");
    let is_there = AtomicBool::new(true);
    let look = || is_there.load(Ordering::Relaxed);
    let client = Client { is_there: &look, ..Client::own(&ada) };
    let asked = AtomicBool::new(false);
    let permit = |_| {
        asked.store(true, Ordering::Relaxed);
        Ok(())
    };
    // Whose turn has come.
    is_there.store(false, Ordering::Relaxed);
    assert_eq!(hasher.turn(&client, permit).map(drop), Err(NoTurn::Gone));
    // Who goes while the others have theirs.
    is_there.store(true, Ordering::Relaxed);
    let turns: Vec<_> = (0..places).map(|_| own_turn(&hasher)).collect();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| hasher.turn(&client, permit).map(drop));
        while lock(&hasher.queue).line.len() <= places {
            thread::yield_now();
        }
        is_there.store(false, Ordering::Relaxed);
        assert_eq!(waiter.join().unwrap(), Err(NoTurn::Gone));
    });
    assert!(!asked.load(Ordering::Relaxed), "it doesn't count as a guess");
    drop(turns);
    let queue = lock(&hasher.queue);
    assert_eq!((queue.free, queue.line.len()), (places, 0));
}

#[test]
fn nobody_waits_past_the_deadline() {
    let hasher = Hasher::new(ROUNDS_MIN);
    let places = lock(&hasher.queue).free;
    let _turns: Vec<_> = (0..places).map(|_| own_turn(&hasher)).collect();
    let ada = name("ada");
    let client = Client { deadline: Some(Instant::now() + Duration::from_millis(20)), ..Client::own(&ada) };
    assert_eq!(hasher.turn(&client, may).map(drop), Err(NoTurn::Crowded));
    assert_eq!(lock(&hasher.queue).line.len(), places);
}

#[test]
fn who_may_wait_here_gets_the_turn_when_it_is_time_or_earlier_if_recalled() {
    let hasher = Hasher::new(ROUNDS_MIN);
    let (ada, hour) = (name("ada"), Duration::from_secs(3600));
    let client = Client { deadline: Some(Instant::now() + 2 * hour), ..Client::own(&ada) };
    let open = AtomicBool::new(false);
    let permit = |time, here| {
        let open = &open;
        move |_| if open.load(Ordering::Relaxed) { Ok(()) } else { Err(Wait { time, here }) }
    };
    assert_eq!(hasher.turn(&client, permit(hour, false)).map(drop), Err(NoTurn::TryLater(hour)), "not here");
    assert_eq!(hasher.turn(&client, permit(3 * hour, true)).map(drop), Err(NoTurn::TryLater(3 * hour)), "too long");
    // It comes back each millisecond, and leaves the place to others meanwhile.
    for wait in [Duration::from_millis(1), hour] {
        open.store(false, Ordering::Relaxed);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| hasher.turn(&client, permit(wait, true)).map(drop));
            while lock(&hasher.queue).line.len() == 0 {
                thread::yield_now();
            }
            drop(own_turn(&hasher));
            open.store(true, Ordering::Relaxed);
            hasher.recall(client.origin);
            assert_eq!(waiter.join().unwrap(), Ok(()));
        });
    }
}

/// How long it takes.
fn time(what: impl Fn()) -> f64 {
    let start = Instant::now();
    what();
    start.elapsed().as_secs_f64()
}

/// With rounds that were changed up, and down.
#[test]
fn whatever_is_wrong_costs_what_the_dearest_costs() {
    const MANY: u32 = 30 * ROUNDS_MIN;
    /// A busy machine makes some longer, and none shorter: the least is compared, of as many as it takes.
    const TRIES_MAX: usize = 200;
    let (cheap, dear) = (StoredPassword::hash("x", ROUNDS_MIN), StoredPassword::hash("x", MANY));
    let legacy = StoredPassword::Legacy([7; 32]);
    for (rounds, stored) in [(MANY, vec![&cheap, &legacy]), (ROUNDS_MIN, vec![&cheap, &legacy, &dear])] {
        let hasher = Hasher::new(rounds);
        hasher.cover(stored.iter().copied());
        let turn = own_turn(&hasher);
        let wrong = [("the dearest", Some(&dear)), ("no account", None), ("few", Some(&cheap)), ("old", Some(&legacy))];
        let mut least = [f64::INFINITY; 4];
        let alike = |least: &[f64; 4]| least.iter().all(|time| (0.7..1.4).contains(&(time / least[0])));
        for _ in 0..TRIES_MAX {
            for ((_, stored), least) in wrong.iter().zip(&mut least) {
                *least = least.min(time(|| assert!(!turn.verify("wrong", *stored))));
            }
            if alike(&least) {
                break;
            }
        }
        assert!(
            alike(&least),
            "{rounds} rounds: {:?}",
            wrong.map(|(what, _)| what).iter().zip(least).collect::<Vec<_>>()
        );
        assert!(turn.verify("x", Some(&cheap)));
        assert_eq!((hasher.outgrows(&cheap), hasher.outgrows(&legacy)), (rounds > ROUNDS_MIN, true));
    }
}

/// A hash as it was made before passwords had one form.
fn of_before(password: &str) -> StoredPassword {
    let hash = own_turn(&Hasher::new(ROUNDS_MIN)).hash(password);
    StoredPassword::parse(&hash.to_string(), false).unwrap()
}

/// Whether there is no account, it has a hash of before, or a new one: a password with two forms is compared twice, as
/// long as any hash of before is stored, and then never again.
#[test]
fn what_is_wrong_is_compared_in_as_many_forms_whoever_it_is() {
    let hasher = Hasher::new(ROUNDS_MIN);
    let (old, new) = (of_before("x"), own_turn(&hasher).hash("x"));
    let turns = |password: &str, stored: Option<&StoredPassword>| {
        let (ada, asked) = (name("ada"), AtomicUsize::new(0));
        let is_there = || asked.fetch_add(1, Ordering::Relaxed) < usize::MAX;
        let client = Client { is_there: &is_there, ..Client::own(&ada) };
        let turn = hasher.turn(&client, may).unwrap();
        assert!(!turn.compare(&client, password, stored).unwrap().1);
        asked.into_inner()
    };
    for (stored, expected) in [(vec![&old, &new], 2), (vec![&new], 1)] {
        hasher.cover(stored.into_iter());
        for account in [None, Some(&old), Some(&new)] {
            assert_eq!([turns("bl\u{fc}te", account), turns("bloom", account)], [expected, 1]);
        }
    }
}

#[test]
fn another_form_waits_behind_whoever_waits() {
    let hasher = Hasher::new(ROUNDS_MIN);
    lock(&hasher.queue).free = 1;
    let old = of_before("x");
    hasher.cover([&old].into_iter());
    let (ada, bob) = (name("ada"), name("bob"));
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let client = Client::own(&ada);
        let turn = hasher.turn(&client, may).unwrap();
        scope.spawn(|| {
            let turn = hasher.turn(&Client::own(&bob), may).unwrap();
            lock(&order).push("bob");
            drop(turn);
        });
        while lock(&hasher.queue).line.len() < 2 {
            thread::yield_now();
        }
        let (turn, right) = turn.compare(&client, "bl\u{fc}te", Some(&old)).unwrap();
        lock(&order).push("ada");
        drop(turn);
        assert!(!right);
    });
    assert_eq!(*lock(&order), ["bob", "ada"]);
}
