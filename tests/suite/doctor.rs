//! `importer doctor`: each finding against a server or a folder that gives cause for it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use wawi_importer::sandbox::{Auth, Existing, Faults, Lookup, Quota, SandboxSettings, Window};

use crate::hostile::rogue::{Answer, Rogue};
use crate::other_erp::{CANARY, CLIENT_ID, Door, Knobs, OtherErp};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

/// The findings by what was checked; the last one of a kind.
fn findings(run: &Run) -> BTreeMap<String, Value> {
    let lines = run.stdout.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", run.said()));
        assert!(line["type"].is_string(), "{line}");
        line
    });
    lines
        .filter(|line| line["type"] == "check")
        .map(|line| (line["check"].as_str().unwrap().to_owned(), line))
        .collect()
}

/// What `doctor --json` says with these words, which must end with `code`.
#[track_caller]
fn examined(importer: &mut Importer, words: &[&str], code: i32) -> BTreeMap<String, Value> {
    importer.args(["doctor", "--json"]);
    for word in words {
        importer.arg(word);
    }
    let run = importer.run().expect(code);
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["exit_code"]),
        (&"doctor".into(), &code.into())
    );
    let findings = findings(&run);
    for finding in findings.values() {
        let is_trouble = finding["verdict"] == "failed";
        assert_eq!(is_trouble, finding["exit_code"] != 0, "{finding}");
        assert!(!is_trouble || finding["remedy"].is_string(), "{finding}");
    }
    findings
}

#[track_caller]
fn verdicts(findings: &BTreeMap<String, Value>, expected: &[(&str, &str)]) {
    for (check, verdict) in expected {
        let found = findings.get(*check).map(|finding| &finding["verdict"]);
        assert_eq!(
            found,
            Some(&Value::from(*verdict)),
            "{check}: {findings:#?}"
        );
    }
}

fn with_status(faults: &str) -> StandIn {
    StandIn::start(SandboxSettings {
        faults: Faults::parse(faults).unwrap(),
        ..SandboxSettings::default()
    })
}

#[test]
fn a_server_that_is_well_is_said_to_be_and_nothing_is_sent() {
    let sandbox = StandIn::start(SandboxSettings {
        quota: Some(Quota {
            limit: 10,
            interval: Duration::from_secs(45),
            window: Window::Sliding,
        }),
        existing: (1..=12)
            .map(|n| Existing::new(n, &format!("E{n}")))
            .collect(),
        ..SandboxSettings::default()
    });
    let mut importer = Importer::new();
    let found = examined(&mut importer, &["--base-url", &sandbox.url(), "--probe"], 0);
    verdicts(
        &found,
        &[
            ("settings", "ok"),
            ("credentials", "ok"),
            ("journal", "ok"),
            ("disk", "ok"),
            ("dns", "ok"),
            ("tcp", "ok"),
            ("token", "not_checked"),
            ("tls", "not_checked"),
            ("authorisation", "ok"),
            ("create", "not_checked"),
            ("clock", "ok"),
            ("quota", "ok"),
            ("lists", "ok"),
            ("latency", "ok"),
        ],
    );
    for folder in ["state_dir", "report_dir"] {
        assert_eq!(found[folder]["exit_code"], 0, "{found:#?}");
    }
    assert_eq!(found["quota"]["value"]["limit"], 10);
    assert_eq!(found["authorisation"]["value"], 200);
    // It kept to the quota of each address, and did not wait for a new one.
    let counters = sandbox.counters();
    assert_eq!((counters.posts, counters.throttled), (0, 0));
    assert!(counters.gets > 5);
    assert!(
        std::fs::read_dir(importer.folder())
            .unwrap()
            .next()
            .is_none()
    );
}

#[test]
fn a_server_that_is_away_is_75() {
    let mut importer = Importer::new();
    // Port 9 of the loopback address takes no connection.
    let found = examined(&mut importer, &["--base-url", "http://127.0.0.1:9"], 75);
    verdicts(
        &found,
        &[
            ("dns", "ok"),
            ("tcp", "failed"),
            ("authorisation", "not_checked"),
        ],
    );
    let found = examined(&mut importer, &["--base-url", "https://wawi.invalid"], 75);
    verdicts(
        &found,
        &[
            ("dns", "failed"),
            ("tcp", "not_checked"),
            ("latency", "not_checked"),
        ],
    );
}

