//! docs/operations.md and packaging/ are true: tables are the code's, examples are read, and what
//! schedulers of systems are told to call is understood.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Parser;
use wawi_importer::cli::{Cli, Command};
use wawi_importer::exit;
use wawi_importer::schedule::{JOB_KEYS, Jobs, METRICS};
use wawi_importer::settings::OPTIONS;

use super::names;
use crate::readme::{blocks, code, table};
use crate::support::repository;

fn page() -> String {
    read("docs/operations.md")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap()
}

#[test]
fn the_table_of_keys_is_the_codes() {
    let rows: Vec<_> = table(&page(), "job keys")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let expected: Vec<_> = JOB_KEYS
        .iter()
        .map(|row| (code(row.key), row.default.to_owned()))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_table_of_metrics_is_the_codes() {
    let expected: Vec<Vec<String>> = METRICS
        .iter()
        .map(|metric| {
            let own = (metric.name != "importer_info").then_some(&"job");
            let labels = own
                .into_iter()
                .chain(metric.labels)
                .map(|label| code(label));
            vec![
                code(metric.name),
                metric.kind.to_owned(),
                labels.collect::<Vec<_>>().join(", "),
                metric.help.to_owned(),
            ]
        })
        .collect();
    assert_eq!(table(&page(), "metrics"), expected);
}

#[test]
fn the_table_of_codes_is_the_codes() {
    let listed: BTreeSet<u8> = table(&page(), "scheduler codes")
        .iter()
        .map(|row| row[0].parse().unwrap())
        .collect();
    assert_eq!(listed, codes());
}

/// Every documented code.
fn codes() -> BTreeSet<u8> {
    (0..=u8::MAX)
        .filter(|number| exit::from_number(*number).number() == *number)
        .collect()
}

#[test]
fn its_jobs_and_commands_are_understood() {
    let (mut jobs, mut commands) = (0, 0);
    for block in blocks(&page()) {
        match block.language.as_str() {
            "toml" => {
                let read = Jobs::parse("docs/operations.md", &block.text(), Path::new(""));
                assert!(read.is_ok(), "{read:?}");
                jobs += 1;
            }
            "sh" => {
                for (command, _) in block.commands() {
                    let command = command.split_once('#').map_or(command.as_str(), |it| it.0);
                    understood(command.split_whitespace());
                    commands += 1;
                }
            }
            _ => {}
        }
    }
    assert!(
        jobs >= 2 && commands >= 4,
        "{jobs} jobs, {commands} commands"
    );
}

/// A line that erases what is old says yes, for nobody is there to be asked.
#[test]
fn its_line_for_cron_erases_what_it_says() {
    let page = page();
    let blocks = blocks(&page);
    let block = blocks.iter().find(|block| block.language == "cron");
    let line = block.unwrap().text();
    let (_, words) = line.split_once("&& /usr/bin/").unwrap();
    let cli = Cli::try_parse_from(words.split(' ')).unwrap();
    assert!(cli.global.yes);
    assert!(matches!(cli.command, Command::Forget(_)), "{line}");
}

/// The command's options are there.
#[track_caller]
fn understood<'a>(words: impl IntoIterator<Item = &'a str>) {
    let words: Vec<&str> = words.into_iter().collect();
    match Cli::try_parse_from(&words) {
        Ok(cli) => assert!(matches!(cli.command, Command::Schedule(_)), "{words:?}"),
        Err(error) => panic!("{words:?}\n{error}"),
    }
}

/// The words behind the program in the files of packaging/.
fn packaged() -> Vec<(&'static str, Vec<String>)> {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let after = |file: &str, start: &str, end: &str| {
        let text = read(&format!("packaging/{file}"));
        let (_, rest) = text
            .split_once(start)
            .unwrap_or_else(|| panic!("{file}: {start}"));
        rest.split_once(end).unwrap().0.to_owned()
    };
    let yaml = after("kubernetes-cronjob.yaml", "args: [", "]");
    vec![
        (
            "importer.service",
            words(&after(
                "importer.service",
                "ExecStart=/usr/bin/importer ",
                "\n",
            )),
        ),
        (
            "importer@.service",
            words(&after(
                "importer@.service",
                "ExecStart=/usr/bin/importer ",
                "\n",
            )),
        ),
        (
            "importer.cron",
            words(&after("importer.cron", "&& /usr/bin/importer ", "\n")),
        ),
        (
            "importer-task.xml",
            words(&after("importer-task.xml", "<Arguments>", "</Arguments>")),
        ),
        (
            "kubernetes-cronjob.yaml",
            yaml.split(',')
                .map(|word| word.trim().trim_matches('"').to_owned())
                .collect(),
        ),
    ]
}

