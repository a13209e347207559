//! The lines of `[customer]` and of `[customer.PaymentSettings]`.

use super::assign::Pick;
use super::grouping::Grouping;
use super::line::{Block, From, Line, MARK, Proposed};
use super::name::Role;
use super::shape::DISTINCT;
use super::topic::Topic;
use super::value::Maker;
use super::write::{Written, counted, key, quote, shown};
use crate::country;
use crate::outcome::{Bilingual, both};

/// Groups that stand on the line of `CustomerGroupId`; more get a table of their own.
const GROUPS_ON_A_LINE: usize = 3;

/// The customer's own lines.
#[derive(Debug, Default)]
pub(super) struct Customer {
    /// `[customer]`.
    pub(super) block: Block,
    /// `[customer.CustomerGroupId]`, if the groups are too many for a line.
    pub(super) groups: Vec<Written>,
    /// What is said before the block.
    pub(super) remarks: Vec<String>,
    /// The column that the number comes from.
    pub(super) key: Option<usize>,
}

/// `[customer]`. `templates` says whether mappings can use templates, `grouping` that several
/// records make one customer.
pub(super) fn customer(
    maker: &Maker<'_>,
    templates: bool,
    grouping: Option<&Grouping>,
) -> Customer {
    let mut customer = Customer::default();
    customer.block.heading = "[customer]".to_owned();
    number(maker, templates, grouping, &mut customer);
    group(maker, &mut customer);
    let company = Line::new(
        "InternalCompanyId",
        &Proposed::of(From::Value("1".to_owned())),
        0,
        String::new(),
    );
    let company = company.marked(maker.say(the_company()));
    customer.block.lines.push(company);
    customer.block.lines.push(language(maker));
    for (key, topic) in [
        ("CustomerSince", Topic::Since),
        ("LastChange", Topic::LastChange),
        ("Birthday", Topic::Birthday),
        ("AccountsReceivableNumber", Topic::AccountNumber),
        ("CustomerCategoryId", Topic::Category),
        ("TaxIdentificationNumber", Topic::TaxNumber),
        ("CommercialRegisterNumber", Topic::Register),
        ("Website", Topic::Website),
        ("InitialContact", Topic::InitialContact),
        ("EbayUsername", Topic::Ebay),
        ("IsLocked", Topic::Locked),
        ("IsLocked", Topic::Active),
        ("IsCashRegisterBased", Topic::CashRegister),
    ] {
        if customer.block.lines.iter().any(|line| line.key == key) {
            continue;
        }
        let picks = maker.found.all(Role::Billing, topic);
        if let Some(line) = maker.line(key, topic, picks.get(..1).unwrap_or_default()) {
            let mut line = line;
            // Only later builds of the API know it.
            line.off |= key == "LastChange";
            customer.block.lines.push(line);
        }
    }
    customer
}

/// `[customer.PaymentSettings]`.
pub(super) fn payment(maker: &Maker<'_>) -> Block {
    let mut block = Block {
        heading: "[customer.PaymentSettings]".to_owned(),
        ..Block::default()
    };
    for (key, topic) in [
        ("PaymentTarget", Topic::PaymentDays),
        ("Discount", Topic::Discount),
        ("CreditLimit", Topic::CreditLimit),
        ("StopPaymentRequest", Topic::StopDunning),
        ("PaymentMethodId", Topic::PaymentMethod),
    ] {
        let picks = maker.found.all(Role::Billing, topic);
        block
            .lines
            .extend(maker.line(key, topic, picks.get(..1).unwrap_or_default()));
    }
    block
}

