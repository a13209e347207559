//! Nothing that is secret, and no customer, where it does not belong.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::customers::{Customers, LAST_NAME, MAIL_DOMAIN, MAPPING, column};
use crate::other_erp::{CANARY, CLIENT_ID, Door, Knobs, OtherErp};
use crate::support::{Importer, Run, files_below};

/// Everything that the program may be told to say.
const TALKATIVE: [&[&str]; 3] = [
    &["-vvv"],
    &["-vvv", "--log-format", "json"],
    &["-vvv", "--json", "--values", "full"],
];

fn importer(customers: &Customers, url: &str, further: &[&str]) -> Importer {
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", url]);
    for word in further {
        importer.arg(word);
    }
    importer
}

/// Whether `needle` stands in `bytes`.
fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// Fails if `needle` stands anywhere that the program wrote to.
#[track_caller]
fn assert_nowhere(needle: &str, run: &Run, importer: &Importer) {
    assert!(!run.stdout.contains(needle), "stdout: {}", run.stdout);
    assert!(!run.stderr.contains(needle), "stderr: {}", run.stderr);
    let files = files_below(importer.folder());
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!holds(&bytes, needle), "{}", file.display());
    }
}

/// Runs with these credentials, with every way to talk, against a server that refuses some
/// records and shows the secret in its own errors.
#[track_caller]
fn secret_stays_secret(door: Door, credentials: &[(&str, &str)], wrong: &str) {
    for words in TALKATIVE {
        let customers = Customers::with_broken(50, 40);
        let erp = OtherErp::start(Knobs::default().door(door).fail_from(21, 422));
        let mut importer = importer(&customers, &erp.url(), words);
        importer.arg("--max-failures").arg("100%");
        for (name, value) in credentials {
            importer.env(name, value);
        }
        if matches!(door, Door::Tokens(_)) {
            importer.env("IMPORTER_TOKEN_URL", erp.token_url());
        }
        let run = importer.run().expect(3);
        assert!(run.count("refused") >= 10);
        let basic = STANDARD.encode(format!("{CLIENT_ID}:{CANARY}"));
        for needle in [CANARY, &STANDARD.encode(CANARY), &basic] {
            assert_nowhere(needle, &run, &importer);
        }
        // A secret that is not accepted is no less a secret.
        let another = OtherErp::start(Knobs::default().door(Door::ApiKey));
        importer.args([
            "run",
            "shop.csv",
            "-m",
            "shop.toml",
            "--base-url",
            &another.url(),
        ]);
        for word in words {
            importer.arg(word);
        }
        for (name, value) in credentials {
            importer.env(name, value.replace(CANARY, wrong));
        }
        if matches!(door, Door::Tokens(_)) {
            importer.env("IMPORTER_TOKEN_URL", erp.token_url());
        }
        let run = importer.run().expect(5);
        assert_nowhere(wrong, &run, &importer);
    }
}

/// A secret that no server accepts.
const WRONG: &str = "wrong-canary-77c1d0";

#[test]
fn a_client_s_secret_is_written_nowhere() {
    let credentials = [
        ("IMPORTER_CLIENT_ID", CLIENT_ID),
        ("IMPORTER_CLIENT_SECRET", CANARY),
    ];
    secret_stays_secret(Door::Tokens(Duration::from_secs(60)), &credentials, WRONG);
}

#[test]
fn an_api_key_is_written_nowhere() {
    secret_stays_secret(Door::ApiKey, &[("IMPORTER_API_KEY", CANARY)], WRONG);
}

#[test]
fn an_access_token_is_written_nowhere() {
    secret_stays_secret(Door::Open, &[("IMPORTER_ACCESS_TOKEN", CANARY)], WRONG);
}

#[test]
fn a_password_in_the_address_is_not_repeated() {
    let customers = Customers::valid(51, 3);
    let url = format!("http://user:{CANARY}@127.0.0.1:1/erp");
    let importer = importer(&customers, &url, &["-vvv"]);
    let run = importer.run();
    assert_ne!(run.code, 0);
    assert!(!run.said().contains(CANARY), "{}", run.said());
}

/// The permissions of a file or a folder.
#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every folder below this one, and itself.
#[cfg(unix)]
fn folders_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut folders: Vec<_> = files_below(folder)
        .iter()
        .map(|file| file.parent().unwrap().to_owned())
        .collect();
    folders.push(folder.to_owned());
    folders
}

