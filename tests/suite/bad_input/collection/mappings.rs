//! Bad mappings.
#![expect(clippy::too_many_lines, reason = "tables of cases")]

use super::{Bad, LIST, MAPPING};

const WORDS: &str = "kunden.csv -m bad.toml --dry-run";
const FALLBACK: &str = "docs/mapping.md";

/// A mapping with these bytes.
fn bytes(what: &'static str, bytes: impl Into<Vec<u8>>, told: [&'static str; 3]) -> Bad {
    let [place, wrong, help] = told;
    Bad {
        what,
        files: vec![("bad.toml", bytes.into())],
        words: WORDS,
        code: 4,
        place,
        wrong,
        help,
    }
}

/// [`MAPPING`] with `new` in place of `old`.
#[track_caller]
fn edited(what: &'static str, old: &str, new: &str, told: [&'static str; 3]) -> Bad {
    assert!(MAPPING.contains(old), "{old}");
    bytes(what, MAPPING.replacen(old, new, 1), told)
}

/// [`MAPPING`] with something behind it.
fn longer(what: &'static str, more: &str, told: [&'static str; 3]) -> Bad {
    bytes(what, format!("{MAPPING}{more}"), told)
}

/// The city from this value.
fn city(what: &'static str, value: &str, told: [&'static str; 3]) -> Bad {
    edited(what, "City = \"Ort\"", &format!("City = {value}"), told)
}

/// The group from this value.
fn group(what: &'static str, value: &str, told: [&'static str; 3]) -> Bad {
    let new = format!("CustomerGroupId = {value}");
    edited(what, "CustomerGroupId = { value = 1 }", &new, told)
}

/// All of them.
pub(super) fn all() -> Vec<Bad> {
    let mut all = files();
    all.extend(structure());
    all.extend(values());
    all.extend(columns());
    all
}

