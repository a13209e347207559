//! `importer mapping new`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Ended, Failure};
use crate::cli::MappingNewArgs;
use crate::console::Console;
use crate::import::{ImportError, Proposed, propose_mapping};
use crate::outcome::telling::shell_word;
use crate::outcome::{Bilingual, ExitCode, both};
use crate::settings::{GlobalChoice, typed_source};
use crate::source;

/// Lines to fill in that are named at the end; the others are only counted.
const NAMED: usize = 12;

pub(super) fn run(args: &MappingNewArgs, global: &GlobalChoice, console: &Console) -> Ended {
    let output = args
        .output
        .as_deref()
        .filter(|path| path.as_os_str() != "-");
    if let Some(path) = output {
        may_be_written(path, args.force)?;
    }
    let tell = |error: ImportError| Failure::of_import(&error, console);
    let proposed = propose(args).map_err(tell)?;
    let text = &proposed.proposal.text;
    if let Some(path) = output {
        write(path, text, args.force).map_err(|error| not_written(path, &error))?;
    }
    if global.console.json {
        console.json(&as_json(&proposed, args, output));
        return Ok(ExitCode::Fine);
    }
    if output.is_none() {
        console.line(text.trim_end_matches('\n'));
    }
    if let Some(error) = &proposed.cut_short {
        console.warn(&match proposed.records {
            1 => both!(
                "{error}: the mapping is made of the 1 record before",
                "{error}: die Zuordnung ist aus dem 1 Datensatz davor gemacht"
            ),
            records => both!(
                "{error}: the mapping is made of the {records} records before",
                "{error}: die Zuordnung ist aus den {records} Datensätzen davor gemacht"
            ),
        });
    }
    if global.console.quiet {
        return Ok(ExitCode::Fine);
    }
    let summary = summary(&proposed, args, output);
    match output {
        Some(_) => console.line(&summary),
        None => console.note(&Bilingual::same(summary)),
    }
    Ok(ExitCode::Fine)
}

fn propose(args: &MappingNewArgs) -> Result<Proposed, ImportError> {
    let typed = typed_source(&args.source);
    if args.input == "-" {
        let folder = tempfile::tempdir()
            .map_err(|error| ImportError::spool(&tempfile::env::temp_dir(), error))?;
        let spooled = source::spool(&mut std::io::stdin().lock(), folder.path())?;
        return propose_mapping(&spooled.path, "stdin", &typed).map_err(ImportError::of_stdin);
    }
    let path = Path::new(&args.input);
    let name = path.file_name().unwrap_or(path.as_os_str());
    propose_mapping(path, &name.to_string_lossy(), &typed)
}

/// Says so before the input is read, if the file cannot be written anyway.
fn may_be_written(path: &Path, force: bool) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) if !force => Err(not_written(path, &ErrorKind::AlreadyExists.into())),
        Ok(metadata) if metadata.is_dir() => {
            Err(not_written(path, &ErrorKind::IsADirectory.into()))
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    match force {
        true => options.create(true).truncate(true),
        // Not even a file that appeared since it was looked for is overwritten.
        false => options.create_new(true),
    };
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    let (text, help) = match error.kind() {
        ErrorKind::AlreadyExists => (
            both!("{shown} exists already", "{shown} gibt es schon"),
            both!(
                "name another file with -o, or let --force overwrite it",
                "mit -o eine andere Datei nennen, oder sie mit --force überschreiben"
            ),
        ),
        _ => (
            both!(
                "{shown} cannot be written: {error}",
                "{shown} lässt sich nicht schreiben: {error}"
            ),
            both!(
                "name another file with -o",
                "mit -o eine andere Datei nennen"
            ),
        ),
    };
    Failure {
        code: ExitCode::Unusable,
        text,
        help: Some(help),
        rendered: false,
    }
}

fn as_json(proposed: &Proposed, args: &MappingNewArgs, output: Option<&Path>) -> serde_json::Value {
    let proposal = &proposed.proposal;
    let to_fill_in: Vec<serde_json::Value> = proposal
        .to_fill_in
        .iter()
        .map(|mark| json!({ "line": mark.line, "what": mark.what }))
        .collect();
    let mut object = json!({
        "type": "proposal",
        "input": args.input,
        "source": proposed.source,
        "records": proposed.records,
        "recognised": proposal.recognised,
        "columns": proposal.columns,
        "used": proposal.used,
        "dropped": proposal.dropped,
        "to_fill_in": to_fill_in,
        "incomplete": proposal.incomplete,
        "remarks": proposal.remarks,
        "complete_input": proposed.cut_short.is_none(),
    });
    let (key, value) = match output {
        Some(path) => ("output", path.display().to_string()),
        None => ("text", proposal.text.clone()),
    };
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value.into());
    }
    object
}

/// What was recognised, what is to be done, and how to go on.
fn summary(proposed: &Proposed, args: &MappingNewArgs, output: Option<&Path>) -> String {
    let proposal = &proposed.proposal;
    let file = output.map_or_else(|| PathBuf::from("FILE"), Path::to_path_buf);
    let mut lines = Vec::new();
    if let Some(path) = output {
        lines.push(format!("{}: proposed from {}", path.display(), args.input));
    }
    lines.push(format!("Input       {}", proposed.source));
    lines.push(match proposal.recognised {
        Some(name) => format!("Recognised  {name}, by its header"),
        None => "Recognised  no export that is known: by names and contents".to_owned(),
    });
    let columns = match proposal.columns {
        1 => "1 column".to_owned(),
        several => format!("{several} columns"),
    };
    let mut mapped = format!("Mapped      {} of {columns}", proposal.used);
    if proposal.dropped > 0 {
        mapped.push_str(&format!(", {} never to be written", proposal.dropped));
    }
    mapped.push_str(&format!("; {} looked at", counted(proposed.records)));
    lines.push(mapped);
    lines.extend(
        proposal
            .remarks
            .iter()
            .map(|remark| format!("Note        {remark}")),
    );
    if !proposal.to_fill_in.is_empty() {
        lines.push("To fill in".to_owned());
    }
    for mark in proposal.to_fill_in.iter().take(NAMED) {
        lines.push(format!("  line {:<4} {}", mark.line, mark.what));
    }
    if let Some(further) = proposal.to_fill_in.len().checked_sub(NAMED)
        && further > 0
    {
        lines.push(format!("  and {further} more lines with FILL IN"));
    }
    if proposal.incomplete {
        lines.push("It cannot be used before that is done.".to_owned());
    }
    lines.push(format!(
        "Next        importer run {} -m {} --dry-run",
        shell_word(&args.input),
        shell_word(&file.display().to_string())
    ));
    lines.join("\n")
}

fn counted(records: usize) -> String {
    match records {
        1 => "1 record".to_owned(),
        several => format!("{several} records"),
    }
}
