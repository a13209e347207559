//! Bad input, mappings, settings and journals: each has its exit code, and a message that names
//! the place and says what to do. Nothing of it may make the program panic.

mod collection;

use std::io::{BufRead, BufReader};

use crate::other_erp::{Knobs, OtherErp};
use crate::support::{Importer, Run};

const MAPPING: &str = r#"[source]
date = "%d.%m.%Y"
[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
City = "Ort"
CountryIso = { value = "DE" }
"#;

const LIST: &str = "Nr;Name;Ort\nC1;Groß;Dresden\nC2;Klein;Köln\n";

/// A folder with a mapping and a list that are both fine.
fn importer() -> Importer {
    let importer = Importer::new();
    importer.file("map.toml", MAPPING);
    importer.file("kunden.csv", LIST);
    importer
}

impl Importer {
    /// Runs the words, and holds the answer to the code and the texts. Line breaks of the
    /// answer mean nothing.
    #[track_caller]
    fn ends(&mut self, words: &str, code: i32, says: &[&str]) -> Run {
        let run = self.args(words.split_whitespace()).run().expect(code);
        assert!(!run.said().contains("panicked"), "{}", run.said());
        let said = run.said();
        let flowing = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in says {
            assert!(
                flowing.contains(text),
                "{words}: `{text}` is missing in\n{said}"
            );
        }
        run
    }

    /// A dry run of a file with these bytes.
    #[track_caller]
    fn rehearses(&mut self, name: &str, bytes: impl AsRef<[u8]>, code: i32, says: &[&str]) -> Run {
        self.file(name, bytes);
        self.ends(&format!("run {name} -m map.toml --dry-run"), code, says)
    }
}

#[test]
fn an_input_that_cannot_be_used_ends_with_4() {
    let mut it = importer();
    it.ends(
        "run kunde.csv -m map.toml --dry-run",
        4,
        &["there is no file `kunde.csv`", "did you mean `kunden.csv`?"],
    );
    std::fs::create_dir(it.folder().join("folder")).unwrap();
    it.ends(
        "run folder -m map.toml --dry-run",
        4,
        &[
            "`folder` is a folder",
            "name its files, e.g. 'folder/*.csv'",
        ],
    );
    it.rehearses(
        "leer.csv",
        "",
        4,
        &["`leer.csv` is empty", "was the export finished"],
    );
    let header = "Nr;Name;Ort\n";
    it.rehearses(
        "kopf.csv",
        header,
        4,
        &["kopf.csv has no records", "`--allow-empty` accepts"],
    );
    it.rehearses(
        "nul.csv",
        "Nr;Name;Ort\nC1;Gro\0;Dresden\n",
        4,
        &["`nul.csv` is no text: byte 18 is NUL", "export it as CSV"],
    );
    it.rehearses(
        "array.json",
        "[\n{\"Nr\":\"C1\"},\n{\"Nr\":\"C2\"}]\n",
        4,
        &["`array.json` is one JSON array", "jq -c"],
    );
    it.rehearses(
        "kunden.csv.gz",
        b"\x1f\x8b\x08\x00rest",
        4,
        &[
            "`kunden.csv.gz` is damaged, or was cut off",
            "export it again",
        ],
    );
    it.rehearses(
        "kunden.xlsx",
        b"PK\x03\x04rest",
        4,
        &["`kunden.xlsx` is damaged, or was cut off", "save it as CSV"],
    );
    let reports = it.folder().join("reports");
    let left = std::fs::read_dir(reports).unwrap().count();
    assert_eq!(left, 0, "no empty folder of a report stays");

    let run = it.ends(
        "run kopf.csv -m map.toml --dry-run --allow-empty",
        0,
        &["the input has no records"],
    );
    assert_eq!(run.count("read"), 0);
}

#[test]
fn a_quote_that_never_closes_is_named_by_the_line_where_it_opened() {
    let mut it = importer();
    let says = [
        "`quote.csv`:3: the quote that opens on this line never closes (in record 2)",
        "close the quote on that line or double it",
        "if the file was cut off, export it again",
    ];
    let start = "Nr;Name;Ort\nC1;Groß;Dresden\nC2;\"Klein;Köln\n";
    it.rehearses("quote.csv", start, 4, &says);
    it.rehearses("quote.csv", format!("{start}{LIST}"), 4, &says);
    // It opens on the third line of its record.
    it.rehearses(
        "quote.csv",
        "Nr;Name;Ort\nC1;\"Gro\nß\";\"Dres\nden\n",
        4,
        &["`quote.csv`:3:", "(in record 1)"],
    );
    it.rehearses(
        "quote.csv",
        "Nr;\"Name;Ort\nC1;Groß;Dresden\n",
        4,
        &["`quote.csv`:1:", "(in the header)"],
    );
    // Nothing is sent either.
    let erp = OtherErp::start(Knobs::default());
    it.file("quote.csv", start);
    let words = format!("run quote.csv -m map.toml --base-url {}", erp.url());
    it.ends(&words, 4, &says);
    assert!(erp.requests().is_empty());
}

/// The rest of the file is one field: it must not be held in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_quote_that_never_closes_costs_no_memory() {
    const KIB: usize = 100_000;
    let importer = importer();
    let mut text = "Nr;Name;Ort\nC1;\"Groß;Dresden\n".as_bytes().to_vec();
    let tail = LIST.repeat(1 << 15);
    while text.len() < KIB * 1100 {
        text.extend_from_slice(tail.as_bytes());
    }
    importer.file("quote.csv", text);
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!(
            "ulimit -v {KIB}; exec \"$0\" run quote.csv -m map.toml --dry-run"
        ))
        .arg(env!("CARGO_BIN_EXE_importer"))
        .current_dir(importer.folder())
        .output()
        .unwrap();
    let run = importer.read(output).expect(4);
    assert!(run.stderr.contains("`quote.csv`:2:"), "{}", run.said());
}

