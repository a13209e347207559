//! Typed words become resolved settings: flag > environment > profile > top of
//! `importer.toml` > default.
//!
//! Owns the precedence, the defaults and the checks that need more than one setting. Sole
//! reader of the environment and of settings files. It must not know how anything is done
//! with the settings: each stage has its own small struct, which is filled here.

mod auth;
mod choice;
mod environment;
mod error;
mod file;
mod job;
mod layer;
mod layers;
mod origins;
mod secret;
mod setup;
mod stages;
mod url;

use std::path::PathBuf;

use crate::cli::{
    Cli, Command, ListArgs, ReconcileArgs, ReportAgainArgs, ResolveArgs, RunArgs, Workflows,
};
use crate::deliver::{Credentials, DeliverySettings, TargetSettings};
use crate::import::{Existing, ImportSettings, Said};
use crate::outcome::telling::shell_word;
use crate::outcome::{Asked, Bilingual, Language, both};

pub use choice::{
    ConsoleChoice, DoctorChoice, ForgetChoice, GlobalChoice, KeyLines, ListChoice, ReconcileChoice,
    RegisterChoice, ReportChoice, ResolveChoice, RunChoice, StateDir,
};
pub use environment::{Environment, Terminals};
pub use error::{Mistake, SettingsError};
pub use job::{JobOptions, JobRun};
pub use layer::{OPTIONS, OptionRow, Scope};
pub use origins::{Origin, SettingRow};
pub use setup::{resolve_doctor, resolve_register};
pub use stages::typed_source;
pub(crate) use url::unparsed;

use layer::Layer;
use layers::Layers;
use stages::{checked_target, delivery, report, source, target};

/// Options by which a command finds the journal.
const JOURNAL_OPTIONS: &[&str] = &["config", "profile", "state-dir"];

/// Options by which a command finds journal and ERP, and knows how the ERP wants to be asked.
const TARGET_OPTIONS: &[&str] = &[
    "config",
    "profile",
    "state-dir",
    "base-url",
    "path",
    "api-version",
    "tenant-id",
    "app-id",
    "app-version",
    "run-as",
    "session-id",
    "concurrency",
    "rate",
    "timeout",
    "settle",
];

/// Options by which a report is written.
const REPORT_OPTIONS: &[&str] = &["report-dir", "report-mode", "values", "lang"];

/// Options that customers are created with, and by which a run decides when it stops and what
/// its code is. `max-invalid` is not among them: of corrected records any number may be invalid
/// again.
const CREATE_OPTIONS: &[&str] = &[
    "workflows",
    "existing",
    "allow-unkeyed",
    "max-outage",
    "max-duration",
    "max-attempts",
    "max-failures",
    "fail-on",
];

/// Switches by which a run starts over, or tries again what has failed meanwhile: whoever goes on
/// with it does without them.
const AFRESH: &[&str] = &["again", "retry-failed"];

impl RunChoice {
    /// The target that a sandbox at `base_url` is: nothing of a real one's settings holds
    /// there, except whether workflows run.
    #[must_use]
    pub fn sandbox_target(&self, base_url: impl Into<String>) -> TargetSettings {
        TargetSettings {
            base_url: base_url.into(),
            run_workflows: self.run_workflows,
            ..target(&Layer::default())
        }
    }
}

/// Lets the program die where the environment says.
#[cfg(feature = "fail-points")]
fn arm_fail_point(environment: &Environment) -> Result<(), SettingsError> {
    const NAME: &str = "FAIL_POINT";
    match environment.get(NAME)? {
        None => Ok(()),
        Some(text) => crate::fail_point::arm(text).map_err(|why| SettingsError::Variable {
            name: NAME.to_owned(),
            // Whoever sets it tests the program.
            why: Bilingual::same(why),
        }),
    }
}

/// The language that is spoken while the settings are not known, or cannot be: that of `--lang`
/// if it was `typed`, else of `IMPORTER_LANG`, else the locale's.
#[must_use]
pub fn early_language(typed: Option<Language>, environment: &Environment) -> Language {
    let named = || Language::of_code(environment.get("IMPORTER_LANG").ok()??);
    let language = typed.or_else(named);
    language
        .or_else(|| layers::locale(environment))
        .unwrap_or_default()
}

