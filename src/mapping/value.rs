//! One value of the mapping: where it comes from and the steps that it goes through.

mod table;

use toml::de::DeValue;

use super::compile::Compiler;
use super::constant::{Constant, fit};
use super::convert::{Convention, DateStyle, format_fault};
use super::error::{Mistake, Place};
use super::form::Form;
use super::naming::{self, NameStep};
use super::proposal;
use super::short::Short;
use super::steps::{Case, Steps};
use super::suggest::listed;
use super::syntax::{Keys, Node, Section, this_is, unknown_word, wrong};
use super::template::Template;
use crate::customer::{Bounds, Content, Kind, Target, Value};
use crate::names::NameList;
use crate::outcome::{Bilingual, borrowed, both};

/// A value of the mapping, compiled.
#[derive(Clone, Debug)]
pub(super) struct ValueSpec {
    /// The API's field.
    pub(super) target: Target,
    /// Where its text comes from.
    pub(super) origin: Origin,
    /// What happens to the text.
    pub(super) steps: Steps,
    /// Whether the mapping makes it obligatory although the API does not.
    pub(super) required: bool,
    /// Its one step, if it can take the short way.
    pub(super) short: Option<Short>,
    /// Whether it is nothing, and no error, where its columns are empty.
    pub(super) may_be_nothing: bool,
}

/// Where a text comes from. Columns are numbered by the mapping's list of columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// One column.
    Column([usize; 1]),
    /// The first column that is filled.
    FirstOf(Vec<usize>),
    /// All columns that are filled, with this between them.
    Join(Vec<usize>, String),
    /// What a template writes.
    Template(Template),
    /// No column: the same for all.
    Constant(Value<'static>),
    /// No column and no constant: only the default.
    Nothing,
}

impl Origin {
    /// The columns that it reads.
    pub(super) fn columns(&self) -> &[usize] {
        match self {
            Self::Column(column) => column,
            Self::FirstOf(columns) | Self::Join(columns, _) => columns,
            Self::Template(template) => template.columns(),
            Self::Constant(_) | Self::Nothing => &[],
        }
    }
}

/// Keys of a value.
pub(super) const KEYS: Keys = &[
    "column",
    "first_of",
    "join",
    "with",
    "template",
    "value",
    "extract",
    "replace",
    "lookup",
    "lookup_file",
    "otherwise",
    "as",
    "case",
    "default",
    "required",
    "date",
    "decimal",
    "max",
    "cut",
];

/// Keys that say where a text comes from.
const SOURCES: [&str; 5] = ["column", "first_of", "join", "template", "value"];

impl ValueSpec {
    /// Reads the value of `target`.
    pub(super) fn read(target: Target, node: &Node<'_>, compiler: &mut Compiler) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(name) if name == proposal::PLACEHOLDER => {
                compiler.mistakes.push(
                    Mistake::at(node.span(), both!("`{target}` is still to be filled in", "`{target}` ist noch auszufüllen")).help(
                        both!(
"write the column's name, or {{ value = … }} if it is the same for all",
"den Namen der Spalte schreiben, oder {{ value = … }}, wenn er für alle gleich ist"),
                    ),
                );
                None
            }
            DeValue::String(name) => {
                let column = compiler.column(name, node.span());
                let steps = steps_of(target, compiler);
                Some(Self::of(target, Origin::Column([column]), steps, false))
            }
            DeValue::Table(table) => {
                let mut section = Section::of(table, both!("a value", "ein Wert"), KEYS);
                let value = Self::read_table(target, &mut section, node.span(), compiler);
                section.close(&mut compiler.mistakes);
                value
            }
            other => {
                compiler.mistakes.push(short_form(target, node, other));
                None
            }
        }
    }

    fn read_table(
        target: Target,
        section: &mut Section<'_, '_>,
        place: Place,
        compiler: &mut Compiler,
    ) -> Option<Self> {
        let mut steps = steps_of(target, compiler);
        read_form(target, section, &mut steps);
        read_texts(target, section, &mut steps);
        read_conventions(target, section, &mut steps);
        read_length(target, section, &mut steps);
        table::read(target, section, &mut steps, compiler);
        if let Some(node) = section.get("default") {
            steps.default = constant(target, node, &steps, Constant::Default, section);
        }
        let origin = read_origin(target, section, &steps, place, compiler);
        let required = section.flag("required").unwrap_or(false);
        Some(Self::of(target, origin?, steps, required))
    }

    fn of(target: Target, origin: Origin, steps: Steps, required: bool) -> Self {
        Self {
            target,
            short: Short::of(&origin, &steps),
            // What the API demands is for validation to ask for.
            may_be_nothing: steps.default.is_none() && (!required || target.field().required),
            origin,
            steps,
            required,
        }
    }
}

