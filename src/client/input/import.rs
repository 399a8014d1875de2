//! `/import`: takes a list of people while the server runs, by the requests that there are, one after the other.
//!
//! Whatever breaks in the middle, the same command again finishes it, with another file for its slips: who was added is found
//! again, and who hasn't chosen a password gets a new one on that page.

use crate::client::connection::{Answer, Show};
use crate::client::terminal::{answer, known, notice, row};
use crate::files;
use crate::link;
use crate::output;
use crate::protocol::{AccountInfo, ErrorCode, Profile, Reply, Request, Role, Secret, UserList, Username};
use crate::reason;
use crate::roster::{self, FirstLine, Known, NUMBERS_MAX, Place, Plan, Report, Roster, Slip, Step, What};
use crate::sanitize;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many people are taken so: a large school. The server writes its file anew for each.
const PEOPLE_MAX: usize = 5_000;
/// How many pieces of the list of accounts are fetched.
const LIST_PIECES_MAX: usize = 1_000;
/// How often a step is tried whose answer never came.
const TRIES_MAX: usize = 5;

/// What is said of what was tried so often.
const NO_ANSWER: &str = "the server gave no answer";

/// What was typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Import {
    file: PathBuf,
    only_planned: bool,
    slips: Option<PathBuf>,
    first: FirstLine,
}

/// Asks the server something, and waits for the answer. Breaks when the session is over.
type Ask<'a> = dyn FnMut(Arc<Request>, Show) -> ControlFlow<(), Answer> + 'a;

impl Import {
    /// Reads what stands behind the command: a file, and in any order `dry-run`, `slips` and a file for them, `header` or
    /// `no-header`. A file's name with blanks stands in quotes.
    pub(super) fn parse(arguments: &str) -> Result<Self, String> {
        let usage = || known::usage("/import");
        let mut words = words(arguments).ok_or_else(usage)?.into_iter();
        let file = path(&words.next().ok_or_else(usage)?);
        let mut import = Self { slips: None, file, only_planned: false, first: FirstLine::Unsaid };
        let mut may_be_for_slips = false;
        for word in words {
            let is_for_slips = std::mem::take(&mut may_be_for_slips);
            match word.to_ascii_lowercase().trim_start_matches('-') {
                "dry-run" => import.only_planned = true,
                "header" => import.first = FirstLine::Header,
                "no-header" => import.first = FirstLine::Account,
                "slips" => {
                    import.slips = Some(import.file.with_extension("slips.html"));
                    may_be_for_slips = true;
                }
                _ if is_for_slips => import.slips = Some(path(&word)),
                _ => return Err(usage()),
            }
        }
        match &import.slips {
            Some(slips) if *slips == import.file => {
                Err("the slips would take the place of the list: name another file".into())
            }
            _ => Ok(import),
        }
    }

    /// As it was typed, safe to print.
    pub(super) fn typed(&self) -> String {
        format!("/import {}", shown(&self.file))
    }

    /// Why it isn't begun, if it isn't: its slips would take the place of others, which may be the only ones.
    pub(super) fn refusal(&self) -> Option<String> {
        self.slips.as_ref().filter(|_| !self.only_planned).and_then(|slips| files::taken(slips, "nothing was done"))
    }

    /// Takes the list for somebody of the role `by`, and says what came of it. Breaks when the session is over.
    pub(super) fn carry_out(&self, by: Role, ask: &mut Ask<'_>) -> ControlFlow<()> {
        let mut roster = match self.read() {
            Ok(roster) => roster,
            Err(why) => {
                notice(why);
                return ControlFlow::Continue(());
            }
        };
        let Some(known) = accounts(ask)? else { return ControlFlow::Continue(()) };
        let plan = Plan::new(&mut roster, &known, by);
        if !roster.mistakes.is_empty() {
            notice(format_args!("{}: nothing was done:", shown(&self.file)));
            roster::tell_mistakes(roster.mistakes).lines().skip(1).for_each(|line| row(line.trim_start()));
            return ControlFlow::Continue(());
        }
        let form = match &*roster.form {
            "" => String::new(),
            form => format!("; {} was read with {form}", shown(&self.file)),
        };
        if self.only_planned {
            Report::of_all(&roster, &plan, self.slips.is_some()).lines(true, &form).iter().for_each(answer);
            return ControlFlow::Continue(());
        }
        let place = match self.begin(&plan, ask)? {
            Ok(place) => place,
            Err(why) => {
                notice(format_args!("{why}: nothing was done"));
                return ControlFlow::Continue(());
            }
        };
        let taken = known.into_iter().map(|known| known.username);
        let taken = taken.chain(plan.steps.iter().map(|step| step.username.clone())).collect();
        let with_slips = self.slips.is_some();
        let mut work = Work { with_slips, taken, report: Report::new(&roster, &plan), slips: Vec::new(), ask };
        let flow = plan.steps.iter().try_for_each(|step| work.step(step));
        let Work { report, slips, .. } = work;
        report.lines(false, &form).iter().for_each(answer);
        if let Some(path) = &self.slips {
            write(path, &slips, &place);
        }
        if flow.is_break() {
            let slips = if self.slips.is_some() { ", with another file for its slips," } else { "" };
            notice(format_args!("that was not all: {} again{slips} finishes it", self.typed()));
        }
        flow
    }

