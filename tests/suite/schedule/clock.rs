//! The daemon in this process, with a clock that the test moves.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::routing::post;
use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wawi_importer::cli::Cli;
use wawi_importer::commands::JobRunner;
use wawi_importer::console::{Console, ConsoleSettings};
use wawi_importer::deliver::driver::Signal;
use wawi_importer::outcome::ExitCode;
use wawi_importer::sandbox::SandboxSettings;
use wawi_importer::schedule::{
    Clock, Daemon, Endpoint, JobSummary, Jobs, Lanes, Outcome, Told, Why, Workshop,
};
use wawi_importer::settings::Environment;

use super::{MAPPING, export, metric, names, write};
use crate::stand_in::{StandIn, wait_for};

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Moved(Arc<watch::Sender<Timestamp>>);

impl Moved {
    fn at(text: &str) -> Self {
        Self(Arc::new(watch::Sender::new(text.parse().unwrap())))
    }

    fn to(&self, text: &str) {
        self.0.send_replace(text.parse().unwrap());
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn wait(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut time = self.0.subscribe();
        Box::pin(async move {
            // Whoever waits looks at a clock that was set, to whatever time.
            if *time.borrow_and_update() < at {
                let _ = time.changed().await;
            }
        })
    }
}

/// An address that keeps what is posted to it.
struct Inbox {
    url: String,
    posted: Arc<Mutex<Vec<Value>>>,
}

/// A folder with jobs, an ERP, a clock, and who is told.
struct World {
    runtime: Runtime,
    folder: tempfile::TempDir,
    erp: StandIn,
    clock: Moved,
    told: Arc<Mutex<Vec<Told>>>,
    inbox: Inbox,
}

/// A daemon at work.
struct Working {
    stop: watch::Sender<Signal>,
    task: JoinHandle<ExitCode>,
    address: std::net::SocketAddr,
}

impl World {
    fn new(now: &str, server: SandboxSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posted);
        let app = axum::Router::new().route(
            "/hook",
            post(move |axum::Json(body): axum::Json<Value>| async move {
                kept.lock().unwrap().push(body);
            }),
        );
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, app).await });
        let world = Self {
            runtime,
            folder: tempfile::tempdir().unwrap(),
            erp: StandIn::start(server),
            clock: Moved::at(now),
            told: Arc::default(),
            inbox: Inbox { url, posted },
        };
        world.write("shop.toml", MAPPING);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        write(&self.path(name), text)
    }

    /// An export that was written so long ago, on the clock that the test moves.
    fn put(&self, name: &str, text: &str, age: SignedDuration) {
        let path = self.write(name, text);
        let at = self.clock.now().checked_sub(age).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        let seconds = std::time::Duration::from_secs(at.as_second().try_into().unwrap());
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + seconds)
            .unwrap();
    }

    /// Begins a daemon with the jobs of `jobs.toml`.
    fn begin(&self, jobs: &str) -> Working {
        self.told.lock().unwrap().clear();
        let jobs_file = self.write("jobs.toml", jobs);
        let jobs = Jobs::load(&jobs_file).unwrap_or_else(|error| panic!("{error:?}"));
        let words = ["importer", "schedule", "jobs.toml"];
        let environment = Environment::from_pairs([
            ("IMPORTER_BASE_URL", self.erp.url()),
            (
                "IMPORTER_REPORT_DIR",
                self.path("reports").display().to_string(),
            ),
        ])
        .in_folder(self.folder.path())
        .typed(words);
        let console = ConsoleSettings {
            quiet: true,
            ..ConsoleSettings::default()
        };
        let runner = JobRunner {
            cli: Cli::try_parse_from(words).unwrap(),
            environment: environment.clone(),
            console: Arc::new(Console::new(console)),
        };
        let told = Arc::clone(&self.told);
        let workshop = Workshop {
            runner: Arc::new(runner),
            clock: Arc::new(self.clock.clone()),
            state_dir: self.path(".importer"),
            environment,
            tell: Arc::new(move |it| told.lock().unwrap().push(it.clone())),
            holder: "the test".to_owned(),
            lanes: Lanes::default(),
        };
        let daemon = Daemon::new(workshop, jobs.jobs, Some(self.path("importer.prom")));
        let (stop, signal) = watch::channel(Signal::Go);
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let endpoint = self.runtime.block_on(Endpoint::bind(anywhere)).unwrap();
        let address = endpoint.address();
        let task = self.runtime.spawn(daemon.run(Some(endpoint), signal));
        Working {
            stop,
            task,
            address,
        }
    }

    /// Waits for something to be told.
    #[track_caller]
    fn wait_for_told(&self, is_it: impl Fn(&Told) -> bool) {
        wait_for(|| self.told.lock().unwrap().iter().any(&is_it));
    }

    fn ended(&self) -> Vec<JobSummary> {
        let told = self.told.lock().unwrap();
        let ended = told.iter().filter_map(|told| match told {
            Told::Ended(summary) => Some((**summary).clone()),
            _ => None,
        });
        ended.collect()
    }

    /// Waits until so many starts have ended since the daemon began.
    #[track_caller]
    fn wait_for_ended(&self, count: usize) -> Vec<JobSummary> {
        wait_for(|| self.ended().len() >= count);
        let ended = self.ended();
        assert_eq!(ended.len(), count, "{ended:#?}");
        ended
    }

    /// Waits until a job waits for this time.
    #[track_caller]
    fn wait_for_next(&self, time: &str) {
        let time: Timestamp = time.parse().unwrap();
        self.wait_for_told(|told| matches!(told, Told::Next { at, .. } if *at == time));
    }

    fn ask(&self, working: &Working, path: &str) -> String {
        let url = format!("http://{}{path}", working.address);
        let answer = async { reqwest::get(url).await.unwrap().text().await.unwrap() };
        self.runtime.block_on(answer)
    }

    /// Ends the daemon.
    fn end(&self, working: Working, signal: Signal) -> ExitCode {
        working.stop.send_replace(signal);
        self.runtime.block_on(working.task).unwrap()
    }

    fn created(&self) -> Vec<String> {
        let mut numbers = self.erp.numbers();
        numbers.sort();
        numbers
    }
}

