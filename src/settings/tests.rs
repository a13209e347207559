use std::collections::BTreeMap;
use std::path::Path;

use clap::{CommandFactory, Parser};

use super::*;
use crate::outcome::english_words;

mod credentials;
mod refusals;

/// One call with its surroundings.
struct Call {
    folder: tempfile::TempDir,
    line: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Call {
    fn new(line: &str) -> Self {
        Self {
            folder: tempfile::tempdir().expect("folder"),
            line: line.split_whitespace().map(str::to_owned).collect(),
            variables: Vec::new(),
        }
    }

    fn file(self, text: &str) -> Self {
        std::fs::write(self.folder.path().join(file::NAME), text).expect("file");
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn environment(&self) -> Environment {
        Environment::from_pairs(self.variables.clone())
            .in_folder(self.folder.path())
            .typed(self.line.clone())
    }

    fn cli(&self) -> Cli {
        Cli::try_parse_from(&self.line).unwrap_or_else(|error| panic!("{error}"))
    }

    fn layers(&self) -> Layers {
        Layers::load(&self.cli(), &self.environment()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn global(&self) -> Result<GlobalChoice, SettingsError> {
        resolve_global(&self.cli(), &self.environment())
    }

    fn run(&self) -> Result<RunChoice, SettingsError> {
        let cli = self.cli();
        let Command::Run(args) = &cli.command else {
            panic!("no run");
        };
        resolve_run(&cli, args, &self.environment())
    }

    /// What is said when the call is refused, with a stable folder name.
    fn refusal(&self) -> String {
        let [english, german] = self.refused();
        assert_ne!(english, german);
        let words = english_words(&german);
        assert!(words.is_empty(), "{words:?}: {german}");
        english
    }

    /// The same in German.
    fn german_refusal(&self) -> String {
        let [_, german] = self.refused();
        german
    }

    fn refused(&self) -> [String; 2] {
        let error = self.run().expect_err("refused");
        let help = error.help().expect("every refusal says what to do");
        let folder = self.folder.path().to_str().expect("unicode");
        let shown = |text: String| text.replace(folder, "FOLDER").replace('\\', "/");
        [
            format!("{error}\nhelp: {}", help.english),
            format!("{}\nHilfe: {}", error.in_german(), help.german),
        ]
        .map(shown)
    }
}

const AT_ERP: &str = "importer run a.csv --base-url https://erp.example";

/// Four values for each option, from top of the file to flag; a switch cannot say no as a flag.
fn samples() -> BTreeMap<&'static str, [&'static str; 4]> {
    let mut samples = BTreeMap::from([
        ("state_dir", ["/a", "/b", "/c", "/d"]),
        ("log_format", ["json", "text", "json", "text"]),
        ("verbose", ["1", "2", "3", "1"]),
        ("color", ["always", "never", "auto", "always"]),
        ("lang", ["de", "en", "de", "en"]),
        ("mapping", ["/a.toml", "/b.toml", "builtin:c", "d.toml"]),
        ("payloads", ["/a", "/b", "/c", "-"]),
        (
            "base_url",
            ["https://a", "https://b", "https://c", "https://d"],
        ),
        ("path", ["/a", "/b", "/c", "/d"]),
        ("max_invalid", ["1", "2%", "3", "4%"]),
        ("max_failures", ["1%", "2", "3%", "4"]),
        ("max_attempts", ["1", "2", "3", "4"]),
        ("concurrency", ["1", "2", "3", "4"]),
        ("skip_lines", ["1", "2", "3", "4"]),
        ("sheet", ["a", "b", "c", "d"]),
        ("rate", ["1/s", "2/m", "3/h", "4/s"]),
        ("workflows", ["run", "skip", "run", "skip"]),
        ("fail_on", ["changed", "warning", "changed", "warning"]),
        ("existing", ["fail", "skip", "fail", "send"]),
        ("format", ["jsonl", "csv", "jsonl", "csv"]),
        ("encoding", ["utf-8", "latin1", "utf-16le", "utf-16be"]),
        ("delimiter", [";", ",", "tab", "|"]),
        ("report_dir", ["/a", "/b", "/c", "/d"]),
        ("values", ["full", "none", "masked", "full"]),
        ("report_mode", ["0640", "0644", "0660", "0666"]),
        ("target", ["a", "b", "c", "d"]),
    ]);
    for text in [
        "api_version",
        "tenant_id",
        "app_id",
        "app_version",
        "run_as",
        "session_id",
    ] {
        samples.insert(text, ["a", "b", "c", "d"]);
    }
    for time in ["timeout", "settle", "max_outage", "max_duration"] {
        samples.insert(time, ["1s", "2s", "3s", "4s"]);
    }
    for switch in [
        "json",
        "quiet",
        "no_progress",
        "yes",
        "dry_run",
        "probe",
        "sandbox",
        "allow_http",
        "allow_unkeyed",
        "allow_empty",
    ] {
        samples.insert(switch, ["true", "false", "true", ""]);
    }
    samples
}

fn layered() -> impl Iterator<Item = &'static OptionRow> {
    OPTIONS.iter().filter(|row| {
        matches!(row.scope, Scope::Everywhere | Scope::NoFlag) && row.key != "profile"
    })
}

fn value_of(key: &str, text: &str) -> String {
    let mut layer = Layer::default();
    assert_eq!(layer.set(key, text), Ok(true), "{key} = {text}");
    layer.show(key)
}

#[test]
fn flag_beats_environment_beats_profile_beats_top() {
    let samples = samples();
    for row in layered() {
        let key = row.key;
        if cfg!(windows) && matches!(key, "state_dir" | "mapping" | "payloads" | "report_dir") {
            // `/a` in a file gets the file's drive there.
            continue;
        }
        let [top, profile, variable, flag] = samples
            .get(key)
            .copied()
            .unwrap_or_else(|| panic!("no sample for {key}"));
        let top_line = format!("{key} = '{top}'\n");
        let profile_line = format!("profile = 'p'\n{top_line}[profiles.p]\n{key} = '{profile}'\n");
        let shown = |call: Call| call.layers().merged().show(key);

        let plain = "importer run a.csv";
        assert_eq!(shown(Call::new(plain)), "None", "{key}: nothing given");
        assert_eq!(
            shown(Call::new(plain).file(&top_line)),
            value_of(key, top),
            "{key}: top"
        );
        assert_eq!(
            shown(Call::new(plain).file(&profile_line)),
            value_of(key, profile),
            "{key}: profile over top"
        );
        let call = || {
            Call::new(plain)
                .file(&profile_line)
                .variable(&row.variable(), variable)
        };
        assert_eq!(
            shown(call()),
            value_of(key, variable),
            "{key}: environment over profile"
        );
        if row.scope == Scope::NoFlag {
            continue;
        }
        let mut call = call();
        call.line.push(format!("--{}", row.flag()));
        let expected = if key == "verbose" || flag.is_empty() {
            // A switch: the flag has to win over a variable that says no.
            let off = if key == "verbose" { "0" } else { "false" };
            call.variables = vec![(row.variable(), off.to_owned())];
            if key == "verbose" { "1" } else { "true" }
        } else {
            call.line.push(flag.to_owned());
            flag
        };
        assert_eq!(
            shown(call),
            value_of(key, expected),
            "{key}: flag over environment"
        );
    }
}

#[test]
fn every_option_reaches_what_a_command_is_handed() {
    let samples = samples();
    let base = "base_url = 'https://erp.example'\n";
    let resolved = |text: &str, line: &str| {
        let call = Call::new(line).file(text);
        let folder = call.folder.path().to_str().expect("unicode").to_owned();
        let (run, global) = (call.run(), call.global());
        format!("{run:?}{global:?}").replace(&folder, "FOLDER")
    };
    for row in layered() {
        let (text, line) = match row.key {
            "base_url" => (String::new(), "importer run a.csv"),
            "allow_http" => (
                "base_url = 'http://erp.example'\n".to_owned(),
                "importer run a.csv",
            ),
            "payloads" | "probe" => (base.to_owned(), "importer run a.csv --dry-run"),
            _ => (base.to_owned(), "importer run a.csv"),
        };
        let value = samples.get(row.key).map_or("", |values| values[0]);
        // Nobody is at a terminal here, so that `yes` changes nothing.
        if row.key == "yes" {
            continue;
        }
        let with = format!("{text}{} = '{value}'\n", row.key);
        assert_ne!(
            resolved(&text, line),
            resolved(&with, line),
            "{} is read, but nobody is told",
            row.key
        );
    }
}

#[test]
fn the_table_and_the_command_line_name_the_same_options_and_defaults() {
    let command = Cli::command();
    let run = command.find_subcommand("run").expect("run");
    let args: Vec<_> = command
        .get_arguments()
        .chain(run.get_arguments())
        .filter(|arg| {
            arg.get_long()
                .is_some_and(|long| !["help", "version"].contains(&long))
        })
        .collect();
    for arg in &args {
        let flag = arg.get_long().expect("long");
        let row = OPTIONS
            .iter()
            .find(|row| row.flag() == flag)
            .unwrap_or_else(|| panic!("--{flag} is not in the table"));
        let help = arg.get_help().expect("help").to_string();
        let is_plain = matches!(row.default, "none" | "off");
        assert!(
            help.contains(&format!("[default: {}]", row.default)) || is_plain,
            "--{flag}: `{}` is not what the help says: {help}",
            row.default
        );
        assert!(
            !(row.default == "off" && help.contains("[default")),
            "--{flag}"
        );
    }
    for row in OPTIONS.iter().filter(|row| row.scope != Scope::NoFlag) {
        assert!(
            args.iter().any(|arg| arg.get_long() == Some(&row.flag())),
            "{} is in the table, but no flag",
            row.key
        );
    }
}

#[test]
fn without_anything_the_documented_defaults_hold() {
    let call = Call::new(AT_ERP);
    let run = call.run().expect("fine");
    let delivery = run.settings.delivery.clone();
    assert_eq!(delivery, DeliverySettings::default());
    assert_eq!(delivery.settle, delivery.timeout * 2);
    let target = run.settings.target.clone().expect("target");
    assert_eq!(target.path, "/v1/customers");
    assert_eq!(target.api_version, "1.0");
    assert_eq!(
        target.app_id,
        format!("wawi-importer/{}", target.app_version)
    );
    assert!(!target.run_workflows);
    assert_eq!(run.settings.max_invalid, None);
    assert_eq!(run.settings.report.mode, 0o600);
    assert_eq!(run.settings.report.dir, Path::new("reports"));
    assert_eq!(run.mapping, crate::cli::MappingChoice::Passthrough);
    assert_eq!(run.settings.state_dir, call.folder.path().join(".importer"));
    assert_eq!(run.settings.command_line, AT_ERP);
    assert!(run.warnings.is_empty());
    assert!(call.global().expect("fine").warnings.is_empty());
}

#[test]
fn the_settle_time_follows_the_time_limit_unless_it_is_given() {
    let settle = |more: &str| {
        let run = Call::new(&format!("{AT_ERP} {more}")).run().expect("fine");
        run.settings.delivery.settle.as_secs()
    };
    assert_eq!(settle("--timeout 5s"), 10);
    assert_eq!(settle("--timeout 5s --settle 3s"), 3);
    assert_eq!(settle("--timeout 5s --settle 0s"), 0);
}

#[test]
fn what_must_not_be_repeated_is_not_taken_from_the_environment() {
    let call = Call::new(AT_ERP)
        .variable("IMPORTER_LIMIT", "5")
        .variable("IMPORTER_AGAIN", "true")
        .variable("IMPORTER_SERVICE_PORT", "80")
        .variable("IMPORTER_BASEURL", "x");
    let run = call.run().expect("fine");
    assert_eq!(run.settings.limit, None);
    assert!(!run.settings.again);
    insta::assert_snapshot!(call.global().expect("fine").warnings.iter().map(|it| it.english.as_str()).collect::<Vec<_>>().join("\n"), @r#"
    IMPORTER_AGAIN is ignored: --again has to be typed each time that it is meant
    IMPORTER_BASEURL is no variable of this program; did you mean IMPORTER_BASE_URL?
    IMPORTER_LIMIT is ignored: --limit has to be typed each time that it is meant
    IMPORTER_SERVICE_PORT is no variable of this program and is ignored
    "#);
    let send = Call::new(AT_ERP).variable("IMPORTER_EXISTING", "send");
    insta::assert_snapshot!(send.refusal(), @r#"
    the environment variable IMPORTER_EXISTING cannot be used: `send` would send everything at every call; type --existing send each time that it is meant
    help: correct IMPORTER_EXISTING or unset it
    "#);
    let typed = Call::new(&format!("{AT_ERP} --existing send"))
        .run()
        .expect("fine");
    assert_eq!(typed.settings.existing, crate::import::Existing::Send);
}

#[test]
fn a_dry_run_and_a_sandbox_need_no_target_and_read_no_secret() {
    let broken = "base_url = 'nonsense'\n[auth]\nkind = 'api_key'\napi_key = { file = 'none' }\n";
    for line in [
        "importer run a.csv --dry-run",
        "importer run a.csv --sandbox",
    ] {
        let run = Call::new(line).file(broken).run().expect(line);
        assert_eq!(run.settings.target, None);
        assert!(matches!(run.settings.credentials, Credentials::Gateway));
    }
    let run = Call::new("importer run a.csv --sandbox --workflows run")
        .run()
        .expect("fine");
    let target = run.sandbox_target("http://127.0.0.1:1");
    assert_eq!(target.base_url, "http://127.0.0.1:1");
    assert!(target.run_workflows);
}

#[test]
fn a_sandbox_keeps_its_state_only_where_it_was_told() {
    let state = |line: &str, file: &str, variable: &str| {
        let call = Call::new(line)
            .file(file)
            .variable("IMPORTER_STATE_DIR", variable);
        call.run().expect("fine").state_dir
    };
    let sandbox = "importer run a.csv --sandbox";
    assert_eq!(state(sandbox, "", ""), StateDir::Temporary);
    assert_eq!(state(sandbox, "state_dir = '/x'", ""), StateDir::Temporary);
    assert_eq!(state(sandbox, "", "/x"), StateDir::Folder("/x".into()));
    assert_eq!(
        state("importer run a.csv --sandbox --state-dir /y", "", "/x"),
        StateDir::Folder("/y".into())
    );
}

#[test]
fn settings_and_state_belong_to_the_nearest_file_upwards() {
    let call = Call::new(AT_ERP).file("rate = '7/s'\nmapping = 'shop.toml'");
    let deep = call.folder.path().join("a/b");
    std::fs::create_dir_all(&deep).expect("folder");
    let environment = call.environment().in_folder(&deep);
    let cli = call.cli();
    let Command::Run(args) = &cli.command else {
        panic!("no run");
    };
    let run = resolve_run(&cli, args, &environment).expect("fine");
    assert_eq!(run.settings.state_dir, call.folder.path().join(".importer"));
    assert_eq!(
        run.mapping,
        crate::cli::MappingChoice::File(call.folder.path().join("shop.toml"))
    );
    assert!(run.settings.delivery.rate.is_some());
}

#[test]
fn a_settings_file_may_be_utf16_as_windows_shells_write_it() {
    let call = Call::new(AT_ERP);
    let text = "\u{feff}rate = '7/s'\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(call.folder.path().join(file::NAME), bytes).expect("file");
    assert!(call.run().expect("fine").settings.delivery.rate.is_some());
}

#[test]
fn another_address_under_a_targets_name_is_warned_about() {
    let text = "profile = 'p'\n[profiles.p]\ntarget = 'live'\nbase_url = 'https://a'\n";
    let run = Call::new(AT_ERP).file(text).run().expect("fine");
    assert_eq!(run.warnings.len(), 1);
    let run = Call::new("importer run a.csv")
        .file(text)
        .run()
        .expect("fine");
    assert!(run.warnings.is_empty());
    assert_eq!(
        run.settings.target.expect("target").name.as_deref(),
        Some("live")
    );
}

#[test]
fn the_console_learns_about_terminals_and_variables() {
    let all = Terminals {
        stdin: true,
        stdout: true,
        stderr: true,
    };
    let call = Call::new("importer run a.csv --dry-run --payloads - -v")
        .variable("NO_COLOR", "1")
        .variable("TERM", "dumb")
        .variable("COLUMNS", "66")
        .variable("IMPORTER_QUIET", "true");
    let environment = call.environment().on_terminals(all);
    let console = resolve_global(&call.cli(), &environment)
        .expect("fine")
        .console;
    assert!(console.no_color && console.dumb && console.stdout_is_data && console.progress);
    assert!(console.stderr_is_terminal && console.stdout_is_terminal);
    assert_eq!(
        (console.width, console.verbose, console.quiet),
        (Some(66), 1, false)
    );

    let call = Call::new("importer runs")
        .variable("CI", "true")
        .variable("NO_COLOR", "");
    let environment = call.environment().on_terminals(all);
    let console = resolve_global(&call.cli(), &environment)
        .expect("fine")
        .console;
    assert!(!console.no_color && !console.stderr_is_terminal && !console.stdout_is_data);
}

#[test]
fn the_locale_decides_where_nobody_names_a_language() {
    let spoken = |line: &str, variables: &[(&str, &str)]| {
        let mut call = Call::new(line);
        for (name, value) in variables {
            call = call.variable(name, value);
        }
        let choice = resolve_global(&call.cli(), &call.environment());
        choice.expect("fine").console.language
    };
    use crate::outcome::Language::{English, German};
    let runs = "importer runs";
    assert_eq!(spoken(runs, &[]), English);
    assert_eq!(spoken(runs, &[("LANG", "de_DE.UTF-8")]), German);
    assert_eq!(spoken(runs, &[("LANG", "fr_FR.UTF-8")]), English);
    // The first of them that is set decides.
    let messages = ("LC_MESSAGES", "de_AT");
    assert_eq!(spoken(runs, &[("LANG", "en_US"), messages]), German);
    assert_eq!(spoken(runs, &[("LC_ALL", "C.UTF-8"), messages]), English);
    assert_eq!(spoken(runs, &[("LC_ALL", ""), messages]), German);
    // Whoever names one gets it.
    assert_eq!(spoken("importer runs --lang en", &[messages]), English);
    assert_eq!(spoken(runs, &[("IMPORTER_LANG", "en"), messages]), English);
    assert_eq!(spoken(runs, &[("IMPORTER_LANG", "de")]), German);
}

#[test]
fn somebody_is_asked_only_where_somebody_can_answer() {
    let assume = |line: &str, stdin: bool| {
        let call = Call::new(line);
        let cli = call.cli();
        let Command::Run(args) = &cli.command else {
            panic!("no run");
        };
        let environment = call.environment().on_terminals(Terminals {
            stdin,
            stdout: false,
            stderr: true,
        });
        resolve_run(&cli, args, &environment)
            .expect("fine")
            .assume_yes
    };
    assert!(!assume(AT_ERP, true));
    assert!(assume(AT_ERP, false));
    assert!(assume(&format!("{AT_ERP} -y"), true));
}

#[test]
fn other_commands_get_their_part() {
    let call = Call::new("importer reconcile 01 --base-url https://erp.example --timeout 5s");
    let cli = call.cli();
    let Command::Reconcile(args) = &cli.command else {
        panic!("no reconcile");
    };
    let choice = resolve_reconcile(&cli, args, &call.environment()).expect("fine");
    assert_eq!(choice.run.as_deref(), Some("01"));
    assert_eq!(choice.delivery.settle.as_secs(), 10);
    let call = Call::new("importer report 01 --report-dir x --values full");
    let cli = call.cli();
    let Command::Report(args) = &cli.command else {
        panic!("no report");
    };
    let choice = resolve_report(&cli, args, &call.environment()).expect("fine");
    assert_eq!(choice.report.dir, Path::new("x"));
}
