//! `importer mapping new`: every sample gets a mapping that fits it and maps nearly all of its
//! good records; where the mapping goes, and what is said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::support::{Importer, Run, repository, rows};

/// What the model says of a sample, as far as it matters here.
#[derive(Deserialize)]
struct Sample {
    file: String,
    records: u64,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    record: u64,
}

fn model() -> BTreeMap<String, Sample> {
    #[derive(Deserialize)]
    struct Model {
        sample: Vec<Sample>,
    }
    let text = std::fs::read_to_string(repository("samples/expected.toml")).unwrap();
    let model: Model = toml::from_str(&text).unwrap();
    let samples = model.sample.into_iter();
    samples
        .map(|sample| (sample.file.clone(), sample))
        .collect()
}

/// Every input in the folder of samples, by its name; of exports of two files, the one that is
/// the input.
fn samples() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(repository("samples"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && !name.ends_with(".toml") && !name.ends_with(".md"))
        .collect();
    names.push("prestashop/addresses.csv".to_owned());
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    names
}

/// The program in a folder that has the sample.
fn beside(name: &str) -> Importer {
    let importer = Importer::new();
    let path = repository("samples").join(name);
    importer.file(name, std::fs::read(&path).unwrap());
    if let Some((folder, _)) = name.split_once('/') {
        let second = path.with_file_name("customers.csv");
        importer.file(
            &format!("{folder}/customers.csv"),
            std::fs::read(second).unwrap(),
        );
    }
    importer
}

/// Numbers of the records that the last report says are invalid.
fn invalid(run: &Run) -> BTreeSet<u64> {
    if run.has_report_file("failed.jsonl") {
        let text = String::from_utf8(run.report_file("failed.jsonl")).unwrap();
        return text
            .lines()
            .map(|line| {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                row["record"].as_u64().unwrap()
            })
            .collect();
    }
    if !run.has_report_file("failed.csv") {
        return BTreeSet::new();
    }
    let bytes = run.report_file("failed.csv");
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(&bytes);
    let header = text.lines().next().unwrap();
    let delimiter = if header.contains(';') { b';' } else { b',' };
    let rows = rows(text.as_bytes(), delimiter);
    rows.iter()
        .map(|row| row["_record"].parse().unwrap())
        .collect()
}

#[test]
fn a_sample_gets_the_same_mapping_every_time() {
    for name in samples() {
        let mut importer = beside(&name);
        let run = importer.args(["mapping", "new", &name]).run().expect(0);
        let again = importer.run().expect(0);
        assert_eq!(run.stdout, again.stdout, "{name}");
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(name.replace(['.', '/'], "_"), run.stdout);
        });
    }
}

#[test]
fn a_proposal_fits_and_maps_nearly_all_good_records() {
    let model = model();
    for name in samples() {
        let mut importer = beside(&name);
        importer
            .args(["mapping", "new", &name, "-o", "new.toml"])
            .run()
            .expect(0);
        importer
            .args(["mapping", "check", "new.toml"])
            .run()
            .expect(0);
        importer
            .args(["mapping", "check", "new.toml", &name])
            .run()
            .expect(0);
        let run = importer
            .args([
                "run",
                &name,
                "-m",
                "new.toml",
                "--dry-run",
                "--max-invalid",
                "100%",
            ])
            .run();
        assert!(matches!(run.code, 0 | 3), "{name}: {}", run.said());
        // A second file that is joined has no outcomes of its own.
        let Some(sample) = model.get(&format!("samples/{name}")) else {
            continue;
        };
        assert_eq!(run.count("read"), sample.records, "{name}");
        let odd: BTreeSet<u64> = sample.exceptions.iter().map(|it| it.record).collect();
        let good = sample.records - odd.len() as u64;
        let failed = invalid(&run).difference(&odd).count() as u64;
        assert!(
            failed * 20 <= good,
            "{name}: {failed} of {good}\n{}",
            run.said()
        );
    }
}

/// Names of groups and words for yes and no are all that may come from the records.
#[test]
fn no_values_of_customers_are_written_down() {
    for name in samples() {
        let mut importer = beside(&name);
        let text = importer
            .args(["mapping", "new", &name])
            .run()
            .expect(0)
            .stdout;
        let bytes = std::fs::read(repository("samples").join(&name)).unwrap();
        let (input, _, _) = match std::str::from_utf8(&bytes) {
            Ok(_) => encoding_rs::UTF_8.decode(&bytes),
            Err(_) => encoding_rs::WINDOWS_1252.decode(&bytes),
        };
        let records = input.lines().skip(if name == "datev.csv" { 2 } else { 1 });
        let is_value = |word: &&str| word.contains('@') || word.contains("straße");
        let values = records
            .flat_map(|line| line.split([';', ',', '"']))
            .filter(is_value);
        for value in values {
            assert!(!text.contains(value.trim()), "{name}: {value}");
        }
    }
}

