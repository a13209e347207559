//! `importer doctor`: what a run needs, looked at before it. Nothing is changed, no customer is
//! sent; all that is asked of the ERP are GETs, and a token if the credentials need one.

mod answers;
mod folders;
mod probing;
mod server;

use std::sync::Arc;

use serde_json::json;

use super::{Ended, told};
use crate::cli::{Cli, DoctorArgs};
use crate::console::Console;
use crate::exit;
use crate::outcome::{Bilingual, ExitCode, Finding, Verdict, both};
use crate::settings::{DoctorChoice, Environment, SettingsError, resolve_doctor};

/// Tells each finding as soon as it is there, and remembers what they come to.
struct Doctor<'a> {
    console: &'a Console,
    as_json: bool,
    code: ExitCode,
    counts: [u64; 4],
}

impl Doctor<'_> {
    fn tell(&mut self, finding: &Finding) {
        self.code = self.code.worse(finding.exit_code);
        let [ok, warnings, failed, not_checked] = &mut self.counts;
        *match finding.verdict {
            Verdict::Ok => ok,
            Verdict::Warning => warnings,
            Verdict::Failed => failed,
            Verdict::NotChecked => not_checked,
        } += 1;
        self.console.finding(finding);
    }
}

pub(super) fn run(
    cli: &Cli,
    args: &DoctorArgs,
    environment: &Environment,
    console: &Arc<Console>,
    as_json: bool,
) -> Ended {
    let choice = resolve_doctor(cli, args, environment)?;
    tell_settings(&choice, console, as_json);
    let mut doctor = Doctor {
        console,
        as_json,
        code: ExitCode::Fine,
        counts: [0; 4],
    };
    of_settings(&choice, &mut doctor);
    folders::look(&choice, &mut doctor);
    server::look(choice, &mut doctor);
    Ok(doctor.sum_up())
}

/// Every setting with where it comes from.
fn tell_settings(choice: &DoctorChoice, console: &Console, as_json: bool) {
    if as_json {
        for row in &choice.rows {
            console.json(&json!({
                "type": "setting",
                "name": row.key,
                "value": row.value.english,
                "origin": row.origin.word(),
                "from": row.origin.told().english,
            }));
        }
        return;
    }
    let language = console.language();
    let rows: Vec<Vec<String>> = choice
        .rows
        .iter()
        .map(|row| {
            let (value, origin) = (row.value.told_in(language), row.origin.told());
            vec![row.key.to_owned(), value, origin.told_in(language)]
        })
        .collect();
    let headings = language.pick(
        ["setting", "value", "from"],
        ["Einstellung", "Wert", "Herkunft"],
    );
    console.page_table(&headings, &rows);
}

/// Whether target and credentials can be used at all.
fn of_settings(choice: &DoctorChoice, doctor: &mut Doctor<'_>) {
    for warning in &choice.warnings {
        doctor.tell(&Finding {
            remedy: None,
            ..Finding::warning("settings", warning.clone(), Bilingual::default())
        });
    }
    doctor.tell(&match &choice.target {
        Ok(target) => Finding::ok(
            "settings",
            both!(
                "customers go to {url}{path}; the journal calls this ERP `{name}`",
                "Kunden gehen an {url}{path}; im Journal heißt diese Wawi `{name}`",
                url = &target.base_url,
                path = &target.path,
                name = target.identity()
            ),
        ),
        Err(error) => unusable("settings", error),
    });
    doctor.tell(&match &choice.credentials {
        Ok(credentials) => Finding::ok("credentials", credentials.told()),
        Err(error) => unusable("credentials", error),
    });
}

fn unusable(check: &'static str, error: &SettingsError) -> Finding {
    Finding::failed(
        check,
        exit::of_settings(error),
        told(error, Some(error.in_german())),
        error.help(),
    )
}

impl Doctor<'_> {
    /// The last line, and the code.
    fn sum_up(self) -> ExitCode {
        let [ok, warnings, failed, not_checked] = self.counts;
        if self.as_json {
            self.console.json(&json!({
                "type": "doctor",
                "ok": ok,
                "warnings": warnings,
                "failed": failed,
                "not_checked": not_checked,
                "exit_code": self.code.number(),
            }));
            return self.code;
        }
        let told = if failed > 0 {
            both!("{failed} failed", "{failed} fehlgeschlagen")
        } else {
            both!("nothing failed", "nichts fehlgeschlagen")
        };
        self.console.note(&both!([told]
            "{told}, {warnings} to be looked at, {ok} ok, {not_checked} not checked",
            "{told}, {warnings} anzusehen, {ok} in Ordnung, {not_checked} nicht geprüft"
        ));
        self.code
    }
}
