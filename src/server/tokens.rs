//! Tokens: how a client that was logged in comes back without the password.

use super::passwords::random;
use crate::hex::{self, Hex};
use crate::protocol::{Secret, Username};
use crate::sync::lock;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many tokens an account may have; a further one takes the place of the one unused for longest.
pub(super) const TOKENS_PER_ACCOUNT_MAX: usize = 10;
/// How long a token stays valid after its last use.
pub(super) const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is kept of a token: the SHA-256 of its 256 random bits. Whoever reads it can't log in with it.
pub(super) type TokenId = [u8; 32];

/// Every valid token.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    owners: Mutex<HashMap<TokenId, Owner>>,
}

#[derive(Debug)]
struct Owner {
    name: Username,
    used: Instant,
}

impl Tokens {
    /// Makes a token for an account.
    pub(super) fn issue(&self, name: &Username, now: Instant) -> (Secret, TokenId) {
        let bits = random::<32>();
        let token: Secret = Hex(&bits).to_string().into();
        let id = id_of(&bits);
        let mut owners = lock(&self.owners);
        let own = owners.iter().filter(|(_, owner)| owner.name == *name);
        let mut own: Vec<_> = own.map(|(id, owner)| (owner.used, *id)).collect();
        own.sort_unstable();
        let surplus = (own.len() + 1).saturating_sub(TOKENS_PER_ACCOUNT_MAX);
        for (_, oldest) in &own[..surplus] {
            owners.remove(oldest);
        }
        owners.insert(id, Owner { name: name.clone(), used: now });
        (token, id)
    }

    /// Whether `token` is one of this account's; its lifetime begins anew.
    pub(super) fn redeem(&self, name: &Username, token: &str, now: Instant) -> Option<TokenId> {
        let id = id_of(&hex::parse(token)?);
        let mut owners = lock(&self.owners);
        let owner = owners.get_mut(&id).filter(|owner| owner.name == *name)?;
        if now.saturating_duration_since(owner.used) > TOKEN_LIFETIME {
            owners.remove(&id);
            return None;
        }
        owner.used = now;
        Some(id)
    }

    /// Makes one token worthless.
    pub(super) fn revoke(&self, id: &TokenId) {
        lock(&self.owners).remove(id);
    }

    /// Makes every token of an account worthless but one.
    pub(super) fn revoke_all(&self, name: &Username, except: Option<&TokenId>) {
        lock(&self.owners).retain(|id, owner| owner.name != *name || Some(id) == except);
    }
}

fn id_of(bits: &[u8; 32]) -> TokenId {
    Sha256::digest(bits).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_for_its_owner_until_revoked_or_old() {
        let (ada, bob) = (Username::parse("ada").unwrap(), Username::parse("bob").unwrap());
        let (tokens, now) = (Tokens::default(), Instant::now());
        let (token, id) = tokens.issue(&ada, now);
        assert_eq!(tokens.redeem(&ada, token.expose(), now), Some(id));
        assert_eq!(tokens.redeem(&bob, token.expose(), now), None);
        assert_eq!(tokens.redeem(&ada, "", now), None);
        let later = now + TOKEN_LIFETIME;
        assert!(tokens.redeem(&ada, token.expose(), later).is_some());
        assert!(tokens.redeem(&ada, token.expose(), later + TOKEN_LIFETIME).is_some(), "each use renews it");
        assert!(tokens.redeem(&ada, token.expose(), later + 3 * TOKEN_LIFETIME).is_none());
        let ((first, _), (second, keep)) = (tokens.issue(&ada, now), tokens.issue(&ada, now));
        tokens.revoke_all(&ada, Some(&keep));
        assert!(tokens.redeem(&ada, first.expose(), now).is_none());
        assert!(tokens.redeem(&ada, second.expose(), now).is_some());
        tokens.revoke(&keep);
        assert!(tokens.redeem(&ada, second.expose(), now).is_none());
    }

    #[test]
    fn the_one_unused_for_longest_makes_way() {
        let ada = Username::parse("ada").unwrap();
        let (tokens, start) = (Tokens::default(), Instant::now());
        let at = |i: usize| start + Duration::from_secs(i as u64);
        let issued: Vec<_> = (0..=TOKENS_PER_ACCOUNT_MAX).map(|i| tokens.issue(&ada, at(i)).0).collect();
        let valid = |token: &Secret| tokens.redeem(&ada, token.expose(), at(99)).is_some();
        assert!(!valid(&issued[0]));
        assert!(issued[1..].iter().all(valid));
    }
}
