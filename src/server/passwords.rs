//! Passwords: how they are hashed, checked, judged and made.

use crate::hex;
use crate::protocol::{Secret, Username};
use crate::sync::lock;
use pbkdf2::password_hash::phc::PasswordHash;
use pbkdf2::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use pbkdf2::{Params, Pbkdf2};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// The PBKDF2-HMAC-SHA256 rounds of a new hash. OWASP's Password Storage Cheat Sheet asks for 600,000.
pub(super) const ROUNDS_DEFAULT: u32 = 600_000;
/// The fewest rounds that can be asked for: for tests and load runs alone.
pub(super) const ROUNDS_MIN: u32 = Params::MIN_ROUNDS;
/// The most rounds that can be asked for: beyond, a login takes longer than its deadline on a Raspberry Pi.
pub(super) const ROUNDS_MAX: u32 = 10_000_000;
/// The shortest password (NIST SP 800-63B, 5.1.1.2).
pub(super) const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password. Long enough for any passphrase, short enough to hash.
pub(super) const PASSWORD_CHARS_MAX: usize = 256;

/// The commonest passwords of at least [`PASSWORD_CHARS_MIN`] characters, from leaked lists, in lower case
/// (NIST SP 800-63B, 5.1.1.2: compare with values known to be common).
const COMMON_PASSWORDS: &str = include_str!("common-passwords.txt");

/// How many may wait for their turn to hash; all of the lobby, and some sessions that change a password.
const WAITING_MAX: usize = 768;

/// How many days a one-time password is good for: a class that gets its slips has its next lesson within two weeks, and a
/// slip that was lost is worthless after the holidays.
pub(super) const ONE_TIME_DAYS: u64 = 14;

/// Bytes of random salt in each hash (NIST SP 800-132 asks for at least 16).
const SALT_BYTES: usize = 16;
/// What one-time passwords are made of: no two of these look alike on a projector.
const ONE_TIME_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Three groups of four: 60 bits, which nobody guesses over a network.
const ONE_TIME_GROUPS: usize = 3;

/// A stored password.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum StoredPassword {
    /// PBKDF2-HMAC-SHA256 as a PHC string: `$pbkdf2-sha256$i=600000,l=32$salt$hash`.
    Pbkdf2(String),
    /// The bare SHA-256 of the password, from a file of the old form. Replaced at the user's next login.
    Legacy([u8; 32]),
}

impl StoredPassword {
    /// Reads what stands in `users.json`: None when it is neither form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(bytes) = hex::parse(text) {
            return Some(Self::Legacy(bytes));
        }
        let hash: PasswordHash = text.parse().ok()?;
        let sound = hash.algorithm.as_str() == "pbkdf2-sha256"
            && hash.salt.is_some()
            && hash.hash.is_some()
            && Params::try_from(&hash).is_ok();
        sound.then(|| Self::Pbkdf2(text.to_owned()))
    }
}

impl fmt::Display for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pbkdf2(phc) => f.write_str(phc),
            Self::Legacy(bytes) => hex::Hex(bytes).fmt(f),
        }
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(stored password)")
    }
}

/// Hashes, at most one at a time for each two cores, so that a burst of logins leaves cores for the chat.
#[derive(Debug)]
pub(super) struct Hasher {
    rounds: u32,
    /// Compared with where there is no account, so that a wrong name takes as long as a wrong password.
    dummy: StoredPassword,
    queue: Mutex<Queue>,
    freed: Condvar,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    waiting: usize,
}

/// Too many wait for their turn to hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Crowded;

impl Hasher {
    /// With `rounds` for new hashes.
    pub(super) fn new(rounds: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut hasher = Self {
            rounds,
            dummy: StoredPassword::Legacy([0; 32]),
            queue: Mutex::new(Queue { free: (cores / 2).max(1), waiting: 0 }),
            freed: Condvar::new(),
        };
        hasher.dummy = hasher.compute("");
        hasher
    }

    /// Waits for a free place.
    ///
    /// # Errors
    /// [`Crowded`] when too many wait already. Each of them has at most the others' hashes before it.
    pub(super) fn turn(&self) -> Result<Turn<'_>, Crowded> {
        let mut queue = lock(&self.queue);
        if queue.waiting >= WAITING_MAX {
            return Err(Crowded);
        }
        queue.waiting += 1;
        queue = self.freed.wait_while(queue, |queue| queue.free == 0).unwrap_or_else(PoisonError::into_inner);
        queue.waiting -= 1;
        queue.free -= 1;
        Ok(Turn(self))
    }

    fn compute(&self, password: &str) -> StoredPassword {
        let salt = random::<SALT_BYTES>();
        let params = Params::new(self.rounds.max(ROUNDS_MIN)).unwrap_or(Params::RECOMMENDED);
        let hashed = Pbkdf2::SHA256.hash_password_customized(password.as_bytes(), &salt, None, None, params);
        let hashed: PasswordHash = hashed.expect("a 16-byte salt and 32 bytes of output are what PBKDF2 takes");
        StoredPassword::Pbkdf2(hashed.to_string())
    }

    fn verify_dummy(&self, password: &str) {
        if let StoredPassword::Pbkdf2(phc) = &self.dummy {
            std::hint::black_box(matches_phc(password, phc));
        }
    }
}

/// A place at the hasher, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Hasher);