#[test]
fn what_a_server_refuses_is_5_with_the_remedy_of_its_status() {
    for (status, remedy) in [
        (401, "API key"),
        (402, "licence"),
        (403, "all.read"),
        (404, "base_url"),
        (412, "app_id"),
        (302, "base_url"),
    ] {
        let sandbox = with_status(&format!("get_status={status}@1"));
        let mut importer = Importer::new();
        let found = examined(&mut importer, &["--base-url", &sandbox.url()], 5);
        verdicts(
            &found,
            &[
                ("authorisation", "failed"),
                ("clock", "ok"),
                ("latency", "not_checked"),
            ],
        );
        let told = found["authorisation"]["remedy"].as_str().unwrap();
        assert!(told.contains(remedy), "{status}: {told}");
        assert_eq!(found["authorisation"]["value"], status);
    }
    let sandbox = with_status("get_status=503@1");
    let found = examined(&mut Importer::new(), &["--base-url", &sandbox.url()], 75);
    verdicts(&found, &[("authorisation", "failed")]);
}

#[test]
fn a_switch_is_on_whatever_word_stands_behind_it() {
    let erp = OtherErp::start(Knobs::default());
    let mut importer = Importer::new();
    importer.args(["--yes", "--json", "--verbose", "doctor"]);
    importer.arg("--base-url").arg(erp.url());
    let run = importer.run().expect(0);
    let rows: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for key in ["yes", "json", "verbose"] {
        let row = rows.iter().find(|row| row["name"] == key);
        let row = row.unwrap_or_else(|| panic!("{key}: {}", run.said()));
        assert_eq!(
            (&row["value"], &row["origin"]),
            (&"on".into(), &"flag".into()),
            "{key}"
        );
    }
}

#[test]
fn credentials_are_tried_and_shown_nowhere() {
    let mut importer = Importer::new();
    let erp = OtherErp::start(Knobs::default().door(Door::Tokens(Duration::from_secs(60))));
    importer.env("IMPORTER_CLIENT_ID", CLIENT_ID);
    importer.env("IMPORTER_CLIENT_SECRET", CANARY);
    importer.env("IMPORTER_TOKEN_URL", erp.token_url());
    for (words, json) in [
        (&["doctor", "-vvv"][..], false),
        (&["doctor", "--json"], true),
    ] {
        importer.args(words).arg("--base-url").arg(erp.url());
        let run = importer.run().expect(0);
        assert!(!run.said().contains(CANARY), "{}", run.said());
        assert!(
            run.stdout
                .contains("set, from the variable IMPORTER_CLIENT_SECRET")
        );
        if json {
            verdicts(&findings(&run), &[("token", "ok"), ("authorisation", "ok")]);
        }
    }
    assert!(erp.posts().is_empty() && erp.violations().is_empty());
    importer.env("IMPORTER_CLIENT_SECRET", "wrong-canary");
    let found = examined(&mut importer, &["--base-url", &erp.url()], 5);
    verdicts(
        &found,
        &[("token", "failed"), ("authorisation", "not_checked")],
    );
    assert!(!format!("{found:?}").contains("wrong-canary"));

    let keyed = StandIn::start(SandboxSettings {
        auth: Auth::ApiKey("right".to_owned()),
        ..SandboxSettings::default()
    });
    let mut importer = Importer::new();
    importer.file("wawi.key", "wrong-canary\n");
    importer.file(
        "importer.toml",
        format!(
            "profile = \"p\"\n[profiles.p]\nbase_url = \"{}\"\n[profiles.p.auth]\n\
             kind = \"api_key\"\napi_key = {{ file = \"wawi.key\" }}\n",
            keyed.url()
        ),
    );
    let found = examined(&mut importer, &[], 5);
    verdicts(
        &found,
        &[("credentials", "ok"), ("authorisation", "failed")],
    );
    assert!(!format!("{found:?}").contains("wrong-canary"));
}

