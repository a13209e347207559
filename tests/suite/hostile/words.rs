//! Words that a terminal or a spreadsheet would obey, in cells, headers, names of files,
//! mappings and answers: nothing raw reaches a terminal or a log, CSV stays exact, JSON says
//! the same.

use super::rogue::{Answer, Rogue, answer};
use super::{assert_orderly, importer};
use crate::customers::{Customers, column};
use crate::support::{Run, rows};

/// Escape sequences of both widths, a bell, a carriage return, marks that turn the reading
/// direction round, invisible characters, and a line separator.
const WILD: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\u{202e}fdp\u{2066}\u{200b}\u{feff}\u{2028}x";

/// What spreadsheets take for a formula.
const FORMULAS: [&str; 6] = [
    "=cmd|'/c calc'!A0",
    "@SUM(1+1)",
    "+49 351 1",
    "-2+3",
    "=HYPERLINK(\"http://x\",\"y\")",
    "\t=1+1",
];

/// Fails if something that a terminal would obey, or that would deceive its reader, is about
/// to reach one.
#[track_caller]
fn assert_tame(run: &Run) {
    assert_orderly(run);
    for stream in [&run.stdout, &run.stderr] {
        let wild = stream.chars().find(|letter| {
            (letter.is_control() && !matches!(letter, '\n' | '\t'))
                || matches!(
                    letter,
                    '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2066}' | '\u{feff}'
                )
        });
        assert_eq!(wild, None, "{stream:?}");
    }
}

#[test]
fn wild_words_in_cells_stay_exact_in_csv_and_tame_on_the_terminal() {
    let mut customers = Customers::valid(371, 8);
    let cells = [
        ("Nachname", WILD),
        ("Gruppe", WILD),
        ("E-Mail", WILD),
        ("Land", WILD),
        ("Geburtstag", WILD),
        ("Rabatt", WILD),
        ("Bemerkung", WILD),
    ];
    for (at, (name, text)) in cells.into_iter().enumerate() {
        customers.0[at].cells[column(name)] = text.to_owned();
    }
    let rogue = Rogue::start(|_, _| None);
    for further in [
        &[][..],
        &["-vvv"],
        &["--json"],
        &["-vvv", "--log-format", "json"],
    ] {
        for dry in [true, false] {
            let mut importer = importer(&customers, &rogue.url());
            importer.arg("--values").arg("full");
            for word in further {
                importer.arg(word);
            }
            if dry {
                importer.arg("--dry-run");
            }
            let run = importer.run();
            assert_tame(&run);
            assert!([0, 3].contains(&run.code), "{}", run.said());
            // What is fed back is byte for byte what came.
            let failed = rows(&run.report_file("failed.csv"), b';');
            assert!(failed.len() >= 3);
            for row in failed {
                let record: usize = row["_record"].parse().unwrap();
                let customer = &customers.0[record - 1];
                for (name, cell) in crate::customers::HEADER.iter().zip(&customer.cells) {
                    assert_eq!(&row[*name], cell);
                }
            }
            run.summary();
            if further.contains(&"--json") {
                for line in run.stdout.lines() {
                    let value: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert!(value["type"].is_string());
                }
            }
        }
    }
}

#[test]
fn formulas_stay_what_they_are_in_csv() {
    let mut customers = Customers::valid(372, FORMULAS.len() * 2);
    for (at, formula) in FORMULAS.iter().enumerate() {
        customers.0[at].cells[column("Firma")] = (*formula).to_owned();
        // These fail, and must come back exactly.
        let broken = &mut customers.0[FORMULAS.len() + at].cells;
        broken[column("Firma")] = (*formula).to_owned();
        broken[column("Land")] = "Atlantis".to_owned();
    }
    let rogue = Rogue::start(|_, _| None);
    let mut importer = importer(&customers, &rogue.url());
    importer.arg("--max-invalid").arg("100%");
    let run = importer.run().expect(3);
    assert_tame(&run);
    assert_eq!(run.count("created"), FORMULAS.len() as u64);
    let failed = rows(&run.report_file("failed.csv"), b';');
    let firms: Vec<&str> = failed.iter().map(|row| row["Firma"].as_str()).collect();
    assert_eq!(firms, FORMULAS);
}

