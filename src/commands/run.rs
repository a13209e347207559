//! `importer run`.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Ended, Failure, events, room, sandbox, signals};
use crate::cli::{Cli, MappingChoice, RunArgs};
use crate::console::Console;
use crate::deliver::driver::Signal;
use crate::exit;
use crate::fail_point::{self, Point};
use crate::import::{
    Confirm, Events, Import, ImportError, ImportSettings, SANDBOX, moved_input, runtime_here,
};
use crate::journal::Journal;
use crate::mapping::Mapping;
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::{shell_word, thousands_in};
use crate::outcome::{Bilingual, Ending, ExitCode, Summary, both};
use crate::report::Report;
use crate::sandbox::{Sandbox, SandboxSettings};
use crate::settings::{Environment, RunChoice, StateDir, resolve_run};
use crate::source::{self, Input, SourceError, Spooled};

/// Requests that the built-in sandbox remembers: nobody reads them.
const SANDBOX_KEEPS: usize = 100;

pub(super) fn run(
    cli: &Cli,
    args: &RunArgs,
    environment: &Environment,
    console: &Arc<Console>,
) -> Ended {
    let choice = resolve_run(cli, args, environment)?;
    for warning in &choice.warnings {
        console.warn(warning);
    }
    let mut stand_in = stand_in();
    sandbox::play(args.faults.as_deref(), &mut stand_in)?;
    let values = choice.settings.report.values;
    let tell = |error: ImportError| Failure::of_input(&error, console, values);
    for_a_run(&choice)?;
    let inputs =
        source::expand(&choice.inputs).map_err(|error| missing(error, &choice, console))?;
    let place = Place::set_up(choice, stand_in).map_err(tell)?;
    if let Some(path) = &place.choice.settings.payloads {
        begin_payloads(path, &inputs, &place.choice.mapping)?;
    }
    let signal = signals::listen();
    let mut worst = ExitCode::Fine;
    for input in &inputs {
        let result = place.import(input, console, events(console), &signal);
        let code = code_of(
            result,
            &input.name,
            inputs.len() == 1,
            &place.choice.settings,
            console,
        )?;
        worst = worst.worse(code);
        if code.ends_the_command() {
            break;
        }
    }
    Ok(worst)
}

/// The inputs are not there. One that a schedule has archived is named where it lies.
fn missing(error: SourceError, choice: &RunChoice, console: &Console) -> Failure {
    let moved = match (&error, &choice.state_dir) {
        // A journal that cannot be read is not what this is about.
        (SourceError::Missing { path, .. }, StateDir::Folder(folder)) => {
            moved_input(folder, path).ok().flatten()
        }
        _ => None,
    };
    let mut failure = Failure::of_import(&error.into(), console);
    if let Some(path) = moved {
        let path = shell_word(&path.display().to_string());
        failure.help = Some(both!(
            "it was moved when its run was over, and lies here: {path}",
            "sie wurde nach ihrem Lauf verschoben und liegt hier: {path}"
        ));
    }
    failure
}

/// The sandbox of a run, without faults.
pub(super) fn stand_in() -> SandboxSettings {
    SandboxSettings {
        seed: sandbox::SEED,
        keep_bodies: false,
        keep_requests: SANDBOX_KEEPS,
        ..SandboxSettings::default()
    }
}

/// Makes sure that the process may open what the run needs.
pub(super) fn for_a_run(choice: &RunChoice) -> Result<(), Failure> {
    let concurrency = choice.settings.delivery.concurrency.get();
    room::for_a_run(concurrency, needs_sandbox(choice))
}

fn needs_sandbox(choice: &RunChoice) -> bool {
    choice.sandbox && (!choice.dry_run || choice.settings.probe)
}

/// What runs take place with: the mapping, and what goes when they are over.
pub(super) struct Place {
    choice: RunChoice,
    mapping: Mapping,
    #[expect(dead_code, reason = "it goes when it is dropped")]
    sandbox: Option<SandboxThread>,
    #[expect(dead_code, reason = "it goes when it is dropped")]
    temporary: Option<tempfile::TempDir>,
}