#[test]
fn a_bad_record_does_not_harm_the_others() {
    let mut it = importer();
    let lines = |middle: &[u8]| [b"Nr;Name;Ort\nC1;A;B\n", middle, b"\nC3;E;F\n"].concat();
    let codes = |run: &Run| -> Vec<String> {
        let summary = run.summary();
        let errors = summary["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|group| group["code"].as_str().unwrap().to_owned())
            .collect()
    };

    it.file("enc.csv", lines(b"C2;Gro\xdf;K\xc3\xb6ln"));
    let run = it.ends(
        "run enc.csv -m map.toml --dry-run --encoding utf-8",
        3,
        &[
            "encoding.invalid (column Name)",
            "--encoding windows-1252",
            "record 2 (line 3)",
        ],
    );
    assert_eq!(
        (run.count("ready"), codes(&run)),
        (2, vec!["encoding.invalid".to_owned()])
    );

    for ragged in ["C2;C;D;x", "C2;C"] {
        let run = it.rehearses(
            "ragged.csv",
            lines(ragged.as_bytes()),
            3,
            &["record.ragged", "into quotes", "record 2 (line 3)"],
        );
        assert_eq!(
            (run.count("ready"), codes(&run)),
            (2, vec!["record.ragged".to_owned()])
        );
    }
    // Empty fields behind the last column are no error.
    it.rehearses("ragged.csv", lines(b"C2;C;D;;"), 0, &[]);

    let run = it.rehearses(
        "cut.csv",
        "Nr;Name;Ort\nC1;A;B\nC2;C",
        3,
        &["record.ragged", "record 2 (line 3)"],
    );
    assert_eq!(run.count("ready"), 1);

    let large = format!("C2;{};D", "x".repeat(3 << 20));
    let run = it.rehearses(
        "large.csv",
        lines(large.as_bytes()),
        3,
        &["record.too_large", "1048576 bytes", "record 2 (line 3)"],
    );
    assert_eq!(
        (run.count("ready"), codes(&run)),
        (2, vec!["record.too_large".to_owned()])
    );
    let unreadable = run.report_file("unreadable.txt");
    assert_eq!(unreadable, format!("{large}\n").as_bytes());

    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let object = |nr: &str, name: &str| format!(r#"{{"Nr":"{nr}","Name":{name},"Ort":"B"}}"#);
    let text = [
        object("C1", "\"A\""),
        object("C2", &deep),
        object("C3", "\"E\""),
    ]
    .join("\n");
    let run = it.rehearses(
        "deep.jsonl",
        text,
        3,
        &[
            "json.malformed",
            "one JSON object on each line",
            "record 2 (line 2)",
        ],
    );
    assert_eq!(
        (run.count("ready"), codes(&run)),
        (2, vec!["json.malformed".to_owned()])
    );
}

/// What is wrong in a mapping: a text of [`MAPPING`], what stands there instead, and what is
/// said about it.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    (
        "\"Name\"",
        "\"Nahme\"",
        &[
            "the input has no column `Nahme`",
            "other.toml:9:12",
            "^^^^^^^",
            "did you mean `Name`?",
        ],
    ),
    (
        "\"Nr\"",
        "\"Kundennummer\"",
        &[
            "no column `Kundennummer`",
            "other.toml:4:10",
            "its columns are `Nr`, `Name`, `Ort`",
        ],
    ),
    (
        "LastName",
        "Lastname",
        &[
            "no field `Lastname` in BillingAddress",
            "other.toml:9:1",
            "did you mean `LastName`?",
        ],
    ),
    (
        "City = \"Ort\"\n",
        "",
        &["the API demands City", "other.toml:8:1", "add City = \"…\""],
    ),
    (
        "City = \"Ort\"",
        "City = \"Ort",
        &["other.toml:10:12", "expected `\"`"],
    ),
    (
        "City = \"Ort\"",
        "City = { colum = \"Ort\" }",
        &[
            "unknown key `colum`",
            "other.toml:10:10",
            "did you mean `column`?",
        ],
    ),
    (
        "City = \"Ort\"",
        "City = { column = \"Ort\", as = \"citty\" }",
        &[
            "`as` does not know \"citty\"",
            "other.toml:10:",
            "postal_code",
        ],
    ),
    (
        "City = \"Ort\"",
        "City = 5",
        &[
            "must be a column in quotes or a table",
            "other.toml:10:8",
            "this is a whole number",
        ],
    ),
    (
        "{ value = 1 }",
        "{ value = \"x\" }",
        &[
            "`value` of `CustomerGroupId` must be a whole number",
            "other.toml:5:29",
        ],
    ),
    (
        "[source]",
        "[rules]\n\"phone.malformd\" = \"off\"\n\"required.missing\" = \"off\"\n[source]",
        &[
            "other.toml:2:1",
            "did you mean `phone.malformed`?",
            "`required.missing` is always an error",
        ],
    ),
    (
        "[source]",
        "[source]\nencodng = \"utf-8\"",
        &["other.toml:2:1", "did you mean `encoding`?"],
    ),
];

