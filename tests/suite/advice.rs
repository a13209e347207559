//! What the program advises is tried as it stands: the commands that it prints work.

use wawi_importer::sandbox::{Faults, SandboxSettings};

use crate::customers::{Customers, MAIL_DOMAIN, MAPPING, column};
use crate::stand_in::StandIn;
use crate::support::Importer;

/// The command that is printed for corrected records.
#[track_caller]
#[cfg(unix)]
fn correcting(run: &crate::support::Run) -> String {
    advised(run, &run.stdout, "Correct the records in failed.csv")
}

/// The command that is printed under a line with these words; the program is the first word of
/// the script.
#[track_caller]
#[cfg(unix)]
fn advised(run: &crate::support::Run, said: &str, words: &str) -> String {
    let mut lines = said.lines().skip_while(|line| !line.contains(words));
    let command = lines.find_map(|line| {
        let (program, rest) = line.trim().split_once(' ')?;
        let is_one = program == "importer" || program.ends_with("/importer");
        is_one.then(|| format!("importer {rest}"))
    });
    command.unwrap_or_else(|| panic!("{}", run.said()))
}

#[cfg(unix)]
fn as_script(command: &str) -> String {
    command.replacen("importer", "exec \"$1\"", 1)
}

/// A rehearsed ERP that does this to creates.
fn erp(faults: &str) -> StandIn {
    StandIn::start(SandboxSettings {
        faults: Faults::parse(faults).unwrap(),
        ..SandboxSettings::default()
    })
}

#[cfg(unix)]
#[test]
fn the_command_for_corrected_records_behaves_as_the_first_run() {
    let mut customers = Customers::valid(411, 3);
    customers.0[1].cells[column("E-Mail")] = "niemand".to_owned();
    let erp = erp("");
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    let matter = "--allow-unkeyed --rate 500/s --concurrency=2 --max-outage 3s --max-attempts 2 \
                  --max-failures 7 --max-duration 1h --fail-on warning --existing fail";
    let others = "--max-invalid 90% --limit 9 --no-progress";
    let line = format!(
        "run {matter} shop.csv -m shop.toml {others} --base-url {}",
        erp.url()
    );
    let run = importer.args(line.split_whitespace()).run().expect(3);
    let command = correcting(&run);
    for word in matter.split_whitespace() {
        assert!(command.split(' ').any(|it| it == word), "{word}: {command}");
    }
    for word in others.split_whitespace() {
        assert!(
            !command.split(' ').any(|it| it == word),
            "{word}: {command}"
        );
    }
    assert_eq!(command.matches("shop.csv").count(), 0, "{command}");
    importer.shell(as_script(&command));
    // It was not corrected, but it was found, read and tried.
    let run = importer.run().expect(3);
    assert!(run.stdout.contains("1  invalid"), "{}", run.said());
}

#[cfg(unix)]
#[test]
fn the_command_for_refused_records_is_named_and_sends_them() {
    let erp = erp("status=422@2-2");
    let mut importer = Importer::new();
    importer.file("my shop.csv", Customers::valid(412, 3).csv());
    importer.file("shop.toml", MAPPING);
    let url = erp.url();
    importer.args([
        "run",
        "-m",
        "shop.toml",
        "--again",
        "--base-url",
        &url,
        "--",
        "my shop.csv",
    ]);
    let run = importer.run().expect(3);
    let command = advised(&run, &run.stdout, "Where the cause was not in the data");
    assert!(
        command.contains("--retry-failed -- 'my shop.csv'"),
        "{command}"
    );
    assert!(!command.contains("--again"), "{command}");
    assert_eq!(
        run.summary()["retry_with"]
            .as_str()
            .map(|it| it.contains(&url)),
        Some(true)
    );
    importer.shell(as_script(&command));
    importer.run().expect(0);
    assert_eq!(erp.created(), 3);
}

