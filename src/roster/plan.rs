//! What an import of a list comes to: who is new, who changes, who stays as they are, and who isn't in the list any more.
//!
//! A user name that the list gives is the person. Where it gives none, somebody is found again by name and group: what
//! the list's own program calls them is kept nowhere. Nobody is deleted, and where it can't be told who is who, that is a
//! mistake of the list.

use super::names;
use super::rows::{Mistake, Person, Roster};
use super::{Kind, text};
use crate::new_passwords;
use crate::protocol::{OUT_OF_REACH, Profile, Role, Secret, Username};
use std::collections::{HashMap, HashSet};

/// How often one user name may be taken until there is no number for another.
pub(crate) const NUMBERS_MAX: usize = 10_000;

/// An account that there is.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// What it is called.
    pub(crate) username: Username,
    /// What it may do.
    pub(crate) role: Role,
    /// Who its owner is.
    pub(crate) profile: Profile,
    /// Nobody has chosen a password for it yet.
    pub(crate) one_time: bool,
    /// It is a guest's.
    pub(crate) guest: bool,
}

/// All that an import comes to.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// One for each person, in the list's order.
    pub(crate) steps: Vec<Step>,
    /// Who is not in the list, though others of their group are.
    pub(crate) gone: Vec<Known>,
    /// How many passwords of the list are left aside, since their owners are here already.
    pub(crate) passwords_left: usize,
    /// Who is new, though somebody else is called the same: both user names.
    pub(crate) namesakes: Vec<(Username, Username)>,
    /// Who was found by name, under a user name that isn't made of it: it may be somebody else who says to be called so.
    pub(crate) elsewhere: Vec<Known>,
}

/// What becomes of one person.
#[derive(Debug)]
pub(crate) struct Step {
    /// Where they stand in the list.
    pub(crate) line: usize,
    /// The account's name.
    pub(crate) username: Username,
    /// What that was made of, where the list doesn't give it: another may be taken in its place.
    pub(crate) base: Option<String>,
    /// What they are called from now on, and their group.
    pub(crate) profile: Profile,
    /// What the list gives them as a password.
    pub(crate) password: Option<Secret>,
    /// What they may do.
    pub(crate) role: Role,
    /// What is to be done.
    pub(crate) what: What,
    /// Why the server would refuse it, if it would.
    pub(crate) refusal: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// They are new.
    Add,
    /// They are here; that's what they were called until now, and whether nobody has chosen a password yet.
    Change {
        /// Who they were.
        before: Profile,
        /// Nobody has chosen a password yet.
        one_time: bool,
    },
    /// They are here, and stay as they are.
    Keep {
        /// Nobody has chosen a password yet.
        one_time: bool,
    },
}

impl What {
    /// Whether somebody who is here has chosen no password yet; None of who is new.
    pub(crate) fn one_time(&self) -> Option<bool> {
        match self {
            Self::Add => None,
            Self::Change { one_time, .. } | Self::Keep { one_time } => Some(*one_time),
        }
    }
}

impl Plan {
    /// What becomes of those whom the list has, and of `known`, which are sorted, if somebody of the role `by` takes it. What
    /// can't be told is a mistake of the list.
    pub(crate) fn new(roster: &mut Roster, known: &[Known], by: Role) -> Self {
        let people = std::mem::take(&mut roster.people);
        let mut matching = Matching::new(&people, known);
        matching.by_login();
        matching.by_name_and_group(roster.login_may_come_later);
        matching.by_name(roster.login_may_come_later, &mut roster.mistakes);
        let others = names_of(known);
        let Matching { found, claimed, groups, .. } = matching;
        let mut taken: HashSet<Username> = known.iter().map(|known| known.username.clone()).collect();
        taken.extend(people.iter().filter_map(|person| person.login.clone()));
        let (mut steps, mut passwords_left) = (Vec::with_capacity(people.len()), 0);
        let (mut namesakes, mut elsewhere) = (Vec::new(), Vec::new());
        for (person, found) in people.into_iter().zip(found) {
            let line = person.line;
            passwords_left += usize::from(found.is_some() && person.password.is_some());
            let is_elsewhere = |known: &&Known| person.login.as_ref() != Some(&known.username) && !person.may_be(known);
            elsewhere.extend(found.map(|at| &known[at]).filter(is_elsewhere).cloned());
            let step = match found {
                Some(at) => here(person, &known[at], roster.kind),
                None => new(person, &mut taken, by),
            };
            match step {
                Ok(step) => {
                    let called = step.profile.name.as_deref().filter(|_| step.what == What::Add);
                    let other = called.and_then(|name| others.get(&folded(name)));
                    namesakes.extend(other.map(|other| (step.username.clone(), (*other).clone())));
                    steps.push(step);
                }
                Err(what) => roster.refuse(line, what),
            }
        }
        let is_gone = |(known, claimed): &(&Known, bool)| !claimed && is_pupil(known) && groups.has(known);
        let gone = known.iter().zip(claimed).filter(is_gone).map(|(known, _)| known.clone()).collect();
        Self { steps, gone, passwords_left, namesakes, elsewhere }
    }
}

