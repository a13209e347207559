//! What a cell should become, from what the mapping says: written from docs/mapping.md.

use serde_json::{Value, json};
use wawi_importer::customer::{Kind, Target};

use super::trimmed;

/// What happens to a text on its way.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Nothing: the short form, a column's name.
    Nothing,
    /// Texts and what replaces them.
    Replace(Vec<(&'static str, &'static str)>),
    /// `upper` or `lower`.
    Case(&'static str),
    /// A value for nothing, as TOML.
    Default(&'static str),
    /// So many characters at most; longer texts are cut.
    Cut(usize),
    /// The first word, by an expression.
    FirstWord,
    /// A table of one row; other texts stay.
    Lookup(&'static str, &'static str),
    /// A form.
    Form(&'static str),
    /// This column, else the second one.
    FirstOf,
    /// Both columns, with this between.
    Join(&'static str),
    /// Decimals with a comma.
    Comma,
}

impl Step {
    /// The value in the mapping, for the columns `a` and `b`.
    pub(super) fn toml(&self, a: &str, b: &str) -> String {
        match self {
            Self::Nothing => format!("\"{a}\""),
            Self::Replace(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(from, to)| format!("\"{from}\" = \"{to}\""))
                    .collect();
                format!(
                    "{{ column = \"{a}\", replace = {{ {} }} }}",
                    pairs.join(", ")
                )
            }
            Self::Case(case) => format!("{{ column = \"{a}\", case = \"{case}\" }}"),
            Self::Default(value) => format!("{{ column = \"{a}\", default = {value} }}"),
            Self::Cut(max) => format!("{{ column = \"{a}\", max = {max}, cut = true }}"),
            Self::FirstWord => format!("{{ column = \"{a}\", extract = '^(\\S+)' }}"),
            Self::Lookup(from, to) => format!(
                "{{ column = \"{a}\", lookup = {{ \"{from}\" = \"{to}\" }}, otherwise = \"keep\" }}"
            ),
            Self::Form(form) => format!("{{ column = \"{a}\", as = \"{form}\" }}"),
            Self::FirstOf => format!("{{ first_of = [\"{a}\", \"{b}\"] }}"),
            Self::Join(with) => format!("{{ join = [\"{a}\", \"{b}\"], with = \"{with}\" }}"),
            Self::Comma => format!("{{ column = \"{a}\", decimal = \",\" }}"),
        }
    }
}

/// What a value may be that is sent.
#[derive(Debug)]
pub(super) enum Expected {
    /// The field is left out.
    Nothing,
    /// One of these.
    OneOf(Vec<Value>),
    /// It cannot be read: a record with it is not sent.
    Error,
}

fn exactly(value: impl Into<Value>) -> Expected {
    Expected::OneOf(vec![value.into()])
}

/// What is in a cell: nothing, if it is empty or one of `empty`.
fn filled<'c>(cell: &'c str, empty: &[&str]) -> Option<&'c str> {
    let text = trimmed(cell);
    (!text.is_empty() && !empty.contains(&text)).then_some(text)
}

/// What `target` should be for a record with these two cells. `country` is that of the same
/// address.
pub(super) fn expected(
    target: Target,
    step: &Step,
    [a, b]: [&str; 2],
    empty: &[&str],
    country: Option<&str>,
) -> Expected {
    let (first, second) = (filled(a, empty), filled(b, empty));
    let source = match step {
        Step::FirstOf => first.or(second).map(str::to_owned),
        Step::Join(with) => {
            let parts: Vec<&str> = first.into_iter().chain(second).collect();
            (!parts.is_empty()).then(|| parts.join(with))
        }
        _ => first.map(str::to_owned),
    };
    let Some(text) = source else {
        return match step {
            Step::Default(value) => match value.trim_matches('"') {
                text if text.len() < value.len() => exactly(text),
                bare if target.field().kind == Kind::Decimal => exactly(number(bare)),
                bare => exactly(serde_json::from_str::<Value>(bare).unwrap()),
            },
            _ => Expected::Nothing,
        };
    };
    let text = match step {
        Step::Replace(pairs) => {
            let mut text = text;
            for (from, to) in pairs {
                text = text.split(from).collect::<Vec<_>>().join(to);
            }
            trimmed(&text).to_owned()
        }
        Step::Case("upper") => text.to_uppercase(),
        Step::Case(_) => text.to_lowercase(),
        Step::Cut(max) => {
            let mut units = 0;
            let short: String = text
                .chars()
                .take_while(|c| {
                    units += c.len_utf16();
                    units <= *max
                })
                .collect();
            trimmed(&short).to_owned()
        }
        Step::FirstWord => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            trimmed(&text[..end]).to_owned()
        }
        Step::Lookup(from, to) if text.to_lowercase() == from.to_lowercase() => (*to).to_owned(),
        Step::Form(form) => return formed(form, &text, country),
        _ => text,
    };
    if text.is_empty() {
        return Expected::Nothing;
    }
    typed(target.field().kind, &text, matches!(step, Step::Comma))
}