    fn read(&self) -> Result<Roster, String> {
        let file = shown(&self.file);
        let list = roster::read_file(&self.file).map_err(|why| format!("can't read {file}: {why}"))?;
        let roster = roster::read(&list, self.first).map_err(|what| format!("{file}: {what}; nothing was done"))?;
        if roster.people.len() > PEOPLE_MAX {
            return Err(format!(
                "{file} has more than {PEOPLE_MAX} people: `homeroom-server user import` takes them, on a stopped server"
            ));
        }
        Ok(roster)
    }

    /// Makes sure that whoever is to have the passwords can have them, before there are any.
    fn begin(&self, plan: &Plan, ask: &mut Ask<'_>) -> ControlFlow<(), Result<Place, String>> {
        let Some(path) = &self.slips else {
            let makes_one = plan.steps.iter().any(|step| step.what == What::Add && step.password.is_none());
            let nowhere = output::reaches_anybody().err().filter(|_| makes_one);
            let why = nowhere.map(|why| format!("{why}, and nobody would see the one-time passwords"));
            return ControlFlow::Continue(why.map_or(Ok(Place::default()), Err));
        };
        let place = match ask(Request::Code.into(), Show::Nothing)? {
            Answer::Given(reply) => place(&reply),
            _ => Place::default(),
        };
        let written = roster::write_slips(path, &[], &place);
        let failed = |e| format!("can't write {}: {}", shown(path), reason::of_file(&e));
        ControlFlow::Continue(written.map(|()| place).map_err(failed))
    }
}

/// What has been done so far.
struct Work<'a, 'b> {
    with_slips: bool,
    /// User names that are somebody's.
    taken: HashSet<Username>,
    report: Report,
    slips: Vec<Slip>,
    ask: &'a mut Ask<'b>,
}

/// What one request came to.
enum Outcome {
    /// It was carried out; with the one-time password that was made.
    Done(Option<Secret>),
    Refused(ErrorCode, String),
    /// It may or may not have been.
    Unknown,
}

