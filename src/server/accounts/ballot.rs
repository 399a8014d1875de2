//! What lets somebody find their own ballot again, and nobody else: made from the token that their session came with.
//!
//! Of a token the server keeps a hash alone. So whoever reads the data folder can't tell whose ballot is whose; whoever
//! comes back with the token, also after a restart, can.

use crate::protocol::{Secret, Username};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write;
use zeroize::Zeroizing;

/// How many bytes of a SHA-256 are a ballot's mark: two of 900 are the same as often as a guess of 108 bits is right.
const MARK_BYTES: usize = 16;

/// Made from a token. As secret as that: in memory alone.
#[derive(Clone)]
pub(crate) struct BallotKey(Zeroizing<[u8; 32]>);

impl BallotKey {
    /// That of a token, as hex digits.
    pub(crate) fn of(token: &Secret) -> Self {
        let digits = Zeroizing::new(token.expose().to_ascii_lowercase());
        Self(Zeroizing::new(
            Sha256::new().chain_update("homeroom ballot ").chain_update(digits.as_bytes()).finalize().into(),
        ))
    }

    /// The mark of its owner's ballot in a poll. Nothing but chance to whoever doesn't know the token.
    pub(crate) fn mark(&self, name: &Username, poll: u64) -> String {
        let hash = Sha256::new().chain_update(*self.0).chain_update(poll.to_be_bytes()).chain_update(name.as_str());
        let bytes: [u8; 32] = hash.finalize().into();
        bytes[..MARK_BYTES].iter().fold(String::new(), |mut mark, byte| {
            let _ = write!(mark, "{byte:02x}");
            mark
        })
    }
}

impl fmt::Debug for BallotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_one_token_one_account_and_one_poll() {
        let key = |token: &str| BallotKey::of(&Secret::from(token.to_owned()));
        let [ada, bob] = ["ada", "bob"].map(|text| Username::parse(text).unwrap());
        let mark = key("00ff").mark(&ada, 7);
        assert_eq!((mark.len(), &mark), (32, &key("00FF").mark(&ada, 7)));
        for other in [key("00fe").mark(&ada, 7), key("00ff").mark(&bob, 7), key("00ff").mark(&ada, 8)] {
            assert_ne!(mark, other);
        }
        assert_eq!(format!("{:?}", key("00ff")), "(secret)");
    }
}