#[cfg(unix)]
#[test]
fn files_of_the_state_and_the_report_are_for_their_owner_alone() {
    let customers = Customers::with_broken(52, 40).moved([3]);
    let erp = OtherErp::start(Knobs::default().fail_from(31, 422));
    let mut importer = importer(&customers, &erp.url(), &["--max-failures", "100%"]);
    importer.run().expect(3);
    // From stdin there is a spool too, as long as its run is not finished.
    importer.args(["run", "-", "-m", "shop.toml", "--base-url", &erp.url()]);
    importer
        .arg("--limit")
        .arg("2")
        .stdin(Customers::valid(53, 50).csv());
    erp.lift();
    importer.run().expect(0);
    assert_eq!(
        files_below(&importer.folder().join(".importer/spool")).len(),
        1
    );
    for name in [".importer", "reports"] {
        let folder = importer.folder().join(name);
        let files = files_below(&folder);
        assert!(!files.is_empty());
        for file in files {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
        for folder in folders_below(&folder) {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
    }
}

#[test]
fn what_came_from_stdin_is_kept_until_its_run_is_finished() {
    let customers = Customers::valid(58, 30);
    let erp = OtherErp::start(Knobs::default());
    let mut importer = importer(&customers, "", &[]);
    let kept = importer.folder().join(".importer/spool");
    importer.args(["run", "-", "-m", "shop.toml", "--base-url", &erp.url()]);
    importer.arg("--limit").arg("10").stdin(customers.csv());
    for (created, files) in [(10, 1), (20, 1), (30, 0)] {
        let run = importer.run().expect(0);
        assert_eq!(run.count("created"), created);
        assert_eq!(files_below(&kept).len(), files, "after {created}");
    }
    // Nor does an input stay that cannot be used.
    importer.stdin("a;b\n1;2\n").run().expect(4);
    assert!(files_below(&kept).is_empty());
}

#[test]
fn what_came_from_stdin_is_kept_while_a_run_of_another_target_needs_it() {
    let customers = Customers::valid(58, 12);
    let erps = [
        OtherErp::start(Knobs::default()),
        OtherErp::start(Knobs::default()),
    ];
    let mut importer = importer(&customers, "", &[]);
    let kept = importer.folder().join(".importer/spool");
    // The second target is finished first.
    for (erp, limit, created, files) in [(0, "5", 5, 1), (1, "12", 12, 1), (0, "12", 12, 0)] {
        importer.args([
            "run",
            "-",
            "-m",
            "shop.toml",
            "--base-url",
            &erps[erp].url(),
        ]);
        importer.arg("--limit").arg(limit).stdin(customers.csv());
        assert_eq!(importer.run().expect(0).count("created"), created);
        assert_eq!(files_below(&kept).len(), files, "{erp}");
    }
}

#[test]
fn customers_are_in_no_log_and_not_in_the_journal() {
    for words in [TALKATIVE[0], TALKATIVE[1]] {
        let customers = Customers::with_broken(54, 60);
        // Its messages repeat the e-mail addresses.
        let erp = OtherErp::start(Knobs::default().fail_from(31, 422));
        let mut importer = importer(&customers, &erp.url(), words);
        importer.arg("--max-failures").arg("100%");
        let run = importer.run().expect(3);
        assert!(run.count("refused") >= 10);
        for needle in [
            LAST_NAME,
            MAIL_DOMAIN,
            "Atlantis",
            "Löwen",
            "keine@@adresse",
        ] {
            assert!(!run.stderr.contains(needle), "{needle}: {}", run.stderr);
            assert!(!run.stdout.contains(needle), "{needle}: {}", run.stdout);
            let files = files_below(&importer.folder().join(".importer"));
            assert!(!files.is_empty());
            for file in files {
                let bytes = std::fs::read(&file).unwrap();
                assert!(!holds(&bytes, needle), "{needle}: {}", file.display());
            }
        }
    }
}

/// Sequences that would clear a screen, set its title, or ring.
const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m";

/// Fails if something that a terminal would obey is about to reach one.
#[track_caller]
fn assert_tame(run: &Run) {
    for stream in [&run.stdout, &run.stderr] {
        let wild = stream
            .chars()
            .find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'));
        assert_eq!(wild, None, "{stream:?}");
    }
}

#[test]
fn escapes_in_data_do_not_reach_the_terminal() {
    let mut customers = Customers::valid(55, 10);
    customers.0[2].cells[column("Nachname")] = format!("Wild{ESCAPES}");
    customers.0[3].cells[column("Gruppe")] = format!("Freunde{ESCAPES}");
    customers.0[4].cells[column("E-Mail")] = format!("a{ESCAPES}@example.org");
    customers.0[5].cells[0] = format!("K{ESCAPES}");
    let erp = OtherErp::start(Knobs::default());
    for further in [
        &["--values", "full"][..],
        &["--values", "full", "-vvv"],
        &["--values", "full", "--dry-run"],
        &["--values", "full", "--json"],
        &[
            "--record",
            "3",
            "--values",
            "full",
            "-vvv",
            "--log-format",
            "json",
        ],
    ] {
        let run = importer(&customers, &erp.url(), further).run();
        assert!([0, 3].contains(&run.code), "{}", run.said());
        assert_tame(&run);
    }
    assert!(erp.violations().is_empty());
}

#[test]
fn escapes_in_a_mapping_and_a_header_do_not_reach_the_terminal() {
    let customers = Customers::valid(56, 2);
    let mut importer = importer(&customers, "http://127.0.0.1:1", &["--dry-run"]);
    let mut csv = customers.csv();
    csv.splice(2..2, ESCAPES.bytes());
    importer.file("shop.csv", csv);
    assert_tame(&importer.run().expect(4));
    importer.file("shop.csv", customers.csv());
    let odd = MAPPING.replace("\"Nachname\"", "\"Nach\\u001b[2Jname\"");
    importer.file("shop.toml", odd);
    assert_tame(&importer.run().expect(4));
    importer.file("shop.toml", format!("# {ESCAPES}\n[custumer]\n"));
    assert_tame(&importer.run().expect(4));
    importer.args([format!("run{ESCAPES}")]);
    assert_tame(&importer.run().expect(2));
    importer.args([
        "run".to_owned(),
        format!("{ESCAPES}.csv"),
        "--dry-run".to_owned(),
    ]);
    assert_tame(&importer.run().expect(4));
}

/// A server that refuses every customer in words that would wreck a terminal. It ends with the
/// test's process.
fn rude_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || be_rude(stream));
        }
    });
    url
}