#[test]
fn a_mapping_that_cannot_be_used_is_shown_with_the_place() {
    let mut it = importer();
    for (right, wrong, says) in MISTAKES {
        assert!(MAPPING.contains(right), "{right}");
        it.file("other.toml", MAPPING.replacen(right, wrong, 1));
        it.ends("run kunden.csv -m other.toml --dry-run", 4, says);
    }
    // All of it at once, not only the first.
    let twice = MAPPING
        .replace("LastName", "Lastname")
        .replace("City", "Citty");
    it.file("other.toml", twice);
    let words = "run kunden.csv -m other.toml --dry-run";
    it.ends(words, 4, &["`Lastname`", "`Citty`"]);
}

#[test]
fn a_mapping_that_is_not_there_or_fits_no_record_is_named() {
    let mut it = importer();
    it.ends(
        "run kunden.csv -m mapp.toml --dry-run",
        4,
        &[
            "mapp.toml",
            "there is no such file",
            "did you mean `map.toml`?",
        ],
    );
    it.ends(
        "run kunden.csv -m builtin:shopwar --dry-run",
        4,
        &["builtin:shopwar", "did you mean `shopware6`?", "`datev`"],
    );
    // A key that no JSON object has.
    it.rehearses(
        "kunden.jsonl",
        "{\"Nr\":\"C1\",\"Nam\":\"A\",\"Ort\":\"B\"}\n",
        4,
        &[
            "no record has the key `Name`",
            "map.toml:9:12",
            "did you mean `Nam`?",
        ],
    );
}

