//! Which column is about what: by its name first, and by its values where the name is silent
//! or wrong.

use std::collections::BTreeMap;

use super::name::{Meaning, Role, meaning};
use super::seen::{Reason, Table};
use super::shape::{Look, Shape};
use super::topic::Topic;
use crate::mapping::trim::folded;

/// A column that was recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    /// Its place among the columns.
    pub(super) column: usize,
    /// How sure it is, in per cent.
    pub(super) sure: u8,
    /// Its name says what it is.
    pub(super) by_name: bool,
    /// Its name says which address it belongs to.
    pub(super) says_role: bool,
}

/// What was recognised.
#[derive(Debug)]
pub(super) struct Found {
    /// The shapes of the columns, in their order.
    pub(super) shapes: Vec<Shape>,
    picks: BTreeMap<(Role, Topic), Vec<Pick>>,
    /// Columns that are never to be written, with the reason.
    pub(super) dropped: Vec<(usize, Reason)>,
}

impl Found {
    /// The best column for a topic of an address.
    pub(super) fn best(&self, role: Role, topic: Topic) -> Option<Pick> {
        self.all(role, topic).first().copied()
    }

    /// All columns for a topic of an address, the best one first.
    pub(super) fn all(&self, role: Role, topic: Topic) -> &[Pick] {
        self.picks.get(&(role, topic)).map_or(&[], Vec::as_slice)
    }

    /// The addresses that there are.
    pub(super) fn roles(&self) -> Vec<Role> {
        let mut roles: Vec<Role> = self.picks.keys().map(|(role, _)| *role).collect();
        roles.dedup();
        roles
    }

    /// Forgets the columns that are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        for picks in self.picks.values_mut() {
            picks.retain(|pick| keep(pick.column));
        }
    }

    /// How a column's values look.
    pub(super) fn shape(&self, column: usize) -> Option<&Shape> {
        self.shapes.get(column)
    }
}

/// Looks at all columns. `named` is false where the input has no header.
pub(super) fn assign(table: &Table<'_>, named: bool) -> Found {
    let shapes: Vec<Shape> = table.columns.iter().map(Shape::of).collect();
    let mut found = Found {
        shapes: Vec::new(),
        picks: BTreeMap::new(),
        dropped: Vec::new(),
    };
    let mut silent = Vec::new();
    for (index, (column, shape)) in table.columns.iter().zip(&shapes).enumerate() {
        let mut said = if named { meaning(&column.name) } else { None };
        // `Nr.` behind a street is the house's; so is `addrNo`, where it tells nobody apart.
        let before = index
            .checked_sub(1)
            .and_then(|before| table.columns.get(before));
        let is_of_house = |name: &str| {
            folded(name).len() <= 3 || !shape.unique && shape.is_mostly(Look::HouseNumber)
        };
        if let (Some(said), Some(before)) = (&mut said, before)
            && said.topic == Topic::Number
            && is_of_house(&column.name)
            && let Some(street) = meaning(&before.name)
            && street.topic == Topic::Street
        {
            *said = Meaning {
                topic: Topic::HouseNumber,
                ..street
            };
        }
        if let Some(said) = &mut said
            && is_ledger_account(table, index, *said, shape)
        {
            said.topic = Topic::AccountNumber;
        }
        if let Some(reason) = reason_to_drop(said, shape) {
            if column.unusable.is_none() || !column.name.trim().is_empty() {
                found.dropped.push((index, reason));
            }
            continue;
        }
        if column.unusable.is_some() {
            continue;
        }
        match said.and_then(|said| weighed(said, shape)) {
            Some((said, sure)) => {
                let pick = Pick {
                    column: index,
                    sure,
                    by_name: true,
                    says_role: said.says_role,
                };
                let picks = found.picks.entry((said.role, said.topic));
                picks.or_default().push(pick);
            }
            None => silent.push(index),
        }
    }
    found.shapes = shapes;
    by_values(table, &silent, named, &mut found);
    for picks in found.picks.values_mut() {
        // The best first; among equals the address that is named, then the order of the file.
        picks.sort_by_key(|pick| (!pick.says_role, std::cmp::Reverse(pick.sure), pick.column));
        if picks.iter().any(|pick| pick.by_name) {
            picks.retain(|pick| pick.by_name);
        }
    }
    found
}

