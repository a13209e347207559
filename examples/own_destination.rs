//! Maps and checks records that come from anywhere, and takes the customers into a destination of
//! your own: here a text on stdout, in your program a queue, another API, a database.
//!
//! `cargo run --example own_destination`

use std::io::{self, Write};

use wawi_importer::import::{Destination, hand_over};
use wawi_importer::mapping::Mapping;
use wawi_importer::outcome::FieldError;
use wawi_importer::record::Position;
use wawi_importer::validate::Customer;

/// Which column is which field; `Mapping::load` reads the same from a file.
const MAPPING: &str = r#"
[customer]
Number = "id"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }

[customer.BillingAddress]
LastName = "name"
City = "city"
CountryIso = { column = "country", as = "country" }
EmailAddress = "mail"
"#;

/// Writes what it is given.
struct Lines<W>(W);

impl<W: Write> Destination for Lines<W> {
    type Error = io::Error;

    fn take(&mut self, position: Position, customer: &Customer<'_>) -> io::Result<()> {
        let body = String::from_utf8_lossy(&customer.body()).into_owned();
        writeln!(self.0, "record {}: {body}", position.record)
    }

    fn refuse(&mut self, position: Position, errors: &[FieldError]) -> io::Result<()> {
        for error in errors {
            let (code, message) = (error.code, error.message());
            writeln!(self.0, "record {}: {code}: {message}", position.record)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mapping = Mapping::parse("own", MAPPING)?;
    let header = ["id", "name", "city", "country", "mail"].map(str::to_owned);
    // An iterator: nothing is gathered but the keys.
    let records = [
        ["S-1", "Roth", "Ulm", "Deutschland", "roth@shop.example"],
        ["S-2", "Muster", "Wien", "Österreich", "keine@@adresse"],
        ["S-1", "Weber", "Bonn", "DE", ""],
    ]
    .into_iter()
    .map(|cells| cells.map(str::to_owned).to_vec());

    let mut destination = Lines(io::stdout().lock());
    let handed = hand_over(&mapping, &header, records, &mut destination)?;
    writeln!(
        destination.0,
        "taken: {}, refused: {}",
        handed.taken, handed.refused
    )?;
    Ok(())
}
