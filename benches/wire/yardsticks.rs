//! What else could do the work: load generators, parsers and the script that one would write.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Asked, Failure, input};

/// Something to compare with.
pub(crate) struct Yardstick {
    /// What it is called.
    pub(crate) name: &'static str,
    /// How it is run.
    pub(crate) command: Vec<String>,
}

/// The script that one would write in Python: no journal, no checks, no retry.
const AIOHTTP: &str = r#"
import asyncio, csv, json, sys, aiohttp
path, url, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
def body(row):
    return {"Number": row["Nr"], "CustomerGroupId": 1, "InternalCompanyId": 1, "LanguageIso": "DE",
            "Birthday": row["Geburtstag"], "Website": row["Web"],
            "BillingAddress": {"FirstName": row["Vorname"], "LastName": row["Nachname"],
                "Company": row["Firma"], "Street": row["Straße"] + " " + row["Hausnummer"],
                "PostalCode": row["PLZ"], "City": row["Ort"], "CountryIso": "DE",
                "EmailAddress": row["E-Mail"], "PhoneNumber": row["Telefon"]},
            "Shipmentaddress": {"LastName": row["Nachname"], "Street": row["Lieferstraße"],
                "PostalCode": row["Liefer-PLZ"], "City": row["Lieferort"], "CountryIso": "DE"},
            "PaymentSettings": {"Discount": 2.5, "PaymentTarget": 14}}
async def worker(session, rows):
    for row in rows:
        async with session.post(url, json=body(row)) as answer:
            assert answer.status == 201
            await answer.json()
async def main():
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter=";")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
            await asyncio.gather(*(worker(session, rows) for _ in range(connections)))
asyncio.run(main())
"#;

/// The reader that one would write in Python, with a nested object for each row.
const PYTHON_CSV: &str = r#"
import csv, json, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file, delimiter=";"):
        json.dumps({"Number": row["Nr"], "BillingAddress": row, "PaymentSettings": {"Discount": row["Rabatt"]}})
"#;

/// What sends as many bodies.
pub(crate) fn sending(folder: &Path, url: &str, asked: Asked) -> Result<Vec<Yardstick>, Failure> {
    let body = folder.join("body.json");
    std::fs::write(&body, input::body())?;
    let script = folder.join("post.py");
    std::fs::write(&script, AIOHTTP)?;
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
        ("oha", &["oha", "--version"], &oha),
        (
            "a Python script with aiohttp",
            &["python3", "-c", "import aiohttp"],
            &["python3", &script, &input, &target, &connections],
        ),
    ]))
}

/// What reads as many records.
pub(crate) fn reading(folder: &Path) -> Result<Vec<Yardstick>, Failure> {
    let script = folder.join("read.py");
    std::fs::write(&script, PYTHON_CSV)?;
    let (input, script) = (
        input::path(folder).display().to_string(),
        script.display().to_string(),
    );
    Ok(installed(vec![
        (
            "xsv count",
            &["xsv", "--version"],
            &["xsv", "count", "-d", ";", &input],
        ),
        (
            "Python's csv reader with json.dumps",
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
