//! `homeroom-server identity …`: looks at `identity.p12`, or replaces it; also while a server runs, which takes the new
//! one at its next reload.

use crate::files;
use crate::identity::{self, CertificateInfo, Imported};
use crate::link::Pin;
use crate::reason::{self, Reason};
use crate::server::config::{IdentityCommand, folder, listen};
use crate::server::state::{InUse, links, make, own_addresses, today};
use crate::server::tools::browsers;
use jiff::Timestamp;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

/// The largest PEM file that is read.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// Carries out a command on the data folder `data_dir` of a server that listens there.
///
/// # Errors
/// What went wrong; then `identity.p12` is as it was.
pub(crate) fn run(data_dir: &Path, listen: &[SocketAddr], command: &IdentityCommand) -> Result<(), String> {
    let path = data_dir.join(folder::IDENTITY);
    if !matches!(command, IdentityCommand::Show) {
        refuse_mirror(data_dir)?;
    }
    match command {
        IdentityCommand::Show => show(&path, listen),
        IdentityCommand::New { keep_key } => {
            let key = if *keep_key { Some(old_key(&path)?) } else { None };
            folder::close(data_dir)?;
            replace(&path, listen, &make(key.as_deref(), &[], today(Timestamp::now()))?)
        }
        IdentityCommand::Import { cert, key } => {
            let Imported { file, doubts } =
                identity::import(&read_pem(cert)?, &read_pem(key)?).map_err(|why| why.to_string())?;
            folder::close(data_dir)?;
            replace(&path, listen, &file)?;
            doubts.iter().try_for_each(|doubt| print(&format!("!! {doubt}\n")))
        }
    }
}

/// A mirror's key is its data folder's: another one would be replaced, or stand in a copy of it unnoticed.
fn refuse_mirror(data_dir: &Path) -> Result<(), String> {
    if !data_dir.join(folder::MIRROR_OF).exists() {
        return Ok(());
    }
    Err(format!(
        "{} is the mirror of another folder, and has that one's key: name that folder with --data-dir; to go on from the mirror, \
         start a server on it first",
        data_dir.display()
    ))
}

fn show(path: &Path, listen: &[SocketAddr]) -> Result<(), String> {
    let file = files::read(path).map_err(|e| unreadable(path, &e))?;
    let info = identity::read(&file).map_err(|why| format!("{}: {why}", path.display()))?.certificate;
    print(&(describe(&info, Timestamp::now()) + &join_lines(listen, info.pin)))
}

fn describe(info: &CertificateInfo, now: Timestamp) -> String {
    let key = info.pin.key_alone().map_or_else(String::new, |key| key.to_string());
    let signed = if info.self_signed { "itself".to_owned() } else { info.issuer.clone() };
    let end = info.ends.map_or_else(
        || "never".to_owned(),
        |ends| format!("{ends:.0}, in {} days", ends.duration_since(now).as_secs().div_euclid(24 * 60 * 60)),
    );
    let code = info.pin.code().map_or_else(String::new, |code| code.to_string());
    format!(
        "join code   {code}\ncertificate {}\nkey         {key}\nnames       {}\nsigned by   {signed}\nholds from  {:.0}\nends        {end}\n\
         browsers    {}\n",
        info.fingerprint,
        info.names.join(", "),
        info.begins,
        browsers::lacks(info, &own_addresses(), now).unwrap_or_else(|| "it lacks nothing that they ask for".into()),
    )
}

/// What is typed, or passed on, to join without a question. A port of 0 is chosen at each start: nobody can join that.
fn join_lines(listen: &[SocketAddr], pin: Pin) -> String {
    let mut listen = listen::wanted(listen);
    listen.retain(|address| address.port() != 0);
    links(&listen, pin)
        .iter()
        .fold(String::new(), |lines, link| lines + "join line   homeroom-client " + &link.to_string() + "\n")
}

/// Puts a new file in the old one's place, which is kept beside it. One that a start couldn't use is none.
fn replace(path: &Path, listen: &[SocketAddr], file: &[u8]) -> Result<(), String> {
    InUse::of(file)?;
    let failed = |e: io::Error| format!("can't write {}: {}", path.display(), reason::of_file(&e));
    let old = match files::read(path) {
        Ok(old) => Some(old),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(unreadable(path, &e)),
    };
    if let Some(old) = &old {
        files::replace(&files::beside(path, ".old"), old).map_err(failed)?;
    }
    files::replace(path, file).map_err(failed)?;
    path.parent().and_then(folder::exposure).inspect(|exposure| log::warn!("{exposure}"));
    show(path, listen)?;
    if old.is_some_and(|old| is_of_another_key(&old, file)) {
        print(
            "the key is another one: with it every join link so far ends, and clients that remember this server refuse \
             it; the old key is kept in identity.p12.old\n",
        )?;
    }
    print("a running server takes it when it reloads: `kill -HUP`, or /reload in the chat\n")
}

/// Whether clients that know the one don't know the other. One that can't be read is known to nobody.
fn is_of_another_key(old: &[u8], new: &[u8]) -> bool {
    let pin = |file| identity::read(file).map(|identity| identity.certificate.pin);
    matches!((pin(old), pin(new)), (Ok(old), Ok(new)) if !old.accepts(&new))
}

fn print(text: &str) -> Result<(), String> {
    io::stdout().write_all(text.as_bytes()).map_err(|e| format!("can't print: {}", Reason(&e)))
}

fn old_key(path: &Path) -> Result<Vec<u8>, String> {
    let file = files::read(path).map_err(|e| format!("there is no key to keep: {}", unreadable(path, &e)))?;
    identity::key(&file).map_err(|why| format!("{}: {why}", path.display()))
}

fn read_pem(path: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|e| unreadable(path, &e))?.len();
    if size > PEM_BYTES_MAX {
        return Err(format!("{} is too large to be a PEM file", path.display()));
    }
    fs::read(path).map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("can't read {}: {}", path.display(), reason::of_file(error))
}
