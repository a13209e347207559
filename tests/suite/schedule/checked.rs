//! `--check`: what would not work at night is told by day, and nothing is left behind.

use serde_json::Value;
use wawi_importer::sandbox::SandboxSettings;

use super::MAPPING;
use super::program::importer;
use crate::stand_in::StandIn;
use crate::support::Importer;

/// The lines of `--check --json`.
fn lines(importer: &mut Importer, code: i32) -> Vec<Value> {
    importer.args(["schedule", "jobs.toml", "--check", "--json"]);
    let run = importer.run().expect(code);
    let lines = run.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap();
    list.iter().map(|text| text.as_str().unwrap()).collect()
}

#[cfg(unix)]
#[test]
fn hooks_and_archives_are_tried() {
    use super::names;
    use std::os::unix::fs::PermissionsExt;

    let erp = StandIn::start(SandboxSettings::default());
    let marked = "on_success = [\"./notify.sh\", \"touched\"]\n\
                  on_failure = [\"sh\", \"-c\", \"exit 0\"]\n\
                  on_change = { url_env = \"CHAT_WEBHOOK\" }";
    let mut importer = importer(&erp, marked);
    let notify = importer.file("notify.sh", "#!/bin/sh\ntouch \"$1\"\n");
    let may_run = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&notify, mode).unwrap();
    };
    may_run(0o755);
    importer.env("PATH", "/usr/bin:/bin");
    importer.env("CHAT_WEBHOOK", "https://chat.example/import");
    std::fs::create_dir(importer.folder().join("inbox")).unwrap();
    let before = names(importer.folder());
    let job = lines(&mut importer, 0).pop().unwrap();
    assert_eq!(texts(&job["problems"]), Vec::<&str>::new());
    let state = job["state_dir"].as_str().unwrap();
    assert!(state.ends_with("/.importer"), "{state}");
    // Neither archive nor state folder was made, and no hook was called.
    assert_eq!(names(importer.folder()), before);
    assert!(names(&importer.folder().join("inbox")).is_empty());

    // A file is in the way of an archive.
    importer.file("done", "");
    may_run(0o644);
    importer.env("PATH", "/nowhere");
    importer.env("CHAT_WEBHOOK", "http://chat.example/secret");
    let job = lines(&mut importer, 4).pop().unwrap();
    assert_eq!(
        texts(&job["problems"]),
        [
            "on_success: `./notify.sh` is no program that may be run",
            "on_failure: the program `sh` is in no folder of PATH",
            "on_change: this is plain http to another machine; use https, or accept it with \
             allow_http = true (in the environment variable CHAT_WEBHOOK)",
            "archive_done: done is no folder",
        ]
    );
    // Each has its help, or says that it has none.
    let helps = job["problem_helps"].as_array().unwrap();
    let told = [
        "by a name that PATH has",
        "by a name that PATH has",
        "like https://",
    ];
    for (help, told) in helps.iter().zip(told) {
        assert!(help.as_str().unwrap().contains(told), "{job}");
    }
    assert_eq!((helps.len(), &helps[3]), (4, &Value::Null));
    assert_eq!(job["exit_code"], 4);
    let places = job["problem_places"].as_array().unwrap().iter();
    let places: Vec<_> = places.map(|at| (&at["line"], &at["column"])).collect();
    let lines = [10, 11, 12, 8].map(Value::from);
    let first = Value::from(1);
    assert_eq!(
        places,
        lines.iter().map(|line| (line, &first)).collect::<Vec<_>>()
    );
    std::fs::remove_file(&notify).unwrap();
    importer.env("CHAT_WEBHOOK", "");
    let run = importer
        .args(["schedule", "jobs.toml", "--check"])
        .run()
        .expect(4);
    for said in [
        "error: job `shop`: on_success: the program `./notify.sh` is not to be found",
        "on_change: the environment variable CHAT_WEBHOOK is not set",
    ] {
        assert!(run.stderr.contains(said), "{}", run.said());
    }
    assert!(!run.stdout.contains("fine"), "{}", run.said());
    let at = "CHAT_WEBHOOK is not set\n  --> jobs.toml:12:1\n help: set it where";
    assert!(run.stderr.contains(at), "{}", run.said());
}