/// Resolves what holds for every command.
///
/// # Errors
/// When a settings file, variable or profile cannot be used.
pub fn resolve_global(cli: &Cli, environment: &Environment) -> Result<GlobalChoice, SettingsError> {
    #[cfg(feature = "fail-points")]
    arm_fail_point(environment)?;
    let layers = Layers::load(cli, environment)?;
    let mut warnings = layers.warnings.clone();
    let is_ci = environment
        .get("CI")?
        .is_some_and(|value| value != "false" && value != "0");
    let terminals = environment.terminals();
    let (state_dir, is_state_dir_found) = (layers.state_dir(), !layers.is_state_dir_named());
    let (config, profile) = (layers.config.clone(), layers.profile.clone());
    let options = layers.merged();
    let dry_run = options.dry_run.unwrap_or_default();
    // Shells know the width and do not export it.
    let width = environment
        .get("COLUMNS")?
        .and_then(|columns| columns.parse().ok())
        .or_else(|| terminals.columns());
    let report = report(&options);
    if cfg!(not(unix)) && options.report_mode.is_some() {
        warnings.push(both!(
            "report_mode means nothing on this system",
            "report_mode bedeutet auf diesem System nichts"
        ));
    }
    Ok(GlobalChoice {
        console: ConsoleChoice {
            json: options.json.unwrap_or_default(),
            quiet: options.quiet.unwrap_or_default(),
            verbose: options.verbose.unwrap_or_default(),
            progress: !options.no_progress.unwrap_or_default(),
            color: options.color.unwrap_or_default(),
            language: report.language,
            no_color: environment.has("NO_COLOR"),
            dumb: environment.get("TERM")? == Some("dumb"),
            stderr_is_terminal: terminals.stderr && !is_ci,
            stdout_is_terminal: terminals.stdout && !is_ci,
            width,
            stdout_is_data: matches!(&cli.command, Command::Run(_))
                && dry_run
                && options.payloads.is_some_and(|path| path.as_os_str() == "-"),
            values: report.values,
        },
        log_format: options.log_format.unwrap_or_default(),
        state_dir,
        is_state_dir_found,
        config,
        profile,
        warnings,
    })
}

/// Resolves what one `run` is asked to do.
///
/// # Errors
/// When a settings file, variable, profile, URL or secret cannot be used, or options
/// contradict each other.
pub fn resolve_run(
    cli: &Cli,
    args: &RunArgs,
    environment: &Environment,
) -> Result<RunChoice, SettingsError> {
    run_choice(Layers::load(cli, environment)?, args, environment)
}

