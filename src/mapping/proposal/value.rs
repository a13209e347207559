//! From recognised columns to the value of a target: its source, its steps, and what speaks
//! for them.

use super::assign::{Found, Pick, look_of};
use super::dates::{Dates, dates_of};
use super::line::{From, Line, Proposed, table};
use super::seen::Table;
use super::shape::{Look, Shape};
use super::topic::Topic;
use super::write::{quote, shown};
use crate::country;
use crate::outcome::{Bilingual, Language, both};

/// Takes away what spreadsheets put around a value.
const UNGUARD: &str = "(?s)^(?:'|=\")?(.*?)\"?$";
/// Takes an address out of `Name <address>`.
const UNANGLE: &str = "^(?:[^<]*<)?([^<>]*)>?$";
/// Takes the first of several addresses.
const FIRST_OF_LIST: &str = "^([^;,\\s]+)";
/// Takes the days out of `14 Tage`.
const DAYS: &str = "^([0-9]+)";

/// What values are made of.
pub(super) struct Maker<'t> {
    /// The sample.
    pub(super) table: &'t Table<'t>,
    /// What was recognised.
    pub(super) found: &'t Found,
    /// Whether the input has a header.
    pub(super) named: bool,
    /// Day and month are the American way round where no value decides.
    pub(super) american: bool,
    /// The language of what is said.
    pub(super) language: Language,
}

