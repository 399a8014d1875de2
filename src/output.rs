//! Standard output, for what is said there once and stands nowhere else: a one-time password.

use std::io;

/// Whether what is written to standard output can reach anybody. Asked before anything is made that nobody could use
/// without what is written.
///
/// A program that is started with its standard output closed has the null device there, put there by Rust's library: its
/// writes succeed. The same device is there where somebody wanted nothing to be seen, and the password is as lost.
///
/// # Errors
/// It can't.
pub(crate) fn reaches_anybody() -> io::Result<()> {
    if leads_nowhere()? {
        return Err(io::Error::other("standard output is closed, or the null device"));
    }
    Ok(())
}

/// What Unix systems say of one that isn't open for that; std has no kind for it.
#[cfg(unix)]
const EBADF: i32 = 9;

#[cfg(unix)]
fn leads_nowhere() -> io::Result<bool> {
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let Ok(mut output) = io::stdout().as_fd().try_clone_to_owned().map(File::from) else { return Ok(true) };
    let device = |found: fs::Metadata| found.file_type().is_char_device().then(|| found.rdev());
    let null = fs::metadata("/dev/null").ok().and_then(device);
    let is_null = null.is_some() && output.metadata().ok().and_then(device) == null;
    // One that is open for reading alone takes no byte, not even none; Rust's library would keep that to itself.
    match output.write(&[]) {
        Err(e) if e.raw_os_error() != Some(EBADF) => Err(e),
        written => Ok(is_null || written.is_err()),
    }
}

/// Elsewhere no more can be told than whether it is there.
#[cfg(windows)]
fn leads_nowhere() -> io::Result<bool> {
    use std::os::windows::io::AsRawHandle;
    Ok(io::stdout().as_raw_handle().is_null())
}

#[cfg(not(any(unix, windows)))]
fn leads_nowhere() -> io::Result<bool> {
    Ok(false)
}
