//! The whole text, tried out on the sample before it is handed out.

use super::super::Mapping;
use super::super::trim::folded;
use super::address::address;
use super::assign::{Found, assign};
use super::customer::{Customer, customer, payment};
use super::grouping::{self, grouping};
use super::known::{self, Known, recognise};
use super::line::{Block, MARK};
use super::name::{Role, meaning};
use super::rehearsal::{FAILS_AT_MOST, settle, try_out};
use super::seen::{Column, Reason, Table};
use super::shape::{Look, Shape};
use super::topic::Topic;
use super::value::Maker;
use super::write::{Written, aligned, counted, list, meaning_nothing, never_written, quote, shown};
use super::{Columns, Proposal, Seen, ToFillIn, ready};
use crate::outcome::{Bilingual, Language, both};
use crate::record::RESERVED_COLUMNS;

/// Columns that are listed as not used.
const UNUSED_LISTED: usize = 60;

pub(super) fn propose(seen: &Seen<'_>) -> Proposal {
    let table = Table::of(seen.columns, seen.records);
    let mut found = assign(&table, seen.named);
    free_of_dropped(&table, &mut found);
    let maker = Maker {
        table: &table,
        found: &found,
        named: seen.named,
        american: is_american(&table, &found, seen.named),
        language: seen.language,
    };
    let known = match seen.columns {
        Columns::Header(header) if seen.named => recognise(header),
        _ => None,
    };
    let by_known = known.and_then(|known| from_ready_made(seen, &maker, known));
    let is_ready_made = by_known.is_some();
    let (text, mut remarks) = by_known.unwrap_or_else(|| own(seen, &maker, known));
    if let Some(known) = known.filter(|known| !is_ready_made && known.takes_addresses) {
        let builtin = known.builtin();
        remarks.push(maker.say(both!([takes = known::addresses()]
            "{builtin} takes {takes}",
            "{builtin} nimmt {takes}"
        )));
    }
    let used = ready::used(&text, &table);
    let dropped = found.dropped.iter().map(|(column, _)| *column);
    let dropped: std::collections::BTreeSet<usize> = dropped.collect();
    let reads = used.iter().enumerate();
    let reads = reads.filter(|(column, used)| **used && !dropped.contains(column));
    let incomplete = Mapping::parse(seen.input, &text).is_err();
    if table.records == 0 {
        remarks.push(maker.say(both!(
            "the input has no records: only its header was looked at",
            "die Eingabe hat keine Datensätze: nur ihre Kopfzeile wurde angesehen"
        )));
    }
    let named = |topic| maker.found.best(Role::Billing, topic).is_some();
    if ![Topic::LastName, Topic::Company, Topic::FullName]
        .into_iter()
        .any(named)
        && known.is_none()
    {
        remarks.push(maker.say(both!(
            "no column holds a last name or a company, and every customer needs one",
            "keine Spalte enthält einen Nachnamen oder eine Firma, und jeder Kunde braucht eines davon"
        )));
    }
    Proposal {
        recognised: known.map(|known| known.title),
        columns: table.columns.len(),
        used: reads.count(),
        dropped: dropped.len(),
        to_fill_in: to_fill_in(&text),
        incomplete,
        remarks,
        text,
    }
}

/// Names are compared without case where columns are dropped: no other may be used then.
fn free_of_dropped(table: &Table<'_>, found: &mut Found) {
    let name = |column: usize| table.columns.get(column).map(|column| folded(&column.name));
    let dropped: Vec<Option<String>> = found.dropped.iter().map(|(at, _)| name(*at)).collect();
    found.retain(|column| !dropped.contains(&name(column)));
}

/// Whether day and month stand the American way round, by what some date proves; else by
/// where most customers live.
fn is_american(table: &Table<'_>, found: &Found, named: bool) -> bool {
    let maker = Maker {
        table,
        found,
        named,
        american: false,
        language: Language::English,
    };
    let topics = [Topic::Birthday, Topic::Since, Topic::LastChange];
    let picks = topics
        .iter()
        .filter_map(|topic| found.best(Role::Billing, *topic));
    let mut proven = picks
        .map(|pick| maker.dates(pick))
        .filter(|dates| dates.rival.is_none())
        .flat_map(|dates| dates.formats)
        .filter(|format| format.starts_with("%m") || format.starts_with("%d/"))
        .map(|format| format.starts_with("%m"));
    match proven.next() {
        Some(american) => american,
        None => maker.usual_country(found.best(Role::Billing, Topic::Country)) == "US",
    }
}