fn number(
    maker: &Maker<'_>,
    templates: bool,
    grouping: Option<&Grouping>,
    customer: &mut Customer,
) {
    let filled = |pick: &Pick| {
        maker
            .found
            .shape(pick.column)
            .map_or(0, |shape| shape.filled)
    };
    let records = maker.table.records;
    // Further records of a customer need no key.
    let needed = |pick: &Pick| {
        let of_it = grouping.filter(|grouping| grouping.column == pick.column);
        records - of_it.map_or(0, |grouping| grouping.keyless).min(records)
    };
    let by_number = maker
        .found
        .best(Role::Billing, Topic::Number)
        .filter(|pick| filled(pick) > 0 || records == 0);
    if let Some(pick) = by_number {
        let picks = [pick];
        let Some(mut line) = maker.line("Number", Topic::Number, &picks) else {
            return;
        };
        line.off = false;
        let missing = needed(&pick) - filled(&pick).min(needed(&pick));
        if missing > 0 {
            line.why.push_str(&maker.say(both!(
                ": the others are errors (key.missing)",
                ": die anderen sind Fehler (key.missing)"
            )));
        }
        customer.key = Some(pick.column);
        customer.block.lines.push(line);
        return;
    }
    let by_id = maker.found.all(Role::Billing, Topic::ShopId);
    let by_id = by_id.iter().find(|pick| {
        records > 0
            && filled(pick) == needed(pick)
            && maker
                .found
                .shape(pick.column)
                .is_some_and(|shape| shape.longest <= 30)
    });
    let Some(pick) = by_id.copied() else {
        let account = maker.found.best(Role::Billing, Topic::AccountNumber);
        if let Some(pick) = account.filter(|pick| filled(pick) == records && records > 0) {
            let value = Proposed::of(From::Column(maker.name(pick.column)));
            let why = maker.why(pick, Topic::AccountNumber);
            customer.key = Some(pick.column);
            customer
                .block
                .lines
                .push(Line::new("Number", &value, pick.sure.min(75), why));
            return;
        }
        customer.remarks.push(maker.say(both!(
            "No column holds a number or an id for every customer. Without `Number` Wawi gives the \
             numbers, and a run needs --allow-unkeyed: customers whose requests got lost cannot be \
             looked up safely.",
            "Keine Spalte enthält für jeden Kunden eine Nummer oder Id. Ohne `Number` vergibt die \
             Wawi die Nummern, und ein Lauf braucht --allow-unkeyed: Kunden, deren Anfrage verloren \
             ging, lassen sich nicht sicher nachschlagen."
        )));
        return;
    };
    customer.key = Some(pick.column);
    let line = number_of_id(maker, templates, pick);
    customer.block.lines.extend(line);
}

/// The line that makes the customer number of the shop's id.
fn number_of_id(maker: &Maker<'_>, templates: bool, pick: Pick) -> Option<Line> {
    let name = maker.name(pick.column);
    let why = maker.why(pick, Topic::ShopId);
    let plain = !name.contains(['\'', '\\', '{', '}']) && !name.chars().any(char::is_control);
    let longest = maker
        .found
        .shape(pick.column)
        .map_or(0, |shape| shape.longest);
    if !(templates && plain && longest <= 26) {
        let mark = both!(
            "there is no customer number, so the shop's id becomes it: is it free in Wawi?",
            "es gibt keine Kundennummer, daher dient die Id des Shops als Kundennummer: ist sie in der Wawi frei?"
        );
        let line = maker.line("Number", Topic::ShopId, &[pick])?;
        return Some(line.marked(maker.say(mark)));
    }
    let value = Proposed::of(From::Template(format!("WEB{{{{ col['{name}'] }}}}")));
    let mark = both!(
        "there is no customer number, so it is made of the shop's id: does it fit Wawi's numbers?",
        "es gibt keine Kundennummer, daher entsteht sie aus der Id des Shops: passt sie zu denen der Wawi?"
    );
    let line = Line::new("Number", &value, pick.sure.min(80), why);
    Some(line.marked(maker.say(mark)))
}

fn group(maker: &Maker<'_>, customer: &mut Customer) {
    const KEY: &str = "CustomerGroupId";
    let pick = maker.found.best(Role::Billing, Topic::Group);
    let shape = pick.and_then(|pick| maker.found.shape(pick.column));
    let (Some(pick), Some(shape)) = (pick, shape) else {
        customer.block.lines.push(one_group(maker.say(the_group())));
        return;
    };
    let name = maker.name(pick.column);
    let values = shape.distinct.as_ref().filter(|values| {
        // Keys that differ in case and blanks only are one.
        !values.is_empty() && shape.longest <= 60
    });
    let Some(values) = values else {
        let why = match shape.filled {
            0 => both!("{name} is empty", "{name} ist leer", name = shown(&name)),
            _ => both!(
                "{name} has more than {DISTINCT} different values",
                "{name} hat mehr als {DISTINCT} verschiedene Werte",
                name = shown(&name)
            ),
        };
        let (group, why) = (maker.say(the_group()), maker.say(why));
        customer
            .block
            .lines
            .push(one_group(format!("{group}; {why}")));
        return;
    };
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for (value, count) in values {
        let same = |known: &&mut (&str, usize)| {
            super::super::trim::folded(known.0) == super::super::trim::folded(value)
        };
        match groups.iter_mut().find(same) {
            Some(known) => known.1 += count,
            None => groups.push((value, *count)),
        }
    }
    let default = shape.filled < maker.table.records;
    if groups.len() <= GROUPS_ON_A_LINE {
        let pairs: Vec<String> = groups
            .iter()
            .map(|(value, _)| format!("{} = 1", quote(value)))
            .collect();
        let mut value =
            Proposed::of(From::Column(name)).step("lookup", format!("{{ {} }}", pairs.join(", ")));
        if default {
            value = value.step("default", "1");
        }
        let why = maker.why(pick, Topic::Group);
        let line = Line::new(KEY, &value, pick.sure, why);
        customer.block.lines.push(line.marked(maker.say(both!(
            "the ids of these customer groups in Wawi",
            "die Ids dieser Kundengruppen in der Wawi"
        ))));
        return;
    }
    customer.groups = table_of_groups(maker, pick, &groups, default);
}

