//! Generated customers as a shop exports them: umlauts, quotes, line breaks inside of cells,
//! delivery addresses, and broken ones of every kind on demand. The same seed gives the same
//! customers.

use std::collections::BTreeSet;

use fastrand::Rng;

/// The columns of the export. Those that hold free text come last, unmapped.
pub(crate) const HEADER: [&str; 18] = [
    "Nr",
    "Anrede",
    "Vorname",
    "Nachname",
    "Firma",
    "Straße",
    "PLZ",
    "Ort",
    "Land",
    "E-Mail",
    "Geburtstag",
    "Rabatt",
    "Gruppe",
    "Lieferstraße",
    "Liefer-PLZ",
    "Lieferort",
    "Lieferland",
    "Bemerkung",
];

/// The mapping that fits [`HEADER`].
pub(crate) const MAPPING: &str = r#"
[source]
decimal = ","
date = "%d.%m.%Y"

[report]
columns = ["E-Mail"]

[customer]
Number = "Nr"
CustomerGroupId = { column = "Gruppe", lookup = { "Endkunde" = 1, "Händler" = 2 } }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
Birthday = "Geburtstag"

[customer.BillingAddress]
FormOfAddress = { column = "Anrede", as = "salutation" }
FirstName = "Vorname"
LastName = "Nachname"
Company = "Firma"
Street = "Straße"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { column = "Land", as = "country" }
EmailAddress = { column = "E-Mail", as = "email" }

[customer.Shipmentaddress]
when = "Lieferort"
LastName = "Nachname"
Street = "Lieferstraße"
PostalCode = { column = "Liefer-PLZ", as = "postal_code" }
City = "Lieferort"
CountryIso = { column = "Lieferland", as = "country" }

[customer.PaymentSettings]
Discount = "Rabatt"
"#;

/// What every e-mail address ends with; nothing else in the tests does.
pub(crate) const MAIL_DOMAIN: &str = "quellnymphe.example.org";

/// The first half of every last name; nothing else in the tests has it.
pub(crate) const LAST_NAME: &str = "Tarnkäppchen";

/// Every way in which a generated record can be broken, by the code that its report must show.
const BREAKS: [&str; 12] = [
    "required.missing",
    "email.malformed",
    "country.unknown",
    "type.date",
    "type.decimal",
    "length.max",
    "lookup.missing",
    "key.missing",
    "name.missing",
    "postal_code.country",
    "key.duplicate",
    "record.ragged",
];

/// One record of the export.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    /// Its cells, as many as the header has unless the record is ragged.
    pub(crate) cells: Vec<String>,
    /// The code of what is wrong with it.
    pub(crate) broken: Option<&'static str>,
}

/// An export.
#[derive(Clone, Debug)]
pub(crate) struct Customers(pub(crate) Vec<Customer>);

impl Customers {
    /// `count` valid customers.
    pub(crate) fn valid(seed: u64, count: usize) -> Self {
        let mut random = Rng::with_seed(seed);
        Self((0..count).map(|at| customer(&mut random, at)).collect())
    }

    /// `count` customers, every tenth of which is broken, in all of the ways.
    pub(crate) fn with_broken(seed: u64, count: usize) -> Self {
        let mut customers = Self::valid(seed, count);
        let mut random = Rng::with_seed(seed ^ 1);
        let mut ways = BREAKS.iter().cycle();
        for tenth in (0..count).step_by(10) {
            let at = (tenth + random.usize(1..10)).min(count - 1);
            // The first of each ten is never broken, so its number can be taken.
            let taken = customers.0[tenth].cells[0].clone();
            let code = ways.next().unwrap();
            customers.0[at].break_it(code, taken);
        }
        customers
    }