fn head(seen: &Seen<'_>, maker: &Maker<'_>) -> Vec<Written> {
    let records = counted(maker.table.records, seen.language);
    let name = shown(seen.input);
    [
        both!(
            "# Proposed by `importer mapping new` from {name}: {records} looked at.",
            "# Vorschlag von `importer mapping new` aus {name}; angesehen: {records}."
        ),
        both!(
            "# Read every line: the percentage says how sure it is, and what speaks for it. Lines marked",
            "# Jede Zeile lesen: die Prozentzahl sagt, wie sicher sie ist, und was für sie spricht. Zeilen mit"
        ),
        both!(
            "# {MARK} need you; until then they hold a value with which the mapping can be tried.",
            "# {MARK} sind auszufüllen; bis dahin haben sie einen Wert, mit dem sich die Zuordnung ausprobieren lässt."
        ),
    ]
    .map(|line| Written::plain(maker.say(line)))
    .to_vec()
}

/// The ready-made mapping of a known export; nothing if it does not fit the input.
fn from_ready_made(
    seen: &Seen<'_>,
    maker: &Maker<'_>,
    known: Known,
) -> Option<(String, Vec<String>)> {
    let text = known.text()?;
    let own = customer(maker, false, None);
    let group = group_line(&own);
    let mut blocks = ready::adapted(text, maker, seen.encoding, group);
    for block in &mut blocks {
        if block.iter().any(|line| line.code == "[source]") {
            for (key, value) in seen.options {
                let is_it = |line: &Written| {
                    line.code
                        .split_once('=')
                        .is_some_and(|(name, _)| name.trim() == *key)
                };
                if !block.iter().any(is_it) {
                    block.push(Written::plain(format!("{key:<9} = {value}")));
                }
            }
        }
    }
    let mut head = head(seen, maker);
    head.push(Written::plain(maker.say(both!(
        "# The header is that of {title}: this is {builtin}, adapted.",
        "# Die Kopfzeile ist die von {title}: dies ist {builtin}, angepasst.",
        title = known.title,
        builtin = known.builtin()
    ))));
    blocks.insert(0, head);
    if !own.groups.is_empty() {
        blocks.push(own.groups);
        for block in &mut blocks {
            let replaced = |line: &Written| {
                line.code.starts_with("CustomerGroupId") && line.code.contains("value")
            };
            block.retain(|line| !replaced(line));
        }
    }
    let mut text = joined(&blocks);
    let (bad, _) = try_out(&text, seen)?;
    // A line that fails for most records belongs to another version of the export.
    if bad
        .values()
        .any(|failing| failing.count as f64 > seen.records.len() as f64 * FAILS_AT_MOST)
    {
        return None;
    }
    text.push_str(&unused(&text, maker));
    Some((text, Vec::new()))
}

/// The line for the groups that a column names, for a ready-made mapping.
fn group_line(own: &Customer) -> Option<Written> {
    let block = Block {
        heading: String::new(),
        first: Vec::new(),
        lines: own
            .block
            .lines
            .iter()
            .filter(|line| line.key == "CustomerGroupId" && !line.columns.is_empty())
            .cloned()
            .collect(),
    };
    let mut line = block.written().into_iter().nth(1)?;
    line.code = line
        .code
        .replacen("CustomerGroupId =", "CustomerGroupId   =", 1);
    Some(line)
}

/// A mapping made from what was recognised.
fn own(seen: &Seen<'_>, maker: &Maker<'_>, known: Option<Known>) -> (String, Vec<String>) {
    let grouping = grouping(maker);
    let customer = customer(maker, templates_work(), grouping.as_ref());
    let mut blocks: Vec<Block> = Vec::new();
    blocks.push(customer.block.clone());
    let billing = address(maker, Role::Billing);
    blocks.extend(billing.clone());
    let roles = maker.found.roles().into_iter();
    blocks.extend(
        roles
            .filter(|role| *role != Role::Billing)
            .filter_map(|role| address(maker, role)),
    );
    let payment = payment(maker);
    if !payment.lines.is_empty() {
        blocks.push(payment);
    }
    if let (Some(grouping), Some(billing)) = (&grouping, &billing) {
        blocks.extend(grouping::blocks(maker, grouping, billing));
    }
    let mut text = assembled(seen, maker, known, &customer, &blocks);
    if let Some((bad, counts)) = try_out(&text, seen)
        && !bad.is_empty()
    {
        settle(&mut blocks, &bad, counts, seen.language);
        text = assembled(seen, maker, known, &customer, &blocks);
    }
    if grouping.is_none() {
        text.push_str(&grouping::hint(maker, customer.key));
    }
    text.push_str(&unused(&text, maker));
    (text, customer.remarks)
}

