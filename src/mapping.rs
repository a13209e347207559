//! The mapping file and what it compiles to.
//!
//! A mapping is read in three steps: its TOML text is compiled ([`Mapping`]: whatever is wrong
//! in itself is found there), bound to the columns of an input ([`Plan`]: whatever does not fit
//! the input is found there), and applied to records, which is pure. It owns the meaning of the
//! mapping file; it must not know how inputs are read, what makes a customer valid, or where
//! customers go.
//!
//! Names in the ERP (`as = "customer_group"`) are told to a bound mapping ([`Plan::told`]).

mod columns;
mod compile;
mod condition;
mod constant;
mod convert;
mod cure;
mod draft;
mod error;
mod field_list;
mod file;
mod form;
mod group;
mod join;
mod key_list;
mod lookup_file;
mod naming;
mod options;
mod part;
mod passthrough;
mod path;
mod plan;
mod steps;
mod styles;
mod suggest;
mod syntax;
mod tally;
mod template;
mod trace;
mod trial;
mod trim;
mod value;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

pub use columns::Columns;
pub use cure::Proposal;
pub use error::MappingError;
pub use field_list::{FieldEntry, field_list};
pub use group::GroupValue;
pub use key_list::{KeyList, key_list};
pub use options::SourceOptions;
pub use plan::Plan;
pub use styles::ColumnStyle;
pub use tally::{Tally, Unasked};
pub use trace::{FieldTrace, ObjectTrace, StepTaken, Trace};
pub use trial::{Trial, Tried, Verdict};

use columns::Bound;
use compile::Compiled;
use error::Mistake;
use lookup_file::Beside;
use suggest::{did_you_mean, listed};

use crate::customer::{Part, Target};
use crate::names::Names;
use crate::outcome::{Code, Severity};

/// The ready-made mappings, by name.
const BUILTIN: &[(&str, &str)] = &[
    ("jtl-shop5", include_str!("../mappings/jtl-shop5.toml")),
    ("shopify", include_str!("../mappings/shopify.toml")),
    ("shopware6", include_str!("../mappings/shopware6.toml")),
    ("woocommerce", include_str!("../mappings/woocommerce.toml")),
    ("datev", include_str!("../mappings/datev.toml")),
    ("magento2", include_str!("../mappings/magento2.toml")),
    ("prestashop", include_str!("../mappings/prestashop.toml")),
];

/// The names of [`BUILTIN`], in its order.
const BUILTIN_NAMES: &[&str] = &[
    "jtl-shop5",
    "shopify",
    "shopware6",
    "woocommerce",
    "datev",
    "magento2",
    "prestashop",
];

/// A mapping, compiled but not yet bound to an input.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: Arc<str>,
    text: Arc<str>,
    compiled: Arc<Compiled>,
    api_shaped: bool,
}