#[cfg(unix)]
#[test]
fn a_hook_whose_first_line_names_nothing_is_told() {
    use std::os::unix::fs::PermissionsExt;

    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "on_success = [\"./notify.sh\"]");
    let notify = importer.file("notify.sh", "#!/bin/sh\n");
    std::fs::set_permissions(&notify, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(importer.folder().join("inbox")).unwrap();
    let job = lines(&mut importer, 0).pop().unwrap();
    assert_eq!(texts(&job["problems"]), Vec::<&str>::new());
    for (line, said) in [
        (
            "#!/bin/sh\r\n",
            "`./notify.sh` has the line ends of Windows, which the system takes for a part of the \
             program's name in its first line",
        ),
        (
            "#! /usr/bin/nowhere/python -u\n",
            "`./notify.sh` is to be run by `/usr/bin/nowhere/python`, which is not there",
        ),
    ] {
        importer.file("notify.sh", line);
        let job = lines(&mut importer, 4).pop().unwrap();
        assert_eq!(texts(&job["problems"]), [format!("on_success: {said}")]);
    }
}

#[cfg(unix)]
#[test]
fn a_script_that_nothing_can_run_is_passed_by_in_path() {
    use std::os::unix::fs::PermissionsExt;

    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "on_success = [\"notify\"]");
    let program = |importer: &Importer, name: &str, text: &str| {
        let path = importer.file(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program(&importer, "old/notify", "#!/no/such/shell\n");
    let own = importer.folder().display().to_string();
    importer.env("PATH", format!("{own}/old:{own}/new:/usr/bin:/bin"));
    std::fs::create_dir(importer.folder().join("inbox")).unwrap();
    let job = lines(&mut importer, 4).pop().unwrap();
    let said = format!(
        "on_success: `{own}/old/notify` is to be run by `/no/such/shell`, which is not there"
    );
    assert_eq!(texts(&job["problems"]), [said]);
    program(&importer, "new/notify", "#!/bin/sh\ntouch called\n");
    let job = lines(&mut importer, 0).pop().unwrap();
    assert_eq!(texts(&job["problems"]), Vec::<&str>::new());
    // The system looks for it in the same way.
    importer.file("inbox/a.csv", super::export([("K1", "Ulm")]));
    super::program::once(&mut importer).expect(0);
    assert!(importer.folder().join("called").exists());
}

#[test]
fn what_keeps_a_job_from_its_runs_is_told_with_its_place() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "profile = \"live\"");
    let mut checked = |at: &str| {
        importer.args(["schedule", "jobs.toml", "--check"]);
        let run = importer.run().expect(4);
        let at = format!("\n  --> jobs.toml:{at}\n");
        assert!(run.stderr.contains(&at), "{}", run.said());
        importer.file("importer.toml", "[profiles.live]\n");
        importer.file("shop.toml", "[customer]\n");
    };
    // The profile is not there, then the mapping is no good.
    checked("10:1");
    checked("6:1");
    // Settings from elsewhere are the whole job's.
    importer.file("jobs.toml", super::program::JOB);
    importer.env("IMPORTER_BASE_URL", "http://erp.example");
    let lines = lines(&mut importer, 4);
    let job = lines.iter().find(|line| line["type"] == "job").unwrap();
    assert_eq!(
        job["problem_places"],
        serde_json::json!([{"line": 1, "column": 1}])
    );
    assert!(texts(&job["problems"])[0].contains("plain http"), "{job}");
}

/// What lies on another file system is told; what nobody may write to is wrong.
#[cfg(target_os = "linux")]
#[test]
fn archives_on_another_file_system_are_told() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let there = elsewhere.path().join("made/later");
    let text = std::fs::read_to_string(importer.folder().join("jobs.toml")).unwrap();
    let text = text
        .replace("\"done\"", &format!("{:?}", there.display().to_string()))
        .replace("\"failed\"", "\"/proc/nowhere\"");
    importer.file("jobs.toml", text);
    importer.file("inbox/a.csv", "");
    let job = lines(&mut importer, 4).pop().unwrap();
    let notes = texts(&job["notes"]);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("made/later is on another file system than the input"),
        "{notes:?}"
    );
    let problems = texts(&job["problems"]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with("archive_failed: nothing can be written to /proc: "),
        "{problems:?}"
    );
    // Neither the system's number nor the name of the file that was tried.
    let said = problems[0].contains("os error") || problems[0].contains(".importer-");
    assert!(!said, "{problems:?}");
    assert!(!there.exists());
}

