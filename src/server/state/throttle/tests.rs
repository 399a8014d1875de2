use super::table::ENTRIES_MAX;
use super::*;
use std::net::IpAddr;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A class behind one address.
const CLASS: usize = 30;

fn origin(last: u8) -> Origin {
    IpAddr::from([192, 0, 2, last]).into()
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn class() -> Vec<Username> {
    (0..CLASS).map(|i| name(&format!("s{i:02}"))).collect()
}

/// A throttle that knows nobody.
fn new() -> Throttle {
    Throttle::with_homes([])
}

/// A throttle that knows the class from this origin.
fn at_home(here: Origin) -> Throttle {
    Throttle::with_homes(class().into_iter().map(|name| (name, vec![here])))
}

#[track_caller]
fn fail(throttle: &mut Throttle, origin: Origin, name: &Username, now: Instant) {
    let _counted = throttle.begin(origin, name, now).unwrap();
}

#[track_caller]
fn succeed(throttle: &mut Throttle, origin: Origin, name: &Username, now: Instant) {
    let attempt = throttle.begin(origin, name, now).unwrap();
    throttle.succeeded(&attempt, now);
    throttle.at_home(origin, name, now);
}

fn held(seconds: u32) -> Result<(), Wait> {
    Err(Wait { time: seconds * SECOND, here: true })
}

/// Guesses for so long, at all of these and as soon as any may be guessed at; gives how many guesses were answered and
/// the time then.
fn guess(throttle: &mut Throttle, here: Origin, names: &[Username], start: Instant, time: Duration) -> (u32, Instant) {
    let (mut now, mut guesses) = (start, 0);
    loop {
        let mut wait = time;
        for name in names {
            wait = wait.min(loop {
                match throttle.begin(here, name, now) {
                    Ok(_counted) => guesses += 1,
                    Err(wait) => break wait.time,
                }
            });
        }
        now += wait;
        if now >= start + time {
            return (guesses, start + time);
        }
    }
}

/// Names that nobody has, more than an address can try.
fn invented() -> Vec<Username> {
    (0..200).map(|i| name(&format!("n{i}"))).collect()
}

#[test]
fn a_pair_has_five_tries_and_then_one_at_a_time() {
    for mut throttle in [new(), at_home(origin(1))] {
        let (s00, mut now) = (name("s00"), Instant::now());
        (0..5).for_each(|_| fail(&mut throttle, origin(1), &s00, now));
        for _ in 0..9 {
            assert_eq!(throttle.check(origin(1), &s00, now), held(8));
            assert_eq!(throttle.check(origin(2), &s00, now), Ok(()), "elsewhere it's open");
            assert_eq!(throttle.check(origin(1), &name("s01"), now), Ok(()), "so are other accounts");
            now += 8 * SECOND;
            fail(&mut throttle, origin(1), &s00, now);
        }
        succeed(&mut throttle, origin(1), &s00, now + 8 * SECOND);
        (0..5).for_each(|_| fail(&mut throttle, origin(1), &s00, now + 8 * SECOND));
        assert_eq!(throttle.check(origin(1), &s00, now + 8 * SECOND), held(8), "the owner begins anew");
        let later = now + MINUTE;
        (0..5).for_each(|_| fail(&mut throttle, origin(1), &s00, later));
    }
}

#[test]
fn a_class_that_mistypes_is_let_in_and_a_machine_is_slowed() {
    let (mut throttle, now) = (new(), Instant::now());
    for student in class() {
        (0..2).for_each(|_| fail(&mut throttle, origin(1), &student, now));
    }
    assert_eq!(throttle.check(origin(1), &name("s29"), now), held(5), "the sixty-first");
    assert_eq!(throttle.check(origin(2), &name("s29"), now), Ok(()));
    fail(&mut throttle, origin(1), &name("guess"), now + 5 * SECOND);
    assert_eq!(throttle.check(origin(1), &name("more"), now + 5 * SECOND), held(5));
}

#[test]
fn an_owner_is_not_kept_waiting_at_home() {
    let (mut throttle, ada, now) = (new(), name("ada"), Instant::now());
    succeed(&mut throttle, origin(1), &ada, now);
    for i in 0..100 {
        assert_eq!(throttle.check(origin(250), &ada, now), Ok(()));
        fail(&mut throttle, origin(i + 10), &ada, now);
    }
    assert_eq!(throttle.check(origin(250), &ada, now), held(6), "strangers share one guess");
    assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "but the owner gets in");
    succeed(&mut throttle, origin(1), &ada, now);
    assert_eq!(throttle.check(origin(250), &ada, now), Ok(()), "and ends the row");
}