/// Whether mappings of this version can use templates.
fn templates_work() -> bool {
    const PROBE: &str = "[customer]\nNumber = { template = \"W{{ col['a'] }}\" }\n\
        CustomerGroupId = { value = 1 }\nInternalCompanyId = { value = 1 }\n\
        LanguageIso = { value = \"DE\" }\n[customer.BillingAddress]\nCity = \"b\"\n\
        CountryIso = { value = \"DE\" }\n";
    Mapping::parse("template", PROBE).is_ok()
}

fn assembled(
    seen: &Seen<'_>,
    maker: &Maker<'_>,
    known: Option<Known>,
    customer: &Customer,
    blocks: &[Block],
) -> String {
    let mut head = head(seen, maker);
    if let Some(known) = known {
        head.push(Written::plain(maker.say(both!(
            "# The header is that of {title}, of which there is no ready-made mapping that fits.",
            "# Die Kopfzeile ist die von {title}, wofür es keine passende fertige Zuordnung gibt.",
            title = known.title
        ))));
    }
    let mut all = vec![head];
    all.extend(source(seen, maker));
    all.extend(report(maker, customer));
    for block in blocks {
        let mut lines = Vec::new();
        if block.heading == "[customer]" {
            lines.extend(customer.remarks.iter().flat_map(|remark| wrapped(remark)));
        }
        lines.extend(block.written());
        all.push(lines);
    }
    if !customer.groups.is_empty() {
        all.push(customer.groups.clone());
    }
    joined(&all)
}

/// A remark as comments that are not too long.
fn wrapped(remark: &str) -> Vec<Written> {
    const WIDTH: usize = 96;
    let mut lines = vec!["#".to_owned()];
    for word in remark.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.into_iter().map(Written::plain).collect()
}

fn joined(blocks: &[Vec<Written>]) -> String {
    let texts = blocks.iter().map(|block| aligned(block));
    texts.collect::<Vec<_>>().join("\n")
}

fn source(seen: &Seen<'_>, maker: &Maker<'_>) -> Option<Vec<Written>> {
    let mut lines = vec![Written::plain("[source]")];
    for (key, value) in seen.options {
        lines.push(Written::plain(format!("{key} = {value}")));
    }
    if !maker.table.nothing.is_empty() {
        let texts = std::iter::once("").chain(maker.table.nothing.iter().copied());
        lines.push(Written {
            code: format!("empty = {}", list(texts)),
            remark: maker.say(meaning_nothing()),
        });
    }
    let mut dropped: Vec<(String, Reason)> = Vec::new();
    for (column, reason) in &maker.found.dropped {
        let name = maker.name(*column);
        if !dropped
            .iter()
            .any(|(known, _)| folded(known) == folded(&name))
        {
            dropped.push((name, *reason));
        }
    }
    if !dropped.is_empty() {
        lines.push(Written {
            code: "drop = [".to_owned(),
            remark: maker.say(never_written()),
        });
        lines.extend(dropped.iter().map(|(name, reason)| Written {
            code: format!("    {},", quote(name)),
            remark: maker.language.pick(reason.0, reason.1).to_owned(),
        }));
        lines.push(Written::plain("]"));
    }
    (lines.len() > 1).then_some(lines)
}

fn report(maker: &Maker<'_>, customer: &Customer) -> Option<Vec<Written>> {
    let best = |topic| Some(maker.found.best(Role::Billing, topic)?.column);
    let mut columns: Vec<usize> = Vec::new();
    for column in [best(Topic::ShopId), customer.key, best(Topic::Email)] {
        columns.extend(column.filter(|column| !columns.contains(column)));
    }
    if columns.is_empty() {
        return None;
    }
    let names: Vec<String> = columns
        .into_iter()
        .map(|column| maker.name(column))
        .collect();
    let names = list(names.iter().map(String::as_str));
    Some(vec![
        Written::plain("[report]"),
        Written {
            code: format!("columns = {names}"),
            remark: maker.say(both!(
                "go into created.csv, to link back to the shop",
                "kommen in created.csv, um in den Shop zurückzufinden"
            )),
        },
    ])
}

