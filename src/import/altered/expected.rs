//! In which columns of a corrected record a change is what was asked for: those that had an
//! error, by what the earlier run found out.

use super::columns::is_below;
use crate::import::pipeline::Pipeline;
use crate::import::survey::ERRORS_KEPT;
use crate::outcome::{Code, FieldError, Outcome, ServerError, Stage};

/// The columns in which a change is what was asked for.
pub(super) enum Expected {
    /// The whole record was wrong, or is not sent at all.
    Everything,
    /// These.
    Columns(Vec<String>),
}

impl Expected {
    /// By what the earlier run found out about the customer; `further` is the record's number
    /// if it is not the customer's first.
    pub(super) fn of(outcome: &Outcome, further: Option<u64>, pipeline: &Pipeline) -> Self {
        match outcome {
            // There were more than the journal keeps.
            Outcome::Invalid { errors, .. } if errors.len() >= ERRORS_KEPT => Self::Everything,
            Outcome::Invalid { stage, errors } => {
                let own = |error: &&FieldError| error.at.as_ref().map(|at| at.record) == further;
                let mut own = errors.iter().filter(own).peekable();
                if *stage == Stage::Source && own.peek().is_some() {
                    return Self::Everything;
                }
                Self::all(own.map(|error| by_rule(error, pipeline)))
            }
            // Nothing was wrong with it but the server.
            Outcome::Refused {
                code: Some(code), ..
            } if code == Code::AttemptsExhausted.as_str() => Self::Columns(Vec::new()),
            Outcome::Refused { errors, .. } if errors.is_empty() => Self::Everything,
            Outcome::Refused { errors, .. } => {
                Self::all(errors.iter().map(|error| by_server(error, pipeline)))
            }
            _ => Self::Everything,
        }
    }

    /// An error without a column means the whole record.
    fn all(columns: impl Iterator<Item = Vec<String>>) -> Self {
        let mut all = Vec::new();
        for columns in columns {
            if columns.is_empty() {
                return Self::Everything;
            }
            all.extend(columns);
        }
        Self::Columns(all)
    }

    pub(super) fn covers(&self, column: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Columns(columns) => columns.iter().any(|known| is_below(column, known)),
        }
    }
}

/// The columns of an error, and those by which it may be corrected as well.
fn by_rule(error: &FieldError, pipeline: &Pipeline) -> Vec<String> {
    let mut columns = error.columns.clone();
    if columns.is_empty() && !error.target.is_empty() {
        columns = pipeline.plan.columns_of(&error.target);
    }
    let related: &[&str] = match error.code {
        Code::NameMissing => &["LastName", "Company"],
        Code::PostalCodeCountry | Code::VatIdFormat | Code::VatIdCountry => &["CountryIso"],
        _ => &[],
    };
    if let Some((part, _)) = error.target.rsplit_once('.') {
        for field in related {
            columns.extend(pipeline.plan.columns_of(&format!("{part}.{field}")));
        }
    }
    pipeline.plan.with_keys(columns)
}

