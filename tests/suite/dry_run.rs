//! The dry run: sends nothing, keeps nothing but its report, and says what a run would do.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::other_erp::faults_of_body;
use crate::support::{Importer, Run, files_below, repository, rows};

/// A mapping for [`LIST`].
const MAPPING: &str = r#"
[source]
date = "%d.%m.%Y"
decimal = ","

[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
Birthday = "geb."

[customer.BillingAddress]
LastName = "Name"
Street = "Straße"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = { column = "E-Mail", as = "email" }

[customer.PaymentSettings]
Discount = "Rabatt"
"#;

/// Five customers: records 2 and 4 are broken, the last one repeats an address.
const LIST: &str = "Nr;Name;Straße;PLZ;Ort;E-Mail;geb.;Rabatt;Notiz\r\n\
    C100;Müller;Grüner Weg 1;04109;Leipzig;mueller@example.org;01.02.1980;2,50;\"sagt: \"\"ja\"\"; später\"\r\n\
    C101;Özdemir;Hauptstraße 2;50667;Köln;kein Postfach;;;  behält  Blanks  \r\n\
    C102;Groß;Am Tor 3;1067;Dresden;gross@example.org;;;\r\n\
    C103;Jäger;;80331;;jaeger@example.org;31.02.1980;;\"zwei\r\nZeilen\"\r\n\
    C99;Vogel;Am Tor 5;01067;Dresden;gross@example.org;;;\r\n";

fn windows_1252(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

/// The program with mapping and list in its folder, and a dry run on its command line.
fn rehearsal() -> Importer {
    let mut importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file("list.csv", windows_1252(LIST));
    importer.args(["run", "list.csv", "-m", "map.toml", "--dry-run"]);
    importer
}

/// The text with single blanks, so that line breaks of the page mean nothing.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(text: &str, what: &[&str]) {
    let text = flowing(text);
    for what in what {
        assert!(text.contains(what), "`{what}` is missing in:\n{text}");
    }
}

/// The names of what lies directly in the folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_is_needed_and_nothing_kept_but_the_report() {
    let importer = rehearsal();
    let run = importer.run().expect(3);
    assert_eq!(
        names(importer.folder()),
        ["list.csv", "map.toml", "reports"]
    );
    let report = run.reports().pop().unwrap();
    assert_eq!(
        names(&report),
        [
            "failed.csv",
            "failed.xlsx",
            "report.html",
            "summary.json",
            "warnings.csv"
        ]
    );
    let run_id = report.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(run_id.starts_with("dry-run-"), "{run_id}");
    assert_eq!(run.summary()["run"], run_id.as_str());
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn the_plan_says_what_a_run_would_do_and_what_nobody_checked() {
    let mut importer = rehearsal();
    let run = importer.arg("--rate").arg("6/m").run().expect(3);
    says(
        &run.stdout,
        &[
            "Dry run: 3 of 5 records would be created, 2 invalid; nothing was sent.",
            "3 would be created",
            "2 invalid, would not be sent",
            "email.malformed, BillingAddress.EmailAddress (column E-Mail)",
            "record 2 (line 3)",
            "required.missing, BillingAddress.City (column Ort)",
            "type.date, Birthday (column geb.)",
            "record 4 (line 5)",
            "Warnings (1 record) 1 email.duplicate",
            "Repaired, as the mapping asks 1 leading zero of a German postal code restored",
            "windows-1252 (detected), delimiter `;` (detected)",
            "Columns not used: Notiz",
            // Record 4 is invalid; once it is corrected its number must be free.
            "the highest is C103; set Wawi's number range above it",
            // Each customer may cost a look-up and a POST: 6 requests of 10 s.
            "Will take about 1 min at the configured rate",
            "Not checked the server's own rules",
            "which customers the ERP, or an earlier run, has already (by `Number`)",
            "failed.csv says what is wrong",
        ],
    );
    assert!(!run.stdout.contains("a run would send nothing"));

    let plan = &run.summary()["plan"];
    assert_eq!(plan["would_create"], 3);
    assert_eq!(plan["invalid"], 2);
    assert_eq!(plan["unused_columns"], serde_json::json!(["Notiz"]));
    assert_eq!(plan["highest_number"], "C103");
    assert_eq!(plan["seconds_at_rate"], 60);
    assert_eq!(run.summary()["repairs"]["postal_code.zero_restored"], 1);
    assert_eq!(run.summary()["ending"], "finished");
    assert_eq!(run.summary()["exit_code"], 3);
}

#[test]
fn the_sample_body_is_masked_unless_values_are_asked_for() {
    const SECRETS: [&str; 3] = ["Müller", "mueller@example.org", "Grüner Weg"];
    let sample = |values: Option<&str>| {
        let mut importer = rehearsal();
        if let Some(values) = values {
            importer.arg("--values").arg(values);
        }
        let run = importer.run().expect(3);
        let plan = run.summary()["plan"]["sample_body"].clone();
        (run.stdout + &run.stderr, plan.as_str().unwrap().to_owned())
    };
    let (masked, in_summary) = sample(None);
    for secret in SECRETS {
        assert!(!masked.contains(secret), "{masked}");
        assert!(!in_summary.contains(secret), "{in_summary}");
    }
    says(
        &masked,
        &["One body as it would be sent", "\"LastName\": \"M…"],
    );
    let (full, in_summary) = sample(Some("full"));
    for secret in SECRETS {
        assert!(full.contains(secret), "{full}");
        assert!(in_summary.contains(secret), "{in_summary}");
    }
    assert!(full.contains("\"Discount\": 2.50"), "{full}");
    let (none, _) = sample(Some("none"));
    assert!(!none.contains("M…"), "{none}");
    says(&none, &["\"LastName\": \"…\""]);
}

#[test]
fn failed_csv_holds_exactly_the_broken_records_as_they_were() {
    let importer = rehearsal();
    let run = importer.run().expect(3);
    let failed = run.report_file("failed.csv");
    // The header and the cells are the input's own bytes, line break and quotes included.
    let lines: Vec<&[u8]> = failed.split(|byte| *byte == b'\n').collect();
    let header = windows_1252("Nr;Name;Straße;PLZ;Ort;E-Mail;geb.;Rabatt;Notiz;_message;");
    assert!(lines[0].starts_with(&header));
    assert!(lines[0].ends_with(b"\r"), "the input's line breaks");
    for record in [
        "C101;Özdemir;Hauptstraße 2;50667;Köln;kein Postfach;;;  behält  Blanks  ;",
        "C103;Jäger;;80331;;jaeger@example.org;31.02.1980;;\"zwei\r\nZeilen\";",
    ] {
        let bytes = windows_1252(record);
        let at = failed
            .windows(bytes.len())
            .filter(|window| *window == bytes)
            .count();
        assert_eq!(at, 1, "{record}\n{}", failed.escape_ascii());
    }
    let text = encoding_rs::WINDOWS_1252.decode(&failed).0.into_owned();
    let rows = rows(text.as_bytes(), b';');
    let places: Vec<(&str, &str, &str)> = rows
        .iter()
        .map(|row| (&*row["Nr"], &*row["_record"], &*row["_line"]))
        .collect();
    assert_eq!(places, [("C101", "2", "3"), ("C103", "4", "5")]);
    assert_eq!(rows[0]["_code"], "email.malformed");
    assert_eq!(rows[0]["_columns"], "E-Mail");
    assert_eq!(rows[0]["_field"], "BillingAddress.EmailAddress");
    for (column, words) in [
        ("_code", ["type.date", "required.missing"]),
        ("_columns", ["geb.", "Ort"]),
        ("_field", ["Birthday", "BillingAddress.City"]),
    ] {
        let cell: Vec<&str> = rows[1][column].split(" | ").collect();
        assert_eq!(cell.len(), words.len(), "{cell:?}");
        for word in words {
            assert!(cell.contains(&word), "{cell:?}");
        }
    }
    for row in &rows {
        assert_eq!(row["_run"], run.summary()["run"].as_str().unwrap());
        assert!(!row["_message"].is_empty());
        assert!(row["_status"].is_empty());
        assert_eq!(row["_attempts"], "0");
    }

    let warnings = run.rows("warnings.csv");
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0]["record"], "5");
    assert_eq!(warnings[0]["code"], "email.duplicate");
}