impl Maker<'_> {
    /// The text, in the language in which things are said.
    pub(super) fn say(&self, text: Bilingual) -> String {
        text.told_in(self.language)
    }

    /// A column's name.
    pub(super) fn name(&self, column: usize) -> String {
        let column = self.table.columns.get(column);
        column.map_or_else(String::new, |column| column.name.to_string())
    }

    fn shape(&self, pick: Pick) -> Option<&Shape> {
        self.found.shape(pick.column)
    }

    /// What speaks for a column: its name, its values.
    pub(super) fn why(&self, pick: Pick, topic: Topic) -> String {
        let name = shown(&self.name(pick.column));
        let by = match (self.named, pick.by_name) {
            (true, true) => both!("header {name}", "Kopfzeile {name}"),
            (true, false) => both!("by the values of {name}", "nach den Werten von {name}"),
            (false, _) => both!(
                "by the values of column {name}",
                "nach den Werten der Spalte {name}"
            ),
        };
        let Some(shape) = self.shape(pick) else {
            return self.say(by);
        };
        if shape.filled == 0 {
            return self.say(both!([by] "{by}, no values", "{by}, keine Werte"));
        }
        let (filled, records) = (shape.filled, self.table.records);
        match look_of(topic) {
            Some(look) => {
                let good = shape.count(look);
                self.say(both!([by, what = noun(topic)]
                    "{by}, {good} of {filled} values are {what}",
                    "{by}, {good} von {filled} Werten sind {what}"
                ))
            }
            None => self.say(both!([by]
                "{by}, filled in {filled} of {records} records",
                "{by}, gefüllt in {filled} von {records} Datensätzen"
            )),
        }
    }

    /// A line from one column, or from the first filled one of several.
    pub(super) fn line(&self, key: &'static str, topic: Topic, picks: &[Pick]) -> Option<Line> {
        let first = *picks.first()?;
        let shape = self.shape(first)?;
        let from = match picks {
            [one] => From::Column(self.name(one.column)),
            several => From::FirstOf(several.iter().map(|pick| self.name(pick.column)).collect()),
        };
        let mut value = Proposed::of(from);
        let mut mark = None;
        let mut off = false;
        let mut why = self.why(first, topic);
        match topic {
            Topic::Email => (value, off) = self.email(value, picks, shape, &mut why),
            Topic::PostalCode => {
                value = value.step("as", quote("postal_code"));
                let short = self
                    .column_values(first)
                    .filter(|text| is_short(text))
                    .count();
                if short > 0 {
                    why.push_str(&self.say(both!(
                        ", {short} of four digits (a German one gets its zero back)",
                        ", {short} mit vier Ziffern (eine deutsche bekommt ihre Null zurück)"
                    )));
                }
            }
            Topic::Phone | Topic::Mobile | Topic::Fax => value = value.step("as", quote("phone")),
            Topic::VatId => value = value.step("as", quote("vat_id")),
            Topic::Country => value = value.step("as", quote("country")),
            Topic::Language => value = value.step("as", quote("language")),
            Topic::Salutation => {
                let known = shape.share(Look::Salutation).unwrap_or(1.0);
                value = match known >= 0.95 {
                    true => value.step("as", quote("salutation")),
                    false => value.step("max", "30").step("cut", "true"),
                };
            }
            Topic::Category | Topic::PaymentMethod => {
                value = value.step("as", quote(form_of(topic)));
                why.push_str(&self.say(both!(
                    "; if the texts are the names in Wawi",
                    "; wenn die Texte die Namen in der Wawi sind"
                )));
                // Whether they are, only the ERP knows.
                off = true;
            }
            Topic::Company2 => value = value.step("max", "60").step("cut", "true"),
            Topic::AccountNumber => {
                off = shape.filled == 0 || !shape.is_mostly(Look::Integer);
            }
            Topic::Birthday | Topic::Since | Topic::LastChange => {
                return self.date(key, topic, first);
            }
            Topic::Discount => (value, mark) = self.decimal(value, shape),
            Topic::PaymentDays if shape.count(Look::Days) > 0 => {
                value = value.step("extract", quote(DAYS));
            }
            Topic::CreditLimit => value = whole_amount(value, shape),
            Topic::Locked | Topic::StopDunning | Topic::CashRegister | Topic::Active => {
                return self.truth(key, topic, first);
            }
            _ if self.is_guarded(picks) => value = value.step("extract", quote(UNGUARD)),
            _ => {}
        }
        if shape.filled > 0 && first.sure < 45 {
            off = true;
        }
        let mut line = Line::new(key, &value, first.sure, why);
        line.mark = mark;
        line.off = off;
        Some(line)
    }

    /// An e-mail address, and whether it is a suggestion only.
    fn email(
        &self,
        mut value: Proposed,
        picks: &[Pick],
        shape: &Shape,
        why: &mut String,
    ) -> (Proposed, bool) {
        let any = |look| self.any(picks, look);
        if any(Look::InAngles) {
            value = value.step("extract", quote(UNANGLE));
        }
        if any(Look::Mailto) {
            value = value.step("replace", table(&[("mailto:", "")]));
        }
        let (several, filled) = (shape.count(Look::Emails), shape.filled);
        // Which of them is the right one, nobody here knows.
        let off = several * 20 > filled;
        if several > 0 {
            why.push_str(&self.say(both!(
                "; {several} of {filled} values are several addresses",
                "; {several} von {filled} Werten sind mehrere Adressen"
            )));
        }
        match (off, several) {
            (true, _) => {
                why.push_str(&self.say(both!(
                    ": this takes the first and leaves out the others",
                    ": dies nimmt die erste und lässt die anderen weg"
                )));
                value.steps.retain(|(step, _)| *step != "extract");
                value = value.step("extract", quote(FIRST_OF_LIST));
            }
            (false, 0) => {}
            (false, _) => {
                why.push_str(&self.say(both!(", which is an error", ", was ein Fehler ist")));
            }
        }
        (value.step("as", quote("email")), off)
    }

    /// Whether half of the values are guarded against spreadsheets; a lone apostrophe belongs
    /// to a name.
    fn is_guarded(&self, picks: &[Pick]) -> bool {
        let shapes = picks.iter().filter_map(|pick| self.shape(*pick));
        shapes
            .into_iter()
            .any(|shape| shape.share(Look::Guard).is_some_and(|share| share >= 0.5))
    }

    fn any(&self, picks: &[Pick], look: Look) -> bool {
        let shapes = picks.iter().filter_map(|pick| self.shape(*pick));
        shapes.into_iter().any(|shape| shape.count(look) > 0)
    }

    fn column_values(&self, pick: Pick) -> impl Iterator<Item = &str> {
        let column = self.table.columns.get(pick.column);
        column.into_iter().flat_map(|column| column.filled())
    }

    /// How the dates of a column are written.
    pub(super) fn dates(&self, pick: Pick) -> Dates {
        let column = self.table.columns.get(pick.column);
        column.map_or_else(Dates::default, |column| {
            dates_of(column, jiff::civil::date(2100, 1, 1), self.american)
        })
    }

    fn date(&self, key: &'static str, topic: Topic, pick: Pick) -> Option<Line> {
        let filled = self.shape(pick)?.filled;
        let dates = self.dates(pick);
        let mut value = Proposed::of(From::Column(self.name(pick.column)));
        match dates.formats.as_slice() {
            [] => {}
            [one] => value = value.step("date", quote(one)),
            several => {
                let formats = super::write::list(several.iter().map(String::as_str));
                value = value.step("date", formats);
            }
        }
        let by = self.why(pick, Topic::Login);
        let share = match filled {
            0 => 1.0,
            filled => dates.read as f64 / filled as f64,
        };
        let mut why = match (filled, dates.formats.as_slice()) {
            (0, _) => by,
            (_, []) => self.say(both!(
                "{by}, {read} read as year-month-day",
                "{by}, {read} gelesen als Jahr-Monat-Tag",
                read = dates.read
            )),
            (_, formats) => {
                let formats = Bilingual::of(|it| formats.join(it.pick(" or ", " oder ")));
                let read = dates.read;
                self.say(both!([formats]
                    "{by}, {read} read as {formats}",
                    "{by}, {read} gelesen als {formats}"
                ))
            }
        };
        if dates.serials > 0 {
            why.push_str(&self.say(both!(
                ", {serials} are a spreadsheet's numbers of days: format the column as dates",
                ", {serials} sind Tageszahlen einer Tabellenkalkulation: die Spalte als Datum formatieren",
                serials = dates.serials
            )));
        }
        let sure = match topic {
            Topic::LastChange => pick.sure.min(60),
            _ => pick.sure,
        };
        // A share is between 0 and 1.
        let sure = (f64::from(sure) * (0.4 + 0.6 * share)).round() as u8;
        let mut line = Line::new(key, &value, sure, why);
        line.off = share < 0.8;
        if let Some(rival) = dates.rival {
            line = line.marked(self.say(both!(
                "no value tells day from month: is it {rival}?",
                "kein Wert zeigt, was Tag und was Monat ist: ist es {rival}?"
            )));
        }
        Some(line)
    }

    fn decimal(&self, value: Proposed, shape: &Shape) -> (Proposed, Option<String>) {
        let value = match shape.count(Look::Percent) {
            0 => value,
            _ => value.step("replace", table(&[(" %", ""), ("%", "")])),
        };
        let (comma, point) = (shape.count(Look::Comma), shape.count(Look::Point));
        if comma > point {
            return (value.step("decimal", quote(",")), None);
        }
        // `1.234` and nothing that tells whether it is a thousand.
        let unsure = comma == point && shape.count(Look::Integer) < point;
        let mark = unsure.then(|| {
            self.say(both!(
                "no value tells whether the decimal sign is . or ,",
                "kein Wert zeigt, ob das Dezimalzeichen . oder , ist"
            ))
        });
        (value, mark)
    }

    fn truth(&self, key: &'static str, topic: Topic, pick: Pick) -> Option<Line> {
        let shape = self.shape(pick)?;
        let mut line = {
            let value = Proposed::of(From::Column(self.name(pick.column)));
            Line::new(key, &value, pick.sure, self.why(pick, topic))
        };
        let inverse = topic == Topic::Active;
        if shape.filled == 0 {
            line.off = inverse;
            return Some(line);
        }
        let Some(distinct) = &shape.distinct else {
            line.off = true;
            line.why.push_str(&self.say(both!(
                ", too many different values for yes or no",
                ", zu viele verschiedene Werte für ja oder nein"
            )));
            return Some(line);
        };
        let plain = shape.count(Look::Boolean) == shape.filled;
        if plain && !inverse {
            return Some(line);
        }
        let mut pairs = Vec::new();
        for word in distinct.keys() {
            let Some(truth) = truth_of(word) else {
                // One word that is neither is damage, as long as the others are clear.
                if shape.is_mostly(Look::Boolean) {
                    continue;
                }
                line.off = true;
                line.why.push_str(&self.say(both!(
                    ", not plainly yes or no",
                    ", nicht klar ja oder nein"
                )));
                return Some(line);
            };
            pairs.push(format!("{} = {}", quote(word), truth.is_locked(inverse)));
        }
        if !inverse && shape.is_mostly(Look::Boolean) {
            return Some(line);
        }
        // A flag says it one way only: what is not there yet needs its word, too.
        let lookup = format!("{{ {} }}", pairs.join(", "));
        let value = Proposed::of(From::Column(self.name(pick.column))).step("lookup", lookup);
        let mut line = Line::new(key, &value, pick.sure.min(85), line.why);
        if inverse {
            let locked = both!("; not active: locked", "; nicht aktiv: gesperrt");
            line.why.push_str(&self.say(locked));
        }
        Some(line)
    }

    /// The country that most records have.
    pub(super) fn usual_country(&self, pick: Option<Pick>) -> &'static str {
        let mut counts = std::collections::BTreeMap::new();
        for text in pick.into_iter().flat_map(|pick| self.column_values(pick)) {
            if let Some(iso) = country::country(text) {
                *counts.entry(iso).or_insert(0_usize) += 1;
            }
        }
        let most = counts
            .into_iter()
            .max_by_key(|(iso, count)| (*count, std::cmp::Reverse(*iso)));
        most.map_or("DE", |(iso, _)| iso)
    }
}