#[test]
fn words_that_make_no_sense_end_with_2() {
    let mut it = importer();
    for (words, says) in [
        (
            "--rate 0/s",
            "'--rate <RATE>': `0/s` would never send anything",
        ),
        (
            "--rate fast",
            "`fast` is no rate; write how many in which time, like 10/s",
        ),
        ("--rate 10/y", "10/s, 600/m or 3600/h"),
        (
            "--concurrency 0",
            "'--concurrency <N>': `0` is no whole number from 1 to 1024",
        ),
        ("--concurrency 1000000", "is no whole number from 1 to 1024"),
        ("--concurrency=-3", "--concurrency"),
        ("--timeout 0s", "write a longer time, like 60s"),
        ("--max-attempts 0", "--max-attempts"),
        ("--limit 0", "--limit"),
        ("--limit -1", "`-1` is no whole number of 1 or more"),
        ("--max-attempts -1", "`-1` is no whole number from 1"),
        ("--skip-lines -1", "'--skip-lines <N>'"),
        ("--record -1", "`-1` is no record number or range"),
        ("--record 9-5", "ends before it begins"),
        ("--max-invalid 200%", "a share like 20%"),
        ("--existing maybe", "--existing"),
        ("--encoding klingon", "--encoding"),
        ("--delimiter ;;", "--delimiter"),
        ("--dryrun", "'--dry-run'"),
        (
            "--sandbox --base-url https://erp.example",
            "cannot be used with",
        ),
    ] {
        let words = format!("run kunden.csv -m map.toml --dry-run {words}");
        it.ends(&words, 2, &[says]);
    }
    it.ends("run", 2, &["<INPUT>"]);
    it.ends("sandbx", 2, &["a similar subcommand exists: 'sandbox'"]);
    for words in ["show 0193", "report 0193"] {
        it.ends(
            words,
            2,
            &["there is no run `0193`", "`importer runs` lists"],
        );
    }
}

#[test]
fn settings_that_cannot_be_used_end_with_4() {
    const DRY: &str = "run kunden.csv -m map.toml --dry-run";
    const LIVE: &str = "run kunden.csv -m map.toml";
    let mut it = importer();
    it.ends(
        LIVE,
        4,
        &["there is no base URL", "give --base-url URL", "--sandbox"],
    );
    it.ends(
        &format!("{LIVE} --base-url http://erp.example/api"),
        4,
        &[
            "`http://erp.example/api` is plain http",
            "allow_http = true",
        ],
    );
    it.ends(
        &format!("{LIVE} --base-url erp.example"),
        4,
        &["`erp.example` cannot be used", "write it like https://"],
    );
    it.ends(
        &format!("{DRY} --config nowhere.toml"),
        4,
        &["nowhere.toml cannot be read", "--config"],
    );
    it.ends(
        &format!("{DRY} --profile live"),
        4,
        &["no profile `live`", "--config"],
    );
    for (text, says) in [
        (
            "bas_url = \"https://erp.example\"\n",
            [
                "importer.toml:1:1: unknown key `bas_url`",
                "did you mean `base_url`?",
            ],
        ),
        (
            "\nconcurrency = 0\n",
            ["importer.toml:2:15: concurrency", "from 1 to 1024"],
        ),
        ("rate = \"0/s\"\n", ["importer.toml:1:8: rate", "like 10/s"]),
        ("rate = 10\n", ["importer.toml:1:8", "rate"]),
        (
            "rate = \"10/s\n",
            ["importer.toml:1:13: this is no TOML", "expected"],
        ),
    ] {
        it.file("importer.toml", text);
        it.ends(DRY, 4, &says);
    }
    std::fs::remove_file(it.folder().join("importer.toml")).unwrap();
    it.env("IMPORTER_RATE", "0/s");
    it.ends(
        DRY,
        4,
        &[
            "the environment variable IMPORTER_RATE",
            "correct IMPORTER_RATE or unset it",
        ],
    );
}