fn files() -> Vec<Bad> {
    let utf_16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
    let with_mistake = MAPPING.replace("LastName", "Lastname");
    let deep = format!(
        "[rules]\nx = {}{}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let keys: String = (0..10_000)
        .map(|at| format!("\"x{at}\" = \"off\"\n"))
        .collect();
    vec![
        Bad {
            what: "no such mapping",
            files: vec![],
            words: "kunden.csv -m zzz.toml --dry-run",
            code: 4,
            place: "zzz.toml",
            wrong: "there is no such file",
            help: "builtin:NAME",
        },
        Bad {
            what: "a misspelt ready-made mapping",
            files: vec![],
            words: "kunden.csv -m builtin:shopfy --dry-run",
            code: 4,
            place: "builtin:shopfy",
            wrong: "no such ready-made mapping",
            help: "did you mean `shopify`?",
        },
        Bad {
            what: "a mapping that is a folder",
            files: vec![("bad.toml/a", vec![])],
            words: WORDS,
            code: 4,
            place: "bad.toml",
            wrong: "cannot be read",
            help: "name a mapping file",
        },
        bytes(
            "an empty mapping",
            "",
            ["bad.toml", "no [customer]", "importer mapping fields"],
        ),
        bytes(
            "a mapping of comments",
            "# later\n",
            ["bad.toml", "no [customer]", "importer mapping fields"],
        ),
        longer(
            "a mapping of 50 MB",
            &"#".repeat(50 << 20),
            [
                "bad.toml",
                "longer than 8388608 bytes",
                "name a mapping file",
            ],
        ),
        bytes(
            "a mapping in Windows-1252",
            MAPPING
                .replace("Ort", "Stra?e")
                .replace('?', "\u{df}")
                .chars()
                .map(|c| c as u8)
                .collect::<Vec<u8>>(),
            ["bad.toml", "neither UTF-8 nor UTF-16", "save it as UTF-8"],
        ),
        bytes(
            "a mapping in UTF-16 with a mistake",
            [b"\xfe\xff".to_vec(), utf_16(&with_mistake)].concat(),
            [
                "bad.toml:9:1",
                "no field `Lastname`",
                "did you mean `LastName`?",
            ],
        ),
        bytes(
            "a mapping in UTF-16 without mark, with a mistake",
            utf_16(&with_mistake),
            [
                "bad.toml:9:1",
                "no field `Lastname`",
                "did you mean `LastName`?",
            ],
        ),
        bytes(
            "a mapping that is a ZIP",
            b"PK\x03\x04\xff\xfe\xfd",
            ["bad.toml", "neither UTF-8 nor UTF-16", "save it as UTF-8"],
        ),
        bytes(
            "the input as mapping",
            LIST,
            ["bad.toml:1:3", "key", "a mapping is TOML"],
        ),
        bytes(
            "YAML",
            "customer:\n  Number: Nr\n",
            ["bad.toml:1:", "key", "a mapping is TOML"],
        ),
        longer(
            "NUL bytes",
            "\0\0",
            ["bad.toml:12:1", "key", "a mapping is TOML"],
        ),
        longer(
            "deep nesting",
            &deep,
            ["bad.toml:13:", "recur", "a mapping is TOML"],
        ),
        bytes(
            "deep tables",
            format!("a{} = 1\n", ".a".repeat(100_000)),
            ["bad.toml", "recursion", "a mapping is TOML"],
        ),
        longer(
            "ten thousand mistakes",
            &format!("[rules]\n{keys}"),
            [
                "bad.toml:13:1",
                "does not know the code `x0`",
                "correct these first",
            ],
        ),
    ]
}

fn structure() -> Vec<Bad> {
    vec![
        city(
            "a text that never ends",
            "\"Ort",
            ["bad.toml:10:", "expected `\"`", "a mapping is TOML"],
        ),
        longer(
            "a section twice",
            "[customer]\nWebsite = \"Ort\"\n",
            ["bad.toml:12:2", "duplicate key", "stands in a file once"],
        ),
        city(
            "a key twice",
            "\"Ort\"\nCity = \"Ort\"",
            ["bad.toml:11:1", "duplicate key", "stands in a file once"],
        ),
        longer(
            "an unknown section",
            "[sorce]\n",
            [
                "bad.toml:12:2",
                "unknown key `sorce`",
                "did you mean `source`?",
            ],
        ),
        edited(
            "an unknown key of the source",
            "[source]",
            "[source]\nencodng = \"utf-8\"",
            [
                "bad.toml:2:1",
                "unknown key `encodng`",
                "did you mean `encoding`?",
            ],
        ),
        edited(
            "an unknown target",
            "LastName",
            "Lastname",
            [
                "bad.toml:9:1",
                "no field `Lastname` in BillingAddress",
                "did you mean `LastName`?",
            ],
        ),
        edited(
            "a target in the wrong object",
            "LastName =",
            "Website =",
            [
                "bad.toml:9:1",
                "no field `Website` in BillingAddress",
                "is a field of [customer]",
            ],
        ),
        longer(
            "a condition below a section",
            "keep_if = [ { column = \"Ort\", filled = true } ]\n",
            [
                "bad.toml:12:1",
                "no field `keep_if`",
                "at the top of the file",
            ],
        ),
        bytes(
            "a customer that is a number",
            "customer = 5\n",
            ["bad.toml:1:12", "must be a table", FALLBACK],
        ),
        edited(
            "no field that the API demands",
            "City = \"Ort\"\n",
            "",
            ["bad.toml:8:1", "the API demands City", "add City = "],
        ),
        bytes(
            "no billing address",
            MAPPING.split("[customer.B").next().unwrap(),
            [
                "bad.toml:3:1",
                "demands a BillingAddress",
                "add [customer.BillingAddress]",
            ],
        ),
        longer(
            "a list in single brackets",
            "[customer.OtherAddresses.OtherShippingAddresses]\nCity = \"Ort\"\n",
            [
                "bad.toml:12:1",
                "must be a list of addresses",
                "with double brackets",
            ],
        ),
        longer(
            "an address compared with itself",
            "[customer.Shipmentaddress]\nunless_same_as = \"Shipmentaddress\"\nCity = \"Ort\"\nCountryIso = { value = \"DE\" }\n",
            [
                "bad.toml:13:18",
                "cannot be compared",
                "did you mean `BillingAddress`?",
            ],
        ),
        longer(
            "rules that do not exist or cannot be switched",
            "[rules]\n\"required.missing\" = \"off\"\nvat_id.checksum = \"off\"\n",
            [
                "bad.toml:13:22",
                "is always an error",
                "put the code in quotes",
            ],
        ),
        longer(
            "a weight that is none",
            "[rules]\n\"vat_id.checksum\" = \"warning\"\n",
            [
                "bad.toml:13:21",
                "does not know \"warning\"",
                "did you mean `warn`?",
            ],
        ),
        edited(
            "a format of dates without a year",
            "%d.%m.%Y",
            "%d.%m",
            [
                "bad.toml:2:8",
                "does not tell day, month and year",
                "31.12.1985 is \"%d.%m.%Y\"",
            ],
        ),
        edited(
            "a format of dates as spreadsheets write it",
            "%d.%m.%Y",
            "TT.MM.JJJJ",
            [
                "bad.toml:2:8",
                "cannot read dates by \"TT.MM.JJJJ\"",
                "31.12.1985 is \"%d.%m.%Y\"",
            ],
        ),
        edited(
            "an encoding that nobody knows",
            "[source]",
            "[source]\nencoding = \"klingon\"",
            [
                "bad.toml:2:12",
                "does not know \"klingon\"",
                "`windows-1252`",
            ],
        ),
        edited(
            "a delimiter of two signs",
            "[source]",
            "[source]\ndelimiter = \";;\"",
            [
                "bad.toml:2:13",
                "must be one character",
                "the usual ones are",
            ],
        ),
        bytes(
            "a key that is no field",
            format!("[identity]\nkey = \"Nummer\"\n{MAPPING}"),
            [
                "bad.toml:2:7",
                "names no field of the API",
                "did you mean `Number`?",
            ],
        ),
        bytes(
            "a key that is not mapped",
            format!("[identity]\nkey = \"Website\"\n{MAPPING}"),
            [
                "bad.toml:2:7",
                "nothing is mapped to it",
                "map it in [customer]",
            ],
        ),
        bytes(
            "a condition without test",
            format!("keep_if = [ {{ column = \"Ort\" }} ]\n{MAPPING}"),
            [
                "bad.toml:1:13",
                "exactly one test",
                "the tests are `equals`",
            ],
        ),
        bytes(
            "a condition between the larger and the smaller",
            format!("keep_if = [ {{ column = \"Ort\", between = [5, 1] }} ]\n{MAPPING}"),
            [
                "bad.toml:1:41",
                "the smaller first",
                "between = [10000, 69999]",
            ],
        ),
    ]
}

fn values() -> Vec<Bad> {
    vec![
        city(
            "an unknown key of a value",
            "{ colum = \"Ort\" }",
            [
                "bad.toml:10:10",
                "unknown key `colum`",
                "did you mean `column`?",
            ],
        ),
        city(
            "a number as value",
            "5",
            [
                "bad.toml:10:8",
                "must be a column in quotes",
                "{ value = 1 }",
            ],
        ),
        city(
            "two sources",
            "{ column = \"Ort\", value = \"x\" }",
            ["bad.toml:10:26", "two sources", "take one"],
        ),
        city(
            "no source",
            "{ as = \"country\" }",
            ["bad.toml:10:8", "has no source", "`first_of`"],
        ),
        city(
            "`with` alone",
            "{ column = \"Ort\", with = \" \" }",
            ["bad.toml:10:26", "`with` without `join`", FALLBACK],
        ),
        city(
            "`cut` alone",
            "{ column = \"Ort\", cut = true }",
            ["bad.toml:10:26", "`cut` without `max`", "such as max = 30"],
        ),
        city(
            "a longer limit than the API's",
            "{ column = \"Ort\", max = 1000 }",
            ["bad.toml:10:32", "takes at most 255", "max = 255"],
        ),
        city(
            "an unknown form",
            "{ column = \"Ort\", as = \"citty\" }",
            ["bad.toml:10:31", "does not know \"citty\"", "`postal_code`"],
        ),
        edited(
            "a form for another type",
            "LanguageIso = { value = \"DE\" }",
            "LanguageIso = { column = \"Ort\", as = \"boolean\" }",
            [
                "bad.toml:7:38",
                "does not fit `LanguageIso`, which is text",
                FALLBACK,
            ],
        ),
        city(
            "an expression that is none",
            "{ column = \"Ort\", extract = \"(a\" }",
            ["bad.toml:10:36", "unclosed group", "in single quotes"],
        ),
        city(
            "an expression without group",
            "{ column = \"Ort\", extract = \"a\" }",
            [
                "bad.toml:10:36",
                "`extract` has no group",
                "put parentheses around",
            ],
        ),
        city(
            "an expression with look-around",
            "{ column = \"Ort\", extract = '(?<=a)(b)' }",
            [
                "bad.toml:10:36",
                "look-around",
                "look-around does not exist: put parentheses",
            ],
        ),
        city(
            "an expression of a terabyte",
            "{ column = \"Ort\", extract = '((a{1,1000}){1,1000}){1,1000}' }",
            ["bad.toml:10:36", "exceeds size limit", "in single quotes"],
        ),
        group(
            "a look-up of texts for a number",
            "{ column = \"Ort\", lookup = { \"a\" = \"x\" } }",
            [
                "bad.toml:5:54",
                "must be a whole number",
                "the name of a customer group needs as = \"customer_group\"",
            ],
        ),
        group(
            "a look-up that is a list",
            "{ column = \"Ort\", lookup = [1] }",
            ["bad.toml:5:46", "must be a table", FALLBACK],
        ),
        group(
            "a look-up with a key twice",
            "{ column = \"Ort\", lookup = { \"a\" = 1, \"A\" = 2 } }",
            [
                "bad.toml:5:57",
                "has this key already",
                "compared without case",
            ],
        ),
        group(
            "a text as constant of a number",
            "{ value = \"1\" }",
            [
                "bad.toml:5:29",
                "must be a whole number",
                "write 1, without quotes",
            ],
        ),
        edited(
            "a constant that the API would refuse",
            "LanguageIso = { value = \"DE\" }",
            "LanguageIso = { value = \"Deutsch\" }",
            ["bad.toml:7:25", "the ISO code is wanted", "\"DE\""],
        ),
    ]
}

fn columns() -> Vec<Bad> {
    vec![
        city(
            "a column that the input does not have",
            "\"Stadt\"",
            ["bad.toml:10:8", "no column `Stadt`", "its columns are"],
        ),
        city(
            "a column without name",
            "\"\"",
            ["bad.toml:10:8", "a column needs a name", FALLBACK],
        ),
        edited(
            "a dropped column that is used",
            "[source]",
            "[source]\ndrop = [\"Ort\"]",
            [
                "bad.toml:11:8",
                "is listed in `drop`",
                "take it out of `drop`",
            ],
        ),
        edited(
            "a dropped column that is misspelt",
            "[source]",
            "[source]\ndrop = [\"Passwrt\"]",
            ["bad.toml:2:9", "to drop", "did you mean `Passwort`?"],
        )
        .with("kunden.csv", "Nr;Name;Ort;Passwort\nC1;A;B;geheim\n"),
        edited(
            "a reserved column",
            "\"Name\"",
            "\"_code\"",
            ["bad.toml:9:12", "cannot be mapped", "the report adds"],
        ),
        // No mistake, but a pattern that takes other engines for ever.
        Bad {
            code: 3,
            ..edited(
                "an expression that backtracks",
                "LastName = \"Name\"",
                "LastName = { column = \"Name\", extract = '^((a+)+)$' }",
                ["record 1 (line 2)", "name.missing", "Fill the last name"],
            )
        }
        .with(
            "kunden.csv",
            &format!("Nr;Name;Ort\nC1;{}b;B\n", "a".repeat(100_000)),
        ),
    ]
}

impl Bad {
    /// With another file in the folder.
    fn with(mut self, name: &'static str, text: &str) -> Self {
        self.files.push((name, text.into()));
        self
    }
}