#[test]
fn without_its_secret_the_server_is_looked_at_all_the_same() {
    let sandbox = StandIn::start(SandboxSettings {
        auth: Auth::ApiKey("right".to_owned()),
        ..SandboxSettings::default()
    });
    let mut importer = Importer::new();
    let settings = |url: &str| {
        format!(
            "profile = \"p\"\n[profiles.p]\nbase_url = \"{url}\"\n[profiles.p.auth]\n\
             kind = \"api_key\"\napi_key = {{ file = \"wawi.key\" }}\n"
        )
    };
    importer.file("importer.toml", settings(&sandbox.url()));
    let found = examined(&mut importer, &[], 4);
    verdicts(
        &found,
        &[
            ("credentials", "failed"),
            ("dns", "ok"),
            ("tcp", "ok"),
            ("token", "not_checked"),
            ("tls", "not_checked"),
            ("authorisation", "not_checked"),
            ("clock", "ok"),
            ("quota", "not_checked"),
            ("lists", "not_checked"),
            ("latency", "not_checked"),
        ],
    );
    let run = importer.args(["doctor"]).run().expect(4);
    assert!(
        run.stdout.contains("missing: it should come from the file"),
        "{}",
        run.said()
    );
    assert!(!run.stdout.contains("set, from the file"), "{}", run.said());
    // What nobody set is told, too.
    for key in ["max_outage", "max_failures", "existing", "values"] {
        let row = run.stdout.lines().find(|line| line.starts_with(key));
        assert!(row.is_some_and(|row| row.ends_with("default")), "{key}");
    }
    // Values are those that hold, not how they come to be.
    let row = |key: &str| {
        run.stdout
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap()
    };
    assert!(row("state_dir").contains(".importer  "), "{}", run.said());
    assert!(!row("state_dir").contains("nearest"), "{}", run.said());
    assert!(row("settle").contains("2 min"), "{}", run.said());
    assert!(row("target ").contains(&sandbox.url()), "{}", run.said());
    // Both the ERP and who gives tokens are looked for.
    importer.file(
        "importer.toml",
        "base_url = \"http://127.0.0.1:9\"\n[auth]\nkind = \"oauth2\"\n\
         token_url = \"http://127.0.0.1:9/token\"\n\
         client_id = { env = \"NOT_SET\" }\nclient_secret = { file = \"no.key\" }\n",
    );
    let run = importer.run();
    assert_eq!(
        run.stdout.matches("takes no connection").count(),
        2,
        "{}",
        run.said()
    );
    assert!(
        run.stdout
            .contains("missing: it should come from the variable NOT_SET")
    );
    assert_eq!(sandbox.counters().posts, 0);
}

