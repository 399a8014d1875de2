//! An option's variable in the environment.

use clap::{Arg, ArgAction};

/// What the names of variables begin with. (`HOMEROOM_PASSWORD` and `HOMEROOM_CONFIG_DIR` are the client's.)
pub(super) const PREFIX: &str = "HOMEROOM_";

/// Gives an option its variable.
pub(super) fn take_from_environment(option: Arg) -> Arg {
    let name = variable(option.get_id().as_str());
    let option = if matches!(option.get_action(), ArgAction::SetTrue) {
        option.value_parser(clap::builder::BoolishValueParser::new())
    } else {
        option
    };
    option.env(name).hide_env(true)
}

/// Its name in the environment.
pub(super) fn variable(id: &str) -> String {
    format!("{PREFIX}{}", id.to_ascii_uppercase())
}