fn job(extra: &str) -> String {
    format!(
        "[[job]]\nname = \"shop\"\ncron = \"0 2 * * *\"\ntime_zone = \"Europe/Berlin\"\n\
         inputs = \"inbox/*.csv\"\nmapping = \"shop.toml\"\n{extra}\n"
    )
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[test]
fn a_job_runs_at_its_times_is_refused_catches_up_archives_tells_and_is_counted() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let jobs = job(&format!(
        "missed = \"catch_up\"\nmin_age = \"10m\"\narchive_done = \"done\"\n\
         on_success = {{ url = \"{}\" }}",
        world.inbox.url
    ));
    world.put("inbox/b.csv", &export([("K2", "Ulm")]), DAY);
    world.put("inbox/a.csv", &export([("K1", "Ulm")]), DAY);
    it_runs_twice_and_is_refused_between(&world, &jobs);
    it_catches_up_once(&world, &jobs);
    assert_eq!(world.created(), ["K1", "K2", "K3", "K4"]);
    assert!(names(&world.path("inbox")).is_empty());
    let posted = world.inbox.posted.lock().unwrap();
    let created: Vec<_> = posted
        .iter()
        .map(|it| it["counts"]["created"].clone())
        .collect();
    assert_eq!(created, [2, 1, 1]);
    assert_eq!(posted[0]["job"], "shop");
    assert_eq!(posted[0]["result"], "success");
    assert_eq!(posted[0]["inputs"][0]["fate"], "done");
    // Numbers and codes, and nobody's name.
    assert!(
        !posted.iter().any(|it| it.to_string().contains("Muster")),
        "{posted:?}"
    );
}