fn be_rude(mut stream: TcpStream) -> Option<()> {
    let mut heard = Vec::new();
    let mut chunk = [0; 4096];
    while !holds(&heard, "\r\n\r\n") {
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        heard.extend_from_slice(&chunk[..read]);
    }
    let (status, body) = if heard.starts_with(b"GET ") {
        (
            "200 OK",
            serde_json::json!({ "TotalItems": 0, "Items": [] }),
        )
    } else {
        let word = format!("no {ESCAPES} entry");
        let body = serde_json::json!({
            "ErrorCode": word,
            "ErrorMessage": word,
            "ValidationErrors": { word.clone(): word },
        });
        ("422 Rude", body)
    };
    let body = body.to_string();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).ok()?;
    stream.flush().ok()?;
    // The rest of the request is read, so that closing does not cut the answer off.
    stream.shutdown(std::net::Shutdown::Write).ok()?;
    while stream.read(&mut chunk).ok()? > 0 {}
    Some(())
}

#[test]
fn escapes_in_answers_do_not_reach_the_terminal() {
    let customers = Customers::valid(57, 5);
    for further in [
        &["-vvv"][..],
        &["--json"],
        &["-vvv", "--log-format", "json"],
    ] {
        let mut importer = importer(&customers, &rude_server(), further);
        importer.arg("--values").arg("full");
        let run = importer.run().expect(3);
        assert_eq!(run.count("refused"), 5);
        assert_tame(&run);
        // Nor does a look at the journal bring them back.
        for command in [&["runs"][..], &["show", &run_id(&run)]] {
            let shown = importer.args(command).run().expect(0);
            assert_tame(&shown);
        }
    }
}

/// The id of the newest run.
fn run_id(run: &Run) -> String {
    let folder = run.reports().pop().unwrap();
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}
