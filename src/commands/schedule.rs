//! `importer schedule`.

mod check;
mod told;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Weekday;
use serde_json::{Value, json};

use super::run::{Place, for_a_run, nothing_to_do, stand_in};
use super::{Ended, Failure, events, signals};
use crate::cli::{Cli, MappingChoice, ScheduleArgs};
use crate::console::Console;
use crate::exit;
use crate::import::{Events, Existing, ImportError, Moved, note_left, note_moved, note_moving};
use crate::outcome::borrowed::of_io;
use crate::outcome::telling::length_in;
use crate::outcome::{Bilingual, ExitCode, Language, RunEvent, Summary, both};
use crate::schedule::{
    Archived, Daemon, Endpoint, Fault, Job, Jobs, JobsError, Lanes, Order, Ran, Runner,
    SystemClock, Workshop,
};
use crate::settings::{
    Environment, GlobalChoice, JobRun, RunChoice, SettingsError, StateDir, resolve_job,
};
use crate::source::{Input, SourceError};

/// Times that `--list` shows of each job.
const TIMES_SHOWN: usize = 3;

impl Failure {
    fn of_jobs(error: &JobsError, console: &Console) -> Self {
        Self {
            code: ExitCode::Unusable,
            text: Bilingual::same(error.to_string()),
            help: None,
            rendered: Some(Box::new(Bilingual::of(|language| {
                error.render(console.color_on_stderr(), language)
            }))),
        }
    }
}

/// What is wrong with a jobs file, for programs: people get it with excerpts.
fn mistakes(error: &JobsError) -> Value {
    let mistakes = error.mistakes().map(|mistake| {
        json!({
            "line": mistake.line,
            "column": mistake.column,
            "message": mistake.message,
            "help": mistake.help,
        })
    });
    json!({
        "type": "error",
        "message": error.to_string(),
        "mistakes": mistakes.collect::<Vec<_>>(),
        "exit_code": ExitCode::Unusable.number(),
    })
}

fn no_such_job(name: &str, file: &Path, help: Bilingual) -> Failure {
    Failure {
        code: ExitCode::Usage,
        text: both!(
            "there is no job `{name}` in {file}",
            "in {file} gibt es keinen Job `{name}`",
            file = file.display()
        ),
        help: Some(help),
        rendered: None,
    }
}

fn nobody_listens(address: SocketAddr, error: &std::io::Error) -> Failure {
    let what = both!(
        "nobody can listen on {address}",
        "an {address} kann niemand lauschen"
    );
    Failure {
        help: Some(both!(
            "is a schedule running already? --listen names another port",
            "läuft schon ein Zeitplan? --listen nennt einen anderen Port"
        )),
        ..broken(what, error)
    }
}

fn broken(what: Bilingual, error: &std::io::Error) -> Failure {
    Failure {
        code: ExitCode::Failure,
        text: what.because(&of_io(error)),
        help: None,
        rendered: None,
    }
}