#[cfg(unix)]
#[test]
fn wild_names_of_files_are_tame() {
    let customers = Customers::valid(373, 3);
    let rogue = Rogue::start(|_, _| None);
    // A name may hold anything but a slash.
    let wild = format!("{WILD}.csv").replace('/', "");
    for further in [
        &[][..],
        &["--dry-run"],
        &["--json"],
        &["-vvv"],
        &["--limit", "1"],
    ] {
        let mut importer = importer(&customers, &rogue.url());
        importer.file(&wild, customers.csv());
        importer.file(&format!("{wild}.toml"), crate::customers::MAPPING);
        importer.args(
            super::words(&rogue.url())
                .iter()
                .map(|word| match word.as_str() {
                    "shop.csv" => wild.clone(),
                    "shop.toml" => format!("{wild}.toml"),
                    word => word.to_owned(),
                }),
        );
        importer.arg("--state-dir").arg(format!("{wild}.state"));
        importer.arg("--report-dir").arg(format!("{wild}.report"));
        for word in further {
            importer.arg(word);
        }
        let run = importer.run();
        assert_tame(&run);
        assert_eq!(run.code, 0, "{}", run.said());
        importer.args(["runs", "--state-dir", &format!("{wild}.state")]);
        assert_tame(&importer.run());
        // And when everything about them is wrong.
        for words in [
            vec![
                "run".to_owned(),
                format!("no{wild}"),
                "--dry-run".to_owned(),
            ],
            vec![
                "run".to_owned(),
                wild.clone(),
                "-m".to_owned(),
                format!("no{wild}"),
            ],
            vec!["--config".to_owned(), wild.clone(), "runs".to_owned()],
            vec!["show".to_owned(), wild.clone()],
            vec!["run".to_owned(), "shop.csv".to_owned(), format!("--{wild}")],
        ] {
            importer.args(words);
            assert_tame(&importer.run());
        }
    }
}

#[test]
fn wild_words_of_servers_are_tame() {
    let customers = Customers::valid(374, 3);
    let word = serde_json::Value::from(WILD).to_string();
    let body = format!(
        "{{\"ErrorCode\":{word},\"ErrorMessage\":{word},\"ValidationErrors\":{{{word}:{word}}},\
         \"error\":{word},\"error_description\":{word}}}"
    );
    for status in [
        "400 Bad",
        "401 No",
        "402 Pay",
        "403 Scope",
        "409 There",
        "422 Rude",
    ] {
        let body = body.clone();
        let rogue = Rogue::start(move |asked, _| {
            (asked.method == "POST").then(|| Answer::Bytes(answer(status, &body)))
        });
        for further in [&["-vvv"][..], &["-vvv", "--json", "--log-format", "json"]] {
            let mut importer = importer(&customers, &rogue.url());
            importer.arg("--max-failures").arg("100%");
            for word in further {
                importer.arg(word);
            }
            let run = importer.run();
            assert_tame(&run);
            assert!([3, 5].contains(&run.code), "{status}: {}", run.said());
            let mut importer = super::importer(&customers, &rogue.url());
            // The same from the token server: what it says is no secret, but not ours either.
            importer.env("IMPORTER_CLIENT_ID", "client");
            importer.env("IMPORTER_CLIENT_SECRET", "secret");
            importer.env("IMPORTER_TOKEN_URL", format!("{}/token", rogue.url()));
            let run = importer.run();
            assert_tame(&run);
            assert_eq!(run.code, 5, "{status}: {}", run.said());
        }
        // A status line is a server's word too.
        assert!(rogue.ledger().is_empty());
    }
}