/// What the text is in the field's type; dates are German.
fn typed(kind: Kind, text: &str, comma: bool) -> Expected {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match kind {
        Kind::Text => exactly(text),
        Kind::Integer => match text.strip_prefix('-').unwrap_or(text) {
            bare if digits(bare) => text.parse::<i64>().map_or(Expected::Error, exactly),
            _ => Expected::Error,
        },
        Kind::Decimal => {
            let (point, group) = if comma { (',', '.') } else { ('.', ',') };
            let bare = text.strip_prefix('-').unwrap_or(text);
            let (whole, fraction) = bare.split_once(point).unwrap_or((bare, "0"));
            let groups: Vec<&str> = whole.split(group).collect();
            let grouped = groups.len() == 1
                || groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3);
            if !grouped || !groups.iter().all(|group| digits(group)) || !digits(fraction) {
                return Expected::Error;
            }
            let sign = if bare.len() < text.len() { "-" } else { "" };
            exactly(number(&format!("{sign}{}.{fraction}", groups.concat())))
        }
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            "ja" | "j" | "yes" | "y" | "true" | "1" | "x" => exactly(true),
            "nein" | "n" | "no" | "false" | "0" => exactly(false),
            _ => Expected::Error,
        },
        Kind::DateTime => {
            let parts: Vec<&str> = text.split('.').collect();
            match parts[..] {
                [day, month, year] if year.len() == 4 && digits(year) => {
                    let (day, month): (u8, u8) = match (day.parse(), month.parse()) {
                        (Ok(day), Ok(month)) => (day, month),
                        _ => return Expected::Error,
                    };
                    exactly(format!("{year}-{month:02}-{day:02}T00:00:00Z"))
                }
                _ => Expected::Error,
            }
        }
    }
}

/// A number without what does not change it, as text.
fn number(text: &str) -> Value {
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", text),
    };
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    let sign = if whole == "0" && fraction.is_empty() {
        ""
    } else {
        sign
    };
    json!(format!("{sign}{whole}.{fraction}"))
}

/// A sent value in the form in which [`expected`] has it: decimals as text.
pub(super) fn comparable(target: Target, value: &Value) -> Value {
    match target.field().kind {
        Kind::Decimal => number(&value.to_string()),
        _ => value.clone(),
    }
}

/// What a form may make of a text: the text itself stays possible, where its rule is a warning.
fn formed(form: &str, text: &str, country: Option<&str>) -> Expected {
    let guarded = text
        .strip_prefix('\'')
        .or_else(|| text.strip_prefix("=\"")?.strip_suffix('"'))
        .filter(|inner| !inner.is_empty());
    let bare = guarded.unwrap_or(text);
    let letters = |text: &str| -> Vec<String> {
        let pairs = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| format!("{a}{b}")));
        pairs.chain([text.to_owned()]).collect()
    };
    let all = match form {
        "postal_code" => {
            let capitals = bare.to_ascii_uppercase();
            let behind = capitals
                .split_once('-')
                .filter(|(prefix, _)| {
                    let prefix = prefix.trim_end();
                    (1..=2).contains(&prefix.len())
                        && prefix.bytes().all(|byte| byte.is_ascii_uppercase())
                })
                .map(|(_, rest)| rest.trim_start().to_owned());
            let mut all: Vec<String> = [capitals].into_iter().chain(behind).collect();
            if country == Some("DE") {
                let four =
                    |code: &&String| code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit());
                // A code that lost its zero never arrives without it.
                all = all
                    .iter()
                    .map(|code| {
                        if four(&code) {
                            format!("0{code}")
                        } else {
                            code.clone()
                        }
                    })
                    .collect();
            }
            all
        }
        "phone" => vec![bare.to_owned()],
        "vat_id" => {
            let kept = |c: &char| !c.is_whitespace() && !".-–\u{200b}\u{feff}".contains(*c);
            vec![text.chars().filter(kept).collect::<String>().to_uppercase()]
        }
        "email" => vec![text.to_owned()],
        "salutation" if text.eq_ignore_ascii_case("not_specified") => return Expected::Nothing,
        "salutation" => ["Herr", "Frau", "Firma", "Divers", text]
            .map(str::to_owned)
            .to_vec(),
        "country" | "language" => letters(text),
        other => panic!("{other}"),
    };
    if all.iter().all(String::is_empty) {
        return Expected::Nothing;
    }
    Expected::OneOf(all.into_iter().map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        for (one, other) in [("2.50", "2.5"), ("007", "7"), ("-0.0", "0"), ("1", "1.000")] {
            assert_eq!(number(one), number(other), "{one}");
        }
        assert_ne!(number("-1"), number("1"));
        assert_ne!(number("10"), number("1"));
    }
}