/// Resolves what one run of a scheduled job is asked to do: as `run` does, with the job's
/// options in the place of typed ones. Nobody is asked anything: the jobs file is the consent.
///
/// # Errors
/// As [`resolve_run`].
pub fn resolve_job(
    cli: &Cli,
    job: &JobRun<'_>,
    environment: &Environment,
) -> Result<RunChoice, SettingsError> {
    let mut cli = cli.clone();
    if let Some(profile) = job.profile {
        cli.global.profile = Some(profile.to_owned());
    }
    let layers = Layers::load(&cli, environment)?.with_job(job.options.layer(job.left));
    let args = RunArgs {
        inputs: vec![job.input.to_owned()],
        ..RunArgs::default()
    };
    let mut choice = run_choice(layers, &args, environment)?;
    choice.assume_yes = true;
    // The job's profile stands in the place of a typed one.
    let named = |names: &[&'static str]| -> Vec<&'static str> {
        let names = names.iter().copied();
        names
            .filter(|name| job.profile.is_none() || *name != "profile")
            .collect()
    };
    let typed = |names| environment.typed_options(&named(names));
    let profile = job
        .profile
        .map(|profile| environment::as_option("profile", profile))
        .unwrap_or_default();
    let report_dir = job.options.report_dir().map_or_else(String::new, |folder| {
        environment::as_option("report-dir", &folder.to_string_lossy())
    });
    let journal = typed(JOURNAL_OPTIONS) + &profile;
    let report = typed(REPORT_OPTIONS) + &report_dir;
    let again = format!(
        "importer run {}{}{journal}{}{report}",
        shell_word(job.archived),
        choice.mapping.as_option(),
        job.options.typed_all()
    );
    let settings = &mut choice.settings;
    settings.asked = Asked::Job;
    job.command_line.clone_into(&mut settings.command_line);
    job.command_line.clone_into(&mut settings.resume_command);
    settings.retry_command = format!("{again} --retry-failed");
    settings.again_command = again;
    settings.target_options = typed(TARGET_OPTIONS) + &profile + &job.options.typed(TARGET_OPTIONS);
    settings.correct_options = format!(
        "{}{}{report}{}",
        settings.target_options,
        job.options.typed(CREATE_OPTIONS),
        if choice.sandbox { " --sandbox" } else { "" }
    );
    settings.report_options = format!("{journal}{report}");
    settings.journal_options = journal;
    Ok(choice)
}

/// Where the options stand of a run that is asked for by these words.
fn asked(args: &RunArgs, dry_run: bool) -> Asked {
    match dry_run && !args.dry_run {
        true => Asked::Elsewhere,
        false => Asked::Typed,
    }
}

/// Resolves one run of these layers.
fn run_choice(
    layers: Layers,
    args: &RunArgs,
    environment: &Environment,
) -> Result<RunChoice, SettingsError> {
    layers.check_sandbox()?;
    let known = layers.known_profiles.clone();
    let mut warnings = layers.target_warnings();
    let (is_state_typed, default_state) = (layers.is_state_dir_typed(), layers.state_dir());
    let (profile, auth) = (layers.profile.clone(), layers.auth.clone());
    let options = layers.merged();
    let dry_run = options.dry_run.unwrap_or_default();
    let sandbox = options.sandbox.unwrap_or_default();
    check_run(args, dry_run, sandbox)?;

    let probe = dry_run && options.probe.unwrap_or_default();
    let (target, credentials) = if sandbox || (dry_run && !probe) {
        (None, Credentials::Gateway)
    } else {
        let target = checked_target(&options, known)?;
        let allow_http = options.allow_http.unwrap_or_default();
        let credentials = credentials(auth.as_ref(), environment, allow_http, &mut warnings)?;
        (Some(target), credentials)
    };
    let state_dir = if sandbox && !is_state_typed {
        StateDir::Temporary
    } else {
        StateDir::Folder(default_state)
    };
    let terminals = environment.terminals();
    let delivery = delivery(&options);
    if !dry_run {
        warnings.extend(settle_warning(&delivery));
    }
    Ok(RunChoice {
        settings: ImportSettings {
            source: source(&options),
            typed_source: typed_source(&args.source),
            target,
            credentials,
            delivery,
            report: report(&options),
            state_dir: match &state_dir {
                StateDir::Folder(folder) => folder.clone(),
                StateDir::Temporary => PathBuf::new(),
            },
            existing: options.existing.unwrap_or_default(),
            retry_failed: args.again.retry_failed,
            again: args.again.again,
            accept_changes: args.again.accept_changes,
            target_changed: args.again.target_changed,
            allow_unkeyed: options.allow_unkeyed.unwrap_or_default(),
            allow_empty: options.allow_empty.unwrap_or_default(),
            limit: args.amount.limit.map(|limit| limit.0.get()),
            records: args.amount.record.clone(),
            max_invalid: options.max_invalid,
            fail_on: options.fail_on,
            max_duration: options.max_duration.map(|limit| limit.0),
            probe,
            payloads: options.payloads.clone().filter(|_| dry_run),
            asked: asked(args, dry_run),
            command_line: environment.command_line(),
            resume_command: environment.command_line_with(AFRESH, None),
            again_command: environment.command_line_with(AFRESH, None),
            retry_command: environment.command_line_with(AFRESH, Some("retry-failed")),
            target_options: environment.typed_options(TARGET_OPTIONS),
            journal_options: environment.typed_options(JOURNAL_OPTIONS),
            report_options: [JOURNAL_OPTIONS, REPORT_OPTIONS]
                .map(|names| environment.typed_options(names))
                .concat(),
            correct_options: [TARGET_OPTIONS, CREATE_OPTIONS, REPORT_OPTIONS]
                .map(|names| environment.typed_options(names))
                .concat()
                + if sandbox { " --sandbox" } else { "" },
            is_journal_temporary: matches!(state_dir, StateDir::Temporary),
        },
        inputs: args.inputs.clone(),
        mapping: options.mapping.clone().unwrap_or_default(),
        dry_run,
        sandbox,
        run_workflows: options.workflows == Some(Workflows::Run),
        assume_yes: options.yes.unwrap_or_default() || !(terminals.stdin && terminals.stderr),
        profile,
        state_dir,
        warnings,
    })
}

/// Resolves what `reconcile` is asked to do.
///
/// # Errors
/// As [`resolve_run`].
pub fn resolve_reconcile(
    cli: &Cli,
    args: &ReconcileArgs,
    environment: &Environment,
) -> Result<ReconcileChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let known = layers.known_profiles.clone();
    let mut warnings = layers.target_warnings();
    let state_dir = layers.state_dir();
    let auth = layers.auth.clone();
    let options = layers.merged();
    let target = checked_target(&options, known)?;
    let allow_http = options.allow_http.unwrap_or_default();
    let delivery = delivery(&options);
    warnings.extend(settle_warning(&delivery));
    Ok(ReconcileChoice {
        run: args.run.clone(),
        target,
        credentials: credentials(auth.as_ref(), environment, allow_http, &mut warnings)?,
        delivery,
        max_duration: options.max_duration.map(|limit| limit.0),
        state_dir,
        command_line: environment.command_line(),
        journal_options: environment.typed_options(JOURNAL_OPTIONS),
        report_dir: report(&options).dir,
        warnings,
    })
}