/// A whole amount: cents of nothing are taken away, and no limit at all is no limit of 0.
fn whole_amount(mut value: Proposed, shape: &Shape) -> Proposed {
    if shape.count(Look::WholeComma) > 0 {
        value = value.step("replace", table(&[(",00", ""), (".", "")]));
    } else if shape.count(Look::WholePoint) > 0 {
        value = value.step("replace", table(&[(".00", ""), (",", "")]));
    }
    if shape.count(Look::Zero) > 0 {
        value = value
            .step("lookup", table(&[("0", "")]))
            .step("otherwise", quote("keep"));
    }
    value
}

/// What a word of a flag says.
#[derive(Clone, Copy)]
enum Truth {
    /// Yes, for whatever the column's name says.
    Yes,
    /// No.
    No,
    /// The word itself says locked or not, whatever the name.
    Locked(bool),
}

impl Truth {
    fn is_locked(self, inverse: bool) -> bool {
        match self {
            Self::Yes => !inverse,
            Self::No => inverse,
            Self::Locked(locked) => locked,
        }
    }
}

fn truth_of(word: &str) -> Option<Truth> {
    if let Some(truth) = super::super::convert::boolean(word) {
        return Some(if truth { Truth::Yes } else { Truth::No });
    }
    match word.to_lowercase().as_str() {
        "on" | "wahr" => Some(Truth::Yes),
        "off" | "falsch" => Some(Truth::No),
        "aktiv" | "active" | "enabled" | "freigegeben" | "frei" | "offen" | "open"
        | "freigeschaltet" | "approved" | "confirmed" => Some(Truth::Locked(false)),
        "inaktiv" | "inactive" | "disabled" | "gesperrt" | "locked" | "blocked" | "banned"
        | "deaktiviert" | "suspended" | "pending" | "declined" => Some(Truth::Locked(true)),
        _ => None,
    }
}

/// What names in the ERP are called.
fn form_of(topic: Topic) -> &'static str {
    match topic {
        Topic::Category => "customer_category",
        _ => "payment_method",
    }
}

fn is_short(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the values of a topic are called.
fn noun(topic: Topic) -> Bilingual {
    match topic {
        Topic::Email => both!("e-mail addresses", "E-Mail-Adressen"),
        Topic::Phone | Topic::Mobile => both!("phone numbers", "Telefonnummern"),
        Topic::Fax => both!("fax numbers", "Faxnummern"),
        Topic::Website => both!("web addresses", "Webadressen"),
        Topic::PostalCode => both!("postal codes", "Postleitzahlen"),
        Topic::Country => both!("known countries", "bekannte Länder"),
        Topic::Language => both!("known languages", "bekannte Sprachen"),
        Topic::Salutation => both!("known salutations", "bekannte Anreden"),
        Topic::VatId => both!("VAT ids", "USt-IdNrn."),
        Topic::HouseNumber => both!("house numbers", "Hausnummern"),
        Topic::ZipCity => both!("postal codes with a city", "Postleitzahlen mit Ort"),
        _ => both!("whole numbers", "ganze Zahlen"),
    }
}
