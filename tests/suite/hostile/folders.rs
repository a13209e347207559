//! Folders and files that are something else than they should be. Links, pipes and devices
//! refuse everybody alike, also the one whom permissions do not stop.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use wawi_importer::sandbox::SandboxSettings;

use super::{assert_done, assert_orderly, importer};
use crate::customers::Customers;
use crate::stand_in::StandIn;
use crate::support::{Importer, Run, files_below};

/// Names in a folder of which none can be written to as a folder: a file, something below a
/// file, a link into nothing, a loop of links, a pipe, and a place in which nothing can be made.
fn wrong_places(folder: &Path) -> [String; 6] {
    std::fs::write(folder.join("file"), "mine").unwrap();
    symlink("nowhere", folder.join("dangling")).unwrap();
    symlink("loop", folder.join("loop")).unwrap();
    pipe(&folder.join("pipe"));
    [
        "file",
        "file/below",
        "dangling",
        "loop",
        "pipe",
        "/dev/null/below",
    ]
    .map(str::to_owned)
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// What a wrong place comes to: code 4, what it is, and which option chooses another one.
#[track_caller]
fn assert_refused(run: &Run, place: &str, option: &str) {
    assert_orderly(run);
    assert_eq!(run.code, 4, "{place}: {}", run.said());
    let named = run.stderr.contains(place.split('/').next().unwrap());
    assert!(named, "{place}: {}", run.said());
    assert!(run.stderr.contains(option), "{place}: {}", run.said());
}

#[test]
fn a_report_folder_that_is_none_is_code_4_before_anything_is_read() {
    let customers = Customers::valid(321, 5);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    std::fs::create_dir(importer.folder().join("elsewhere")).unwrap();
    symlink("elsewhere", importer.folder().join("link")).unwrap();
    for place in wrong_places(importer.folder())
        .iter()
        .map(String::as_str)
        .chain(["link"])
    {
        importer.args(super::words(&sandbox.url()));
        importer.arg("--report-dir").arg(place);
        let run = importer.run();
        assert_refused(&run, place, "--report-dir");
        assert!(!importer.folder().join(".importer").exists(), "{place}");
    }
    assert!(sandbox.counters().posts == 0);
    assert!(files_below(&importer.folder().join("elsewhere")).is_empty());
    importer.args(super::words(&sandbox.url()));
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
}

#[test]
fn a_state_folder_that_is_none_is_code_4_and_nothing_is_sent() {
    let customers = Customers::valid(322, 5);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    for place in wrong_places(importer.folder()) {
        for input in ["shop.csv", "-"] {
            let words = super::words(&sandbox.url());
            importer.args(words.iter().map(|word| {
                let is_input = word == "shop.csv";
                if is_input { input } else { word.as_str() }
            }));
            importer
                .arg("--state-dir")
                .arg(&place)
                .stdin(customers.csv());
            let run = importer.run();
            assert_refused(&run, &place, "--state-dir");
        }
    }
    assert!(sandbox.counters().posts == 0);
    assert_eq!(
        std::fs::read(importer.folder().join("file")).unwrap(),
        b"mine"
    );
    importer.args(super::words(&sandbox.url()));
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
}

#[test]
fn files_of_the_state_folder_are_never_links() {
    let customers = Customers::valid(323, 5);
    let sandbox = StandIn::start(SandboxSettings::default());
    let importer = importer(&customers, &sandbox.url());
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
    let state = importer.folder().join(".importer");
    let lock = files_below(&state)
        .into_iter()
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("lock-")
        })
        .unwrap();
    let holder = lock.with_extension("holder");
    let victim = importer.file("victim", "precious");
    for file in [
        state.join("journal.db"),
        state.join("journal.db-wal"),
        lock,
        holder,
    ] {
        let kept = importer.folder().join("kept");
        let was_there = std::fs::rename(&file, &kept).is_ok();
        symlink(&victim, &file).unwrap();
        let run = importer.run();
        assert_orderly(&run);
        assert_eq!(run.code, 8, "{}: {}", file.display(), run.said());
        assert!(run.stderr.contains("is a symbolic link"), "{}", run.said());
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        // The words of the lock's holder are taken away by the one who has the lock.
        let _ = std::fs::remove_file(&file);
        if was_there {
            std::fs::rename(&kept, &file).unwrap();
        }
        importer.run().expect(0);
    }
}

#[test]
fn a_report_replaces_links_and_follows_none() {
    let customers = Customers::with_broken(324, 20);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    let run = importer.run().expect(3);
    let folder = run.reports().pop().unwrap();
    let victim = importer.file("victim", "precious");
    let names = [
        "created.csv",
        "failed.csv",
        "failed.xlsx",
        "report.html",
        "summary.json",
    ];
    for name in names {
        std::fs::remove_file(folder.join(name)).unwrap();
        symlink(&victim, folder.join(name)).unwrap();
    }
    importer.args(["report", folder.file_name().unwrap().to_str().unwrap()]);
    importer.run().expect(0);
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    for name in names {
        assert!(!folder.join(name).is_symlink(), "{name}");
    }
    // A folder in a file's place cannot be replaced: that is said.
    std::fs::remove_file(folder.join("failed.csv")).unwrap();
    std::fs::create_dir(folder.join("failed.csv")).unwrap();
    std::fs::write(folder.join("failed.csv/mine"), "x").unwrap();
    let run = importer.run();
    assert_orderly(&run);
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(run.stderr.contains("failed.csv"), "{}", run.said());
}

