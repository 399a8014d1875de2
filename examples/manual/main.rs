//! Writes the manual pages or the shells' completions of both programs, from the definitions of their command
//! lines: `make man`, `make completions`.

mod pages;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let written = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["man", folder] => pages::manual(Path::new(folder)),
        ["completions", folder] => pages::completions(Path::new(folder)),
        _ => {
            eprintln!("usage: manual man|completions FOLDER");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(files) => {
            files.iter().for_each(|file| println!("{}", file.display()));
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("manual: can't write to the folder: {e}");
            ExitCode::FAILURE
        }
    }
}
