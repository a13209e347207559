//! Help and errors as people see them. What differs from run to run is made alike first.

use crate::support::{Importer, Run, repository};

/// What was said, with the folder, ids, times, speeds and the binary's path made alike.
fn shown(run: &Run, importer: &Importer) -> String {
    let folder = importer.folder().to_str().unwrap();
    let said = format!(
        "code {}\n--- stdout\n{}--- stderr\n{}",
        run.code, run.stdout, run.stderr
    );
    let said = said
        .replace(folder, "[folder]")
        .replace(env!("CARGO_BIN_EXE_importer"), "importer")
        .replace("importer.exe", "importer")
        .replace(repository("").to_str().unwrap(), "[repository]/");
    let lines: Vec<String> = said.lines().map(line).collect();
    lines.join("\n")
}

fn line(line: &str) -> String {
    if line.starts_with("Time ") {
        return "Time        [time]".to_owned();
    }
    // How often a server that is away is asked is a matter of chance.
    if line.starts_with("Requests ") {
        return "Requests    [requests]".to_owned();
    }
    let words: Vec<String> = line.split(' ').map(word).collect();
    words.join(" ")
}

/// A word with the id of a run or a loopback port in it.
fn word(word: &str) -> String {
    let mut word = word.to_owned();
    if let Some(id) = run_id(&word) {
        word = word.replace(&id, "[run]");
    }
    match word.split_once("127.0.0.1:") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}127.0.0.1:[port]{rest}")
        }
        None => word,
    }
}

/// The id of a run in the word: a UUID.
fn run_id(word: &str) -> Option<String> {
    const LENGTH: usize = 36;
    let starts = word.char_indices().map(|(at, _)| at);
    starts
        .filter_map(|at| word.get(at..at + LENGTH))
        .find(|id| {
            id.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        })
        .map(str::to_owned)
}

/// What a command in a folder with a few files says.
fn said(words: &str) -> String {
    let mut importer = Importer::new();
    let shop = std::fs::read(repository("mappings/shop.toml")).unwrap();
    importer.file("shop.toml", shop);
    importer.file("wrong.toml", WRONG);
    let mut customers = std::fs::read(repository("samples/customers.csv")).unwrap();
    importer.file("customers.csv", &customers);
    customers.extend_from_slice(b"K1;Herr;;\"Max;Muster\r\n");
    importer.file("open.csv", customers);
    importer.file("other.csv", "Kundennummer;Nachname;Ort\nK1;Muster;Ulm\n");
    importer.file("commas.csv", "Kundennummer,Nachname,Ort\nK1,Muster,Ulm\n");
    let run = importer.args(words.split(' ')).run();
    shown(&run, &importer)
}

/// A mapping with the mistakes that people make.
const WRONG: &str = "\
[customer]
Nummer = \"Kundennummer\"
CustomerGroupId = { value = \"Endkunde\" }
InternalCompanyId = { value = 1 }
LanguageIso = { column = \"Sprache\", as = \"langauge\" }

[customer.BillingAddress]
LastName = { template = \"{{ Nachname }}\" }
City = \"Ort\"
CountryIso = { value = \"DE\" }
";

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(said("--help"));
}

#[test]
fn help_of_mapping() {
    insta::assert_snapshot!(said("mapping --help"));
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(said("run --help"));
}

#[test]
fn help_of_schedule() {
    insta::assert_snapshot!(said("schedule --help"));
}

#[test]
fn without_a_command_there_are_three_that_a_newcomer_needs_and_code_2() {
    let mut importer = Importer::new();
    let run = importer.args([""; 0]).run().expect(2);
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn a_misspelt_option() {
    insta::assert_snapshot!(said("run customers.csv -m shop.toml --limt 5"));
}

#[test]
fn a_rate_that_makes_no_sense() {
    insta::assert_snapshot!(said("run customers.csv -m shop.toml --rate 0/s"));
}

#[test]
fn a_file_that_is_not_there() {
    insta::assert_snapshot!(said("run customer.csv -m shop.toml --sandbox"));
}

#[test]
fn a_mapping_that_is_not_there() {
    insta::assert_snapshot!(said("run customers.csv -m shp.toml --sandbox"));
}

#[test]
fn a_mapping_with_mistakes() {
    insta::assert_snapshot!(said("mapping check wrong.toml customers.csv"));
}

#[test]
fn a_header_that_is_not_split() {
    insta::assert_snapshot!(said("run commas.csv -m shop.toml --sandbox"));
}

#[test]
fn an_input_of_another_kind() {
    insta::assert_snapshot!(said("mapping check shop.toml other.csv"));
}

#[test]
fn a_quote_that_never_closes() {
    insta::assert_snapshot!(said("run open.csv -m shop.toml --dry-run"));
}

#[test]
fn nobody_said_where_the_erp_is() {
    insta::assert_snapshot!(said("run customers.csv -m shop.toml"));
}

#[test]
fn an_erp_that_is_away() {
    // Port 9 of the loopback address takes no connection.
    insta::assert_snapshot!(said(
        "run customers.csv -m shop.toml --base-url http://127.0.0.1:9 --max-outage 1s"
    ));
}

#[test]
fn no_text_promises_what_is_not_there() {
    let mut texts = vec![
        said("--help"),
        said("run --help"),
        said("reconcile --help"),
        said("sandbox --help"),
        said("mapping check wrong.toml"),
    ];
    for folder in ["src/outcome/wording", "src/console", "src/cli", "mappings"] {
        for path in crate::support::files_below(&repository(folder)) {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    let help = said("--help");
    let mut promised = 0;
    for text in texts {
        for (_, command) in text
            .match_indices("`importer ")
            .map(|(at, _)| text.split_at(at))
        {
            let word = command.split_whitespace().nth(1).unwrap_or_default();
            let word = word.trim_end_matches(|letter: char| !letter.is_ascii_alphabetic());
            if !word.starts_with('-') && !word.is_empty() {
                promised += 1;
                assert!(help.contains(&format!("\n  {word} ")), "importer {word}");
            }
        }
    }
    assert!(promised > 10, "{promised}");
}
