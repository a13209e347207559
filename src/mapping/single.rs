//! One value of a record, without the rest of it.

use super::draft::Made;
use super::plan::Plan;
use super::tally::Tally;
use crate::customer::{Part, Target, Value};
use crate::record::{Fields, Record};

impl Plan {
    /// Maps one target of a record as [`apply`](Self::apply) does; none if only mapping all of
    /// the record can tell: of input in the API's own shape, and of objects that not every
    /// customer has. What is wrong with it is not told: this is for records that were examined
    /// before.
    #[must_use]
    pub fn single<'r>(
        &'r self,
        target: Target,
        record: &'r Record,
        tally: &mut Tally,
    ) -> Option<Option<Value<'r>>> {
        let is_shaped = self.api_shaped && matches!(record.fields, Fields::Object(_));
        if is_shaped || !matches!(target.part, Part::Customer | Part::Billing) {
            return None;
        }
        let mut parts = self.compiled.parts.iter();
        let spec = parts.find(|spec| spec.part == target.part)?;
        let maker = self.maker(record, tally);
        let mut made = Made::new(spec.part, 2);
        for (index, value) in spec.values.iter().enumerate() {
            // The country comes first, for postal codes depend on it.
            if value.target == target || value.target.field().name == "CountryIso" {
                maker.value(index, value, &mut made, tally);
            }
        }
        let value = made.values.get(target.index).filter(|value| match value {
            // Validation takes such texts away.
            Value::Text(text) => !text.trim_start().is_empty(),
            _ => true,
        });
        Some(value.cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Columns, Mapping};
    use crate::record::{Cells, Position, Span};

    const MAPPING: &str = r#"
[customer]
Number = "Nr"
CustomerGroupId = { column = "Gruppe", lookup = { "Endkunde" = 1, "Händler" = 2 } }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }

[customer.BillingAddress]
LastName = "Name"
PostalCode = { column = "PLZ", as = "postal_code" }
City = "Ort"
CountryIso = { column = "Land", as = "country" }
EmailAddress = { column = "E-Mail", as = "email" }

[customer.Shipmentaddress]
City = "Ort"
CountryIso = { value = "DE" }
"#;

    fn record(cells: &[&str]) -> Record {
        Record {
            position: Position { record: 1, line: 2 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Cells(cells.iter().copied().collect::<Cells>()),
        }
    }

    #[test]
    fn one_value_is_what_it_is_among_all() {
        let header = ["Nr", "Gruppe", "Name", "PLZ", "Ort", "Land", "E-Mail"].map(str::to_owned);
        let mapping = Mapping::parse("m.toml", MAPPING).unwrap();
        let plan = mapping.bind(Columns::Header(&header)).unwrap();
        for cells in [
            [
                "K1", "Endkunde", "Müller", "1067", "Dresden", "DE", "a@b.de",
            ],
            [" K 2 ", "Händler", "Groß", "1067", "Wien", "Österreich", ""],
            ["", "Fremder", "", "", "", "", "kein Postfach"],
        ] {
            let record = record(&cells);
            let tally = &mut Tally::default();
            let draft = plan.apply(&record, tally).unwrap();
            let mut found = 0;
            for part in [Part::Customer, Part::Billing] {
                for index in 0..part.schema().fields.len() {
                    let target = Target { part, index };
                    let single = plan.single(target, &record, tally).unwrap();
                    assert_eq!(single.as_ref(), draft.customer.get(target), "{target}");
                    found += usize::from(single.is_some());
                }
            }
            assert!(found > 2);
            let further = Target {
                part: Part::Shipment,
                index: 0,
            };
            assert_eq!(plan.single(further, &record, tally), None);
        }
    }
}