    /// The file, in UTF-8 with semicolons.
    pub(crate) fn csv(&self) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b';')
            .flexible(true)
            .from_writer(Vec::new());
        writer.write_record(HEADER).unwrap();
        for customer in &self.0 {
            writer.write_record(&customer.cells).unwrap();
        }
        writer.into_inner().unwrap()
    }

    /// The numbers of the valid ones, sorted.
    pub(crate) fn numbers(&self) -> BTreeSet<String> {
        let valid = self.0.iter().filter(|customer| customer.broken.is_none());
        valid.map(|customer| customer.cells[0].clone()).collect()
    }

    /// The same customers, `records` of them (from 1) with another street.
    pub(crate) fn moved(mut self, records: impl IntoIterator<Item = usize>) -> Self {
        for record in records {
            self.0[record - 1].cells[column("Straße")].push_str(" (neu)");
        }
        self
    }
}

impl Customer {
    fn break_it(&mut self, code: &'static str, taken: String) {
        let mut set = |name: &str, text: &str| self.cells[column(name)] = text.to_owned();
        match code {
            "required.missing" => set("Ort", ""),
            "email.malformed" => set("E-Mail", "keine@@adresse"),
            "country.unknown" => set("Land", "Atlantis"),
            "type.date" => set("Geburtstag", "31.02.1980"),
            "type.decimal" => set("Rabatt", "viel"),
            "length.max" => set("Straße", &"ü".repeat(256)),
            "lookup.missing" => set("Gruppe", "Freunde; \"gute\""),
            "key.missing" => set("Nr", ""),
            "name.missing" => {
                set("Nachname", "");
                set("Firma", "");
            }
            "postal_code.country" => {
                set("PLZ", "1234567");
                set("Land", "Deutschland");
            }
            "key.duplicate" => set("Nr", &taken),
            "record.ragged" => self.cells.truncate(5),
            other => panic!("nobody knows how to break {other}"),
        }
        self.broken = Some(code);
    }
}

/// Where a column stands.
pub(crate) fn column(name: &str) -> usize {
    HEADER.iter().position(|header| *header == name).unwrap()
}

fn customer(random: &mut Rng, at: usize) -> Customer {
    let mut pick = |of: &[&str]| of[random.usize(..of.len())].to_owned();
    let (land, plz) = match pick(&["Deutschland", "D", "Österreich", "Schweiz"]).as_str() {
        land @ ("Österreich" | "Schweiz") => (land.to_owned(), "8010"),
        land => (land.to_owned(), "01067"),
    };
    let company = pick(&[
        "",
        "",
        "Bäckerei \"Zum Löwen\"",
        "Müller & Söhne; Eisenwaren",
        "Nähstube\nInh. Jürgen Groß",
    ]);
    let mut cells = vec![
        format!("K{:06}", at + 1),
        pick(&["Herr", "Frau", ""]),
        pick(&["Jörg", "Änne", "Zoë", "Günther Uwe", "D'Arcy"]),
        format!("{LAST_NAME}-{}", letters(at)),
        company,
        pick(&[
            "Hauptstraße 1",
            "Am \"Alten\" Tor 5",
            "Straße des 17. Juni; 4",
        ]),
        plz.to_owned(),
        pick(&["Köln", "Düsseldorf", "Sankt Pölten", "Zürich"]),
        land,
        format!("kunde.{}@{MAIL_DOMAIN}", letters(at)),
        pick(&["", "29.02.1984", "01.01.1970"]),
        pick(&["", "2,50", "0,00", "12"]),
        pick(&["Endkunde", "Händler"]),
    ];
    if random.bool() {
        let place = ["Lagerweg 7", "20095", "Hamburg", "Deutschland"];
        cells.extend(place.map(str::to_owned));
    } else {
        cells.extend(std::iter::repeat_n(String::new(), 4));
    }
    let remarks = [
        "",
        "ruft an;\nbitte \"leise\" klingeln\r\n\r\n",
        "  Blanks außen  ",
        "🐝 – Imkerei",
    ];
    cells.push(remarks[random.usize(..remarks.len())].to_owned());
    Customer {
        cells,
        broken: None,
    }
}

/// A number as letters, so that it stands out nowhere else.
fn letters(number: usize) -> String {
    let digits = number.to_string().into_bytes();
    digits
        .into_iter()
        .map(|digit| char::from(b'a' + digit - b'0'))
        .collect()
}