/// A proper page of no customers, with these headers.
fn page(headers: &str) -> Answer {
    let body = r#"{"TotalItems":0,"Items":[]}"#;
    let length = body.len();
    Answer::Bytes(
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             {headers}Connection: close\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

#[test]
fn a_clock_that_is_wrong_is_noticed_and_one_that_is_not_told_is_no_trouble() {
    let skewed = Rogue::start(|_, _| Some(page("Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n")));
    let found = examined(&mut Importer::new(), &["--base-url", &skewed.url()], 0);
    verdicts(&found, &[("clock", "warning"), ("quota", "warning")]);
    assert!(found["clock"]["value"].as_i64().unwrap() > 700_000_000);
    assert!(found["clock"]["text"].as_str().unwrap().contains("ahead"));
    let silent = Rogue::start(|_, _| Some(page("")));
    let found = examined(
        &mut Importer::new(),
        &["--base-url", &silent.url(), "--probe"],
        0,
    );
    verdicts(
        &found,
        &[
            ("clock", "not_checked"),
            ("quota", "warning"),
            ("probe_number", "not_checked"),
        ],
    );
    assert!(skewed.asked("POST").is_empty() && silent.asked("POST").is_empty());
}

#[test]
fn a_website_is_no_erp() {
    let site = Rogue::start(|_, _| {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>";
        Some(Answer::Bytes(page.as_bytes().to_vec()))
    });
    let found = examined(&mut Importer::new(), &["--base-url", &site.url()], 5);
    let told = found["authorisation"]["remedy"].as_str().unwrap();
    assert!(told.contains("proxy or a website"), "{told}");
}

#[test]
fn the_probe_tells_how_look_ups_match_and_no_number() {
    for (lookup, matches, case) in [
        (Lookup::Exact, "exact", "minded"),
        (Lookup::Prefix, "prefix", "minded"),
        (Lookup::IgnoreCase, "exact", "ignored"),
    ] {
        let sandbox = StandIn::start(SandboxSettings {
            lookup,
            existing: (1..=150)
                .map(|n| Existing::new(n, &format!("Kunde-{n}")))
                .collect(),
            page_size_max: 40,
            ..SandboxSettings::default()
        });
        let found = examined(
            &mut Importer::new(),
            &["--base-url", &sandbox.url(), "--probe"],
            0,
        );
        assert_eq!(found["probe_number"]["value"], matches, "{found:#?}");
        assert_eq!(found["probe_case"]["value"], case, "{found:#?}");
        assert_eq!(found["probe_pages"]["value"]["shown"], 40, "{found:#?}");
        assert_eq!(sandbox.counters().posts, 0);
        let told = format!("{found:?}");
        assert!(
            !told.contains("Kunde-") && !told.contains("Altkunde"),
            "{told}"
        );
    }
    // Without the option none of it is asked.
    let sandbox = StandIn::start(SandboxSettings::default());
    let found = examined(&mut Importer::new(), &["--base-url", &sandbox.url()], 0);
    assert!(!found.contains_key("probe_number"));
    assert!(
        sandbox.requests().iter().all(|seen| !seen
            .query
            .as_deref()
            .unwrap_or("")
            .contains("number="))
    );
}

#[test]
fn a_look_up_that_finds_nobody_is_a_server_to_keep_away_from() {
    let blind = Rogue::start(|asked, _| {
        let body = if asked.path.contains("number=") {
            r#"{"TotalItems":0,"Items":[]}"#
        } else {
            r#"{"TotalItems":1,"Items":[{"Id":1,"Number":"K100"}]}"#
        };
        Some(Answer::Bytes(crate::hostile::rogue::answer("200 OK", body)))
    });
    let found = examined(
        &mut Importer::new(),
        &["--base-url", &blind.url(), "--probe"],
        5,
    );
    verdicts(
        &found,
        &[("authorisation", "ok"), ("probe_number", "failed")],
    );
}

#[test]
fn a_journal_is_looked_over_and_a_damaged_one_is_8() {
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = Importer::new();
    importer.file("in.csv", crate::customers::Customers::valid(7, 5).csv());
    importer.file("shop.toml", crate::customers::MAPPING);
    importer.args([
        "run",
        "in.csv",
        "-m",
        "shop.toml",
        "--limit",
        "3",
        "--base-url",
        &sandbox.url(),
    ]);
    importer.run().expect(0);
    let found = examined(&mut importer, &["--base-url", &sandbox.url()], 0);
    verdicts(&found, &[("journal", "ok")]);
    let value = &found["journal"]["value"];
    assert_eq!(
        (&value["runs"], &value["unfinished"]),
        (&1.into(), &1.into())
    );
    let path = importer.folder().join(".importer/journal.db");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let found = examined(&mut importer, &["--base-url", &sandbox.url()], 8);
    verdicts(&found, &[("journal", "failed"), ("authorisation", "ok")]);
    assert_eq!(std::fs::read(&path).unwrap().len(), whole.len() - 100);
    // The worst code is the documented one: the journal before the refusal.
    let refusing = with_status("get_status=401@1");
    examined(&mut importer, &["--base-url", &refusing.url()], 8);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_4() {
    let sandbox = StandIn::start(SandboxSettings::default());
    let mut importer = Importer::new();
    importer.file("file", "mine");
    let mut places = vec!["file", "file/below"];
    if cfg!(target_os = "linux") {
        // A file system in which nobody can make a file, whatever rights he has.
        places.push("/proc");
    }
    for place in places {
        for (option, check) in [("--state-dir", "state_dir"), ("--report-dir", "report_dir")] {
            let words = ["--base-url", &sandbox.url(), option, place];
            if option == "--report-dir" {
                importer.env("IMPORTER_REPORT_DIR", place);
            }
            let words = if option == "--report-dir" {
                &words[..2]
            } else {
                &words[..]
            };
            let found = examined(&mut importer, words, 4);
            verdicts(&found, &[(check, "failed"), ("authorisation", "ok")]);
            importer.env("IMPORTER_REPORT_DIR", "");
        }
    }
}

#[test]
fn without_an_address_it_is_4_and_the_rest_is_looked_at() {
    let found = examined(&mut Importer::new(), &[], 4);
    verdicts(
        &found,
        &[
            ("settings", "failed"),
            ("journal", "ok"),
            ("dns", "not_checked"),
            ("quota", "not_checked"),
        ],
    );
}

#[test]
fn settings_are_told_with_where_they_come_from() {
    let mut importer = Importer::new();
    importer.file(
        "importer.toml",
        "profile = \"p\"\nrate = \"7/s\"\n[profiles.p]\nbase_url = \"http://127.0.0.1:9\"\n\
         tenant_id = \"t\"\n",
    );
    importer.env("IMPORTER_CONCURRENCY", "3");
    importer.args(["doctor", "--json", "--timeout", "2s", "--api-version=1.1"]);
    let run = importer.run().expect(75);
    let told: BTreeMap<String, (String, String)> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["type"] == "setting")
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            (text("name"), (text("value"), text("from")))
        })
        .collect();
    for (name, value, from) in [
        ("base_url", "http://127.0.0.1:9", "profile p"),
        ("tenant_id", "t", "profile p"),
        ("rate", "7/s", "top of the settings file"),
        ("concurrency", "3", "environment, IMPORTER_CONCURRENCY"),
        ("timeout", "2s", "flag"),
        ("api_version", "1.1", "flag"),
        ("path", "/v1/customers", "default"),
        ("profile", "p", "top of the settings file"),
        ("auth", "none: a gateway adds the credentials", "default"),
    ] {
        let expected = (value.to_owned(), from.to_owned());
        assert_eq!(told.get(name), Some(&expected), "{told:#?}");
    }
    // A password that stands where none belongs is shown to nobody.
    importer.args(["doctor", "--base-url", "https://me:canary@wawi.invalid"]);
    let run = importer.run().expect(4);
    assert!(!run.said().contains("canary"), "{}", run.said());
}

