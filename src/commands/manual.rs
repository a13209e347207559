//! `importer completions` and `importer man`: made of the definitions that the program reads its
//! own command line by.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::roff::{Roff, bold, roman};

use super::{Ended, Failure};
use crate::cli::{Cli, CompletionsArgs, ManArgs, Shell};
use crate::console::Console;
use crate::exit;
use crate::mapping::Mapping;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, ExitCode, both};

const PROGRAM: &str = "importer";

/// What bash needs to complete the names of ready-made mappings, which are no words for it.
const BASH_MAPPINGS: &str = include_str!("mappings.bash");

/// What the codes mean, in the words of README.md.
const STATUS: [(ExitCode, &str); 12] = [
    (
        ExitCode::Fine,
        "all is well; with --limit or --record, as far as it was asked for",
    ),
    (
        ExitCode::Failure,
        "the program or the disk failed unexpectedly",
    ),
    (ExitCode::Usage, "the command line is wrong"),
    (
        ExitCode::SomeFailed,
        "finished, but some records are invalid or refused",
    ),
    (
        ExitCode::Unusable,
        "input, mapping or settings cannot be used, or too much is invalid; nothing was sent",
    ),
    (
        ExitCode::Stopped,
        "stopped: the server refuses (credentials, licence, rights, address), or refused too many",
    ),
    (
        ExitCode::Locked,
        "another run into the same target is at work",
    ),
    (
        ExitCode::SomeUnknown,
        "finished, but some records are unknown",
    ),
    (
        ExitCode::Journal,
        "the journal is damaged, or was written by another version",
    ),
    (ExitCode::TryLater, "the ERP is away, or the time is up"),
    (ExitCode::Interrupted, "interrupted (Ctrl-C)"),
    (ExitCode::Terminated, "asked to end (SIGTERM)"),
];

/// What the program reads and writes where nothing else was said.
const FILES: [(&str, &str); 3] = [
    (
        "importer.toml",
        "Settings, looked for in the current folder and in those above it.",
    ),
    (
        ".importer/",
        "The journal, beside the nearest importer.toml or in the current folder. It is what knows \
         who was created: keep it.",
    ),
    ("reports/RUN/", "The report of each run."),
];

/// Prints what a shell completes words by.
pub(super) fn completions(args: &CompletionsArgs, console: &Console) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    if args.shell == Shell::Bash {
        let names = Mapping::builtin_names().iter();
        let names: Vec<String> = names.map(|name| format!("builtin:{name}")).collect();
        let further = BASH_MAPPINGS.replace("{names}", &names.join(" "));
        script.extend_from_slice(further.as_bytes());
    }
    print(&script, console);
    Ok(ExitCode::Fine)
}

/// Prints the first page, or writes all of them into a folder.
pub(super) fn man(args: &ManArgs, console: &Console) -> Ended {
    let mut command = Cli::command().name(PROGRAM).disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        let page = page(&command).map_err(|error| {
            failure(
                &error,
                both!([error = of_io(&error)]
                    "the page cannot be written: {error}",
                    "die Seite lässt sich nicht schreiben: {error}"
                ),
            )
        })?;
        print(&page, console);
        return Ok(ExitCode::Fine);
    };
    let made = std::fs::create_dir_all(folder);
    made.and_then(|()| write(&command, folder))
        .map_err(|error| {
            failure(
                &error,
                both!([error = of_io(&error)]
                    "the pages cannot be written into {folder}: {error}",
                    "die Seiten lassen sich nicht in {folder} schreiben: {error}",
                    folder = folder.display()
                ),
            )
        })?;
    console.note(&both!(
        "the pages are in {folder}",
        "die Seiten sind in {folder}",
        folder = folder.display()
    ));
    Ok(ExitCode::Fine)
}

/// Writes the pages of the command and of those below it.
fn write(command: &Command, folder: &Path) -> std::io::Result<()> {
    for below in command.get_subcommands() {
        write(below, folder)?;
    }
    let name = format!("{}.1", name(command));
    std::fs::write(folder.join(name), page(command)?)
}

/// What the command's page is called: `importer-mapping-new`.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// A page: what the definitions tell, and what they do not.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .source(concat!("importer ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)?;
    let mut rest = Roff::new();
    let is_first = name(command) == PROGRAM;
    if is_first || matches!(command.get_name(), "run" | "schedule") {
        rest.control("SH", ["EXIT STATUS"]);
        for (code, meaning) in STATUS {
            entry(&mut rest, &code.number().to_string(), meaning);
        }
    }
    if is_first {
        rest.control("SH", ["FILES"]);
        for (file, meaning) in FILES {
            entry(&mut rest, file, meaning);
        }
    } else {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold(PROGRAM), roman("(1)")]);
    }
    page.extend_from_slice(rest.to_roff().as_bytes());
    Ok(page)
}

/// A term and what is to be said of it.
fn entry(page: &mut Roff, term: &str, meaning: &str) {
    page.control("TP", []);
    page.text([bold(term)]);
    page.text([roman(meaning)]);
}

fn print(bytes: &[u8], console: &Console) {
    console.line(String::from_utf8_lossy(bytes).trim_end());
}

fn failure(error: &std::io::Error, text: Bilingual) -> Failure {
    Failure {
        code: exit::of_place(error),
        text,
        help: Some(both!(
            "name a folder that is there and can be written to",
            "einen Ordner nennen, den es gibt und in den geschrieben werden darf"
        )),
        rendered: None,
    }
}
