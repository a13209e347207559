//! The mapping file: compiled, bound to columns and applied to records.
//!
//! The input is a mapping, a line `#---`, then either a header line and rows (cells between
//! semicolons) or JSON lines.

use std::collections::BTreeMap;

use wawi_importer::customer::normalise_key;
use wawi_importer::mapping::{Columns, Mapping, MappingError, Plan, Tally, Tried};
use wawi_importer::outcome::FieldError;
use wawi_importer::outcome::{Language, ValuesShown};
use wawi_importer::record::{Fields, Position, Record, Span};
use wawi_importer::validate::{Rules, check};

use super::draw::Draw;
use super::reading::said;

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 24);
const RECORDS_AT_MOST: usize = 20;

/// Compiles, binds and applies.
pub(crate) fn run(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let text = String::from_utf8_lossy(draw.until(b"\n#---\n"));
    let rest = String::from_utf8_lossy(draw.rest());
    let mapping = match Mapping::parse("kunden.toml", &text) {
        Ok(mapping) => mapping,
        Err(error) => {
            shown(&error);
            assert_eq!(Mapping::parse("kunden.toml", &text).unwrap_err(), error);
            return;
        }
    };
    let mut lines = rest.lines();
    let keyed = rest.starts_with('{');
    let header: Vec<String> = if keyed {
        Vec::new()
    } else {
        cells(lines.next().unwrap_or_default())
            .map(str::to_owned)
            .collect()
    };
    let columns = if keyed {
        Columns::Keys
    } else {
        Columns::Header(&header)
    };
    let plan = match mapping.bind_on(TODAY, columns) {
        Ok(plan) => plan,
        Err(error) => return shown(&error),
    };
    tried(&mapping);
    let mut tally = Tally::default();
    let mut lead: Option<Record> = None;
    for (line, number) in lines.take(RECORDS_AT_MOST).zip(1..) {
        let fields = if keyed {
            match serde_json::from_str(line) {
                Ok(serde_json::Value::Object(object)) => Fields::Object(object),
                _ => continue,
            }
        } else {
            // As many as the header has: the source sees to that.
            let cells = cells(line).chain(std::iter::repeat(""));
            Fields::Cells(cells.take(header.len()).collect())
        };
        let record = Record {
            position: Position {
                record: number,
                line: number + 1,
            },
            span: Span { start: 0, end: 0 },
            fields,
        };
        apply(&mapping, &plan, &record, &mut tally);
        match &lead {
            Some(lead) if plan.group_column().is_some() => grouped(&plan, lead, &record),
            _ => lead = Some(record),
        }
    }
    if let Err(error) = plan.unseen(&tally) {
        assert!(keyed);
        shown(&error);
    }
}

/// Its tests are judged, each by what mapping alone makes of their records.
fn tried(mapping: &Mapping) {
    let Ok(plan) = mapping.bind_on(TODAY, Columns::Keys) else {
        return;
    };
    for trial in mapping.trials() {
        assert!(!trial.title().german.is_empty());
        let mut records = trial.records();
        let lead = records.next().unwrap();
        let tally = &mut Tally::default();
        let further: Vec<Record> = records.collect();
        let mut draft = plan.apply(&lead, tally);
        for record in &further {
            assert!(plan.group_column().is_some());
            if let Some(draft) = &mut draft {
                plan.add(record, draft, tally);
            }
        }
        let tried = match &draft {
            None => Tried::LeftOut,
            Some(draft) => Tried::Made {
                customer: &draft.customer,
                errors: &draft.errors,
            },
        };
        let verdict = trial.judge(tried);
        assert_eq!(verdict.passed(), verdict.failures().is_empty());
        assert!(!trial.judge(Tried::Several(2)).passed());
    }
}

/// A further record adds to what the first one made, and changes nothing of it.
fn grouped(plan: &Plan, lead: &Record, further: &Record) {
    let Some(alone) = plan.apply(lead, &mut Tally::default()) else {
        return;
    };
    let mut both = alone.clone();
    plan.add(further, &mut both, &mut Tally::default());
    assert_eq!(alone.errors, both.errors[..alone.errors.len()]);
    for error in &both.errors[alone.errors.len()..] {
        assert_eq!(error.at.as_deref(), Some(&further.position));
        said(error);
    }
    let _ = plan.explain_further(&[lead], further);
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(';')
}

fn apply(mapping: &Mapping, plan: &Plan, record: &Record, tally: &mut Tally) {
    assert_eq!(
        plan.report_values(record).len(),
        plan.report_columns().len()
    );
    let draft = plan.apply(record, tally);
    assert_eq!(
        plan.apply(record, &mut Tally::default()),
        draft,
        "it is pure"
    );
    let Some(draft) = draft else {
        return;
    };
    let rules = Rules {
        severities: mapping.rules().clone(),
        key: mapping.key(),
        ..Rules::default()
    };
    let mapped = draft.errors.clone();
    let checked = check(draft, &rules);
    checked.warnings.iter().for_each(said);
    match checked.result {
        Ok(customer) => {
            assert!(mapped.is_empty());
            let key = customer.key().unwrap();
            assert_eq!(normalise_key(key), key);
            let body = customer.body();
            let read: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&body).unwrap();
            assert!(read.contains_key("BillingAddress"));
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            errors.iter().for_each(said);
            errors.iter().for_each(|error| blamed(plan, error));
            let told = |error: &FieldError| errors.iter().any(|other| other.code == error.code);
            assert!(mapped.iter().all(told), "{mapped:?} in {errors:?}");
        }
    }
}

/// Every column that is blamed can be found by the field's path too.
fn blamed(plan: &Plan, error: &FieldError) {
    let _ = plan.columns_of(&error.target);
}

/// Everything that is wrong is shown, and nothing in it can steer a terminal.
fn shown(error: &MappingError) {
    assert!(error.count() > 0);
    let plain = error.render(false, Language::English, ValuesShown::Full);
    assert!(plain.matches("error: ").count() >= error.count());
    let _ = error.render(true, Language::English, ValuesShown::Masked);
    let _ = error.help();
    let line = error.to_string();
    assert!(line.starts_with("kunden.toml"));
    for text in [&plain, &line] {
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(steers), "{text:?}");
    }
}
