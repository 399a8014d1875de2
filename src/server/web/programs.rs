//! The client programs that lie in the data folder's `get/`, for whoever has none.

use super::answer::Answer;
use std::path::Path;

/// The list, or one of them.
pub(super) fn answer(_folder: &Path, _name: &str) -> Answer {
    Answer::not_found()
}
