//! The crate as a library: the example runs, and what it shows holds.

use std::convert::Infallible;
use std::process::Command;

use wawi_importer::import::{Destination, HandOverError, HandedOver, hand_over};
use wawi_importer::mapping::Mapping;
use wawi_importer::outcome::FieldError;
use wawi_importer::record::Position;
use wawi_importer::validate::Customer;

use crate::support::repository;

/// The example is built with the tests, beside the program.
#[test]
fn the_example_says_what_it_shows() {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_importer"))
        .parent()
        .unwrap();
    let program = folder
        .join("examples/own_destination")
        .with_extension(std::env::consts::EXE_EXTENSION);
    if !program.exists() {
        // `cargo test --test suite` builds no examples.
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "--offline",
                "--example",
                "own_destination",
            ])
            .arg("--manifest-path")
            .arg(repository("Cargo.toml"))
            .status();
        assert!(built.unwrap().success());
    }
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

/// Remembers what came, and gives up when it is told to.
#[derive(Default)]
struct Kept {
    taken: Vec<(u64, Option<String>)>,
    refused: Vec<(u64, String)>,
    full_at: Option<u64>,
}

impl Destination for Kept {
    type Error = &'static str;

    fn take(&mut self, position: Position, customer: &Customer<'_>) -> Result<(), &'static str> {
        if self.full_at == Some(position.record) {
            return Err("full");
        }
        self.taken
            .push((position.record, customer.number().map(str::to_owned)));
        Ok(())
    }

    fn refuse(&mut self, position: Position, errors: &[FieldError]) -> Result<(), &'static str> {
        let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
        self.refused.push((position.record, codes.join(" ")));
        Ok(())
    }
}

const MAPPING: &str = "\
keep_if = [{ column = \"take\", equals = \"yes\" }]

[customer]
Number = \"id\"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = \"DE\" }

[customer.BillingAddress]
LastName = \"name\"
City = { value = \"Ulm\" }
CountryIso = { value = \"DE\" }
";

const GROUP: &str = "\
[group]
by = \"id\"
into = \"OtherAddresses.OtherShippingAddresses\"

[group.address]
LastName = \"name\"
City = { value = \"Ulm\" }
CountryIso = { value = \"DE\" }
";

fn header() -> [String; 3] {
    ["id", "name", "take"].map(str::to_owned)
}

fn records() -> Vec<Vec<String>> {
    [
        &["1", "A", "yes"][..],
        &["2", "", "yes"],
        &["3", "C", "no"],
        &["4", "D"],
        &["1", "E", "yes"],
        &["6", "F", "yes"],
    ]
    .iter()
    .map(|cells| cells.iter().map(|&cell| cell.to_owned()).collect())
    .collect()
}

#[test]
fn every_record_comes_to_one_end_in_its_order() {
    let mapping = Mapping::parse("own", MAPPING).unwrap();
    let mut kept = Kept::default();
    let handed = hand_over(&mapping, &header(), records(), &mut kept).unwrap();
    let expected = HandedOver {
        taken: 2,
        refused: 3,
        left_out: 1,
    };
    assert_eq!(handed, expected);
    let number = |text: &str| Some(text.to_owned());
    assert_eq!(kept.taken, [(1, number("1")), (6, number("6"))]);
    let refused: Vec<(u64, &str)> = kept
        .refused
        .iter()
        .map(|(at, codes)| (*at, codes.as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            (2, "name.missing"),
            (4, "record.ragged"),
            (5, "key.duplicate")
        ]
    );
}

#[test]
fn a_destination_that_cannot_go_on_ends_the_work() {
    let mapping = Mapping::parse("own", MAPPING).unwrap();
    let mut kept = Kept {
        full_at: Some(6),
        ..Kept::default()
    };
    let error = hand_over(&mapping, &header(), records(), &mut kept).unwrap_err();
    match error {
        HandOverError::Destination { position, source } => {
            assert_eq!((position.record, source), (6, "full"));
        }
        error => panic!("{error}"),
    }
    assert_eq!(kept.taken.len(), 1);
}

/// Takes everything.
struct Nowhere;

impl Destination for Nowhere {
    type Error = Infallible;

    fn take(&mut self, _: Position, _: &Customer<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    fn refuse(&mut self, _: Position, _: &[FieldError]) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn a_mapping_that_needs_more_than_records_is_refused() {
    for (further, needs) in [
        (GROUP, "[group]"),
        (
            "[join]\nfile = \"a.csv\"\non = { \"id\" = \"id\" }\n",
            "[join]",
        ),
    ] {
        let mapping = Mapping::parse("own", &format!("{MAPPING}\n{further}"));
        let Ok(mapping) = mapping else {
            panic!(
                "{:?}",
                mapping.unwrap_err().render(
                    false,
                    wawi_importer::outcome::Language::English,
                    wawi_importer::outcome::ValuesShown::Full,
                )
            );
        };
        let error = hand_over(&mapping, &header(), records(), &mut Nowhere).unwrap_err();
        assert!(error.to_string().contains(needs), "{error}");
    }
    let named = MAPPING.replace(
        "{ value = 1 }\nInternal",
        "{ column = \"take\", as = \"customer_group\" }\nInternal",
    );
    let mapping = Mapping::parse("own", &named).unwrap();
    let error = hand_over(&mapping, &header(), records(), &mut Nowhere).unwrap_err();
    assert!(error.to_string().contains("ERP"), "{error}");
    let short = hand_over(
        &Mapping::parse("own", MAPPING).unwrap(),
        &header()[..2],
        records(),
        &mut Nowhere,
    );
    assert!(matches!(short, Err(HandOverError::Mapping(_))));
}
