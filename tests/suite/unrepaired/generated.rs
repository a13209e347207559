//! Generated mappings and records, as CSV and as JSON lines, through the program.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value};
use wawi_importer::customer::{Kind, Part, Target};

use super::oracle::{Expected, Step, comparable, expected};
use super::trimmed;
use crate::support::{Importer, Run};

/// The target that has the columns `a<n>` and `b<n>`.
#[derive(Clone, Debug)]
struct Mapped {
    target: Target,
    step: Step,
}

#[derive(Clone, Debug)]
struct Case {
    mapped: Vec<Mapped>,
    /// Words of the file that mean nothing.
    empty: Vec<&'static str>,
    /// Whether what can be a warning is one.
    lenient: bool,
    /// The cells of each record: two for each target.
    rows: Vec<Vec<[String; 2]>>,
}

/// Texts that somebody could want to repair.
const TEMPTING: &[&str] = &[
    "Müller",
    "GROSS",
    "Größe",
    "  Rand  ",
    "\u{a0}Rand\u{a0}",
    "\u{200b}Breite\u{feff}",
    "zwei  Blanks",
    "Tab\tinnen",
    "zwei\nZeilen",
    "'01067",
    "=\"01067\"",
    "=1+1",
    "+49 351 123",
    "@home",
    "01067",
    "1067",
    "D-01067",
    "0",
    "00",
    "007",
    "-5",
    "+5",
    "1e5",
    "4.91761E+11",
    "NULL",
    "-",
    "n/a",
    "null",
    "None",
    "#NV",
    "TRUE",
    "wahr",
    "ja",
    "31.12.1985",
    "1.2.2003",
    "1985-12-31",
    "12/31/1985",
    "31.12.85",
    "44561",
    "00.00.0000",
    "12,50",
    "1.234,56",
    "1,234.56",
    "2.50",
    "5 %",
    "Ã¼ber",
    "e\u{301}",
    "\u{fb01}n",
    "Straße; Nr. 5",
    "\"Zitat\"",
    "Nr. \"5\"",
    "a,b",
    "mailto:a@example.org",
    "Eva <eva@example.org>",
    "Eva@Example.ORG",
    "de 136 695 976",
    "Deutschland",
    "Österreich",
    "D",
    "de",
    "de-AT",
    "DE",
    "m",
    "Frau",
    "not_specified",
    "1012 ab",
    "ẞ",
    "İ",
    "ǆ",
    "😀😀",
    "…",
    "–",
    "don't",
    "müller",
];

fn cell(kind: Kind) -> BoxedStrategy<String> {
    let any = prop_oneof![
        4 => proptest::sample::select(TEMPTING).prop_map(str::to_owned),
        2 => "[ \u{a0}]{0,1}[a-zA-ZäöüßÉ0-9'=+@.,;\" -]{0,24}",
        1 => Just(String::new()),
    ];
    let fitting = match kind {
        Kind::Text => return any.boxed(),
        Kind::Integer => "[ ]{0,1}-{0,1}0{0,2}[1-9][0-9]{0,3}",
        Kind::Decimal => "[0-9]{1,3}|[0-9]{1,2}[.][0-9]{1,3}|[0-9]{1,2},[0-9]{1,2}",
        Kind::Boolean => "ja|NEIN|J|n|x|1|0|True|false| yes ",
        Kind::DateTime => "[0-2]{0,1}[1-9][.](0[1-9]|1[0-2]|[1-9])[.](18|19|20)[0-2][0-5]",
    };
    prop_oneof![6 => fitting, 1 => any].boxed()
}

fn targets() -> Vec<Target> {
    let of = |part: Part| (0..part.schema().fields.len()).map(move |index| Target { part, index });
    // What the frame has, it has.
    let is_free = |target: &Target| {
        !matches!(
            target.field().name,
            "Number" | "CustomerGroupId" | "InternalCompanyId"
        )
    };
    let all = [Part::Customer, Part::Billing, Part::Payment];
    all.into_iter().flat_map(of).filter(is_free).collect()
}

