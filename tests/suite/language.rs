//! German readers are told in German what went wrong and what to do; programs in English.

use serde_json::Value;

use crate::support::{Importer, Run, repository};

/// Commands that cannot do what they are asked for, their code, and what to do in both languages.
const TOLD: &[(&str, i32, &str, &str)] = &[
    (
        "run kunden.csv -m shop.toml --dry-run",
        4,
        "check its name and its folder; without one, it is looked for in the current folder",
        "den Namen und den Ordner prüfen; ohne Ordner wird sie im aktuellen gesucht",
    ),
    (
        "run custmers.csv -m shop.toml --dry-run",
        4,
        "did you mean `customers.csv`?",
        "ist `customers.csv` gemeint?",
    ),
    (
        "run customers.csv -m shop.toml",
        4,
        "give --base-url URL, IMPORTER_BASE_URL, or base_url in importer.toml",
        "--base-url URL, IMPORTER_BASE_URL, oder base_url in importer.toml angeben",
    ),
    (
        "run customers.csv -m shop.toml --payloads out.jsonl",
        2,
        "add --dry-run, or leave --payloads out",
        "--dry-run hinzufügen, oder --payloads weglassen",
    ),
    (
        "run customers.csv -m shop.toml --dry-run --config wrong.toml",
        4,
        "did you mean `concurrency`?",
        "ist `concurrency` gemeint?",
    ),
    (
        "run customers.csv -m shop.toml --dry-run --report-dir customers.csv",
        4,
        "move customers.csv away, or name another folder with --report-dir",
        "customers.csv verschieben, oder mit --report-dir einen anderen Ordner nennen",
    ),
    (
        "run customers.csv -m shop.toml --sandbox --faults comit_drop=1",
        2,
        "did you mean `commit_drop`?",
        "ist `commit_drop` gemeint?",
    ),
    (
        "show 0197",
        2,
        "`importer runs` lists the runs",
        "`importer runs` zählt die Läufe auf",
    ),
    (
        "schedule jobs.toml --once shp",
        2,
        "did you mean `shop`?",
        "ist `shop` gemeint?",
    ),
];

fn importer() -> Importer {
    let importer = Importer::new();
    for file in ["mappings/shop.toml", "samples/customers.csv"] {
        let name = file.rsplit('/').next().unwrap();
        importer.file(name, std::fs::read(repository(file)).unwrap());
    }
    importer.file("wrong.toml", "concurency = 8\n");
    let job = "[[job]]\nname = \"shop\"\ncron = \"0 3 * * *\"\ninputs = [\"in/*.csv\"]\n";
    importer.file("jobs.toml", job);
    importer
}

/// What the command says, with these words and variables beside.
fn run(command: &str, more: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut importer = importer();
    importer.args(command.split(' ').chain(more.iter().copied()));
    for (name, value) in variables {
        importer.env(name, value);
    }
    importer.run()
}

/// What stands on stderr, wherever the command's folder is.
fn said(run: &Run) -> String {
    run.stderr.replace(run.folder.to_str().unwrap(), "[folder]")
}

/// The objects with an error that the program printed for programs.
fn errors(run: &Run) -> Vec<Value> {
    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["type"] == "error")
        .collect()
}

#[test]
fn help_is_given_in_the_language_of_the_reader() {
    for (command, code, english, german) in TOLD {
        let told = run(command, &[], &[("LC_ALL", "C.UTF-8")]).expect(*code);
        assert!(told.stderr.contains(" help: "), "{}", told.said());
        assert!(told.stderr.contains(english), "{}", told.said());
        let by_flag = run(command, &["--lang", "de"], &[]).expect(*code);
        assert!(by_flag.stderr.contains(" Hilfe: "), "{}", by_flag.said());
        assert!(by_flag.stderr.contains(german), "{}", by_flag.said());
        assert!(!by_flag.stderr.contains(english), "{}", by_flag.said());
        for variables in [
            [("LC_ALL", "de_DE.UTF-8"), ("LANG", "en_US.UTF-8")],
            [("IMPORTER_LANG", "de"), ("LC_ALL", "C.UTF-8")],
        ] {
            let told = run(command, &[], &variables).expect(*code);
            assert_eq!(said(&told), said(&by_flag), "{command}");
        }
        // Whoever says so is told in English.
        let told = run(command, &["--lang", "en"], &[("LC_ALL", "de_DE.UTF-8")]);
        assert!(told.stderr.contains(english), "{}", told.said());
    }
}