/// A program that reads the JSON learns where the mistakes of the file stand.
#[test]
fn mistakes_of_the_file_are_told_as_json_too() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "no_input = \"mind\"");
    let text = std::fs::read_to_string(importer.folder().join("jobs.toml")).unwrap();
    importer.file("jobs.toml", text.replace("cron =", "crn ="));
    let lines = lines(&mut importer, 4);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(
        (&line["type"], &line["exit_code"]),
        (&"error".into(), &4.into())
    );
    let mistakes = line["mistakes"].as_array().unwrap();
    let places = mistakes.iter().map(|it| (it["line"].clone(), &it["help"]));
    let places: Vec<_> = places.collect();
    // The job lacks a key, a key is misspelt, and a word is none.
    assert_eq!(places.len(), 3, "{line}");
    let misspelt = (Value::from(3), &Value::from("did you mean `cron`?"));
    assert!(places.contains(&misspelt), "{line}");
    assert!(places.iter().any(|(line, _)| *line == 10), "{line}");
    // A file that is not there has no lines.
    std::fs::remove_file(importer.folder().join("jobs.toml")).unwrap();
    importer.args(["schedule", "jobs.toml", "--check", "--json"]);
    let run = importer.run().expect(4);
    let line: Value = serde_json::from_str(run.stdout.trim()).unwrap();
    assert_eq!(line["mistakes"][0]["line"], Value::Null);
}

/// The journal is found from the current folder: a job that is called from elsewhere would not
/// know who was created.
#[test]
fn the_state_folder_is_told_and_warned_of_where_it_depends_on_the_current_folder() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let etc = tempfile::tempdir().unwrap();
    let config = etc.path().join("importer.toml");
    std::fs::write(&config, "").unwrap();
    let words = |state: &[&str]| {
        let config = config.display().to_string();
        let words = ["schedule", "jobs.toml", "--check", "--config", &config];
        [&words[..], state].concat().join("\n")
    };
    let mut check = |state: &[&str]| {
        let words = words(state);
        importer.args(words.split('\n')).run().expect(0)
    };
    let run = check(&[]);
    let here = run.folder.join(".importer");
    let told = format!("state folder: {}\n", here.display());
    assert!(run.stdout.starts_with(&told), "{}", run.said());
    let warned = "was found from the current folder";
    assert!(run.stderr.contains(warned), "{}", run.said());
    let run = check(&["--state-dir", "elsewhere"]);
    let told = format!("state folder: {}\n", run.folder.join("elsewhere").display());
    assert!(run.stdout.starts_with(&told), "{}", run.said());
    assert!(!run.stderr.contains(warned), "{}", run.said());
    // What the file names is meant from its folder.
    std::fs::write(&config, "state_dir = \"state\"\n").unwrap();
    let run = check(&[]);
    let told = format!("state folder: {}\n", etc.path().join("state").display());
    assert!(run.stdout.starts_with(&told), "{}", run.said());
    assert!(!run.stderr.contains(warned), "{}", run.said());
}

#[test]
fn marks_that_are_left_in_a_mapping_are_told() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", "");
    let mut notes = |mapping: &str| {
        importer.file("shop.toml", mapping);
        let job = lines(&mut importer, 0).pop().unwrap();
        texts(&job["notes"]).join("\n")
    };
    assert_eq!(notes(MAPPING), "");
    let marked = MAPPING.replace("{ value = 1 }", "{ value = 1 }  # FILL IN: its id");
    assert_eq!(notes(&marked), "mapping: 2 lines are still marked FILL IN");
}