fn step(target: Target) -> BoxedStrategy<Step> {
    let field = target.field();
    let form = match field.name {
        "PostalCode" => "postal_code",
        "PhoneNumber" | "MobilePhoneNumber" | "Fax" => "phone",
        "VatID" => "vat_id",
        "EmailAddress" => "email",
        "CountryIso" => "country",
        "LanguageIso" => "language",
        "FormOfAddress" => "salutation",
        _ => "",
    };
    let mut steps = match field.kind {
        Kind::Text => vec![
            Step::Replace(vec![("ü", "ue"), ("'", ""), ("ue", "U")]),
            Step::Case("upper"),
            Step::Case("lower"),
            Step::FirstWord,
            Step::FirstOf,
            Step::Join("/"),
        ],
        Kind::Integer => vec![Step::Default("7"), Step::FirstOf],
        Kind::Decimal => vec![Step::Default("1.5"), Step::Comma],
        Kind::Boolean => vec![Step::Default("false"), Step::FirstOf],
        Kind::DateTime => vec![Step::FirstOf],
    };
    if !form.is_empty() {
        steps.push(Step::Form(form));
        steps.push(Step::Form(form));
    }
    match (field.kind, field.name) {
        (Kind::Text, "CountryIso" | "LanguageIso") => steps.push(Step::Default("\"FR\"")),
        (Kind::Text, _) => {
            steps.push(Step::Default("\"Standard\""));
            steps.push(Step::Cut(7));
            steps.push(Step::Lookup("MÜLLER", "Meier"));
        }
        _ => {}
    }
    prop_oneof![2 => Just(Step::Nothing), 3 => proptest::sample::select(steps)].boxed()
}

fn case() -> impl Strategy<Value = Case> {
    let targets = proptest::sample::subsequence(targets(), 3..7);
    let mapped = targets.prop_flat_map(|targets| {
        targets
            .into_iter()
            .map(|target| step(target).prop_map(move |step| Mapped { target, step }))
            .collect::<Vec<_>>()
    });
    let empty = proptest::sample::select(vec![vec![], vec!["-", "NULL"], vec!["n/a", "0"]]);
    (mapped, empty, any::<bool>()).prop_flat_map(|(mapped, empty, lenient)| {
        let row: Vec<_> = mapped
            .iter()
            .map(|mapped| {
                let kind = mapped.target.field().kind;
                [cell(kind), cell(kind)]
            })
            .collect();
        proptest::collection::vec(row, 30).prop_map(move |rows| Case {
            mapped: mapped.clone(),
            empty: empty.clone(),
            lenient,
            rows,
        })
    })
}

/// Rules that would stop a value that is only odd.
const ODD: [&str; 10] = [
    "email.malformed",
    "phone.malformed",
    "url.malformed",
    "country.unknown",
    "language.unknown",
    "salutation.unknown",
    "postal_code.country",
    "vat_id.format",
    "vat_id.checksum",
    "name.missing",
];

impl Case {
    fn mapping(&self) -> String {
        let is_mapped = |name: &str| {
            self.mapped
                .iter()
                .any(|mapped| mapped.target.field().name == name)
        };
        let mut text = format!(
            "[source]\ndate = \"%d.%m.%Y\"\nempty = {:?}\n[rules]\n",
            self.empty
        );
        if self.lenient {
            for code in ODD {
                text += &format!("\"{code}\" = \"warn\"\n");
            }
        }
        text += "[customer]\nNumber = \"Nr\"\nCustomerGroupId = { value = 1 }\nInternalCompanyId = { value = 1 }\n";
        if !is_mapped("LanguageIso") {
            text += "LanguageIso = { value = \"DE\" }\n";
        }
        text += &self.fields(Part::Customer);
        text += "[customer.BillingAddress]\n";
        for (name, value) in [
            ("LastName", "Muster"),
            ("City", "Ulm"),
            ("CountryIso", "DE"),
        ] {
            if !is_mapped(name) {
                text += &format!("{name} = {{ value = \"{value}\" }}\n");
            }
        }
        text += &self.fields(Part::Billing);
        text + "[customer.PaymentSettings]\n" + &self.fields(Part::Payment)
    }

    fn fields(&self, part: Part) -> String {
        let own = self.mapped.iter().enumerate();
        own.filter(|(_, mapped)| mapped.target.part == part)
            .map(|(at, mapped)| {
                let value = mapped.step.toml(&format!("a{at}"), &format!("b{at}"));
                format!("{} = {value}\n", mapped.target.field().name)
            })
            .collect()
    }

    fn header(&self) -> Vec<String> {
        let own = (0..self.mapped.len()).flat_map(|at| [format!("a{at}"), format!("b{at}")]);
        ["Nr".to_owned()].into_iter().chain(own).collect()
    }

    fn cells(&self) -> impl Iterator<Item = Vec<String>> {
        self.rows.iter().enumerate().map(|(at, row)| {
            let own = row.iter().flatten().cloned();
            [format!("K{}", at + 1)].into_iter().chain(own).collect()
        })
    }

