//! `[customer]` and the objects in it: which object has which values.

use toml::de::{DeTable, DeValue};

use super::compile::Compiler;
use super::error::{Mistake, Place};
use super::suggest::{closest, quoted};
use super::syntax::{Node, a_table, wrong_type};
use super::value::{Origin, ValueSpec};
use crate::customer::{ADDRESS, CUSTOMER, PAYMENT, Part, Schema, Target};
use crate::outcome::{Bilingual, both};

/// One object of the customer, compiled.
#[derive(Clone, Debug)]
pub(super) struct PartSpec {
    /// Which object. Addresses of a list are numbered as the mapping writes them.
    pub(super) part: Part,
    /// The column that must be filled for the address to be made.
    pub(super) when: Option<usize>,
    /// The address that this one must not repeat, as an index of the list of parts.
    pub(super) unless_same_as: Option<usize>,
    /// Its values; the country comes first, because the postal code depends on it.
    pub(super) values: Vec<ValueSpec>,
}

impl PartSpec {
    fn of(part: Part) -> Self {
        Self {
            part,
            when: None,
            unless_same_as: None,
            values: Vec::new(),
        }
    }
}

/// The objects that a customer can have once, by the API's names, in the order in which they
/// are made.
pub(super) const SINGLE: [(&str, Part); 4] = [
    ("BillingAddress", Part::Billing),
    ("Shipmentaddress", Part::Shipment),
    ("CustomAddress", Part::Custom),
    ("PaymentSettings", Part::Payment),
];

/// Numbers an address of a list.
pub(super) type Numbered = fn(u16) -> Part;

/// The lists of further addresses.
pub(super) const LISTS: [(&str, Numbered); 3] = [
    ("OtherBillingAddresses", Part::OtherBilling),
    ("OtherShippingAddresses", Part::OtherShipping),
    ("OtherCustomerAddresses", Part::OtherCustomer),
];

/// What holds the lists.
pub(super) const OTHERS: &str = "OtherAddresses";

/// Names of fields that people expect, beside those that are merely misspelt.
const ALIASES: &[(&str, &str)] = &[
    ("customernumber", "Number"),
    ("kundennummer", "Number"),
    ("language", "LanguageIso"),
    ("companyid", "InternalCompanyId"),
    ("customergroup", "CustomerGroupId"),
    ("email", "EmailAddress"),
    ("mail", "EmailAddress"),
    ("zip", "PostalCode"),
    ("zipcode", "PostalCode"),
    ("postcode", "PostalCode"),
    ("plz", "PostalCode"),
    ("country", "CountryIso"),
    ("land", "CountryIso"),
    ("phone", "PhoneNumber"),
    ("telephone", "PhoneNumber"),
    ("mobile", "MobilePhoneNumber"),
    ("salutation", "FormOfAddress"),
    ("anrede", "FormOfAddress"),
    ("name", "LastName"),
    ("surname", "LastName"),
    ("vatid", "VatID"),
    ("address1", "Street"),
];

/// Keys that an address has beside its fields.
pub(super) const ADDRESS_KEYS: [&str; 2] = ["when", "unless_same_as"];

/// The names of the objects of a customer and of its lists of addresses.
pub(super) fn object_names() -> Vec<&'static str> {
    let single = SINGLE.iter().map(|one| one.0);
    single.chain(LISTS.iter().map(|list| list.0)).collect()
}

/// Reads `[customer]`.
pub(super) fn customer(node: Option<&Node<'_>>, compiler: &mut Compiler) -> Vec<PartSpec> {
    let Some(node) = node else {
        compiler
            .mistakes
            .push(Mistake::of_file(both!("the mapping has no [customer]", "die Zuordnung hat kein [customer]")).help(
            both!("it says which column becomes which field; `importer mapping fields` lists the fields", "dieser Abschnitt sagt, welche Spalte zu welchem Feld wird; `importer mapping fields` zählt die Felder auf"),
        ));
        return Vec::new();
    };
    let Some(table) = node.get_ref().as_table() else {
        compiler
            .mistakes
            .push(wrong_type(node, "customer", a_table()));
        return Vec::new();
    };
    let mut parts = vec![values_of(Part::Customer, table, compiler)];
    for (name, part) in SINGLE.iter().filter(|(_, part)| part.is_address()) {
        if let Some(node) = table.get(*name) {
            parts.extend(nested(*part, node, compiler));
        } else if *part == Part::Billing {
            missing_billing(node.span(), compiler);
        }
    }
    if let Some(node) = table.get(OTHERS) {
        other_addresses(node, &mut parts, compiler);
    }
    if let Some(node) = table.get("PaymentSettings") {
        parts.extend(nested(Part::Payment, node, compiler));
    }
    require(&parts, table, node.span(), compiler);
    resolve_sameness(&mut parts, table, compiler);
    parts
}

