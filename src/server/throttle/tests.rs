use super::failures::ENTRIES_MAX;
use super::*;
use std::net::IpAddr;

const SECOND: Duration = Duration::from_secs(1);
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

/// A throttle that knows the class from this origin.
fn at_home(here: Origin) -> Throttle {
    Throttle::with_homes(class().into_iter().map(|name| (name, vec![here])))
}

#[track_caller]
fn fail(throttle: &mut Throttle, origin: Origin, name: &Username, now: Instant) {
    let attempt = throttle.begin(origin, name, now).unwrap();
    throttle.failed(&attempt);
}

#[track_caller]
fn succeed(throttle: &mut Throttle, origin: Origin, name: &Username, now: Instant) {
    let attempt = throttle.begin(origin, name, now).unwrap();
    throttle.succeeded(&attempt);
    throttle.at_home(origin, name, now);
}

fn refused(time: Duration) -> Result<(), Wait> {
    Err(Wait { time, here: false })
}

fn held(time: Duration) -> Result<(), Wait> {
    Err(Wait { time, here: true })
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
                    Ok(attempt) => {
                        throttle.failed(&attempt);
                        guesses += 1;
                    }
                    Err(wait) => break wait.time,
                }
            });
        }
        // A moment more, and a count begins anew.
        now += wait + Duration::from_millis(1);
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
fn a_pair_waits_longer_and_longer() {
    let (mut throttle, ada, mut now) = (Throttle::default(), name("ada"), Instant::now());
    for _ in 0..PAIR_FAILURES_FREE {
        fail(&mut throttle, origin(1), &ada, now);
    }
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(throttle.check(origin(1), &ada, now), refused(wait * SECOND));
        assert_eq!(throttle.check(origin(2), &ada, now), Ok(()), "elsewhere it's open");
        assert_eq!(throttle.check(origin(1), &name("bob"), now), Ok(()), "so are other accounts");
        now += wait * SECOND;
        assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "let in again after {wait} s");
        fail(&mut throttle, origin(1), &ada, now);
    }
    let mut throttle = Throttle::default();
    for _ in 1..PAIR_FAILURES_FREE {
        fail(&mut throttle, origin(1), &ada, now);
    }
    let attempt = throttle.begin(origin(1), &ada, now).unwrap();
    throttle.succeeded(&attempt);
    for _ in 1..PAIR_FAILURES_FREE {
        fail(&mut throttle, origin(1), &ada, now);
    }
    now += WINDOW + SECOND;
    fail(&mut throttle, origin(1), &ada, now);
    assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "old failures don't count");
}

#[test]
fn a_class_that_mistypes_is_let_in_and_a_machine_is_not() {
    let (mut throttle, now) = (Throttle::default(), Instant::now());
    for student in class() {
        for _ in 0..2 {
            fail(&mut throttle, origin(1), &student, now);
        }
    }
    assert_eq!(throttle.check(origin(1), &name("s29"), now), Ok(()), "the last one types it right");
    fail(&mut throttle, origin(1), &name("guess"), now);
    assert_eq!(throttle.check(origin(1), &name("more"), now), refused(WINDOW));
    assert_eq!(throttle.check(origin(2), &name("more"), now), Ok(()));
    assert_eq!(throttle.check(origin(1), &name("more"), now + WINDOW), Ok(()));
}

#[test]
fn an_owner_is_not_locked_out_at_home() {
    let (mut throttle, ada, now) = (Throttle::default(), name("ada"), Instant::now());
    succeed(&mut throttle, origin(1), &ada, now);
    for i in 0..ACCOUNT_FAILURES_MAX {
        assert_eq!(throttle.check(origin(250), &ada, now), Ok(()));
        fail(&mut throttle, origin(i as u8 + 10), &ada, now);
    }
    assert_eq!(throttle.check(origin(250), &ada, now), refused(WINDOW), "no stranger may guess any more");
    assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "but the owner gets in");
    assert_eq!(throttle.check(origin(250), &ada, now + WINDOW), Ok(()));
    succeed(&mut throttle, origin(1), &ada, now);
    assert_eq!(throttle.check(origin(250), &ada, now), Ok(()), "and ends the row");
}