impl Mapping {
    /// Compiles the mapping `text`; `name` is what messages call it. There are no files beside
    /// it but those that a text of [`text`](Self::text) carries along.
    ///
    /// # Errors
    /// Everything that is wrong with it, all at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, MappingError> {
        let (text, files) = lookup_file::split(text);
        Self::of(name, text, Beside::Kept(files))
    }

    fn of(name: &str, text: &str, beside: Beside) -> Result<Self, MappingError> {
        let name: Arc<str> = name.into();
        let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(text).into();
        let compiled = Arc::new(compile::compile(&name, &text, beside)?);
        let text = if compiled.files.is_empty() {
            text
        } else {
            lookup_file::with_files(&text, &compiled.files).into()
        };
        Ok(Self {
            name,
            text,
            compiled,
            api_shaped: false,
        })
    }

    /// Reads and compiles a mapping file: UTF-8 or UTF-16, with or without byte-order mark.
    ///
    /// # Errors
    /// The file cannot be read or decoded, or everything that is wrong with the mapping.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let name = path.display().to_string();
        let text = file::read(path).map_err(|mistake| MappingError::unreadable(&name, mistake))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::of(&name, &text, Beside::Folder(folder))
    }

    /// A ready-made mapping, by its name with or without `builtin:` before it.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn builtin(name: &str) -> Result<Self, MappingError> {
        let bare = name.strip_prefix("builtin:").unwrap_or(name);
        let full = format!("builtin:{bare}");
        match BUILTIN.iter().find(|(known, _)| *known == bare) {
            Some((_, text)) => Self::parse(&full, text),
            None => {
                let names = || BUILTIN_NAMES.iter().copied();
                let list = format!("there are {}", listed(names(), BUILTIN_NAMES.len()));
                let help = match did_you_mean(bare, names()) {
                    Some(suggestion) => format!("{suggestion} {list}"),
                    None => list,
                };
                let mistake = Mistake::of_file("there is no such ready-made mapping").help(help);
                Err(MappingError::unreadable(&full, mistake))
            }
        }
    }

    /// The names of the ready-made mappings.
    #[must_use]
    pub fn builtin_names() -> &'static [&'static str] {
        BUILTIN_NAMES
    }

    /// The mapping of input that already has the API's shape: JSON objects as `CreateCustomer`.
    #[must_use]
    pub fn passthrough() -> Self {
        Self {
            name: "passthrough".into(),
            text: "".into(),
            compiled: Arc::new(Compiled::of_nothing(number())),
            api_shaped: true,
        }
    }

    /// What messages call it: a path, `builtin:NAME` or `passthrough`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text without byte-order mark, and behind it what it read of files beside it
    /// (`lookup_file`): what is hashed and kept, for it makes the same mapping again.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it says that the input is to be read.
    #[must_use]
    pub fn source(&self) -> &SourceOptions {
        &self.compiled.source
    }

    /// The rules whose weight it changes.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<Code, Severity> {
        &self.compiled.rules
    }

    /// The target that identifies a customer (`[identity] key`); `Number` by default.
    #[must_use]
    pub fn key(&self) -> Target {
        self.compiled.key
    }

    /// Whether it passes input through that already has the API's shape.
    #[must_use]
    pub fn is_passthrough(&self) -> bool {
        self.api_shaped
    }

    /// Finds the mapping's columns in an input. Nobody has asked the ERP for names: their ids
    /// are [`Value::Unasked`](crate::customer::Value::Unasked).
    ///
    /// # Errors
    /// Columns that the input does not have, or has twice.
    pub fn bind(&self, columns: Columns<'_>) -> Result<Plan, MappingError> {
        let now = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now());
        self.bind_on(now.date(), columns)
    }

    /// As [`bind`](Self::bind), on a given day: a birthday with a two-digit year never lies
    /// behind it.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_on(&self, today: Date, columns: Columns<'_>) -> Result<Plan, MappingError> {
        let fail = |mistakes| MappingError::new(self.name.clone(), self.text.clone(), mistakes);
        if let (true, Columns::Header(_)) = (self.api_shaped, columns) {
            let mistake = Mistake::of_file("input with a header needs a mapping")
                .help("name one with -m; only JSON objects in the API's own shape need none");
            return Err(fail(vec![mistake]));
        }
        let bound = Bound::find(&self.compiled, columns).map_err(fail)?;
        let compiled = naming::tell(&self.compiled, &Names::default()).map_err(fail)?;
        let report = compiled.report.iter();
        let report_columns = report
            .filter_map(|column| bound.names.get(*column).cloned())
            .collect();
        Ok(Plan {
            name: self.name.clone(),
            text: self.text.clone(),
            compiled,
            written: self.compiled.clone(),
            api_shaped: self.api_shaped,
            bound,
            report_columns,
            today,
        })
    }
}