#[cfg(unix)]
#[test]
fn who_was_sent_too_often_is_sent_again_and_not_corrected() {
    let erp = erp("drop=1,lift=2");
    let mut importer = Importer::new();
    importer.file("shop.csv", Customers::valid(413, 3).csv());
    importer.file("shop.toml", MAPPING);
    let line = format!(
        "run shop.csv -m shop.toml --concurrency 1 --max-attempts 1 --timeout 1s --settle 1s \
         --base-url {}",
        erp.url()
    );
    let run = importer.args(line.split_whitespace()).run().expect(3);
    assert!(run.stdout.contains("attempts.exhausted"), "{}", run.said());
    assert!(
        !run.stdout.contains("Correct the records"),
        "{}",
        run.said()
    );
    assert!(
        run.stdout.contains("There is nothing to correct."),
        "{}",
        run.said()
    );
    importer.shell(as_script(&advised(
        &run,
        &run.stdout,
        "attempts were used up",
    )));
    importer.run().expect(0);
    assert_eq!(erp.created(), 3);
    // A sandbox that is gone knows nobody to be sent again.
    importer.shell("");
    importer.args(line.split_whitespace().take(10));
    importer
        .arg("--sandbox")
        .arg("--faults")
        .arg("drop=1,lift=2");
    let run = importer.run().expect(3);
    assert!(
        run.stdout.contains("There is nothing to correct."),
        "{}",
        run.said()
    );
    assert!(!run.stdout.contains("used up"), "{}", run.said());
}

#[cfg(unix)]
#[test]
fn what_a_resolution_advises_finds_the_report_and_sends_the_record() {
    let erp = erp("drop=1,lookups=1,lift=2");
    let mut importer = Importer::new();
    importer.file("shop.csv", Customers::valid(414, 1).csv());
    importer.file("shop.toml", MAPPING);
    let url = erp.url();
    importer.args(["run", "shop.csv", "-m", "shop.toml", "--base-url", &url]);
    for word in ["--timeout", "1s", "--settle", "1s", "--max-outage", "1s"] {
        importer.arg(word);
    }
    importer.arg("--existing").arg("send");
    importer.arg("--report-dir").arg("my reports");
    let run = importer.run();
    assert!([7, 75].contains(&run.code), "{}", run.said());
    let folder = importer.folder().join("my reports");
    let entry = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let id = entry.file_name().into_string().unwrap();
    let run = importer
        .args(["resolve", &id, "1", "--not-created"])
        .run()
        .expect(0);
    let sends = advised(&run, &run.stdout, "is open again");
    let (_, report) = run.stderr.split_once('`').unwrap();
    let (report, _) = report.split_once('`').unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    importer.shell(as_script(report));
    importer.run().expect(0);
    assert!(folder.join(&id).join("report.html").is_file(), "{report}");
    assert!(!importer.folder().join("reports").exists(), "{report}");
    importer.shell(as_script(&sends));
    importer.run().expect(0);
    assert_eq!(erp.created(), 1);
}

