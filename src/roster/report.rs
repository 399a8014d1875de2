//! What is said of an import: what was done, or what would be.

use super::plan::{Known, Plan, Step, What};
use super::rows::{Mistake, Roster};
use super::text::shown;
use crate::protocol::{Profile, Role, Username};
use crate::sanitize;
use std::path::Path;

/// How many mistakes are told at once. Whoever has more has one that is in every line.
const MISTAKES_SHOWN_MAX: usize = 100;
/// How many people are listed for one reason: a class.
const LISTED_MAX: usize = 40;

/// What became of a list.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Who was added.
    pub(crate) added: Vec<String>,
    /// Who changed, and how.
    pub(crate) changed: Vec<String>,
    /// How many stayed as they were.
    pub(crate) kept: usize,
    /// What wasn't done, and why.
    refused: Vec<String>,
    /// How many have a one-time password on a slip in place of an older one.
    pub(crate) renewed: usize,
    /// How many have no slip, since they have a password of their own.
    pub(crate) without_slip: usize,
    gone: Vec<String>,
    left_aside: Vec<String>,
    passwords_left: usize,
    namesakes: Vec<String>,
    elsewhere: Vec<String>,
}

impl Report {
    /// Of a list that nothing was done for yet.
    pub(crate) fn new(roster: &Roster, plan: &Plan) -> Self {
        let people =
            |all: &[Known]| all.iter().map(|Known { username, profile, .. }| person(username, profile)).collect();
        let (gone, elsewhere) = (people(&plan.gone), people(&plan.elsewhere));
        let left_aside = roster.left_aside.clone();
        let namesakes = plan.namesakes.iter().map(|(new, other)| format!("{new} (as {other})")).collect();
        Self { gone, left_aside, namesakes, elsewhere, passwords_left: plan.passwords_left, ..Self::default() }
    }

    /// All that is planned, as if it were done; with slips if they are asked for.
    pub(crate) fn of_all(roster: &Roster, plan: &Plan, with_slips: bool) -> Self {
        let mut report = Self::new(roster, plan);
        for step in &plan.steps {
            match &step.refusal {
                None => report.note(step, &step.username, with_slips),
                Some(why) => report.refuse(step, why),
            }
        }
        report
    }

    /// One step is not done.
    pub(crate) fn refuse(&mut self, step: &Step, why: &str) {
        self.refused.push(format!("line {}: `{}`: {}", step.line, step.username, sanitize::line(why)));
    }

    /// One step is done, for the account that is called so.
    pub(crate) fn note(&mut self, step: &Step, username: &Username, with_slips: bool) {
        let Step { profile, what, role, .. } = step;
        match what {
            What::Add if *role == Role::User => self.added.push(person(username, profile)),
            What::Add => self.added.push(format!("{}, {}", person(username, profile), role.title())),
            What::Change { before, .. } => self.changed.push(change(username, before, profile)),
            What::Keep { .. } => self.kept += 1,
        }
        match what.one_time() {
            Some(true) if with_slips => self.renewed += 1,
            Some(false) if with_slips => self.without_slip += 1,
            _ => {}
        }
    }