#[test]
fn many_at_once_do_not_slip_past() {
    let (mut throttle, ada, now) = (Throttle::default(), name("ada"), Instant::now());
    let begun: Vec<_> = (0..20).filter_map(|_| throttle.begin(origin(1), &ada, now).ok()).collect();
    assert_eq!(begun.len(), PAIR_FAILURES_FREE as usize);
    begun.iter().for_each(|attempt| throttle.take_back(attempt));
    assert_eq!(throttle.addresses.len() + throttle.accounts.len() + throttle.pairs.len(), 0, "nothing was a failure");
    fail(&mut throttle, origin(1), &ada, now);
    let attempt = throttle.begin(origin(1), &ada, now + SECOND).unwrap();
    throttle.take_back(&attempt);
    let pair = throttle.pairs.get(&(origin(1), ada.clone())).unwrap();
    assert_eq!((pair.count, pair.last), (1, now), "as it was before");
}

#[test]
fn at_home_the_waits_are_short_and_a_days_failures_few() {
    let (mut throttle, s00, start) = (at_home(origin(1)), name("s00"), Instant::now());
    for _ in 0..PAIR_FAILURES_FREE {
        fail(&mut throttle, origin(1), &s00, start);
    }
    let mut now = start;
    for wait in [1, 2, 4, 8, 8, 8] {
        assert_eq!(throttle.check(origin(1), &s00, now), held(wait * SECOND));
        now += wait * SECOND;
        fail(&mut throttle, origin(1), &s00, now);
    }
    succeed(&mut throttle, origin(1), &s00, now + HOME_WAIT_MAX);
    assert_eq!(throttle.check(origin(1), &s00, now + HOME_WAIT_MAX), Ok(()), "the owner begins anew");
    // The success isn't among them, and hasn't wiped them out either.
    let (guesses, then) =
        guess(&mut throttle, origin(1), std::slice::from_ref(&s00), now + HOME_WAIT_MAX, WINDOW * 3 / 2);
    assert_eq!(guesses + 11, HOME_FAILURES_A_DAY);
    let Err(Wait { time, here: false }) = throttle.check(origin(1), &s00, then) else { panic!("it goes on") };
    assert!(time > WINDOW, "{time:?}");
    assert_eq!(throttle.check(origin(1), &name("s01"), then), Ok(()), "it is about one account");
    assert_eq!(throttle.check(origin(1), &s00, start + DAY + HOME_WAIT_LONG), Ok(()), "the next day");
}

/// What SECURITY.md says of the guesses at one account from one address.
#[test]
fn a_pair_at_home_gets_fewer_guesses_a_day_than_one_elsewhere() {
    let (s00, now) = ([name("s00")], Instant::now());
    let (elsewhere, _) = guess(&mut Throttle::default(), origin(1), &s00, now, DAY);
    let (home, _) = guess(&mut at_home(origin(1)), origin(1), &s00, now, DAY);
    assert_eq!((home, elsewhere), (195, 351));
    // Elsewhere it helps to pause until the count begins anew. At home it doesn't: a day has so many.
    let pausing = |mut throttle: Throttle| -> u32 {
        let turn = Duration::from_secs(128) + WINDOW;
        (0..)
            .map(|i| now + i * turn)
            .take_while(|at| *at < now + DAY)
            .fold(0, |guesses, at| guesses + guess(&mut throttle, origin(1), &s00, at, Duration::from_secs(128)).0)
    };
    assert_eq!((pausing(at_home(origin(1))), pausing(Throttle::default())), (157, 1428));
    // Nor does it help to begin just before the count begins anew.
    let mut throttle = at_home(origin(1));
    fail(&mut throttle, origin(1), &s00[0], now);
    let late = now + DAY - Duration::from_secs(20 * 60);
    let (around, _) = guess(&mut throttle, origin(1), &s00, late, DAY);
    assert_eq!(around, 292);
}

/// What SECURITY.md says of the guesses from one address behind which a class is at home: the short and the long run.
#[test]
fn an_address_gets_no_more_guesses_for_being_a_classs_home() {
    let now = Instant::now();
    let all = [invented(), class()].concat();
    let before = |time| guess(&mut Throttle::default(), origin(1), &all, now, time).0;
    let after = |time| guess(&mut at_home(origin(1)), origin(1), &all, now, time).0;
    assert_eq!((before(60 * SECOND), after(60 * SECOND)), (61, 61 + 5));
    assert_eq!((before(DAY), after(DAY)), (8784, 5343));
    // From a world of addresses none is the class's home.
    assert_eq!(guess(&mut at_home(origin(1)), origin(2), &all, now, DAY).0, before(DAY));
}

