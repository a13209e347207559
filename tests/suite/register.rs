//! `importer register`: from the request to a first run with the key, and everything that can come
//! between. The key is told once: it is never lost while somebody could have kept it.

use std::path::PathBuf;

use serde_json::Value;
use wawi_importer::sandbox::{Auth, Decision, Registration, SandboxSettings};

use crate::customers::{Customers, MAPPING};
use crate::stand_in::{StandIn, wait_for};
use crate::support::{Importer, files_below};

/// The key that the stand-in tells.
const KEY: &str = "canary-key-4711";

fn erp(registration: Registration) -> StandIn {
    StandIn::start(SandboxSettings {
        auth: Auth::ApiKey(KEY.to_owned()),
        registration,
        ..SandboxSettings::default()
    })
}

fn with(decision: Decision) -> Registration {
    Registration {
        decision,
        ..Registration::default()
    }
}

/// `register` with these further words.
fn register(erp: &StandIn, further: &[&str]) -> Importer {
    let mut importer = Importer::new();
    importer.args(["register", "--every", "5ms", "--base-url", &erp.url()]);
    for word in further {
        importer.arg(word);
    }
    importer
}

fn key_file(importer: &Importer) -> PathBuf {
    importer.folder().join("wawi.key")
}

/// Nothing but these files is left in the folder.
#[track_caller]
fn assert_left(importer: &Importer, names: &[&str]) {
    let left: Vec<PathBuf> = files_below(importer.folder());
    let expected: Vec<PathBuf> = names
        .iter()
        .map(|name| importer.folder().join(name))
        .collect();
    assert_eq!(left, expected);
}

#[test]
fn from_the_request_to_the_first_run() {
    let erp = erp(Registration {
        closed_for: 2,
        pending_for: 3,
        ..Registration::default()
    });
    let mut importer = register(&erp, &["--key-file", "wawi.key", "-vvv"]);
    let run = importer.run().expect(0);
    assert!(!run.said().contains(KEY), "{}", run.said());
    for told in [
        "App registration > Add",
        "takes no registration yet",
        "accept it",
        "api_key = { file =",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.said());
    }
    assert_eq!(
        std::fs::read_to_string(key_file(&importer)).unwrap(),
        format!("{KEY}\n")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(key_file(&importer))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_left(&importer, &["wawi.key"]);
    // Three requests, the last of which was let in; four questions, the last with the answer.
    let asked = erp.requests();
    let posts = asked.iter().filter(|seen| seen.method.as_str() == "POST");
    assert_eq!((posts.count(), asked.len()), (3, 7));

    let customers = Customers::valid(91, 4);
    importer.file("in.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer.file(
        "importer.toml",
        format!(
            "base_url = \"{}\"\n[auth]\nkind = \"api_key\"\napi_key = {{ file = \"wawi.key\" }}\n",
            erp.url()
        ),
    );
    importer.args(["doctor", "--json"]).run().expect(0);
    importer
        .args(["run", "in.csv", "-m", "shop.toml"])
        .run()
        .expect(0);
    assert_eq!(erp.created(), 4);
}

#[test]
fn without_a_file_the_key_is_printed_once() {
    for (words, json) in [(&[][..], false), (&["--json"][..], true)] {
        let erp = erp(Registration::default());
        let importer = register(&erp, words);
        let run = importer.run().expect(0);
        assert_eq!(run.stdout.matches(KEY).count(), 1, "{}", run.said());
        assert!(!run.stderr.contains(KEY), "{}", run.said());
        if json {
            let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
            assert_eq!(
                (&last["type"], &last["api_key"]),
                (&"registered".into(), &KEY.into())
            );
        } else {
            assert_eq!(run.stdout, format!("{KEY}\n"));
        }
        assert_left(&importer, &[]);
        // It is registered now.
        let run = register(&erp, &[]).run().expect(5);
        assert!(run.stderr.contains("--app-id"), "{}", run.said());
    }
}

/// The indented lines below the line of `text` that begins so, without the indentation.
fn below(text: &str, begin: &str) -> Option<String> {
    let (_, rest) = text.split_once(begin)?;
    let (_, lines) = rest.split_once(":\n").unwrap();
    let lines = lines.lines();
    let lines = lines.take_while(|line| line.starts_with("  ") || line.is_empty());
    Some(
        lines
            .map(|line| format!("{}\n", line.trim_start()))
            .collect(),
    )
}

/// What the app was called in the last request.
fn app_id(erp: &StandIn) -> String {
    let requests = erp.requests();
    let app_id = requests.last().and_then(|seen| seen.header("x-appid"));
    app_id.unwrap().to_owned()
}

