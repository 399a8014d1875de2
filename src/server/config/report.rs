//! `homeroom-server config show` and `config check`.

use super::arrival;
use super::capacity::Capacity;
use super::environment::{PREFIX, variable};
use super::error::{ServerError, system};
use super::folder::MOTD;
use super::hollow::{Hollow, hollow};
use super::layers::{Config, DATA_DIR, FILE, OPTIONS, values};
use super::motd;
use crate::nearest::nearest;
use crate::options::{key, toml_value};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction};
use std::io::{self, Write};

/// The client's variables, and what the tests take.
const OTHER_VARIABLES: [&str; 5] =
    ["HOMEROOM_PASSWORD", "HOMEROOM_CONFIG_DIR", "HOMEROOM_LONG", "HOMEROOM_FAULTS", "HOMEROOM_MACHINE"];

/// Prints every option, its value and who says so, and for how many there is room. What is printed could be a `homeroom.toml`.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn show(config: &Config) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for option in OPTIONS.all() {
        writeln!(out, "{}", line(config, &option))?;
    }
    writeln!(out, "# there is {}", Capacity::here(config.args.live.max_sessions).told())
}

/// Says what [`Config::load`] has not found wrong, judges the message of the day, and warns about variables that mean
/// nothing and files that hold nothing.
///
/// # Errors
/// `motd.txt` can't be one, no server starts with a file that holds nothing or in a folder that isn't whole, or standard output is
/// closed.
pub(crate) fn check(config: &Config) -> Result<(), ServerError> {
    let (stopping, passed): (Vec<_>, Vec<_>) = hollow(&config.args.data_dir).into_iter().partition(Hollow::stops);
    tell_what_is_fine(config, &passed).map_err(|e| system("print", &e))?;
    let motd = config.args.data_dir.join(MOTD);
    let motd = motd::read(config.args.live.motd.as_deref(), &motd).map(drop).map_err(ServerError::Configuration);
    let mut stopping: Vec<String> = stopping.iter().map(Hollow::to_string).collect();
    stopping.extend(arrival::told(&config.args.data_dir));
    if stopping.is_empty() { motd } else { Err(ServerError::Folder(stopping.join("\n"))) }
}

fn tell_what_is_fine(config: &Config, passed: &[Hollow]) -> io::Result<()> {
    for file in passed {
        writeln!(io::stderr(), "warning: {file}")?;
    }
    let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    for warning in unknown_variables(&names) {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    let there = if config.file.exists() { "fine" } else { "not there, which is fine" };
    writeln!(io::stdout(), "{}: {there}", config.file.display())
}

fn line(config: &Config, option: &Arg) -> String {
    let (id, key) = (option.get_id().as_str(), key(option));
    let source = match config.matches.value_source(id) {
        Some(ValueSource::EnvVariable) => variable(id),
        Some(ValueSource::CommandLine) => format!("--{key}"),
        _ => "default".into(),
    };
    let source = config.lines.get(id).map_or(source, |line| format!("{} line {line}", FILE));
    let values: Vec<String> = values(config, option).iter().map(|value| toml_value(value)).collect();
    let value = match (&values[..], option.get_action()) {
        ([], _) => return format!("# {key} is not set"),
        (list, ArgAction::Append) => format!("[{}]", list.join(", ")),
        (list, _) => list[0].clone(),
    };
    let comment = if id == DATA_DIR { "# " } else { "" };
    format!("{comment}{key} = {value} # {source}")
}

fn unknown_variables(names: &[String]) -> Vec<String> {
    let known: Vec<String> = OPTIONS.all().iter().map(|option| variable(option.get_id().as_str())).collect();
    let ours = |name: &&String| name.starts_with(PREFIX) && !OTHER_VARIABLES.contains(&name.as_str());
    let unknown = names.iter().filter(ours).filter(|name| !known.contains(name));
    let warning = |name: &String| match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("{name} means nothing: did you mean {meant}?"),
        None => format!("{name} means nothing: `homeroom-server config show` lists the options"),
    };
    unknown.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::args::Args;
    use clap::CommandFactory;

    fn config(line: &[&str]) -> Config {
        let line: Vec<_> =
            ["homeroom-server", "--data-dir", "/nonexistent"].iter().chain(line).map(Into::into).collect();
        Config::load(&line).unwrap()
    }

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_option_has_a_variable_and_none_is_the_clients() {
        for option in &OPTIONS.all() {
            let name = option.get_env().unwrap_or_else(|| panic!("{} has no variable", option.get_id()));
            assert_eq!(*name, *variable(option.get_id().as_str()));
            assert!(!OTHER_VARIABLES.iter().any(|other| *name == **other), "{name:?}");
            assert!(option.get_help().is_some(), "{} isn't explained", option.get_id());
        }
    }

    #[test]
    fn what_is_shown_is_a_file_that_says_the_same() {
        let config = config(&["--listen", "127.0.0.1:1,[::1]:2", "--message-rate", "off"]);
        let lines: Vec<String> = OPTIONS.all().iter().map(|option| line(&config, option)).collect();
        assert!(lines.contains(&r#"listen = ["127.0.0.1:1", "[::1]:2"] # --listen"#.into()), "{lines:?}");
        assert!(lines.contains(&r#"message-rate = "off" # --message-rate"#.into()), "{lines:?}");
        assert!(lines.contains(&"login-grace = 20 # default".into()), "{lines:?}");
        let text = lines.join("\n");
        let table: toml::Table = text.parse().unwrap();
        assert!(table.contains_key("ping-after"), "{text}");
    }

    #[test]
    fn variables_that_mean_nothing() {
        let names = ["HOMEROOM_LISTN", "HOMEROOM_PASSWORD", "HOMEROOM_LISTEN", "PATH"].map(str::to_owned);
        assert_eq!(unknown_variables(&names), ["HOMEROOM_LISTN means nothing: did you mean HOMEROOM_LISTEN?"]);
    }

    #[test]
    fn what_a_reload_does_not_change_is_named() {
        let (before, after) = (config(&["--ping-after", "5"]), config(&["--listen", "[::]:1", "--ping-after", "6"]));
        assert_eq!(after.needs_restart(&before), ["--listen"]);
    }
}