/// Whether a `Kontonummer` is the customer's account in the books, as bookkeeping programs call
/// it: each customer has one, no two the same, and nothing else is about banks.
fn is_ledger_account(table: &Table<'_>, index: usize, said: Meaning, shape: &Shape) -> bool {
    let bank = |topic| matches!(topic, Topic::Bank | Topic::BankOwner);
    let mut others = table.columns.iter().enumerate();
    let is_called_so = table
        .columns
        .get(index)
        .is_some_and(|column| matches!(folded(&column.name).as_str(), "kontonummer" | "konto-nr."));
    said.topic == Topic::Bank
        && is_called_so
        && shape.unique
        && shape.filled == table.records
        && shape.longest <= 9
        && shape.is_mostly(Look::Integer)
        && !others.any(|(other, column)| {
            other != index && meaning(&column.name).is_some_and(|said| bank(said.topic))
        })
}

fn reason_to_drop(said: Option<Meaning>, shape: &Shape) -> Option<Reason> {
    const BANK: Reason = (
        "bank accounts: Wawi's API takes none",
        "Bankverbindungen: die API der Wawi nimmt keine",
    );
    const CARD: Reason = ("credit cards", "Kreditkarten");
    if shape.filled > 0 && shape.is_mostly(Look::Hash) {
        return Some((
            "passwords or their hashes",
            "Passwörter oder ihre Hashwerte",
        ));
    }
    if shape.is_mostly(Look::Iban) {
        return Some(BANK);
    }
    // A phone number can have the check digit of a card by chance, but not all of them.
    if shape.filled >= 5 && shape.is_mostly(Look::Card) && !shape.is_mostly(Look::Phone) {
        return Some(CARD);
    }
    let said = said.filter(|said| said.sure >= 70)?;
    match said.topic {
        Topic::Secret => Some((
            "passwords, hashes or tokens",
            "Passwörter, Hashwerte oder Token",
        )),
        Topic::Bank | Topic::BankOwner => Some(BANK),
        Topic::CardNumber => Some(CARD),
        _ => None,
    }
}

/// The look that the values of a topic must have.
pub(super) fn look_of(topic: Topic) -> Option<Look> {
    Some(match topic {
        Topic::Email => Look::Email,
        Topic::Phone | Topic::Mobile | Topic::Fax => Look::Phone,
        Topic::Website => Look::Url,
        Topic::PostalCode => Look::PostalCode,
        Topic::Country => Look::Country,
        Topic::Language => Look::Language,
        Topic::Salutation => Look::Salutation,
        Topic::VatId => Look::VatId,
        Topic::HouseNumber => Look::HouseNumber,
        Topic::ZipCity => Look::ZipCity,
        Topic::AccountNumber | Topic::CompanyId => Look::Integer,
        _ => return None,
    })
}

/// The meaning of a name together with what the values say, and how sure that is.
fn weighed(mut said: Meaning, shape: &Shape) -> Option<(Meaning, u8)> {
    if shape.filled == 0 {
        return (said.sure >= 80).then_some((said, said.sure - 20));
    }
    let is = |look: Look| shape.is_mostly(look);
    // `PLZ` may hold the city, too, and `Name` may say `Firma`; some names mean two things.
    said.topic = match said.topic {
        Topic::PostalCode if is(Look::ZipCity) => Topic::ZipCity,
        Topic::VatId if !is(Look::VatId) && is(Look::BareVatId) && said.sure > 90 => {
            Topic::VatNumber
        }
        Topic::State if is(Look::Boolean) => return None,
        // The values are told apart where the line is made.
        Topic::Email if shape.count(Look::Emails) > 0 => {
            let good = shape.count(Look::Email) + shape.count(Look::Emails);
            // At most all of them.
            let share = good as f64 / shape.filled as f64;
            return (share >= 0.3).then(|| (said, scaled(said.sure, share)));
        }
        Topic::Title if is(Look::Salutation) => Topic::Salutation,
        Topic::Company if is(Look::Integer) => Topic::CompanyId,
        Topic::ShopId | Topic::VatNumber if is(Look::VatId) => Topic::VatId,
        Topic::Street2 if is(Look::HouseNumber) && said.sure < 95 => Topic::HouseNumber,
        Topic::Phone | Topic::Website if is(Look::Email) => Topic::Email,
        other => other,
    };
    // A number of letters only is somebody's name for it.
    if said.topic == Topic::Number && shape.longest > 40 {
        return None;
    }
    let Some(share) = look_of(said.topic).and_then(|look| shape.share(look)) else {
        return Some((said, said.sure));
    };
    if share < 0.3 && !matches!(said.topic, Topic::Phone | Topic::Mobile | Topic::Fax) {
        return None;
    }
    Some((said, scaled(said.sure, share)))
}