impl Turn<'_> {
    /// Hashes a password with a salt of its own.
    pub(super) fn hash(&self, password: &str) -> StoredPassword {
        self.0.compute(password)
    }

    /// Whether `password` is the stored one. Takes the same time whether there is none, it is of the old form,
    /// or it doesn't match.
    pub(super) fn verify(&self, password: &str, stored: Option<&StoredPassword>) -> bool {
        match stored {
            Some(StoredPassword::Pbkdf2(phc)) => matches_phc(password, phc),
            Some(StoredPassword::Legacy(sha256)) => {
                self.0.verify_dummy(password);
                let given: [u8; 32] = Sha256::digest(password).into();
                given.ct_eq(sha256).into()
            }
            None => {
                self.0.verify_dummy(password);
                false
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.0.queue).free += 1;
        self.0.freed.notify_one();
    }
}

fn matches_phc(password: &str, phc: &str) -> bool {
    phc.parse::<PasswordHash>().is_ok_and(|hash| Pbkdf2::SHA256.verify_password(password.as_bytes(), &hash).is_ok())
}

/// Judges a new password.
///
/// # Errors
/// What is wrong with it, for its owner.
pub(super) fn judge(password: &str, username: &Username) -> Result<(), String> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(format!("a password has at least {PASSWORD_CHARS_MIN} characters; this one has {chars}"));
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(format!("a password has at most {PASSWORD_CHARS_MAX} characters; this one has {chars}"));
    }
    if password.eq_ignore_ascii_case(username.as_str()) {
        return Err("the password must not be the user name".into());
    }
    let folded = password.to_lowercase();
    if COMMON_PASSWORDS.lines().any(|common| common == folded) {
        return Err("this is one of the commonest passwords, which are guessed first: choose another".into());
    }
    Ok(())
}

/// A password for one login: the user must change it then.
pub(super) fn one_time() -> Secret {
    let groups: Vec<String> = (0..ONE_TIME_GROUPS)
        .map(|_| random::<4>().iter().map(|b| char::from(ONE_TIME_ALPHABET[usize::from(b % 32)])).collect())
        .collect();
    groups.join("-").into()
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_verify_and_read_back() {
        let hasher = Hasher::new(ROUNDS_MIN);
        let hasher = hasher.turn().unwrap();
        let stored = hasher.hash("correct horse");
        assert!(stored.to_string().starts_with("$pbkdf2-sha256$i=1000,l=32$"));
        assert_eq!(StoredPassword::parse(&stored.to_string()), Some(stored.clone()));
        assert!(hasher.verify("correct horse", Some(&stored)));
        assert!(!hasher.verify("correct horsf", Some(&stored)));
        assert!(!hasher.verify("", None));
        assert_ne!(hasher.hash("correct horse"), stored, "each hash has its own salt");
    }

    #[test]
    fn the_old_form() {
        // The SHA-256 of "password".
        let text = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
        let stored = StoredPassword::parse(text).unwrap();
        assert_eq!(stored.to_string(), text);
        let hasher = Hasher::new(ROUNDS_MIN);
        let hasher = hasher.turn().unwrap();
        assert!(hasher.verify("password", Some(&stored)));
        assert!(!hasher.verify("Password", Some(&stored)));
    }

    #[test]
    fn what_is_no_stored_password() {
        for text in ["", "password", "$pbkdf2-sha256$i=1000", "$argon2id$v=19$m=1,t=1,p=1$YWJj$YWJj", &"zz".repeat(32)]
        {
            assert_eq!(StoredPassword::parse(text), None, "{text}");
        }
    }

    #[test]
    fn judged() {
        let ada = Username::parse("adalovelace").unwrap();
        for good in ["1x345678", "correct horse", &"é".repeat(PASSWORD_CHARS_MAX)] {
            assert_eq!(judge(good, &ada), Ok(()), "{good}");
        }
        for bad in [
            "",
            "1234567",
            "ééééééé",
            "AdaLovelace",
            "password",
            "Password1",
            "12345678",
            &"x".repeat(PASSWORD_CHARS_MAX + 1),
        ] {
            assert!(judge(bad, &ada).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_is_long_and_folded() {
        assert!(COMMON_PASSWORDS.lines().count() >= 1000);
        for line in COMMON_PASSWORDS.lines() {
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN && line == line.to_lowercase(), "{line}");
        }
    }

    #[test]
    fn turns_are_taken_one_after_the_other() {
        let hasher = Hasher::new(ROUNDS_MIN);
        let places = lock(&hasher.queue).free;
        let turns: Vec<_> = (0..places).map(|_| hasher.turn().unwrap()).collect();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| hasher.turn().map(drop));
            while lock(&hasher.queue).waiting == 0 {
                std::thread::yield_now();
            }
            assert!(!waiter.is_finished());
            drop(turns);
            assert_eq!(waiter.join().unwrap(), Ok(()));
        });
        lock(&hasher.queue).waiting = WAITING_MAX;
        assert_eq!(hasher.turn().map(drop), Err(Crowded));
    }

    #[test]
    fn one_time_passwords_are_good_passwords() {
        let password = one_time();
        assert_eq!(password.expose().len(), 14);
        assert_eq!(judge(password.expose(), &Username::parse("a").unwrap()), Ok(()));
        assert_ne!(password.expose(), one_time().expose());
    }
}
