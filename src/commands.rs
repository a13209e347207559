//! What the user asked for: one short file for each subcommand. Each builds the parts, lets
//! them work and says what came of it.

mod again;
mod doctor;
mod explain;
mod forget;
mod list;
mod manual;
mod mapping;
mod proposal;
mod reconcile;
mod register;
mod resolve;
mod room;
mod run;
mod runs;
mod sandbox;
mod schedule;
mod signals;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser;

use crate::cli::{self, Cli, ColorChoice, Command, LogFormat};
use crate::console::{self, Color, Console, ConsoleSettings};
use crate::exit;
use crate::import::{Events, ImportError};
use crate::journal::JournalError;
use crate::outcome::borrowed::of_io;
use crate::outcome::{Bilingual, ExitCode, Language, ValuesShown, both};
use crate::report::ReportError;
use crate::settings::{
    ConsoleChoice, Environment, GlobalChoice, SettingsError, early_language, resolve_global,
};
use crate::source::SourceError;

pub use schedule::JobRunner;

/// What a command ends with: a code, or something that went wrong.
type Ended = Result<ExitCode, Failure>;

/// Something that went wrong, as it is told to the user.
struct Failure {
    code: ExitCode,
    text: Bilingual,
    help: Option<Bilingual>,
    /// A finished diagnostic, with excerpts and help of its own, that people get instead. Boxed, so
    /// that a failure stays small.
    rendered: Option<Box<Bilingual>>,
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self {
            code: exit::of_settings(&error),
            help: error.help(),
            text: told(&error, Some(error.in_german())),
            rendered: None,
        }
    }
}

impl Failure {
    /// Tells the user.
    fn tell(&self, console: &Console) {
        match &self.rendered {
            Some(rendered) => console.diagnostic(rendered.shown_in(console.language())),
            None => console.error(&self.text, self.help.as_ref()),
        }
    }

    /// The same with its place, if it is known.
    fn at(self, place: Option<impl std::fmt::Display>) -> Self {
        match place {
            Some(place) => Self {
                text: self.text.map(|text| format!("{text}\n  --> {place}")),
                ..self
            },
            None => self,
        }
    }

    /// The same with the input that it is about: a mapping's mistakes tell where they stand in the
    /// mapping, and not which of several inputs they do not fit.
    fn with(mut self, input: &str) -> Self {
        if let Some(rendered) = self.rendered {
            let name = |text: Bilingual| {
                both!([text, input = Bilingual::same(input)]
                    "importing {input}:\n{text}",
                    "beim Import von {input}:\n{text}"
                )
            };
            self.rendered = Some(Box::new(name(*rendered)));
            self.text = name(self.text);
        }
        self
    }

    /// An import's error, with a mapping's mistakes rendered as a compiler would, and nothing of
    /// what stands in an input.
    fn of_import(error: &ImportError, console: &Console) -> Self {
        Self::of_input(error, console, ValuesShown::None)
    }

    /// As [`of_import`](Self::of_import), where as much of an input is shown to people as `values`
    /// says. What programs get has nothing of it in any case.
    fn of_input(error: &ImportError, console: &Console, values: ValuesShown) -> Self {
        let code = exit::of_import(error);
        let ImportError::Mapping(mapping) = error else {
            return Self {
                code,
                text: told(error, error.in_german()),
                help: error.help(),
                rendered: None,
            };
        };
        let color = console.color_on_stderr();
        let render = |color, values| Bilingual::of(|it| mapping.render(color, it, values));
        Self {
            code,
            text: render(false, ValuesShown::None),
            help: mapping.help(),
            rendered: Some(Box::new(render(color, values))),
        }
    }
}

/// An error with its causes: in English, and in German with the words that it has for itself.
fn told(error: &dyn std::error::Error, german: Option<String>) -> Bilingual {
    let german = german.unwrap_or_else(|| error.to_string());
    Bilingual {
        english: chain(error),
        german: with_causes(german, error, Language::German),
    }
}

/// An error with its causes, unless it tells them itself.
fn chain(error: &dyn std::error::Error) -> String {
    with_causes(error.to_string(), error, Language::English)
}

