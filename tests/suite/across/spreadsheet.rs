//! `failed.xlsx`, corrected in a spreadsheet program with a German locale, goes back in with the
//! same mapping: saved as a workbook, as ODS and as CSV.
//!
//! LibreOffice does it where it is installed (`soffice`, and `timeout` to end it if it hangs).
//! Everywhere the files are tested that it saved once: `tests/fixtures/spreadsheet`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{OUTCOMES, are, counts, importer, once_each, run, sandbox};
use crate::stand_in::StandIn;
use crate::support::{Importer, Run, repository};
use flate2::read::DeflateDecoder;

/// Remarks that spreadsheet programs like to change.
const REMARKS: [&str; 12] = [
    "x",
    "=1+1",
    "+49 30 123",
    "31.12.1999",
    "1-3",
    "007",
    "1,50",
    "WAHR",
    "ß; \u{20ac}",
    "-5",
    "'01",
    "x",
];
const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
Birthday = { column = "geb.", date = "%d.%m.%Y" }
[customer.BillingAddress]
LastName = "Name"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { value = "DE" }
EmailAddress = { column = "E-Mail", as = "email" }
"#;

/// Twelve customers; the e-mail address of all but the first and the last is wrong.
fn imported(erp: &StandIn) -> (Importer, Run) {
    let mut text = String::from("Nr;Name;PLZ;geb.;Ort;E-Mail;Bemerkung\n");
    for (remark, n) in REMARKS.iter().zip(1..) {
        let mail = if (2..12).contains(&n) {
            "kaputt".to_owned()
        } else {
            format!("m{n}@example.org")
        };
        text.push_str(&format!(
            "C{n};Müller {n};01067;01.02.1980;Köln;{mail};\"{remark}\"\n"
        ));
    }
    let mut it = importer(&text, erp);
    it.file("map.toml", MAPPING);
    let first = run(&mut it, "in.csv", &[]).expect(3);
    assert_eq!(
        counts(&first, &OUTCOMES),
        are(&[("created", 2), ("invalid", 10)])
    );
    (it, first)
}

fn run_id(run: &Run) -> String {
    run.summary()["run"].as_str().unwrap().to_owned()
}

/// Records that ended so, of all runs together.
#[track_caller]
fn together(run: &Run, outcome: &str) -> u64 {
    let summary = run.summary();
    let totals = &summary["linked"]["totals"];
    assert_eq!(totals["read"], 12, "{summary}");
    totals[outcome].as_u64().unwrap_or_default()
}

/// The ERP has everybody once, with the data of the export.
fn assert_all_are_there(erp: &StandIn) {
    assert_eq!(once_each(erp).len(), 12);
    for customer in erp.ledger().into_iter().map(|entry| entry.body) {
        let address = &customer["BillingAddress"];
        let number = customer["Number"].as_str().unwrap();
        let n = number.strip_prefix('C').unwrap();
        assert_eq!(address["PostalCode"], "01067", "{customer}");
        assert_eq!(address["City"], "Köln", "{customer}");
        assert_eq!(address["LastName"], format!("Müller {n}"));
        assert_eq!(address["EmailAddress"], format!("m{n}@example.org"));
        let birthday = customer["Birthday"].as_str().unwrap();
        assert!(birthday.starts_with("1980-02-01"), "{customer}");
    }
}

/// LibreOffice with a German locale and a profile of its own; none if it is not installed.
pub(crate) struct LibreOffice {
    folder: PathBuf,
}