fn short_form(target: Target, node: &Node<'_>, value: &DeValue<'_>) -> Mistake {
    let help = match value {
        DeValue::Array(_) => {
            both!(
                "several columns: {{ first_of = [\"A\", \"B\"] }} or {{ join = [\"A\", \"B\"] }}",
                "mehrere Spalten: {{ first_of = [\"A\", \"B\"] }} oder {{ join = [\"A\", \"B\"] }}"
            )
        }
        DeValue::Integer(_) => {
            both!(
                "the same for all records: {{ value = 1 }}; a column of an input without header: \"1\"",
                "für alle Datensätze dasselbe: {{ value = 1 }}; eine Spalte einer Eingabe ohne Kopfzeile: \"1\""
            )
        }
        _ => both!(
            "the same for all records: {{ value = … }}",
            "für alle Datensätze dasselbe: {{ value = … }}"
        ),
    };
    Mistake::at(
        node.span(),
        both!(
            "`{target}` must be a column in quotes or a table",
            "`{target}` muss eine Spalte in Anführungszeichen oder eine Tabelle sein"
        ),
    )
    .label(this_is(value))
    .help(help)
}

/// The steps that a target has without being asked for any.
fn steps_of(target: Target, compiler: &Compiler) -> Steps {
    let field = target.field();
    let mut steps = Steps::of_kind(field.kind);
    steps.convention = compiler.convention;
    if field.kind == Kind::DateTime {
        steps.dates = DateStyle {
            formats: compiler.date_formats.clone(),
            birthday: field.content == Content::Birthday,
        };
    }
    steps
}

fn read_origin(
    target: Target,
    section: &mut Section<'_, '_>,
    steps: &Steps,
    place: Place,
    compiler: &mut Compiler,
) -> Option<Origin> {
    let given: Vec<&str> = SOURCES
        .into_iter()
        .filter(|key| section.get(key).is_some())
        .collect();
    if let [first, second, ..] = given[..] {
        let place = section.key_place(second).unwrap_or(place);
        return section.complain(
            Mistake::at(
                place,
                both!(
                    "`{target}` has two sources: `{first}` and `{second}`",
                    "`{target}` hat zwei Quellen: `{first}` und `{second}`"
                ),
            )
            .help(both!(
                "take one; `first_of` and `join` take several columns",
                "eine davon nehmen; mehrere Spalten nehmen `first_of` und `join`"
            )),
        );
    }
    if let (Some(with), None) = (section.key_place("with"), section.get("join")) {
        let title = both!("`with` without `join`", "`with` ohne `join`");
        section.mistake(Mistake::at(with, title));
    }
    match given.first().copied() {
        Some("column") => {
            let (name, place) = section.text("column")?;
            Some(Origin::Column([compiler.column(name, place)]))
        }
        Some("first_of") => Some(Origin::FirstOf(columns(section, "first_of", compiler)?)),
        Some("join") => {
            let columns = columns(section, "join", compiler)?;
            let with = match section.get("with") {
                Some(_) => section.text("with")?.0,
                None => " ",
            };
            Some(Origin::Join(columns, with.to_owned()))
        }
        Some("template") => {
            let (source, place) = section.text("template")?;
            match Template::read(source, &place, compiler) {
                Ok(template) => Some(Origin::Template(template)),
                Err(mistakes) => {
                    compiler.mistakes.extend(mistakes);
                    None
                }
            }
        }
        Some(_) => {
            let node = section.get("value")?;
            constant(target, node, steps, Constant::Value, section).map(Origin::Constant)
        }
        None if section.get("default").is_some() => Some(Origin::Nothing),
        None => section.complain(
            Mistake::at(
                place,
                both!("`{target}` has no source", "`{target}` hat keine Quelle"),
            )
            .help(both!([sources = listed(SOURCES, SOURCES.len())]
                "say where it comes from: {sources}", "sagen, woher er kommt: {sources}"
            )),
        ),
    }
}

fn columns(
    section: &mut Section<'_, '_>,
    key: &str,
    compiler: &mut Compiler,
) -> Option<Vec<usize>> {
    let names = section.texts(key)?;
    if names.is_empty() {
        let place = section.get(key)?.span();
        let title = both!("`{key}` names no column", "`{key}` nennt keine Spalte");
        return section.complain(Mistake::at(place, title));
    }
    Some(
        names
            .into_iter()
            .map(|(name, place)| compiler.column(name, place))
            .collect(),
    )
}