/// It runs at two of its times; at the time between it is still at work.
fn it_runs_twice_and_is_refused_between(world: &World, jobs: &str) {
    let working = world.begin(jobs);
    // Two in the morning in Berlin.
    world.wait_for_next("2026-05-02T00:00:00Z");
    assert!(world.ended().is_empty());

    // The first time: it hangs at the ERP, over the second.
    world.erp.freeze();
    world.clock.to("2026-05-02T00:00:00Z");
    wait_for(|| !world.erp.requests().is_empty());
    assert!(
        world
            .ask(&working, "/metrics")
            .contains("importer_job_running{job=\"shop\"} 1")
    );
    world.clock.to("2026-05-03T00:00:00Z");
    let refused = &world.wait_for_ended(1)[0];
    assert_eq!((refused.result, refused.exit_code), (Outcome::Refused, 6));
    let message = refused.message.clone().unwrap().english;
    assert!(message.contains("running already: the test"), "{message}");
    world.erp.thaw();
    let first = &world.wait_for_ended(2)[1];
    assert_eq!(
        (first.result, first.exit_code),
        (Outcome::Success, 0),
        "{first:#?}"
    );
    assert_eq!(first.counts["created"], 2);
    let read: Vec<_> = first
        .inputs
        .iter()
        .map(|it| it.input.file_name().unwrap())
        .collect();
    assert_eq!(read, ["a.csv", "b.csv"]);

    // The second time that it runs: one file is too young.
    world.put("inbox/a.csv", &export([("K3", "Ulm")]), DAY);
    // Five minutes before the next time, which is a day from now.
    let young = SignedDuration::from_mins(5) - DAY;
    world.put("inbox/young.csv", &export([("K4", "Ulm")]), young);
    world.clock.to("2026-05-04T00:00:00Z");
    let second = &world.wait_for_ended(3)[2];
    assert_eq!(second.counts["created"], 1);
    assert_eq!(second.waiting, [world.path("inbox/young.csv")]);
    assert_eq!(names(&world.path("done")), ["a-2.csv", "a.csv", "b.csv"]);
    assert_eq!(names(&world.path("inbox")), ["young.csv"]);

    its_metrics_say_so(world, &working);
    assert_eq!(world.end(working, Signal::Terminate), ExitCode::Fine);
}

fn its_metrics_say_so(world: &World, working: &Working) {
    let text = world.ask(working, "/metrics");
    assert_eq!(
        metric(
            &text,
            "importer_job_starts_total{job=\"shop\",result=\"success\"}"
        ),
        2.0
    );
    assert_eq!(
        metric(
            &text,
            "importer_job_starts_total{job=\"shop\",result=\"refused\"}"
        ),
        1.0
    );
    assert_eq!(
        metric(
            &text,
            "importer_job_last_records{job=\"shop\",outcome=\"created\"}"
        ),
        1.0
    );
    assert_eq!(
        metric(
            &text,
            "importer_job_last_files{job=\"shop\",fate=\"waiting\"}"
        ),
        1.0
    );
    let success = metric(
        &text,
        "importer_job_last_success_timestamp_seconds{job=\"shop\"}",
    );
    let time: Timestamp = "2026-05-04T00:00:00Z".parse().unwrap();
    assert_eq!(success, time.as_second() as f64);
    let health: Value = serde_json::from_str(&world.ask(working, "/health")).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["jobs"][0]["last_result"], "success");
}

/// Nobody is there for two of its times.
fn it_catches_up_once(world: &World, jobs: &str) {
    world.clock.to("2026-05-06T10:00:00Z");
    let working = world.begin(jobs);
    let caught = &world.wait_for_ended(1)[0];
    assert_eq!(caught.counts["created"], 1);
    world.wait_for_next("2026-05-07T00:00:00Z");
    let whys = |told: &Told| {
        matches!(
            told,
            Told::Started {
                why: Why::CatchUp(_),
                ..
            }
        )
    };
    assert_eq!(
        world
            .told
            .lock()
            .unwrap()
            .iter()
            .filter(|told| whys(told))
            .count(),
        1
    );
    let file = world.path("importer.prom");
    let of_success = "importer_job_starts_total{job=\"shop\",result=\"success\"}";
    wait_for(|| metric(&std::fs::read_to_string(&file).unwrap(), of_success) == 3.0);
    assert_eq!(world.end(working, Signal::Terminate), ExitCode::Fine);

    // Once it was caught up with, nothing is missed any more.
    let working = world.begin(jobs);
    world.wait_for_next("2026-05-07T00:00:00Z");
    assert_eq!(world.end(working, Signal::Terminate), ExitCode::Fine);
    assert!(world.ended().is_empty());
}

