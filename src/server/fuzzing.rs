//! What the fuzz targets in `fuzz/` need of the server's private parts. No part of the crate's interface.

use super::accounts::users_file;

/// Reads `users.json` in either form and gives what this version would write.
///
/// # Errors
/// What is wrong with the file.
pub fn rewrite_users_json(text: &str) -> Result<Vec<u8>, String> {
    users_file::rewrite(text)
}