/// Resolves what `list` is asked to do.
///
/// # Errors
/// As [`resolve_run`].
pub fn resolve_list(
    cli: &Cli,
    args: &ListArgs,
    environment: &Environment,
) -> Result<ListChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let known = layers.known_profiles.clone();
    let mut warnings = layers.target_warnings();
    let auth = layers.auth.clone();
    let options = layers.merged();
    let allow_http = options.allow_http.unwrap_or_default();
    Ok(ListChoice {
        list: args.list,
        target: checked_target(&options, known)?,
        credentials: credentials(auth.as_ref(), environment, allow_http, &mut warnings)?,
        delivery: delivery(&options),
        max_duration: options.max_duration.map(|limit| limit.0),
        warnings,
    })
}

/// Resolves what `resolve` is asked to do.
///
/// # Errors
/// When a settings file, variable or profile cannot be used.
pub fn resolve_resolution(
    cli: &Cli,
    args: &ResolveArgs,
    environment: &Environment,
) -> Result<ResolveChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let state_dir = layers.state_dir();
    let options = layers.merged();
    let terminals = environment.terminals();
    Ok(ResolveChoice {
        run: args.run.clone(),
        record: args.record.0.get(),
        said: match &args.created {
            Some(number) => Said::Created(number.0.clone()),
            None => Said::NotCreated,
        },
        assume_yes: options.yes.unwrap_or_default(),
        can_ask: terminals.stdin && terminals.stderr,
        state_dir,
        command_line: environment.command_line(),
        journal_options: environment.typed_options(JOURNAL_OPTIONS),
        report_dir: report(&options).dir,
    })
}

/// Resolves what `report` is asked to do.
///
/// # Errors
/// When a settings file, variable or profile cannot be used.
pub fn resolve_report(
    cli: &Cli,
    args: &ReportAgainArgs,
    environment: &Environment,
) -> Result<ReportChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let state_dir = layers.state_dir();
    let options = layers.merged();
    Ok(ReportChoice {
        run: args.run.clone(),
        input: args.input.clone(),
        report: report(&options),
        state_dir,
    })
}

/// Resolves what `forget` is asked to do.
///
/// # Errors
/// When a settings file, variable or profile cannot be used, or nobody is there to be asked and
/// `--yes` was not typed: what cannot be undone needs a yes each time, not a setting.
pub fn resolve_forget(cli: &Cli, environment: &Environment) -> Result<ForgetChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let terminals = environment.terminals();
    let assume_yes = cli.global.yes;
    let state_dir = layers.state_dir();
    let options = layers.merged();
    Ok(ForgetChoice {
        state_dir,
        report_dir: report(&options).dir,
        assume_yes,
        can_ask: terminals.stdin && terminals.stderr,
    })
}