fn read_form(target: Target, section: &mut Section<'_, '_>, steps: &mut Steps) {
    let Some((name, place)) = section.text("as") else {
        return;
    };
    if let Some(mut step) = NameStep::of_word(name) {
        if let Some(mistake) = step.misfit(target, place) {
            return section.mistake(mistake);
        }
        step.written = naming::written(section);
        steps.names = Some(step);
        return;
    }
    let Some((_, form)) = Form::NAMES.iter().find(|(known, _)| *known == name) else {
        let names = Form::NAMES.iter().map(|(name, _)| *name);
        let names = names.chain(NameList::ALL.map(NameList::form));
        return section.mistake(unknown_word(name, place, "as", names));
    };
    if form.kind() == target.field().kind {
        steps.form = Some(*form);
    } else {
        section.mistake(Mistake::at(
            place,
            both!([kind = kind_name(target.field().kind)]
                "`as = \"{name}\"` does not fit `{target}`, which is {kind}",
                "`as = \"{name}\"` passt nicht zu `{target}` ({kind})"
            ),
        ));
    }
}

fn read_texts(target: Target, section: &mut Section<'_, '_>, steps: &mut Steps) {
    if let Some((expression, place)) = section.text("extract") {
        match regex::Regex::new(expression) {
            Ok(found) if found.captures_len() > 1 => steps.extract = Some(found),
            Ok(_) => section.mistake(
                Mistake::at(
                    place,
                    both!("`extract` has no group", "`extract` hat keine Klammern"),
                )
                .help(both!(
                    "put parentheses around the part that is wanted: '^([0-9]+)'",
                    "den gesuchten Teil einklammern: '^([0-9]+)'"
                )),
            ),
            Err(error) => section.mistake(bad_expression(place, "extract", &error)),
        }
    }
    let table = section.entries("replace");
    for (from, to) in table.into_iter().flatten() {
        if from.get_ref().is_empty() {
            let title = both!(
                "an empty text cannot be replaced",
                "ein leerer Text lässt sich nicht ersetzen"
            );
            section.mistake(Mistake::at(from.span(), title));
        }
        match to.get_ref().as_str() {
            Some(text) => {
                let pair = (from.get_ref().clone().into_owned(), text.to_owned());
                steps.replace.push(pair);
            }
            None => section.mistake(wrong(
                to,
                &both!("a replacement", "ein Ersatztext"),
                &both!("text in quotes", "Text in Anführungszeichen"),
            )),
        }
    }
    if section.get("case").is_some() {
        let words = [("upper", Case::Upper), ("lower", Case::Lower)];
        steps.case = section.word("case", &words);
        if steps.kind != Kind::Text {
            does_not_fit(target, section, "case");
        }
    }
}

/// The mistake of a regular expression that cannot be read: the reason is its last line.
pub(super) fn bad_expression(place: Place, key: &str, error: &regex::Error) -> Mistake {
    let error = error.to_string();
    let reason = error.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    let help = if reason.contains("Unicode") {
        both!(
            "\\p{{L}} (letters), \\p{{Lu}} (capitals), \\p{{Greek}} (a script) and their like are known",
            "bekannt sind \\p{{L}} (Buchstaben), \\p{{Lu}} (Großbuchstaben), \\p{{Greek}} (eine Schrift) und ihresgleichen"
        )
    } else if reason.starts_with("look-around") {
        both!(
            "look-around does not exist: put parentheses around the part that is wanted",
            "Umschau (look-around) gibt es nicht: den gesuchten Teil einklammern"
        )
    } else {
        both!(
            "in single quotes a backslash needs no doubling: '^\\d+'",
            "in einfachen Anführungszeichen braucht ein Backslash keine Verdopplung: '^\\d+'"
        )
    };
    let title = both!([reason = borrowed::of_regex(reason)]
        "`{key}` is no regular expression: {reason}",
        "`{key}` ist kein regulärer Ausdruck: {reason}"
    );
    Mistake::at(place, title).help(help)
}

fn read_conventions(target: Target, section: &mut Section<'_, '_>, steps: &mut Steps) {
    if let Some(formats) = section.one_or_more("date") {
        if steps.kind == Kind::DateTime {
            steps.dates.formats = date_formats(formats, section);
        } else {
            does_not_fit(target, section, "date");
        }
    }
    if section.get("decimal").is_some() {
        if steps.kind != Kind::Decimal {
            let help = (steps.kind == Kind::Integer).then(|| whole_amounts(section));
            misfit(target, section, "decimal", help);
        } else if let Some(convention) = section.word("decimal", CONVENTIONS) {
            steps.convention = convention;
        }
    }
}