impl LibreOffice {
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        let runs = |program: &str| {
            let mut command = Command::new(program);
            let command = command.arg("--version").stdout(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if !runs("timeout") || !runs("soffice") {
            return None;
        }
        let folder = folder.join("office");
        let profile = folder.join("profile/user");
        std::fs::create_dir_all(&profile).unwrap();
        let settings = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>de-DE</value></prop></item></oor:items>"#;
        std::fs::write(profile.join("registrymodifications.xcu"), settings).unwrap();
        Some(Self { folder })
    }

    /// Opens the file and saves it in another format, named by its ending and perhaps a filter.
    #[track_caller]
    pub(crate) fn save_as(&self, file: &Path, format: &str) -> PathBuf {
        let profile = format!("file://{}/profile", self.folder.display());
        let said = Command::new("timeout")
            .args(["-k", "5", "120", "soffice", "--headless"])
            .arg(format!("-env:UserInstallation={profile}"))
            .args(["--convert-to", format, "--outdir"])
            .arg(&self.folder)
            .arg(file)
            .env("HOME", &self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let ending = format.split(':').next().unwrap();
        let name = file.with_extension(ending);
        let saved = self.folder.join(name.file_name().unwrap());
        assert!(said.status.success() && saved.exists(), "{said:?}");
        saved
    }
}

/// What LibreOffice needs to know to save CSV: semicolons, quotes, the encoding's number, cells as
/// they are shown, in German.
fn csv_filter(encoding: u32) -> String {
    format!("csv:Text - txt - csv (StarCalc):59,34,{encoding},1,,1031,false,true,false")
}
const WINDOWS_1252: u32 = 1;
const UTF_8: u32 = 76;

/// The flat text of a workbook with the first so many addresses corrected.
fn corrected(flat: &str, count: usize) -> String {
    let mut parts = flat.split("<text:p>kaputt</text:p>");
    let mut text = parts.next().unwrap().to_owned();
    for (part, n) in parts.zip(2..) {
        match n < 2 + count {
            true => text.push_str(&format!("<text:p>m{n}@example.org</text:p>")),
            false => text.push_str("<text:p>kaputt</text:p>"),
        }
        text.push_str(part);
    }
    text
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests shall know what was not tested"
)]
fn corrected_in_libreoffice_it_goes_back_in() {
    let erp = sandbox("");
    let (mut it, first) = imported(&erp);
    let Some(office) = LibreOffice::find(it.folder()) else {
        eprintln!("LibreOffice is not installed: only the files that it saved once are tested");
        return;
    };
    let first_id = run_id(&first);
    let failed = it
        .folder()
        .join("reports")
        .join(&first_id)
        .join("failed.xlsx");
    let flat = std::fs::read_to_string(office.save_as(&failed, "fods")).unwrap();
    assert_eq!(flat.matches("<text:p>kaputt</text:p>").count(), 10);

    // Somebody begins, and saves a workbook.
    let some = it.file("some.fods", corrected(&flat, 4));
    let saved = office.save_as(&some, "xlsx");
    it.file("some.xlsx", std::fs::read(saved).unwrap());
    let second = run(&mut it, "some.xlsx", &[]).expect(3);
    assert_eq!(
        counts(&second, &OUTCOMES),
        are(&[("created", 4), ("invalid", 6)])
    );
    assert_eq!(second.summary()["linked"]["to"], first_id);
    assert_eq!(
        (together(&second, "created"), together(&second, "invalid")),
        (6, 6)
    );

    // Somebody else corrects all of them, and saves CSV.
    let all = it.file("all.fods", corrected(&flat, 10));
    let saved = office.save_as(&all, &csv_filter(WINDOWS_1252));
    let bytes = std::fs::read(saved).unwrap();
    assert!(std::str::from_utf8(&bytes).is_err(), "windows-1252");
    it.file("all.csv", bytes);
    let third = run(&mut it, "all.csv", &[]).expect(0);
    assert_eq!(
        counts(&third, &OUTCOMES),
        are(&[("created", 6), ("skipped", 4)])
    );
    assert_eq!(together(&third, "created"), 12);
    assert_all_are_there(&erp);
    keep(&office, &all, &first_id);
}

/// Keeps what LibreOffice saves as the files that are tested everywhere, if that is asked for:
/// `KEEP_SAVED=1 cargo test --test suite corrected_in_libreoffice`.
fn keep(office: &LibreOffice, all: &Path, id: &str) {
    if !is_to_be_kept() {
        return;
    }
    let folder = repository("tests/fixtures/spreadsheet");
    for (format, name) in [
        ("xlsx".to_owned(), "saved.xlsx"),
        ("ods".to_owned(), "saved.ods"),
        (csv_filter(WINDOWS_1252), "saved-windows-1252.csv"),
        (csv_filter(UTF_8), "saved-utf-8.csv"),
    ] {
        let bytes = std::fs::read(office.save_as(all, &format)).unwrap();
        let bytes = renamed(&bytes, id, KEPT_RUN);
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

/// Whether the kept files are to be written anew.
pub(crate) fn is_to_be_kept() -> bool {
    std::env::vars_os().any(|(name, _)| name == "KEEP_SAVED")
}

/// The run that the kept files name.
pub(crate) const KEPT_RUN: &str = "00000000-0000-7000-8000-000000000000";

#[test]
fn files_that_libreoffice_saved_once_go_back_in() {
    for name in [
        "saved.xlsx",
        "saved.ods",
        "saved-windows-1252.csv",
        "saved-utf-8.csv",
    ] {
        let erp = sandbox("");
        let (mut it, first) = imported(&erp);
        let kept = repository("tests/fixtures/spreadsheet").join(name);
        let id = run_id(&first);
        it.file(name, renamed(&std::fs::read(kept).unwrap(), KEPT_RUN, &id));
        let second = run(&mut it, name, &[]).expect(0);
        assert_eq!(
            counts(&second, &OUTCOMES),
            are(&[("created", 10)]),
            "{name}"
        );
        assert_eq!(second.summary()["linked"]["to"], id, "{name}");
        assert_eq!(together(&second, "created"), 12, "{name}");
        assert_all_are_there(&erp);
    }
}

/// The file with another run's id: of an archive, in each of its parts.
pub(crate) fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    if !bytes.starts_with(b"PK") {
        return replaced(bytes, from, to);
    }
    let parts: Vec<_> = parts_of(bytes)
        .into_iter()
        .map(|(name, part)| (name, replaced(&part, from, to)))
        .collect();
    archive_of(&parts)
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let length = from.len();
    for start in 0..=bytes.len().saturating_sub(length) {
        if bytes[start..].starts_with(from.as_bytes()) {
            bytes[start..start + length].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    let digits = bytes[at..at + length].iter().rev();
    digits.fold(0, |number, byte| (number << 8) | usize::from(*byte))
}

/// The parts of a ZIP archive, by its directory.
fn parts_of(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06");
    let end = end.unwrap();
    let mut at = number(bytes, end + 16, 4);
    let mut parts = Vec::new();
    for _ in 0..number(bytes, end + 10, 2) {
        let (method, packed) = (number(bytes, at + 10, 2), number(bytes, at + 20, 4));
        let name_length = number(bytes, at + 28, 2);
        let name = bytes[at + 46..at + 46 + name_length].to_vec();
        let local = number(bytes, at + 42, 4);
        let start = local + 30 + number(bytes, local + 26, 2) + number(bytes, local + 28, 2);
        let packed = &bytes[start..start + packed];
        let mut part = Vec::new();
        match method {
            0 => part.extend_from_slice(packed),
            _ => {
                DeflateDecoder::new(packed).read_to_end(&mut part).unwrap();
            }
        }
        parts.push((name, part));
        at += 46 + name_length + number(bytes, at + 30, 2) + number(bytes, at + 32, 2);
    }
    parts
}

/// An archive of these parts, deflated.
fn archive_of(parts: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, part) in parts {
        let start = u32::try_from(archive.len()).unwrap();
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(part).unwrap();
        let packed = encoder.finish().unwrap();
        let mut checksum = flate2::Crc::new();
        checksum.update(part);
        // Version, flags, method, time and date; then what both headers share.
        let mut shared = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];
        shared.extend(checksum.sum().to_le_bytes());
        for length in [packed.len(), part.len()] {
            shared.extend(u32::try_from(length).unwrap().to_le_bytes());
        }
        shared.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        shared.extend([0; 2]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&shared);
        archive.extend(name);
        archive.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name);
    }
    let start = u32::try_from(archive.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend([count, count].concat());
    archive.extend(size.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0; 2]);
    archive
}