#[test]
fn a_quota_that_is_used_up_is_left_alone() {
    let sandbox = StandIn::start(SandboxSettings {
        quota: Some(Quota {
            limit: 1,
            interval: Duration::from_secs(3600),
            window: Window::Fixed,
        }),
        ..SandboxSettings::default()
    });
    let words = ["--base-url", &sandbox.url(), "--probe"];
    let found = examined(&mut Importer::new(), &words, 0);
    let unasked = ["lists", "latency", "probe_pages"];
    verdicts(&found, &unasked.map(|check| (check, "not_checked")));
    let counters = sandbox.counters();
    assert_eq!((counters.gets, counters.throttled), (1, 0));
    // The next one meets 429, says so, and asks no more.
    let found = examined(&mut Importer::new(), &words, 0);
    verdicts(&found, &[("authorisation", "warning")]);
    verdicts(&found, &unasked.map(|check| (check, "not_checked")));
    assert_eq!(sandbox.counters().gets, 2);
}

#[test]
fn a_server_that_is_silent_is_given_up() {
    let silent = Rogue::start(|_, _| Some(Answer::Stalling(Vec::new())));
    let url = silent.url();
    for words in [
        ["--base-url", &url, "--timeout", "1s"],
        ["--base-url", &url, "--max-duration", "1s"],
    ] {
        let found = examined(&mut Importer::new(), &words, 75);
        verdicts(&found, &[("tcp", "ok")]);
    }
    assert_eq!(silent.asked("GET").len(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn each_disk_is_told_once() {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        // There is no second file system here.
        return;
    };
    let elsewhere = elsewhere.path().display().to_string();
    let mut importer = Importer::new();
    for (reports, disks) in [("reports", 1), (elsewhere.as_str(), 2)] {
        // Port 9 of the loopback address takes no connection.
        importer.env("IMPORTER_REPORT_DIR", reports);
        importer.args(["doctor", "--json", "--base-url", "http://127.0.0.1:9"]);
        let run = importer.run().expect(75);
        let told = run.stdout.matches("\"check\":\"disk\"").count();
        assert_eq!(told, disks, "{}", run.said());
    }
}