#[test]
fn what_is_packaged_calls_what_there_is() {
    let mut files: BTreeSet<String> = names(&repository("packaging")).into_iter().collect();
    let page = page();
    for file in &files {
        assert!(page.contains(&format!("(../packaging/{file})")), "{file}");
    }
    for (file, words) in packaged() {
        understood(
            ["importer"]
                .into_iter()
                .chain(words.iter().map(String::as_str)),
        );
        files.remove(file);
    }
    // A timer calls nothing itself, and whoever starts an image says what it is to do.
    let rest: Vec<String> = files.into_iter().collect();
    assert_eq!(rest, ["Dockerfile", "importer@.timer"]);
}

#[test]
fn what_is_packaged_names_codes_and_variables_that_there_are() {
    let known = codes();
    let mut count = 0;
    for file in names(&repository("packaging")) {
        let text = read(&format!("packaging/{file}"));
        for line in text.lines().map(str::trim) {
            let listed = [
                "SuccessExitStatus=",
                "RestartForceExitStatus=",
                "RestartPreventExitStatus=",
            ]
            .iter()
            .find_map(|key| line.strip_prefix(key))
            .or_else(|| line.strip_prefix("values: [")?.strip_suffix(']'));
            for number in listed.into_iter().flat_map(|it| it.split([' ', ','])) {
                let number = number.trim();
                if !number.is_empty() {
                    assert!(known.contains(&number.parse().unwrap()), "{file}: {line}");
                    count += 1;
                }
            }
            let variable = line.strip_prefix("Environment=").unwrap_or(line);
            if let Some((name, _)) = variable.split_once('=')
                && name.starts_with("IMPORTER_")
            {
                assert!(
                    OPTIONS.iter().any(|row| row.variable() == name),
                    "{file}: {line}"
                );
            }
        }
    }
    assert!(count >= 12, "{count}");
    let service = read("packaging/importer@.service");
    for line in [
        "RestartForceExitStatus=75",
        "LoadCredential=",
        "StateDirectory=",
    ] {
        assert!(service.contains(line), "{line}");
    }
    let cron_job = read("packaging/kubernetes-cronjob.yaml");
    for line in [
        "podFailurePolicy:",
        "enableServiceLinks: false",
        "persistentVolumeClaim:",
    ] {
        assert!(cron_job.contains(line), "{line}");
    }
}

/// Every word that looks like a variable of the program is one, be it in a comment.
#[test]
fn what_is_packaged_names_no_variable_that_there_is_not() {
    let mut count = 0;
    for file in names(&repository("packaging")) {
        let text = read(&format!("packaging/{file}"));
        let is_of_a_word = |c: char| c.is_ascii_uppercase() || c == '_';
        let words = text.split(|c| !is_of_a_word(c));
        for word in words.filter(|word| word.starts_with("IMPORTER_")) {
            // Not ours: what Kubernetes sets for a service of that name.
            if word == "IMPORTER_PORT" {
                assert!(text.contains("enableServiceLinks: false"), "{file}");
                continue;
            }
            let is_known = OPTIONS.iter().any(|row| row.variable() == word);
            assert!(is_known, "{file}: {word}");
            count += 1;
        }
    }
    assert!(count >= 11, "{count}");
}

/// The image is built of what there is, by the oldest Rust that will do.
#[test]
fn the_image_is_built_of_what_is_there() {
    let text = read("packaging/Dockerfile");
    let mut copied = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0].starts_with("--") {
            continue;
        }
        let (_, sources) = words.split_last().unwrap();
        for source in sources {
            assert!(repository(source).exists(), "{source}");
            copied += 1;
        }
    }
    assert!(copied >= 8, "{copied}");
    let manifest = read("Cargo.toml");
    let (_, version) = manifest.split_once("rust-version = \"").unwrap();
    let version = version.split('"').next().unwrap();
    assert!(
        text.contains(&format!("FROM rust:{version}-alpine ")),
        "{version}"
    );
}