/// An archive around the inbox would hide it: nothing would ever be read, and nobody would know.
#[test]
fn an_inbox_in_its_own_archive_is_a_mistake() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    importer.file("inbox/a.csv", "");
    let text = std::fs::read_to_string(importer.folder().join("jobs.toml")).unwrap();
    for archive in ["inbox", ".", "inbox/../"] {
        let jobs = text.replace("\"done\"", &format!("{archive:?}"));
        importer.file("jobs.toml", jobs);
        for words in [&["--check"][..], &["--once", "shop"]] {
            let words = [&["schedule", "jobs.toml"], words].concat();
            let run = importer.args(words).run().expect(4);
            let said = format!("the inbox lies in the archive \"{archive}\"");
            assert!(run.stderr.contains(&said), "{}", run.said());
        }
    }
    // Below it is fine, and a link may lead there, too.
    importer.file("jobs.toml", text.replace("\"done\"", "\"inbox/done\""));
    let problems = |importer: &mut Importer, code| {
        let job = lines(importer, code).pop().unwrap();
        texts(&job["problems"]).join("\n")
    };
    assert_eq!(problems(&mut importer, 0), "");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("inbox", importer.folder().join("done")).unwrap();
        importer.file("jobs.toml", &text);
        assert_eq!(
            problems(&mut importer, 4),
            "archive_done: inbox/*.csv lies in done, in which nothing is read"
        );
    }
}

#[test]
fn an_inbox_that_is_not_there_is_told_and_a_folder_is_no_input() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let text = std::fs::read_to_string(importer.folder().join("jobs.toml")).unwrap();
    let mut check = |input: &str, code| {
        let jobs = text.replace("\"inbox/*.csv\"", &format!("{input:?}"));
        importer.file("jobs.toml", jobs);
        let job = lines(&mut importer, code).pop().unwrap();
        let texts = |list: &Value| texts(list).join("\n");
        (texts(&job["problems"]), texts(&job["notes"]))
    };
    let told = |problems: &str, notes: &str| (problems.to_owned(), notes.to_owned());
    let missing = "inputs: there is no folder nowhere now, in which nowhere/*.csv is looked for";
    assert_eq!(check("nowhere/*.csv", 0), told("", missing));
    let missing = "inputs: customers.csv is not there now";
    assert_eq!(check("customers.csv", 0), told("", missing));
    assert_eq!(check("shop.toml", 0), told("", ""));
    let file = "inputs: shop.toml is no folder";
    assert_eq!(check("shop.toml/*.csv", 4), told(file, ""));
    std::fs::create_dir(importer.folder().join("in")).unwrap();
    let folder = "inputs: in is a folder, in which no file is looked for; write in/*.csv";
    let mut check = |input: &str, code| {
        let jobs = text.replace("\"inbox/*.csv\"", &format!("{input:?}"));
        importer.file("jobs.toml", jobs);
        let job = lines(&mut importer, code).pop().unwrap();
        texts(&job["problems"]).join("\n")
    };
    assert_eq!(check("in", 4), folder);
    assert_eq!(check("in/*.csv", 0), "");
}

/// A line of shell that starts the program as somebody whom permissions stop, which root is not
/// unless some of its rights are taken away; none where that cannot be done.
#[cfg(target_os = "linux")]
fn stopped_by_permissions(importer: &Importer) -> Option<&'static str> {
    let probe = importer.file("probe", "");
    allow(&probe, 0o000);
    let may_all = std::fs::read(&probe).is_ok();
    std::fs::remove_file(&probe).unwrap();
    if !may_all {
        return Some("exec \"$@\"");
    }
    let script = "exec setpriv --bounding-set=-dac_override,-dac_read_search \"$@\"";
    let tried = std::process::Command::new("sh")
        .args(["-c", script, "sh", "true"])
        .output();
    tried.is_ok_and(|it| it.status.success()).then_some(script)
}

#[cfg(target_os = "linux")]
fn allow(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(target_os = "linux")]
fn denied(folder: &str) -> String {
    format!("nothing can be written to {folder}: Permission denied")
}

