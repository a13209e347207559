//! What else could do the work: load generators, parsers and the script that one would write.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::{Asked, Failure, input};

/// The load generator.
pub(crate) const OHA: &str = "oha";
/// The script that sends.
pub(crate) const SCRIPT: &str = "a Python script with aiohttp";
/// The parser that only counts.
pub(crate) const XSV: &str = "xsv count";
/// The parser that checks against a schema.
pub(crate) const QSV: &str = "qsv validate";
/// The script that reads.
pub(crate) const PYTHON: &str = "Python's csv reader with json.dumps";

/// Something to compare with.
pub(crate) struct Yardstick {
    /// What it is called.
    pub(crate) name: &'static str,
    /// How it is run.
    pub(crate) command: Vec<String>,
}

/// What both Python scripts make of a row: the 30 fields of the mapping, without its checks.
const PYTHON_BODY: &str = r#"
import csv, json, sys
GROUPS = {"Endkunde": 1, "Händler": 2}
COUNTRIES = {"Deutschland": "DE"}
SALUTATIONS = {"Frau": "Frau", "Herr": "Herr"}
def date(text):
    return text[6:10] + "-" + text[3:5] + "-" + text[0:2] + "T00:00:00Z"
def body(row):
    (number, group, language, since, birthday, web, contact, locked, register, salutation, first,
     last, company, street, house, code, city, country, state, mail, phone, mobile, vat,
     ship_street, ship_code, ship_city, discount, target) = row
    country = COUNTRIES[country]
    return {
        "Number": number, "CustomerGroupId": GROUPS[group],
        "BillingAddress": {
            "City": city, "CountryIso": country, "Company": company,
            "FormOfAddress": SALUTATIONS[salutation], "FirstName": first, "LastName": last,
            "Street": street + " " + house, "PostalCode": code.zfill(5), "State": state,
            "VatID": vat, "PhoneNumber": phone, "MobilePhoneNumber": mobile,
            "EmailAddress": mail},
        "Shipmentaddress": {
            "City": ship_city, "CountryIso": country, "LastName": last, "Street": ship_street,
            "PostalCode": ship_code.zfill(5)},
        "PaymentSettings": {
            "Discount": float(discount.replace(",", ".")), "PaymentTarget": int(target)},
        "CustomerSince": date(since), "LanguageIso": language[:2].upper(),
        "InternalCompanyId": 1, "CommercialRegisterNumber": register, "Website": web,
        "InitialContact": contact, "Birthday": date(birthday), "IsLocked": locked == "ja"}
"#;

/// The script that one would write in Python: no journal, no checks, no retry.
const AIOHTTP: &str = r#"
import asyncio, aiohttp
path, url, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
async def worker(session, rows):
    for row in rows:
        async with session.post(url, json=body(row)) as answer:
            assert answer.status == 201
            await answer.json()
async def main():
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
            await asyncio.gather(*(worker(session, rows) for _ in range(connections)))
asyncio.run(main())
"#;

/// The same without sending: each row's body as text.
const PYTHON_CSV: &str = r#"
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = csv.reader(file, delimiter=";")
    next(rows)
    for row in rows:
        json.dumps(body(row))
"#;

/// A text without control characters, but for tabs and line breaks.
const PLAIN: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$";
const LETTERS: &str = r"^[\p{L} .,&()'_-]+$";
const YES_OR_NO: &str = "^(?i:ja|j|yes|y|true|1|x|nein|n|no|false|0)$";
const DATE: &str = r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}$";
const POSTAL_CODE: &str = "^[0-9A-Za-z -]+$";
const PHONE: &str = r"^[+(0-9][0-9 ()/.–-]*$";

