//! Starts of a job whose runs nobody does.

use super::*;
use crate::outcome::{Counts, Summary};
use crate::schedule::{Fault, Jobs, Ran, SystemClock};

/// Runs with the places of their inputs, as one call tells them.
type Places = Vec<(String, PathBuf)>;

/// One record of each input fails; what is told of moved inputs is kept.
struct Fake {
    moving: Mutex<Vec<PathBuf>>,
    moved: Mutex<Vec<Places>>,
    answer: Result<(), String>,
}

impl Fake {
    fn answering(answer: Result<(), String>) -> Self {
        Self {
            moving: Mutex::default(),
            moved: Mutex::default(),
            answer,
        }
    }
}

impl Runner for Fake {
    fn run(&self, order: &Order) -> Ran {
        let summary = Summary {
            run: format!("run of {}", order.input.file_name().unwrap().display()),
            counts: Counts {
                read: 1,
                invalid: 1,
                ..Counts::default()
            },
            exit_code: ExitCode::SomeFailed.number(),
            ..Summary::default()
        };
        Ran {
            code: ExitCode::SomeFailed,
            summary: Some(Box::new(summary)),
            fault: Fault::Elsewhere,
            message: None,
            help: None,
            dry_run: false,
            is_strict: false,
            journal: None,
        }
    }

    fn note_left(&self, _: &Job) -> Result<(), String> {
        Ok(())
    }

    /// It is told while the input is still where it was.
    fn moving(&self, archived: &Archived) -> Result<(), String> {
        assert!(archived.order.input.exists() && !archived.to.exists());
        self.moving.lock().unwrap().push(archived.to.clone());
        Ok(())
    }

    fn moved(&self, archived: &[Archived]) -> Result<Vec<String>, String> {
        let told = archived.iter().map(|it| (it.run.clone(), it.to.clone()));
        self.moved.lock().unwrap().push(told.collect());
        self.answer.clone()?;
        let commands = archived.iter().map(|it| format!("again {}", it.run));
        Ok(commands.collect())
    }

    fn lane(&self, job: &Job) -> String {
        job.name.clone()
    }
}

/// A job in the folder.
fn job(folder: &std::path::Path, extra: &str) -> Arc<Job> {
    let text = "[[job]]\nname = \"shop\"\ncron = \"@daily\"\ninputs = \"*.csv\"\n\
                min_age = \"0s\"\narchive_failed = \"failed\"\n";
    let jobs = Jobs::parse("jobs.toml", &format!("{text}{extra}"), folder).unwrap();
    Arc::new(jobs.jobs.into_iter().next().unwrap())
}

/// A workshop in the folder, with what it warns of.
fn workshop(folder: &std::path::Path, fake: &Arc<Fake>) -> (Workshop, Arc<Mutex<Vec<String>>>) {
    let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&warnings);
    let workshop = Workshop {
        runner: Arc::clone(fake) as Arc<dyn Runner>,
        clock: Arc::new(SystemClock),
        state_dir: folder.join(".importer"),
        environment: Environment::default(),
        tell: Arc::new(move |told| {
            if let Told::Warning(text) = told {
                heard.lock().unwrap().push(text.english.clone());
            }
        }),
        holder: "the test".to_owned(),
        lanes: Lanes::default(),
    };
    (workshop, warnings)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Starts a job with two inputs; returns its summary, what the runner was told and the warnings.
fn started(answer: Result<(), String>) -> (JobSummary, Vec<Places>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.csv", "b.csv"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let fake = Arc::new(Fake::answering(answer));
    let (workshop, warnings) = workshop(folder.path(), &fake);
    let (_stop, signal) = watch::channel(Signal::Go);
    let job = job(folder.path(), "");
    let summary = runtime().block_on(workshop.start(&job, Why::Asked, &signal));
    let moved = fake.moved.lock().unwrap().clone();
    let told: Vec<PathBuf> = moved.iter().flatten().map(|(_, to)| to.clone()).collect();
    assert_eq!(*fake.moving.lock().unwrap(), told);
    let warnings = warnings.lock().unwrap().clone();
    (summary, moved, warnings)
}