#[test]
fn payloads_are_the_bodies_that_a_run_would_send() {
    let mut importer = rehearsal();
    let run = importer
        .arg("--payloads")
        .arg("bodies.jsonl")
        .run()
        .expect(3);
    let written = std::fs::read(importer.folder().join("bodies.jsonl")).unwrap();
    let bodies = strict_bodies(&written);
    let numbers: Vec<&str> = bodies
        .iter()
        .map(|body| body["Number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["C100", "C102", "C99"]);
    assert_eq!(bodies[0]["Birthday"], "1980-02-01T00:00:00Z");
    assert_eq!(bodies[0]["PaymentSettings"]["Discount"].to_string(), "2.50");
    assert_eq!(bodies[1]["BillingAddress"]["PostalCode"], "01067");
    says(&run.stdout, &["Dry run: 3 of 5 records would be created"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = importer.folder().join("bodies.jsonl");
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "bodies hold customers' data");
    }

    // To stdout: nothing but bodies there, the plan on stderr.
    let mut importer = rehearsal();
    let run = importer.arg("--payloads").arg("-").run().expect(3);
    assert_eq!(run.stdout.as_bytes(), written);
    says(
        &run.stderr,
        &["Dry run: 3 of 5 records would be created", "Not checked"],
    );
    // The same with JSON lines as the plan.
    let run = importer.arg("--json").run().expect(3);
    assert_eq!(run.stdout.as_bytes(), written);
    assert_eq!(json_lines(&run.stderr).last().unwrap()["type"], "summary");

    // Only what a dry run would send can be written.
    importer.args(["run", "list.csv", "-m", "map.toml", "--payloads", "-"]);
    let run = importer.run().expect(2);
    says(&run.stderr, &["--payloads", "add --dry-run"]);
}

#[test]
fn every_body_of_every_sample_passes_the_published_description() {
    for (sample, mapping) in [
        ("customers.csv", "shop"),
        ("damaged.csv", "shop"),
        ("customers.jsonl", "shop-json"),
        ("jtl-shop5.csv", "jtl-shop5"),
        ("shopify.csv", "shopify"),
        ("shopware6.csv", "shopware6"),
        ("woocommerce.csv", "woocommerce"),
        ("datev.csv", "datev"),
        ("magento2.csv", "magento2"),
        ("prestashop/addresses.csv", "prestashop"),
    ] {
        let mut importer = Importer::new();
        let input = repository("samples").join(sample);
        let mapping = repository("mappings").join(format!("{mapping}.toml"));
        importer.args(["run", "--dry-run", "-q", "--payloads", "-"]);
        importer.arg(input.to_str().unwrap());
        importer.arg("-m").arg(mapping.to_str().unwrap());
        let run = importer.run();
        let bodies = strict_bodies(run.stdout.as_bytes());
        assert_eq!(bodies.len() as u64, run.count("ready"), "{sample}");
        assert!(!bodies.is_empty(), "{sample}");
    }
}

/// The bodies, one a line, each of which the stand-in's strict description accepts.
#[track_caller]
fn strict_bodies(lines: &[u8]) -> Vec<Value> {
    assert!(lines.is_empty() || lines.ends_with(b"\n"));
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let faults = faults_of_body(line);
            assert!(faults.is_empty(), "{faults:?}\n{}", line.escape_ascii());
            serde_json::from_slice(line).unwrap()
        })
        .collect()
}