/// A schema with what a schema can have of the checks of this mapping, for each of its columns, and
/// nothing that is stricter than they are. What it cannot have, or not in a line: which countries
/// and languages there are, and which postal codes and VAT ids belong to which; check digits; days
/// that a month has not; signs that a text was read in the wrong encoding; who stands in the input
/// twice.
fn schema() -> Value {
    let needed = ["Nr", "Gruppe", "Sprache", "Ort", "Land"];
    let texts = [
        ("Nr", Some(30), PLAIN),
        ("Gruppe", None, "^(Endkunde|Händler)$"),
        ("Sprache", None, LETTERS),
        ("Seit", None, DATE),
        ("Geburtstag", None, DATE),
        ("Web", Some(255), r"^(https?://)?[^\s/]+\.\S+$"),
        ("Herkunft", Some(255), PLAIN),
        ("Gesperrt", None, YES_OR_NO),
        ("HRB", Some(255), PLAIN),
        ("Anrede", Some(30), LETTERS),
        ("Vorname", Some(255), PLAIN),
        ("Nachname", Some(255), PLAIN),
        ("Firma", Some(128), PLAIN),
        ("Straße", Some(255), PLAIN),
        ("Hausnummer", None, PLAIN),
        ("PLZ", Some(24), POSTAL_CODE),
        ("Ort", Some(255), PLAIN),
        ("Land", None, LETTERS),
        ("Bundesland", Some(255), PLAIN),
        ("E-Mail", Some(255), r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
        ("Telefon", Some(30), PHONE),
        ("Mobil", Some(30), PHONE),
        ("USt", Some(20), "^[A-Z]{2}[0-9A-Z ]+$"),
        ("Lieferstraße", Some(255), PLAIN),
        ("Liefer-PLZ", Some(24), POSTAL_CODE),
        ("Lieferort", Some(255), PLAIN),
        ("Rabatt", None, "^(100|[0-9]{1,2})(,[0-9]+)?$"),
        ("Ziel", None, "^[0-9]+$"),
    ];
    let mut properties = Map::new();
    for (column, longest, pattern) in texts {
        let kind = if needed.contains(&column) {
            json!("string")
        } else {
            json!(["string", "null"])
        };
        let mut text = json!({"type": kind, "pattern": pattern});
        if let (Some(longest), Some(text)) = (longest, text.as_object_mut()) {
            text.insert("maxLength".to_owned(), json!(longest));
        }
        properties.insert(column.to_owned(), text);
    }
    // Who has no last name has a company.
    let named = |column: &str| json!({"properties": {column: {"type": "string"}}});
    json!({
        "type": "object",
        "required": needed,
        "properties": properties,
        "anyOf": [named("Nachname"), named("Firma")],
    })
}

/// What sends as many bodies.
pub(crate) fn sending(folder: &Path, url: &str, asked: Asked) -> Result<Vec<Yardstick>, Failure> {
    let body = folder.join("body.json");
    std::fs::write(&body, input::body())?;
    let script = folder.join("post.py");
    std::fs::write(&script, format!("{PYTHON_BODY}{AIOHTTP}"))?;
    let target = format!("{url}/v1/customers");
    let (records, connections) = (asked.records.to_string(), asked.connections.to_string());
    let input = input::path(folder).display().to_string();
    let (body, script) = (body.display().to_string(), script.display().to_string());
    let oha = [
        "oha",
        "--no-tui",
        "-n",
        &records,
        "-c",
        &connections,
        "-m",
        "POST",
        "-D",
        &body,
        "-T",
        "application/json",
        &target,
    ];
    Ok(installed(vec![
        (OHA, &["oha", "--version"], &oha),
        (
            SCRIPT,
            &["python3", "-c", "import aiohttp"],
            &["python3", &script, &input, &target, &connections],
        ),
    ]))
}

/// What reads as many records.
pub(crate) fn reading(folder: &Path) -> Result<Vec<Yardstick>, Failure> {
    let script = folder.join("read.py");
    std::fs::write(&script, format!("{PYTHON_BODY}{PYTHON_CSV}"))?;
    let rules = folder.join("schema.json");
    std::fs::write(&rules, schema().to_string())?;
    let (input, script) = (
        input::path(folder).display().to_string(),
        script.display().to_string(),
    );
    let rules = rules.display().to_string();
    Ok(installed(vec![
        (
            XSV,
            &["xsv", "--version"],
            &["xsv", "count", "-d", ";", &input],
        ),
        (
            QSV,
            &["qsv", "--version"],
            &["qsv", "validate", "-d", ";", &input, &rules],
        ),
        (
            PYTHON,
            &["python3", "--version"],
            &["python3", &script, &input],
        ),
    ]))
}

/// Those that are there; the others are named.
fn installed(all: Vec<(&'static str, &[&str], &[&str])>) -> Vec<Yardstick> {
    let mut found = Vec::new();
    for (name, trial, command) in all {
        let there = trial.split_first().is_some_and(|(program, words)| {
            let mut trial = Command::new(program);
            trial
                .args(words)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            trial.status().is_ok_and(|status| status.success())
        });
        if there {
            let command = command.iter().map(|&word| word.to_owned()).collect();
            found.push(Yardstick { name, command });
        } else {
            println!("{name}: not installed, left out");
        }
    }
    found
}