impl Place {
    /// Loads the mapping and starts the sandbox, if there is to be one.
    pub(super) fn set_up(
        mut choice: RunChoice,
        stand_in: SandboxSettings,
    ) -> Result<Self, ImportError> {
        let mapping = load(&choice.mapping)?;
        let temporary = match &choice.state_dir {
            StateDir::Folder(_) => None,
            StateDir::Temporary => {
                let folder = tempfile::tempdir().map_err(ImportError::temporary)?;
                choice.settings.state_dir = folder.path().to_owned();
                Some(folder)
            }
        };
        let sandbox = match needs_sandbox(&choice) {
            true => {
                let sandbox = SandboxThread::start(stand_in)?;
                let mut target = choice.sandbox_target(&sandbox.url);
                if temporary.is_none() {
                    // In a lasting journal each sandbox is a target of its own.
                    target.name = Some(format!("sandbox {}", uuid::Uuid::now_v7()));
                } else {
                    target.name = Some(SANDBOX.to_owned());
                }
                choice.settings.target = Some(target);
                Some(sandbox)
            }
            false => None,
        };
        Ok(Self {
            choice,
            mapping,
            sandbox,
            temporary,
        })
    }

    /// Imports one input.
    pub(super) fn import(
        &self,
        input: &Input,
        console: &Arc<Console>,
        events: Events,
        signal: &watch::Receiver<Signal>,
    ) -> Result<Summary, ImportError> {
        let confirm = confirm(&self.choice, input, console, signal);
        import(
            input,
            &self.mapping,
            &self.choice,
            (events, confirm),
            signal,
        )
    }
}

/// Says of an input without records that it is fine.
pub(super) fn nothing_to_do(error: &SourceError, console: &Console) {
    if console.tells_trouble_only() {
        return;
    }
    let error = Bilingual {
        english: error.to_string(),
        german: error.in_german(),
    };
    console
        .note(&both!([error] "{error}; there is nothing to do", "{error}; es gibt nichts zu tun"));
}

/// What one input came to; its own errors are told here when it is not the only one.
fn code_of(
    result: Result<Summary, ImportError>,
    input: &str,
    is_only: bool,
    settings: &ImportSettings,
    console: &Arc<Console>,
) -> Ended {
    match result {
        Ok(summary) => Ok(exit::from_number(summary.exit_code)),
        Err(ImportError::Source(error @ SourceError::Empty { .. })) if settings.allow_empty => {
            nothing_to_do(&error, console);
            Ok(ExitCode::Fine)
        }
        Err(error) => {
            let failure = Failure::of_input(&error, console, settings.report.values);
            if is_only {
                return Err(failure);
            }
            let failure = failure.with(input);
            failure.tell(console);
            Ok(failure.code)
        }
    }
}

fn import(
    input: &Input,
    mapping: &Mapping,
    choice: &RunChoice,
    (events, confirm): (Events, Option<Confirm>),
    signal: &watch::Receiver<Signal>,
) -> Result<Summary, ImportError> {
    let settings = choice.settings.clone();
    // Before stdin is read, which may be gone then.
    Report::check(&settings.report)?;
    // stdin is spooled: a live run needs it until it is finished, a dry run only now.
    let mut spool = None;
    let path = match &input.path {
        Some(path) => path.clone(),
        None => {
            let folder = if choice.dry_run {
                let folder = tempfile::tempdir().map_err(ImportError::temporary)?;
                let path = folder.path().to_owned();
                spool = Some(Spool::Folder(folder));
                path
            } else {
                settings.state_dir.join("spool")
            };
            let spooled = spool_stdin(&folder, signal).map_err(|error| {
                match choice.dry_run || settings.is_journal_temporary {
                    true => error.of_temporary(),
                    false => error,
                }
            })?;
            let path = spooled.path.clone();
            if !choice.dry_run {
                spool = Some(Spool::File(spooled));
            }
            path
        }
    };
    let payloads = match &settings.payloads {
        Some(path) => Some(payloads(path).map_err(ImportError::Payloads)?),
        None => None,
    };
    let import = Import {
        input: input.name.clone(),
        path,
        mapping: mapping.clone(),
        settings,
        events,
        signal: signal.clone(),
        confirm,
        payloads,
    };
    let result = if choice.dry_run {
        import.rehearse()
    } else {
        import.run()
    };
    if let Some(Spool::File(spooled)) = &spool
        && is_spent(spooled, &result)
        && !is_needed(spooled, &result, &choice.settings.state_dir)
    {
        fail_point::pass(Point::SpoolSpent);
        let _ = std::fs::remove_file(&spooled.path);
    }
    drop(spool);
    match input.path {
        Some(_) => result,
        None => result.map_err(ImportError::of_stdin),
    }
}