#[test]
fn where_inputs_lie_is_noted_once_for_all_of_them() {
    let (summary, moved, warnings) = started(Ok(()));
    let again: Vec<_> = summary.inputs.iter().map(|it| &it.again_with).collect();
    assert_eq!(
        again,
        [
            &Some("again run of a.csv".to_owned()),
            &Some("again run of b.csv".to_owned())
        ]
    );
    assert_eq!(moved.len(), 1, "{moved:?}");
    let told = moved[0].iter().zip(&summary.inputs);
    assert_eq!(moved[0].len(), 2, "{moved:?}");
    for ((run, to), input) in told {
        assert_eq!(Some(to), input.moved_to.as_ref());
        assert_eq!(Some(run), input.run.as_ref().map(|it| &it.run));
    }
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn that_it_cannot_be_noted_is_told_once_and_fails_nothing() {
    let (summary, moved, warnings) = started(Err("no room".to_owned()));
    assert_eq!(moved.len(), 1);
    assert_eq!(summary.exit_code, ExitCode::SomeFailed.number());
    assert!(summary.inputs.iter().all(|it| it.again_with.is_none()));
    assert_eq!(
        warnings,
        ["job `shop`: where its input lies now is not noted: no room"]
    );
}

/// systemd's stop, and a terminal that is closed, reach the hooks as well as the program.
#[cfg(unix)]
#[test]
fn what_a_hook_was_ended_over_is_told_once_more() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "a").unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let hook = "[ -e again ] || { touch again; read ended < pipe; kill -TERM $$; }";
    let hook = hook.replace("again", &folder.path().join("again").display().to_string());
    let hook = hook.replace("pipe", &pipe.display().to_string());
    let job = job(
        folder.path(),
        &format!("on_failure = [\"/bin/sh\", \"-c\", \"{hook}\"]\n"),
    );
    let fake = Arc::new(Fake::answering(Ok(())));
    let (workshop, warnings) = workshop(folder.path(), &fake);
    let (stop, signal) = watch::channel(Signal::Go);
    let ended = async {
        // It can be opened once the hook is there.
        let pipe = pipe.clone();
        let open = || std::fs::File::options().write(true).open(pipe).unwrap();
        let mut pipe = tokio::task::spawn_blocking(open).await.unwrap();
        stop.send(Signal::Terminate).unwrap();
        std::io::Write::write_all(&mut pipe, b"now\n").unwrap();
    };
    let start = workshop.start(&job, Why::Asked, &signal);
    let (first, ()) = runtime().block_on(async { tokio::join!(start, ended) });
    let text = warnings.lock().unwrap().join("");
    assert!(text.contains("on_failure failed"), "{text}");

    let (_stop, signal) = watch::channel(Signal::Go);
    let tell = || runtime().block_on(workshop.start(&job, Why::Asked, &signal));
    let second = tell();
    assert_eq!(second.exit_code, first.exit_code);
    let inputs: Vec<_> = second.inputs.iter().map(|it| it.by_earlier_start).collect();
    assert_eq!(inputs, [true]);
    // That was told, and no more.
    assert_eq!(tell().result, Outcome::Idle);
}

/// A start that was killed on the way leaves a note of a move that the next one makes.
#[test]
fn what_was_moved_at_the_second_try_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, archive) = (
        folder.path().join("a.csv"),
        folder.path().join("failed.csv"),
    );
    std::fs::write(&inbox, "a").unwrap();
    let (workshop, warnings) = workshop(folder.path(), &Arc::new(Fake::answering(Ok(()))));
    let (job, states) = (job(folder.path(), ""), workshop.states());
    let note = || {
        let untold = Untold::of(&lost(), Fate::Failed, &inbox, &archive);
        states.note_untold("shop", &untold).unwrap();
    };
    note();
    assert!(workshop.untold(&job).is_empty());
    note();
    std::fs::rename(&inbox, &archive).unwrap();
    for _ in 0..2 {
        assert_eq!(workshop.untold(&job).len(), 1);
    }
    assert!(warnings.lock().unwrap().is_empty());
    // It is told where it lies as long as it does.
    let (_stop, signal) = watch::channel(Signal::Go);
    let taken_over = || {
        let mut files = Files::none(ExitCode::Fine, Bilingual::default(), None);
        let earlier = workshop.untold(&job);
        let known = Arc::default();
        runtime().block_on(workshop.take_over(&job, earlier, &known, &mut files, &signal));
        files.inputs.pop().unwrap().moved_to
    };
    assert_eq!(taken_over().as_ref(), Some(&archive));
    std::fs::remove_file(&archive).unwrap();
    assert_eq!(taken_over(), None);

    // What nobody can read is told, once, and spoils nothing.
    let file = std::fs::File::options()
        .append(true)
        .open(states.untold_file("shop"));
    std::io::Write::write_all(&mut file.unwrap(), b"\n\0\0").unwrap();
    for _ in 0..2 {
        assert_eq!(workshop.untold(&job).len(), 1);
    }
    let text = warnings.lock().unwrap().join(" ");
    assert_eq!(
        text.matches("untold cannot be read: it is damaged").count(),
        1,
        "{text}"
    );
}