#[test]
fn the_mapping_goes_where_it_is_wanted_and_overwrites_nothing() {
    let mut importer = beside("customers.csv");
    let new = |importer: &mut Importer, more: &[&str]| {
        let words = ["mapping", "new", "customers.csv"];
        importer.args(words.iter().chain(more)).run()
    };
    let run = new(&mut importer, &["-o", "a.toml"]).expect(0);
    for said in [
        "a.toml: proposed from customers.csv",
        "Mapped      37 of 39 columns; 200 records looked at",
        "InternalCompanyId: the id of your own company in Wawi",
        "Next        importer run customers.csv -m a.toml --dry-run",
    ] {
        assert!(run.stdout.contains(said), "{said}\n{}", run.said());
    }
    let written = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
    for more in [&[][..], &["-o", "-"]] {
        let run = new(&mut importer, more).expect(0);
        assert_eq!(run.stdout, written);
        assert!(run.stderr.contains("To fill in"), "{}", run.said());
    }
    importer.file("a.toml", "mine");
    let run = new(&mut importer, &["-o", "a.toml"]).expect(4);
    assert!(
        run.stderr.contains("a.toml exists already"),
        "{}",
        run.said()
    );
    assert!(run.stderr.contains("--force"), "{}", run.said());
    let kept = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
    assert_eq!(kept, "mine");
    new(&mut importer, &["-o", "a.toml", "--force"]).expect(0);
    let forced = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
    assert_eq!(forced, written);
    let run = new(&mut importer, &["-o", "no/folder/a.toml"]).expect(4);
    assert!(run.stderr.contains("cannot be written"), "{}", run.said());
    let run = importer
        .args(["mapping", "new", "nowhere.csv"])
        .run()
        .expect(4);
    assert!(run.stderr.contains("nowhere.csv"), "{}", run.said());
}

#[test]
fn standard_input_and_json() {
    let mut importer = Importer::new();
    importer.stdin("Kundennummer;Nachname;Ort;Land\nC1;Muster;Ulm;DE\n");
    let run = importer
        .args(["mapping", "new", "-", "--json"])
        .run()
        .expect(0);
    let told: serde_json::Value = serde_json::from_str(run.stdout.trim()).unwrap();
    assert_eq!(told["type"], "proposal");
    assert_eq!((&told["columns"], &told["used"]), (&4.into(), &4.into()));
    assert_eq!(told["to_fill_in"].as_array().unwrap().len(), 3);
    let text = told["text"].as_str().unwrap();
    assert!(
        text.contains("from \"stdin\": 1 record looked at"),
        "{text}"
    );
}

/// What was typed of how to read the input is in the mapping, which reads it the same way.
#[test]
fn options_of_reading_are_kept() {
    let mut importer = Importer::new();
    let bytes: Vec<u8> =
        "\u{feff}Export\r\nKundennummer:Nachname:Ort:Land\r\nC1:M\u{fc}ller:K\u{f6}ln:DE\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    importer.file("a.csv", bytes);
    importer
        .args([
            "mapping",
            "new",
            "a.csv",
            "-o",
            "a.toml",
            "--delimiter",
            ":",
            "--skip-lines",
            "1",
        ])
        .run()
        .expect(0);
    let run = importer
        .args(["run", "a.csv", "-m", "a.toml", "--dry-run"])
        .run()
        .expect(0);
    assert_eq!(run.count("ready"), 1, "{}", run.said());
}

#[test]
fn an_input_without_header_is_read_without_one() {
    let mut importer = Importer::new();
    let text = "K1;Herr;Michael;Muster;Am Markt 1;01067;Dresden;Deutschland;m@example.org\n\
                K2;Frau;Anna;Eben;Weg 2a;80331;Bonn;Deutschland;a@example.org\n";
    importer.file("a.csv", text);
    let run = importer
        .args(["mapping", "new", "a.csv", "-o", "a.toml"])
        .run()
        .expect(0);
    assert!(
        run.stdout.contains("Mapped      9 of 9 columns"),
        "{}",
        run.said()
    );
    let written = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
    assert!(!written.contains("Michael"), "{written}");
    let run = importer
        .args(["run", "a.csv", "-m", "a.toml", "--dry-run"])
        .run()
        .expect(0);
    assert_eq!(run.count("ready"), 2, "{}", run.said());
}

