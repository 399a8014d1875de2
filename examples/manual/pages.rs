//! Manual pages and completions from the definitions of the command lines.

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use homeroom::{client, server};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The shells that are served. Elvish, which clap knows too, nobody has asked for.
const SHELLS: [Shell; 4] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];

fn programs() -> [Command; 2] {
    [server::config::Args::command(), client::settings::Args::command()]
}

/// Writes `PROGRAM.1` of both programs into a folder, and `PROGRAM-COMMAND.1` of each command of theirs.
pub(crate) fn manual(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let mut written = Vec::new();
    for mut program in programs() {
        program = program.disable_help_subcommand(true);
        program.build();
        write_pages(&program, folder, &mut written)?;
    }
    Ok(written)
}

fn write_pages(command: &Command, folder: &Path, written: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = folder.join(format!("{name}.1"));
    let page = Man::new(command.clone()).title(name.to_uppercase()).manual("homeroom");
    let mut text = Vec::new();
    page.render(&mut text)?;
    fs::write(&path, text)?;
    written.push(path);
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write_pages(command, folder, written))
}

/// Writes the completions of both programs for each shell into a folder, under the names that the shells look for.
pub(crate) fn completions(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let mut written = Vec::new();
    for mut program in programs() {
        let name = program.get_name().to_owned();
        for shell in SHELLS {
            written.push(generate_to(shell, &mut program, &name, folder)?);
        }
    }
    Ok(written)
}