#[test]
fn a_secret_in_a_settings_file_is_refused_and_not_shown() {
    const CANARY: &str = "canary-77aa";
    let mut it = importer();
    for text in [
        format!("[auth]\nkind = \"api_key\"\napi_key = \"{CANARY}\"\n"),
        format!("[profiles.live.auth]\nkind = \"api_key\"\napi_key = \"{CANARY}\"\n"),
        format!(
            "[auth]\nkind = \"oauth2\"\ntoken_url = \"https://t.example\"\nclient_id = \"x\"\nclient_secret = \"{CANARY}\"\n"
        ),
    ] {
        it.file("importer.toml", text);
        for words in [
            "--base-url https://erp.example",
            "--dry-run",
            "--dry-run --json",
        ] {
            let run = it.ends(
                &format!("run kunden.csv -m map.toml {words}"),
                4,
                &[
                    "is written here as plain text",
                    "importer.toml:",
                    "{ file =",
                ],
            );
            assert!(!run.said().contains(CANARY), "{}", run.said());
        }
    }
}

#[test]
fn folders_that_are_files_are_found_out_before_anything_is_read() {
    let mut it = importer();
    let erp = OtherErp::start(Knobs::default());
    it.file("occupied", "mine");
    // A record that would be told of if it were read.
    it.file("kunden.csv", "Nr;Name;Ort\nC1;\"A;B\n");
    let url = erp.url();
    for target in ["--dry-run".to_owned(), format!("--base-url {url}")] {
        let run = it.ends(
            &format!("run kunden.csv -m map.toml --report-dir occupied {target}"),
            4,
            &[
                "occupied is a file",
                "name another folder with --report-dir",
            ],
        );
        assert!(!run.said().contains("quote"), "{}", run.said());
    }
    it.stdin("Nr;Name;Ort\n");
    it.ends(
        &format!("run - -m map.toml --report-dir occupied --base-url {url}"),
        4,
        &["occupied is a file"],
    );
    assert!(
        !it.folder().join(".importer").exists(),
        "no journal, and no copy of the input"
    );
    let run = it.ends(
        &format!("run kunden.csv -m map.toml --state-dir occupied --base-url {url}"),
        4,
        &["the state folder occupied is a file", "--state-dir"],
    );
    assert!(!run.said().contains("quote"), "{}", run.said());
    assert_eq!(
        std::fs::read(it.folder().join("occupied")).unwrap(),
        b"mine"
    );
    assert!(erp.requests().is_empty());
}

#[test]
fn a_journal_that_cannot_be_read_ends_with_8_and_stays_as_it_is() {
    let erp = OtherErp::start(Knobs::default());
    let live = format!("run kunden.csv -m map.toml --base-url {}", erp.url());
    let mut it = importer();
    let journal = it.folder().join(".importer/journal.db");
    it.ends(&live, 0, &["2 of 2 records created"]);
    let requests = erp.requests().len();

    let mut rubbish = b"Nr;Name;Ort\n".repeat(2_000);
    rubbish[..4].copy_from_slice(b"SQLi");
    let short = b"kaputt".to_vec();
    for bytes in [rubbish, short] {
        std::fs::write(&journal, &bytes).unwrap();
        for words in [&*live, "runs", "show 0193"] {
            it.ends(
                words,
                8,
                &[".importer/journal.db is damaged", "from a backup"],
            );
        }
        assert_eq!(std::fs::read(&journal).unwrap(), bytes);
    }

    std::fs::remove_file(&journal).unwrap();
    it.ends(&live, 0, &["2 exists"]);
    let requests_then = erp.requests().len();
    assert!(requests_then > requests, "a new journal asks the ERP");
    let newer = rusqlite::Connection::open(&journal).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    for words in [&*live, "runs"] {
        it.ends(
            words,
            8,
            &[
                "journal.db has format 99",
                "install the version of importer that was used last",
            ],
        );
    }
    assert_eq!(erp.requests().len(), requests_then);
    // Rehearsing needs no journal.
    it.ends("run kunden.csv -m map.toml --dry-run", 0, &[]);
}