impl Person {
    /// Whether an account's user name is made of what they are called, with a number or without.
    fn may_be(&self, known: &Known) -> bool {
        let end = known.username.as_str().trim_end_matches(|c: char| c.is_ascii_digit());
        self.base == known.username.as_str() || !end.is_empty() && self.base.starts_with(end)
    }
}

/// Somebody who has an account already.
fn here(person: Person, known: &Known, kind: Kind) -> Result<Step, String> {
    let (name, title) = (&known.username, known.role.title());
    if person.role.unwrap_or_default() != known.role && (known.role.is_staff() || person.role.is_some()) {
        return Err(format!("there is an account `{name}` already, of {title}: a list changes nobody's role"));
    }
    if person.password.is_some() && kind == Kind::Own {
        return Err(format!(
            "there is an account `{name}` already, and a list changes nobody's password: empty its cell"
        ));
    }
    let before = known.profile.clone();
    let profile = Profile {
        name: person.profile.name.or_else(|| before.name.clone()),
        group: person.profile.group.or_else(|| before.group.clone()),
    };
    let one_time = known.one_time;
    let what = if profile == before { What::Keep { one_time } } else { What::Change { before, one_time } };
    let (line, username, role) = (person.line, name.clone(), known.role);
    Ok(Step { line, username, base: None, profile, password: None, role, what, refusal: None })
}

/// Somebody new.
fn new(person: Person, taken: &mut HashSet<Username>, by: Role) -> Result<Step, String> {
    let Person { line, login, base, profile, password, role } = person;
    let (username, base) = match login {
        Some(login) => (login, None),
        None => (free(&base, taken)?, Some(base)),
    };
    taken.insert(username.clone());
    let role = role.unwrap_or_default();
    let is_weak = || new_passwords::judge(password.as_ref()?.expose(), &username).err();
    let refusal = if by.reaches(role) { is_weak() } else { Some(OUT_OF_REACH.into()) };
    Ok(Step { line, username, base, profile, password, role, what: What::Add, refusal })
}

/// A user name that nobody has.
pub(crate) fn free(base: &str, taken: &HashSet<Username>) -> Result<Username, String> {
    let mut numbered = (1..=NUMBERS_MAX).filter_map(|number| names::numbered(base, number));
    numbered.find(|name| !taken.contains(name)).ok_or_else(|| {
        format!("all user names from `{base}` to `{base}{NUMBERS_MAX}` are taken: a column `username` gives one")
    })
}

/// Whether a list may be about them.
fn is_pupil(known: &Known) -> bool {
    known.role == Role::User && !known.guest
}

/// Who is called what.
fn names_of(known: &[Known]) -> HashMap<String, &Username> {
    let named = known.iter().filter(|known| is_pupil(known));
    named.filter_map(|known| Some((folded(known.profile.name.as_deref()?), &known.username))).collect()
}

/// What people are called, however it's written.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The groups that a list is about: those that it names, and those of which it has more than half, who may all have gone on to
/// another.
#[derive(Debug)]
struct Groups(HashSet<Option<String>>);

impl Groups {
    fn of(people: &[Person], known: &[Known]) -> Self {
        let logins: HashSet<&Username> = people.iter().filter_map(|person| person.login.as_ref()).collect();
        let names: HashSet<String> =
            people.iter().filter_map(|person| person.profile.name.as_deref()).map(folded).collect();
        let mut members: HashMap<&Option<String>, (usize, usize)> = HashMap::new();
        for known in known.iter().filter(|known| is_pupil(known)) {
            let is_there = logins.contains(&known.username)
                || known.profile.name.as_ref().is_some_and(|name| names.contains(&folded(name)));
            let (there, all) = members.entry(&known.profile.group).or_default();
            (*there, *all) = (*there + usize::from(is_there), *all + 1);
        }
        let most = members.into_iter().filter(|(_, (there, all))| there * 2 > *all).map(|(group, _)| group.clone());
        let named =
            people.iter().filter(|person| person.profile.group.is_some()).map(|person| person.profile.group.clone());
        Self(most.chain(named).collect())
    }

    fn has(&self, known: &Known) -> bool {
        self.0.contains(&known.profile.group)
    }
}

/// Who is who.
struct Matching<'a> {
    people: &'a [Person],
    known: &'a [Known],
    groups: Groups,
    /// For each of the people the place of their account.
    found: Vec<Option<usize>>,
    /// For each account, whether somebody was found to have it.
    claimed: Vec<bool>,
}

