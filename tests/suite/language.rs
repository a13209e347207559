//! German readers are told in German what went wrong and what to do; programs in English.

mod mappings;

use serde_json::Value;
use wawi_importer::sandbox::{Auth, Existing, SandboxSettings};

use crate::stand_in::StandIn;
use crate::support::{Importer, Run, english_words, repository};

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

/// The text on one line, with what was measured left out.
fn unmeasured(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace(|c: char| c.is_ascii_digit() || ".,".contains(c), "")
}

/// What `importer doctor` tells programs, without the setting that says in which language.
fn told_to_programs(run: &Run) -> Vec<Value> {
    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["name"] != "lang")
        .collect()
}

/// Lets `doctor` look with these words in German, and checks that nothing of what it tells
/// programs in English is in it; gives what it says.
#[track_caller]
fn examined_in_german(importer: &mut Importer, words: &[&str], code: i32) -> String {
    let [german, ours, theirs] = [
        &["--lang", "de"][..],
        &["--json", "--lang", "de"],
        &["--json", "--lang", "en"],
    ]
    .map(|more| {
        importer.args(["doctor"].iter().chain(words).chain(more));
        importer.run().expect(code)
    });
    let (ours, theirs) = (told_to_programs(&ours), told_to_programs(&theirs));
    let as_text = |lines: &[Value]| {
        let lines = lines.iter().map(|line| unmeasured(&line.to_string()));
        lines.collect::<Vec<_>>()
    };
    assert_eq!(as_text(&ours), as_text(&theirs));
    let page = unmeasured(&german.stdout);
    let mut findings = 0;
    for line in theirs.iter().filter(|line| line["type"] == "check") {
        findings += 1;
        for text in [&line["text"], &line["remedy"]] {
            if let Some(text) = text.as_str() {
                assert!(!page.contains(&unmeasured(text)), "{text}\n{page}");
            }
        }
    }
    assert!(findings > 10, "{theirs:#?}");
    for word in [
        "failed ",
        "not checked ",
        "warning ",
        " default\n",
        "environment",
    ] {
        assert!(!german.stdout.contains(word), "{word}\n{}", german.stdout);
    }
    // A table of settings, an empty line, and the findings.
    let (settings, _) = german.stdout.split_once("\n\n").unwrap();
    let heading: Vec<&str> = settings
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(heading, ["Einstellung", "Wert", "Herkunft"]);
    assert!(german.stderr.contains(" anzusehen, "), "{}", german.said());
    german
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn what_doctor_finds_is_german_for_readers_and_english_for_programs() {
    let sandbox = StandIn::start(SandboxSettings {
        existing: (1..=12)
            .map(|n| Existing::new(n, &format!("E{n}")))
            .collect(),
        ..SandboxSettings::default()
    });
    let url = sandbox.url();
    let mut importer = Importer::new();
    importer.env("IMPORTER_RATE", "500/s");
    let page = examined_in_german(&mut importer, &["--base-url", &url, "--probe"], 0);
    let host = url.trim_start_matches("http://");
    for german in [
        "concurrency 8 Standard",
        "rate 500/s Umgebung, IMPORTER_RATE",
        "probe an Befehlszeile",
        &format!("base_url {url} Befehlszeile"),
        "max_duration nicht gesetzt Standard",
        "auth keine: ein Gateway fügt die Zugangsdaten hinzu Standard",
        &format!("in Ordnung settings Kunden gehen an {url}/v1/customers; im Journal heißt"),
        "in Ordnung credentials es werden keine gesendet: ein Gateway vor der Wawi",
        "gibt es noch keines: der erste Lauf legt es an",
        &format!("in Ordnung tcp {host} nimmt Verbindungen an, nach "),
        "nicht geprüft token die Zugangsdaten brauchen keines",
        "nicht geprüft tls base_url ist unverschlüsseltes http",
        "der Server zeigt seine Kunden (Status 200); er nennt 12",
        "die Uhren dieses Rechners und des Servers gehen gleich",
        "Warnung quota der Server nennt kein Kontingent",
        "-> ein Lauf geht dann so schnell, wie --concurrency und --rate erlauben",
        "der Server nennt seine Kundengruppen, Kundenkategorien, Firmen, Zahlungsarten",
        " ms, der Median von 7",
        "probe_pages eine Seite von 100 zeigt 12 Kunden, eine von 1000 zeigt 12",
    ] {
        assert!(page.contains(german), "{german}\n{page}");
    }
    assert_eq!(sandbox.counters().posts, 0);
}

#[test]
fn what_doctor_misses_is_german_too() {
    let sandbox = StandIn::start(SandboxSettings {
        auth: Auth::ApiKey("right".to_owned()),
        ..SandboxSettings::default()
    });
    let mut importer = Importer::new();
    let settings = format!(
        "profile = \"p\"\n[profiles.p]\nbase_url = \"{}\"\n[profiles.p.auth]\n\
         kind = \"api_key\"\napi_key = {{ file = \"wawi.key\" }}\n",
        sandbox.url()
    );
    importer.file("importer.toml", settings);
    let page = examined_in_german(&mut importer, &[], 4);
    for german in [
        "api_key fehlt: es sollte aus der Datei ",
        "wawi.key kommen Profil p",
        "profile p Anfang der Einstellungsdatei",
        "fehlgeschlagen credentials api_key soll aus der Datei ",
        "wawi.key kommen, die es nicht gibt",
        "-> den Pfad prüfen; `importer register --key-file ",
        "nicht geprüft authorisation die Zugangsdaten sind nicht zu gebrauchen",
        "nicht geprüft latency die Zugangsdaten sind nicht zu gebrauchen",
    ] {
        assert!(page.contains(german), "{german}\n{page}");
    }
    // Nor is what stands in the environment's place told in English, or an ERP that is away.
    importer.file("importer.toml", "base_url = \"http://127.0.0.1:9\"\n");
    importer.env("IMPORTER_CLIENT_ID", "ours");
    importer.env("IMPORTER_TOKEN_URL", "http://127.0.0.1:9/token");
    let page = examined_in_german(&mut importer, &[], 4);
    for german in [
        "client_id gesetzt, aus der Variable IMPORTER_CLIENT_ID Umgebung, IMPORTER_CLIENT_ID",
        "IMPORTER_CLIENT_ID ist gesetzt, aber IMPORTER_CLIENT_SECRET nicht",
        "-> auch IMPORTER_CLIENT_SECRET oder IMPORTER_CLIENT_SECRET_FILE setzen",
        "fehlgeschlagen tcp 127.0.0.1:9 nimmt keine Verbindung an: ",
        "-> Host und Port in base_url prüfen, ob der Server läuft, und Firewalls dazwischen",
        "nicht geprüft quota der Server ist nicht zu erreichen",
    ] {
        assert!(page.contains(german), "{german}\n{page}");
    }
}

/// What the command says in German, if that holds nothing that is English.
#[track_caller]
fn all_german(importer: &mut Importer, words: &str, code: i32) -> Run {
    importer.args(words.split(' ').chain(["--lang", "de"]));
    let run = importer.run().expect(code);
    for text in [&run.stdout, &run.stderr] {
        let english = english_words(text);
        assert!(english.is_empty(), "{english:?}\n{}", run.said());
    }
    run
}

#[test]
fn mistakes_in_settings_and_in_the_command_line_are_german() {
    let dry = "run customers.csv -m shop.toml --dry-run";
    for (settings, variable, words, code, german) in [
        (
            "concurency = 8",
            None,
            dry,
            4,
            "importer.toml:1:1: unbekannter Schlüssel `concurency`\n",
        ),
        (
            "rate = \"fast\"",
            None,
            dry,
            4,
            "importer.toml:1:8: rate: `fast` ist kein Tempo; schreiben, wie viele in welcher Zeit, ",
        ),
        (
            "[auth]\nkind = \"api_key\"\napi_key = \"abc\"",
            None,
            dry,
            4,
            "importer.toml:3:11: `api_key` steht hier im Klartext; eine Einstellungsdatei enthält ",
        ),
        (
            "",
            Some(("IMPORTER_TIMEOUT", "60")),
            dry,
            4,
            "die Umgebungsvariable IMPORTER_TIMEOUT ist nicht zu gebrauchen: `60` hat keine Einheit; ",
        ),
        (
            "",
            None,
            "run customers.csv -m shop.toml --base-url https://erp.example:port",
            4,
            "base_url `https://erp.example:port` ist nicht zu gebrauchen: der Port ist ungültig\n",
        ),
        (
            "",
            None,
            "run customers.csv --rate fast",
            2,
            "Fehler: der Wert 'fast' für '--rate <RATE>' ist nicht zu gebrauchen: `fast` ist kein ",
        ),
        (
            "",
            None,
            "run customers.csv --rat 5/s",
            2,
            "Hinweis: ist '--rate' gemeint?\n",
        ),
    ] {
        let mut importer = importer();
        importer.file("importer.toml", settings);
        if let Some((name, value)) = variable {
            importer.env(name, value);
        }
        let run = all_german(&mut importer, words, code);
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
}

/// What SQLite finds is quoted; everything else about a damaged journal is German.
#[test]
fn a_damaged_journal_is_told_in_german() {
    let mut importer = importer();
    let journal = importer.folder().join(".importer/journal.db");
    std::fs::create_dir(importer.folder().join(".importer")).unwrap();
    let rubbish = "no database at all ".repeat(999);
    for (bytes, log, german) in [
        (Some(""), false, "ist beschädigt: die Datei ist leer\n"),
        (
            Some("rubbish"),
            false,
            "ist beschädigt: die Datei ist zu kurz für eine Datenbank\n",
        ),
        (
            Some(rubbish.as_str()),
            false,
            "ist beschädigt: die Datei ist keine Datenbank\n",
        ),
        (
            None,
            true,
            "ist beschädigt: die Datei ist fort, aber ihr Log (`-wal`) ist noch da\n",
        ),
    ] {
        match bytes {
            Some(bytes) => std::fs::write(&journal, bytes).unwrap(),
            None => std::fs::remove_file(&journal).unwrap(),
        }
        if log {
            std::fs::write(journal.with_file_name("journal.db-wal"), "something").unwrap();
        }
        let run = all_german(&mut importer, "runs", 8);
        assert!(run.stderr.contains(german), "{german}{}", run.said());
        assert!(
            run.stderr.contains("Hilfe: das Journal mit"),
            "{}",
            run.said()
        );
    }
}

#[test]
fn what_is_wrong_with_a_second_file_or_a_packed_one_is_german() {
    let mut importer = importer();
    let shop = std::fs::read_to_string(importer.folder().join("shop.toml")).unwrap();
    let join = "[join]\nfile = \"zweite.csv\"\n[join.on]\nKundennummer = \"Nr\"\n";
    let at = shop.find("\n[customer]").unwrap() + 1;
    importer.file("join.toml", format!("{}{join}{}", &shop[..at], &shop[at..]));
    let words = "run customers.csv -m join.toml --dry-run";
    let run = all_german(&mut importer, words, 4);
    assert!(
        run.stderr
            .contains("die zweite Datei `zweite.csv` von [join] ist nicht da")
    );
    importer.file("zweite.csv", "Nr;Fax\nK1;1;2\n");
    let run = all_german(&mut importer, words, 4);
    assert!(run.stderr.contains("Zeile 2 von "), "{}", run.said());
    importer.file("k.csv.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]);
    importer.file("k.xlsx", "PK\u{3}\u{4} and nothing more");
    for (file, german) in [
        ("k.csv.gz", "sie hört mittendrin auf"),
        ("k.xlsx", "kein ZIP-Archiv"),
    ] {
        let run = all_german(
            &mut importer,
            &format!("run {file} -m shop.toml --dry-run"),
            4,
        );
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
}

#[test]
fn what_is_wrong_with_a_fault_file_is_german() {
    let mut importer = importer();
    for (text, german) in [
        (
            "drop = \n",
            "faults.toml:1: Text muss in Anführungszeichen stehen",
        ),
        (
            "seed = 1\n[[record]\n",
            "faults.toml:2: der Abschnitt ist nicht geschlossen",
        ),
        (
            "seed = 1\nseed = 2\n",
            "faults.toml:2: diesen Schlüssel gibt es schon",
        ),
        ("drop = 2\n", "faults.toml:1: "),
    ] {
        importer.file("faults.toml", text);
        let run = all_german(&mut importer, "sandbox --faults faults.toml", 4);
        assert!(run.stderr.contains(german), "{german}\n{}", run.said());
    }
}

#[test]
fn an_input_with_nothing_in_it_is_told_in_german() {
    let mut importer = importer();
    importer.file("empty.csv", "");
    let words = "run empty.csv -m shop.toml --dry-run --allow-empty";
    let run = all_german(&mut importer, words, 0);
    assert_eq!(run.stderr, "`empty.csv` ist leer; es gibt nichts zu tun\n");
}

#[test]
fn the_tables_of_past_runs_are_german_for_people() {
    let mut importer = importer();
    let sandbox = StandIn::start(SandboxSettings::default());
    importer.env("IMPORTER_BASE_URL", sandbox.url());
    let customers = std::fs::read(repository("samples/customers.csv")).unwrap();
    let head: Vec<&[u8]> = customers.split_inclusive(|byte| *byte == b'\n').collect();
    importer.file("two.csv", head[..3].concat());
    importer
        .args("run two.csv -m shop.toml".split(' '))
        .run()
        .expect(0);
    let runs = all_german(&mut importer, "runs", 0).stdout;
    let (heading, row) = runs.split_once('\n').unwrap();
    let heading: Vec<&str> = heading.split_whitespace().collect();
    assert_eq!(
        heading.join(" "),
        "Lauf begonnen Code angelegt fehlgeschlagen unbekannt gelesen Ziel Eingabe"
    );
    let id = row.split_whitespace().next().unwrap().to_owned();
    let show = all_german(&mut importer, &format!("show {id}"), 0).stdout;
    let words = show.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.starts_with("Datensatz Zeile Ergebnis Kundennummer Einzelheiten 1 2 angelegt "),
        "{show}"
    );
    assert!(words.contains(", 1 Versuch"), "{show}");
    // Programs are told the same in either language.
    for command in ["runs", &format!("show {id}")] {
        let [ours, theirs] = ["de", "en"].map(|lang| {
            let words = command.split(' ').chain(["--json", "--lang", lang]);
            importer.args(words).run().expect(0).stdout
        });
        assert_eq!(ours, theirs, "{command}");
    }
}

#[test]
fn whoever_types_nothing_is_welcomed_in_the_language_of_the_locale() {
    let mut importer = importer();
    importer.args([""; 0]).env("LC_ALL", "de_DE.UTF-8");
    let run = importer.run().expect(2);
    assert_eq!(run.stdout, "");
    assert!(english_words(&run.stderr).is_empty(), "{}", run.said());
    let welcome = run.stderr;
    insta::assert_snapshot!(welcome);
    // Options of every command are no command.
    for words in [&["--lang", "de"][..], &["-v"], &["-q", "--yes"]] {
        let run = importer.args(words).run().expect(2);
        assert_eq!(run.stderr, welcome, "{words:?}");
    }
    // A mistake in the words is told in the language that the words name.
    importer.args(["rnu", "customers.csv", "--lang", "en"]);
    let run = importer.run().expect(2);
    assert!(
        run.stderr
            .starts_with("error: unrecognized subcommand 'rnu'"),
        "{}",
        run.said()
    );
    importer.args(["rnu", "customers.csv"]);
    let run = importer.run().expect(2);
    assert!(
        run.stderr
            .starts_with("Fehler: den Befehl 'rnu' gibt es nicht"),
        "{}",
        run.said()
    );
}