/// What is advised stands in the table that holds, works as it stands, and keeps the name of the
/// app that the key is good for.
#[test]
fn the_settings_that_are_told_are_those_that_hold() {
    let settings = |erp: &StandIn, target: &str, further: &str| {
        let url = erp.url();
        format!("profile = \"p 1\"\n[profiles.\"p 1\"]\nbase_url = \"{url}\"\n{target}{further}")
    };
    let named =
        "[profiles.\"p 1\".auth]\nkind = \"api_key\"\napi_key = { file = \"../wawi.key\" }\n";
    let own = "[profiles.\"p 1\".auth]\nkind = \"api_key\"\napi_key = { file = \"./wawi.key\" }\n";
    let top = "[auth]\nkind = \"gateway\"\n";
    for (further, told) in [
        ("", Some("Add at the end")),
        (named, Some("Set in place of the credentials")),
        (own, None),
    ] {
        let erp = erp(Registration::default());
        let mut importer = register(&erp, &["--key-file", "wawi.key", "--app-id", "mine/\"2\""]);
        importer.file("importer.toml", settings(&erp, "", further));
        let run = importer.run().expect(0);
        let target = below(&run.stderr, "Set below [profiles.\"p 1\"] in ").unwrap();
        assert_eq!(target, "app_id = 'mine/\"2\"'\n", "{}", run.said());
        let lines = match told {
            None => {
                assert!(run.stderr.contains("names the key already"));
                own.to_owned()
            }
            Some(begin) => below(&run.stderr, begin).unwrap(),
        };
        assert!(
            lines.starts_with("[profiles.\"p 1\".auth]"),
            "{}",
            run.said()
        );
        importer.file("importer.toml", settings(&erp, &target, &lines));
        importer.args(["doctor"]).run().expect(0);
        assert_eq!(app_id(&erp), "mine/\"2\"");
    }
    // Credentials at the top are those of a profile that has none.
    let erp = erp(Registration::default());
    let importer = register(&erp, &["--key-file", "wawi.key"]);
    importer.file("importer.toml", settings(&erp, "", top));
    let run = importer.run().expect(0);
    assert!(run.stderr.contains("  [auth]\n"), "{}", run.said());
}

/// Where there are no settings yet, what is told is a whole file.
#[test]
fn without_settings_the_whole_file_is_told() {
    for (lang, begin, app) in [
        ("en", "The settings that go with it", None),
        ("de", "Die Einstellungen dazu", Some("shop/7")),
    ] {
        let erp = erp(Registration::default());
        let mut importer = register(&erp, &["--key-file", "wawi.key", "--lang", lang]);
        for word in app.iter().flat_map(|app| ["--app-id", app]) {
            importer.arg(word);
        }
        let run = importer.run().expect(0);
        let registered = app_id(&erp);
        importer.file("importer.toml", below(&run.stderr, begin).unwrap());
        let command = below(
            &run.stderr,
            match lang {
                "en" => "This tries",
                _ => "Dies probiert",
            },
        );
        let command = command.unwrap();
        importer
            .args(command.split_whitespace().skip(1))
            .run()
            .expect(0);
        assert_eq!(app_id(&erp), registered);
        assert!(app.is_none_or(|app| app == registered));
    }
}

/// Whoever keeps the key elsewhere has to know for which app it is.
#[test]
fn with_the_key_on_the_screen_the_app_is_told() {
    let erp = erp(Registration::default());
    let mut importer = register(&erp, &["--app-id", "shop 7"]);
    let run = importer.run().expect(0);
    assert!(run.stderr.contains("IMPORTER_API_KEY"), "{}", run.said());
    let told = below(&run.stderr, "for this app only").unwrap();
    assert_eq!(told, "importer doctor --app-id 'shop 7'\n");
    importer.args(["doctor", "--app-id", "shop 7", "--base-url", &erp.url()]);
    importer.env("IMPORTER_API_KEY", run.stdout.trim());
    importer.run().expect(0);
    let run = register(&erp, &["--json", "--app-id", "another"])
        .run()
        .expect(0);
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["app_id"], "another");
}