#[test]
fn many_at_once_do_not_slip_past() {
    for mut throttle in [new(), at_home(origin(1))] {
        let (s00, now) = (name("s00"), Instant::now());
        let begun: Vec<_> = (0..20).filter_map(|_| throttle.begin(origin(1), &s00, now).ok()).collect();
        assert_eq!(begun.len(), 5);
        begun.iter().for_each(|attempt| throttle.take_back(attempt, now));
        assert_eq!(throttle.addresses.len() + throttle.accounts.len() + throttle.pairs.len(), 0, "nothing is left");
        assert_eq!((0..20).filter_map(|_| throttle.begin(origin(1), &s00, now).ok()).count(), 5);
    }
}

/// What SECURITY.md says, of one account and of all, in ten minutes, an hour and a day.
#[test]
fn a_day_has_so_many_guesses() {
    let now = Instant::now();
    let count = |throttle: fn() -> Throttle, names: &[Username]| {
        [10 * MINUTE, HOUR, DAY].map(|time| guess(&mut throttle(), origin(1), names, now, time).0)
    };
    let here = || at_home(origin(1));
    let s00 = [name("s00")];
    assert_eq!(count(here, &s00), [79, 399, 1319]);
    assert_eq!(count(new, &s00), count(here, &s00));
    let all = [invented(), class()].concat();
    assert_eq!(count(here, &all), [179, 779, 8699]);
    assert_eq!(count(new, &all), count(here, &all));
    // From a world of addresses at one account.
    let world = |time: Duration| {
        let (mut throttle, mut guesses, mut at) = (new(), 0_u32, now);
        while at < now + time {
            // Each time from another address.
            let from: Origin = IpAddr::from(guesses.to_be_bytes()).into();
            match throttle.begin(from, &s00[0], at) {
                Ok(_counted) => guesses += 1,
                Err(wait) => at += wait.time,
            }
        }
        guesses
    };
    assert_eq!([10 * MINUTE, HOUR, DAY].map(world), [199, 699, 8199]);
}

/// Nor does it help to pause, or to begin just before a count begins anew: there is no such moment.
#[test]
fn pauses_bring_no_more_guesses() {
    let (now, s00) = (Instant::now(), [name("s00")]);
    let steady = guess(&mut at_home(origin(1)), origin(1), &s00, now, DAY).0;
    for (work, pause) in [(MINUTE, 10 * MINUTE), (HOUR, HOUR), (10 * MINUTE, 3 * HOUR)] {
        let mut throttle = at_home(origin(1));
        let turns = (0..).map(|i| now + i * (work + pause)).take_while(|at| *at + work < now + DAY);
        let guesses: u32 = turns.map(|at| guess(&mut throttle, origin(1), &s00, at, work).0).sum();
        assert!(guesses <= steady, "{guesses} with pauses, {steady} without");
    }
}

/// After each of these attacks from the class's own address all of it is in within ten seconds, at home there or not.
#[test]
fn a_class_gets_in_after_any_attack_from_its_own_address() {
    let (here, start) = (origin(1), Instant::now());
    for (attack, names, time) in [
        ("invented names", invented(), MINUTE),
        ("the class's own names", class(), MINUTE),
        ("one name, for a lesson", vec![name("s07")], 45 * MINUTE),
        ("all of them, for two hours", [invented(), class()].concat(), 2 * HOUR),
    ] {
        for mut throttle in [new(), at_home(here)] {
            let (guesses, end) = guess(&mut throttle, here, &names, start, time);
            assert!(guesses >= 12, "{attack}: {guesses}");
            let mut now = end;
            let mut waiting = class();
            while !waiting.is_empty() {
                // Each as soon as they may, the others in the meantime.
                waiting.retain(|student| match throttle.begin(here, student, now) {
                    Ok(attempt) => {
                        throttle.succeeded(&attempt, now);
                        false
                    }
                    Err(wait) => {
                        assert!(wait.here, "{attack}: {student} is sent away");
                        true
                    }
                });
                now += SECOND / 10;
                assert!(now < end + 9 * SECOND, "{attack}: {waiting:?} wait for longer than a pair's pace");
            }
        }
    }
}