/// Whether nobody will read the kept stdin again. An unfinished run's stays: the journal names
/// it, and `report` reads it. What could not be used was not begun, unless an earlier command
/// began it.
fn is_spent(spooled: &Spooled, result: &Result<Summary, ImportError>) -> bool {
    match result {
        Ok(summary) => !summary.ending.is_resumable(),
        // Names are asked for before a run is begun.
        Err(ImportError::Untold { .. }) => spooled.is_new,
        Err(error) => spooled.is_new && exit::of_import(error) == ExitCode::Unusable,
    }
}

/// Whether an unfinished run of another target has the same stdin: a copy is named by its
/// contents, so that they share it. A journal that cannot be asked takes nobody's input away.
fn is_needed(spooled: &Spooled, result: &Result<Summary, ImportError>, state_dir: &Path) -> bool {
    let own = result.as_ref().map(|summary| summary.run.as_str()).ok();
    match Journal::open_existing(state_dir).map(|journal| journal.map(|journal| journal.runs())) {
        Ok(None) => false,
        Ok(Some(Ok(rows))) => rows.iter().any(|row| {
            let kept = row.input_path.as_deref().and_then(Path::file_name);
            Some(row.id.as_str()) != own
                && kept == spooled.path.file_name()
                && row.is_unfinished()
                // Its copy went when it ended.
                && row.ending != Some(Ending::TooManyInvalid)
        }),
        Ok(Some(Err(_))) | Err(_) => true,
    }
}

/// Where stdin is kept meanwhile.
enum Spool {
    Folder(#[expect(dead_code, reason = "it goes when it is dropped")] tempfile::TempDir),
    File(Spooled),
}

pub(super) fn load(choice: &MappingChoice) -> Result<Mapping, ImportError> {
    Ok(match choice {
        MappingChoice::File(path) => Mapping::load(path)?,
        MappingChoice::Builtin(name) => Mapping::builtin(name)?,
        MappingChoice::Passthrough => Mapping::passthrough(),
    })
}

/// The file, or stdout, that takes the bodies of a dry run.
fn payloads(path: &Path) -> std::io::Result<Box<dyn Write>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufWriter::new(UntilClosed {
            to: std::io::stdout(),
            is_closed: false,
        })));
    }
    let file = OpenOptions::new().append(true).open(path)?;
    Ok(Box::new(BufWriter::new(file)))
}

/// stdout, for as long as somebody reads it: whoever has seen enough (`| head -1`) closes the
/// pipe, and that is no failure of the dry run.
struct UntilClosed<W> {
    to: W,
    is_closed: bool,
}

impl<W: Write> UntilClosed<W> {
    /// What `written` says, unless it says that nobody reads on: then `if_closed`.
    fn note<T>(&mut self, written: std::io::Result<T>, if_closed: T) -> std::io::Result<T> {
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(if_closed)
            }
            written => written,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.to.write(bytes);
        self.note(written, bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let flushed = self.to.flush();
        self.note(flushed, ())
    }
}