/// What nobody found has to be filled in before anything goes on, and the message says so.
#[test]
fn a_mapping_that_lacks_something_says_what() {
    let mut importer = Importer::new();
    importer.file("a.csv", "Kundennummer;Nachname\nC1;Muster\n");
    let run = importer
        .args(["mapping", "new", "a.csv", "-o", "a.toml"])
        .run()
        .expect(0);
    assert!(
        run.stdout.contains("City: no column holds the city"),
        "{}",
        run.said()
    );
    assert!(
        run.stdout.contains("cannot be used before"),
        "{}",
        run.said()
    );
    let run = importer
        .args(["mapping", "check", "a.toml"])
        .run()
        .expect(4);
    assert!(
        run.stderr
            .contains("`BillingAddress.City` is still to be filled in"),
        "{}",
        run.said()
    );
}

/// The sample is bounded, and an input that breaks off still gives a mapping.
#[test]
fn an_input_that_breaks_off_is_said_so() {
    let mut importer = Importer::new();
    let text = "Kundennummer;Nachname;Ort;Land\nC1;Muster;Ulm;DE\nC2;\"Eben;Ulm;DE\n";
    importer.file("a.csv", text);
    let run = importer.args(["mapping", "new", "a.csv"]).run().expect(0);
    assert!(
        run.stderr.contains("made of the 1 record before"),
        "{}",
        run.said()
    );
}

#[test]
fn known_exports_are_recognised_and_mapped_as_their_ready_made_mapping_does() {
    for (name, title) in [
        ("magento2.csv", "Magento 2"),
        ("prestashop/addresses.csv", "PrestaShop"),
    ] {
        let mut importer = beside(name);
        let words = ["mapping", "new", name, "-o", "new.toml"];
        let run = importer.args(words).run().expect(0);
        let told = format!("Recognised  {title}, by its header");
        assert!(run.stdout.contains(&told), "{}", run.said());
        let builtin = format!("builtin:{}", name.split(['.', '/']).next().unwrap());
        let mut bodies = |mapping: &str| {
            let words = ["run", name, "-m", mapping, "--dry-run", "--payloads", "-"];
            importer.args(words).run().expect(0).stdout
        };
        assert_eq!(bodies("new.toml"), bodies(&builtin), "{name}");
    }
}

/// Without the second file there is a mapping all the same, and it is said what would be better.
#[test]
fn without_its_second_file_an_export_is_mapped_by_its_own_columns() {
    let mut importer = beside("prestashop/addresses.csv");
    std::fs::remove_file(importer.folder().join("prestashop/customers.csv")).unwrap();
    let words = ["mapping", "new", "prestashop/addresses.csv", "-o", "a.toml"];
    let run = importer.args(words).run().expect(0);
    let wanted = "builtin:prestashop takes the addresses as its input, with customers.csv beside";
    assert!(run.stdout.contains(wanted), "{}", run.said());
    let text = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
    assert!(text.contains("\n[group]\nby   = \"id_customer\""), "{text}");
    let words = [
        "run",
        "prestashop/addresses.csv",
        "-m",
        "a.toml",
        "--dry-run",
    ];
    let run = importer.args(words).run().expect(0);
    assert_eq!((run.count("ready"), run.count("grouped")), (9, 5));
}

/// A book has the same columns as the CSV, so it gets the same mapping.
#[test]
fn a_book_gets_the_mapping_of_its_csv() {
    for name in samples() {
        let is_table = name.ends_with(".csv") && name != "datev.csv" && !name.contains("damaged");
        if !is_table {
            continue;
        }
        let mut importer = beside(&name);
        let bytes = std::fs::read(repository("samples").join(&name)).unwrap();
        let (text, _, _) = match std::str::from_utf8(&bytes) {
            Ok(_) => encoding_rs::UTF_8.decode(&bytes),
            Err(_) => encoding_rs::WINDOWS_1252.decode(&bytes),
        };
        let header = text.lines().next().unwrap();
        let delimiter = if header.contains(';') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let rows: Vec<Vec<String>> = reader
            .records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let book = name.replace(".csv", ".xlsx");
        importer.file(&book, crate::together::book(&rows));
        let mut proposed = |input: &str| {
            let run = importer.args(["mapping", "new", input]).run().expect(0);
            let text = run.stdout;
            let own = |line: &&str| {
                let source = ["format", "encoding", "delimiter"];
                !line.starts_with("# Proposed by")
                    && !source.iter().any(|key| line.starts_with(key))
            };
            // How far the others are to the right depends on the longest.
            let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            let lines: Vec<String> = text.lines().filter(own).map(squeezed).collect();
            lines.join("\n")
        };
        assert_eq!(proposed(&book), proposed(&name), "{name}");
    }
}

