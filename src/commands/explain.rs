//! `importer mapping explain`: each field of one record, with everything that was done to it.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::mapping::{load, warn_of};
use super::{Ended, Failure};
use crate::cli::MappingExplainArgs;
use crate::console::{Console, ExplainedRow, Explanation, Section};
use crate::import::{Explained, Fate, explain_record};
use crate::mapping::{FieldTrace, ObjectTrace};
use crate::outcome::{Bilingual, ExitCode, FieldError, Language, ValuesShown, both};
use crate::record::Position;
use crate::settings::typed_source;

/// Explains; an invalid record is explained as well as a valid one, so the code is 0 for both.
pub(super) fn run(args: &MappingExplainArgs, json: bool, console: &Console) -> Ended {
    let mapping = load(&args.file, console)?;
    let number = args.record.0.get();
    let explained = explain_record(
        &mapping,
        Path::new(&args.input),
        &typed_source(&args.source),
        number,
    )
    .map_err(|error| Failure::of_input(&error, console, ValuesShown::Full))?;
    warn_of(explained.without_effect.clone(), console);
    if json {
        lines(&explained).iter().for_each(|line| console.json(line));
    } else {
        console.explanation(&page(&explained, console.language()));
    }
    Ok(ExitCode::Fine)
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Valid => "valid",
        Fate::Invalid => "invalid",
        Fate::LeftOut => "left_out",
        Fate::Unreadable => "unreadable",
    }
}

/// A line for the record, then one for each field and each object that is not sent.
fn lines(explained: &Explained) -> Vec<Json> {
    let mut lines = vec![json!({
        "type": "record",
        "record": explained.position.record,
        "line": explained.position.line,
        "customer": { "record": explained.lead.record, "records": explained.together },
        "outcome": fate(explained.fate),
        "left_out_by": explained.trace.left_out_by,
        "errors": explained.errors.iter().map(as_json(explained)).collect::<Vec<_>>(),
        "warnings": explained.warnings.iter().map(as_json(explained)).collect::<Vec<_>>(),
    })];
    for object in &explained.trace.objects {
        if let Some(why) = &object.omitted {
            lines.push(json!({ "type": "object", "object": object.path, "omitted": why.english }));
        }
        for field in &object.fields {
            let errors = of(&explained.errors, object, field);
            let warnings = of(&explained.warnings, object, field);
            let columns = field.cells.iter();
            let columns = columns.map(|(column, text)| json!({ "column": column, "text": text }));
            let steps = field.steps.iter();
            let steps =
                steps.map(|step| json!({ "step": step.step, "result": step.result.english }));
            lines.push(json!({
                "type": "field",
                "target": field.target,
                "columns": columns.collect::<Vec<_>>(),
                "steps": steps.collect::<Vec<_>>(),
                "value": field.value,
                "sent": object.omitted.is_none() && explained.fate == Fate::Valid,
                "errors": errors.map(as_json(explained)).collect::<Vec<_>>(),
                "warnings": warnings.map(as_json(explained)).collect::<Vec<_>>(),
            }));
        }
    }
    lines
}

fn as_json(explained: &Explained) -> impl Fn(&FieldError) -> Json {
    let lead = explained.lead.record;
    move |error| {
        json!({
            "code": error.code,
            "record": error.at.as_ref().map_or(lead, |at| at.record),
            "target": error.target,
            "columns": error.columns,
            "message": error.message(),
        })
    }
}

/// The errors of a field; an object that is not sent has none.
fn of<'e>(
    errors: &'e [FieldError],
    object: &ObjectTrace,
    field: &FieldTrace,
) -> impl Iterator<Item = &'e FieldError> {
    let target = object.omitted.is_none().then(|| field.target.clone());
    errors
        .iter()
        .filter(move |error| Some(&error.target) == target.as_ref())
}

