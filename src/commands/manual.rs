//! `importer completions` and `importer man`: made of the definitions that the program reads its
//! own command line by.

use std::io::{Error, ErrorKind};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::roff::{Roff, bold, roman};
use serde_json::json;

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
pub(super) fn completions(args: &CompletionsArgs, console: &Console, json: bool) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    if args.shell == Shell::Bash {
        let names = Mapping::builtin_names().iter();
        let names: Vec<String> = names.map(|name| format!("builtin:{name}")).collect();
        let further = BASH_MAPPINGS.replace("{names}", &names.join(" "));
        script.extend_from_slice(further.as_bytes());
    }
    let script = text(&script);
    if json {
        let shell = args.shell.to_string();
        console.json(&json!({"type": "completions", "shell": shell, "script": script}));
    } else {
        console.line(&script);
    }
    Ok(ExitCode::Fine)
}

/// Prints the first page, or writes all of them into a folder.
pub(super) fn man(args: &ManArgs, console: &Console, json: bool) -> Ended {
    let mut command = Cli::command().name(PROGRAM).disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        let page = page(&command).map_err(|error| Failure {
            code: ExitCode::Failure,
            text: both!([error = of_io(&error)]
                "the page cannot be written: {error}",
                "die Seite lässt sich nicht schreiben: {error}"
            ),
            help: None,
            rendered: None,
        })?;
        let page = text(&page);
        if json {
            console.json(&json!({"type": "page", "page": PROGRAM, "text": page}));
        } else {
            console.line(&page);
        }
        return Ok(ExitCode::Fine);
    };
    make(folder)?;
    let mut pages = Vec::new();
    write(&command, folder, &mut pages)?;
    if json {
        console.json(&json!({"type": "pages", "folder": folder, "pages": pages}));
    } else {
        console.note(&both!(
            "the pages are in {folder}",
            "die Seiten sind in {folder}",
            folder = folder.display()
        ));
    }
    Ok(ExitCode::Fine)
}

/// Makes the folder, unless it is there.
fn make(folder: &Path) -> Result<(), Failure> {
    let help = both!(
        "name a folder that is there and can be written to",
        "einen Ordner nennen, den es gibt und in den geschrieben werden darf"
    );
    std::fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        let text = match error.kind() {
            ErrorKind::AlreadyExists => both!(
                "the pages cannot be written into {folder}: it is there, and is no folder",
                "die Seiten lassen sich nicht in {folder} schreiben: das gibt es schon, und es ist \
                 kein Ordner"
            ),
            _ => both!([error = of_io(&error)]
                "the pages cannot be written into {folder}: {error}",
                "die Seiten lassen sich nicht in {folder} schreiben: {error}"
            ),
        };
        failure(&error, text, help)
    })
}

/// Writes the pages of the command and of those below it; tells their names.
fn write(command: &Command, folder: &Path, pages: &mut Vec<String>) -> Result<(), Failure> {
    for below in command.get_subcommands() {
        write(below, folder, pages)?;
    }
    let name = format!("{}.1", name(command));
    let path = folder.join(&name);
    let written = page(command).and_then(|page| std::fs::write(&path, page));
    written.map_err(|error| {
        let help = match error.kind() {
            ErrorKind::IsADirectory => both!(
                "move it away, or name another folder",
                "ihn verschieben, oder einen anderen Ordner nennen"
            ),
            _ => both!(
                "make sure that it can be written and that there is room, or name another folder",
                "dafür sorgen, dass sie beschreibbar ist und Platz da ist, oder einen anderen \
                 Ordner nennen"
            ),
        };
        let text = both!([error = of_io(&error)]
            "the page {path} cannot be written: {error}",
            "die Seite {path} lässt sich nicht schreiben: {error}",
            path = path.display()
        );
        failure(&error, text, help)
    })?;
    pages.push(name);
    Ok(())
}

/// What the command's page is called: `importer-mapping-new`.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// A page: what the definitions tell, and what they do not.
fn page(command: &Command) -> Result<Vec<u8>, Error> {
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

/// What was made, for whoever reads it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn failure(error: &Error, text: Bilingual, help: Bilingual) -> Failure {
    Failure {
        code: exit::of_place(error),
        text,
        help: Some(help),
        rendered: None,
    }
}