/// What may not be done in the folder `here`, by which mode, and what is told of it.
#[cfg(target_os = "linux")]
fn refused(here: &str) -> [(&'static str, u32, String); 8] {
    [
        (
            ".importer",
            0o555,
            format!("state_dir: {}", denied(&format!("{here}/.importer"))),
        ),
        (
            ".importer/jobs/shop",
            0o555,
            format!(
                "state_dir: {}",
                denied(&format!("{here}/.importer/jobs/shop"))
            ),
        ),
        (
            ".importer/journal.db",
            0o444,
            format!("state_dir: {here}/.importer/journal.db cannot be written: Permission denied"),
        ),
        (
            "reports",
            0o555,
            format!("report_dir: {}", denied(&format!("{here}/reports"))),
        ),
        (
            "archives",
            0o555,
            format!("archive_failed: {}", denied("archives")),
        ),
        (
            "inbox",
            0o555,
            format!("inputs: no file can be moved away: {}", denied("inbox")),
        ),
        ("inbox", 0o311, "inputs: `inbox` may not be read".to_owned()),
        (
            "inbox/a.csv",
            0o000,
            "inputs: inbox/a.csv cannot be read: Permission denied".to_owned(),
        ),
    ]
}

/// What the user of the job may not do at night is told by day.
#[cfg(target_os = "linux")]
#[test]
fn permissions_are_tried() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "");
    let text = std::fs::read_to_string(importer.folder().join("jobs.toml")).unwrap();
    importer.file(
        "jobs.toml",
        text.replace("\"failed\"", "\"archives/failed\""),
    );
    let Some(script) = stopped_by_permissions(&importer) else {
        // There is nobody here whom permissions stop.
        return;
    };
    importer.file("inbox/a.csv", "");
    importer.file(".importer/journal.db", "");
    for folder in [".importer/jobs/shop", "reports", "archives", "elsewhere"] {
        std::fs::create_dir_all(importer.folder().join(folder)).unwrap();
    }
    importer.shell(script);
    let here = importer.folder().display().to_string();
    let before = crate::support::files_below(importer.folder());
    for (path, mode, problem) in refused(&here) {
        let path = importer.folder().join(path);
        let usual = if path.is_dir() { 0o755 } else { 0o644 };
        allow(&path, mode);
        let job = lines(&mut importer, 4).pop().unwrap();
        allow(&path, usual);
        assert_eq!(texts(&job["problems"]), [&problem], "{path:?}");
    }
    let elsewhere = importer.folder().join("elsewhere");
    allow(&elsewhere, 0o555);
    let words = [
        "schedule",
        "jobs.toml",
        "--check",
        "--state-dir",
        "elsewhere/state",
    ];
    let run = importer.args(words).run().expect(4);
    let said = format!(
        "job `shop`: state_dir: {}",
        denied(&elsewhere.display().to_string())
    );
    assert!(run.stderr.contains(&said), "{}", run.said());
    allow(&elsewhere, 0o755);
    assert_eq!(
        texts(&lines(&mut importer, 0).pop().unwrap()["problems"]),
        [""; 0]
    );
    assert_eq!(crate::support::files_below(importer.folder()), before);
    // Of many files the first few are told, and how many more there are.
    for (further, more) in [
        (1..=6, "inputs: 1 more file cannot be read"),
        (7..=7, "inputs: 2 more files cannot be read"),
    ] {
        for number in further {
            let name = format!("inbox/{number}.csv");
            importer.file(&name, "");
            allow(&importer.folder().join(&name), 0o000);
        }
        let job = lines(&mut importer, 4).pop().unwrap();
        let problems = texts(&job["problems"]);
        assert_eq!(problems.len(), 6);
        assert_eq!(problems.last(), Some(&more));
    }
}

#[test]
fn a_file_in_the_way_of_a_folder_is_told() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "[job.run]\nreport_dir = \"told\"");
    for (in_the_way, key) in [
        (".importer", "state_dir"),
        (".importer/jobs", "state_dir"),
        ("told", "report_dir"),
    ] {
        let path = importer.file(in_the_way, "");
        let job = lines(&mut importer, 4).pop().unwrap();
        let problem = format!("{key}: {} is no folder", path.display());
        assert_eq!(texts(&job["problems"]), [&problem]);
        std::fs::remove_file(path).unwrap();
    }
    lines(&mut importer, 0);
    #[cfg(unix)]
    {
        let nowhere = importer.folder().join("nowhere");
        std::os::unix::fs::symlink(nowhere, importer.folder().join("failed")).unwrap();
        let job = lines(&mut importer, 4).pop().unwrap();
        let problem = "archive_failed: failed is a link that leads nowhere";
        assert_eq!(texts(&job["problems"]), [problem]);
    }
}