/// The columns that nothing reads, with what is in them.
fn unused(text: &str, maker: &Maker<'_>) -> String {
    let used = ready::used(text, maker.table);
    let dropped = |index: usize| {
        maker
            .found
            .dropped
            .iter()
            .any(|(column, _)| *column == index)
    };
    let mut lines: Vec<Written> = Vec::new();
    let mut further = 0;
    let mut empty = 0;
    let columns = maker.table.columns.iter().zip(used).enumerate();
    for (index, (column, used)) in columns {
        if (used && column.unusable.is_none()) || dropped(index) || folded(&column.name).is_empty()
        {
            continue;
        }
        if RESERVED_COLUMNS.contains(&column.name.as_ref()) {
            continue;
        }
        let shape = maker.found.shape(index);
        if maker.table.records > 0 && shape.is_none_or(|shape| shape.filled == 0) {
            empty += 1;
            continue;
        }
        let line = Written {
            code: format!("#   {}", shown(&column.name)),
            remark: describe(column, shape, maker),
        };
        if lines.len() >= UNUSED_LISTED {
            further += 1;
        } else if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut text = match lines.is_empty() {
        true => String::new(),
        false => maker.say(both!(
            "\n# Columns that no field takes:\n{lines}",
            "\n# Spalten, die kein Feld nimmt:\n{lines}",
            lines = aligned(&lines)
        )),
    };
    match further {
        0 => {}
        further => text.push_str(&maker.say(both!(
            "#   and {further} more\n",
            "#   und {further} weitere\n"
        ))),
    }
    match empty {
        0 => {}
        1 => text.push_str(&maker.say(both!(
            "\n# One more column is empty.\n",
            "\n# Eine weitere Spalte ist leer.\n"
        ))),
        empty => text.push_str(&maker.say(both!(
            "\n# {empty} more columns are empty.\n",
            "\n# {empty} weitere Spalten sind leer.\n"
        ))),
    }
    text
}

/// What is in a column, without saying it.
fn describe(column: &Column<'_>, shape: Option<&Shape>, maker: &Maker<'_>) -> String {
    if let Some(reason) = column.unusable {
        return maker.language.pick(reason.0, reason.1).to_owned();
    }
    let Some(shape) = shape.filter(|shape| shape.filled > 0) else {
        return maker.say(both!("no values", "keine Werte"));
    };
    let kinds = [
        (Look::Boolean, both!("yes or no", "ja oder nein")),
        (Look::Email, both!("e-mail addresses", "E-Mail-Adressen")),
        (Look::Integer, both!("whole numbers", "ganze Zahlen")),
        (Look::Point, both!("decimal numbers", "Dezimalzahlen")),
        (
            Look::Comma,
            both!("decimal numbers with a comma", "Dezimalzahlen mit Komma"),
        ),
        (Look::Phone, both!("phone numbers", "Telefonnummern")),
        (Look::Url, both!("web addresses", "Webadressen")),
        (Look::VatId, both!("VAT ids", "USt-IdNrn.")),
        (Look::Country, both!("countries", "Länder")),
    ];
    let kind = kinds.into_iter().find(|(look, _)| shape.is_mostly(*look));
    let kind = kind.map_or_else(|| both!("text", "Text"), |(_, kind)| kind);
    let different = match (&shape.distinct, shape.unique && shape.filled > 1) {
        (_, true) => both!(", all different", ", alle verschieden"),
        (Some(values), _) => both!(
            ", {count} different",
            ", {count} verschiedene",
            count = values.len()
        ),
        (None, _) => Bilingual::default(),
    };
    let (filled, records) = (shape.filled, maker.table.records);
    maker.say(both!([kind, different]
        "{kind}{different}, filled in {filled} of {records} records",
        "{kind}{different}, gefüllt in {filled} von {records} Datensätzen"
    ))
}

fn to_fill_in(text: &str) -> Vec<ToFillIn> {
    let sign = format!("# {MARK}: ");
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let (code, what) = line.split_once(&sign)?;
            let key = code.split('=').next().unwrap_or_default().trim();
            // What speaks for the line stands in it.
            let why = what.rfind(" (").filter(|place| {
                let rest = what.get(place + 2..).unwrap_or_default();
                rest.trim_start_matches(|c: char| c.is_ascii_digit())
                    .starts_with("%: ")
            });
            let what = why.and_then(|place| what.get(..place)).unwrap_or(what);
            Some(ToFillIn {
                line: index + 1,
                what: format!("{key}: {what}"),
            })
        })
        .collect()
}

/// Whether a first row looks like a record.
pub(super) fn is_record(first: &[String]) -> bool {
    let mut sure = 0;
    let mut maybe = 0;
    let mut names = 0;
    for cell in first {
        let cells = vec![cell.as_str().into()];
        let shape = Shape::of(&Column {
            name: "".into(),
            unusable: None,
            cells,
            typed: false,
        });
        let is = |looks: &[Look]| looks.iter().any(|look| shape.count(*look) > 0);
        if meaning(cell).is_some() {
            names += 1;
        } else if is(&[
            Look::Email,
            Look::VatId,
            Look::Iban,
            Look::Street,
            Look::Phone,
        ]) {
            sure += 1;
        } else if is(&[Look::PostalCode, Look::Integer, Look::Point, Look::Comma]) {
            maybe += 1;
        }
    }
    (sure > 0 && sure + maybe > names) || (names == 0 && maybe > 1)
}
