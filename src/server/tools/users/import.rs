//! `homeroom-server user import`: takes a list of people, with one write.

use super::told::{self, NOTHING_MADE};
use crate::files;
use crate::protocol::{Profile, Role, Secret, Username};
use crate::reason;
use crate::roster::{self, FirstLine, Known, Place, Plan, Report, Roster, Slip, Step, What};
use crate::sanitize;
use crate::server::accounts::{Accounts, Author, Import, NewAccount, OneTime, State};
use crate::server::clock::Clock;
use crate::server::config::{Args, Folder, ImportArgs, listen};
use crate::server::state::{InUse, Invitation};
use std::path::Path;

/// What the commands about accounts stand on.
pub(crate) struct Ground<'a> {
    /// The accounts.
    pub(crate) accounts: &'a Accounts,
    /// New accounts see no event up to this.
    pub(crate) since: u64,
    /// The data folder.
    pub(crate) folder: &'a Folder,
    /// What time it is.
    pub(crate) clock: &'a Clock,
    /// What is set.
    pub(crate) args: &'a Args,
}

/// Takes a list.
///
/// # Errors
/// What went wrong; then nothing was done.
pub(super) fn run(ground: &Ground<'_>, options: &ImportArgs) -> Result<(), String> {
    let slips = options.slips.as_deref();
    if let Some(why) = slips.filter(|_| !options.dry_run).and_then(|slips| files::taken(slips, NOTHING_MADE)) {
        return Err(why);
    }
    let file = options.file.display().to_string();
    let file = sanitize::line(&file);
    let list = roster::read_file(&options.file).map_err(|why| format!("can't read {file}: {why}"))?;
    let mut roster =
        roster::read(&list, first_line(options)).map_err(|what| format!("{file}: {what}; {NOTHING_MADE}"))?;
    let plan = Plan::new(&mut roster, &known(ground.accounts), Role::Admin);
    let new: Vec<NewAccount> =
        plan.steps.iter().filter(|step| step.what == What::Add).map(|step| new(step, ground)).collect();
    judge(ground.accounts, &plan, &new, &mut roster);
    if !roster.mistakes.is_empty() {
        return Err(format!("{file}: {NOTHING_MADE}:{}", roster::tell_mistakes(roster.mistakes)));
    }
    let form = if roster.form.is_empty() { String::new() } else { format!("; {file} was read with {}", roster.form) };
    let report = Report::of_all(&roster, &plan, slips.is_some());
    let mut done = report.lines(options.dry_run, &form).join("\n") + "\n";
    if options.dry_run {
        return told::print(&done).map_err(|e| told::unsaid(&e));
    }
    let changed = plan.steps.iter().filter(|step| matches!(step.what, What::Change { .. }));
    let profiles = changed.map(|step| (step.username.clone(), step.profile.clone())).collect();
    let Some(slips) = slips else {
        return told::add(ground.accounts, Import { new, profiles, renewed: Vec::new() }, &done);
    };
    let many = with_slips(ground, &plan, new, profiles, slips)?;
    done += &(roster::slips_line(many, slips) + "\n");
    told::print(&done).map_err(|e| told::unsaid(&e))
}

/// Reads a list and makes no account: for the fuzz target. Gives how many people it has.
///
/// # Errors
/// What is said about it.
pub(crate) fn rehearse(list: &[u8]) -> Result<usize, String> {
    let mut roster = roster::read(list, FirstLine::Unsaid)?;
    let plan = Plan::new(&mut roster, &[], Role::Admin);
    let lines = Report::of_all(&roster, &plan, true).lines(true, "");
    if roster.mistakes.is_empty() && !lines.is_empty() {
        Ok(plan.steps.len())
    } else {
        Err(roster::tell_mistakes(roster.mistakes))
    }
}

fn first_line(options: &ImportArgs) -> FirstLine {
    match (options.header, options.no_header) {
        (true, _) => FirstLine::Header,
        (_, true) => FirstLine::Account,
        _ => FirstLine::Unsaid,
    }
}