#[track_caller]
fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn json_is_one_object_a_line() {
    let mut importer = rehearsal();
    let run = importer.arg("--json").run().expect(3);
    let lines = json_lines(&run.stdout);
    assert!(lines.iter().all(|line| line["type"].is_string()));
    let summary = lines.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["counts"]["ready"], 3);
    assert_eq!(summary["plan"]["would_create"], 3);
    let mut in_report = run.summary();
    in_report["type"] = "summary".into();
    assert_eq!(&in_report, summary);

    // Errors too.
    importer.args([
        "run",
        "nowhere.csv",
        "-m",
        "map.toml",
        "--dry-run",
        "--json",
    ]);
    let run = importer.run().expect(4);
    let error = json_lines(&run.stdout).pop().unwrap();
    assert_eq!(error["type"], "error");
    assert!(error["message"].as_str().unwrap().contains("nowhere.csv"));
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_little_when_not() {
    let mut importer = rehearsal();
    let run = importer.arg("-q").run().expect(3);
    says(
        &run.said(),
        &["Dry run: 3 of 5 records would be created, 2 invalid"],
    );
    assert!(!run.said().contains("Not checked"), "{}", run.said());
    importer.args(["run", "list.csv", "-m", "map.toml", "--dry-run", "-q"]);
    let (header, _) = LIST.split_once("\r\n").unwrap();
    let fine = format!("{header}\r\nC1;Weiß;Am Tor 1;01067;Dresden;;;;\r\n");
    importer.file("list.csv", windows_1252(&fine));
    let run = importer.run().expect(0);
    assert_eq!((&*run.stdout, &*run.stderr), ("", ""));
}