/// A settle time that is shorter than a request may take leaves the promise without a ground.
fn settle_warning(delivery: &DeliverySettings) -> Option<Bilingual> {
    (delivery.settle < delivery.timeout).then(|| {
        both!("the settle time is shorter than the time limit of a request: a customer that the ERP \
         creates after that time, from a request that was given up, is sent a second time. Leave \
         `--settle` out, or make it at least as long as `--timeout`", "die Wartezeit vor dem Nachsehen ist kürzer als das Zeitlimit einer Anfrage: ein Kunde, den die Wawi danach noch aus einer aufgegebenen Anfrage anlegt, wird ein zweites Mal gesendet. `--settle` weglassen, oder mindestens so lang wie `--timeout` machen")
    })
}

/// Contradictions that clap cannot see.
fn check_run(args: &RunArgs, dry_run: bool, sandbox: bool) -> Result<(), SettingsError> {
    if args.faults.is_some() && !sandbox {
        return Err(SettingsError::Contradiction {
            what: both!(
                "--faults tells a sandbox what goes wrong, but this run has none",
                "--faults sagt einer Sandbox, was schiefgeht, aber dieser Lauf hat keine"
            ),
            help: both!(
                "add --sandbox, or leave --faults out",
                "--sandbox hinzufügen, oder --faults weglassen"
            ),
        });
    }
    if args.payloads.is_some() && !dry_run {
        return Err(SettingsError::Contradiction {
            what: both!(
                "--payloads writes what a dry run would send, but this is no dry run",
                "--payloads schreibt, was ein Probelauf senden würde, aber dies ist keiner"
            ),
            help: both!(
                "add --dry-run, or leave --payloads out",
                "--dry-run hinzufügen, oder --payloads weglassen"
            ),
        });
    }
    if args.probe && !dry_run {
        return Err(SettingsError::Contradiction {
            what: both!(
                "--probe lets a dry run ask the ERP, but this is no dry run",
                "--probe lässt einen Probelauf die Wawi fragen, aber dies ist keiner"
            ),
            help: both!(
                "add --dry-run, or leave --probe out: a run asks the ERP anyway",
                "--dry-run hinzufügen, oder --probe weglassen: ein Lauf fragt die Wawi ohnehin"
            ),
        });
    }
    if args.again.again && args.again.existing == Some(Existing::Send) {
        return Err(SettingsError::Contradiction {
            what: both!(
                "--again with --existing send would create every customer a second time",
                "--again mit --existing send würde jeden Kunden ein zweites Mal anlegen"
            ),
            help: both!(
                "leave out --existing send: then the ERP is asked which customers are missing",
                "--existing send weglassen: dann wird die Wawi gefragt, welche Kunden fehlen"
            ),
        });
    }
    if args.inputs.iter().filter(|input| *input == "-").count() > 1 {
        return Err(SettingsError::Contradiction {
            what: both!(
                "stdin is named twice, but can be read only once",
                "stdin ist zweimal genannt, lässt sich aber nur einmal lesen"
            ),
            help: both!("name - once", "- nur einmal nennen"),
        });
    }
    Ok(())
}

fn credentials(
    auth: Option<&auth::AuthFile>,
    environment: &Environment,
    allow_http: bool,
    warnings: &mut Vec<Bilingual>,
) -> Result<Credentials, SettingsError> {
    let Some(auth) = auth else {
        return auth::from_environment(environment, allow_http, warnings);
    };
    let unused: Vec<String> = auth::variables()
        .filter(|name| environment.has(name))
        .collect();
    if !unused.is_empty() {
        warnings.push(both!(
            "{names} in the environment is not used: [auth] in the settings file says who we are",
            "{names} in der Umgebung wird nicht benutzt: [auth] in der Einstellungsdatei sagt, wer wir sind",
            names = unused.join(", ")
        ));
    }
    auth.fetch(environment, allow_http, warnings)
}

#[cfg(test)]
mod tests;