/// The groups as a table of its own, which a line would be too short for.
fn table_of_groups(
    maker: &Maker<'_>,
    pick: Pick,
    groups: &[(&str, usize)],
    default: bool,
) -> Vec<Written> {
    let mut table = vec![
        Written::plain("[customer.CustomerGroupId]"),
        Written {
            code: format!("column = {}", quote(&maker.name(pick.column))),
            remark: format!("{}%: {}", pick.sure, maker.why(pick, Topic::Group)),
        },
    ];
    if default {
        table.push(Written {
            code: "default = 1".to_owned(),
            remark: maker.say(both!(
                "{MARK}: the id for records without a group",
                "{MARK}: die Id für Datensätze ohne Gruppe"
            )),
        });
    }
    table.push(Written::plain("[customer.CustomerGroupId.lookup]"));
    let width = groups
        .iter()
        .map(|(value, _)| key(value).chars().count())
        .max();
    for (value, count) in groups {
        table.push(Written {
            code: format!("{:<1$} = 1", key(value), width.unwrap_or(0)),
            remark: maker.say(both!(
                "{MARK}: the id of this group in Wawi ({records})",
                "{MARK}: die Id dieser Gruppe in der Wawi ({records})",
                records = counted(*count, maker.language)
            )),
        });
    }
    table
}

/// What has to be filled in for the group.
pub(super) fn the_group() -> Bilingual {
    both!(
        "the id of the customer group in Wawi",
        "die Id der Kundengruppe in der Wawi"
    )
}

/// What has to be filled in for the company.
pub(super) fn the_company() -> Bilingual {
    both!(
        "the id of your own company in Wawi, the same for all",
        "die Id der eigenen Firma in der Wawi, für alle dieselbe"
    )
}

/// What has to be filled in for the language.
pub(super) fn the_language() -> Bilingual {
    both!(
        "the language of all customers; no column tells it",
        "die Sprache aller Kunden; keine Spalte nennt sie"
    )
}

/// The same group for all.
fn one_group(mark: String) -> Line {
    let value = Proposed::of(From::Value("1".to_owned()));
    Line::new("CustomerGroupId", &value, 0, String::new()).marked(mark)
}

fn language(maker: &Maker<'_>) -> Line {
    const KEY: &str = "LanguageIso";
    let country = maker.found.best(Role::Billing, Topic::Country);
    let usual = match maker.usual_country(country) {
        "US" | "GB" | "IE" | "CA" | "AU" | "NZ" => "EN",
        "FR" => "FR",
        "IT" => "IT",
        "ES" => "ES",
        "NL" => "NL",
        "PL" => "PL",
        _ => "DE",
    };
    let pick = maker.found.best(Role::Billing, Topic::Language);
    let known = pick.filter(|pick| {
        let column = maker.table.columns.get(pick.column);
        column.is_some_and(|column| {
            let texts = column.filled().count();
            let known = column
                .filled()
                .filter(|text| country::language(text).is_some());
            texts > 0 && known.count() * 10 >= texts * 9
        })
    });
    let Some(pick) = known else {
        let value = Proposed::of(From::Value(quote(usual)));
        let line = Line::new(KEY, &value, 0, String::new());
        return line.marked(maker.say(the_language()));
    };
    let value = Proposed::of(From::Column(maker.name(pick.column))).step("as", quote("language"));
    let shape = maker.found.shape(pick.column);
    let missing = shape.map_or(0, |shape| maker.table.records - shape.filled);
    let why = maker.why(pick, Topic::Language);
    match missing {
        0 => Line::new(KEY, &value, pick.sure, why),
        missing => {
            let value = value.step("default", quote(usual));
            let line = Line::new(KEY, &value, pick.sure, why);
            line.marked(maker.say(both!(
                "the language of the {records} without one",
                "die Sprache, wo keine steht: {records}",
                records = counted(missing, maker.language)
            )))
        }
    }
}