/// Half of the sureness comes from the name, half from the values.
fn scaled(sure: u8, share: f64) -> u8 {
    let sure = f64::from(sure) * (0.5 + 0.5 * share);
    // Between 0 and 100, so nothing is cut.
    sure.round().clamp(1.0, 99.0) as u8
}

/// Looks that tell a topic without a name, with how sure that is. The first that fits is
/// taken.
const BY_LOOK: &[(Look, Topic, u8)] = &[
    (Look::Email, Topic::Email, 85),
    (Look::VatId, Topic::VatId, 80),
    (Look::Url, Topic::Website, 75),
    (Look::Salutation, Topic::Salutation, 75),
    (Look::ZipCity, Topic::ZipCity, 65),
    (Look::Street, Topic::Street, 65),
];

/// Looks that tell a topic only where no header could have said something else.
const WITHOUT_HEADER: &[(Look, Topic, u8)] = &[
    (Look::Country, Topic::Country, 70),
    (Look::PostalCode, Topic::PostalCode, 60),
    (Look::Phone, Topic::Phone, 60),
    (Look::Language, Topic::Language, 50),
];

fn by_values(table: &Table<'_>, silent: &[usize], named: bool, found: &mut Found) {
    let mut left: Vec<usize> = silent.to_vec();
    left.retain(|column| {
        found
            .shape(*column)
            .is_some_and(|shape| shape.filled > 0 && (shape.filled > 1 || table.records <= 2))
    });
    let take = |found: &mut Found, column: usize, topic: Topic, sure: u8| {
        let pick = Pick {
            column,
            sure,
            by_name: false,
            says_role: false,
        };
        let picks = found.picks.entry((Role::Billing, topic)).or_default();
        // A second column of the same looks is something else.
        if picks.is_empty() {
            picks.push(pick);
            return true;
        }
        false
    };
    let rules = BY_LOOK
        .iter()
        .chain(WITHOUT_HEADER.iter().filter(|_| !named));
    for (look, topic, sure) in rules {
        left.retain(|column| {
            let fits = found.shape(*column).is_some_and(|shape| {
                let words = *look != Look::Salutation || !shape.is_mostly(Look::Boolean);
                // One name of a country or two may be a person's.
                shape.is_mostly(*look) && words
            });
            !(fits && take(found, *column, *topic, *sure))
        });
    }
    if named {
        return;
    }
    without_header(table, &mut left, found, take);
}

/// Names, cities and numbers of an input without header, by their neighbours.
fn without_header(
    table: &Table<'_>,
    left: &mut Vec<usize>,
    found: &mut Found,
    take: impl Fn(&mut Found, usize, Topic, u8) -> bool,
) {
    let share = |found: &Found, column: usize, look: Look| {
        found
            .shape(column)
            .and_then(|shape| shape.share(look))
            .unwrap_or(0.0)
    };
    let zip = found.best(Role::Billing, Topic::PostalCode);
    if let Some(zip) = zip {
        let beside = [zip.column + 1, zip.column.wrapping_sub(1)];
        let city = beside
            .into_iter()
            .find(|column| left.contains(column) && share(found, *column, Look::Letters) >= 0.8);
        if let Some(city) = city
            && take(found, city, Topic::City, 55)
        {
            left.retain(|column| *column != city);
        }
    }
    for (look, least, topic, sure) in [
        (Look::LegalForm, 0.5, Topic::Company, 65),
        (Look::FirstName, 0.2, Topic::FirstName, 60),
    ] {
        let best = left
            .iter()
            .copied()
            .filter(|column| share(found, *column, look) >= least)
            .max_by(|a, b| {
                let by_share = share(found, *a, look).total_cmp(&share(found, *b, look));
                by_share.then(b.cmp(a))
            });
        if let Some(best) = best
            && take(found, best, topic, sure)
        {
            left.retain(|column| *column != best);
            let last = [best + 1, best.wrapping_sub(1)].into_iter().find(|column| {
                left.contains(column) && share(found, *column, Look::Letters) >= 0.8
            });
            if let (Topic::FirstName, Some(last)) = (topic, last)
                && take(found, last, Topic::LastName, 50)
            {
                left.retain(|column| *column != last);
            }
        }
    }
    let number = left.iter().copied().find(|column| {
        found.shape(*column).is_some_and(|shape| {
            shape.unique && shape.filled == table.records && shape.longest <= 30
        }) && share(found, *column, Look::Letters) == 0.0
    });
    if let Some(number) = number {
        take(found, number, Topic::Number, 50);
    }
}
