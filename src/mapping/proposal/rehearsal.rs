//! A proposed text is tried out on the sample, and lines that fail become suggestions.

use std::collections::BTreeMap;

use super::super::{GroupValue, Mapping, Tally};
use super::Seen;
use super::line::Block;
use crate::customer::Draft;
use crate::outcome::{Bilingual, Code, Language, both};

/// Share of records that a line may fail for before it becomes a suggestion only.
pub(super) const FAILS_AT_MOST: f64 = 0.2;
/// Where the lines of further addresses stand.
const FURTHER: &str = "group.address";

/// How often a line fails, and what is wrong the first time.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) count: usize,
    code: Code,
    /// How the first value that fails tells whole from cents, if it is an amount.
    cents: Option<Cents>,
}

/// How often each target fails on the sample, and how many records were mapped; nothing if
/// the text is no mapping of the input.
pub(super) fn try_out(text: &str, seen: &Seen<'_>) -> Option<(BTreeMap<String, Failing>, usize)> {
    let mapping = Mapping::parse(seen.input, text).ok()?;
    // Birthdays with two-digit years are the only thing that depends on the day.
    let plan = mapping
        .bind_on(jiff::civil::date(2100, 1, 1), seen.columns)
        .ok()?;
    let mut bad: BTreeMap<String, Failing> = BTreeMap::new();
    let mut mapped = 0;
    let mut tally = Tally::default();
    let mut open: Option<(GroupValue, Draft)> = None;
    let mut count = |draft: Option<Draft>| {
        let errors = draft.into_iter().flat_map(|draft| draft.errors);
        for error in errors {
            // Every further address is made by the same lines.
            let target = match (&error.at, error.target.rsplit_once('.')) {
                (Some(_), Some((_, field))) => format!("{FURTHER}.{field}"),
                _ => error.target.clone(),
            };
            let first = Failing {
                count: 0,
                code: error.code,
                cents: error.value.as_deref().and_then(Cents::of),
            };
            bad.entry(target).or_insert(first).count += 1;
        }
    };
    for record in seen.records {
        let value = plan.group_value(record);
        if plan.group_column().is_some()
            && let Some((above, draft)) = &mut open
            && (value == GroupValue::Empty || value == *above)
        {
            mapped += 1;
            plan.add(record, draft, &mut tally);
            continue;
        }
        let draft = plan.apply(record, &mut tally);
        mapped += usize::from(draft.is_some());
        count(open.take().map(|(_, draft)| draft));
        open = draft.map(|draft| (value, draft));
    }
    count(open.map(|(_, draft)| draft));
    Some((bad, mapped))
}

/// Lines that fail say so; those that fail too often become suggestions.
pub(super) fn settle(
    blocks: &mut [Block],
    bad: &BTreeMap<String, Failing>,
    records: usize,
    language: Language,
) {
    const NEEDED: [&str; 5] = [
        "CustomerGroupId",
        "InternalCompanyId",
        "LanguageIso",
        "City",
        "CountryIso",
    ];
    for block in blocks {
        let prefix = block
            .heading
            .trim_matches(['[', ']'])
            .replace("customer", "");
        let prefix = prefix.trim_start_matches('.');
        for line in &mut block.lines {
            let path = match prefix {
                "" => line.key.to_owned(),
                prefix => format!("{prefix}.{}", line.key),
            };
            let Some(Failing { count, code, cents }) = bad.get(&path) else {
                continue;
            };
            let count = *count;
            let fail = both!(
                "; {count} of {records} records fail",
                "; {count} von {records} Datensätzen scheitern"
            );
            line.why.push_str(fail.shown_in(language));
            if *code == Code::TypeInteger {
                let why = both!(": not a whole number", ": keine ganze Zahl");
                line.why.push_str(why.shown_in(language));
                let cents = cents.filter(|_| line.key == "CreditLimit");
                if let Some(cure) = cents.and_then(|cents| cents.cure(&line.value)) {
                    line.why.push_str(cure.shown_in(language));
                }
            }
            let share = count as f64 / records.max(1) as f64;
            // A share is between 0 and 1.
            line.sure = (f64::from(line.sure) * (1.0 - share)).round().max(1.0) as u8;
            line.off = share > FAILS_AT_MOST && !NEEDED.contains(&line.key);
        }
    }
}

/// The sign before the cents of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cents {
    Comma,
    Point,
}

impl Cents {
    /// That of an amount which has more than digits; none of another text.
    fn of(text: &str) -> Option<Self> {
        let amount = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
        let amount = text.get(..amount.unwrap_or(text.len()))?;
        amount
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some(())?;
        let (before, behind) = amount.rsplit_once(['.', ','])?;
        let last_is_comma = amount.get(before.len()..)?.starts_with(',');
        let other = if last_is_comma { '.' } else { ',' };
        // Without cents, what stands before three digits parts thousands.
        let is_grouped = !before.contains(other) && behind.len() == 3;
        Some(match last_is_comma != is_grouped {
            true => Self::Comma,
            false => Self::Point,
        })
    }

    /// How such amounts become whole ones by the line with this `value`; none if it has another
    /// idea of them.
    fn cure(self, value: &str) -> Option<Bilingual> {
        let (between, amount) = match self {
            Self::Comma => (".", "1.234,56"),
            Self::Point => (",", "1,234.56"),
        };
        if !value.contains("replace = ") {
            return Some(both!(
                "; extract = '^([\\d{between}]+)', replace = {{ \"{between}\" = \"\" }} makes 1234 of {amount}",
                "; extract = '^([\\d{between}]+)', replace = {{ \"{between}\" = \"\" }} macht 1234 aus {amount}"
            ));
        }
        let takes_away = value.contains(&format!("\"{between}\" = \"\""));
        takes_away.then(|| {
            both!(
                "; with extract = '^([\\d{between}]+)' beside replace, {amount} becomes 1234",
                "; mit extract = '^([\\d{between}]+)' neben replace wird aus {amount} 1234"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_before_the_cents_is_told_from_the_one_between_thousands() {
        for (text, wanted) in [
            ("1.234,56", Some(Cents::Comma)),
            ("1,234.56", Some(Cents::Point)),
            ("1234,5", Some(Cents::Comma)),
            ("1234.50 EUR", Some(Cents::Point)),
            ("1.234.567", Some(Cents::Comma)),
            ("1,234", Some(Cents::Point)),
            ("1.234,567", Some(Cents::Comma)),
            ("1234", None),
            ("ab 1.234,56", None),
            ("unbegrenzt", None),
            ("", None),
        ] {
            assert_eq!(Cents::of(text), wanted, "{text}");
        }
    }
}
