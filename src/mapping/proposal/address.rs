//! The lines of the addresses.

use super::PLACEHOLDER;
use super::assign::Pick;
use super::line::{Block, From, Line, Proposed};
use super::name::Role;
use super::shape::Look;
use super::topic::Topic;
use super::value::Maker;
use super::write::{counted, quote, shown};
use crate::outcome::{Bilingual, both};

/// Takes the postal code out of `01067 Dresden`.
const CODE: &str = "^(\\S+) ";
/// Takes the city out of `01067 Dresden`.
const TOWN: &str = "^\\S+ +(.+)$";

/// Plain fields of an address, in the order in which they are written.
const BEFORE: &[(&str, Topic)] = &[
    ("FormOfAddress", Topic::Salutation),
    ("Title", Topic::Title),
    ("FirstName", Topic::FirstName),
];
const AFTER: &[(&str, Topic)] = &[
    ("PhoneNumber", Topic::Phone),
    ("MobilePhoneNumber", Topic::Mobile),
    ("Fax", Topic::Fax),
    ("EmailAddress", Topic::Email),
];

/// The address of a role; nothing if the input has too little of it.
pub(super) fn address(maker: &Maker<'_>, role: Role) -> Option<Block> {
    let mut block = Block::default();
    let city = maker.found.best(role, Topic::City);
    let mixed = maker.found.best(role, Topic::ZipCity);
    block.heading = match role {
        Role::Billing => "[customer.BillingAddress]".to_owned(),
        Role::Shipping => "[customer.Shipmentaddress]".to_owned(),
        Role::Further(_) => "[[customer.OtherAddresses.OtherShippingAddresses]]".to_owned(),
    };
    if role != Role::Billing {
        let place = city.or(mixed)?;
        let line = |key: &str, value: String, remark: Bilingual| {
            (key.to_owned(), value, maker.say(remark))
        };
        let filled = both!(
            "only for records where this is filled,",
            "nur für Datensätze, bei denen dies gefüllt ist,"
        );
        let name = quote(&maker.name(place.column));
        block.first.push(line("when", name, filled));
        if role == Role::Shipping {
            let new = both!(
                "and not where it would only repeat that address",
                "und nicht, wo sie jene Adresse nur wiederholen würde"
            );
            let billing = quote("BillingAddress");
            block.first.push(line("unless_same_as", billing, new));
        }
    }
    for (key, topic) in BEFORE {
        block.lines.extend(plain(maker, role, key, *topic));
    }
    names(maker, role, &mut block);
    block
        .lines
        .extend(plain(maker, role, "Company2", Topic::Company2));
    street(maker, role, &mut block);
    match (city, mixed) {
        (None, Some(mixed)) => {
            let name = maker.name(mixed.column);
            let why = maker.why(mixed, Topic::ZipCity);
            let code = Proposed::of(From::Column(name.clone()))
                .step("extract", quote(CODE))
                .step("as", quote("postal_code"));
            let town = Proposed::of(From::Column(name)).step("extract", quote(TOWN));
            let sure = mixed.sure.min(80);
            block
                .lines
                .push(Line::new("PostalCode", &code, sure, why.clone()));
            block.lines.push(Line::new("City", &town, sure, why));
        }
        (city, _) => {
            block
                .lines
                .extend(plain(maker, role, "PostalCode", Topic::PostalCode));
            block.lines.push(match city {
                Some(_) => city_line(maker, role)?,
                None => nobody_knows(
                    "City",
                    maker.say(both!(
                        "no column holds the city",
                        "keine Spalte enthält den Ort"
                    )),
                ),
            });
        }
    }
    block
        .lines
        .extend(plain(maker, role, "State", Topic::State));
    block.lines.push(country(maker, role));
    for (key, topic) in AFTER {
        block.lines.extend(plain(maker, role, key, *topic));
    }
    if role == Role::Billing {
        block.lines.extend(vat_id(maker));
    }
    Some(block)
}

/// A line that is a mistake until it is filled in.
fn nobody_knows(key: &'static str, why: String) -> Line {
    let value = Proposed::of(From::Column(PLACEHOLDER.to_owned()));
    let mut line = Line::new(key, &value, 0, String::new()).marked(why);
    line.columns.clear();
    line
}

/// The columns of an address for a topic: one whose name says the address, and behind it one
/// whose name does not.
fn picks(maker: &Maker<'_>, role: Role, topic: Topic) -> Vec<Pick> {
    let all = maker.found.all(role, topic);
    let Some(first) = all.first() else {
        return Vec::new();
    };
    let mut picks = vec![*first];
    let is_full = maker
        .found
        .shape(first.column)
        .is_some_and(|shape| shape.filled == maker.table.records);
    if first.says_role && !is_full && role == Role::Billing {
        let other = all.iter().find(|pick| !pick.says_role && pick.sure >= 80);
        picks.extend(other);
    }
    picks
}

