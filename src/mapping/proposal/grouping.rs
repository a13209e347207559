//! Several records of one customer: the key comes again at once, or is empty behind the record
//! that has it, while the address is another one.
//!
//! Looks the same are customers whose key is missing, and those that stand there twice. So of a
//! record without a key something else has to be missing, too, that most others have; and a
//! record with the same key has to have another address. What is not plain is left to people.

use std::collections::HashSet;

use super::assign::Pick;
use super::line::{Block, Line};
use super::name::Role;
use super::shape::Shape;
use super::topic::Topic;
use super::value::Maker;
use super::write::{quote, shown};
use crate::outcome::both;

/// Share of records that must be further ones, in per cent.
const LEAST: usize = 2;
/// What a further record becomes.
const INTO: &str = "OtherAddresses.OtherShippingAddresses";
/// What says where somebody lives.
const PLACE: [Topic; 7] = [
    Topic::Street,
    Topic::HouseNumber,
    Topic::Street2,
    Topic::PostalCode,
    Topic::City,
    Topic::ZipCity,
    Topic::Country,
];
/// Fields of a further address, in the order of the address that they are taken from.
const FIELDS: [&str; 15] = [
    "FormOfAddress",
    "Title",
    "FirstName",
    "LastName",
    "Company",
    "Company2",
    "Street",
    "Address2",
    "PostalCode",
    "City",
    "State",
    "CountryIso",
    "PhoneNumber",
    "MobilePhoneNumber",
    "Fax",
];

/// Records that make one customer together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grouping {
    /// The column of the key.
    pub(super) column: usize,
    /// Which records belong to the customer above.
    pub(super) further: Vec<bool>,
    /// How many of them have no key.
    pub(super) keyless: usize,
    /// How sure it is, in per cent.
    sure: u8,
}

/// Looks for such records.
pub(super) fn grouping(maker: &Maker<'_>) -> Option<Grouping> {
    let all = |topic| maker.found.all(Role::Billing, topic).iter().copied();
    let ids: Vec<Pick> = all(Topic::Number).chain(all(Topic::ShopId)).collect();
    let is_whole = |shape: &Shape| shape.unique && shape.filled == maker.table.records;
    let shape = |pick: &Pick| maker.found.shape(pick.column);
    if all(Topic::Number).any(|pick| shape(&pick).is_some_and(is_whole)) {
        return None;
    }
    let by_id = ids
        .iter()
        .find_map(|pick| of_column(maker, pick.column, 90));
    by_id.or_else(|| {
        let mut ids = ids.iter().filter_map(shape);
        if ids.any(is_whole) {
            return None;
        }
        let mail = maker.found.best(Role::Billing, Topic::Email)?;
        of_column(maker, mail.column, 80)
    })
}

fn of_column(maker: &Maker<'_>, column: usize, sure: u8) -> Option<Grouping> {
    let records = maker.table.records;
    let places = places(maker);
    let cell = |column: usize, record: usize| {
        let column = maker.table.columns.get(column);
        column
            .and_then(|column| column.cells.get(record))
            .map_or("", AsRef::as_ref)
    };
    let has_place = |record: usize| places.iter().any(|place| !cell(*place, record).is_empty());
    let mut further = vec![false; records];
    let (mut keyless, mut repeated, mut moved, mut odd) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut known: HashSet<&str> = HashSet::new();
    let mut lead: Option<(&str, usize)> = None;
    for (record, belongs) in further.iter_mut().enumerate() {
        let own = cell(column, record);
        match lead {
            Some((_, _)) if own.is_empty() => {
                keyless += 1;
                odd += usize::from(!has_place(record));
                *belongs = true;
            }
            Some((above, first)) if own == above => {
                repeated += 1;
                moved += usize::from(
                    places
                        .iter()
                        .any(|it| cell(*it, record) != cell(*it, first)),
                );
                *belongs = true;
            }
            _ => {
                // Further down once more, or without a key at the very beginning.
                odd += usize::from(own.is_empty() || !known.insert(own));
                lead = Some((own, record));
            }
        }
    }
    let count = keyless + repeated;
    if count == 0 || count * 100 < records * LEAST || odd * 20 > count || moved * 5 < repeated * 4 {
        return None;
    }
    if keyless > 0 && !something_is_missing(maker, column, &places, &further) {
        return None;
    }
    Some(Grouping {
        column,
        further,
        keyless,
        sure: if repeated > 0 { sure.min(75) } else { sure },
    })
}

/// The columns that say where somebody lives.
fn places(maker: &Maker<'_>) -> Vec<usize> {
    let picks = PLACE
        .iter()
        .flat_map(|topic| maker.found.all(Role::Billing, *topic));
    picks.map(|pick| pick.column).collect()
}