/// The target `Number`, the first field of the customer.
fn number() -> Target {
    Target {
        part: Part::Customer,
        index: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::Draft;
    use crate::record::{Cells, Fields, Position, Record, Span};

    const TODAY: Date = jiff::civil::date(2026, 11, 24);

    /// The documentation's example, without what later versions bring.
    const EXAMPLE: &str = r#"
        keep_if = [ { column = "Konto", between = [10000, 69999] } ]

        [source]
        format     = "csv"
        encoding   = "windows-1252"
        delimiter  = ";"
        skip_lines = 1
        header     = true
        empty      = ["", "NULL", "-"]
        decimal    = ","
        date       = "%d.%m.%Y"
        drop       = ["cPasswort"]

        [identity]
        key = "Number"

        [report]
        columns = ["id", "E-Mail"]

        [customer]
        Number            = "Kundennummer"
        CustomerGroupId   = { column = "Gruppe", lookup = { "Endkunde" = 1, "Händler" = 2 } }
        InternalCompanyId = { value = 1 }
        LanguageIso       = { column = "Sprache", as = "language", default = "DE" }
        Birthday          = { column = "geb.", date = "%d.%m.%y" }
        CustomerSince     = "Seit"
        IsLocked          = { column = "Gesperrt" }

        [customer.BillingAddress]
        FirstName  = "Vorname"
        LastName   = { first_of = ["Nachname", "Name"] }
        Company    = { column = "Firma", max = 10, cut = true }
        Street     = { join = ["Straße", "Hausnummer"], with = " " }
        City       = "Ort"
        PostalCode = { column = "PLZ", as = "postal_code" }
        CountryIso = { column = "Land", as = "country", default = "DE" }

        [customer.Shipmentaddress]
        unless_same_as = "BillingAddress"
        City       = { first_of = ["Lieferort", "Ort"] }
        CountryIso = { column = "Lieferland", as = "country", default = "DE" }

        [[customer.OtherAddresses.OtherShippingAddresses]]
        when       = "Lieferort"
        City       = "Lieferort"
        CountryIso = { column = "Lieferland", as = "country", default = "DE" }

        [customer.PaymentSettings]
        Discount   = "Rabatt"

        [rules]
        "vat_id.checksum"  = "warn"
        "person.duplicate" = "off"
    "#;

    const HEADER: [&str; 20] = [
        "id",
        "Kundennummer",
        "Gruppe",
        "Sprache",
        "geb.",
        "Seit",
        "Gesperrt",
        "Vorname",
        "Nachname",
        "Name",
        "Firma",
        "Straße",
        "Hausnummer",
        "Ort",
        "PLZ",
        "Land",
        "Lieferort",
        "Lieferland",
        "Rabatt",
        "E-Mail",
    ];

    /// A record of the example's input; what is not named is empty.
    fn record(cells: &[(&str, &str)]) -> Record {
        let names = HEADER
            .iter()
            .copied()
            .chain(["Konto", "cPasswort", "Notiz", "_run"]);
        let cells: Cells = names
            .map(|name| {
                let cell = cells.iter().find(|(column, _)| *column == name);
                cell.map_or("", |(_, cell)| *cell)
            })
            .collect();
        Record {
            position: Position { record: 1, line: 3 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Cells(cells),
        }
    }

    fn plan() -> Plan {
        let header: Vec<String> = HEADER
            .iter()
            .chain(&["Konto", "cPasswort", "Notiz", "_run"])
            .map(|&name| name.to_owned())
            .collect();
        let mapping = Mapping::parse("kunden.toml", EXAMPLE).unwrap();
        mapping.bind_on(TODAY, Columns::Header(&header)).unwrap()
    }

    fn json(draft: &Draft) -> serde_json::Value {
        serde_json::to_value(&draft.customer).unwrap()
    }

    #[test]
    fn the_documented_example_maps_a_full_record() {
        let mut tally = Tally::default();
        let record = record(&[
            ("Konto", "10001"),
            ("id", "77"),
            ("E-Mail", " a@b.de"),
            ("Kundennummer", " C1 "),
            ("Gruppe", "händler"),
            ("Sprache", "de-DE"),
            ("geb.", "01.02.27"),
            ("Seit", "31.12.2020"),
            ("Gesperrt", "N"),
            ("Vorname", "Anna"),
            ("Nachname", "-"),
            ("Name", "Muster"),
            ("Firma", "Muster Handels GmbH"),
            ("Straße", "Weg"),
            ("Hausnummer", "1a"),
            ("Ort", "Dresden"),
            ("PLZ", "1067"),
            ("Land", "Deutschland"),
            ("Lieferort", "Wien"),
            ("Lieferland", "Österreich"),
            ("Rabatt", "2,5"),
        ]);
        let plan = plan();
        let draft = plan.apply(&record, &mut tally).unwrap();
        assert_eq!(draft.errors, []);
        let wanted = serde_json::json!({
            "Number": "C1", "CustomerGroupId": 2, "CustomerSince": "2020-12-31T00:00:00Z",
            "LanguageIso": "DE", "InternalCompanyId": 1, "Birthday": "1927-02-01T00:00:00Z",
            "IsLocked": false,
            "BillingAddress": {
                "City": "Dresden", "CountryIso": "DE", "Company": "Muster Han",
                "FirstName": "Anna", "LastName": "Muster", "Street": "Weg 1a",
                "PostalCode": "01067",
            },
            "Shipmentaddress": { "City": "Wien", "CountryIso": "AT" },
            "OtherAddresses": {
                "OtherShippingAddresses": [ { "City": "Wien", "CountryIso": "AT" } ],
            },
            "PaymentSettings": { "Discount": "2.5".parse::<serde_json::Number>().unwrap() },
        });
        assert_eq!(json(&draft), wanted);
        let repairs: Vec<_> = tally
            .repairs
            .iter()
            .map(|(kind, n)| (kind.as_str(), *n))
            .collect();
        assert_eq!(
            repairs,
            [("length.cut", 1), ("postal_code.zero_restored", 1)]
        );
        assert_eq!(plan.report_columns(), ["id", "E-Mail"]);
        assert_eq!(plan.report_values(&record), ["77", " a@b.de"]);
        assert_eq!(plan.unused_columns(), ["Notiz"]);
        assert_eq!(plan.dropped_columns(), ["cPasswort"]);
    }

    #[test]
    fn the_documented_example_maps_a_bare_record() {
        let bare = record(&[
            ("Konto", "69999"),
            ("Gruppe", "Endkunde"),
            ("Ort", "Wien"),
            ("Land", "A"),
            ("Gesperrt", "NULL"),
        ]);
        let draft = plan().apply(&bare, &mut Tally::default()).unwrap();
        assert_eq!(draft.errors, []);
        // The delivery address takes only the city from the input, and that is the same.
        let wanted = serde_json::json!({
            "CustomerGroupId": 1, "LanguageIso": "DE", "InternalCompanyId": 1,
            "BillingAddress": { "City": "Wien", "CountryIso": "AT" },
        });
        assert_eq!(json(&draft), wanted);
    }

    #[test]
    fn the_documented_example_tells_every_error_of_a_record() {
        let bad = record(&[
            ("Konto", "10000"),
            ("Gruppe", "Großhandel"),
            ("Sprache", "tlh"),
            ("geb.", "31.12.1985"),
            ("Gesperrt", "vielleicht"),
            ("Land", "Atlantis"),
            ("Lieferort", "Bonn"),
            ("Rabatt", "2.5"),
            ("Seit", " 0000-00-00"),
        ]);
        let draft = plan().apply(&bad, &mut Tally::default()).unwrap();
        let seen: Vec<_> = draft
            .errors
            .iter()
            .map(|error| {
                let value = error.value.as_deref().unwrap_or_default();
                (
                    error.target.as_str(),
                    error.code,
                    error.columns.join(","),
                    value,
                )
            })
            .collect();
        let wanted = [
            (
                "CustomerGroupId",
                Code::LookupMissing,
                "Gruppe",
                "Großhandel",
            ),
            ("CustomerSince", Code::TypeDate, "Seit", " 0000-00-00"),
            ("LanguageIso", Code::LanguageUnknown, "Sprache", "tlh"),
            ("Birthday", Code::TypeDate, "geb.", "31.12.1985"),
            ("IsLocked", Code::TypeBoolean, "Gesperrt", "vielleicht"),
            (
                "BillingAddress.CountryIso",
                Code::CountryUnknown,
                "Land",
                "Atlantis",
            ),
            (
                "PaymentSettings.Discount",
                Code::TypeDecimal,
                "Rabatt",
                "2.5",
            ),
        ];
        let wanted =
            wanted.map(|(target, code, column, value)| (target, code, column.to_owned(), value));
        assert_eq!(seen, wanted);
        assert_eq!(draft.errors[3].params["expected"], "%d.%m.%y");
        assert_eq!(draft.errors[3].params["example"], "31.12.85");
    }

    #[test]
    fn the_documented_example_leaves_other_accounts_out() {
        for (account, kept) in [
            ("9999", false),
            ("70000", false),
            ("", false),
            ("x", false),
            ("10000", true),
        ] {
            let draft = plan().apply(&record(&[("Konto", account)]), &mut Tally::default());
            assert_eq!(draft.is_some(), kept, "{account}");
        }
    }

    #[test]
    fn the_documented_example_says_how_it_is_to_be_read() {
        let mapping = Mapping::parse("kunden.toml", EXAMPLE).unwrap();
        let wanted = SourceOptions {
            format: Some("csv".to_owned()),
            encoding: Some("windows-1252".to_owned()),
            delimiter: Some(b';'),
            skip_lines: Some(1),
            header: Some(true),
            sheet: mapping.source().sheet.clone(),
            comma: true,
            dates: mapping.source().dates.clone(),
        };
        assert_eq!(mapping.source(), &wanted);
        assert_eq!(mapping.rules()[&Code::PersonDuplicate], Severity::Off);
        assert_eq!(mapping.key().to_string(), "Number");
        assert_eq!(mapping.text(), EXAMPLE);
    }

    #[test]
    fn ready_made_mappings_are_right_in_themselves() {
        let known: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
        assert_eq!(Mapping::builtin_names(), known);
        for name in Mapping::builtin_names() {
            let mapping = Mapping::builtin(&format!("builtin:{name}")).unwrap();
            assert_eq!(mapping.name(), format!("builtin:{name}"));
        }
        let error = Mapping::builtin("shopwar").unwrap_err();
        assert_eq!(
            error.to_string(),
            "builtin:shopwar: there is no such ready-made mapping"
        );
        assert_eq!(
            error.help().unwrap(),
            "did you mean `shopware6`? there are `jtl-shop5`, `shopify`, `shopware6`, `woocommerce`, `datev`, `magento2`, `prestashop`"
        );
    }

    #[test]
    fn files_in_any_encoding_are_the_same_mapping() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.toml");
        let utf16: Vec<u8> = "\u{feff}"
            .chars()
            .chain(EXAMPLE.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        std::fs::write(&path, utf16).unwrap();
        assert_eq!(Mapping::load(&path).unwrap().text(), EXAMPLE);
        let missing = Mapping::load(&folder.path().join("n.toml")).unwrap_err();
        assert!(missing.to_string().contains("cannot be read"), "{missing}");
    }

    #[test]
    fn passthrough_needs_objects() {
        let mapping = Mapping::passthrough();
        let header = ["Number".to_owned()];
        let error = mapping.bind(Columns::Header(&header)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "passthrough: input with a header needs a mapping"
        );
        assert!(mapping.bind(Columns::Keys).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn no_cells_make_it_panic(cells in proptest::collection::vec("(.|[0-9.,:'=\"+-]){0,12}", 0..30)) {
            let mut record = record(&[]);
            record.fields = Fields::Cells(cells.iter().map(String::as_str).collect());
            let plan = plan();
            let _ = plan.apply(&record, &mut Tally::default());
            let _ = plan.report_values(&record);
        }
    }
}
