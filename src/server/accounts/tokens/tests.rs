use super::*;
use crate::server::config::notices;
use std::fs;
use std::path::PathBuf;

const GENERATION: u32 = 7;

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("tokens.jsonl")
    }

    fn open_at(&self, now: Timestamp) -> Tokens {
        let state = State { generation: GENERATION, ..State::default() };
        let state = |owner: &Username| (*owner != name("gone")).then_some(state);
        Tokens::open(&self.path(), &now.into(), notices::channel().0, state).unwrap()
    }

    fn open(&self) -> Tokens {
        self.open_at(now())
    }

    fn lines(&self) -> usize {
        fs::read_to_string(self.path()).unwrap().lines().count()
    }
}

fn issue(tokens: &Tokens, owner: &str, now: Timestamp) -> (Secret, TokenId) {
    let (token, id) = Tokens::make();
    tokens.keep(&name(owner), (id, &Arc::default()), (GENERATION, false), &now.into());
    (token, id)
}

fn valid(tokens: &Tokens, owner: &str, token: &Secret, now: Timestamp) -> bool {
    tokens.redeem(&name(owner), GENERATION, (token.expose(), false), &now.into()).is_some()
}

fn redeemed(tokens: &Tokens, token: &Secret, generation: u32) -> Option<TokenId> {
    tokens.redeem(&name("ada"), generation, (token.expose(), false), &now().into()).map(|(id, _)| id)
}

#[test]
fn valid_for_its_owner_until_revoked_or_old() {
    let folder = Folder::new();
    let tokens = folder.open();
    let (token, id) = issue(&tokens, "ada", now());
    assert_eq!(redeemed(&tokens, &token, GENERATION), Some(id));
    assert!(!valid(&tokens, "bob", &token, now()));
    assert!(!valid(&tokens, "ada", &String::new().into(), now()));
    let later = now() + TOKEN_LIFETIME;
    assert!(valid(&tokens, "ada", &token, later));
    assert!(valid(&tokens, "ada", &token, later + TOKEN_LIFETIME), "each use renews it");
    assert!(!valid(&tokens, "ada", &token, later + TOKEN_LIFETIME * 3));
    let (token, id) = issue(&tokens, "ada", now());
    assert_eq!(redeemed(&tokens, &token, GENERATION + 1), None);
    tokens.keep(&name("ada"), (id, &Arc::default()), (GENERATION + 1, false), &now().into());
    assert!(!valid(&tokens, "ada", &token, now()));
    assert_eq!(redeemed(&tokens, &token, GENERATION + 1), Some(id));
    tokens.revoke(&name("ada"), &id).unwrap();
    assert_eq!(redeemed(&tokens, &token, GENERATION + 1), None);
}

#[test]
fn the_one_unused_for_longest_makes_way() {
    let folder = Folder::new();
    let tokens = folder.open();
    let at = |i: usize| now() + SignedDuration::from_secs(i as i64);
    let mut issued: Vec<_> = (0..TOKENS_PER_ACCOUNT_MAX).map(|i| issue(&tokens, "ada", at(i)).0).collect();
    // The oldest one was used since, and the file doesn't say so.
    assert!(valid(&tokens, "ada", &issued[0], at(20)));
    issued.push(issue(&tokens, "ada", at(30)).0);
    let gone = issued.remove(1);
    for tokens in [tokens, folder.open_at(at(90))] {
        assert!(!valid(&tokens, "ada", &gone, at(99)));
        assert!(issued.iter().all(|token| valid(&tokens, "ada", token, at(99))));
    }
}

#[test]
fn one_that_a_session_has_makes_way_for_none() {
    let folder = Folder::new();
    let (tokens, at_a_session) = (folder.open(), Arc::default());
    let (token, id) = Tokens::make();
    tokens.keep(&name("ada"), (id, &at_a_session), (GENERATION, false), &now().into());
    for i in 0..2 * TOKENS_PER_ACCOUNT_MAX {
        issue(&tokens, "ada", now() + SignedDuration::from_secs(i as i64));
    }
    assert!(valid(&tokens, "ada", &token, now()));
    drop(at_a_session);
    (0..TOKENS_PER_ACCOUNT_MAX).for_each(|_| drop(issue(&tokens, "ada", now() + SignedDuration::from_secs(99))));
    assert!(!valid(&tokens, "ada", &token, now()), "its session is gone");
}

/// A token of a computer that others use too, and what its session holds of it.
fn issue_brief(tokens: &Tokens) -> (Secret, TokenId, Arc<AtomicBool>) {
    let ((token, id), at_a_session) = (Tokens::make(), Arc::default());
    tokens.keep(&name("ada"), (id, &at_a_session), (GENERATION, true), &now().into());
    (token, id, at_a_session)
}

#[test]
fn a_brief_one_ends_soon_after_its_session() {
    let (folder, minute) = (Folder::new(), SignedDuration::from_mins(1));
    let tokens = folder.open();
    let (token, id, at_a_session) = issue_brief(&tokens);
    let hour = now() + minute * 60;
    assert!(valid(&tokens, "ada", &token, hour), "its session is there");
    tokens.leave(&name("ada"), &id, &hour.into());
    drop(at_a_session);
    for tokens in [tokens, folder.open_at(hour)] {
        assert!(!valid(&tokens, "ada", &token, hour + minute * 3));
        // Whoever comes back in time has it on: this is the last time here, so it is refused after that.
        assert!(valid(&tokens, "ada", &token, hour + minute * 2));
    }
}