#[test]
fn bodies_go_into_files_only() {
    let customers = Customers::valid(325, 3);
    let mut importer = importer(&customers, "");
    wrong_places(importer.folder());
    let victim = importer.file("victim", "precious");
    symlink("victim", importer.folder().join("link")).unwrap();
    // A device of our own would need rights; the null device is everybody's and must stay so.
    let before = std::fs::metadata("/dev/null").unwrap().permissions();
    for place in [
        "link",
        "dangling",
        "loop",
        "pipe",
        ".",
        "/dev/null",
        "/dev/stdout",
    ] {
        importer.args(["run", "shop.csv", "-m", "shop.toml", "--dry-run"]);
        importer.arg("--payloads").arg(place);
        assert_refused(&importer.run(), place, "--payloads");
    }
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    assert!(!importer.folder().join("nowhere").exists());
    assert_eq!(
        std::fs::metadata("/dev/null").unwrap().permissions(),
        before
    );
    importer.args([
        "run",
        "shop.csv",
        "-m",
        "shop.toml",
        "--dry-run",
        "--payloads",
        "to.jsonl",
    ]);
    importer.run().expect(0);
    let bodies = std::fs::read_to_string(importer.folder().join("to.jsonl")).unwrap();
    assert_eq!(bodies.lines().count(), 3);
}

/// Says what happens when each of these is the input.
#[test]
fn an_input_that_is_no_file_is_named_and_nobody_waits_for_it() {
    let customers = Customers::valid(326, 3);
    let mut importer = importer(&customers, "");
    wrong_places(importer.folder());
    symlink("shop.csv", importer.folder().join("link.csv")).unwrap();
    for (input, said) in [
        ("pipe", "is a pipe or device"),
        ("/dev/zero", "is a pipe or device"),
        ("/dev/null", "is a pipe or device"),
        ("loop", "`loop`"),
        ("dangling", "what it leads to is not there"),
        (".", "is a folder"),
        ("shop.csv/below", "there is no file"),
    ] {
        importer.args(["run", input, "-m", "shop.toml", "--dry-run"]);
        let run = importer.run();
        assert_orderly(&run);
        assert_eq!(run.code, 4, "{input}: {}", run.said());
        assert!(run.stderr.contains(said), "{input}: {}", run.said());
    }
    // A link to a file is as good as the file.
    importer.args(["run", "link.csv", "-m", "shop.toml", "--dry-run"]);
    importer.run().expect(0);
}

#[test]
fn a_mapping_and_settings_without_an_end_are_not_read_to_it() {
    let customers = Customers::valid(327, 1);
    let mut importer = importer(&customers, "");
    for words in [
        &["run", "shop.csv", "-m", "/dev/zero", "--dry-run"][..],
        &[
            "--config",
            "/dev/zero",
            "run",
            "shop.csv",
            "-m",
            "shop.toml",
            "--dry-run",
        ],
    ] {
        importer.args(words);
        importer.shell("ulimit -v 1500000; exec \"$@\"");
        let run = importer.run();
        assert_orderly(&run);
        assert_eq!(run.code, 4, "{}", run.said());
        assert!(run.stderr.contains("longer than"), "{}", run.said());
    }
}

/// A folder in which nothing can be changed, for root too, as far as this system can do that
/// without special rights.
#[test]
fn a_folder_that_may_only_be_read() {
    let customers = Customers::valid(328, 6);
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = importer(&customers, &sandbox.url());
    importer.arg("--limit").arg("2");
    importer.run().expect(0);
    let state = importer.folder().join(".importer");
    let Some(protect) = protection(&state, &importer) else {
        panic!("nothing here makes a folder read-only: neither permissions nor mount namespaces");
    };
    importer.args(super::words(&sandbox.url()));
    importer.shell(&protect);
    let run = importer.run();
    assert_refused(&run, ".importer", "--state-dir");
    let report = importer.folder().join("reports");
    importer.shell(protection(&report, &importer).unwrap());
    let run = importer.run();
    assert_refused(&run, "reports", "--report-dir");
    assert_eq!(sandbox.created(), 2);
    importer.shell("");
    for folder in [&state, &report] {
        allow(folder);
    }
    let run = importer.run().expect(0);
    assert_done(&customers, &sandbox, &run);
}

/// Makes a folder read-only for the program: by permissions, which suffice unless we are root,
/// else by mounting it so in a namespace of the program's own. The line of shell to start with.
fn protection(folder: &Path, importer: &Importer) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    let probe = folder.join("probe");
    if std::fs::write(&probe, "").is_err() {
        return Some("exec \"$@\"".to_owned());
    }
    std::fs::remove_file(&probe).unwrap();
    allow(folder);
    let mount = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}'",
        folder.display()
    );
    let script = |unshare: &str| {
        format!("exec unshare {unshare} sh -c \"{mount}\"' && exec \"$@\"' sh \"$@\"")
    };
    ["-m", "-rm"].map(script).into_iter().find(|script| {
        let tried = Command::new("sh")
            .args(["-c", script, "sh", "true"])
            .current_dir(importer.folder())
            .output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

fn allow(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}
