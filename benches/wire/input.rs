//! A seeded input, its mapping, and the body that the load generators send.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Fields that the mapping fills.
pub(crate) const MAPPED_FIELDS: usize = 30;

/// The mapping: 30 fields with the conversions and checks that a shop's export needs.
const MAPPING: &str = r#"[source]
decimal = ","
date = "%d.%m.%Y"

[customer]
Number                   = "Nr"
CustomerGroupId          = { column = "Gruppe", lookup = { "Endkunde" = 1, "Händler" = 2 } }
InternalCompanyId        = { value = 1 }
LanguageIso              = { column = "Sprache", as = "language" }
CustomerSince            = "Seit"
Birthday                 = "Geburtstag"
Website                  = "Web"
InitialContact           = "Herkunft"
IsLocked                 = "Gesperrt"
CommercialRegisterNumber = "HRB"

[customer.BillingAddress]
FormOfAddress     = { column = "Anrede", as = "salutation" }
FirstName         = "Vorname"
LastName          = "Nachname"
Company           = "Firma"
Street            = { join = ["Straße", "Hausnummer"] }
PostalCode        = { column = "PLZ", as = "postal_code" }
City              = "Ort"
CountryIso        = { column = "Land", as = "country" }
State             = "Bundesland"
EmailAddress      = { column = "E-Mail", as = "email" }
PhoneNumber       = { column = "Telefon", as = "phone" }
MobilePhoneNumber = { column = "Mobil", as = "phone" }
VatID             = { column = "USt", as = "vat_id" }

[customer.Shipmentaddress]
LastName   = "Nachname"
Street     = "Lieferstraße"
PostalCode = { column = "Liefer-PLZ", as = "postal_code" }
City       = "Lieferort"
CountryIso = { column = "Land", as = "country" }

[customer.PaymentSettings]
Discount      = "Rabatt"
PaymentTarget = "Ziel"
"#;

const HEADER: &str = "Nr;Gruppe;Sprache;Seit;Geburtstag;Web;Herkunft;Gesperrt;HRB;Anrede;Vorname;Nachname;Firma;Straße;Hausnummer;PLZ;Ort;Land;Bundesland;E-Mail;Telefon;Mobil;USt;Lieferstraße;Liefer-PLZ;Lieferort;Rabatt;Ziel";

const FIRST: [&str; 6] = ["Anna", "Jürgen", "Sabine", "Max", "Käthe", "Peter"];
const LAST: [&str; 40] = [
    "Müller",
    "Groß",
    "Schäfer",
    "Krause",
    "Lehmann",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Hoffmann",
    "Koch",
    "Bauer",
    "Richter",
    "Klein",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Zimmermann",
    "Braun",
    "Krüger",
    "Hartmann",
    "Lange",
    "Werner",
    "Köhler",
    "Herrmann",
    "König",
    "Walter",
    "Huber",
    "Kaiser",
    "Fuchs",
    "Peters",
    "Scholz",
    "Möller",
    "Weiß",
    "von der Heide",
];
/// Streets are made of two words, for people who are the same twice shall be rare.
const STREETS: [[&str; 12]; 2] = [
    [
        "Große ",
        "Alte ",
        "Linden",
        "Kastanien",
        "Birken",
        "Rosen",
        "Garten",
        "Schul",
        "Kirch",
        "Bahnhof",
        "Mühlen",
        "Brunnen",
    ],
    [
        "straße", "weg", "gasse", "allee", "ring", "platz", "damm", "ufer", "steig", "hof",
        "zeile", "chaussee",
    ],
];
const PLACES: [(&str, &str); 16] = [
    ("01067", "Dresden"),
    ("4109", "Leipzig"),
    ("10115", "Berlin"),
    ("80331", "München"),
    ("50667", "Köln"),
    ("20095", "Hamburg"),
    ("60311", "Frankfurt am Main"),
    ("70173", "Stuttgart"),
    ("40213", "Düsseldorf"),
    ("44135", "Dortmund"),
    ("45127", "Essen"),
    ("28195", "Bremen"),
    ("30159", "Hannover"),
    ("90402", "Nürnberg"),
    ("42103", "Wuppertal"),
    ("48143", "Münster"),
];

/// Where the input lies.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("kunden.csv")
}

/// Where its mapping lies.
pub(crate) fn mapping_path(folder: &Path) -> PathBuf {
    folder.join("kunden.toml")
}

