//! What the fuzz targets in `fuzz/` need of the server's private parts. No part of the crate's interface.

use super::accounts::users_file;
use super::tools::users;

/// Reads `users.json` in either form and gives what this version would write.
///
/// # Errors
/// What is wrong with the file.
pub fn rewrite_users_json(text: &str) -> Result<Vec<u8>, String> {
    users_file::rewrite(text)
}

/// Reads a list of accounts to be made; gives how many it asks for.
///
/// # Errors
/// What is said about it.
pub fn read_user_list(bytes: &[u8]) -> Result<usize, String> {
    users::rehearse(bytes)
}

/// Reads the head of a request over HTTP; gives how long it is, None while its end is missing.
///
/// # Errors
/// The status of the answer to what is none.
#[cfg(feature = "web")]
pub fn read_request_head(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    super::web::rehearse_head(bytes)
}

/// A WebSocket's frames, as a browser's session has them.
#[cfg(feature = "web")]
pub fn frames() -> Box<dyn crate::duplex::Framing> {
    super::web::frames()
}
