//! What is said of mappings: their mistakes, and what `importer mapping` writes.

use crate::support::{Importer, Run};

/// A mapping in which everything is right.
const RIGHT: &str = "[customer]\nNumber = \"Nr\"\nCustomerGroupId = { value = 1 }\n\
    InternalCompanyId = { value = 1 }\nLanguageIso = { value = \"DE\" }\n\
    [customer.BillingAddress]\nCity = \"Ort\"\nLastName = \"Name\"\n\
    CountryIso = { value = \"DE\" }\n";

/// Changes that each make a mistake of it (what is replaced by what), and the German sentence.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "[customer]\n",
        "[customer\n",
        "Fehler: der Abschnitt ist nicht geschlossen; erwartet: `]`",
    ),
    (
        "[customer]\n",
        "[customer]\nNumber = \"Nr\"\n",
        "Fehler: diesen Schlüssel gibt es schon",
    ),
    (
        "Number = \"Nr\"",
        "Number = Kundennummer",
        "Fehler: Text muss in Anführungszeichen stehen; erwartet: Text in einfachen Anführungszeichen",
    ),
    (
        "Number = \"Nr\"",
        "Number = 1",
        "Fehler: `Number` muss eine Spalte in Anführungszeichen oder eine Tabelle sein",
    ),
    (
        "Number = \"Nr\"",
        "Nummer = \"Nr\"",
        "Fehler: die API hat kein Feld `Nummer` beim Kunden",
    ),
    (
        "Number = \"Nr\"",
        "Number = { colum = \"Nr\" }",
        "Fehler: ein Wert kennt keinen Schlüssel `colum`",
    ),
    (
        "Number = \"Nr\"",
        "Number = { column = \"Nr\", extract = '(' }",
        "Fehler: `extract` ist kein regulärer Ausdruck: eine Klammer ist nicht geschlossen",
    ),
    (
        "Number = \"Nr\"",
        "Number = { column = \"Nr\", lookup_file = \"nr.csv\" }",
        "Fehler: die Datei nr.csv gibt es nicht",
    ),
    (
        "Number = \"Nr\"",
        "Number = { column = \"Nr\", lookup_file = \"gruppen.csv\" }",
        "Fehler: gruppen.csv, Zeile 2: es sind 3 Spalten, nicht zwei",
    ),
    (
        "Number = \"Nr\"",
        "Number = { template = \"{{ col['Nr' }}\" }",
        "Fehler: `template` ist nicht zu lesen: unerwartet: `}`; erwartet: `]`",
    ),
    (
        "Number = \"Nr\"",
        "Number = { template = \"{{ Nr }}\" }",
        "Fehler: die Vorlage kennt `Nr` nicht",
    ),
    (
        "Number = \"Nr\"",
        "Number = \"Nr\"\nBirthday = { column = \"Name\", date = \"%d.%K.%Y\" }",
        "Fehler: `date` kann mit \"%d.%K.%Y\" kein Datum lesen: hinter `%` gibt es `K` nicht",
    ),
    (
        "CustomerGroupId = { value = 1 }\n",
        "",
        "Fehler: die API verlangt CustomerGroupId, aber dem Feld ist nichts zugeordnet",
    ),
    (
        "[customer]\n",
        "[source]\nformat = \"xls\"\n[customer]\n",
        "Fehler: `format` kennt \"xls\" nicht",
    ),
    (
        "[customer]\n",
        "[[test]]\ngiven = { Nr = \"7\" }\n[customer]\n",
        "Fehler: ein Test erwartet nichts",
    ),
    (
        "[customer]\n",
        "[[test]]\ngiven = { Nr = \"7\", Ort = \"Ulm\" }\nexpect = { Number = \"8\" }\n[customer]\n",
        "Fehler: Test 1 schlägt fehl: `Number` ist \"7\"",
    ),
    (
        "\"Nr\"",
        "\"Nummer\"",
        "Fehler: die Eingabe hat keine Spalte `Nummer`",
    ),
];

/// The sentences of mistakes, without excerpts of the file: what is wrong and what to do.
fn sentences(run: &Run) -> Vec<String> {
    const MARKS: [&str; 5] = ["error: ", "= help: ", "Fehler: ", "= Hilfe: ", "^ "];
    let mut sentences = Vec::new();
    for line in run.stderr.lines() {
        let parts = MARKS.iter().find_map(|mark| line.split_once(mark));
        sentences.extend(parts.map(|(_, sentence)| sentence.to_owned()));
    }
    sentences
}

/// What `importer mapping` says of this mapping: by its tests, and by an input.
fn mapping_checked(mapping: &str, lang: &[&str]) -> [Run; 2] {
    ["mapping test m.toml", "mapping check m.toml ein.csv"].map(|command| {
        let mut importer = Importer::new();
        importer.file("m.toml", mapping);
        importer.file("ein.csv", "Nr;Name;Ort\n7;Tamm;Ulm\n");
        importer.file("gruppen.csv", "A;1\nB;2;x\n");
        importer.args(command.split(' ').chain(lang.iter().copied()));
        importer.run()
    })
}