/// Writes another mapping beside the input, which knows none of its groups: every record is
/// invalid.
pub(crate) fn mistake_groups(folder: &Path) -> io::Result<()> {
    let mistaken = MAPPING.replace("\"Endkunde\" = 1, \"Händler\" = 2", "\"Gast\" = 1");
    std::fs::write(mapping_path(folder), mistaken)
}

/// Writes input and mapping; `faulty` per cent of the records have something wrong or odd.
pub(crate) fn write(folder: &Path, records: u64, faulty: u64) -> io::Result<()> {
    std::fs::write(mapping_path(folder), MAPPING)?;
    let mut random = fastrand::Rng::with_seed(1);
    // Longer streets for more people, so that those who are the same twice do not become more
    // than a share of them.
    let houses = (records / 5_000).max(200);
    let mut file = BufWriter::new(File::create(path(folder))?);
    writeln!(file, "{HEADER}")?;
    for record in 0..records {
        let mut one_of = |texts: &[&'static str]| random.choice(texts).copied().unwrap_or_default();
        let (first, last) = (one_of(&FIRST), one_of(&LAST));
        let [stem, ending] = STREETS.map(|words| one_of(&words));
        let group = one_of(&["Endkunde", "Händler"]);
        let (code, city) = random.choice(PLACES).unwrap_or_default();
        let company = last;
        let fault = faulty > 0 && random.u64(0..100) < faulty;
        let fault = fault.then(|| random.choice(FAULTS)).flatten();
        let day = random.u8(1..=28);
        let (mut since, mut mail) = (format!("{day:02}"), format!("kunde{record}@example.com"));
        let (mut code, mut last, mut discount) = (code, last, "2,50");
        match fault {
            Some(Fault::Day) => since = "31.02".to_owned(),
            Some(Fault::Mail) => mail = format!("kunde{record}.example.com"),
            Some(Fault::Code) => code = "1067X",
            Some(Fault::Name) => last = "MÃ¼ller",
            Some(Fault::Discount) => discount = "zwei",
            Some(Fault::Quoted) => last = "\"Meyer; \"\"der Große\"\"\nEnkel\"",
            None => {}
        }
        let month = random.u8(1..=12);
        if fault != Some(Fault::Day) {
            since = format!("{since}.{month:02}");
        }
        writeln!(
            file,
            "K{record:08};{group};de-DE;{since}.20{:02};{:02}.{:02}.19{:02};https://www.example.com/{record};Messe Köln;nein;HRB {record};Frau;{first};{last};{company} Handels GmbH;{stem}{ending};{};{code};{city};Deutschland;Sachsen;{mail};+49 351 {:07};0171 {:07};DE136695976;Lieferweg {};{code};{city};{discount};14",
            random.u8(0..=25),
            random.u8(1..=28),
            random.u8(1..=12),
            random.u8(30..=99),
            random.u64(1..=houses),
            random.u32(1_000_000..=9_999_999),
            random.u32(1_000_000..=9_999_999),
            random.u8(1..=200),
        )?;
    }
    file.flush()
}

/// What may be wrong with a record, or odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A day that no calendar has.
    Day,
    /// An address without `@`.
    Mail,
    /// A postal code that the country does not know.
    Code,
    /// A name that was decoded twice.
    Name,
    /// A number in words.
    Discount,
    /// A name with delimiter, quotes and a line break: nothing is wrong with it.
    Quoted,
}

const FAULTS: [Fault; 6] = [
    Fault::Day,
    Fault::Mail,
    Fault::Code,
    Fault::Name,
    Fault::Discount,
    Fault::Quoted,
];

/// A body like those that the mapping makes, for the load generators.
pub(crate) fn body() -> &'static str {
    r#"{"Number":"K00000001","CustomerGroupId":1,"BillingAddress":{"City":"Dresden","CountryIso":"DE","Company":"Müller Handels GmbH","FormOfAddress":"Frau","FirstName":"Anna","LastName":"Müller","Street":"Große Gasse 12","PostalCode":"01067","State":"Sachsen","VatID":"DE136695976","PhoneNumber":"+49 351 1234567","MobilePhoneNumber":"0171 1234567","EmailAddress":"kunde1@example.com"},"Shipmentaddress":{"City":"Dresden","CountryIso":"DE","LastName":"Müller","Street":"Lieferweg 12","PostalCode":"01067"},"PaymentSettings":{"Discount":2.50,"PaymentTarget":14},"CustomerSince":"2020-01-02T00:00:00Z","LanguageIso":"DE","InternalCompanyId":1,"CommercialRegisterNumber":"HRB 1","Website":"https://www.example.com/1","InitialContact":"Messe Köln","Birthday":"1985-01-01T00:00:00Z","IsLocked":false}"#
}