/// The accounts that there are.
fn known(accounts: &Accounts) -> Vec<Known> {
    let one = |(username, state, profile): (_, State, _)| Known {
        username,
        role: state.role,
        profile,
        one_time: state.must_change_password,
        guest: state.guest_until.is_some(),
    };
    accounts.list(None).into_iter().map(one).collect()
}

fn new(step: &Step, ground: &Ground<'_>) -> NewAccount {
    let Step { username, profile, password, role, .. } = step;
    NewAccount {
        name: username.clone(),
        password: password.clone(),
        role: *role,
        profile: profile.clone(),
        since: ground.since,
    }
}

/// Whether the new accounts may be made as they are: a password may be too weak.
fn judge(accounts: &Accounts, plan: &Plan, new: &[NewAccount], roster: &mut Roster) {
    let lines = plan.steps.iter().filter(|step| step.what == What::Add).map(|step| step.line);
    for (line, account) in lines.zip(new) {
        if let Err(e) = accounts.judge(Author::Owner, account) {
            roster.refuse(line, told::describe(&account.name, e));
        }
    }
}

/// Does what is planned once the slips are written. Gives how many there are.
fn with_slips(
    ground: &Ground<'_>,
    plan: &Plan,
    new: Vec<NewAccount>,
    profiles: Vec<(Username, Profile)>,
    path: &Path,
) -> Result<usize, String> {
    let place = place(ground)?;
    let waiting: Vec<&Step> = plan.steps.iter().filter(|step| step.what.one_time() == Some(true)).collect();
    let renewed = waiting.iter().map(|step| step.username.clone()).collect();
    let (mut many, mut unwritten) = (0, None);
    let tell = |one_time: &OneTime| {
        let added = plan.steps.iter().filter(|step| step.what == What::Add).zip(&one_time.new);
        let added =
            added.filter_map(|(step, made)| Some((step, made.as_ref().or(step.password.as_ref())?, made.is_some())));
        let waiting = waiting.iter().zip(&one_time.renewed).map(|(step, made)| (*step, made, true));
        let mut slips: Vec<(usize, Slip)> = added
            .chain(waiting)
            .map(|(step, password, one_time)| (step.line, slip(step, password, one_time)))
            .collect();
        slips.sort_by_key(|(line, _)| *line);
        let slips: Vec<Slip> = slips.into_iter().map(|(_, slip)| slip).collect();
        many = slips.len();
        roster::write_slips(path, &slips, &place).inspect_err(|e| unwritten = Some(reason::of_file(e)))
    };
    let done = told::carry_out(ground.accounts, Import { new, profiles, renewed }, tell);
    let shown = sanitize::line(&path.display().to_string()).into_owned();
    match (done, unwritten) {
        (_, Some(why)) => Err(format!("can't write {shown}: {why}; {NOTHING_MADE}")),
        // The same command again is to find the name free.
        (Err(why), None) if many > 0 && files::remove(path).is_err() => {
            Err(format!("{why}; what is in {shown} opens nothing"))
        }
        (Err(why), None) => Err(why),
        (Ok(_), None) => Ok(many),
    }
}

fn slip(step: &Step, password: &Secret, one_time: bool) -> Slip {
    Slip { profile: step.profile.clone(), username: step.username.clone(), password: password.clone(), one_time }
}

/// Where a server on this folder will be found. Its key is made now if there is none: the join code stays.
fn place(ground: &Ground<'_>) -> Result<Place, String> {
    let pin = InUse::open(ground.folder, ground.clock)?.certificate.pin;
    let mut listen = listen::wanted(&ground.args.listen);
    // One that the system chooses at each start is nothing to print.
    listen.retain(|address| address.port() != 0);
    let invitation = Invitation::new(pin, &listen, cfg!(feature = "web") && !ground.args.no_web);
    Ok(Place { line: Some(invitation.line_to_type()), page: invitation.pages.into_iter().next() })
}
