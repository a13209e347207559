//! `importer completions` and `importer man`: made of the definitions that the program reads its
//! own command line by.

use clap::CommandFactory;

use super::{Ended, Failure};
use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::console::Console;
use crate::outcome::{Bilingual, ExitCode, both};

const PROGRAM: &str = "importer";

/// Prints what a shell completes words by.
pub(super) fn completions(args: &CompletionsArgs, console: &Console) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    print(&script, console);
    Ok(ExitCode::Fine)
}

/// Prints the first page, or writes all of them into a folder.
pub(super) fn man(args: &ManArgs, console: &Console) -> Ended {
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command().name(PROGRAM))
            .render(&mut page)
            .map_err(|error| {
                failure(both!(
                    "the page cannot be written: {error}",
                    "die Seite lässt sich nicht schreiben: {error}"
                ))
            })?;
        print(&page, console);
        return Ok(ExitCode::Fine);
    };
    clap_mangen::generate_to(Cli::command().name(PROGRAM), folder).map_err(|error| {
        failure(both!(
            "the pages cannot be written into {folder}: {error}",
            "die Seiten lassen sich nicht in {folder} schreiben: {error}",
            folder = folder.display()
        ))
    })?;
    console.note(&both!(
        "the pages are in {folder}",
        "die Seiten sind in {folder}",
        folder = folder.display()
    ));
    Ok(ExitCode::Fine)
}

fn print(bytes: &[u8], console: &Console) {
    console.line(String::from_utf8_lossy(bytes).trim_end());
}

fn failure(text: Bilingual) -> Failure {
    Failure {
        code: ExitCode::Failure,
        text,
        help: Some(both!(
            "name a folder that is there and can be written to",
            "einen Ordner nennen, den es gibt und in den geschrieben werden darf"
        )),
        rendered: false,
    }
}