fn with_causes(mut text: String, error: &dyn std::error::Error, language: Language) -> String {
    let mut source = error.source();
    while let Some(cause) = source {
        let more = match cause.downcast_ref::<std::io::Error>() {
            Some(system) => of_io(system).told_in(language),
            None => cause.to_string(),
        };
        if !text.contains(&more) && !is_in_german(cause, error) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

/// Whether the error's German words tell this cause in German: where the English ones quote it.
fn is_in_german(cause: &(dyn std::error::Error + 'static), error: &dyn std::error::Error) -> bool {
    let is_translated =
        cause.is::<SourceError>() || cause.is::<ReportError>() || cause.is::<JournalError>();
    is_translated && error.to_string().contains(&cause.to_string())
}

/// Does what `argv` asks for.
pub fn run(argv: impl IntoIterator<Item = OsString>, environment: &Environment) -> ExitCode {
    // Windows' console shows colours only if it is asked to; elsewhere there is nothing to ask.
    anstyle_query::windows::enable_ansi_colors();
    let argv: Vec<OsString> = argv.into_iter().collect();
    let is_bare = argv.len() < 2;
    let typed = cli::typed_language(&argv);
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) if is_bare || cli::lacks_command(&error) => {
            let language = early_language(typed, environment);
            let welcome = cli::welcome().told_in(language);
            Console::new(ConsoleSettings::default()).diagnostic(&welcome);
            return ExitCode::Usage;
        }
        Err(error) => {
            if error.use_stderr() {
                // It repeats words that a shell may have made of the names of files.
                let console = Console::new(ConsoleSettings::default());
                let error = cli::with_fitting_tips(error);
                let german = match early_language(typed, environment) {
                    Language::English => None,
                    Language::German => cli::in_german(&error),
                };
                console.diagnostic(&german.unwrap_or_else(|| error.render().to_string()));
                return ExitCode::Usage;
            }
            // Help and version are no errors; a closed pipe is none either.
            return match error.print() {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::Failure,
                _ => ExitCode::Fine,
            };
        }
    };
    let global = room::for_a_command()
        .and_then(|()| resolve_global(&cli, environment).map_err(Failure::from));
    let global = match global {
        Ok(global) => global,
        Err(failure) => {
            let console = Console::new(ConsoleSettings {
                language: early_language(cli.global.lang, environment),
                ..ConsoleSettings::default()
            });
            console.error(&failure.text, failure.help.as_ref());
            return failure.code;
        }
    };
    signals::outlive_file_size_limit();
    let console = Arc::new(Console::new(console_settings(&global.console)));
    let format = match global.log_format {
        LogFormat::Text => console::LogFormat::Text,
        LogFormat::Json => console::LogFormat::Json,
    };
    console::start_logging(&console, format, global.console.verbose);
    for warning in &global.warnings {
        console.warn(warning);
    }
    match dispatch(&cli, environment, &global, &console) {
        // What was asked for and could not be delivered is a failure, whatever else was done.
        Ok(code) if console.lost_data() => code.worse(ExitCode::Failure),
        Ok(code) => code,
        Err(failure) => {
            failure.tell(&console);
            failure.code
        }
    }
}

fn dispatch(
    cli: &Cli,
    environment: &Environment,
    global: &GlobalChoice,
    console: &Arc<Console>,
) -> Ended {
    match &cli.command {
        Command::Run(args) => run::run(cli, args, environment, console),
        Command::Mapping(command) => mapping::run(command, global, console),
        Command::List(args) => list::run(cli, args, environment, console, global.console.json),
        Command::Runs => runs::list(global, console),
        Command::Show(args) => runs::show(args, global, console),
        Command::Report(args) => again::run(cli, args, environment, console),
        Command::Reconcile(args) => reconcile::run(cli, args, environment, console),
        Command::Forget(args) => forget::run(cli, args, environment, console),
        Command::Resolve(args) => resolve::run(cli, args, environment, console),
        Command::Schedule(args) => schedule::run(cli, args, environment, global, console),
        Command::Doctor(args) => doctor::run(cli, args, environment, console, global.console.json),
        Command::Register(args) => {
            register::run(cli, args, environment, console, global.console.json)
        }
        Command::Completions(args) => manual::completions(args, console, global.console.json),
        Command::Man(args) => manual::man(args, console, global.console.json),
        Command::Sandbox(args) => sandbox::run(args, global, console),
    }
}

/// The console hears of everything that a run tells.
fn events(console: &Arc<Console>) -> Events {
    let console = Arc::clone(console);
    Arc::new(move |event| console.event(event))
}

fn console_settings(choice: &ConsoleChoice) -> ConsoleSettings {
    ConsoleSettings {
        json: choice.json,
        quiet: choice.quiet,
        verbose: choice.verbose,
        progress: choice.progress,
        color: match choice.color {
            ColorChoice::Auto => Color::Auto,
            ColorChoice::Always => Color::Always,
            ColorChoice::Never => Color::Never,
        },
        language: choice.language,
        stdout_is_data: choice.stdout_is_data,
        no_color: choice.no_color,
        dumb: choice.dumb,
        stdout_is_terminal: choice.stdout_is_terminal,
        stderr_is_terminal: choice.stderr_is_terminal,
        width: choice.width,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_cause_is_told_once_and_in_german_where_it_has_german_words() {
        let edited = || SourceError::Edited {
            path: PathBuf::from("shop.csv"),
        };
        let cut_short = ImportError::CutShort {
            run: "r1".to_owned(),
            source: edited(),
        };
        let text = told(&cut_short, cut_short.in_german());
        let german = format!("{}; der Lauf hielt dort an", edited().in_german());
        assert_eq!(text.german, german);
        assert_eq!(text.english, format!("{}; the run stopped there", edited()));
        // What the system says stays.
        let full = ImportError::Report(ReportError::Write {
            path: PathBuf::from("failed.csv"),
            source: io::Error::other("no room"),
        });
        let text = told(&full, full.in_german());
        assert!(text.german.ends_with(": no room"), "{}", text.german);
    }
}
