//! How the mapping says that numbers and dates are written, column by column: for an input whose
//! cells are typed and become text in that way.

use super::Mapping;
use super::convert::Convention;
use crate::customer::Kind;

/// How numbers and dates are written in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnStyle {
    /// The column, as the mapping names it.
    pub column: String,
    /// Whether decimals have a comma; else they have a point.
    pub comma: bool,
    /// Formats of dates, in the order in which they are tried; none: ISO 8601.
    pub dates: Vec<String>,
    /// Whether its dates are birthdays.
    pub birthday: bool,
}

impl Mapping {
    /// All columns that the mapping names, as it spells them; none for input in the API's own
    /// shape.
    #[must_use]
    pub fn used_columns(&self) -> Option<Vec<String>> {
        let columns = self.compiled.columns.iter();
        let names: Vec<String> = columns.map(|column| column.name.clone()).collect();
        Some(names).filter(|names| !names.is_empty())
    }

    /// The columns that become numbers or dates, each once, and how they are written. Where two
    /// values disagree, the first counts.
    #[must_use]
    pub fn column_styles(&self) -> Vec<ColumnStyle> {
        let mut styles: Vec<(ColumnStyle, bool, bool)> = Vec::new();
        let values = self.compiled.parts.iter().flat_map(|part| &part.values);
        for value in values {
            let steps = &value.steps;
            let (is_date, is_number) = (steps.kind == Kind::DateTime, steps.kind == Kind::Decimal);
            if !is_date && !is_number {
                continue;
            }
            for index in value.origin.columns() {
                let Some(column) = self.compiled.columns.get(*index) else {
                    continue;
                };
                let known = styles
                    .iter()
                    .position(|(style, ..)| style.column == column.name);
                let known = known.unwrap_or_else(|| {
                    styles.push((
                        ColumnStyle {
                            column: column.name.clone(),
                            comma: self.compiled.source.comma,
                            dates: self.compiled.source.dates.clone(),
                            birthday: false,
                        },
                        false,
                        false,
                    ));
                    styles.len() - 1
                });
                let Some((style, has_date, has_number)) = styles.get_mut(known) else {
                    continue;
                };
                if is_date && !*has_date {
                    style.dates.clone_from(&steps.dates.formats);
                    style.birthday = steps.dates.birthday;
                    *has_date = true;
                }
                if is_number && !*has_number {
                    style.comma = steps.convention == Convention::Comma;
                    *has_number = true;
                }
            }
        }
        styles.into_iter().map(|(style, ..)| style).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_written_as_their_values_read_them() {
        let text = "[source]\ndecimal = \",\"\ndate = \"%d.%m.%Y\"\n\
            [customer]\nNumber = \"Nr\"\nCustomerGroupId = \"Gruppe\"\n\
            InternalCompanyId = { value = 1 }\nLanguageIso = { value = \"DE\" }\n\
            Birthday = { column = \"geb.\", date = [\"%d.%m.%y\"] }\n\
            [customer.BillingAddress]\nCity = \"Ort\"\nCountryIso = { value = \"DE\" }\n\
            [customer.PaymentSettings]\n\
            Discount = { first_of = [\"Rabatt\", \"Nachlass\"], decimal = \".\" }\n";
        let mapping = Mapping::parse("m.toml", text).unwrap();
        let told: Vec<String> = mapping
            .column_styles()
            .iter()
            .map(|style| {
                let ColumnStyle {
                    column,
                    comma,
                    dates,
                    birthday,
                } = style;
                format!("{column} {comma} {dates:?} {birthday}")
            })
            .collect();
        assert_eq!(
            told,
            [
                "geb. true [\"%d.%m.%y\"] true",
                "Rabatt false [\"%d.%m.%Y\"] false",
                "Nachlass false [\"%d.%m.%Y\"] false"
            ]
        );
        let usual = mapping.source();
        assert!(usual.comma);
        assert_eq!(usual.dates, ["%d.%m.%Y"]);
    }
}