/// What `decimal` takes.
pub(super) const CONVENTIONS: &[(&str, Convention)] =
    &[(".", Convention::Point), (",", Convention::Comma)];

/// The formats of `date`, tried out.
pub(super) fn date_formats(
    formats: Vec<(&str, Place)>,
    section: &mut Section<'_, '_>,
) -> Vec<String> {
    let mut good = Vec::with_capacity(formats.len());
    for (format, place) in formats {
        match format_fault(format) {
            None => good.push(format.to_owned()),
            Some(why) => section.mistake(
                Mistake::at(place, both!([why = borrowed::of_date_format(&why)] "`date` cannot read dates by \"{format}\": {why}", "`date` kann mit \"{format}\" kein Datum lesen: {why}"))
                    .help(both!("31.12.1985 is \"%d.%m.%Y\", 31.12.85 is \"%d.%m.%y\", 12/31/1985 is \"%m/%d/%Y\"", "31.12.1985 ist \"%d.%m.%Y\", 31.12.85 ist \"%d.%m.%y\", 12/31/1985 ist \"%m/%d/%Y\"")),
            ),
        }
    }
    good
}

/// How amounts with cents become whole ones.
fn whole_amounts(section: &mut Section<'_, '_>) -> Bilingual {
    let is_comma = section.text("decimal").is_none_or(|(text, _)| text == ",");
    let (amount, between) = if is_comma {
        ("1.234,56", ".")
    } else {
        ("1,234.56", ",")
    };
    both!(
        "extract = '^([\\d{between}]+)', replace = {{ \"{between}\" = \"\" }} makes 1234 of {amount}",
        "extract = '^([\\d{between}]+)', replace = {{ \"{between}\" = \"\" }} macht 1234 aus {amount}"
    )
}

fn does_not_fit(target: Target, section: &mut Section<'_, '_>, key: &str) {
    misfit(target, section, key, None);
}

fn misfit(target: Target, section: &mut Section<'_, '_>, key: &str, help: Option<Bilingual>) {
    if let Some(place) = section.key_place(key) {
        let title = both!([kind = kind_name(target.field().kind)]
            "`{key}` does not fit `{target}`, which is {kind}",
            "`{key}` passt nicht zu `{target}` ({kind})"
        );
        let mistake = Mistake::at(place, title);
        section.mistake(match help {
            Some(help) => mistake.help(help),
            None => mistake,
        });
    }
}

/// What people call a type of the API.
pub(super) fn kind_name(kind: Kind) -> Bilingual {
    match kind {
        Kind::Text => both!("text", "Text"),
        Kind::Integer => both!("a whole number", "eine ganze Zahl"),
        Kind::Decimal => both!("a decimal number", "eine Dezimalzahl"),
        Kind::Boolean => both!("yes or no", "ja oder nein"),
        Kind::DateTime => both!("a date", "ein Datum"),
    }
}

fn read_length(target: Target, section: &mut Section<'_, '_>, steps: &mut Steps) {
    if section.get("max").is_some() && steps.kind != Kind::Text {
        does_not_fit(target, section, "max");
    } else if let Some((max, place)) = section.number("max", 1) {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        steps.max = Some(max);
        if let Bounds::Length { max: limit, .. } = target.field().bounds
            && max > limit
        {
            section.mistake(
                Mistake::at(
                    place,
                    both!(
                        "`{target}` takes at most {limit} characters",
                        "`{target}` nimmt höchstens {limit} Zeichen"
                    ),
                )
                .help(both!("write max = {limit}", "max = {limit} schreiben")),
            );
        }
    }
    steps.cut = section.flag("cut").unwrap_or(false);
    if let (true, None, Some(place)) = (steps.cut, section.get("max"), section.key_place("cut")) {
        let title = both!("`cut` without `max`", "`cut` ohne `max`");
        section.mistake(Mistake::at(place, title).help(both!(
            "say how long it may be, such as max = 30",
            "sagen, wie lang er sein darf, etwa max = 30"
        )));
    }
}

fn constant(
    target: Target,
    node: &Node<'_>,
    steps: &Steps,
    role: Constant,
    section: &mut Section<'_, '_>,
) -> Option<Value<'static>> {
    match fit(target, node, steps, role) {
        Ok(value) => Some(value),
        Err(mistake) => section.complain(mistake),
    }
}
