//! What the program advises is tried as it stands: the commands that it prints work.

use wawi_importer::sandbox::SandboxSettings;

use crate::customers::{Customers, MAIL_DOMAIN, MAPPING, column};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run};

/// The command that is printed for corrected records.
#[track_caller]
fn correcting(run: &Run) -> String {
    let mut lines = run.stdout.lines();
    lines
        .find(|line| line.contains("Correct the records in failed.csv"))
        .unwrap_or_else(|| panic!("{}", run.said()));
    let command = lines
        .map(str::trim)
        .find(|line| line.starts_with("importer "));
    command.unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn the_command_for_corrected_records_imports_them_where_the_others_are() {
    let mut customers = Customers::valid(401, 3);
    customers.0[1].cells[column("E-Mail")] = "niemand".to_owned();
    let server = StandIn::start(SandboxSettings::default());
    let url = server.url();
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("my mapping.toml", MAPPING);
    importer.args(["run", "shop.csv", "-m", "my mapping.toml"]);
    for word in ["--base-url", &url, "--state-dir", "my state"] {
        importer.arg(word);
    }
    for word in ["--workflows", "run", "--report-dir", "my reports"] {
        importer.arg(word);
    }
    importer.arg("--lang").arg("en").env("LANG", "de_DE.UTF-8");
    let run = importer.run().expect(3);
    assert!(run.stdout.contains("take failed.xlsx"), "{}", run.said());
    let command = correcting(&run);
    let report = std::fs::read_dir(importer.folder().join("my reports"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    // The page says the same, and the same command again, too.
    let page = std::fs::read_to_string(report.join("report.html")).unwrap();
    assert!(page.contains("take failed.xlsx instead"), "{page}");
    assert!(page.contains("my mapping.toml"), "{page}");
    assert_eq!(correcting(&importer.run().expect(3)), command);
    let failed = report.join("failed.csv");
    let text = std::fs::read(&failed).unwrap();
    let text = String::from_utf8_lossy(&text).replace("niemand", "jemand@example.org");
    std::fs::write(&failed, text).unwrap();
    assert!(command.starts_with("importer run "), "{command}");
    // The program is the first word of the script.
    importer.shell(command.replacen("importer", "exec \"$1\"", 1));
    let run = importer.run().expect(0);
    assert!(
        run.stdout.contains("Workflows   run for the created"),
        "{}",
        run.said()
    );
    assert_eq!(server.created(), 3, "{}", run.said());
}

#[cfg(unix)]
#[test]
fn a_sandbox_run_s_command_for_corrected_records_needs_no_erp() {
    let mut customers = Customers::valid(402, 2);
    customers.0[1].cells[column("E-Mail")] = "niemand".to_owned();
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--sandbox"]);
    let run = importer.run().expect(3);
    importer.shell(correcting(&run).replacen("importer", "exec \"$1\"", 1));
    // It was not corrected, but it was found, read and tried.
    let run = importer.run().expect(3);
    assert!(run.stdout.contains("1  invalid"), "{}", run.said());
}

#[test]
fn an_input_without_a_mapping_is_named_with_what_proposes_one() {
    let customers = Customers::valid(403, 2);
    let mut importer = Importer::new();
    importer.file("my shop.csv", customers.csv());
    let run = importer
        .args(["run", "my shop.csv", "--dry-run"])
        .run()
        .expect(4);
    assert!(
        run.stderr.contains("my shop.csv needs a mapping"),
        "{}",
        run.said()
    );
    assert!(!run.stderr.contains("passthrough"), "{}", run.said());
    if cfg!(unix) {
        let command = "`importer mapping new 'my shop.csv' -o MAPPING.toml`";
        assert!(run.stderr.contains(command), "{}", run.said());
    }
    importer
        .args(["mapping", "new", "my shop.csv", "-o", "MAPPING.toml"])
        .run()
        .expect(0);
    importer.args(["run", "my shop.csv", "-m", "MAPPING.toml", "--dry-run"]);
    importer.run().expect(0);
    // Nobody sees the name under which the standard input is kept.
    importer.args(["run", "-", "--dry-run"]);
    let run = importer.stdin(customers.csv()).run().expect(4);
    assert!(run.stderr.contains("mapping new -"), "{}", run.said());
    assert!(
        run.stderr.contains("error: - needs a mapping"),
        "{}",
        run.said()
    );
}

#[test]
fn an_input_in_the_place_of_a_mapping_is_recognised_and_shows_no_customer() {
    let customers = Customers::valid(404, 2);
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("windows.csv", b"Nr;Ort\n1;K\xf6ln\n");
    importer.file("shop.toml", MAPPING);
    for words in [
        &["run", "shop.toml", "-m", "shop.csv", "--dry-run"][..],
        &["run", "shop.csv", "-m", "windows.csv", "--dry-run"],
        &["mapping", "check", "shop.csv", "shop.toml"],
    ] {
        let run = importer.args(words).run().expect(4);
        assert!(
            run.stderr.contains("this is an input, and no mapping"),
            "{}",
            run.said()
        );
        assert!(
            run.stderr.contains("importer mapping new"),
            "{}",
            run.said()
        );
        assert!(!run.stderr.contains(MAIL_DOMAIN), "{}", run.said());
    }
    // A mapping may be called as it likes.
    importer.file("mapping.txt", MAPPING);
    importer.args(["run", "shop.csv", "-m", "mapping.txt", "--dry-run"]);
    importer.run().expect(0);
}

#[test]
fn a_ready_made_mapping_for_another_export_sends_nobody_into_its_lines() {
    let customers = Customers::valid(405, 2);
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("windows.csv", b"Nr;Stra\xdfe\n1;K\xf6ln\n");
    importer.file("one.csv", "Customer ID,First Name,Last Name\n1,A,B\n");
    for (input, said) in [
        ("shop.csv", "the input's header is a single column"),
        ("windows.csv", "the header is not valid UTF-8"),
        ("one.csv", "columns that this ready-made mapping reads"),
    ] {
        let run = importer
            .args(["run", input, "-m", "builtin:shopify", "--dry-run"])
            .run()
            .expect(4);
        assert!(run.stderr.contains(said), "{}", run.said());
        assert!(
            run.stderr.contains("importer mapping new"),
            "{}",
            run.said()
        );
        assert!(!run.stderr.contains("set `encoding`"), "{}", run.said());
        assert!(!run.stderr.contains("[source]"), "{}", run.said());
        assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.said());
    }
}