/// Whether there is a column, beside the key and the places, that half of the customers have
/// and no further record has.
fn something_is_missing(maker: &Maker<'_>, key: usize, places: &[usize], further: &[bool]) -> bool {
    let leads = further.iter().filter(|further| !**further).count();
    let others = maker.table.columns.iter().enumerate();
    let mut others = others.filter(|(index, _)| *index != key && !places.contains(index));
    others.any(|(_, column)| {
        let filled = |of_further: bool| {
            let records = further.iter().enumerate();
            let records = records.filter(|(_, further)| **further == of_further);
            records
                .filter(|(record, _)| column.is_filled(*record))
                .count()
        };
        filled(false) * 2 >= leads && filled(true) == 0
    })
}

/// `[group]` and `[group.address]`, whose lines are those of the billing address.
pub(super) fn blocks(maker: &Maker<'_>, grouping: &Grouping, billing: &Block) -> Vec<Block> {
    let records = maker.table.records;
    let count = grouping.further.iter().filter(|further| **further).count();
    let mut group = Block {
        heading: "[group]".to_owned(),
        ..Block::default()
    };
    let sure = grouping.sure;
    let remark = maker.say(match grouping.keyless {
        0 => both!(
            "{sure}%: {count} of {records} records have the same as the one above",
            "{sure}%: {count} von {records} Datensätzen haben dasselbe wie der darüber"
        ),
        keyless if keyless == count => both!(
            "{sure}%: {count} of {records} records have none, and an address of their own",
            "{sure}%: {count} von {records} Datensätzen haben dort nichts, aber eine eigene Adresse"
        ),
        _ => both!(
            "{sure}%: {count} of {records} records have the same as the one above, or none",
            "{sure}%: {count} von {records} Datensätzen haben dasselbe wie der darüber, oder nichts"
        ),
    });
    let into = maker.say(both!(
        "what these records become",
        "was diese Datensätze werden"
    ));
    let line = |key: &str, value: String, remark: &str| (key.to_owned(), value, remark.to_owned());
    group.first = vec![
        line("by", quote(&maker.name(grouping.column)), &remark),
        line("into", quote(INTO), &into),
    ];
    let address = Block {
        heading: "[group.address]".to_owned(),
        first: Vec::new(),
        lines: billing
            .lines
            .iter()
            .filter(|line| FIELDS.contains(&line.key) && !line.off)
            .filter_map(|line| further_line(maker, grouping, line, count))
            .collect(),
    };
    vec![group, address]
}

/// A line of the billing address for the further records; none if it has nothing for them.
fn further_line(maker: &Maker<'_>, grouping: &Grouping, line: &Line, count: usize) -> Option<Line> {
    let is_of_it = |name: &str| line.columns.iter().any(|column| column == name);
    let columns = maker
        .table
        .columns
        .iter()
        .filter(|column| is_of_it(&column.name));
    let columns: Vec<_> = columns.collect();
    let records = grouping.further.iter().enumerate();
    let filled = records
        .filter(|(record, further)| {
            **further && columns.iter().any(|column| column.is_filled(*record))
        })
        .count();
    let is_needed = matches!(line.key, "City" | "CountryIso");
    if filled == 0 && !is_needed {
        return None;
    }
    let why = match columns.is_empty() {
        true => both!("as in the billing address", "wie in der Rechnungsadresse"),
        false => both!(
            "as in the billing address, filled in {filled} of {count} further records",
            "wie in der Rechnungsadresse, gefüllt in {filled} von {count} weiteren Datensätzen"
        ),
    };
    Some(Line {
        sure: line.sure.max(1),
        why: maker.say(why),
        mark: None,
        ..line.clone()
    })
}

/// What is said of a key that comes again at once, where it is not plain that the records make
/// one customer.
pub(super) fn hint(maker: &Maker<'_>, key: Option<usize>) -> String {
    let key = key
        .filter(|_| maker.table.records > 2)
        .or_else(|| Some(maker.found.best(Role::Billing, Topic::Email)?.column));
    let Some(column) = key.and_then(|key| maker.table.columns.get(key)) else {
        return String::new();
    };
    let pairs = column.cells.iter().zip(column.cells.iter().skip(1));
    let mut further = 0;
    for (above, below) in pairs {
        further += usize::from(!above.is_empty() && above == below);
    }
    if further * 50 < maker.table.records || further == 0 {
        return String::new();
    }
    let into = quote(INTO);
    maker.say(both!(
        "\n# {further} records have the same {name} as the one above. If several records make one customer,\n\
         # a [group] puts them together:\n# [group]\n# by = {by}\n# into = {into}\n",
        "\n# {further} Datensätze haben dasselbe in {name} wie der darüber. Ergeben mehrere Datensätze einen\n\
         # Kunden, fasst sie ein [group] zusammen:\n# [group]\n# by = {by}\n# into = {into}\n",
        name = shown(&column.name),
        by = quote(&column.name)
    ))
}