fn by_server(error: &ServerError, pipeline: &Pipeline) -> Vec<String> {
    if error.field.is_empty() {
        return Vec::new();
    }
    pipeline
        .plan
        .with_keys(pipeline.plan.columns_of(&error.field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Columns, Mapping};

    fn names(text: &str) -> Vec<String> {
        text.split(';').map(str::to_owned).collect()
    }

    const MAPPING: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
LastName = "Name"
Company = "Firma"
PostalCode = "PLZ"
City = "Ort"
CountryIso = "Land"
"#;

    /// The columns in which a change is expected after `outcome`; `*` for everything.
    fn expected(outcome: &Outcome) -> String {
        let mapping = Mapping::parse("m.toml", MAPPING).unwrap();
        let header = names("Nr;Name;Firma;PLZ;Ort;Land");
        let plan = mapping.bind(Columns::Header(&header));
        let pipeline = Pipeline {
            plan: plan.unwrap(),
            join: None,
            rules: crate::validate::Rules::default(),
            told: crate::names::Names::default(),
            known: crate::names::Names::default(),
        };
        match Expected::of(outcome, None, &pipeline) {
            Expected::Everything => "*".to_owned(),
            Expected::Columns(columns) => columns.join(";"),
        }
    }

    #[test]
    fn a_change_is_expected_where_something_was_wrong() {
        let invalid = |stage, errors: &[(Code, &str)]| Outcome::Invalid {
            stage,
            errors: errors
                .iter()
                .map(|(code, target)| FieldError::new(*code, *target))
                .collect(),
        };
        let refused = |code: Option<&str>, fields: &[&str]| Outcome::Refused {
            status: 400,
            code: code.map(str::to_owned),
            errors: fields
                .iter()
                .map(|field| ServerError {
                    field: (*field).to_owned(),
                    text: "no".to_owned(),
                })
                .collect(),
            attempts: 1,
        };
        let checked = Stage::Validation;
        let cases = [
            (
                invalid(checked, &[(Code::LengthMax, "BillingAddress.City")]),
                "Ort",
            ),
            (
                invalid(checked, &[(Code::NameMissing, "BillingAddress.LastName")]),
                "Name;Name;Firma",
            ),
            (
                invalid(
                    checked,
                    &[(Code::PostalCodeCountry, "BillingAddress.PostalCode")],
                ),
                "PLZ;Land",
            ),
            (
                invalid(
                    checked,
                    &[(Code::KeyMissing, "Number"), (Code::PersonDuplicate, "")],
                ),
                "*",
            ),
            (invalid(Stage::Source, &[(Code::RecordRagged, "")]), "*"),
            (refused(None, &["Number", "BillingAddress.City"]), "Nr;Ort"),
            (refused(Some("E7"), &["Number", "Weather"]), "*"),
            (refused(None, &[""]), "*"),
            (refused(None, &[]), "*"),
            (refused(Some("attempts.exhausted"), &[]), ""),
        ];
        for (outcome, columns) in cases {
            assert_eq!(expected(&outcome), columns, "{outcome:?}");
        }
    }

    #[test]
    fn a_value_of_the_second_file_may_be_corrected_by_another_key() {
        let text = MAPPING.replace("\"Ort\"", "\"orte.Stadt\"");
        let text = format!("{text}[join]\nfile = \"orte.csv\"\non = {{ \"Code\" = \"Nr\" }}\n");
        let mapping = Mapping::parse("m.toml", &text).unwrap();
        let header = names("Nr;Name;Firma;PLZ;Code;Land;orte.Nr;orte.Stadt");
        let pipeline = Pipeline {
            plan: mapping.bind(Columns::Header(&header)).unwrap(),
            join: None,
            rules: crate::validate::Rules::default(),
            known: crate::names::Names::default(),
            told: crate::names::Names::default(),
        };
        let of = |error: FieldError| by_rule(&error, &pipeline).join(";");
        let city = FieldError::new(Code::RequiredMissing, "BillingAddress.City");
        assert_eq!(of(city), "orte.Stadt;Code");
        let name = FieldError::new(Code::LengthMax, "BillingAddress.LastName");
        assert_eq!(of(name), "Name");
        let server = ServerError {
            field: "BillingAddress.City".to_owned(),
            text: "no".to_owned(),
        };
        assert_eq!(by_server(&server, &pipeline).join(";"), "orte.Stadt;Code");
    }

    #[test]
    fn an_error_covers_what_lies_below_its_column() {
        let expected = Expected::Columns(vec!["address".to_owned()]);
        for (path, covered) in [
            ("address", true),
            ("address.city", true),
            ("address[2]", true),
            ("address2", false),
            ("city", false),
        ] {
            assert_eq!(expected.covers(path), covered, "{path}");
        }
    }
}
