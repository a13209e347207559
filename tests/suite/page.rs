//! `report.html`: written by whoever writes a report, from the journal too; small whatever
//! fails; and it forgets whom the others forget.

use std::path::Path;

use wawi_importer::sandbox::SandboxSettings;

use crate::stand_in::StandIn;
use crate::support::Importer;

const MAPPING: &str = r#"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = "Mail"
"#;

/// An input of which the customers from `broken` on have no address in `Mail`.
fn list(customers: u32, broken: u32) -> String {
    let mut rows = "Nr;Name;Ort;Mail\n".to_owned();
    for customer in 1..=customers {
        let at = if customer < broken { "@" } else { "(at)" };
        rows.push_str(&format!(
            "K{customer:06};Tarnvogel;Ulm;geheim{customer:06}{at}kanari.example\n"
        ));
    }
    rows
}

fn importer(customers: u32, broken: u32) -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file("in.csv", list(customers, broken));
    importer
}

fn page(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("report.html")).expect("report.html")
}

#[test]
fn a_dry_run_a_run_and_the_journal_write_it() {
    let server = StandIn::start(SandboxSettings::default());
    let mut importer = importer(8, 7);
    let settings = format!("base_url = \"{}\"\nrate = \"900/m\"\n", server.url());
    importer.file("importer.toml", settings);

    let run = importer
        .args(["run", "in.csv", "-m", "map.toml", "--dry-run"])
        .run()
        .expect(3);
    let rehearsed = page(&run.reports().pop().unwrap());
    assert!(rehearsed.contains("6 of 8 records would be created"));
    assert!(!rehearsed.contains("geheim000007"), "masked");
    std::fs::remove_dir_all(importer.folder().join("reports")).unwrap();

    let run = importer
        .args(["run", "in.csv", "-m", "map.toml"])
        .run()
        .expect(3);
    let folder = run.reports().pop().unwrap();
    let sent = page(&folder);
    for told in [
        "Finished: 6 of 8 records created, 2 failed.",
        "over 6 answers",
        "--rate: 900 &#x2f; 1 min",
        "<tr data-record=\"7\">",
        "<code>--existing</code></th><td>skip</td>",
        "<code>--max-failures</code></th><td>10%</td>",
        "<code>--max-invalid</code></th><td>20%, none for a returned file</td>",
    ] {
        assert!(sent.contains(told), "{told}\n{sent}");
    }
    assert!(!sent.contains("geheim000007"), "masked");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join("report.html"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    // From the journal alone it tells the same, but for what was not kept: the traffic.
    std::fs::remove_file(folder.join("report.html")).unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    importer.args(["report", &id]).run().expect(0);
    let again = page(&folder);
    let kept = |page: &str| {
        let lines = page.lines().filter(|line| {
            ["<dt>Time<", "<dt>Requests<", "<dt>Started<"]
                .iter()
                .all(|label| !line.contains(label))
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(kept(&again), kept(&sent));

    // With all values it shows them, without any not even a part.
    importer
        .args(["report", &id, "--values", "full"])
        .run()
        .expect(0);
    assert!(page(&folder).contains("geheim000007(at)kanari.example"));
    importer
        .args(["report", &id, "--values", "none"])
        .run()
        .expect(0);
    assert!(!page(&folder).contains("ge…"));
    assert!(sent.contains("ge…"), "{sent}");

    // A customer's row goes with the customer, and the page with the run.
    importer.args(["report", &id]).run().expect(0);
    importer
        .args(["forget", "--customer", "K000007", "--yes"])
        .run()
        .expect(0);
    let forgotten = page(&folder);
    assert!(!forgotten.contains("data-record=\"7\""));
    assert!(forgotten.contains("data-record=\"8\""));
    importer.args(["forget", &id, "--yes"]).run().expect(0);
    assert!(!folder.exists());
}

#[test]
fn an_unfinished_run_s_page_tells_the_command_that_goes_on_also_from_the_journal() {
    let server = StandIn::start(SandboxSettings::default());
    let mut importer = importer(8, 9);
    importer.file(
        "importer.toml",
        format!("base_url = \"{}\"\n", server.url()),
    );
    let run = importer
        .args(["run", "in.csv", "-m", "map.toml", "--limit", "3"])
        .run()
        .expect(0);
    let folder = run.reports().pop().unwrap();
    let command = "importer run in.csv -m map.toml --limit 3</pre>";
    assert!(page(&folder).contains(command), "{}", page(&folder));
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    std::fs::remove_file(folder.join("report.html")).unwrap();
    importer.args(["report", &id]).run().expect(0);
    assert!(page(&folder).contains(command));
}

#[test]
fn a_resumed_run_s_page_tells_what_is_of_this_start() {
    let server = StandIn::start(SandboxSettings::default());
    let mut importer = importer(8, 9);
    importer.file(
        "importer.toml",
        format!("base_url = \"{}\"\n", server.url()),
    );
    importer.args(["run", "in.csv", "-m", "map.toml", "--limit", "3"]);
    let first = importer.run().expect(0);
    let once = page(&first.reports().pop().unwrap());
    assert!(!once.contains("resumed"), "{once}");
    let told = "3 of the 6 created were known as created before this start, 3 are new.";
    let second = importer.run().expect(0);
    let again = page(&second.reports().pop().unwrap());
    for text in [
        told,
        "<dt>Requests of this start</dt>",
        "(3 creates, ",
        "over 6 answers. Figures are rounded up, by a sixteenth at most. All starts",
    ] {
        assert!(again.contains(text), "{text}\n{again}");
    }
    let summary = second.stdout.split_whitespace().collect::<Vec<_>>();
    assert!(summary.join(" ").contains(told), "{}", second.stdout);
}

#[test]
fn thousands_of_errors_make_no_large_page() {
    let mut importer = importer(20_000, 15_001);
    let run = importer
        .args(["run", "in.csv", "-m", "map.toml", "--dry-run"])
        .run()
        .expect(3);
    let page = page(&run.reports().pop().unwrap());
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert_eq!(page.matches("<tr data-record=").count(), 5);
}

#[test]
fn german_readers_are_told_in_german_and_programs_in_english() {
    let mut in_english = importer(30, 26);
    let english = in_english
        .args(["run", "in.csv", "-m", "map.toml", "--dry-run"])
        .run()
        .expect(3);
    let mut importer = importer(30, 26);
    importer.env("LANG", "de_DE.UTF-8");
    let run = importer
        .args(["run", "in.csv", "-m", "map.toml", "--dry-run"])
        .run()
        .expect(3);
    for told in [
        "Probelauf: ein Lauf würde 25 von 30 Datensätzen anlegen, ungültig: 5",
        "Fehler nach Ursache",
        "Spalte `Mail`: der Wert ist nicht genau eine E-Mail-Adresse.",
        "Trennzeichen `;` (erkannt)",
        "Nicht geprüft",
    ] {
        assert!(run.stdout.contains(told), "{told}\n{}", run.stdout);
    }
    let folder = run.reports().pop().unwrap();
    assert!(page(&folder).contains("25 von 30 Datensätzen"));
    let failed = std::fs::read_to_string(folder.join("failed.csv")).unwrap();
    assert!(
        failed.contains("ist nicht genau eine E-Mail-Adresse"),
        "{failed}"
    );
    assert!(failed.contains(";email.malformed;"), "{failed}");
    // What programs read is the same in both languages.
    let [ours, theirs] = [&run, &english].map(|run| {
        let mut summary = run.summary();
        for name in [
            "run",
            "started",
            "finished",
            "report_dir",
            "reading_seconds",
        ] {
            summary.as_object_mut().unwrap().remove(name);
        }
        summary
    });
    assert_eq!(ours, theirs);
    // Whoever says so is told in English.
    let run = importer
        .args([
            "run",
            "in.csv",
            "-m",
            "map.toml",
            "--dry-run",
            "--lang",
            "en",
        ])
        .run()
        .expect(3);
    assert!(
        run.stdout.starts_with("Dry run: 25 of 30"),
        "{}",
        run.stdout
    );
}