/// After each of these attacks from the class's own address all of it is in within ten seconds.
#[test]
fn a_class_gets_in_after_any_attack_from_its_own_address() {
    let (here, start) = (origin(1), Instant::now());
    let minute = 60 * SECOND;
    for (attack, names, time) in [
        ("invented names", invented(), minute),
        ("the class's own names", class(), minute),
        ("one name", vec![name("s07")], 10 * minute),
        ("all of them", [invented(), class()].concat(), 10 * minute),
    ] {
        let mut throttle = at_home(here);
        let (guesses, end) = guess(&mut throttle, here, &names, start, time);
        assert!(guesses >= 61, "{attack}: {guesses}");
        for student in class() {
            assert!(
                throttle.check(here, &student, end).map_or_else(|wait| wait.here, |()| true),
                "{attack}: {student}"
            );
            succeed(&mut throttle, here, &student, end + HOME_WAIT);
        }
    }
}

/// Whoever guesses at names that aren't at home there takes nothing from those who are.
#[test]
fn strangers_behind_the_same_address_take_nothing_from_those_at_home() {
    let (here, start) = (origin(1), Instant::now());
    let mut throttle = at_home(here);
    let (_, mut now) = guess(&mut throttle, here, &invented(), start, 60 * SECOND);
    for student in class() {
        let goes_on = guess(&mut throttle, here, &invented(), now, 3 * SECOND);
        assert_eq!(goes_on.0, 0, "they get nothing more meanwhile");
        now = goes_on.1;
        succeed(&mut throttle, here, &student, now);
    }
}

#[test]
fn at_home_behind_a_guessed_at_address_one_failure_passes_at_a_time() {
    let (here, mut now) = (origin(1), Instant::now());
    let mut throttle = at_home(here);
    invented().iter().take(61).for_each(|name| fail(&mut throttle, here, name, now));
    let [s00, s01] = [name("s00"), name("s01")];
    assert_eq!(throttle.check(here, &s00, now), held(HOME_WAIT));
    now += HOME_WAIT;
    let attempt = throttle.begin(here, &s00, now).unwrap();
    assert_eq!(throttle.check(here, &s01, now), held(UNDER_WAY_WAIT), "while it is under way");
    throttle.succeeded(&attempt);
    assert_eq!(throttle.check(here, &s01, now), Ok(()), "what succeeds costs nothing");
    fail(&mut throttle, here, &s01, now);
    assert_eq!(throttle.check(here, &s00, now), held(HOME_WAIT));
    assert_eq!(throttle.check(here, &name("nobody"), now), refused(WINDOW), "nobody else may for longer");
}

#[test]
fn who_has_failed_least_goes_first_and_who_is_in_goes_last() {
    let (here, now) = (origin(1), Instant::now());
    let mut throttle = at_home(here);
    let [clean, failed, inside] = [name("s00"), name("s01"), name("s02")];
    fail(&mut throttle, here, &failed, now);
    succeed(&mut throttle, here, &inside, now);
    let rank = |name: &Username, now| throttle.rank(here, name, now);
    assert_eq!([&clean, &failed, &inside, &name("nobody")].map(|name| rank(name, now)), [0, 1, u8::MAX, u8::MAX]);
    assert_eq!(rank(&inside, now + 60 * SECOND), 0);
    assert_eq!(throttle.rank(origin(2), &clean, now), u8::MAX);
}

#[test]
fn homes_are_told_bounded_and_forgotten() {
    let (mut throttle, ada, now) = (Throttle::default(), name("ada"), Instant::now());
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
fn tables_are_bounded() {
    let (mut throttle, now) = (Throttle::default(), Instant::now());
    for i in 0..2 * ENTRIES_MAX as u32 {
        let address: Origin = IpAddr::from(i.to_be_bytes()).into();
        fail(&mut throttle, address, &name(&format!("n{i}")), now + Duration::from_millis(i.into()));
    }
    assert_eq!(throttle.pairs.len(), ENTRIES_MAX);
    assert_eq!(throttle.addresses.len(), ENTRIES_MAX);
    assert_eq!(throttle.accounts.len(), ENTRIES_MAX);
}