fn nested(part: Part, node: &Node<'_>, compiler: &mut Compiler) -> Option<PartSpec> {
    match node.get_ref().as_table() {
        Some(table) => Some(values_of(part, table, compiler)),
        None => {
            let name = part.to_string();
            let help = both!(
                "write [customer.{name}] and its fields below it",
                "[customer.{name}] schreiben und darunter seine Felder"
            );
            let mistake = wrong_type(node, &name, a_table()).help(help);
            compiler.mistakes.push(mistake);
            None
        }
    }
}

/// Reads the values of one object; what it must not lack is not looked at.
pub(super) fn values_of(part: Part, table: &DeTable<'_>, compiler: &mut Compiler) -> PartSpec {
    let mut spec = PartSpec::of(part);
    for (key, node) in table {
        let name = key.get_ref().as_ref();
        if part == Part::Customer && (name == OTHERS || SINGLE.iter().any(|one| one.0 == name)) {
            continue;
        }
        if let ("when" | "unless_same_as", true) = (name, part.is_address()) {
            condition(part, name, key.span(), node, &mut spec, compiler);
        } else if let Some(target) = Target::find(part, name) {
            spec.values.extend(ValueSpec::read(target, node, compiler));
        } else {
            compiler
                .mistakes
                .push(unknown_target(part, name, key.span()));
        }
    }
    let is_country = |value: &ValueSpec| value.target.field().name == "CountryIso";
    spec.values
        .sort_by_key(|value| (!is_country(value), value.target.index));
    spec
}

fn condition(
    part: Part,
    name: &str,
    place: Place,
    node: &Node<'_>,
    spec: &mut PartSpec,
    compiler: &mut Compiler,
) {
    if part == Part::Billing {
        compiler.mistakes.push(
            Mistake::at(
                place,
                both!(
                    "`{name}` in BillingAddress",
                    "in BillingAddress steht `{name}`"
                ),
            )
            .help(both!(
                "the billing address is always sent; leave whole records out with `keep_if`",
                "die Rechnungsadresse wird immer gesendet; ganze Datensätze lässt `keep_if` weg"
            )),
        );
        return;
    }
    let Some(text) = node.get_ref().as_str() else {
        let wanted = if name == "when" {
            both!("a column in quotes", "eine Spalte in Anführungszeichen")
        } else {
            both!("an address in quotes", "eine Adresse in Anführungszeichen")
        };
        compiler.mistakes.push(wrong_type(node, name, wanted));
        return;
    };
    if name == "when" {
        spec.when = Some(compiler.column(text, node.span()));
    }
}

fn other_addresses(node: &Node<'_>, parts: &mut Vec<PartSpec>, compiler: &mut Compiler) {
    let Some(table) = node.get_ref().as_table() else {
        let help = both!(
            "write [[customer.OtherAddresses.OtherShippingAddresses]] for each address",
            "für jede Adresse [[customer.OtherAddresses.OtherShippingAddresses]] schreiben"
        );
        compiler
            .mistakes
            .push(wrong_type(node, OTHERS, a_table_of_lists()).help(help));
        return;
    };
    for (key, _) in table {
        let name = key.get_ref().as_ref();
        if !LISTS.iter().any(|(list, _)| *list == name) {
            let help =
                closest(name, LISTS.iter().map(|list| list.0)).unwrap_or("OtherShippingAddresses");
            compiler.mistakes.push(
                unknown_list(name, key.span())
                    .help(both!("did you mean `{help}`?", "ist `{help}` gemeint?")),
            );
        }
    }
    for (name, part) in LISTS {
        let Some(node) = table.get(name) else {
            continue;
        };
        let DeValue::Array(list) = node.get_ref() else {
            let help = both!(
                "write [[customer.{OTHERS}.{name}]], with double brackets",
                "[[customer.{OTHERS}.{name}]] mit doppelten Klammern schreiben"
            );
            compiler
                .mistakes
                .push(wrong_type(node, name, a_list_of_addresses()).help(help));
            continue;
        };
        for (node, number) in list.iter().zip(0_u16..) {
            parts.extend(nested(part(number), node, compiler));
        }
    }
}

/// What holds the lists should be.
pub(super) fn a_table_of_lists() -> Bilingual {
    both!("a table of lists", "eine Tabelle von Listen")
}

