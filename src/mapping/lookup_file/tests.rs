//! Tables beside mappings: how they are read, and what is wrong with them.

use super::*;
use crate::mapping::{Columns, Mapping, MappingError, Tally};
use crate::record::{Fields, Position, Record, Span};

/// A mapping whose group (`CustomerGroupId`) is looked up as `spec` says.
fn text(spec: &str) -> String {
    format!(
        "[source]\ndecimal = \",\"\ndate = \"%d.%m.%Y\"\n[customer]\n{spec}\n\
         InternalCompanyId = {{ value = 1 }}\nLanguageIso = {{ value = \"DE\" }}\n\
         [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = {{ value = \"DE\" }}\n"
    )
}

const GROUP: &str = "CustomerGroupId = { column = \"Gruppe\", lookup_file = \"groups.csv\" }";

/// Compiles a mapping with the file `groups.csv` beside it.
fn load(spec: &str, file: &[u8]) -> Result<Mapping, MappingError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("groups.csv"), file).unwrap();
    std::fs::write(folder.path().join("m.toml"), text(spec)).unwrap();
    Mapping::load(&folder.path().join("m.toml"))
}

fn group(mapping: &Mapping, cell: &str) -> Result<String, String> {
    let header = ["Ort", "Gruppe"].map(str::to_owned);
    let plan = mapping.bind(Columns::Header(&header)).unwrap();
    let record = Record {
        position: Position { record: 1, line: 2 },
        span: Span { start: 0, end: 0 },
        fields: Fields::Cells(["Ulm", cell].into_iter().collect()),
    };
    let draft = plan.apply(&record, &mut Tally::default()).unwrap();
    match draft.errors.first() {
        Some(error) => Err(error.code.to_string()),
        None => Ok(serde_json::to_string(&draft.customer.fields).unwrap()),
    }
}

#[test]
fn every_way_in_which_a_table_is_written() {
    let utf16: Vec<u8> = "\u{feff}Händler;2\r\nGroßhandel;3\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for file in [
        "Händler;2\nGroßhandel;3\n".as_bytes(),
        "\u{feff}Händler,2\r\n\r\n\"Großhandel\",\"3\"".as_bytes(),
        b"H\xe4ndler\t 2\nGro\xdfhandel\t3\n \t\n",
        b"H\xe4ndler|2\n gro\xdfhandel |3\n",
        &utf16,
    ] {
        let mapping = load(GROUP, file).unwrap();
        for (cell, id) in [("händler", "2"), (" GROßHANDEL", "3")] {
            let found = group(&mapping, cell).unwrap();
            assert!(
                found.contains(&format!("\"CustomerGroupId\":{id},")),
                "{found}"
            );
        }
        assert_eq!(group(&mapping, "Gold"), Err("lookup.missing".to_owned()));
    }
}

#[test]
fn otherwise_and_header_and_nothing() {
    let spec = "CustomerGroupId = { column = \"Gruppe\", lookup_file = { file = \"groups.csv\", header = true }, otherwise = 7, default = 9 }";
    let mapping = load(spec, b"Gruppe;Id\nA;2\nB;\n").unwrap();
    for (cell, id) in [("a", 2), ("b", 9), ("", 9), ("c", 7), ("Gruppe", 7)] {
        let found = group(&mapping, cell).unwrap();
        assert!(
            found.contains(&format!("\"CustomerGroupId\":{id},")),
            "{found}"
        );
    }
}

#[test]
fn texts_numbers_and_dates_are_read_as_those_of_the_input() {
    let spec = "CustomerGroupId = { value = 1 }\nCustomerSince = { column = \"Gruppe\", lookup_file = \"groups.csv\" }";
    let mapping = load(spec, b"alt;31.12.1999\n").unwrap();
    assert!(
        group(&mapping, "ALT")
            .unwrap()
            .contains("1999-12-31T00:00:00Z")
    );
}

