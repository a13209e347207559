//! `importer mapping new`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::mapping::warn_of;
use super::{Ended, Failure};
use crate::cli::MappingNewArgs;
use crate::console::Console;
use crate::exit;
use crate::import::{ImportError, Proposed, propose_mapping};
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::shell_word;
use crate::outcome::{Bilingual, ExitCode, Language, ValuesShown, both};
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
    let tell = |error: ImportError| Failure::of_input(&error, console, ValuesShown::Full);
    // Programs are told in English.
    let language = match global.console.json {
        true => Language::English,
        false => console.language(),
    };
    let proposed = propose(args, language).map_err(tell)?;
    warn_of(proposed.without_effect.clone(), console);
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
        let error = Bilingual {
            english: error.to_string(),
            german: error.in_german(),
        };
        console.warn(&match proposed.records {
            1 => both!([error]
                "{error}: the mapping is made of the 1 record before",
                "{error}: die Zuordnung ist aus dem 1 Datensatz davor gemacht"
            ),
            records => both!([error, records = Bilingual::same(records.to_string())]
                "{error}: the mapping is made of the {records} records before",
                "{error}: die Zuordnung ist aus den {records} Datensätzen davor gemacht"
            ),
        });
    }
    if global.console.quiet {
        return Ok(ExitCode::Fine);
    }
    let summary = summary(&proposed, args, output).told_in(language);
    match output {
        Some(_) => console.line(&summary),
        None => console.note(&Bilingual::same(summary)),
    }
    Ok(ExitCode::Fine)
}

fn propose(args: &MappingNewArgs, language: Language) -> Result<Proposed, ImportError> {
    let typed = typed_source(&args.source);
    if args.input == "-" {
        let folder = tempfile::tempdir().map_err(ImportError::temporary)?;
        let spooled = source::spool(&mut std::io::stdin().lock(), folder.path());
        let spooled = spooled.map_err(|error| ImportError::from(error).of_temporary())?;
        return propose_mapping(&spooled.path, "stdin", &typed, language)
            .map_err(ImportError::of_stdin);
    }
    let path = Path::new(&args.input);
    let name = path.file_name().unwrap_or(path.as_os_str());
    propose_mapping(path, &name.to_string_lossy(), &typed, language)
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
            both!([error = of_io(error)]
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
        code: exit::of_place(error),
        text,
        help: Some(help),
        rendered: None,
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
        "source": proposed.source.english,
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

/// What was recognised, what is to be done, and how to go on. The proposal's own words are in the
/// language that it was asked for in.
fn summary(proposed: &Proposed, args: &MappingNewArgs, output: Option<&Path>) -> Bilingual {
    Bilingual::of(|language| lines(proposed, args, output, language).join("\n"))
}

fn lines(
    proposed: &Proposed,
    args: &MappingNewArgs,
    output: Option<&Path>,
    language: Language,
) -> Vec<String> {
    let told = |text: Bilingual| text.told_in(language);
    let proposal = &proposed.proposal;
    let file = || PathBuf::from(language.pick("FILE", "DATEI"));
    let file = output.map_or_else(file, Path::to_path_buf);
    let mut lines = Vec::new();
    if let Some(path) = output {
        lines.push(told(both!(
            "{path}: proposed from {input}",
            "{path}: vorgeschlagen aus {input}",
            path = path.display(),
            input = &args.input
        )));
    }
    lines.push(told(both!([source = proposed.source.clone()]
        "Input       {source}",
        "Eingabe     {source}"
    )));
    lines.push(told(match proposal.recognised {
        Some(name) => both!(
            "Recognised  {name}, by its header",
            "Erkannt     {name}, an der Kopfzeile"
        ),
        None => both!(
            "Recognised  no export that is known: by names and contents",
            "Erkannt     kein bekannter Export: nach Namen und Inhalt"
        ),
    }));
    lines.push(told(mapped(proposed)));
    let remarks = proposal.remarks.iter();
    lines.extend(remarks.map(|remark| told(both!("Note        {remark}", "Hinweis     {remark}"))));
    if !proposal.to_fill_in.is_empty() {
        lines.push(language.pick("To fill in", "Auszufüllen").to_owned());
    }
    for mark in proposal.to_fill_in.iter().take(NAMED) {
        lines.push(told(both!(
            "  line {line:<4} {what}",
            "  Zeile {line:<4} {what}",
            line = mark.line,
            what = &mark.what
        )));
    }
    if let Some(further) = proposal.to_fill_in.len().checked_sub(NAMED)
        && further > 0
    {
        lines.push(told(both!(
            "  and {further} more lines with FILL IN",
            "  und {further} weitere Zeilen mit FILL IN"
        )));
    }
    if proposal.incomplete {
        lines.push(told(both!(
            "It cannot be used before that is done.",
            "Vorher lässt sich die Zuordnung nicht verwenden."
        )));
    }
    lines.push(told(both!(
        "Next        importer run {input} -m {file} --dry-run",
        "Weiter mit  importer run {input} -m {file} --dry-run",
        input = shell_word(&args.input),
        file = shell_word(&file.display().to_string())
    )));
    lines
}

/// How many columns are taken.
fn mapped(proposed: &Proposed) -> Bilingual {
    let proposal = &proposed.proposal;
    let (used, dropped, columns) = (proposal.used, proposal.dropped, proposal.columns);
    let mapped = match columns {
        1 => both!(
            "Mapped      {used} of 1 column",
            "Zugeordnet  {used} von 1 Spalte"
        ),
        _ => both!(
            "Mapped      {used} of {columns} columns",
            "Zugeordnet  {used} von {columns} Spalten"
        ),
    };
    let dropped = match dropped {
        0 => Bilingual::default(),
        _ => both!(
            ", {dropped} never to be written",
            ", nie zu schreiben: {dropped}"
        ),
    };
    let records = match proposed.records {
        1 => both!("1 record", "1 Datensatz"),
        several => both!("{several} records", "{several} Datensätze"),
    };
    both!([mapped, dropped, records]
        "{mapped}{dropped}; {records} looked at",
        "{mapped}{dropped}; angesehen: {records}"
    )
}