fn plain(maker: &Maker<'_>, role: Role, key: &'static str, topic: Topic) -> Option<Line> {
    let picks = picks(maker, role, topic);
    if picks.is_empty() && role != Role::Billing {
        return None;
    }
    let mut line = maker.line(key, topic, &picks)?;
    let further: Vec<String> = maker
        .found
        .all(role, topic)
        .iter()
        .filter(|pick| pick.by_name && !picks.iter().any(|used| used.column == pick.column))
        .map(|pick| shown(&maker.name(pick.column)))
        .take(3)
        .collect();
    if !further.is_empty() {
        line.why.push_str(&maker.say(both!(
            "; or {further}?",
            "; oder {further}?",
            further = further.join(", ")
        )));
    }
    Some(line)
}

fn city_line(maker: &Maker<'_>, role: Role) -> Option<Line> {
    let mut line = plain(maker, role, "City", Topic::City)?;
    line.off = false;
    Some(line)
}

/// Who lives there. Nothing is split: a whole name stays whole.
fn names(maker: &Maker<'_>, role: Role, block: &mut Block) {
    let last = picks(maker, role, Topic::LastName);
    let mut company = picks(maker, role, Topic::Company);
    // What a further address is called is not who lives there.
    let full = match role {
        Role::Further(_) => Vec::new(),
        _ => picks(maker, role, Topic::FullName),
    };
    if !last.is_empty() {
        block
            .lines
            .extend(name_line(maker, role, "LastName", Topic::LastName));
    } else if let Some(first) = full.first() {
        let firms = maker
            .found
            .shape(first.column)
            .and_then(|shape| shape.share(Look::LegalForm))
            .unwrap_or(0.0);
        let (key, topic) = match firms >= 0.5 && company.is_empty() {
            true => ("Company", Topic::FullName),
            false => ("LastName", Topic::FullName),
        };
        if let Some(mut line) = maker.line(key, topic, &full) {
            line.sure = line.sure.min(75);
            if key == "LastName" && !block.has("FirstName") {
                line.why.push_str(&maker.say(both!(
                    "; the whole name, for nothing says where the first name ends",
                    "; der ganze Name, denn nichts zeigt, wo der Vorname endet"
                )));
            }
            if key == "Company" {
                company.clear();
            }
            block.lines.push(line);
        }
    } else if role != Role::Billing {
        // An address without a name is nobody's: it is that of the customer.
        for (key, topic) in [
            ("FirstName", Topic::FirstName),
            ("LastName", Topic::LastName),
        ] {
            if !block.has(key) {
                block.lines.extend(borrowed(maker, key, topic));
            }
        }
    }
    match company.is_empty() {
        false => block
            .lines
            .extend(name_line(maker, role, "Company", Topic::Company)),
        true if role != Role::Billing && !block.has("Company") && last.is_empty() => {
            block
                .lines
                .extend(borrowed(maker, "Company", Topic::Company));
        }
        true => {}
    }
    if role != Role::Billing {
        for line in &mut block.lines {
            line.off = false;
        }
    }
}

/// A line of a name; in a delivery address the customer's own steps in where it is empty.
fn name_line(maker: &Maker<'_>, role: Role, key: &'static str, topic: Topic) -> Option<Line> {
    let mut line = plain(maker, role, key, topic)?;
    let own = maker.found.best(Role::Billing, topic);
    let place = maker.found.best(role, Topic::City);
    if let (true, Some(own), Some(place), Some(pick)) = (
        role != Role::Billing && topic == Topic::LastName,
        own,
        place,
        maker.found.best(role, topic),
    ) {
        let filled = |column: usize, record: usize| {
            let column = maker.table.columns.get(column);
            column.is_some_and(|column| column.is_filled(record))
        };
        let nameless = (0..maker.table.records)
            .filter(|record| filled(place.column, *record) && !filled(pick.column, *record));
        if nameless.count() > 0 {
            let both = vec![maker.name(pick.column), maker.name(own.column)];
            let value = Proposed::of(From::FirstOf(both));
            line = Line::new(key, &value, line.sure, line.why);
        }
    }
    Some(line)
}

/// A name that the customer's own address has.
fn borrowed(maker: &Maker<'_>, key: &'static str, topic: Topic) -> Option<Line> {
    let pick = maker.found.best(Role::Billing, topic)?;
    let mut line = maker.line(key, topic, &[pick])?;
    line.sure = line.sure.min(80);
    line.why = of_the_customer(maker, pick);
    Some(line)
}

/// Says that a value is not the address's own.
fn of_the_customer(maker: &Maker<'_>, pick: Pick) -> String {
    maker.say(both!(
        "the customer's own, {name}",
        "wie beim Kunden, {name}",
        name = shown(&maker.name(pick.column))
    ))
}