#[test]
fn what_went_wrong_is_german_too() {
    for (command, code, german) in [
        (
            "run kunden.csv -m shop.toml --dry-run",
            4,
            "Fehler: die Datei `kunden.csv` gibt es nicht\n",
        ),
        (
            "run customers.csv -m shop.toml",
            4,
            "Fehler: niemand hat gesagt, wo die Wawi ist: es gibt keine Basis-URL\n",
        ),
        (
            "run customers.csv -m nichts.toml --dry-run",
            4,
            "Fehler: die Zuordnung ist nicht zu lesen: die Datei gibt es nicht\n",
        ),
        (
            "run customers.csv -m shop.toml --probe",
            2,
            "Fehler: --probe lässt einen Probelauf die Wawi fragen, aber dies ist keiner\n",
        ),
        ("show 0197", 2, "Fehler: den Lauf `0197` gibt es nicht\n"),
    ] {
        let told = run(command, &["--lang", "de"], &[]).expect(code);
        assert!(told.stderr.starts_with(german), "{}", told.said());
    }
}

#[test]
fn programs_are_told_in_english_whatever_the_language() {
    for (command, code, english, german) in TOLD {
        let [ours, theirs] = ["de", "en"].map(|lang| {
            let told = run(command, &["--json", "--lang", lang], &[]).expect(*code);
            errors(&told)
        });
        assert_eq!(ours, theirs, "{command}");
        // What is wrong with the settings themselves is found before `--json` is known.
        for error in &ours {
            let help = error["help"].as_str().unwrap();
            assert!(help.contains(english), "{error}");
            assert!(!help.contains(german), "{error}");
        }
    }
}

#[test]
fn a_mapping_s_mistakes_have_their_help_in_german() {
    let mut importer = importer();
    let mapping = std::fs::read_to_string(repository("mappings/shop.toml")).unwrap();
    importer.file(
        "falsch.toml",
        mapping.replace("\"Kundennummer\"", "\"Kundennumer\""),
    );
    let words = "run customers.csv -m falsch.toml --dry-run --lang de";
    let run = importer.args(words.split(' ')).run().expect(4);
    for told in [
        "Fehler: die Eingabe hat keine Spalte `Kundennumer`\n",
        "= Hilfe: ist `Kundennummer` gemeint?",
    ] {
        assert!(run.stderr.contains(told), "{}", run.said());
    }
}

#[test]
fn notices_are_german_for_readers_and_english_for_programs() {
    let command = "run customers.csv -m shop.toml --sandbox --limit 3";
    let told = run(command, &[], &[("LC_ALL", "de_DE.UTF-8")]);
    for german in [
        "Beginn von ",
        ": customers.csv nach sandbox\n",
        "customers.csv: CSV, windows-1252 (angegeben), Trennzeichen `;` (angegeben)\n",
    ] {
        assert!(told.stderr.contains(german), "{german}\n{}", told.said());
    }
    assert!(!told.stderr.contains("Starting"), "{}", told.said());
    let [ours, theirs] = ["de", "en"].map(|lang| {
        let told = run(command, &["--json", "--lang", lang], &[]);
        let lines = told
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let notices = lines.filter(|line: &Value| line["type"] == "notice");
        notices
            .map(|line| line["text"].to_string())
            .collect::<Vec<_>>()
    });
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs);
}
