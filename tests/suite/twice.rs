//! The same input a second time: after a restore, corrected, edited, with other files at stake.

use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::{Importer, files_below, repository};

const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
"#;

fn list(records: usize) -> String {
    let rows = (1..=records).map(|n| format!("C{n};Muster{n};Ulm\n"));
    format!("Nr;Name;Ort\n{}", rows.collect::<String>())
}

fn importer(records: usize) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file("in.csv", list(records));
    importer
}

#[test]
fn after_a_restore_again_sends_what_an_unfinished_run_had_created_too() {
    let mut it = importer(30);
    let lost = StandIn::start(SandboxSettings::default());
    it.file("importer.toml", settings(&lost.url()));
    it.args(["run", "in.csv", "-m", "map.toml", "--limit", "10"]);
    it.run().expect(0);
    let restored = StandIn::start(SandboxSettings::default());
    it.file("importer.toml", settings(&restored.url()));
    it.args(["run", "in.csv", "-m", "map.toml", "--again"]);
    assert_eq!(it.run().expect(0).count("created"), 30);
    assert_eq!(restored.ledger().len(), 30);
}

#[test]
fn the_same_command_with_unkeyed_records_allowed_sends_them() {
    let mut it = importer(30);
    it.file("map.toml", MAPPING.replace("Number = \"Nr\"\n", ""));
    let shop = StandIn::start(SandboxSettings::default());
    let url = shop.url();
    let words = ["run", "in.csv", "-m", "map.toml", "--base-url", &url];
    let run = it.args(words).run().expect(4);
    assert!(run.said().contains("--allow-unkeyed"), "{}", run.said());
    let run = it.arg("--allow-unkeyed").run().expect(0);
    assert_eq!(run.count("created"), 30);
    assert_eq!(shop.created(), 30);
    it.args(["report", run.summary()["run"].as_str().unwrap()]);
    assert_eq!(it.run().expect(0).count("created"), 30);
}

fn settings(url: &str) -> String {
    format!("profile = \"erp\"\n[profiles.erp]\ntarget = \"erp\"\nbase_url = \"{url}\"\n")
}

#[test]
fn what_failed_comes_back_although_the_export_had_another_shape() {
    let mut it = Importer::new();
    it.file(
        "map.toml",
        MAPPING
            .replace("[customer]", "[source]\nheader = false\n[customer]")
            .replace("\"Nr\"", "\"1\"")
            .replace("\"Name\"", "\"2\"")
            .replace("\"Ort\"", "\"3\""),
    );
    it.file("in.csv", "K1;A;\nK2;B;Ulm\n");
    let words = ["-m", "map.toml", "--sandbox"];
    let first = it
        .args(["run", "in.csv"].iter().chain(&words))
        .run()
        .expect(3);
    let failed = String::from_utf8(first.report_file("failed.csv")).unwrap();
    it.file("back.csv", failed.replace("K1;A;;", "K1;A;Bonn;"));
    let second = it
        .args(["run", "back.csv"].iter().chain(&words))
        .run()
        .expect(0);
    let created = second.rows("created.csv");
    assert_eq!(created.len(), 1);
    assert_eq!(created[0]["customer_number"], "K1");
}

#[test]
fn an_export_with_lines_before_its_header_comes_back_too() {
    let mut it = Importer::new();
    let datev = std::fs::read(repository("samples/datev.csv")).unwrap();
    let text = encoding_rs::WINDOWS_1252.decode(&datev).0.into_owned();
    let broken = encoding_rs::WINDOWS_1252
        .encode(&text.replacen("@example", "#example", 1))
        .0
        .into_owned();
    it.file("in.csv", broken);
    let words = ["-m", "builtin:datev", "--sandbox"];
    let first = it
        .args(["run", "in.csv"].iter().chain(&words))
        .run()
        .expect(3);
    let failed = first.report_file("failed.csv");
    let failed = encoding_rs::WINDOWS_1252.decode(&failed).0.into_owned();
    let mended = failed.replacen("#example", "@example", 1);
    it.file("back.csv", encoding_rs::WINDOWS_1252.encode(&mended).0);
    let second = it
        .args(["run", "back.csv"].iter().chain(&words))
        .run()
        .expect(0);
    assert_eq!(second.count("created"), 1);
}

#[test]
fn what_failed_comes_back_as_json_lines_too() {
    let mut it = importer(0);
    it.file(
        "in.jsonl",
        "{\"Nr\":\"K1\",\"Name\":\"A\",\"Ort\":\"\"}\n{\"Nr\":\"K2\",\"Name\":\"B\",\"Ort\":\"Ulm\"}\n",
    );
    let words = ["-m", "map.toml", "--sandbox"];
    let first = it
        .args(["run", "in.jsonl"].iter().chain(&words))
        .run()
        .expect(3);
    let failed = String::from_utf8(first.report_file("failed.jsonl")).unwrap();
    it.file(
        "back.jsonl",
        failed.replace("\"Ort\":\"\"", "\"Ort\":\"Bonn\""),
    );
    let second = it
        .args(["run", "back.jsonl"].iter().chain(&words))
        .run()
        .expect(0);
    assert_eq!(second.rows("created.csv")[0]["customer_number"], "K1");
}

#[test]
fn bodies_never_go_where_something_is_still_to_be_read() {
    let mut it = importer(3);
    for file in ["in.csv", "map.toml"] {
        let before = std::fs::read(it.folder().join(file)).unwrap();
        it.args([
            "run",
            "in.csv",
            "-m",
            "map.toml",
            "--dry-run",
            "--payloads",
            file,
        ]);
        let run = it.run().expect(2);
        assert!(run.stderr.contains("is to be read"), "{}", run.said());
        assert_eq!(std::fs::read(it.folder().join(file)).unwrap(), before);
    }
    it.file("in2.csv", list(2));
    it.args([
        "run",
        "in.csv",
        "in2.csv",
        "-m",
        "map.toml",
        "--dry-run",
        "--payloads",
        "b.jsonl",
    ]);
    it.run().expect(0);
    let bodies = std::fs::read_to_string(it.folder().join("b.jsonl")).unwrap();
    assert_eq!(bodies.lines().count(), 5);
}

#[test]
fn an_input_that_goes_away_while_it_is_sent_is_no_input_of_which_nothing_was_sent() {
    let mut it = importer(40);
    let erp = StandIn::start(SandboxSettings {
        latency: std::time::Duration::from_millis(20),
        ..SandboxSettings::default()
    });
    it.args(["run", "in.csv", "-m", "map.toml", "--base-url", &erp.url()]);
    let mut child = it.start();
    while erp.ledger().len() < 5 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    std::fs::remove_file(it.folder().join("in.csv")).unwrap();
    let run = it.read(child.wait_with_output().unwrap());
    assert_eq!(run.code, 1, "{}", run.said());
    assert!(run.stderr.contains("importer show"), "{}", run.said());
    it.file("in.csv", list(40));
    let again = it.run().expect(0);
    assert_eq!(erp.ledger().len(), 40, "{}", again.said());
    assert!(!files_below(&it.folder().join(".importer")).is_empty());
}

#[test]
fn an_empty_file_is_fine_when_that_is_accepted() {
    let mut it = importer(0);
    it.file("nothing.csv", "");
    it.args(["run", "nothing.csv", "-m", "map.toml", "--dry-run"]);
    it.run().expect(4);
    it.arg("--allow-empty").run().expect(0);
}