#[test]
fn what_was_interrupted_goes_on_at_the_next_beginning() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let jobs = job("archive_done = \"done\"\nmin_age = \"0s\"\nrun = { concurrency = 1 }");
    let numbers: Vec<String> = (0..40).map(|at| format!("K{at:02}")).collect();
    let customers = numbers.iter().map(|number| (number.as_str(), "Ulm"));
    world.put("inbox/a.csv", &export(customers), DAY);
    world.put("inbox/b.csv", &export([("L1", "Ulm")]), DAY);
    let working = world.begin(&jobs);
    world.wait_for_next("2026-05-02T00:00:00Z");
    world.erp.freeze();
    world.clock.to("2026-05-02T00:00:00Z");
    wait_for(|| !world.erp.requests().is_empty());
    working.stop.send_replace(Signal::Interrupt);
    world.erp.thaw();
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Interrupted);
    let interrupted = &world.wait_for_ended(1)[0];
    assert_eq!(interrupted.result, Outcome::Interrupted);
    assert_eq!(interrupted.not_begun, [world.path("inbox/b.csv")]);
    assert_eq!(names(&world.path("inbox")), ["a.csv", "b.csv"]);
    assert!(world.created().len() < 40);
    // That it was stopped is no failure of the job, and alarms nobody.
    let state = world.path(".importer/jobs/shop/state.json");
    let state: Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    assert_eq!(
        (&state["last_code"], &state["last_result"]),
        (&Value::Null, &Value::Null)
    );

    // Long before its next time.
    let working = world.begin(&jobs);
    let rest = &world.wait_for_ended(1)[0];
    assert_eq!(rest.exit_code, 0, "{rest:#?}");
    world.wait_for_told(|told| matches!(told, Told::Started { why: Why::Left, .. }));
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
    let mut expected = numbers.clone();
    expected.push("L1".to_owned());
    assert_eq!(world.created(), expected);
    assert_eq!(names(&world.path("done")), ["a.csv", "b.csv"]);
}

#[test]
fn what_could_not_finish_is_started_again_before_its_next_time() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let jobs = job("min_age = \"0s\"\nretry_after = \"15m\"\nmax_duration = \"3s\"");
    world.put("inbox/a.csv", &export([("K1", "Ulm")]), DAY);
    let working = world.begin(&jobs);
    world.wait_for_next("2026-05-02T00:00:00Z");
    world.erp.freeze();
    world.clock.to("2026-05-02T00:00:00Z");
    assert_eq!(world.wait_for_ended(1)[0].exit_code, 75);
    world.wait_for_next("2026-05-02T00:15:00Z");
    // Not before its time.
    world.clock.to("2026-05-02T00:14:59Z");
    world.erp.thaw();
    assert_eq!(world.ended().len(), 1);
    world.clock.to("2026-05-02T00:15:00Z");
    let ended = world.wait_for_ended(2);
    assert_eq!(ended[1].exit_code, 0, "{ended:#?}");
    let again = |told: &Told| {
        matches!(
            told,
            Told::Started {
                why: Why::Again,
                ..
            }
        )
    };
    world.wait_for_told(again);
    // What is done is not started again.
    world.clock.to("2026-05-02T01:00:00Z");
    world.wait_for_next("2026-05-03T00:00:00Z");
    world.clock.to("2026-05-03T00:00:00Z");
    let ended = world.wait_for_ended(3);
    assert_eq!(ended[2].due, "2026-05-03T00:00:00Z".parse().ok());
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
    assert_eq!(world.created(), ["K1"]);
}

#[test]
fn jobs_into_one_erp_take_turns() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let two = job("min_age = \"0s\"")
        + &job("min_age = \"0s\"")
            .replace("\"shop\"", "\"other\"")
            .replace("inbox/", "inbox2/");
    world.put("inbox/a.csv", &export([("K1", "Ulm")]), DAY);
    world.put("inbox2/a.csv", &export([("K2", "Ulm")]), DAY);
    let working = world.begin(&two);
    world.wait_for_next("2026-05-02T00:00:00Z");
    world.clock.to("2026-05-02T00:00:00Z");
    let ended = world.wait_for_ended(2);
    assert!(ended.iter().all(|it| it.exit_code == 0), "{ended:#?}");
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
    assert_eq!(world.created(), ["K1", "K2"]);
}