fn page(explained: &Explained, language: Language) -> Explanation {
    let what = match explained.fate {
        Fate::Valid => language.pick("valid", "gültig"),
        Fate::Invalid => language.pick("invalid", "ungültig"),
        Fate::LeftOut => language.pick("left out by `keep_if`", "durch `keep_if` weggelassen"),
        Fate::Unreadable => language.pick("cannot be read", "nicht zu lesen"),
    };
    let told = |text: Bilingual| text.told_in(language);
    let position = explained.position;
    let mut remarks: Vec<String> = explained
        .trace
        .left_out_by
        .iter()
        .map(|condition| {
            told(both!(
                "does not hold: {condition}",
                "trifft nicht zu: {condition}"
            ))
        })
        .collect();
    remarks.extend(company(explained).map(told));
    let objects = || explained.trace.objects.iter();
    let is_shown = |error: &FieldError| {
        let mut objects = objects().filter(|object| object.omitted.is_none());
        objects.any(|object| {
            object
                .fields
                .iter()
                .any(|field| field.target == error.target)
        })
    };
    // What is said of a customer of several records may concern another one of them.
    let placed = |error: &FieldError| match place_of(error, explained) {
        Some(at) => format!("{}: {}", told(place(at)), with_code(error, language)),
        None => with_code(error, language),
    };
    let unshown = |list: &'_ [FieldError], mark: &str| -> Vec<String> {
        let list = list.iter().filter(|error| !is_shown(error));
        list.map(|error| format!("{mark}{}", placed(error)))
            .collect()
    };
    remarks.extend(unshown(&explained.errors, ""));
    let warning = language.pick("warning: ", "Warnung: ");
    remarks.extend(unshown(&explained.warnings, warning));
    if explained.fate != Fate::LeftOut
        && explained.fate != Fate::Unreadable
        && objects().next().is_none()
    {
        remarks.push(told(both!(
            "input in the API's own shape is not mapped",
            "eine Eingabe in der Form der API wird nicht zugeordnet"
        )));
    }
    Explanation {
        title: format!("{}: {what}", told(place(position))),
        fine: matches!(explained.fate, Fate::Valid),
        remarks,
        sections: objects()
            .map(|object| section(explained, object, language))
            .collect(),
    }
}

/// What other records make the customer together with this one.
fn company(explained: &Explained) -> Option<Bilingual> {
    let (own, lead) = (explained.position.record, explained.lead.record);
    let last = lead + explained.together.saturating_sub(1);
    match (own == lead, explained.together) {
        (_, 0 | 1) => None,
        (true, 2) => Some(both!(
            "record {last} belongs to the same customer",
            "Datensatz {last} gehört zu demselben Kunden"
        )),
        (true, _) => Some(both!(
            "records {next} to {last} belong to the same customer",
            "die Datensätze {next} bis {last} gehören zu demselben Kunden",
            next = lead + 1
        )),
        (false, _) => Some(both!(
            "it belongs to the customer of record {lead}",
            "er gehört zum Kunden von Datensatz {lead}"
        )),
    }
}

/// The record that an error is about, if that is another one than what is explained.
fn place_of(error: &FieldError, explained: &Explained) -> Option<Position> {
    let at = error.at.as_ref().map_or(explained.lead, |at| **at);
    (at.record != explained.position.record).then_some(at)
}

/// Where a record stands.
fn place(at: Position) -> Bilingual {
    both!(
        "record {record} (line {line})",
        "Datensatz {record} (Zeile {line})",
        record = at.record,
        line = at.line
    )
}

fn with_code(error: &FieldError, language: Language) -> String {
    format!("{}: {}", error.code, error.message_in(language))
}

fn section(explained: &Explained, object: &ObjectTrace, language: Language) -> Section {
    let mut rows = Vec::new();
    for field in &object.fields {
        let first = rows.len();
        let mut push = |step: &str, text: String, is_error| {
            rows.push(ExplainedRow {
                field: String::new(),
                step: step.to_owned(),
                text,
                is_error,
            });
        };
        for (column, text) in &field.cells {
            push(column, format!("\"{text}\""), false);
        }
        for step in &field.steps {
            push(&step.step, step.result.told_in(language), false);
        }
        let mut has_error = false;
        for error in of(&explained.errors, object, field) {
            has_error = true;
            push("!", with_code(error, language), true);
        }
        for warning in of(&explained.warnings, object, field) {
            let step = language.pick("warning", "Warnung");
            push(step, with_code(warning, language), false);
        }
        match &field.value {
            _ if has_error => {}
            Some(value) => push("=", value.to_string(), false),
            None => push("=", language.pick("nothing", "leer").to_owned(), false),
        }
        if let Some(row) = rows.get_mut(first) {
            field.name.clone_into(&mut row.field);
        }
    }
    Section {
        heading: match object.path.as_str() {
            "" => language.pick("Customer", "Kunde").to_owned(),
            path => path.to_owned(),
        },
        omitted: object.omitted.as_ref().map(|why| why.told_in(language)),
        rows,
    }
}