fn street(maker: &Maker<'_>, role: Role, block: &mut Block) {
    let street = picks(maker, role, Topic::Street);
    let house = maker.found.best(role, Topic::HouseNumber);
    if let (Some(pick), Some(house)) = (street.first(), house) {
        let names = vec![maker.name(pick.column), maker.name(house.column)];
        let why = maker.say(both!(
            "{street}; house number: {house}",
            "{street}; Hausnummer: {house}",
            street = maker.why(*pick, Topic::Street),
            house = maker.why(house, Topic::HouseNumber)
        ));
        let value = Proposed::of(From::Join(names, " "));
        let sure = pick.sure.min(house.sure);
        block.lines.push(Line::new("Street", &value, sure, why));
    } else {
        block
            .lines
            .extend(plain(maker, role, "Street", Topic::Street));
    }
    let second = plain(maker, role, "Address2", Topic::Street2);
    let called = || match role {
        Role::Further(_) => plain(maker, role, "Address2", Topic::FullName),
        _ => None,
    };
    block.lines.extend(second.or_else(called));
}

fn country(maker: &Maker<'_>, role: Role) -> Line {
    const KEY: &str = "CountryIso";
    let own = maker.found.best(Role::Billing, Topic::Country);
    let usual = maker.usual_country(own);
    let mut picks = picks(maker, role, Topic::Country);
    if role != Role::Billing {
        picks.truncate(1);
        picks.extend(own);
    }
    let Some(first) = picks.first().copied() else {
        let value = Proposed::of(From::Value(quote(usual)));
        let line = Line::new(KEY, &value, 0, String::new());
        return line.marked(maker.say(both!(
            "the country of all customers; no column tells it",
            "das Land aller Kunden; keine Spalte nennt es"
        )));
    };
    let Some(mut line) = maker.line(KEY, Topic::Country, &picks) else {
        let why = both!(
            "no column holds the country",
            "keine Spalte enthält das Land"
        );
        return nobody_knows(KEY, maker.say(why));
    };
    line.off = false;
    let empty = (0..maker.table.records).filter(|record| {
        !picks.iter().any(|pick| {
            let column = maker.table.columns.get(pick.column);
            column.is_some_and(|column| column.is_filled(*record))
        })
    });
    let empty = empty.count();
    if role != Role::Billing && maker.found.best(role, Topic::Country).is_none() {
        line.why = of_the_customer(maker, first);
        line.sure = line.sure.min(75);
    }
    if empty == 0 && maker.table.records > 0 {
        return line;
    }
    let from = match picks.as_slice() {
        [one] => From::Column(maker.name(one.column)),
        several => From::FirstOf(several.iter().map(|pick| maker.name(pick.column)).collect()),
    };
    let value = Proposed::of(from)
        .step("as", quote("country"))
        .step("default", quote(usual));
    let line = Line::new(KEY, &value, line.sure, line.why);
    match role {
        // Of an input without records nobody knows whether any will lack it.
        Role::Billing if empty == 0 => line.marked(maker.say(both!(
            "the country of records without one",
            "das Land, wo keines steht"
        ))),
        Role::Billing => line.marked(maker.say(both!(
            "the country of the {records} without one",
            "das Land, wo keines steht: {records}",
            records = counted(empty, maker.language)
        ))),
        _ => line,
    }
}

fn vat_id(maker: &Maker<'_>) -> Option<Line> {
    const KEY: &str = "VatID";
    let best = |topic| maker.found.best(Role::Billing, topic);
    let country = best(Topic::VatCountry);
    let bare = best(Topic::VatNumber);
    if let (Some(country), Some(number)) = (country, bare.or(best(Topic::VatId))) {
        let names = vec![maker.name(country.column), maker.name(number.column)];
        let value = Proposed::of(From::Join(names, "")).step("as", quote("vat_id"));
        let why = maker.say(both!(
            "{why}, split in country and number",
            "{why}, geteilt in Land und Nummer",
            why = maker.why(number, Topic::VatNumber)
        ));
        return Some(Line::new(KEY, &value, number.sure.min(country.sure), why));
    }
    if let Some(pick) = best(Topic::VatId) {
        return maker.line(KEY, Topic::VatId, &[pick]);
    }
    let number = bare?;
    let value = Proposed::of(From::Column(maker.name(number.column))).step("as", quote("vat_id"));
    let why = maker.say(both!(
        "{why}, without the country in front: put it there, or join it with a column of countries",
        "{why}, ohne das Land davor: es davorsetzen, oder mit einer Spalte der Länder verbinden",
        why = maker.why(number, Topic::VatNumber)
    ));
    let mut line = Line::new(KEY, &value, number.sure.min(40), why);
    line.off = true;
    Some(line)
}