#[test]
fn a_file_of_a_sandbox_s_failures_says_so_in_an_erp_and_the_other_way_round() {
    let mut customers = Customers::valid(415, 3);
    customers.0[1].cells[column("E-Mail")] = "niemand".to_owned();
    let erp = erp("");
    let url = erp.url();
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    let sandbox: &[&str] = &["--sandbox"];
    let lasting: &[&str] = &["--sandbox", "--state-dir", "kept"];
    let real: &[&str] = &["--base-url", &url];
    let real_kept: &[&str] = &["--base-url", &url, "--state-dir", "kept"];
    for (first, second, told) in [
        (
            sandbox,
            real,
            "went into a sandbox, and nothing of it into an ERP",
        ),
        (
            lasting,
            real_kept,
            "went into a sandbox, and nothing of it into an ERP",
        ),
        (
            lasting,
            lasting,
            "went into a sandbox, and nothing of it into an ERP",
        ),
        (
            real,
            sandbox,
            "this goes into a sandbox, which knows nothing of run",
        ),
        (
            real_kept,
            lasting,
            "this goes into a sandbox, which knows nothing of run",
        ),
    ] {
        let _ = std::fs::remove_dir_all(importer.folder().join("reports"));
        importer.args(["run", "shop.csv", "-m", "shop.toml"].iter().chain(first));
        let run = importer.arg("--again").run().expect(3);
        let failed = run.reports().pop().unwrap().join("failed.csv");
        let text = std::fs::read(&failed).unwrap();
        let text = String::from_utf8_lossy(&text).replace("niemand", "jemand@example.org");
        std::fs::write(&failed, text).unwrap();
        let failed = failed.to_str().unwrap();
        importer.args(["run", failed, "-m", "shop.toml"].iter().chain(second));
        let run = importer.run().expect(0);
        assert!(run.stderr.contains(told), "{told}: {}", run.said());
        assert!(
            !run.stderr.contains("the journal does not know"),
            "{}",
            run.said()
        );
    }
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

#[test]
fn what_misleads_about_the_columns_is_told_wherever_it_is_said() {
    let mut importer = Importer::new();
    importer.file("a.csv", "Nr;Name;Straße;Ort\nC1;Weiß;Weg 1;Ulm\n");
    let mapping = "[customer]
Number = \"Nr\"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = \"DE\" }
[customer.BillingAddress]
LastName = \"Name\"
Street = \"Straße\"
City = \"Ort\"
CountryIso = { value = \"DE\" }\n";
    importer.file("a.toml", mapping);
    let stated = "[source]\nencoding = \"windows-1252\"\ndelimiter = \",\"\n";
    importer.file("stated.toml", format!("{stated}{mapping}"));
    let mut run = |words: &str, code| {
        let words = format!("run a.csv --dry-run -m {words}");
        importer.args(words.split(' ')).run().expect(code)
    };
    for wrong in [
        "stated.toml --delimiter ;",
        "a.toml --encoding windows-1252",
        "a.toml --encoding windows-1252 --values none",
    ] {
        let said = run(wrong, 4).stderr;
        assert!(
            said.contains("`encoding` in [source] or `--encoding`"),
            "{said}"
        );
        assert!(
            said.contains("the input is UTF-8") && !said.contains('Ã'),
            "{said}"
        );
    }
    for wrong in ["stated.toml --encoding utf-8", "a.toml --delimiter ,"] {
        let said = run(wrong, 4).stderr;
        assert!(
            said.contains("`delimiter` in [source] or `--delimiter`"),
            "{said}"
        );
    }
    for right in ["a.toml", "stated.toml --encoding utf-8 --delimiter ;"] {
        run(right, 0);
    }
}

#[test]
fn a_corrected_file_that_lost_its_link_is_told_as_that() {
    let mut customers = Customers::valid(412, 3);
    customers.0[1].cells[column("E-Mail")] = "niemand".to_owned();
    let mut importer = Importer::new();
    importer.file("shop.csv", customers.csv());
    importer.file("shop.toml", MAPPING);
    let folder = importer.folder().to_owned();
    let mut run = |input: &str| {
        let line = format!("run {input} -m shop.toml --allow-unkeyed --dry-run");
        importer.args(line.split(' ')).run().expect(3)
    };
    let failed = run("shop.csv").report_file("failed.csv");
    let failed = String::from_utf8(failed).unwrap();
    for (lost, told) in [
        (&["_run"][..], Some("no column _run: it is imported as")),
        (&["_record"], Some("no column _record: it is")),
        (&["_run", "_record"], Some("no column _run, _record: it")),
        (&["_status"], None),
    ] {
        let text = lost
            .iter()
            .fold(failed.clone(), |text, name| text.replacen(name, "Notiz", 1));
        std::fs::write(folder.join("back.csv"), text).unwrap();
        let said = run("back.csv").stderr;
        match told {
            Some(told) => assert!(said.contains(told), "{said}"),
            None => assert!(!said.contains("has no column"), "{said}"),
        }
    }
}