pub(super) fn run(
    cli: &Cli,
    args: &ScheduleArgs,
    environment: &Environment,
    global: &GlobalChoice,
    console: &Arc<Console>,
) -> Ended {
    let jobs = Jobs::load(&args.jobs).map_err(|error| {
        if global.console.json {
            console.json(&mistakes(&error));
        }
        Failure::of_jobs(&error, console)
    })?;
    if args.list {
        list(&jobs, console, global.console.json);
        return Ok(ExitCode::Fine);
    }
    let runner = JobRunner {
        cli: cli.clone(),
        environment: environment.clone(),
        console: Arc::clone(console),
    };
    if args.check {
        return Ok(check::check(&jobs, &runner, global, console));
    }
    if let Some(name) = &args.once {
        jobs.find(name)
            .map_err(|help| no_such_job(name, &args.jobs, help))?;
    } else {
        runner.warn_of_missing(&jobs);
    }
    let (teller, json) = (Arc::clone(console), global.console.json);
    let workshop = Workshop {
        runner: Arc::new(runner),
        clock: Arc::new(SystemClock),
        state_dir: global.state_dir.clone(),
        environment: environment.clone(),
        tell: Arc::new(move |told| told::tell(told, &teller, json)),
        holder: format!(
            "process {}, `{}`, since {:.0}",
            std::process::id(),
            environment.command_line(),
            Timestamp::now()
        ),
        lanes: Lanes::default(),
    };
    let daemon = Daemon::new(workshop, jobs.jobs, args.metrics_file.clone());
    let signal = signals::listen();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            let what = both!(
                "the schedule cannot begin",
                "der Zeitplan kann nicht beginnen"
            );
            broken(what, &error)
        })?;
    runtime.block_on(async {
        if let Some(name) = &args.once {
            let code = daemon.once(name, &signal).await;
            return Ok(code.unwrap_or(ExitCode::Usage));
        }
        let endpoint = match args.listen {
            None => None,
            Some(address) => {
                let endpoint = Endpoint::bind(address.0).await;
                let endpoint = endpoint.map_err(|error| nobody_listens(address.0, &error))?;
                let url = format!("http://{}", endpoint.address());
                match json {
                    true => console.json(&json!({"type": "endpoint", "url": url})),
                    false => console.note(&both!(
                        "/health and /metrics are at {url}",
                        "/health und /metrics stehen unter {url}"
                    )),
                }
                Some(endpoint)
            }
        };
        Ok(daemon.run(endpoint, signal).await)
    })
}

/// Does the runs of jobs as `importer run` does its own.
pub struct JobRunner {
    /// What was typed.
    pub cli: Cli,
    /// What the process was started with.
    pub environment: Environment,
    /// Who hears of the runs' events.
    pub console: Arc<Console>,
}

impl JobRunner {
    /// What a run of the job is asked to do.
    fn choice(
        &self,
        job: &Job,
        input: &Path,
        left: Option<Duration>,
        archived: &Path,
    ) -> Result<RunChoice, SettingsError> {
        let command = match &self.cli.command {
            crate::cli::Command::Schedule(args) if args.once.is_none() => {
                // Nobody listens where only one job runs.
                let command = self.environment.command_line_without("listen");
                format!("{command} --once {}", job.name)
            }
            _ => self.environment.command_line(),
        };
        let run = JobRun {
            profile: job.profile.as_deref(),
            options: &job.options,
            input: &input.to_string_lossy(),
            left,
            archived: &archived.to_string_lossy(),
            command_line: &command,
        };
        resolve_job(&self.cli, &run, &self.environment)
    }

    /// Warns of a mapping file that is not there by day already: a schedule begins without one, for
    /// it may come before the job's time does.
    fn warn_of_missing(&self, jobs: &Jobs) {
        for job in &jobs.jobs {
            let input = Path::new("input");
            let Ok(choice) = self.choice(job, input, None, input) else {
                continue;
            };
            if let MappingChoice::File(path) = &choice.mapping
                && !path.exists()
            {
                self.console.warn(&both!(
                    "job `{job}`: the mapping {path} is not there, and without it the job cannot run",
                    "Job `{job}`: die Zuordnung {path} gibt es nicht, und ohne sie kann der Job \
                     nicht laufen",
                    job = &job.name,
                    path = path.display()
                ));
            }
        }
    }

    /// Where an input lies, with the commands that send it again from there, and whose journal is
    /// to know that.
    fn place_of(&self, archived: &Archived) -> Result<(Moved, StateDir), SettingsError> {
        let order = &archived.order;
        let choice = self.choice(&order.job, &order.input, order.left, &archived.to)?;
        let moved = Moved {
            run: archived.run.clone(),
            to: archived.to.clone(),
            again: choice.settings.again_command,
            retry: choice.settings.retry_command,
        };
        Ok((moved, choice.state_dir))
    }