/// Where the jobs file lies in a folder of settings, its inputs and archives lie elsewhere.
#[test]
fn what_is_packaged_keeps_reports_beside_the_journal_and_says_where_paths_begin() {
    let mut count = 0;
    for (file, words) in packaged() {
        let text = read(&format!("packaging/{file}"));
        let folder = |name: &str, flag: &str| {
            let word = words.iter().position(|word| word == flag);
            let typed = word.map(|at| words[at + 1].clone());
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let set = lines.iter().enumerate().find_map(|(at, line)| {
                let line = line.strip_prefix("Environment=").unwrap_or(line);
                match line.strip_prefix(&format!("{name}=")) {
                    Some(value) => Some(value.to_owned()),
                    None if line == format!("- name: {name}") => {
                        Some(lines[at + 1].strip_prefix("value: ").unwrap().to_owned())
                    }
                    None => None,
                }
            });
            typed.or(set)
        };
        let state = folder("IMPORTER_STATE_DIR", "--state-dir").unwrap_or_else(|| panic!("{file}"));
        let jobs = &words[1];
        let Some(home) = state.strip_suffix("/state") else {
            // Windows: settings, journal and reports are in one folder, which it starts in.
            assert!(
                file.ends_with(".xml") && state.ends_with("\\state"),
                "{file}"
            );
            let home = state.trim_end_matches("\\state");
            assert!(jobs.starts_with(home), "{file}");
            assert!(
                text.contains(&format!("<WorkingDirectory>{home}<")),
                "{file}"
            );
            continue;
        };
        let reports = folder("IMPORTER_REPORT_DIR", "--report-dir");
        assert_eq!(reports, Some(format!("{home}/reports")), "{file}");
        assert!(!jobs.starts_with(home), "{file}");
        let prose: String = text
            .lines()
            .map(|line| line.trim_start_matches('#'))
            .collect();
        assert!(prose.contains("are meant from /etc/importer"), "{file}");
        assert!(prose.contains("absolute"), "{file}");
        count += 1;
    }
    assert_eq!(count, 4);
}

/// Well-formed, and what the schema asks for beyond that: whoever acts is one of the principals, and
/// what triggers it stands in the schema's order.
#[test]
fn the_task_of_windows_is_well_formed() {
    use quick_xml::events::Event;
    let text = read("packaging/importer-task.xml");
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut open, mut principals, mut contexts) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_trigger = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                let attribute = |name: &str| {
                    let found = tag.try_get_attribute(name).unwrap();
                    found.map(|it| it.value.into_owned())
                };
                match name.as_str() {
                    "Principal" => principals.push(attribute("id")),
                    "Actions" => contexts.push(attribute("Context")),
                    _ if open.last().is_some_and(|it| it == "CalendarTrigger") => {
                        of_trigger.push(name.clone());
                    }
                    _ => {}
                }
                open.push(name);
            }
            Event::End(_) => assert!(open.pop().is_some()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(principals, [Some("Author".to_owned())]);
    assert_eq!(contexts, principals);
    let order = ["Enabled", "StartBoundary", "RandomDelay", "ScheduleByDay"];
    assert_eq!(of_trigger, order[1..]);
}

/// The pod's user is not the image's: a folder of the image is none of its folders.
#[test]
fn the_pod_writes_only_into_what_is_mounted_for_it() {
    let pod = read("packaging/kubernetes-cronjob.yaml");
    assert!(pod.contains("readOnlyRootFilesystem: true"));
    let mounted: Vec<&str> = pod
        .lines()
        .filter_map(|line| line.trim().strip_prefix("mountPath: "))
        .collect();
    let image = read("packaging/Dockerfile");
    let set = image.lines().find_map(|line| line.strip_prefix("ENV "));
    let mut folders = 0;
    for (name, of_image) in set.unwrap().split(' ').filter_map(|it| it.split_once('=')) {
        let flag = match name {
            "IMPORTER_STATE_DIR" => "\"--state-dir\", \"",
            "IMPORTER_REPORT_DIR" => "- name: IMPORTER_REPORT_DIR\n                  value: ",
            "TMPDIR" => "- name: TMPDIR\n                  value: ",
            _ => panic!("{name}"),
        };
        let (_, folder) = pod.split_once(flag).unwrap_or_else(|| panic!("{name}"));
        let folder = folder.split(['"', '\n']).next().unwrap();
        assert_ne!(folder, of_image);
        let is_mounted = |mount: &&str| Path::new(folder).starts_with(mount);
        assert!(mounted.iter().any(is_mounted), "{name}: {folder}");
        folders += 1;
    }
    assert_eq!(folders, 3);
}
