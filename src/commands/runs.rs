//! `importer runs` and `importer show`: the past, from the journal alone.

use std::sync::Arc;

use serde_json::json;

use super::{Ended, Failure};
use crate::cli::ShowArgs;
use crate::console::Console;
use crate::import::ImportError;
use crate::journal::{Journal, JournalError, RunRow};
use crate::outcome::{ExitCode, How, Language, Outcome, Settled, both, telling};
use crate::settings::GlobalChoice;

/// Outcomes that are read at once.
const PAGE: usize = 5_000;

fn open(global: &GlobalChoice, console: &Console) -> Result<Option<Journal>, Failure> {
    Journal::open_existing(&global.state_dir)
        .map_err(|error| Failure::of_import(&ImportError::from(error), console))
}

/// Lists the runs, newest first.
pub(super) fn list(global: &GlobalChoice, console: &Arc<Console>) -> Ended {
    let tell = |error| Failure::of_import(&ImportError::Journal(error), console);
    let rows = match open(global, console)? {
        Some(journal) => journal.runs().map_err(tell)?,
        None => Vec::new(),
    };
    if global.console.json {
        for row in &rows {
            console.json(&json!({
                "type": "run",
                "run": row.id,
                "target": row.target,
                "input": row.input,
                "mapping": row.mapping,
                "started": row.started,
                "finished": row.finished,
                "ending": row.ending_now(),
                "exit_code": row.code_now(),
                "read": row.read,
                "counts": row.counts,
                "linked_to": row.linked_to,
            }));
        }
        return Ok(ExitCode::Fine);
    }
    if rows.is_empty() {
        console.note(&both!(
            "no runs yet in {folder}",
            "noch keine Läufe in {folder}",
            folder = global.state_dir.display()
        ));
        return Ok(ExitCode::Fine);
    }
    let language = console.language();
    let mut table: Vec<Vec<String>> = rows.iter().map(|row| line(row, language)).collect();
    let mut headers = language
        .pick(
            [
                "run", "started", "code", "created", "failed", "unknown", "read", "target", "input",
            ],
            [
                "Lauf",
                "begonnen",
                "Code",
                "angelegt",
                "fehlgeschlagen",
                "unbekannt",
                "gelesen",
                "Ziel",
                "Eingabe",
            ],
        )
        .to_vec();
    if rows.iter().any(|row| row.linked_to.is_some()) {
        headers.push(language.pick("corrects", "berichtigt"));
        for (cells, row) in table.iter_mut().zip(&rows) {
            cells.push(row.linked_to.clone().unwrap_or_default());
        }
    }
    console.table(&headers, &table);
    Ok(ExitCode::Fine)
}

fn line(row: &RunRow, language: Language) -> Vec<String> {
    vec![
        row.id.clone(),
        format!("{:.0}", row.started),
        row.code_now().map_or_else(
            || language.pick("open", "offen").to_owned(),
            |code| code.to_string(),
        ),
        row.counts.created.to_string(),
        (row.counts.invalid + row.counts.refused).to_string(),
        row.counts.unknown.to_string(),
        row.read
            .map_or_else(|| "?".to_owned(), |read| read.to_string()),
        row.target.clone(),
        row.input.clone(),
    ]
}

/// Shows one run's records.
pub(super) fn show(args: &ShowArgs, global: &GlobalChoice, console: &Arc<Console>) -> Ended {
    let tell = |error| Failure::of_import(&ImportError::Journal(error), console);
    let unknown = || Failure::of_import(&ImportError::NoSuchRun(args.run.clone()), console);
    let journal = open(global, console)?.ok_or_else(unknown)?;
    let row = journal.run(&args.run).map_err(tell)?.ok_or_else(unknown)?;
    tell_family(&journal, &row, global, console).map_err(tell)?;
    let mut after = 0;
    let mut table = Vec::new();
    loop {
        let page = journal.outcomes(&row.id, after, PAGE).map_err(tell)?;
        for settled in page.iter().filter(|settled| fits(settled, args)) {
            if global.console.json {
                console.json(&json!({
                    "type": "record",
                    "run": row.id,
                    "record": settled.position.record,
                    "line": settled.position.line,
                    "settled_at": settled.at,
                    "outcome": settled.outcome.word(),
                    "detail": settled.outcome,
                }));
            } else {
                table.push(record_line(settled, console.language()));
            }
        }
        // A page at a time, so that a run of millions does not gather in memory.
        if !table.is_empty() {
            let headers = console.language().pick(
                ["record", "line", "outcome", "number", "detail"],
                [
                    "Datensatz",
                    "Zeile",
                    "Ergebnis",
                    "Kundennummer",
                    "Einzelheiten",
                ],
            );
            console.table(&headers, &table);
            table.clear();
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.position.record,
            _ => return Ok(ExitCode::Fine),
        }
    }
}