/// That somebody may run it does not mean that this user may.
#[cfg(target_os = "linux")]
#[test]
fn a_program_of_somebody_else_s_may_not_be_run() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "on_failure = [\"./notify.sh\"]");
    let notify = importer.file("notify.sh", "#!/bin/sh\n");
    let Some(script) = stopped_by_permissions(&importer) else {
        // There is nobody here whom permissions stop.
        return;
    };
    importer.shell(script);
    allow(&notify, 0o655);
    let job = lines(&mut importer, 4).pop().unwrap();
    let problem = "on_failure: `./notify.sh` is no program that may be run";
    assert_eq!(texts(&job["problems"]), [problem]);
    allow(&notify, 0o744);
    lines(&mut importer, 0);
}

/// It would work, and not as it is meant.
#[test]
fn a_sandbox_and_a_long_jitter_are_warned_of() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "jitter = \"48h\"\n[job.run]\nsandbox = true");
    // It would win over the job's sandbox.
    importer.env("IMPORTER_BASE_URL", "");
    let job = lines(&mut importer, 0).pop().unwrap();
    let warnings = texts(&job["warnings"]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let said = "run: sandbox is on: its runs go into a stand-in for the ERP";
    assert!(warnings[0].starts_with(said), "{warnings:?}");
    let said = "jitter: it may start up to 48 h after its time, but the next time may come 23 h";
    assert!(warnings[1].starts_with(said), "{warnings:?}");
    importer.args(["schedule", "jobs.toml", "--check", "--lang", "de"]);
    let run = importer.run().expect(0);
    for said in [
        "Warnung: Job `shop`: run: sandbox ist eingeschaltet: ",
        "\n  --> jobs.toml:11:6\n",
        "Warnung: Job `shop`: jitter: er startet bis zu 48 h nach seiner Zeit, ",
        "\n  --> jobs.toml:10:1\n",
    ] {
        assert!(run.stderr.contains(said), "{}", run.said());
    }
    // Nothing of it is imported, and that is why.
    importer.file("inbox/a.csv", super::export([("K1", "Ulm")]));
    super::program::once(&mut importer).expect(0);
    assert!(erp.numbers().is_empty());
    assert_eq!(super::names(&importer.folder().join("done")), ["a.csv"]);
    // As long as from one time to the next is fine.
    importer.file(
        "jobs.toml",
        format!("{}jitter = \"23h\"\n", super::program::JOB),
    );
    importer.env("IMPORTER_BASE_URL", erp.url());
    let job = lines(&mut importer, 0).pop().unwrap();
    assert_eq!(texts(&job["warnings"]), [""; 0]);
}

/// An option of the runs that cannot be used is placed at its line, before a start and in one.
#[test]
fn an_address_that_is_none_is_placed_where_it_stands() {
    let erp = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&erp, "[job.run]\nrate = \"9/s\"\nbase_url = \"not a url\"");
    importer.file("inbox/a.csv", "x");
    let text = std::fs::read_to_string(importer.folder().join("jobs.toml")).unwrap();
    let line = 1 + text
        .lines()
        .position(|it| it.starts_with("base_url"))
        .unwrap();
    let lines = lines(&mut importer, 4);
    let job = lines.iter().find(|it| it["type"] == "job").unwrap();
    assert_eq!(job["problem_places"][0]["line"], line);
    for words in [["--check"].as_slice(), &["--once", "shop"]] {
        importer.args(["schedule", "jobs.toml"].iter().chain(words));
        let run = importer.run().expect(4);
        let place = format!("--> jobs.toml:{line}:1");
        assert!(run.stderr.contains(&place), "{}", run.said());
    }
}