#[test]
fn a_second_run_into_the_same_target_waits_for_nobody() {
    let erp = OtherErp::start(Knobs::default());
    let mut it = importer();
    let live = format!("run kunden.csv -m map.toml --base-url {}", erp.url());
    it.args(format!("{live} --rate 1/h").split_whitespace());
    let mut first = it.start();
    // Whoever says that it starts has the lock.
    let mut stderr = BufReader::new(first.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Starting") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it never started");
    }
    it.ends(
        &live,
        6,
        &[
            "another run into the same target is at work",
            "--rate 1/h",
            "wait until that run has ended",
        ],
    );
    first.kill().unwrap();
    first.wait().unwrap();
    // The system frees the lock of a process that died.
    it.ends(&live, 0, &["2 of 2 records created"]);
    assert_eq!(erp.ledger().len(), 2);
}

#[test]
fn too_much_that_is_invalid_sends_nothing() {
    let erp = OtherErp::start(Knobs::default());
    let mut it = importer();
    it.file("kunden.csv", format!("{LIST}C3;;Bonn\n"));
    let live = format!("run kunden.csv -m map.toml --base-url {}", erp.url());
    let run = it.ends(
        &format!("{live} --max-invalid 0"),
        4,
        &[
            "Too many records are invalid, so nothing was sent.",
            "Correct the input or the mapping",
            "--max-invalid",
            "name.missing",
        ],
    );
    assert_eq!((run.count("invalid"), run.count("open")), (1, 2));
    assert_eq!(run.rows_of_failed(), ["C3"]);
    assert!(erp.requests().is_empty(), "{:?}", erp.requests());
    // The dry run says the same of itself, and ends with 3.
    let dry = "run kunden.csv -m map.toml --dry-run --max-invalid 0";
    it.ends(dry, 3, &["a run would send nothing", "--max-invalid"]);
    // A share is judged from 20 invalid records on: one of three is fine.
    it.ends(&live, 3, &["2 of 3 records created"]);
    assert_eq!(erp.ledger().len(), 2);

    let many: String = (0..21).map(|at| format!("B{at};;Bonn\n")).collect();
    it.file("viele.csv", format!("Nr;Name;Ort\n{many}C9;Groß;Köln\n"));
    let words = format!("run viele.csv -m map.toml --base-url {}", erp.url());
    let posts = erp.posts().len();
    it.ends(&words, 4, &["nothing was sent"]);
    assert_eq!(erp.posts().len(), posts);
    it.ends(
        &format!("{words} --max-invalid 100%"),
        3,
        &["1 of 22 records created"],
    );
}

impl Run {
    /// The numbers in `failed.csv`.
    fn rows_of_failed(&self) -> Vec<String> {
        crate::support::rows(&self.report_file("failed.csv"), b';')
            .into_iter()
            .map(|row| row["Nr"].clone())
            .collect()
    }
}

#[test]
fn an_input_that_cannot_be_used_leaves_no_run_behind() {
    let mut it = importer();
    let erp = OtherErp::start(Knobs::default());
    it.file("offen.csv", format!("{LIST}C3;\"Mittel;Ulm\n"));
    let words = format!("run offen.csv -m map.toml --base-url {}", erp.url());
    it.ends(
        &words,
        4,
        &["`offen.csv`:4: the quote that opens on this line"],
    );
    it.ends("runs", 0, &["no runs yet"]);
    assert!(erp.requests().is_empty());
}