#[test]
fn a_mapping_s_mistakes_are_told_in_the_language_of_the_reader_alone() {
    for (from, to, told) in MISTAKES {
        let mapping = RIGHT.replacen(from, to, 1);
        assert_ne!(mapping, RIGHT);
        let german = mapping_checked(&mapping, &["--lang", "de"]);
        let english = mapping_checked(&mapping, &["--lang", "en"]);
        let said = format!("{}{}", german[0].said(), german[1].said());
        assert!(said.contains(told), "{told}\n{said}");
        for (german, english) in german.iter().zip(&english) {
            let (ours, theirs) = (sentences(german), sentences(english));
            assert_eq!(ours.len(), theirs.len(), "{said}");
            for (ours, theirs) in ours.iter().zip(&theirs) {
                // An example to copy is no sentence.
                assert!(ours != theirs || !theirs.contains(' '), "{ours}");
            }
        }
        let programs = ["de", "en"].map(|lang| {
            let runs = mapping_checked(&mapping, &["--json", "--lang", lang]);
            runs.map(|run| run.stdout)
        });
        assert_eq!(programs[0], programs[1]);
    }
}

#[test]
fn a_mapping_s_mistakes_are_shown_with_their_excerpts_in_german() {
    let wrong = RIGHT
        .replace("Number = \"Nr\"", "Number = { colum = 1, max = 99 }")
        .replace("{ value = \"DE\" }\n[", "{ value = \"Deutsch\" }\n[")
        .replace("City = \"Ort\"\n", "");
    let [_, checked] = mapping_checked(&wrong, &["--lang", "de"]);
    insta::assert_snapshot!(checked.stderr);
    let broken = RIGHT.replace("[customer]", "[customer\n]");
    let [_, checked] = mapping_checked(&broken, &["--lang", "de"]);
    insta::assert_snapshot!(checked.stderr);
    let failing = format!(
        "{RIGHT}[[test]]\nname = \"Ort\"\ngiven = {{ Nr = \"7\" }}\nexpect_errors = []\n\
         expect = {{ Number = \"8\" }}\n"
    );
    let [tested, _] = mapping_checked(&failing, &["--lang", "de"]);
    insta::assert_snapshot!(tested.stderr);
}

/// What `importer mapping` writes where nothing is wrong with the mapping.
const WRITING: &[&str] = &[
    "mapping check m.toml",
    "mapping check m.toml ein.csv",
    "mapping test m.toml",
    "mapping test tests.toml",
    "mapping explain m.toml ein.csv --record 1",
    "mapping explain m.toml ein.csv --record 2",
    "mapping new ein.csv -o neu.toml",
    "mapping new ein.csv",
    "mapping fields",
];

#[test]
fn what_mapping_commands_write_is_in_the_language_of_the_reader_alone() {
    let mapping = RIGHT
        .replace(
            "[customer]\n",
            "keep_if = [ { column = \"Nr\", filled = true } ]\n[customer]\n",
        )
        .replace(
            "LastName = \"Name\"\n",
            "LastName = \"Name\"\nFormOfAddress = { column = \"Anrede\", lookup = { w = \"Frau\" } }\n",
        )
        + "[customer.CustomAddress]\nwhen = \"Ort 2\"\nCity = \"Ort 2\"\n\
           CountryIso = { value = \"DE\" }\n";
    let tests = "[[test]]\ngiven = { Nr = \"7\" }\nexpect = { Number = \"7\" }\n\
                 [[test]]\ngiven = { Ort = \"Ulm\" }\nleft_out = true\n";
    let written = |command: &str, more: &[&str]| {
        let mut importer = Importer::new();
        importer.file("m.toml", &mapping);
        importer.file("tests.toml", format!("{mapping}{tests}"));
        importer.file(
            "ein.csv",
            "Nr;Anrede;Name;Ort;Ort 2;Farbe\n7;m; Tamm;Ulm;;rot\n;w;Groß;Bonn;Köln;blau\n",
        );
        importer.args(command.split(' ').chain(more.iter().copied()));
        let run = importer.run().expect(0);
        let made = std::fs::read_to_string(run.folder.join("neu.toml")).unwrap_or_default();
        (format!("{}{}", run.stdout, run.stderr), made)
    };
    let mut all = String::new();
    for command in WRITING {
        let (german, made) = written(command, &["--lang", "de"]);
        let (english, _) = written(command, &["--lang", "en"]);
        all.push_str(&format!("> {command}\n{german}{made}\n"));
        // Lines with words of ours; those that TOML reads are the same in both.
        for line in english.lines().filter(|line| line.contains(' ')) {
            let is_code = !line.contains('#') && line.contains(" = ");
            let is_command = line.contains("importer run");
            // A row has a field, a column or step, and a value.
            let is_row = command.contains("explain") && line.starts_with("  ");
            if !is_code && !is_command && !is_row {
                assert!(!german.lines().any(|ours| ours == line), "{line}");
            }
        }
        let [ours, theirs] = ["de", "en"].map(|lang| written(command, &["--json", "--lang", lang]));
        assert_eq!(ours, theirs, "{command}");
    }
    insta::assert_snapshot!(all);
}