#[test]
fn behind_a_guessed_at_address_one_guess_passes_at_a_time() {
    let (here, now) = (origin(1), Instant::now());
    let mut throttle = at_home(here);
    invented().iter().take(60).for_each(|name| fail(&mut throttle, here, name, now));
    let [s00, s01] = [name("s00"), name("s01")];
    assert_eq!(throttle.check(here, &s00, now), held(5));
    let now = now + 5 * SECOND;
    let attempt = throttle.begin(here, &s00, now).unwrap();
    assert_eq!(throttle.check(here, &s01, now), held(5), "while it is under way");
    throttle.succeeded(&attempt, now);
    assert_eq!(throttle.check(here, &s01, now), Ok(()), "what is right costs nothing");
    fail(&mut throttle, here, &s01, now);
    assert_eq!(throttle.check(here, &s00, now), held(5));
}

#[test]
fn who_must_wait_for_long_is_sent_away() {
    let (mut throttle, now) = (at_home(origin(1)), Instant::now());
    let (_, end) = guess(&mut throttle, origin(1), &[name("s00")], now, 2 * HOUR + MINUTE);
    let Err(Wait { time, here: false }) = throttle.check(origin(1), &name("s00"), end) else { panic!("it is held") };
    assert!(time <= 90 * SECOND, "{time:?}");
    let here = |left: Duration| throttle.check(origin(1), &name("s00"), end + time - left).unwrap_err().here;
    assert!(here(12 * SECOND) && !here(13 * SECOND));
    assert_eq!(throttle.check(origin(1), &name("s01"), end), Ok(()), "it is about one account");
}

#[test]
fn those_at_home_go_first_and_who_was_guessed_at_least() {
    let (here, now) = (origin(1), Instant::now());
    let mut throttle = at_home(here);
    let [clean, failed, inside, stranger, guessed] = ["s00", "s01", "s02", "eve", "mallory"].map(name);
    fail(&mut throttle, here, &failed, now);
    (0..2).for_each(|_| fail(&mut throttle, here, &guessed, now));
    succeed(&mut throttle, here, &inside, now);
    let rank = |name: &Username, now| throttle.rank(here, name, now);
    assert_eq!([&clean, &failed, &inside, &stranger, &guessed].map(|name| rank(name, now)), [0, 1, 127, 128, 130]);
    assert_eq!(rank(&inside, now + MINUTE), 0);
    assert_eq!(throttle.rank(origin(2), &clean, now), 128);
    let (_, end) = guess(&mut throttle, here, &[failed.clone(), guessed.clone()], now, 8 * HOUR);
    assert_eq!([&failed, &guessed].map(|name| throttle.rank(here, name, end)), [126, 254], "whatever was tried");
}

#[test]
fn homes_are_told_bounded_and_forgotten() {
    let (mut throttle, ada, now) = (new(), name("ada"), Instant::now());
    assert_eq!(throttle.at_home(origin(0), &ada, now), Some(vec![origin(0)]));
    assert_eq!(throttle.at_home(origin(0), &ada, now), None, "it is known");
    for i in 1..=HOMES_PER_ACCOUNT_MAX as u8 {
        throttle.at_home(origin(0), &ada, now);
        throttle.at_home(origin(i), &ada, now);
    }
    let known = |origin| throttle.home(origin, &ada).is_some();
    assert!(known(origin(0)) && !known(origin(1)), "the one unused for longest makes way");
    assert_eq!(throttle.homes[&ada].len(), HOMES_PER_ACCOUNT_MAX);
    throttle.forget(&ada);
    assert!(throttle.home(origin(0), &ada).is_none());
}

#[test]
fn nobody_waits_for_what_was_guessed_at_an_older_account_of_the_name() {
    let (mut throttle, [ada, bob], now) = (new(), ["ada", "bob"].map(name), Instant::now());
    for name in [&ada, &bob] {
        (0..5).for_each(|_| fail(&mut throttle, origin(0), name, now));
        assert!(throttle.check(origin(0), name, now).is_err());
    }
    throttle.forget(&ada);
    assert_eq!(throttle.check(origin(0), &ada, now), Ok(()));
    assert!(throttle.check(origin(0), &bob, now).is_err(), "others do");
}

#[test]
fn tables_are_bounded() {
    let (mut throttle, now) = (new(), Instant::now());
    for i in 0..ENTRIES_MAX as u32 + 100 {
        let address: Origin = IpAddr::from(i.to_be_bytes()).into();
        fail(&mut throttle, address, &name(&format!("n{i}")), now + Duration::from_millis(i.into()));
    }
    assert_eq!(throttle.pairs.len(), ENTRIES_MAX);
    assert_eq!(throttle.addresses.len(), ENTRIES_MAX);
    assert_eq!(throttle.accounts.len(), ENTRIES_MAX);
}