/// What cannot be reached, and why, is said in words, without a name that only programs have.
#[test]
fn a_server_that_does_not_answer_is_named_with_the_reason() {
    use crate::hostile::rogue::{Answer, Rogue, answer};
    let port = {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap().port()
    };
    let closed = format!("http://127.0.0.1:{port}");
    let silent = Rogue::start(|_, _| Some(Answer::Bytes(Vec::new())));
    let busy = Rogue::start(|_, _| Some(Answer::Bytes(answer("503 Service Unavailable", "{}"))));
    let plain = Rogue::start(|_, _| Some(Answer::Bytes(answer("501 Unsupported method", ""))));
    let shy = Rogue::start(|_, _| Some(Answer::Bytes(answer("401 Unauthorized", "{}"))));
    for (url, lang, code, told, help) in [
        (
            &closed,
            "en",
            75,
            "cannot be reached: nothing takes connections",
            "host and port",
        ),
        (
            &closed,
            "de",
            75,
            "ist nicht zu erreichen: dort nimmt nichts",
            "Host und Port",
        ),
        (
            &silent.url(),
            "en",
            75,
            "broke the connection off",
            "may be open in Wawi",
        ),
        (
            &silent.url(),
            "de",
            75,
            "brach die Verbindung ab",
            "vielleicht offen",
        ),
        (&busy.url(), "en", 75, "(status 503)", "again later"),
        (&shy.url(), "de", 5, "(Status 401)", "eigener Server"),
        (
            &plain.url(),
            "en",
            5,
            "(status 501)",
            "check --base-url: only",
        ),
    ] {
        let mut importer = Importer::new();
        importer.args(["register", "--base-url", url, "--lang", lang]);
        let run = importer.run().expect(code);
        assert!(run.stderr.contains(told), "{told}: {}", run.said());
        assert!(run.stderr.contains(help), "{help}: {}", run.said());
        for raw in ["(Connect)", "(Broken)", "Trouble"] {
            assert!(!run.stderr.contains(raw), "{}", run.said());
        }
        if code == 75 && !told.contains("503") {
            assert!(run.stderr.contains(url.as_str()), "{}", run.said());
        }
    }
}

/// A server that goes while somebody is waited for is told as what it is.
#[test]
fn a_server_that_goes_meanwhile_is_not_a_person_who_does_not_come() {
    use crate::hostile::rogue::{Answer, Rogue, answer};
    let server = Rogue::start(|asked, _| match asked.method.as_str() {
        "POST" => Some(Answer::Bytes(answer(
            "201 Created",
            r#"{"RegistrationRequestId":"a-1"}"#,
        ))),
        _ => Some(Answer::Bytes(Vec::new())),
    });
    let mut importer = Importer::new();
    importer.args([
        "register",
        "--every",
        "5ms",
        "--wait",
        "300ms",
        "--key-file",
        "k",
    ]);
    importer.arg("--base-url").arg(server.url());
    let run = importer.run().expect(75);
    assert!(
        run.stderr.contains("broke the connection off"),
        "{}",
        run.said()
    );
    assert!(
        run.stderr.contains("goes on with the request"),
        "{}",
        run.said()
    );
    assert!(!run.stderr.contains("nobody accepted"), "{}", run.said());
}

#[test]
fn a_key_file_that_is_there_stays_unless_it_was_said() {
    let erp = erp(Registration::default());
    let mut importer = register(&erp, &["--key-file", "wawi.key"]);
    importer.file("wawi.key", "older\n");
    let run = importer.run().expect(4);
    assert!(run.stderr.contains("--force"), "{}", run.said());
    assert_eq!(
        std::fs::read_to_string(key_file(&importer)).unwrap(),
        "older\n"
    );
    // Nothing was asked for that could have been lost.
    assert!(erp.requests().is_empty());
    importer.arg("--force").run().expect(0);
    assert_eq!(
        std::fs::read_to_string(key_file(&importer)).unwrap(),
        format!("{KEY}\n")
    );
    assert_left(&importer, &["wawi.key"]);
}

#[test]
fn where_no_key_can_be_written_none_is_asked_for() {
    let erp = erp(Registration::default());
    for place in ["nowhere/wawi.key", "file/wawi.key", "."] {
        let importer = register(&erp, &["--key-file", place]);
        importer.file("file", "mine");
        let run = importer.run().expect(4);
        assert!(run.stderr.contains("--key-file"), "{}", run.said());
    }
    assert!(erp.requests().is_empty());
}

/// Somebody puts another file there while Wawi is looked at: it stays, and the key is shown.
#[test]
fn a_file_that_comes_meanwhile_costs_nobody_the_key() {
    let erp = erp(Registration {
        pending_for: 100,
        ..Registration::default()
    });
    let importer = register(&erp, &["--key-file", "wawi.key"]);
    let child = importer.start();
    wait_for(|| erp.counters().gets > 2);
    importer.file("wawi.key", "another's\n");
    let run = importer.read(child.wait_with_output().unwrap()).expect(1);
    assert_eq!(
        std::fs::read_to_string(key_file(&importer)).unwrap(),
        "another's\n"
    );
    assert_eq!(run.stdout, format!("{KEY}\n"));
    assert_left(&importer, &["wawi.key"]);
}