    fn ran(&self, order: &Order) -> Result<Ran, (Failure, Fault)> {
        let elsewhere = |failure| (failure, Fault::Elsewhere);
        let archived = order.job.after_failure(&order.input);
        let choice = self
            .choice(&order.job, &order.input, order.left, &archived)
            .map_err(|error| {
                let option = error.key().and_then(|key| order.job.places.of_option(key));
                elsewhere(Failure::from(error).at(option))
            })?;
        for warning in &choice.warnings {
            self.console.warn(warning);
        }
        for_a_run(&choice).map_err(elsewhere)?;
        let settings = &choice.settings;
        let values = settings.report.values;
        let mut ran = Ran {
            code: ExitCode::Fine,
            summary: None,
            fault: Fault::Elsewhere,
            message: None,
            help: None,
            dry_run: choice.dry_run,
            is_strict: settings.fail_on.is_some() || settings.existing == Existing::Fail,
            journal: match &choice.state_dir {
                StateDir::Folder(folder) => Some(folder.clone()),
                StateDir::Temporary => None,
            },
        };
        let allow_empty = settings.allow_empty;
        let input = Input {
            name: order.input.display().to_string(),
            path: Some(order.input.clone()),
        };
        let tell = |error: ImportError| {
            let fault = match &error {
                // The folder for temporary files: the input may be fine.
                ImportError::Source(SourceError::Private { .. }) => Fault::Elsewhere,
                ImportError::Source(_) | ImportError::Returned(_) => Fault::Input,
                ImportError::NoRecords { .. } | ImportError::OtherExport { .. } => Fault::Input,
                ImportError::Mapping(error) if error.is_of_input() => Fault::Input,
                _ => Fault::Elsewhere,
            };
            (Failure::of_input(&error, &self.console, values), fault)
        };
        let place = Place::set_up(choice, stand_in()).map_err(tell)?;
        let held = Arc::new(Mutex::new(None));
        match place.import(&input, &self.console, self.events(&held), &order.signal) {
            Ok(summary) => {
                ran.code = exit::from_number(summary.exit_code);
                // Too much of it is invalid.
                ran.fault = Fault::Input;
                ran.summary = Some(Box::new(summary));
            }
            Err(ImportError::Source(error @ SourceError::Empty { .. })) if allow_empty => {
                nothing_to_do(&error, &self.console);
            }
            Err(error) => {
                // What the run came to is told first.
                let held = held.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(summary) = held {
                    self.console.event(&RunEvent::Finished(summary));
                }
                let (failure, fault) = tell(error);
                return Err((failure.with(&input.name), fault));
            }
        }
        Ok(ran)
    }

    /// Who hears of a run's events. Where only trouble is told, nobody knows yet whether what the
    /// run came to is some for the job: that is held back.
    fn events(&self, held: &Arc<Mutex<Option<Box<Summary>>>>) -> Events {
        if !self.console.tells_trouble_only() {
            return events(&self.console);
        }
        let (console, held) = (Arc::clone(&self.console), Arc::clone(held));
        Arc::new(move |event| match event {
            RunEvent::Finished(summary) => {
                *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary.clone());
            }
            event => console.event(event),
        })
    }
}

impl Runner for JobRunner {
    fn run(&self, order: &Order) -> Ran {
        self.ran(order).unwrap_or_else(|(failure, fault)| {
            let code = failure.code;
            // That somebody else is at it is trouble only if it is for long.
            if code != ExitCode::Locked || !self.console.tells_trouble_only() {
                failure.tell(&self.console);
            }
            Ran {
                code,
                summary: None,
                fault,
                message: Some(failure.text),
                help: failure.help,
                dry_run: false,
                is_strict: false,
                journal: None,
            }
        })
    }

    fn note_left(&self, job: &Job) -> Result<(), String> {
        let input = Path::new("input");
        // What is wrong with the settings is told by the runs.
        let Ok(choice) = self.choice(job, input, None, input) else {
            return Ok(());
        };
        match choice.state_dir {
            StateDir::Folder(folder) => {
                note_left(&folder, &job.name).map_err(|error| error.to_string())
            }
            StateDir::Temporary => Ok(()),
        }
    }

