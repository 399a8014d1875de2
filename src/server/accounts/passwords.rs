//! Passwords: how they are stored and made. `hasher.rs` says whose is checked when.

use crate::hex;
use crate::password_forms::one_form;
use crate::protocol::Secret;
use crate::server::config::ROUNDS_MIN;
use pbkdf2::password_hash::phc::PasswordHash;
use pbkdf2::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use pbkdf2::{Params, Pbkdf2};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// Bytes of a SHA-256, and of one block of PBKDF2's output.
const SHA256_BYTES: usize = 32;
/// Bytes of random salt in each hash (NIST SP 800-132 asks for at least 16).
const SALT_BYTES: usize = 16;
/// What one-time passwords are made of: no two of these look alike on a projector.
const ONE_TIME_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Three groups of four: 60 bits, which nobody guesses over a network.
const ONE_TIME_GROUPS: usize = 3;
/// The rounds of their hashes. Rounds make up for what people choose, which is guessed in some millions of tries. Against
/// 60 random bits whoever has stolen users.json needs some 3,600 years at ten thousand million SHA-256 a second even so
/// (2^59 tries of 2,000 each), for a password that is good for days. And a class comes in at its first lesson at once: each
/// of them costs as much as 600 with all rounds.
const ONE_TIME_ROUNDS: u32 = ROUNDS_MIN;

/// A stored password.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum StoredPassword {
    /// PBKDF2-HMAC-SHA256.
    Pbkdf2 {
        /// As a PHC string: `$pbkdf2-sha256$i=600000,l=32$salt$hash`.
        phc: String,
        /// What it costs: its rounds, each for 32 bytes of output.
        rounds: u32,
        /// Whether it is of the password's one form for sure, and not of what was typed before passwords had one.
        one_form: bool,
    },
    /// The bare SHA-256 of the password, from a file of the old form. Replaced at the user's next login.
    Legacy([u8; SHA256_BYTES]),
}

impl StoredPassword {
    /// Reads what stands in `users.json`, of the password's one form or maybe not: None when it is no hash.
    pub(crate) fn parse(text: &str, one_form: bool) -> Option<Self> {
        if let Some(bytes) = hex::parse(text) {
            return Some(Self::Legacy(bytes));
        }
        let hash: PasswordHash = text.parse().ok()?;
        let sound = hash.algorithm.as_str() == "pbkdf2-sha256" && hash.salt.is_some() && hash.hash.is_some();
        let params = Params::try_from(&hash).ok().filter(|_| sound)?;
        let blocks = u32::try_from(params.output_len().div_ceil(SHA256_BYTES)).ok()?;
        Some(Self::Pbkdf2 { phc: text.to_owned(), rounds: params.rounds().saturating_mul(blocks), one_form })
    }

    /// Hashes a password, in its one form, with a salt of its own.
    pub(crate) fn hash(password: &str, rounds: u32) -> Self {
        let (salt, password) = (random::<SALT_BYTES>(), one_form(password));
        let hashed = Pbkdf2::SHA256.hash_password_customized(password.as_bytes(), &salt, None, None, params(rounds));
        let hashed: PasswordHash = hashed.expect("a 16-byte salt and 32 bytes of output are what PBKDF2 takes");
        Self::Pbkdf2 { phc: hashed.to_string(), rounds, one_form: true }
    }

    /// Whether it is of this form of a password. Takes as long as its rounds.
    pub(super) fn matches(&self, password: &str) -> bool {
        match self {
            Self::Pbkdf2 { phc, .. } => phc
                .parse::<PasswordHash>()
                .is_ok_and(|hash| Pbkdf2::SHA256.verify_password(password.as_bytes(), &hash).is_ok()),
            Self::Legacy(sha256) => {
                let given: [u8; SHA256_BYTES] = Sha256::digest(password).into();
                given.ct_eq(sha256).into()
            }
        }
    }

    /// What it takes to compare with it, in PBKDF2's rounds.
    pub(crate) fn rounds(&self) -> u32 {
        match self {
            Self::Pbkdf2 { rounds, .. } => *rounds,
            Self::Legacy(_) => 0,
        }
    }

    /// Whether it is of the password's one form for sure.
    pub(crate) fn is_of_one_form(&self) -> bool {
        matches!(self, Self::Pbkdf2 { one_form: true, .. })
    }

    /// Takes as long as so many rounds, or as the fewest there can be, for nothing.
    pub(super) fn spend(password: &str, rounds: u32) {
        if rounds > 0 {
            let mut out = [0; SHA256_BYTES];
            let (algorithm, params) = (pbkdf2::Algorithm::Pbkdf2Sha256, params(rounds));
            pbkdf2::pbkdf2_hmac_with_params(password.as_bytes(), &[0; SALT_BYTES], algorithm, params, &mut out);
            std::hint::black_box(out);
        }
    }
}

impl fmt::Display for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pbkdf2 { phc, .. } => f.write_str(phc),
            Self::Legacy(bytes) => hex::Hex(bytes).fmt(f),
        }
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(stored password)")
    }
}

fn params(rounds: u32) -> Params {
    Params::new(rounds.max(ROUNDS_MIN)).unwrap_or(Params::RECOMMENDED)
}

/// A password for one login: the user must change it then.
pub(crate) fn one_time() -> (Secret, StoredPassword) {
    let groups: Vec<String> = (0..ONE_TIME_GROUPS).map(|_| group::<4>()).collect();
    let password: Secret = groups.join("-").into();
    let stored = StoredPassword::hash(password.expose(), ONE_TIME_ROUNDS);
    (password, stored)
}

/// A code for the class's door: 30 bits, such as `4f9-kx2`. Each guess counts as a failed login, and it is made anew each time.
pub(crate) fn door_code() -> String {
    format!("{}-{}", group::<3>(), group::<3>())
}

fn group<const N: usize>() -> String {
    random::<N>().iter().map(|b| char::from(ONE_TIME_ALPHABET[usize::from(b % 32)])).collect()
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_passwords;
    use crate::protocol::Username;

    #[test]
    fn what_is_no_stored_password() {
        for text in ["", "password", "$pbkdf2-sha256$i=1000", "$argon2id$v=19$m=1,t=1,p=1$YWJj$YWJj", &"zz".repeat(32)]
        {
            assert_eq!(StoredPassword::parse(text, true), None, "{text}");
        }
    }

    #[test]
    fn one_time_passwords_are_good_passwords() {
        let (password, stored) = one_time();
        assert_eq!(password.expose().len(), 14);
        assert_eq!(new_passwords::judge(password.expose(), &Username::parse("a").unwrap()), Ok(()));
        assert_ne!(password.expose(), one_time().0.expose());
        assert!(stored.matches(password.expose()) && stored.rounds() == ONE_TIME_ROUNDS);
    }
}