/// Makes the file for the bodies of all inputs, empty and readable for the user alone; never
/// in place of something that is still to be read.
fn begin_payloads(path: &Path, inputs: &[Input], mapping: &MappingChoice) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Ok(());
    }
    let mut read: Vec<&Path> = inputs
        .iter()
        .filter_map(|input| input.path.as_deref())
        .collect();
    if let MappingChoice::File(file) = mapping {
        read.push(file);
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let failed = |code, text: Bilingual, help: Bilingual| Failure {
        code,
        text,
        help: Some(help),
        rendered: None,
    };
    if real(path).is_some_and(|file| read.iter().any(|other| real(other).as_ref() == Some(&file))) {
        return Err(failed(
            ExitCode::Usage,
            both!(
                "--payloads would overwrite `{path}`, which is to be read",
                "--payloads würde `{path}` überschreiben, was gelesen werden soll",
                path = path.display()
            ),
            both!(
                "name another file for --payloads",
                "für --payloads eine andere Datei nennen"
            ),
        ));
    }
    // A link could lead elsewhere, and what belongs to everybody (a device) must not become the
    // user's alone.
    if let Ok(found) = std::fs::symlink_metadata(path)
        && !found.is_file()
    {
        let what = if found.is_dir() {
            both!("a folder", "ein Ordner")
        } else if found.is_symlink() {
            both!("a symbolic link", "eine symbolische Verknüpfung")
        } else {
            both!("a pipe or device", "eine Pipe oder ein Gerät")
        };
        return Err(failed(
            ExitCode::Unusable,
            both!([what, path = Bilingual::same(path.display().to_string())] "`{path}` is {what}, not a file", "`{path}` ist {what}, keine Datei"),
            both!(
                "name another file for --payloads, or `-` for stdout",
                "für --payloads eine andere Datei nennen, oder `-` für stdout"
            ),
        ));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path).and_then(|file| {
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.sync_all()
    });
    made.map_err(|error| {
        failed(
            exit::of_place(&error),
            both!([error = of_io(&error)]
                "`{path}` cannot be written: {error}",
                "`{path}` lässt sich nicht schreiben: {error}",
                path = path.display()
            ),
            both!(
                "name another file for --payloads",
                "für --payloads eine andere Datei nennen"
            ),
        )
    })
}

/// Keeps the standard input in a file of `folder`, unless somebody wants to stop before it ends.
fn spool_stdin(folder: &Path, signal: &watch::Receiver<Signal>) -> Result<Spooled, ImportError> {
    let kept = folder.to_owned();
    let spooled = signals::unless_stopped(signal, move || {
        source::spool(&mut std::io::stdin().lock(), &kept)
    });
    // Whoever wrote to it may have been stopped by the same Ctrl-C.
    let wish = *signal.borrow();
    match (wish, spooled) {
        (Signal::Go, Some(spooled)) => Ok(spooled?),
        (Signal::Go, None) => Err(ImportError::Workers(io::ErrorKind::OutOfMemory.into())),
        (wish, _) => Err(ImportError::Interrupted(wish)),
    }
}

/// A real target is shown and asked for where somebody can answer.
fn confirm(
    choice: &RunChoice,
    input: &Input,
    console: &Arc<Console>,
    signal: &watch::Receiver<Signal>,
) -> Option<Confirm> {
    let target = choice.settings.target.as_ref()?;
    if choice.assume_yes || choice.sandbox {
        return None;
    }
    let name = target
        .name
        .clone()
        .map_or_else(|| both!("the ERP", "die Wawi"), Bilingual::same);
    let tenant = target
        .tenant_id
        .as_deref()
        .map_or_else(String::new, |tenant| format!(", tenant {tenant}"));
    let address = format!("{}{}{tenant}", target.base_url, target.path);
    let (input, console, signal) = (input.name.clone(), Arc::clone(console), signal.clone());
    Some(Box::new(move |waiting| {
        let looked_up = match waiting.looked_up {
            0 => Bilingual::default(),
            count => both!(
                ", {count} of them only if a look-up does not find them",
                ", {count} davon nur, wenn sie beim Nachsehen nicht zu finden sind"
            ),
        };
        let count = Bilingual::of(|language| thousands_in(waiting.customers, language));
        let question = both!([name = name.clone(), looked_up, count]
            "Send {count} customers of {input} to {name} ({address}){looked_up}?",
            "{count} Kunden aus {input} an {name} ({address}) senden{looked_up}?"
        );
        let console = Arc::clone(&console);
        signals::unless_stopped(&signal, move || console.ask(&question)).unwrap_or(false)
    }))
}

/// The stand-in ERP on a thread of its own, for as long as this lives.
struct SandboxThread {
    url: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl SandboxThread {
    fn start(settings: SandboxSettings) -> Result<Self, ImportError> {
        let broken = ImportError::Sandbox;
        let runtime = runtime_here().map_err(broken)?;
        let sandbox = runtime.block_on(Sandbox::start(settings));
        let sandbox = sandbox.map_err(|error| broken(std::io::Error::other(error)))?;
        let url = sandbox.url();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serve = move || {
            runtime.block_on(async move {
                let _ = stopped.await;
                sandbox.stop().await;
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        };
        let thread = std::thread::Builder::new().spawn(serve).map_err(broken)?;
        Ok(Self {
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for SandboxThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