    fn csv(&self) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b';')
            .from_writer(Vec::new());
        writer.write_record(self.header()).unwrap();
        for cells in self.cells() {
            writer.write_record(cells).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn jsonl(&self) -> String {
        let header = self.header();
        self.cells()
            .map(|cells| {
                let pairs = header
                    .iter()
                    .cloned()
                    .zip(cells.into_iter().map(Value::from));
                Value::Object(pairs.collect::<Map<_, _>>()).to_string() + "\n"
            })
            .collect()
    }

    /// Runs the program and holds what it would send against the oracle; tells how many
    /// records are sent.
    fn check(&self, name: &str, input: &[u8]) -> usize {
        let mut importer = Importer::new();
        importer.file("map.toml", self.mapping());
        importer.file(name, input);
        importer.args(["run", name, "-m", "map.toml", "--dry-run"]);
        importer.arg("--payloads").arg("bodies.jsonl");
        let run = importer.run();
        let told = format!("{}\n{}", self.mapping(), run.said());
        assert!(matches!(run.code, 0 | 3), "{told}");
        let bodies = std::fs::read_to_string(importer.folder().join("bodies.jsonl")).unwrap();
        let mut sent = BTreeSet::new();
        for body in bodies.lines() {
            let body: Value = serde_json::from_str(body).unwrap();
            let number = body["Number"].as_str().unwrap();
            let record: usize = number[1..].parse().unwrap();
            assert!(sent.insert(record), "{number} twice\n{told}");
            self.compare(&self.rows[record - 1], &body, &told);
        }
        let failed = failed(&run);
        for record in 1..=self.rows.len() {
            assert_ne!(
                sent.contains(&record),
                failed.contains(&record),
                "record {record} is neither sent nor an error, or both\n{told}"
            );
        }
        sent.len()
    }

    fn compare(&self, row: &[[String; 2]], body: &Value, told: &str) {
        let country = body["BillingAddress"]["CountryIso"].as_str();
        let mut expected_fields = BTreeSet::new();
        for (mapped, [a, b]) in self.mapped.iter().zip(row) {
            let target = mapped.target;
            let object = match target.part {
                Part::Customer => body,
                part => &body[part.to_string()],
            };
            let value = &object[target.field().name];
            expected_fields.insert(target.to_string());
            let expected = expected(target, &mapped.step, [a, b], &self.empty, country);
            let fits = match &expected {
                Expected::Nothing => value.is_null(),
                Expected::OneOf(all) => {
                    !value.is_null() && all.contains(&comparable(target, value))
                }
                Expected::Error => false,
            };
            assert!(
                fits,
                "{target} is {value} for {a:?} and {b:?} with {:?}, and should be {expected:?}\n{told}",
                mapped.step
            );
        }
        // Nothing is sent that the mapping does not name.
        for (object, path) in [
            (body, ""),
            (&body["BillingAddress"], "BillingAddress."),
            (&body["PaymentSettings"], "PaymentSettings."),
        ] {
            for name in object
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name)
            {
                let is_frame = [
                    "Number",
                    "CustomerGroupId",
                    "InternalCompanyId",
                    "LanguageIso",
                    "LastName",
                    "City",
                    "CountryIso",
                    "BillingAddress",
                    "PaymentSettings",
                ]
                .contains(&name.as_str());
                assert!(
                    is_frame || expected_fields.contains(&format!("{path}{name}")),
                    "{path}{name}\n{told}"
                );
            }
        }
    }
}

/// The records that a run calls invalid.
fn failed(run: &Run) -> BTreeSet<usize> {
    if run.has_report_file("failed.jsonl") {
        let text = String::from_utf8(run.report_file("failed.jsonl")).unwrap();
        let lines = text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            usize::try_from(line["record"].as_u64().unwrap()).unwrap()
        });
        return lines.collect();
    }
    let rows = crate::support::rows(&run.report_file("failed.csv"), b';');
    rows.iter()
        .map(|row| row["_record"].parse().unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_sent_is_what_stands_there_or_what_was_asked_for(case in case()) {
        let by_csv = case.check("in.csv", &case.csv());
        let by_json = case.check("in.jsonl", case.jsonl().as_bytes());
        prop_assert_eq!(by_csv, by_json);
    }
}

/// The generator makes records of which a good part is sent, or nothing would be shown.
#[test]
fn enough_of_it_is_sent() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut sent, mut all) = (0, 0);
    for _ in 0..12 {
        let case = case().new_tree(&mut runner).unwrap().current();
        all += case.rows.len();
        sent += case.check("in.csv", &case.csv());
    }
    assert!(sent * 4 > all, "{sent} of {all}");
    assert_eq!(trimmed(" \u{a0}x\u{200b}"), "x");
}
