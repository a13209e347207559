//! `importer sandbox`: the stand-in ERP, until Ctrl-C.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Ended, Failure, signals};
use crate::cli::{Decision, Duplicates, Lookup, SandboxArgs};
use crate::console::Console;
use crate::deliver::driver::Signal;
use crate::import::{ImportError, runtime_here};
use crate::outcome::borrowed::of_io;
use crate::outcome::borrowed::of_toml;
use crate::outcome::{Bilingual, ExitCode, Language, both};
use crate::sandbox::{
    self, Counters, Existing, Plan, PlanError, Quota, Sandbox, SandboxSettings, StartError, Window,
};
use crate::settings::GlobalChoice;

/// The seed where neither a flag nor a file names one.
pub(super) const SEED: u64 = 1;

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let (code, about) = match error.is_usage() {
            true => (ExitCode::Usage, "--faults: "),
            false => (ExitCode::Unusable, ""),
        };
        let help = error.help();
        Self {
            code,
            text: Bilingual {
                english: format!("{about}{error}"),
                german: format!("{about}{}", error.in_german(|said| of_toml(said).german)),
            },
            help: Some(Bilingual {
                english: help.english,
                german: help.german,
            }),
            rendered: None,
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let (text, help) = match error {
            StartError::Port { port, source } => (
                both!([source = of_io(&source)]
                    "port {port} cannot be used: {source}",
                    "Port {port} lässt sich nicht verwenden: {source}"
                ),
                both!(
                    "is a sandbox running there already? --port names another one; without it, \
                     one that is free is taken",
                    "läuft dort schon eine Sandbox? --port nennt einen anderen; ohne die Option \
                     wird ein freier genommen"
                ),
            ),
            StartError::Ledger { path, source } => (
                both!([source = of_io(&source)]
                    "the ledger {path} cannot be used: {source}",
                    "{path} lässt sich nicht als Liste der angelegten Kunden verwenden: {source}",
                    path = path.display()
                ),
                both!(
                    "name one that a sandbox wrote, or a new file where you may write",
                    "eine nennen, die eine Sandbox geschrieben hat, oder eine neue Datei, wo \
                     geschrieben werden darf"
                ),
            ),
        };
        Self {
            code: ExitCode::Unusable,
            text,
            help: Some(help),
            rendered: None,
        }
    }
}

/// Lays what `--faults` says over the settings.
pub(super) fn play(faults: Option<&str>, settings: &mut SandboxSettings) -> Result<(), PlanError> {
    if let Some(words) = faults {
        Plan::of(words)?.apply(settings);
    }
    Ok(())
}

pub(super) fn run(args: &SandboxArgs, global: &GlobalChoice, console: &Arc<Console>) -> Ended {
    let settings = settings(args)?;
    let broken = |error| Failure::of_import(&ImportError::Sandbox(error), console);
    let runtime = runtime_here().map_err(broken)?;
    let mut signal = signals::listen();
    let sandbox = runtime.block_on(Sandbox::start(settings))?;
    if global.console.json {
        console.json(&json!({"type": "sandbox", "url": sandbox.url()}));
    } else {
        console.line(&sandbox.url());
        console.note(&both!(
            "this is a stand-in ERP; Ctrl-C ends it",
            "das ist eine Attrappe der Wawi; Strg+C beendet sie"
        ));
    }
    runtime.block_on(async {
        while *signal.borrow_and_update() == Signal::Go {
            if signal.changed().await.is_err() {
                break;
            }
        }
        let counters = sandbox.stop().await;
        if global.console.json {
            console.json(&counts(&counters));
        } else {
            console.note(&Bilingual::of(|language| told(&counters, language)));
        }
    });
    Ok(ExitCode::Fine)
}