#[test]
fn a_time_that_was_missed_is_let_go_unless_it_is_to_be_caught_up_with() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let jobs = job("min_age = \"0s\"");
    world.put("inbox/a.csv", &export([("K1", "Ulm")]), DAY);
    let working = world.begin(&jobs);
    world.wait_for_next("2026-05-02T00:00:00Z");
    // The computer was asleep meanwhile.
    world.clock.to("2026-05-02T07:00:00Z");
    world.wait_for_next("2026-05-03T00:00:00Z");
    let missed = |told: &Told| matches!(told, Told::Missed { .. });
    world.wait_for_told(missed);
    let text = world.ask(&working, "/metrics");
    assert_eq!(
        metric(&text, "importer_job_missed_total{job=\"shop\"}"),
        1.0
    );
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
    assert!(world.ended().is_empty() && world.created().is_empty());
}

#[test]
fn a_hook_that_fails_is_told_and_changes_nothing() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let jobs = job("min_age = \"0s\"\non_success = [\"/no/such/program\"]");
    world.put("inbox/a.csv", &export([("K1", "Ulm")]), DAY);
    let working = world.begin(&jobs);
    world.wait_for_next("2026-05-02T00:00:00Z");
    world.clock.to("2026-05-02T00:00:00Z");
    assert_eq!(world.wait_for_ended(1)[0].exit_code, 0);
    world.wait_for_told(
        |told| matches!(told, Told::Warning(text) if text.english.contains("on_success failed")),
    );
    let text = world.ask(&working, "/metrics");
    assert_eq!(
        metric(&text, "importer_job_hook_failures_total{job=\"shop\"}"),
        1.0
    );
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
}

/// Whoever looks for jobs that do not run has to find one that never came to an end.
#[test]
fn a_job_that_never_ended_is_there_for_those_who_look() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    let jobs = job("min_age = \"0s\"");
    let seen = |text: &str| {
        metric(
            text,
            "importer_job_first_seen_timestamp_seconds{job=\"shop\"}",
        )
    };
    let at = |time: &str| time.parse::<Timestamp>().unwrap().as_second() as f64;
    let working = world.begin(&jobs);
    world.wait_for_next("2026-05-02T00:00:00Z");
    let text = world.ask(&working, "/metrics");
    assert_eq!(seen(&text), at("2026-05-01T20:00:00Z"));
    assert!(
        !text.contains("importer_job_last_end_timestamp_seconds{"),
        "{text}"
    );
    // A time that is let go does not make it any younger.
    world.clock.to("2026-05-02T07:00:00Z");
    world.wait_for_next("2026-05-03T00:00:00Z");
    let text = world.ask(&working, "/metrics");
    assert_eq!(seen(&text), at("2026-05-01T20:00:00Z"));
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
}

/// A computer that begins with a wrong clock sets it right a while later.
#[test]
fn a_clock_that_is_set_back_lets_no_job_wait_for_the_time_that_it_was_set_from() {
    let world = World::new("2031-05-01T20:00:00Z", SandboxSettings::default());
    let working = world.begin(&job("min_age = \"0s\""));
    world.wait_for_next("2031-05-02T00:00:00Z");
    let is_next = |told: &Told| {
        let day = "2026-05-02T00:00:00Z".parse::<Timestamp>().unwrap();
        matches!(told, Told::Next { at, .. } if *at == day)
    };
    world.wait_for_told(|told| {
        world.clock.to("2026-05-01T20:00:00Z");
        is_next(told)
    });
    world.put("inbox/a.csv", &export([("K1", "Ulm")]), DAY);
    world.clock.to("2026-05-02T00:00:00Z");
    assert_eq!(world.wait_for_ended(1)[0].exit_code, 0);
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
}

/// It would be overwritten, and nobody would know what has become of the counts.
#[test]
fn a_state_that_cannot_be_read_is_told_at_the_beginning() {
    let world = World::new("2026-05-01T20:00:00Z", SandboxSettings::default());
    world.write(".importer/jobs/shop/state.json", "{\"missed\": ");
    let working = world.begin(&job("min_age = \"0s\""));
    world.wait_for_told(|told| {
        matches!(told, Told::Warning(text)
            if text.english.contains("state.json cannot be read")
                && text.english.ends_with("; it is begun anew"))
    });
    assert_eq!(world.end(working, Signal::Interrupt), ExitCode::Fine);
}