/// What each of the lists should be.
pub(super) fn a_list_of_addresses() -> Bilingual {
    both!("a list of addresses", "eine Liste von Adressen")
}

/// A list of addresses that the API does not have.
pub(super) fn unknown_list(name: &str, place: Place) -> Mistake {
    Mistake::at(
        place,
        both!(
            "unknown list `{name}` in {OTHERS}",
            "die Liste `{name}` gibt es in {OTHERS} nicht"
        ),
    )
}

fn missing_billing(place: Place, compiler: &mut Compiler) {
    compiler.mistakes.push(
        Mistake::at(
            place,
            both!(
                "the API demands a BillingAddress",
                "die API verlangt eine BillingAddress"
            ),
        )
        .help(both!(
            "add [customer.BillingAddress] with at least City and CountryIso",
            "[customer.BillingAddress] mit mindestens City und CountryIso anlegen"
        )),
    );
}

/// Every object that is made needs what the API demands of it.
fn require(parts: &[PartSpec], table: &DeTable<'_>, customer: Place, compiler: &mut Compiler) {
    for spec in parts {
        let node = node_of(spec.part, table);
        let place = node.map_or_else(|| customer.clone(), Node::span);
        if let Some(written) = node.map_or(Some(table), |node| node.get_ref().as_table()) {
            let name = spec.part.to_string();
            require_in(spec.part, &name, written, &place, compiler);
        }
    }
}

/// What the API demands of an object, which messages call `name`, has to be in its table.
pub(super) fn require_in(
    part: Part,
    name: &str,
    written: &DeTable<'_>,
    place: &Place,
    compiler: &mut Compiler,
) {
    for field in part.schema().fields.iter().filter(|field| field.required) {
        if written.contains_key(field.name) {
            continue;
        }
        let object = if part == Part::Customer {
            String::new()
        } else {
            format!(" in {name}")
        };
        let title = both!(
            "the API demands {field}{object}, and nothing is mapped to it",
            "die API verlangt {field}{object}, aber dem Feld ist nichts zugeordnet",
            field = field.name
        );
        compiler
            .mistakes
            .push(Mistake::at(place.clone(), title).help(how_to_map(field.name)));
    }
}

fn how_to_map(field: &str) -> Bilingual {
    let constant = match field {
        "CustomerGroupId" => both!(
            "{{ value = 1 }}, with the id of the group in Wawi",
            "{{ value = 1 }}, mit der Id der Kundengruppe in der Wawi"
        ),
        "InternalCompanyId" => both!(
            "{{ value = 1 }}, with the id of the own company in Wawi",
            "{{ value = 1 }}, mit der Id der eigenen Firma in der Wawi"
        ),
        "LanguageIso" => Bilingual::same("{ column = \"…\", as = \"language\", default = \"DE\" }"),
        "CountryIso" => Bilingual::same("{ column = \"…\", as = \"country\", default = \"DE\" }"),
        _ => both!(
            "\"…\", with the name of the column",
            "\"…\", mit dem Namen der Spalte"
        ),
    };
    both!([constant] "add {field} = {constant}", "ergänzen: {field} = {constant}")
}

/// The node of an object in the table of `[customer]`; none for the customer itself.
fn node_of<'t, 'i>(part: Part, table: &'t DeTable<'i>) -> Option<&'t Node<'i>> {
    let in_list = |name: &str, index: u16| {
        let lists = table.get(OTHERS)?.get_ref().as_table()?;
        lists
            .get(name)?
            .get_ref()
            .as_array()?
            .get(usize::from(index))
    };
    match part {
        Part::Customer => None,
        Part::OtherBilling(n) => in_list("OtherBillingAddresses", n),
        Part::OtherShipping(n) => in_list("OtherShippingAddresses", n),
        Part::OtherCustomer(n) => in_list("OtherCustomerAddresses", n),
        single => {
            let (name, _) = SINGLE.iter().find(|(_, part)| *part == single)?;
            table.get(*name)
        }
    }
}