impl Work<'_, '_> {
    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        let (mut username, mut refused) = (step.username.clone(), step.refusal.clone());
        match &step.what {
            _ if refused.is_some() => {}
            What::Add => match self.add(step)? {
                Ok(added) => username = added,
                Err(why) => refused = Some(why),
            },
            What::Change { before, .. } => refused = self.change(step, before)?,
            What::Keep { .. } => {}
        }
        if refused.is_none() && self.with_slips && step.what.one_time() == Some(true) {
            refused = self.renew(step, &username)?;
        }
        match refused {
            None => self.report.note(step, &username, self.with_slips),
            Some(why) => self.report.refuse(step, &why),
        }
        ControlFlow::Continue(())
    }

    /// Adds somebody. Of a name that is made of theirs another is taken where somebody has it whom we can't see.
    fn add(&mut self, step: &Step) -> ControlFlow<(), Result<Username, String>> {
        let (mut username, mut lost) = (step.username.clone(), 0);
        for _ in 0..NUMBERS_MAX {
            let request = Request::AddUser {
                username: username.to_string(),
                password: step.password.clone(),
                role: step.role,
                name: step.profile.name.clone(),
                group: step.profile.group.clone(),
            };
            match self.ask(request)? {
                Outcome::Done(one_time) => {
                    self.keep(step, &username, one_time);
                    return ControlFlow::Continue(Ok(username));
                }
                Outcome::Refused(ErrorCode::UserExists, message) => {
                    self.taken.insert(username.clone());
                    let other = step.base.as_ref().map(|base| roster::free(base, &self.taken));
                    match other.unwrap_or(Err(message)) {
                        Ok(other) => username = other,
                        Err(why) => return ControlFlow::Continue(Err(why)),
                    }
                }
                Outcome::Refused(_, message) => return ControlFlow::Continue(Err(message)),
                Outcome::Unknown if lost == TRIES_MAX => break,
                Outcome::Unknown => {
                    lost += 1;
                    if self.is_added(&username, &step.profile)? {
                        // Nobody has seen the password that it got.
                        let is_unseen = step.password.is_none();
                        let refused = if is_unseen { self.renew(step, &username)? } else { None };
                        self.keep(step, &username, None);
                        return ControlFlow::Continue(refused.map_or(Ok(username), Err));
                    }
                }
            }
        }
        ControlFlow::Continue(Err(NO_ANSWER.into()))
    }

    /// Whether the account is there that was just asked for, and wasn't before.
    fn is_added(&mut self, username: &Username, profile: &Profile) -> ControlFlow<(), bool> {
        let whois = Request::Whois { username: username.to_string() };
        let answer = (self.ask)(whois.into(), Show::Nothing)?;
        let Answer::Given(reply) = answer else { return ControlFlow::Continue(false) };
        let is_it = |whois: &crate::protocol::Whois<'_>| {
            whois.name.as_deref() == profile.name.as_deref() && whois.group.as_deref() == profile.group.as_deref()
        };
        ControlFlow::Continue(reply.whois.as_deref().is_some_and(is_it))
    }

    /// Changes what somebody is called, or their group. Gives why not.
    fn change(&mut self, step: &Step, before: &Profile) -> ControlFlow<(), Option<String>> {
        let changed = |before: &Option<String>, now: &Option<String>| now.clone().filter(|_| before != now);
        for _ in 0..TRIES_MAX {
            let request = Request::SetUser {
                username: step.username.to_string(),
                name: changed(&before.name, &step.profile.name),
                group: changed(&before.group, &step.profile.group),
            };
            // What it says is in the report.
            match self.ask_so(request, Show::Nothing)? {
                Outcome::Done(_) => return ControlFlow::Continue(None),
                Outcome::Refused(_, message) => return ControlFlow::Continue(Some(message)),
                Outcome::Unknown => {}
            }
        }
        ControlFlow::Continue(Some(NO_ANSWER.into()))
    }

    /// Makes another one-time password for somebody who has chosen none. Gives why not.
    fn renew(&mut self, step: &Step, username: &Username) -> ControlFlow<(), Option<String>> {
        for _ in 0..TRIES_MAX {
            match self.ask(Request::ResetPassword { username: username.to_string() })? {
                Outcome::Done(one_time) => {
                    self.keep(step, username, one_time);
                    return ControlFlow::Continue(None);
                }
                Outcome::Refused(_, message) => return ControlFlow::Continue(Some(message)),
                Outcome::Unknown => {}
            }
        }
        ControlFlow::Continue(Some(NO_ANSWER.into()))
    }

    /// Keeps a password for the slips: the one that was made, or that the list gives.
    fn keep(&mut self, step: &Step, username: &Username, made: Option<Secret>) {
        let one_time = made.is_some();
        if let Some(password) = made.or_else(|| step.password.clone()).filter(|_| self.with_slips) {
            self.slips.push(Slip { profile: step.profile.clone(), username: username.clone(), password, one_time });
        }
    }

    /// Asks, and has the answer shown where no slip is to have what is in it.
    fn ask(&mut self, request: Request) -> ControlFlow<(), Outcome> {
        self.ask_so(request, if self.with_slips { Show::Nothing } else { Show::All })
    }

    fn ask_so(&mut self, request: Request, wanted: Show) -> ControlFlow<(), Outcome> {
        ControlFlow::Continue(match (self.ask)(request.into(), wanted)? {
            Answer::Given(reply) => Outcome::Done(reply.password.clone()),
            Answer::Refused { code: ErrorCode::ShuttingDown, .. } | Answer::Over => return ControlFlow::Break(()),
            Answer::Refused { code, message } => Outcome::Refused(code, message),
            Answer::None | Answer::Unknown => Outcome::Unknown,
            Answer::Done | Answer::Cut(_) | Answer::Page(..) | Answer::Text(_) | Answer::People(_) => {
                Outcome::Done(None)
            }
        })
    }
}