#[test]
fn mistakes_name_file_and_line() {
    let header = "if the first line names the columns, write { file = \"…\", header = true }";
    let columns = "columns are separated by `;`, tab, `,` or `|`; a cell with one of these in it stands in double quotes";
    for (file, wanted) in [
        ("Gruppe;Id\nA;2\n", vec![format!("groups.csv, line 1: the result `Id` does not fit `CustomerGroupId`: it is no whole number => {header}")]),
        ("A;0\n", vec![format!("groups.csv, line 1: the result `0` does not fit `CustomerGroupId`: it must lie between 1 and 2147483647 => {header}")]),
        (
            "A;1\nB;\"2\nC;3\n",
            vec!["groups.csv, line 2: a cell goes on over several lines => close the quote that opens it, or double one that belongs to the text".to_owned()],
        ),
        ("A;1\n\nB;2\na ;3\n", vec!["groups.csv, line 4: the key `a ` stands in line 1 already => keys are compared without case and outer blanks".to_owned()]),
        (";1\n", vec!["groups.csv, line 1: the key is empty => an empty value is never looked up: `default` stands in for it".to_owned()]),
        ("A;1\nB;2;x\nC\n", vec![format!("groups.csv, line 2: there are 3 columns, not two => {columns}"), format!("groups.csv, line 3: there is one column, not two => {columns}")]),
    ] {
        assert_eq!(load(GROUP, file.as_bytes()).unwrap_err().brief(), wanted, "{file}");
    }
    let many = "x\n".repeat(20);
    let brief = load(GROUP, many.as_bytes()).unwrap_err().brief();
    assert_eq!(brief.len(), 9);
    assert_eq!(brief[8], "groups.csv has 12 more such lines");
    let empty = load(GROUP, b"\n").unwrap_err().brief();
    assert!(
        empty[0].ends_with(
            "groups.csv is empty => each line is a pair: what the input has, and what it becomes"
        ),
        "{empty:?}"
    );
}

#[test]
fn files_that_cannot_be_found() {
    let of = |name: &str| {
        let spec = format!("CustomerGroupId = {{ column = \"Gruppe\", lookup_file = '{name}' }}");
        load(&spec, b"A;1\n").unwrap_err().brief().remove(0)
    };
    assert!(of("group.csv").ends_with("group.csv => did you mean `groups.csv`?"));
    assert!(of("../x.csv").contains("there is no file "));
    assert!(of("").starts_with("`lookup_file` names no file"));
    assert!(of("/etc/groups.csv").starts_with("`/etc/groups.csv` is no name beside the mapping"));
    let other = GROUP.replace("groups.csv", "sub/../groups.csv");
    assert!(load(&other.replace("sub/../", "./"), b"A;1\n").is_ok());
}

#[test]
fn a_kept_text_makes_the_same_mapping_without_the_file() {
    let mapping = load(GROUP, "Händler;2\n\"x;\"\"y\";3\n".as_bytes()).unwrap();
    let again = Mapping::parse("m.toml", mapping.text()).unwrap();
    assert_eq!(again.text(), mapping.text());
    assert_eq!(group(&again, "händler"), group(&mapping, "händler"));
    assert!(group(&again, "x;\"Y").is_ok());
    let other = load(GROUP, "Händler;2\n".as_bytes()).unwrap();
    assert_ne!(
        other.text(),
        mapping.text(),
        "another file is another mapping"
    );
    let without = Mapping::parse("m.toml", &text(GROUP)).unwrap_err();
    assert_eq!(
        without.brief(),
        [
            "`lookup_file` needs a mapping that is a file => the file is looked for in the folder of the mapping"
        ]
    );
}

#[test]
fn a_mapping_without_files_keeps_its_text() {
    let text = text("CustomerGroupId = { value = 1 }");
    assert_eq!(Mapping::parse("m", &text).unwrap().text(), text);
    let like = format!("{text}\n{MARK}of somebody");
    assert_eq!(Mapping::parse("m", &like).unwrap().text(), like);
}

proptest::proptest! {
    #[test]
    fn keeping_loses_nothing(text in "(.|\n){0,40}", cells in proptest::collection::vec("(.|[\n\r\"#:]){0,8}", 0..6)) {
        let rows: Vec<Row> = cells.iter().zip(1..).map(|(cell, line)| (line, cell.clone(), cell.clone())).collect();
        let files = Files::from([("a.csv".to_owned(), rows), ("b \"x\".csv".to_owned(), Vec::new())]);
        let kept = with_files(&text, &files);
        proptest::prop_assert_eq!(split(&kept), (text.as_str(), files));
    }

    #[test]
    fn no_file_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
        let _ = load(GROUP, &bytes);
    }
}

#[test]
fn names_of_the_erp_do_not_stand_in_files() {
    let spec = GROUP.replace("lookup_file", "as = \"customer_group\", lookup_file");
    let told = load(&spec, "Shop;Endkunden\n".as_bytes())
        .unwrap_err()
        .brief();
    assert!(
        told[0].ends_with("names of the ERP stand in `lookup`"),
        "{told:?}"
    );
    assert!(load(&spec, "Shop;3\n".as_bytes()).is_ok());
}