#[test]
fn colour_comes_when_asked_for_and_not_against_no_color() {
    let mut importer = rehearsal();
    let has_colour = |run: Run| run.said().contains('\u{1b}');
    assert!(!has_colour(importer.run()), "neither stream is a terminal");
    importer.arg("--color").arg("always");
    assert!(has_colour(importer.run()));
    importer.args(["run", "list.csv", "-m", "map.toml", "--dry-run"]);
    importer.env("NO_COLOR", "1").env("TERM", "xterm-256color");
    assert!(!has_colour(importer.run()));
    // Nothing of a customer's data can steer the terminal either.
    let (header, _) = LIST.split_once("\r\n").unwrap();
    importer.file(
        "list.csv",
        format!("{header}\r\nC1;\u{1b}[2JWeiß;x;01067;Ort;a\u{1b}]0;;;\r\n"),
    );
    importer.arg("--values").arg("full");
    assert!(!has_colour(importer.run()));
}

#[test]
fn jsonl_fails_into_jsonl() {
    let mut importer = Importer::new();
    let mapping = MAPPING.replace("\"Straße\"", "\"adr.straße\"");
    importer.file("map.toml", mapping.replace("%d.%m.%Y", "%Y-%m-%d"));
    let record = |nr: &str, mail: &str, day: &str| {
        format!(
            r#"{{"Nr": "{nr}", "Name": "Groß", "adr": {{"straße": "Am Tor 1"}}, "PLZ": "01067", "Ort": "Dresden", "E-Mail": "{mail}", "geb.": {day}, "Rabatt": 2.5, "extra": [1, {{"x": null}}]}}"#
        )
    };
    let broken = record("C2", "nirgends", "\"1980-02-31\"");
    let lines = [
        record("C1", "a@example.org", "null"),
        broken.clone(),
        "{\"Nr\": ".to_owned(),
        record("C3", "b@example.org", "\"1980-02-28\""),
    ];
    importer.file("list.jsonl", lines.join("\n"));
    importer.args(["run", "list.jsonl", "-m", "map.toml", "--dry-run"]);
    let run = importer.run().expect(3);
    assert_eq!((run.count("ready"), run.count("invalid")), (2, 2));
    assert!(!run.has_report_file("failed.csv"));
    let text = String::from_utf8(run.report_file("failed.jsonl")).unwrap();
    let rows = json_lines(&text);
    assert_eq!(rows.len(), 2, "{text}");
    assert_eq!(
        (&rows[0]["record"], &rows[0]["line"]),
        (&2.into(), &2.into())
    );
    assert_eq!(rows[0]["run"], run.summary()["run"]);
    let input: Value = serde_json::from_str(&broken).unwrap();
    assert_eq!(rows[0]["input"], input, "the record is unchanged");
    let codes: Vec<&str> = rows[0]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"email.malformed"), "{codes:?}");
    assert!(codes.contains(&"type.date"), "{codes:?}");
    assert_eq!(rows[1]["record"], 3);
    assert_eq!(rows[1]["errors"][0]["code"], "json.malformed");
    let unreadable = run.report_file("unreadable.txt");
    assert_eq!(unreadable, b"{\"Nr\": \n");
}

#[test]
fn a_list_that_is_short_in_every_record_is_no_missing_column() {
    let mut importer = Importer::new();
    let sample = std::fs::read_to_string(repository("samples/customers.jsonl")).unwrap();
    let has_one_address = |line: &&str| {
        let customer: Value = serde_json::from_str(line).unwrap();
        customer["addresses"].as_array().unwrap().len() < 2
    };
    let lines: Vec<&str> = sample.lines().filter(has_one_address).collect();
    assert!(lines.len() < sample.lines().count(), "nobody has two");
    importer.file("list.jsonl", lines.join("\n"));
    let mapping = repository("mappings/shop-json.toml");
    importer.args(["run", "list.jsonl", "--dry-run", "-m"]);
    let run = importer.arg(mapping.to_str().unwrap()).run().expect(0);
    assert_eq!(run.count("ready"), lines.len() as u64);
}

#[test]
fn the_input_may_come_by_pipe() {
    let mut importer = rehearsal();
    importer.args(["run", "-", "-m", "map.toml", "--dry-run"]);
    let run = importer.stdin(windows_1252(LIST)).run().expect(3);
    assert_eq!((run.count("ready"), run.count("invalid")), (3, 2));
    assert_eq!(run.summary()["input"], "-");
    assert_eq!(
        names(importer.folder()),
        ["list.csv", "map.toml", "reports"]
    );
    // What was kept meanwhile is gone.
    let left = files_below(&run.reports().pop().unwrap());
    assert!(
        left.iter()
            .all(|path| !path.to_string_lossy().contains("stdin"))
    );
    let run = importer
        .args(["run", "-", "-", "--dry-run"])
        .run()
        .expect(2);
    says(&run.stderr, &["stdin is named twice", "name - once"]);
}