impl<'a> Matching<'a> {
    fn new(people: &'a [Person], known: &'a [Known]) -> Self {
        let groups = Groups::of(people, known);
        Self { people, known, groups, found: vec![None; people.len()], claimed: vec![false; known.len()] }
    }

    fn claim(&mut self, person: usize, at: usize) {
        (self.found[person], self.claimed[at]) = (Some(at), true);
    }

    /// Those whose user name the list gives.
    fn by_login(&mut self) {
        let places: HashMap<&Username, usize> =
            self.known.iter().enumerate().map(|(at, known)| (&known.username, at)).collect();
        for (index, person) in self.people.iter().enumerate() {
            if let Some(at) = person.login.as_ref().and_then(|login| places.get(login)) {
                self.claim(index, *at);
            }
        }
    }

    /// The same name in the same group; of several the first in the list is the first of the accounts.
    fn by_name_and_group(&mut self, login_may_come_later: bool) {
        let mut free: HashMap<(String, &Option<String>), Vec<usize>> = HashMap::new();
        for (at, known) in self.unclaimed().rev() {
            if let Some(name) = &known.profile.name {
                free.entry((folded(name), &known.profile.group)).or_default().push(at);
            }
        }
        for (index, name, person) in self.unfound(login_may_come_later) {
            let same = free.get_mut(&(name, &person.profile.group));
            if let Some(at) = same.and_then(Vec::pop) {
                self.claim(index, at);
            }
        }
    }

    /// The same name in another group, which the list is about too, or in none. Then there must be one for each, since nothing else tells
    /// them apart. Else somebody with an account of just that user name and no name.
    fn by_name(&mut self, login_may_come_later: bool, mistakes: &mut Vec<Mistake>) {
        let mut rows: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, name, _) in self.unfound(login_may_come_later) {
            rows.entry(name).or_default().push(index);
        }
        let mut free: HashMap<String, Vec<usize>> = HashMap::new();
        let mut nameless: HashMap<&str, usize> = HashMap::new();
        for (at, known) in self.unclaimed() {
            match &known.profile.name {
                Some(name) => free.entry(folded(name)).or_default().push(at),
                None => drop(nameless.insert(known.username.as_str(), at)),
            }
        }
        // In the list's order: of two who may be one account's the first is it.
        let mut rows: Vec<(String, Vec<usize>)> = rows.into_iter().collect();
        rows.sort_by_key(|(_, rows)| rows.first().copied());
        for (name, rows) in rows {
            let anywhere = rows.iter().all(|&row| self.people[row].profile.group.is_none());
            let mut same = free.remove(&name).unwrap_or_default();
            same.retain(|&at| anywhere || self.known[at].profile.group.is_none() || self.groups.has(&self.known[at]));
            match (rows.len(), same.len()) {
                (_, 0) => {
                    for row in rows {
                        if let Some(at) = nameless.remove(self.people[row].base.as_str()) {
                            self.claim(row, at);
                        }
                    }
                }
                (1, 1) => self.claim(rows[0], same[0]),
                (ours, theirs) if ours == theirs && anywhere => {
                    rows.into_iter().zip(same).for_each(|(row, at)| self.claim(row, at));
                }
                _ => mistakes.extend(rows.into_iter().map(|row| self.unclear(row, &same))),
            }
        }
    }

    /// Why it can't be told who somebody is.
    fn unclear(&self, row: usize, same: &[usize]) -> Mistake {
        let names: Vec<String> = same.iter().map(|&at| format!("`{}`", self.known[at].username)).collect();
        let called = text::shown(self.people[row].profile.name.as_deref().unwrap_or_default()).into_owned();
        let what = format!(
            "several people are called {called}, and it can't be told who of them is {}: give them their new groups first \
             (/setgroup), or their user names in a column `username`",
            names.join(", ")
        );
        Mistake { line: self.people[row].line, what }
    }

    /// The accounts that may still be somebody's in the list.
    fn unclaimed(&self) -> impl DoubleEndedIterator<Item = (usize, &'a Known)> + use<'a> {
        let free: Vec<(usize, &Known)> =
            self.known.iter().enumerate().filter(|(at, known)| !self.claimed[*at] && is_pupil(known)).collect();
        free.into_iter()
    }

    /// Those whose account wasn't found, and may be found by what they are called.
    fn unfound(&self, login_may_come_later: bool) -> Vec<(usize, String, &'a Person)> {
        let people = self.people.iter().enumerate().filter(|(index, person)| {
            self.found[*index].is_none()
                && (person.login.is_none() || login_may_come_later)
                && person.role.unwrap_or_default() == Role::User
        });
        let name = |person: &Person| person.profile.name.as_deref().map(folded);
        people.filter_map(|(index, person)| Some((index, name(person)?, person))).collect()
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
