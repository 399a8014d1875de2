//! What can be set, and what somebody types behind `/set`, judged as the next start judges it.

use super::args::Args;
use crate::nearest::nearest;
use crate::options::{Options, key};
use crate::sanitize;
use clap::{Arg, ArgAction, CommandFactory};
use toml_edit::{Array, Item, Value};

/// The setting that is a file to be written.
pub(crate) const TRANSCRIPT: &str = "log";

/// What there is to set.
pub(super) const OPTIONS: Options = Options {
    command: Args::command,
    example: "user = \"ada\" or no-bell = true",
    not_in_file: &[
        ("fingerprint", "it belongs to one server, and known_servers has those"),
        ("find", "it would ask at each start"),
        ("register", "an account is made once"),
        ("help", "it belongs to the command line"),
    ],
};

/// The options that are settings: neither help nor what belongs to one server.
pub(super) fn settable() -> Vec<Arg> {
    let banned = |option: &Arg| OPTIONS.not_in_file.iter().any(|banned| option.get_id() == banned.0);
    OPTIONS.all().into_iter().filter(|option| !banned(option)).collect()
}

/// The setting of this name.
///
/// # Errors
/// There is none.
pub(super) fn find(name: &str) -> Result<Arg, String> {
    let all = settable();
    let unknown = || match nearest(name, all.iter().map(key)) {
        Some(meant) => format!("there is no setting `{name}`: did you mean `{meant}`?"),
        None => format!("there is no setting `{name}`: /set lists them"),
    };
    all.iter().find(|option| key(option) == name).cloned().ok_or_else(unknown)
}

/// What somebody typed behind `/set NAME`, checked.
///
/// # Errors
/// What is wrong with it.
pub(super) fn values(option: &Arg, text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    if text == "-" {
        return Ok(Vec::new());
    }
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" => Ok(vec!["true".into()]),
            "false" | "off" | "no" => Ok(vec!["false".into()]),
            _ => Err(format!("`{}` is on or off", key(option))),
        };
    }
    let list: Vec<String> = match option.get_action() {
        ArgAction::Append => text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|word| !word.is_empty())
            .map(Into::into)
            .collect(),
        _ => vec![text.to_owned()],
    };
    if list.is_empty() {
        return Err(format!("`{}` is a list, and nothing stands there; `-` takes it back", key(option)));
    }
    list.iter().try_for_each(|value| check(option, value))?;
    Ok(list)
}

/// Whether the next start takes a value: it's the command line that judges, and here is why it doesn't.
fn check(option: &Arg, value: &str) -> Result<(), String> {
    let words = ["homeroom-client".to_owned(), format!("--{}={value}", key(option))];
    let Err(error) = Args::command().try_get_matches_from(words) else { return Ok(()) };
    let cannot = format!("`{}` can't be `{}`", key(option), sanitize::line(value));
    let allowed: Vec<_> = option.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
    Err(match std::error::Error::source(&error) {
        _ if !allowed.is_empty() => format!("{cannot}: there are {}", allowed.join(", ")),
        Some(why) => format!("{cannot}: {why}"),
        None => cannot,
    })
}

/// An option's values as the file has them; None if it has none.
pub(super) fn to_item(option: &Arg, values: &[String]) -> Option<Item> {
    let value = match (values, option.get_action()) {
        ([], _) => return None,
        ([flag], ArgAction::SetTrue) => Value::from(flag == "true"),
        (list, ArgAction::Append) => Value::from(list.iter().map(String::as_str).collect::<Array>()),
        // A name such as 007 is no number.
        (list, _) => match list[0].parse::<i64>() {
            Ok(number) if number.to_string() == list[0] => Value::from(number),
            _ => Value::from(list[0].as_str()),
        },
    };
    Some(Item::Value(value))
}