    /// The lines, safe to print: what was done, or with `only_planned` what would be.
    pub(crate) fn lines(&self, only_planned: bool, form: &str) -> Vec<String> {
        let mut lines = vec![self.first_line(only_planned) + form];
        if only_planned {
            lines.extend(self.added.iter().map(|person| format!("would add {person}")));
        }
        let changed = if only_planned { "would change" } else { "changed" };
        lines.extend(self.changed.iter().take(LISTED_MAX).map(|change| format!("{changed} {change}")));
        if let Some(more @ 1..) = self.changed.len().checked_sub(LISTED_MAX) {
            lines.push(format!("and {more} more are changed"));
        }
        if !self.namesakes.is_empty() {
            lines.push(format!("new, though somebody else has the same name: {}", listed(&self.namesakes)));
        }
        if !self.elsewhere.is_empty() {
            let whom = listed(&self.elsewhere);
            lines.push(format!("found by name alone, under a user name of another kind; is it they? {whom}"));
        }
        if self.passwords_left > 0 {
            lines.push(format!(
                "{} are here already, and keep their passwords: those in the list are left aside",
                self.passwords_left
            ));
        }
        if self.renewed > 0 {
            let many = self.renewed;
            lines.push(format!("{many} who haven't chosen a password yet: a new one-time password is on the slip, older slips are worth nothing"));
        }
        if self.without_slip > 0 {
            let many = self.without_slip;
            lines.push(format!(
                "{many} have a password of their own and no slip: /resetpassword NAME makes a one-time one"
            ));
        }
        if !self.gone.is_empty() {
            lines.push(format!("not in the list any more, and left as they are: {}", listed(&self.gone)));
        }
        if !self.left_aside.is_empty() {
            lines.push(format!("nothing was taken of the columns {}", listed(&self.left_aside)));
        }
        let not_done = if only_planned { "would be refused" } else { "not done" };
        lines.extend(self.refused.iter().take(MISTAKES_SHOWN_MAX).map(|what| format!("{not_done}: {what}")));
        if let Some(more @ 1..) = self.refused.len().checked_sub(MISTAKES_SHOWN_MAX) {
            lines.push(format!("and {more} more: {not_done}"));
        }
        lines
    }

    fn first_line(&self, only_planned: bool) -> String {
        let (add, change) = if only_planned { ("would add", "would change") } else { ("added", "changed") };
        let mut line = match self.added.len() {
            0 => format!("{add} nobody"),
            1 => format!("{add} 1 account"),
            many => format!("{add} {many} accounts"),
        };
        if !self.changed.is_empty() {
            line += &format!(", {change} {}", self.changed.len());
        }
        if self.kept > 0 {
            line += &format!(", {} stay as they are", self.kept);
        }
        if only_planned { line + "; nothing was done" } else { line }
    }
}

/// What is said of the slips that are written.
pub(crate) fn slips_line(many: usize, path: &Path) -> String {
    let path = path.display().to_string();
    let path = sanitize::line(&path);
    let slips = match many {
        0 => return format!("nobody needs a slip: {path} has none"),
        1 => "1 slip is".to_owned(),
        many => format!("{many} slips are"),
    };
    format!("{slips} in {path}: open it in a browser, print it, then delete it, since it opens all these accounts")
}

/// Mistakes, a line for each, in the list's order.
pub(crate) fn tell_mistakes(mut mistakes: Vec<Mistake>) -> String {
    mistakes.sort_by_key(|mistake| mistake.line);
    let shown = mistakes.iter().take(MISTAKES_SHOWN_MAX);
    let mut text: String = shown.map(|Mistake { line, what }| format!("\n  line {line}: {what}")).collect();
    if let Some(more @ 1..) = mistakes.len().checked_sub(MISTAKES_SHOWN_MAX) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

/// Somebody by user name, name and group.
fn person(username: &Username, profile: &Profile) -> String {
    let about: Vec<_> =
        [&profile.name, &profile.group].into_iter().flatten().map(|text| sanitize::line(text)).collect();
    if about.is_empty() { username.to_string() } else { format!("{username} ({})", about.join(", ")) }
}

/// What changes about somebody.
fn change(username: &Username, before: &Profile, now: &Profile) -> String {
    let none = || "none".to_owned();
    let both = |what, before: &Option<String>, now: &Option<String>| {
        let shown = |text: &Option<String>| text.as_deref().map_or_else(none, |text| shown(text).into_owned());
        (before != now).then(|| format!("{what} {} (was {})", shown(now), shown(before)))
    };
    let changes = [both("name", &before.name, &now.name), both("group", &before.group, &now.group)];
    format!("{username}: {}", changes.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Some of them, and how many more there are.
fn listed(all: &[String]) -> String {
    let some = all.iter().take(LISTED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(LISTED_MAX) {
        Some(more @ 1..) => format!("{some}, and {more} more"),
        _ => some,
    }
}