#[test]
fn one_becomes_brief_by_a_login_that_says_so_and_never_again_another() {
    let (folder, later) = (Folder::new(), now() + SignedDuration::from_mins(3));
    let tokens = folder.open();
    let (token, id) = issue(&tokens, "ada", now());
    let at_a_session = tokens.redeem(&name("ada"), GENERATION, (token.expose(), true), &now().into());
    assert!(valid(&tokens, "ada", &token, now()));
    tokens.keep(&name("ada"), (id, &Arc::default()), (GENERATION, false), &now().into());
    drop(at_a_session);
    assert!(!valid(&tokens, "ada", &token, later));
}

#[test]
fn a_brief_one_outlives_a_kill_by_its_minutes() {
    let (folder, minute) = (Folder::new(), SignedDuration::from_mins(1));
    let (token, _, _at_a_session) = issue_brief(&folder.open());
    let restart = now() + minute * 60;
    assert!(valid(&folder.open_at(restart), "ada", &token, restart + minute * 2));
    let second = restart + minute * 60;
    drop(folder.open_at(second));
    assert!(
        !valid(&folder.open_at(second + minute * 3), "ada", &token, second + minute * 3),
        "each start gives it no more"
    );
}

#[test]
fn kept_over_a_restart_and_gone_for_good() {
    let folder = Folder::new();
    let tokens = folder.open();
    let [(stays, _), (goes, ended)] = ["ada", "ada"].map(|owner| issue(&tokens, owner, now()));
    let (orphan, _) = issue(&tokens, "gone", now());
    tokens.revoke(&name("ada"), &ended).unwrap();
    let text = fs::read_to_string(folder.path()).unwrap();
    assert!(!text.contains(stays.expose()), "what is kept is no token: {text}");
    // Nothing is done at its end: a crash.
    drop(tokens);
    let tokens = folder.open();
    assert!(valid(&tokens, "ada", &stays, now()));
    assert!(!valid(&tokens, "ada", &goes, now()));
    assert!(!valid(&tokens, "gone", &orphan, now()), "its account is");
    assert_eq!(folder.lines(), 1);
    let tokens = folder.open_at(now() + TOKEN_LIFETIME + SignedDuration::from_secs(1));
    assert!(!valid(&tokens, "ada", &stays, now()), "it was not used for too long");
    assert_eq!(folder.lines(), 0);
}

#[test]
fn coming_back_writes_once_a_day() {
    let folder = Folder::new();
    let tokens = folder.open();
    let (token, _) = issue(&tokens, "ada", now());
    let hours = |n| now() + SignedDuration::from_hours(n);
    for n in 0..24 {
        assert!(valid(&tokens, "ada", &token, hours(n)));
    }
    assert_eq!(folder.lines(), 1);
    assert!(valid(&tokens, "ada", &token, hours(24)));
    assert_eq!(folder.lines(), 2);
    let tokens = folder.open_at(hours(24 + 30 * 24));
    assert!(valid(&tokens, "ada", &token, hours(24 + 30 * 24)));
}

#[test]
fn a_clock_that_was_ahead_gives_no_longer_life() {
    let folder = Folder::new();
    let (token, _) = issue(&folder.open(), "ada", now() + TOKEN_LIFETIME * 100);
    let tokens = folder.open();
    assert!(!valid(&tokens, "ada", &token, now() + TOKEN_LIFETIME + SignedDuration::from_secs(1)));
}

/// The end of a token may stand in the damaged line.
#[test]
fn a_torn_last_line_is_cut_and_other_damage_ends_all_tokens() {
    let folder = Folder::new();
    let (first, _) = issue(&folder.open(), "ada", now());
    let (second, _) = issue(&folder.open(), "ada", now());
    let whole = fs::read(folder.path()).unwrap();
    fs::write(folder.path(), &whole[..whole.len() - 1]).unwrap();
    let tokens = folder.open();
    assert!(valid(&tokens, "ada", &first, now()) && !valid(&tokens, "ada", &second, now()));
    let (third, _) = issue(&tokens, "ada", now());
    assert!(valid(&folder.open(), "ada", &third, now()), "what follows the cut is read again");

    let mut damaged = whole.clone();
    damaged[3] = b'\0';
    fs::write(folder.path(), &damaged).unwrap();
    let tokens = folder.open();
    assert!(!valid(&tokens, "ada", &first, now()) && !valid(&tokens, "ada", &second, now()));
    let aside = folder.0.path().join("tokens.jsonl.damaged");
    assert_eq!(fs::read(aside).unwrap(), damaged, "it's there to be looked at");
}

#[test]
fn the_file_does_not_grow_without_end() {
    let folder = Folder::new();
    let tokens = folder.open();
    for _ in 0..2 * crate::server::accounts::token_file::REWRITE_BYTES_MIN / 200 {
        let (_, id) = issue(&tokens, "ada", now());
        lock(&tokens.kept).remove(&name("ada"), &id);
    }
    assert!(fs::metadata(folder.path()).unwrap().len() <= crate::server::accounts::token_file::REWRITE_BYTES_MIN);
}

#[test]
fn what_cannot_be_written_is_written_later() {
    let folder = Folder::new();
    let tokens = folder.open();
    let ((stays, _), (goes, ended)) = (issue(&tokens, "ada", now()), issue(&tokens, "ada", now()));
    // In its place stands a folder, which no file replaces.
    lock(&tokens.kept).file.lose();
    fs::remove_file(folder.path()).unwrap();
    fs::create_dir(folder.path()).unwrap();
    assert!(tokens.revoke(&name("ada"), &ended).is_err());
    assert!(!valid(&tokens, "ada", &goes, now()), "until the end of the server at least");
    fs::remove_dir(folder.path()).unwrap();
    tokens.revoke(&name("ada"), &ended).unwrap();
    let tokens = folder.open();
    assert!(valid(&tokens, "ada", &stays, now()) && !valid(&tokens, "ada", &goes, now()));
}