/// What the flags say, laid over what the fault file says.
fn settings(args: &SandboxArgs) -> Result<SandboxSettings, PlanError> {
    let mut settings = SandboxSettings {
        seed: SEED,
        ..SandboxSettings::default()
    };
    play(args.faults.as_deref(), &mut settings)?;
    settings.port = args.port;
    settings.ledger_file = args.ledger.clone();
    settings.existing = (1..=args.existing)
        .map(|n| Existing::new(i32::try_from(n).unwrap_or(i32::MAX), &format!("E{n}")))
        .collect();
    settings.quota = args.quota.map(|rate| Quota {
        limit: rate.requests.get(),
        interval: rate.per,
        window: Window::Sliding,
    });
    if let Some(seed) = args.seed {
        settings.seed = seed;
    }
    if let Some(latency) = args.latency {
        settings.latency = latency;
    }
    if let Some(lookup) = args.lookup {
        settings.lookup = match lookup {
            Lookup::Exact => sandbox::Lookup::Exact,
            Lookup::Prefix => sandbox::Lookup::Prefix,
            Lookup::IgnoreCase => sandbox::Lookup::IgnoreCase,
        };
    }
    if let Some(decision) = args.registration {
        let (decision, closed_for) = match decision {
            Decision::Accept => (sandbox::Decision::Accept, 0),
            Decision::Reject => (sandbox::Decision::Reject, 0),
            Decision::Pending => (sandbox::Decision::Never, 0),
            Decision::Closed => (sandbox::Decision::Never, u32::MAX),
            Decision::Taken => (sandbox::Decision::Taken, 0),
        };
        settings.registration.decision = decision;
        settings.registration.closed_for = closed_for;
        settings.auth = sandbox::Auth::ApiKey(format!("sandbox-key-{:x}", settings.seed));
    }
    if let Some(duplicates) = args.duplicates {
        settings.duplicates = match duplicates {
            Duplicates::Accept => sandbox::Duplicates::Accept,
            Duplicates::Refuse => sandbox::Duplicates::Refuse409,
        };
    }
    Ok(settings)
}

/// The counters by name, in the order in which they are told.
fn named(counters: &Counters) -> [(&'static str, u64); 9] {
    [
        ("created", counters.created),
        ("posts", counters.posts),
        ("repeated", counters.repeated),
        ("gets", counters.gets),
        ("tokens", counters.tokens),
        ("others", counters.others),
        ("unanswered", counters.unanswered),
        ("throttled", counters.throttled),
        ("violations", counters.violation_count),
    ]
}

/// What was counted, for people.
fn told(counters: &Counters, language: Language) -> String {
    let created = counters.created;
    let mut lines = vec![match language {
        Language::English => format!("{created} customers were created"),
        Language::German if created == 1 => "1 Kunde wurde angelegt".to_owned(),
        Language::German => format!("{created} Kunden wurden angelegt"),
    }];
    let mut line = |name: &str, count: u64| lines.push(format!("{count:>10}  {name}"));
    for (name, count) in named(counters).into_iter().skip(1) {
        if count > 0 || name == "posts" {
            line(language.pick(name, in_german(name)), count);
        }
    }
    let answered = language.pick("answered with", "beantwortet mit");
    for (status, count) in &counters.statuses {
        line(&format!("{answered} {status}"), *count);
    }
    let word = language.pick("fault", "Fehler");
    for (fault, count) in &counters.faults {
        line(&format!("{word} {}", fault.key()), *count);
    }
    let word = language.pick("violation", "Verstoß");
    let seen = counters.violations.iter().take(5);
    lines.extend(seen.map(|text| format!("{word}: {text}")));
    lines.join("\n")
}

/// A counter's name in German.
fn in_german(name: &str) -> &str {
    match name {
        "posts" => "Anfragen zum Anlegen",
        "repeated" => "Kundennummern, die es schon gab",
        "gets" => "Anfragen zum Nachsehen",
        "tokens" => "Anfragen nach einem Token",
        "others" => "andere Anfragen",
        "unanswered" => "ohne Antwort",
        "throttled" => "über dem Kontingent",
        "violations" => "Verstöße gegen die Beschreibung der API",
        other => other,
    }
}

/// What was counted, as data.
fn counts(counters: &Counters) -> Value {
    let numbers = named(counters).map(|(name, count)| (name.to_owned(), json!(count)));
    let mut object = Map::from_iter([("type".to_owned(), json!("sandbox_counts"))]);
    object.extend(numbers);
    let statuses = counters.statuses.iter();
    let statuses = statuses.map(|(status, count)| (status.to_string(), json!(count)));
    object.insert("statuses".to_owned(), Value::Object(statuses.collect()));
    let faults = counters.faults.iter();
    let faults = faults.map(|(fault, count)| (fault.key().to_owned(), json!(count)));
    object.insert("faults".to_owned(), Value::Object(faults.collect()));
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_has_a_german_name() {
        let counters = Counters::default();
        for (name, _) in named(&counters).into_iter().skip(1) {
            assert_ne!(in_german(name), name);
        }
        let german = told(&counters, Language::German);
        assert_eq!(
            german,
            "0 Kunden wurden angelegt\n         0  Anfragen zum Anlegen"
        );
    }
}
