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

/// Starts a job with two inputs; returns its summary, what the runner was told and the warnings.
fn started(answer: Result<(), String>) -> (JobSummary, Vec<Places>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[job]]\nname = \"shop\"\ncron = \"@daily\"\ninputs = \"*.csv\"\n\
                min_age = \"0s\"\narchive_failed = \"failed\"\n";
    let jobs = Jobs::parse("jobs.toml", text, folder.path()).unwrap();
    for name in ["a.csv", "b.csv"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let fake = Arc::new(Fake {
        moving: Mutex::default(),
        moved: Mutex::default(),
        answer,
    });
    let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&warnings);
    let workshop = Workshop {
        runner: Arc::clone(&fake) as Arc<dyn Runner>,
        clock: Arc::new(SystemClock),
        state_dir: folder.path().join(".importer"),
        environment: Environment::default(),
        tell: Arc::new(move |told| {
            if let Told::Warning(text) = told {
                heard.lock().unwrap().push(text.english.clone());
            }
        }),
        holder: "the test".to_owned(),
        lanes: Lanes::default(),
    };
    let (_stop, signal) = watch::channel(Signal::Go);
    let job = Arc::new(jobs.jobs.into_iter().next().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let summary = runtime.block_on(workshop.start(&job, Why::Asked, &signal));
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