#[test]
fn every_other_end_has_its_code_and_leaves_no_file_but_an_open_request() {
    let lost = Registration {
        loses_key: true,
        ..Registration::default()
    };
    let closed = Registration {
        closed_for: u32::MAX,
        ..with(Decision::Never)
    };
    for (registration, code, told) in [
        (with(Decision::Reject), 5, "rejected"),
        (with(Decision::Taken), 5, "registered already"),
        (with(Decision::Never), 75, "nobody accepted"),
        (closed, 75, "nobody opened Wawi's page"),
        (lost, 5, "told only once"),
    ] {
        let erp = erp(registration);
        let importer = register(&erp, &["--key-file", "wawi.key", "--wait", "1s"]);
        let run = importer.run().expect(code);
        assert!(run.stderr.contains(told), "{told}: {}", run.said());
        assert!(run.stderr.contains("help:"), "{}", run.said());
        assert!(!run.said().contains(KEY), "{}", run.said());
        // Nothing is open in Wawi that could be rejected or accepted where no page was.
        assert_eq!(
            run.stderr
                .contains("takes registrations only while that page is open"),
            told.contains("page"),
            "{}",
            run.said()
        );
        // What has no answer yet is kept, and nothing else.
        match told {
            "nobody accepted" => assert_left(&importer, &["wawi.key.request"]),
            _ => assert_left(&importer, &[]),
        }
    }
    let mut importer = Importer::new();
    importer.args(["register", "--base-url", "http://127.0.0.1:9"]);
    importer.run().expect(75);
    importer.args(["register"]).run().expect(4);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_in_good_order() {
    use nix_signal::interrupt;
    let erp = erp(with(Decision::Never));
    let importer = register(&erp, &["--key-file", "wawi.key"]);
    let child = importer.start();
    wait_for(|| erp.counters().gets > 1);
    interrupt(&child);
    let run = importer.read(child.wait_with_output().unwrap()).expect(130);
    assert!(
        run.stderr.contains("goes on with the request"),
        "{}",
        run.said()
    );
    assert_left(&importer, &["wawi.key.request"]);
}

/// Time is up, or the process is killed; somebody accepts it later; the same command has the key.
#[test]
fn a_request_that_is_open_is_gone_on_with_by_the_same_command() {
    let erp = erp(Registration {
        pending_for: 60,
        ..Registration::default()
    });
    let mut importer = register(&erp, &["--key-file", "wawi.key", "--wait", "100ms"]);
    let run = importer.run().expect(75);
    assert!(
        run.stderr.contains("goes on with the request"),
        "{}",
        run.said()
    );
    let request = importer.folder().join("wawi.key.request");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&request).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Another app's request is none of its business, and nothing is lost.
    importer.arg("--app-id").arg("another").run().expect(4);
    assert!(request.exists());
    let mut importer = importer;
    importer.args(["register", "--every", "5ms", "--base-url", &erp.url()]);
    importer.arg("--key-file").arg("wawi.key");
    let mut child = importer.start();
    let before = erp.counters().gets;
    wait_for(|| erp.counters().gets > before + 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = importer.run().expect(0);
    assert!(run.stderr.contains("open still"), "{}", run.said());
    assert_eq!(
        std::fs::read_to_string(key_file(&importer)).unwrap(),
        format!("{KEY}\n")
    );
    // Beside the key only what the killed process could not take away.
    assert!(!request.exists());
    // One request was opened, and no more.
    let posts = erp.requests();
    let posts = posts.iter().filter(|seen| seen.method.as_str() == "POST");
    assert_eq!(posts.count(), 1);
}

/// Sends what Ctrl-C sends.
#[cfg(unix)]
mod nix_signal {
    use std::process::{Child, Command};

    pub(super) fn interrupt(child: &Child) {
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

/// Servers of another build have the requests below `/v1`, or not.
#[test]
fn both_addresses_are_tried() {
    use crate::hostile::rogue::{Answer, Rogue, answer};
    for right in ["/authentication", "/v1/authentication"] {
        let server = Rogue::start(move |asked, _| {
            let text = match (asked.method.as_str(), asked.path.strip_prefix(right)) {
                ("POST", Some("")) => answer("201 Created", r#"{"RegistrationRequestId":"a-1"}"#),
                ("GET", Some("/a-1")) => answer(
                    "200 OK",
                    r#"{"requestStatusInfo":{"status":"Accepted"},"token":{"apiKey":"k-9"}}"#,
                ),
                _ => answer("404 Not Found", "{}"),
            };
            Some(Answer::Bytes(text))
        });
        for path in ["/customers", "/v1/customers"] {
            let mut importer = Importer::new();
            importer.args(["register", "--base-url", &server.url(), "--path", path]);
            let run = importer.run().expect(0);
            assert_eq!(run.stdout, "k-9\n");
        }
    }
}