/// Every account that may be looked after. None, and it's told why, where that is refused.
fn accounts(ask: &mut Ask<'_>) -> ControlFlow<(), Option<Vec<Known>>> {
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..LIST_PIECES_MAX {
        let reply = match ask(Request::ListUsers { after }.into(), Show::Nothing)? {
            Answer::Given(reply) => reply,
            Answer::Refused { message, .. } => {
                notice(sanitize::line(&message));
                return ControlFlow::Continue(None);
            }
            _ => {
                notice("the server gave no answer: nothing was done");
                return ControlFlow::Continue(None);
            }
        };
        let Reply { users: Some(UserList::Accounts(accounts)), more, .. } = &*reply else { break };
        all.extend(accounts.iter().filter_map(to_known));
        after = accounts.last().map(|account| account.username.to_string());
        if *more == 0 || after.is_none() {
            break;
        }
    }
    ControlFlow::Continue(Some(all))
}

fn to_known(account: &AccountInfo<'_>) -> Option<Known> {
    let AccountInfo { username, role, name, group, one_time, guest, .. } = account;
    let profile = Profile::parse(name.as_deref(), group.as_deref()).unwrap_or_default();
    Some(Known { username: Username::parse(username)?, role: *role, profile, one_time: *one_time, guest: *guest })
}

/// Writes the slips; where that fails, whoever is there is shown what would be on them.
fn write(path: &Path, slips: &[Slip], place: &Place) {
    match roster::rewrite_slips(path, slips, place) {
        Ok(()) => answer(roster::slips_line(slips.len(), path)),
        Err(e) => {
            notice(format_args!("can't write {}: {}; this would be on the slips:", shown(path), reason::of_file(&e)));
            slips
                .iter()
                .for_each(|slip| row(format_args!("{}  {}", slip.username, sanitize::line(slip.password.expose()))));
        }
    }
}

/// Where people come in, as a server answers `code`: in a terminal at the page's address.
fn place(reply: &Reply<'_>) -> Place {
    let page = reply.pages.first().filter(|page| is_address(page)).map(ToString::to_string);
    let address = page.as_ref().and_then(|page| page.strip_prefix("https://")?.strip_suffix('/')?.parse().ok());
    let line = reply.code.as_ref().map(|code| link::to_type(address, code));
    Place { line, page }
}

/// Whether a server's word on where its page is can be one.
fn is_address(page: &str) -> bool {
    page.starts_with("https://") && page.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

fn shown(path: &Path) -> String {
    sanitize::line(&path.display().to_string()).into_owned()
}

/// A file's name as a shell would take it.
fn path(word: &str) -> PathBuf {
    let home = word.strip_prefix("~/").and_then(|rest| Some(dirs::home_dir()?.join(rest)));
    home.unwrap_or_else(|| word.into())
}

/// Words between blanks; those in quotes may have some. None where a quote isn't closed.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut rest) = (Vec::new(), line.trim());
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (word, behind) = match quote {
            Some(quote) => rest[1..].split_once(quote)?,
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = behind.trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed() {
        let import = |file: &str, only_planned, slips: Option<&str>, first| Import {
            file: file.into(),
            only_planned,
            slips: slips.map(Into::into),
            first,
        };
        for (line, expected) in [
            ("class.csv", import("class.csv", false, None, FirstLine::Unsaid)),
            ("class.csv dry-run", import("class.csv", true, None, FirstLine::Unsaid)),
            ("class.csv slips", import("class.csv", false, Some("class.slips.html"), FirstLine::Unsaid)),
            (
                "'my class.csv' slips \"my slips.html\"",
                import("my class.csv", false, Some("my slips.html"), FirstLine::Unsaid),
            ),
            ("c.csv --header --dry-run --slips s.html", import("c.csv", true, Some("s.html"), FirstLine::Header)),
            ("c.csv slips s.html no-header", import("c.csv", false, Some("s.html"), FirstLine::Account)),
        ] {
            assert_eq!(Import::parse(line), Ok(expected), "{line}");
        }
        for line in
            ["", "\"class.csv", "c.csv slips a.html b.html", "c.csv dryrun", "c.csv s.html", "c.csv slips c.csv"]
        {
            assert!(Import::parse(line).is_err(), "{line}");
        }
    }
}