#[test]
fn several_inputs_are_runs_of_their_own_and_the_worst_code_wins() {
    let mut importer = rehearsal();
    let (header, _) = LIST.split_once("\r\n").unwrap();
    let fine = |nr: &str| {
        windows_1252(&format!(
            "{header}\r\n{nr};Weiß;Am Tor 1;01067;Dresden;;;;\r\n"
        ))
    };
    importer.file("in/a-1.csv", fine("C1"));
    importer.file("in/a-2.csv", fine("C2"));
    importer.file("in/b.csv", "");
    importer.args(["run", "in/a-*.csv", "-m", "map.toml", "--dry-run"]);
    let run = importer.run().expect(0);
    assert_eq!(inputs(&run), ["in/a-1.csv", "in/a-2.csv"]);

    // 3 of the list wins over 0 …
    importer.args(["run", "in/a-1.csv", "list.csv", "in/a-2.csv"]);
    let run = importer.arg("-m").arg("map.toml").arg("--dry-run").run();
    assert_eq!(
        inputs(&run.expect(3))[2..],
        ["in/a-1.csv", "list.csv", "in/a-2.csv"]
    );

    // … 4 of the empty file over 3, and those behind it are read all the same.
    importer.args(["run", "in/b.csv", "list.csv", "in/a-2.csv"]);
    let run = importer.arg("-m").arg("map.toml").arg("--dry-run").run();
    says(&run.stderr, &["`in/b.csv` is empty"]);
    assert_eq!(inputs(&run.expect(4))[5..], ["list.csv", "in/a-2.csv"]);

    // A pattern that fits nothing is found out before anything is read.
    importer.args([
        "run",
        "list.csv",
        "in/z-*.csv",
        "-m",
        "map.toml",
        "--dry-run",
    ]);
    let run = importer.run().expect(4);
    says(&run.stderr, &["no file fits the pattern `in/z-*.csv`"]);
    assert_eq!(inputs(&run).len(), 7);
}

/// The inputs of all reports, in the order of their runs.
fn inputs(run: &Run) -> Vec<String> {
    run.reports()
        .iter()
        .map(|folder| {
            let summary = std::fs::read(folder.join("summary.json")).unwrap();
            let summary: Value = serde_json::from_slice(&summary).unwrap();
            summary["input"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn what_has_the_apis_shape_needs_no_mapping() {
    let mut importer = rehearsal();
    importer
        .arg("--payloads")
        .arg("bodies.jsonl")
        .run()
        .expect(3);
    let bodies = std::fs::read_to_string(importer.folder().join("bodies.jsonl")).unwrap();
    importer.args(["run", "bodies.jsonl", "--dry-run", "--payloads", "-"]);
    let run = importer.run().expect(0);
    assert_eq!(run.stdout, bodies);

    // It is held to the API's rules all the same.
    let mut wrong: Vec<BTreeMap<String, Value>> = bodies
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    wrong[0].insert("number".to_owned(), "C1".into());
    wrong[1].insert("CustomerGroupId".to_owned(), 0.into());
    wrong[2].remove("BillingAddress");
    let lines: Vec<String> = wrong
        .iter()
        .map(|body| serde_json::to_string(body).unwrap())
        .collect();
    importer.file("bodies.jsonl", lines.join("\n"));
    let run = importer.run().expect(3);
    assert_eq!(run.stdout, "");
    let failed = String::from_utf8(run.report_file("failed.jsonl")).unwrap();
    let codes: Vec<Value> = json_lines(&failed)
        .into_iter()
        .map(|row| row["errors"][0]["code"].clone())
        .collect();
    assert_eq!(codes, ["property.unknown", "range", "required.missing"]);

    // CSV has columns, not the API's shape.
    importer.args(["run", "list.csv", "--dry-run"]);
    let run = importer.run().expect(4);
    says(&run.stderr, &["needs a mapping", "name one with -m"]);
}

#[test]
fn too_much_that_is_invalid_is_said_but_ends_with_3() {
    let mut importer = rehearsal();
    let run = importer.arg("--max-invalid").arg("1").run().expect(3);
    says(
        &run.stdout,
        &["As it is, a run would send nothing: more are invalid than --max-invalid allows."],
    );
    assert_eq!(run.summary()["plan"]["too_many_invalid"], true);
    importer.args(["run", "list.csv", "-m", "map.toml", "--dry-run"]);
    let run = importer.arg("--max-invalid").arg("2").run().expect(3);
    assert_eq!(run.summary()["plan"]["too_many_invalid"], false);
}