/// `unless_same_as` names an address that is made before, so that no two addresses can leave
/// each other out.
fn resolve_sameness(parts: &mut [PartSpec], table: &DeTable<'_>, compiler: &mut Compiler) {
    for index in 0..parts.len() {
        let Some(part) = parts.get(index).map(|spec| spec.part) else {
            continue;
        };
        let named = node_of(part, table)
            .filter(|_| part != Part::Billing && part.is_address())
            .and_then(|node| node.get_ref().as_table()?.get("unless_same_as"));
        let Some((node, name)) = named.and_then(|node| Some((node, node.get_ref().as_str()?)))
        else {
            continue;
        };
        let before = parts.iter().take(index).enumerate();
        let candidates: Vec<(usize, String)> = before
            .filter(|(_, spec)| matches!(spec.part, Part::Billing | Part::Shipment | Part::Custom))
            .map(|(position, spec)| (position, spec.part.to_string()))
            .collect();
        let found = candidates.iter().find(|(_, candidate)| candidate == name);
        if let (Some((position, _)), Some(spec)) = (found, parts.get_mut(index)) {
            spec.unless_same_as = Some(*position);
            continue;
        }
        let names = candidates.iter().map(|(_, name)| name.as_str());
        let help = closest(name, names).unwrap_or("BillingAddress").to_owned();
        compiler.mistakes.push(
            Mistake::at(
                node.span(),
                both!(
                    "{part} cannot be compared with {name}",
                    "{part} lässt sich nicht mit {name} vergleichen",
                    name = quoted(name)
                ),
            )
            .label(both!(
                "must be an address of this mapping that comes before this one",
                "muss eine Adresse dieser Zuordnung sein, die vor dieser steht"
            ))
            .help(both!("did you mean `{help}`?", "ist `{help}` gemeint?")),
        );
    }
}

/// A field that the API does not have.
pub(super) fn unknown_target(part: Part, name: &str, place: Place) -> Mistake {
    let here = if part == Part::Customer {
        both!("the customer", "beim Kunden")
    } else {
        both!("{part}", "in {part}")
    };
    let mistake = Mistake::at(
        place,
        both!([here] "the API has no field `{name}` in {here}", "die API hat kein Feld `{name}` {here}"),
    );
    if name == "keep_if" {
        return mistake.help(both!(
            "`keep_if` stands at the top of the file, before the first [section]",
            "`keep_if` steht oben in der Datei, vor dem ersten [Abschnitt]"
        ));
    }
    let own = part.schema();
    if let Some(field) = known_as(name, own) {
        return mistake.help(both!("did you mean `{field}`?", "ist `{field}` gemeint?"));
    }
    let homes = [
        (&CUSTOMER, Bilingual::same("[customer]")),
        (
            &ADDRESS,
            both!(
                "an address, such as [customer.BillingAddress]",
                "Adressen wie [customer.BillingAddress]"
            ),
        ),
        (&PAYMENT, Bilingual::same("[customer.PaymentSettings]")),
    ];
    for (schema, home) in homes {
        if let (Some(field), true) = (known_as(name, schema), schema.name != own.name) {
            return mistake.help(
                both!([home] "`{field}` is a field of {home}", "`{field}` ist ein Feld von {home}"),
            );
        }
    }
    let more: Vec<&str> = match part {
        Part::Customer => SINGLE.iter().map(|one| one.0).chain([OTHERS]).collect(),
        part if part.is_address() => ADDRESS_KEYS.to_vec(),
        _ => Vec::new(),
    };
    let candidates = own.fields.iter().map(|field| field.name).chain(more);
    match closest(name, candidates) {
        Some(found) => mistake.help(both!("did you mean `{found}`?", "ist `{found}` gemeint?")),
        None => mistake.help(both!(
            "`importer mapping fields` lists the fields of the API",
            "`importer mapping fields` zählt die Felder der API auf"
        )),
    }
}

/// The schema's field that people know by `name`, in any case.
fn known_as(name: &str, schema: &Schema) -> Option<&'static str> {
    let wanted = name.to_lowercase();
    let is_meant =
        |field: &str| field.to_lowercase() == wanted || ALIASES.contains(&(wanted.as_str(), field));
    let field = schema.fields.iter().find(|field| is_meant(field.name))?;
    Some(field.name)
}

/// The target at a path such as `Number` or `BillingAddress.EmailAddress`.
pub(super) fn target_at(path: &str) -> Option<Target> {
    match path.split_once('.') {
        None => Target::find(Part::Customer, path),
        Some((object, field)) => {
            let (_, part) = SINGLE.iter().find(|(name, _)| *name == object)?;
            Target::find(*part, field)
        }
    }
}

/// Whether the mapping makes a value for `target`.
pub(super) fn is_mapped(parts: &[PartSpec], target: Target) -> bool {
    parts
        .iter()
        .flat_map(|spec| &spec.values)
        .any(|value| value.target == target && value.origin != Origin::Nothing)
}

/// The paths of all targets that can be a key.
pub(super) fn key_paths() -> Vec<String> {
    [Part::Customer, Part::Billing]
        .into_iter()
        .flat_map(|part| {
            let fields = part.schema().fields.iter().enumerate();
            fields.map(move |(index, _)| Target { part, index }.to_string())
        })
        .collect()
}