/// The folder for temporary files is missing, or is none: whoever starts the program chose it, and
/// nothing was read or sent yet.
#[cfg(unix)]
#[test]
fn a_folder_for_temporary_files_that_cannot_be_used_ends_with_4() {
    let mut it = importer();
    it.file("mehr.csv", "Nr;Fax\nC1;1\n");
    let joined = MAPPING.replace(
        "[customer]",
        "[join]\nfile = \"mehr.csv\"\n[join.on]\nNr = \"Nr\"\n[customer]",
    );
    it.file("join.toml", joined);
    let erp = OtherErp::start(Knobs::default());
    for folder in ["/nowhere/at/all", "kunden.csv"] {
        it.env("TMPDIR", folder);
        it.stdin(LIST);
        for words in [
            "run - -m map.toml --dry-run",
            "run kunden.csv -m map.toml --sandbox",
            "mapping new -",
            "mapping explain join.toml kunden.csv --record 1",
        ] {
            it.ends(
                words,
                4,
                &[folder, "folder for temporary files", "TMPDIR", "help:"],
            );
            let german = format!("{words} --lang de");
            it.ends(
                &german,
                4,
                &[folder, "Ordner für temporäre Dateien", "TMPDIR", "Hilfe:"],
            );
        }
        // A run into an ERP needs no such folder.
        let live = format!("run kunden.csv -m map.toml --base-url {}", erp.url());
        it.ends(&live, 0, &[]);
        it.ends("run kunden.csv -m map.toml --dry-run", 0, &[]);
    }
    assert_eq!(erp.ledger().len(), 2);
}

/// What is mistaken for something else is named as what it is.
#[test]
fn folders_and_what_is_missing_are_told_in_words() {
    let mut it = importer();
    std::fs::create_dir(it.folder().join("ordner")).unwrap();
    for (words, code, english, german) in [
        (
            "run kunden.csv -m ordner --dry-run",
            4,
            ["this is a folder", "ordner/MAPPING.toml"],
            ["das ist ein Ordner", "ordner/MAPPING.toml"],
        ),
        (
            "runs --config nirgends.toml",
            4,
            [
                "nirgends.toml cannot be read: there is no such file",
                "--config",
            ],
            [
                "nirgends.toml ist nicht zu lesen: die Datei gibt es nicht",
                "--config",
            ],
        ),
        (
            "run - -m map.toml --dry-run",
            4,
            ["error: stdin is empty", "was the export"],
            ["Fehler: die Standardeingabe ist leer", "war der Export"],
        ),
        (
            "register --base-url http://127.0.0.1:9 --key-file nirgends/key",
            4,
            ["there is no folder nirgends", "--key-file"],
            [
                "den Ordner nirgends für den Schlüssel gibt es nicht",
                "--key-file",
            ],
        ),
    ] {
        it.stdin("");
        for (lang, says) in [("en", english), ("de", german)] {
            let run = it.ends(&format!("{words} --lang {lang}"), code, &says);
            assert!(!run.said().contains("os error"), "{}", run.said());
        }
    }
}

/// Who cannot reach the server is told how to find out why, with the target that was meant.
#[test]
fn an_outage_is_told_with_the_command_that_finds_its_cause() {
    let mut it = importer();
    let run = "run kunden.csv -m map.toml --base-url http://127.0.0.1:9 --max-outage 1s";
    let said = it.ends(run, 75, &["Find out which step to the server fails"]);
    let command = "importer doctor --base-url http://127.0.0.1:9";
    assert_eq!(said.summary()["check_with"], command);
    let words = command.strip_prefix("importer ").unwrap();
    it.ends(words, 75, &["takes no connection"]);
}

#[test]
fn what_would_create_everybody_twice_is_refused() {
    let mut it = importer();
    it.ends(
        "run kunden.csv -m map.toml --base-url http://127.0.0.1:9 --again --existing send",
        2,
        &[
            "would create every customer a second time",
            "leave out --existing send",
        ],
    );
}