    fn moving(&self, archived: &Archived) -> Result<(), String> {
        let (moved, folder) = self.place_of(archived).map_err(|error| error.to_string())?;
        match folder {
            StateDir::Folder(folder) => note_moving(&folder, &archived.order.job.name, &moved)
                .map_err(|error| of_io(&error).english),
            StateDir::Temporary => Ok(()),
        }
    }

    fn moved(&self, archived: &[Archived]) -> Result<Vec<String>, String> {
        let places = archived.iter().map(|it| self.place_of(it));
        let places: Result<Vec<_>, _> = places.collect();
        let (moved, folders): (Vec<Moved>, Vec<StateDir>) = places
            .map_err(|error| error.to_string())?
            .into_iter()
            .unzip();
        // All of them are one job's.
        if let (Some(StateDir::Folder(folder)), Some(first)) = (folders.first(), archived.first()) {
            let job = &first.order.job.name;
            note_moved(folder, job, &moved).map_err(|error| error.to_string())?;
        }
        Ok(moved.into_iter().map(|moved| moved.again).collect())
    }

    fn lane(&self, job: &Job) -> String {
        let input = Path::new("-");
        let target = self
            .choice(job, input, None, input)
            .ok()
            .and_then(|choice| choice.settings.target);
        // Without an ERP there is nothing to wait for.
        target.map_or_else(|| format!("\0{}", job.name), |target| target.identity())
    }
}

/// The jobs with their next times.
fn list(jobs: &Jobs, console: &Console, json: bool) {
    let mut rows = Vec::new();
    for job in &jobs.jobs {
        let mut after = Timestamp::now();
        let mut times = Vec::new();
        while times.len() < TIMES_SHOWN
            && let Some(next) = job.cron.next(&job.zone, after)
        {
            times.push(job.zone.at(next));
            after = next;
        }
        if json {
            let next: Vec<String> = times.iter().map(|at| at.timestamp().to_string()).collect();
            console.json(&json!({
                "type": "job",
                "job": job.name,
                "cron": job.cron.text(),
                "time_zone": job.zone.name(),
                "jitter_seconds": job.jitter.as_secs_f64(),
                "next": next,
                "inputs": job.inputs,
            }));
            continue;
        }
        let language = console.language();
        let shown = times.iter().map(|at| {
            let day = weekday(at.weekday(), language);
            format!("{day} {}", at.strftime("%Y-%m-%d %H:%M"))
        });
        rows.push(vec![
            job.name.clone(),
            job.cron.text().to_owned(),
            job.zone.told().told_in(language),
            format!(
                "{}{}",
                shown.collect::<Vec<_>>().join(", "),
                later(job, language)
            ),
        ]);
    }
    if !json {
        let headers = console.language().pick(
            ["job", "cron", "time zone", "next times"],
            ["Job", "Cron", "Zeitzone", "nächste Zeiten"],
        );
        console.table(&headers, &rows);
    }
}

/// How much later than its times a job may start.
fn later(job: &Job, language: Language) -> String {
    if job.jitter.is_zero() {
        return String::new();
    }
    let most = length_in(job.jitter, language);
    match language {
        Language::English => format!(", up to {most} later"),
        Language::German => format!(", bis zu {most} später"),
    }
}

fn weekday(day: Weekday, language: Language) -> &'static str {
    match day {
        Weekday::Monday => language.pick("Mon", "Mo"),
        Weekday::Tuesday => language.pick("Tue", "Di"),
        Weekday::Wednesday => language.pick("Wed", "Mi"),
        Weekday::Thursday => language.pick("Thu", "Do"),
        Weekday::Friday => language.pick("Fri", "Fr"),
        Weekday::Saturday => language.pick("Sat", "Sa"),
        Weekday::Sunday => language.pick("Sun", "So"),
    }
}