/// What the run has to do with others: on stderr, or with `--json` as a line of its own.
fn tell_family(
    journal: &Journal,
    row: &RunRow,
    global: &GlobalChoice,
    console: &Console,
) -> Result<(), JournalError> {
    let Some(family) = journal.family(&row.id)? else {
        return Ok(());
    };
    if global.console.json {
        console.json(&json!({
            "type": "linked",
            "run": row.id,
            "to": row.linked_to,
            "corrected_by": family.corrected_by,
            "first": family.first,
            "runs": family.runs,
            "totals": family.totals,
        }));
        return Ok(());
    }
    if let Some(to) = &row.linked_to {
        console.note(&both!("corrects run {to}", "berichtigt Lauf {to}"));
    }
    if !family.corrected_by.is_empty() {
        console.note(&both!(
            "corrected by run {runs}",
            "berichtigt durch Lauf {runs}",
            runs = family.corrected_by.join(", ")
        ));
    }
    let totals = family.totals;
    console.note(&both!(
        "together: {created} of {read} records created, {failed} failed, {unknown} unknown, \
         {open} not yet sent",
        "zusammen: {created} von {read} Datensätzen angelegt, {failed} fehlgeschlagen, {unknown} \
         unbekannt, {open} noch nicht gesendet",
        created = totals.created,
        read = totals.read,
        failed = totals.invalid + totals.refused,
        unknown = totals.unknown,
        open = totals.open
    ));
    Ok(())
}

fn number_of(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Created { number, .. }
        | Outcome::Exists { number, .. }
        | Outcome::Skipped { number, .. }
        | Outcome::Changed { number, .. } => number.as_deref(),
        _ => None,
    }
}

fn fits(settled: &Settled, args: &ShowArgs) -> bool {
    let outcome = args
        .outcome
        .as_ref()
        .is_none_or(|word| settled.outcome.word() == word);
    let customer = args.customer.as_ref().is_none_or(|wanted| {
        number_of(&settled.outcome).is_some_and(|number| number.eq_ignore_ascii_case(wanted))
    });
    outcome && customer
}

fn record_line(settled: &Settled, language: Language) -> Vec<String> {
    vec![
        settled.position.record.to_string(),
        settled.position.line.to_string(),
        telling::outcome(&settled.outcome, language).to_owned(),
        number_of(&settled.outcome).unwrap_or_default().to_owned(),
        detail(&settled.outcome, language),
    ]
}

fn detail(outcome: &Outcome, language: Language) -> String {
    match outcome {
        Outcome::Created {
            id, attempts, how, ..
        } => {
            let how = match how {
                How::Posted => None,
                How::Found => Some(language.pick("found by a look-up", "beim Nachsehen gefunden")),
                How::Resolved => {
                    Some(language.pick("found by a person", "von einem Menschen gefunden"))
                }
            };
            // Who was found by a person may never have been sent by this program.
            let sent = match (*attempts, language) {
                (0, _) => None,
                (1, _) => Some(language.pick("1 attempt", "1 Versuch").to_owned()),
                (many, Language::English) => Some(format!("{many} attempts")),
                (many, Language::German) => Some(format!("{many} Versuche")),
            };
            told([id_of(*id, language), sent, how.map(str::to_owned)], ", ")
        }
        Outcome::Exists { id, .. } => id_of(*id, language).unwrap_or_default(),
        Outcome::Invalid { errors, .. } => errors
            .iter()
            .map(|error| match &error.at {
                Some(at) => {
                    let place = language.pick("in record", "in Datensatz");
                    format!("{} {} {place} {}", error.code, error.target, at.record)
                }
                None => format!("{} {}", error.code, error.target),
            })
            .collect::<Vec<_>>()
            .join(", "),
        Outcome::Refused { status, code, .. } => {
            // No status is that of a server which never answered.
            let status = (*status > 0).then(|| status.to_string());
            told([status, code.clone()], " ")
        }
        Outcome::Unknown { why, .. } => why.message_in(language).to_owned(),
        _ => String::new(),
    }
}

fn id_of(id: Option<i64>, language: Language) -> Option<String> {
    id.map(|id| format!("{} {id}", language.pick("id", "Id")))
}

/// Those of the parts that there are.
fn told<const N: usize>(parts: [Option<String>; N], between: &str) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_a_record_is_not_told() {
        let created = |id, attempts, how| {
            let outcome = Outcome::Created {
                id,
                number: None,
                attempts,
                how,
            };
            Language::ALL.map(|language| detail(&outcome, language))
        };
        assert_eq!(
            created(Some(7), 1, How::Posted),
            ["id 7, 1 attempt", "Id 7, 1 Versuch"]
        );
        assert_eq!(
            created(None, 2, How::Found),
            [
                "2 attempts, found by a look-up",
                "2 Versuche, beim Nachsehen gefunden"
            ]
        );
        assert_eq!(
            created(None, 0, How::Resolved),
            ["found by a person", "von einem Menschen gefunden"]
        );
        let refused = |status, code: Option<&str>| {
            let outcome = Outcome::Refused {
                status,
                code: code.map(str::to_owned),
                errors: Vec::new(),
                attempts: 5,
            };
            detail(&outcome, Language::English)
        };
        assert_eq!(refused(0, Some("attempts.exhausted")), "attempts.exhausted");
        assert_eq!(refused(409, None), "409");
        assert_eq!(refused(400, Some("E1")), "400 E1");
    }
}