/// A row for each address, without the key or with the same: a real `[group]`, which maps nearly
/// everybody.
#[test]
fn records_of_one_customer_get_a_group_that_maps_them() {
    let lead = |n: usize| {
        format!(
            "K{n};Eva;Muster{n};Weg {n};0106{};Dresden;DE;k{n}@example.org;2024-01-02\n",
            n % 10
        )
    };
    for key in [true, false] {
        let mut text =
            "Kundennummer;Vorname;Nachname;Straße;PLZ;Ort;Land;E-Mail;Angelegt am\n".to_owned();
        for n in 1..=100 {
            text.push_str(&lead(n));
            for m in 0..n % 3 {
                let number = if key { format!("K{n}") } else { String::new() };
                text.push_str(&format!(
                    "{number};;Lager {m};Gasse {n}{m};50667;Köln;DE;;\n"
                ));
            }
        }
        let mut importer = Importer::new();
        importer.file("a.csv", &text);
        let words = ["mapping", "new", "a.csv", "-o", "a.toml"];
        importer.args(words).run().expect(0);
        let mapping = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
        let group = mapping.find("\n[group]\nby   = \"Kundennummer\"").unwrap();
        assert!(
            mapping[group..].contains("%: 100 of 200 records have"),
            "{mapping}"
        );
        assert!(mapping[group..].contains("[group.address]"), "{mapping}");
        importer
            .args(["mapping", "check", "a.toml", "a.csv"])
            .run()
            .expect(0);
        let run = importer
            .args(["run", "a.csv", "-m", "a.toml", "--dry-run"])
            .run()
            .expect(0);
        assert_eq!(
            (run.count("ready"), run.count("grouped")),
            (100, 100),
            "{}",
            run.said()
        );
    }
}

#[test]
fn help_says_what_is_needed() {
    let run = Importer::new()
        .args(["mapping", "new", "--help"])
        .run()
        .expect(0);
    let own = run.stdout.split("Global options").next().unwrap();
    insta::assert_snapshot!("help", own.replace("importer.exe", "importer"));
}

#[test]
fn what_is_still_to_be_filled_in_is_warned_of() {
    let mut importer = Importer::new();
    importer.file(
        "a.csv",
        "Kundennummer;Nachname;Ort;Land\nC1;Muster;Ulm;DE\n",
    );
    importer
        .args(["mapping", "new", "a.csv", "-o", "a.toml"])
        .run()
        .expect(0);
    let mapping = std::fs::read_to_string(importer.folder().join("a.toml")).unwrap();
    let marked = (1..)
        .zip(mapping.lines())
        .find(|(_, line)| line.contains("# FILL IN:"));
    let warning = format!("still marked FILL IN: line {}", marked.unwrap().0);
    let rehearse = ["run", "a.csv", "-m", "a.toml", "--dry-run"];
    let run = importer.args(rehearse).run().expect(0);
    assert!(run.stderr.contains(&warning), "{}", run.said());
    importer.file("a.toml", mapping.replace("# FILL IN:", "# was:"));
    let run = importer.args(rehearse).run().expect(0);
    assert!(!run.stderr.contains("FILL IN"), "{}", run.said());
}

#[test]
fn records_with_an_error_in_a_cell_are_looked_at_too() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["Kundennummer", "Nachname", "Ort", "Umsatz"]) {
        sheet.write(0, column, name).unwrap();
    }
    for (row, number) in [(1, "C1"), (2, "C2")] {
        for (column, text) in (0..).zip([number, "Muster", "Ulm"]) {
            sheet.write(row, column, text).unwrap();
        }
        let formula = rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!");
        sheet.write_formula(row, 3, formula).unwrap();
    }
    let mut importer = Importer::new();
    importer.file("a.xlsx", book.save_to_buffer().unwrap());
    importer.args(["mapping", "new", "a.xlsx", "-o", "a.toml"]);
    let run = importer.run().expect(0);
    let told = run.stdout + &run.stderr;
    assert!(told.contains("of 4 columns; 2 records looked at"), "{told}");

    importer.file("one.csv", "Name\nMuster\n");
    importer.args(["mapping", "new", "one.csv", "-o", "one.toml"]);
    let run = importer.run().expect(0);
    let told = run.stdout + &run.stderr;
    assert!(told.contains("of 1 column; 1 record looked at"), "{told}");
}
