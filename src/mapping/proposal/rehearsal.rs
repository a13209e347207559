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
            let Some(Failing { count, code }) = bad.get(&path) else {
                continue;
            };
            let count = *count;
            let fail = both!(
                "; {count} of {records} records fail",
                "; {count} von {records} Datensätzen scheitern"
            );
            line.why.push_str(fail.shown_in(language));
            if *code == Code::TypeInteger {
                line.why
                    .push_str(no_whole_number(line.key).shown_in(language));
            }
            let share = count as f64 / records.max(1) as f64;
            // A share is between 0 and 1.
            line.sure = (f64::from(line.sure) * (1.0 - share)).round().max(1.0) as u8;
            line.off = share > FAILS_AT_MOST && !NEEDED.contains(&line.key);
        }
    }
}

/// What is wrong with numbers, and how amounts become whole ones.
fn no_whole_number(key: &str) -> Bilingual {
    if key != "CreditLimit" {
        return both!(": not a whole number", ": keine ganze Zahl");
    }
    both!(
        ": not a whole number; extract = '^([\\d.]+)', replace = {{ \".\" = \"\" }} makes 1234 of 1.234,56",
        ": keine ganze Zahl; extract = '^([\\d.]+)', replace = {{ \".\" = \"\" }} macht 1234 aus 1.234,56"
    )
}
