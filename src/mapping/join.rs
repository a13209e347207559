//! `[join]`: a second file whose rows are looked up by columns that both files share. Its columns
//! are then addressed as `addresses.City`.
//!
//! Owns what the mapping says about it. The file is read, and its cells are put beside each
//! record, by whoever reads the input: mapping stays pure.

use super::compile::Compiler;
use super::error::Mistake;
use super::plan::Plan;
use super::syntax::{Keys, Node, Section};
use super::trim::{folded, trimmed};
use super::{Columns, Mapping, MappingError};
use crate::outcome::{Bilingual, both};

/// `[join]`, compiled.
#[derive(Clone, Debug)]
pub(super) struct JoinSpec {
    file: String,
    /// What its columns' names begin with, the dot included.
    pub(super) prefix: String,
    /// Columns of the input, and those of the file that hold the same.
    on: Vec<(usize, usize)>,
}

/// Keys of the table.
pub(super) const KEYS: Keys = &["file", "name", "on"];

fn example() -> Bilingual {
    both!(
        "on = {{ \"Customer ID\" = \"Customer ID\" }}: the input's column, then the other file's",
        "on = {{ \"Customer ID\" = \"Customer ID\" }}: die Spalte der Eingabe, dann die der anderen Datei"
    )
}

/// Reads `[join]`.
pub(super) fn read(node: Option<&Node<'_>>, compiler: &mut Compiler) -> Option<JoinSpec> {
    let node = node?;
    let mut section = match Section::open(node, Bilingual::same("[join]"), KEYS) {
        Ok(section) => section,
        Err(mistake) => {
            compiler.mistakes.push(mistake);
            return None;
        }
    };
    for (key, help) in [
        (
            "file",
            both!(
                "file = \"addresses.csv\": it lies beside the input",
                "file = \"addresses.csv\": sie liegt neben der Eingabe"
            ),
        ),
        ("on", example()),
    ] {
        if section.get(key).is_none() {
            let title = both!("[join] needs `{key}`", "[join] braucht `{key}`");
            section.mistake(Mistake::at(node.span(), title).help(help));
        }
    }
    let file = section.text("file").map(|(file, _)| file.to_owned());
    let name = section.text("name").map(|(name, _)| name.to_owned());
    let pairs = section.entries("on");
    let mut named = Vec::new();
    if let Some(pairs) = pairs {
        for (key, node) in pairs {
            match node.get_ref().as_str() {
                Some(theirs) => {
                    named.push((key.get_ref().as_ref(), key.span(), theirs, node.span()));
                }
                None => {
                    let title = both!(
                        "`on` must name a column in quotes",
                        "`on` muss eine Spalte in Anführungszeichen nennen"
                    );
                    section.mistake(Mistake::at(node.span(), title).help(example()));
                }
            }
        }
        if pairs.is_empty() {
            let place = section.key_place("on").unwrap_or(node.span());
            let title = both!("`on` names no column", "`on` nennt keine Spalte");
            section.mistake(Mistake::at(place, title).help(example()));
        }
    }
    section.close(&mut compiler.mistakes);
    let file = file?;
    let prefix = format!("{}.", name.as_deref().unwrap_or_else(|| stem(&file)));
    let on = named
        .into_iter()
        .map(|(ours, place, theirs, other)| {
            let ours = compiler.column(ours, place);
            (ours, compiler.column(&format!("{prefix}{theirs}"), other))
        })
        .collect();
    Some(JoinSpec { file, prefix, on })
}

/// A file's name without folders and endings: `data/addresses.csv.gz` is `addresses`.
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let plain = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".zst"))
        .unwrap_or(name);
    match plain.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => plain,
    }
}

impl JoinSpec {
    /// What a column of the joined records is called in the second file; none if it is not of
    /// there.
    pub(super) fn name_there<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (start, rest) = name.split_at_checked(self.prefix.len())?;
        (folded(start) == folded(&self.prefix)).then_some(rest)
    }
}

impl Mapping {
    /// The second file of `[join]`, as the mapping names it.
    #[must_use]
    pub fn joined_file(&self) -> Option<&str> {
        self.compiled.join.as_ref().map(|join| join.file.as_str())
    }

    /// What the columns of the second file are called here, by their names there.
    #[must_use]
    pub fn joined_header(&self, theirs: &[String]) -> Vec<String> {
        let join = self.compiled.join.iter();
        join.flat_map(|join| theirs.iter().map(|name| format!("{}{name}", join.prefix)))
            .collect()
    }

    /// What a column of the joined records is called in the second file; none if it is not of
    /// there.
    #[must_use]
    pub fn name_there<'n>(&self, name: &'n str) -> Option<&'n str> {
        self.compiled.join.as_ref()?.name_there(name)
    }

    /// As [`bind`](Self::bind), where the second file is not at hand, for those who look at the
    /// input's own columns alone: the file seems to have the columns that the mapping names,
    /// and nothing in them.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_alone(&self, header: &[String]) -> Result<Plan, MappingError> {
        let Some(join) = &self.compiled.join else {
            return self.bind(Columns::Header(header));
        };
        let prefix = folded(&join.prefix);
        let columns = self.compiled.columns.iter().map(|column| &column.name);
        let theirs = columns.filter(|name| folded(name).starts_with(&prefix));
        let all: Vec<String> = header.iter().chain(theirs).cloned().collect();
        self.bind(Columns::Header(&all))
    }
}

impl Plan {
    /// The places of the cells by which records are joined: in the input's rows, and behind
    /// them, in the order of the joined header.
    #[must_use]
    pub fn join_cells(&self) -> Vec<(usize, usize)> {
        let join = self.compiled.join.iter();
        join.flat_map(|join| &join.on)
            .filter_map(|(ours, theirs)| {
                Some((self.bound.place(*ours)?, self.bound.place(*theirs)?))
            })
            .collect()
    }

    /// The columns of the input by which records are joined, as it spells them.
    #[must_use]
    pub fn join_columns(&self) -> Vec<String> {
        let join = self.compiled.join.iter();
        join.flat_map(|join| &join.on)
            .filter_map(|(ours, _)| self.bound.names.get(*ours).cloned())
            .collect()
    }

    /// These columns and, if one of them is the second file's, those by which it is looked up: a
    /// value of that file is corrected there, or by another key here.
    #[must_use]
    pub fn with_keys(&self, mut columns: Vec<String>) -> Vec<String> {
        let Some(join) = &self.compiled.join else {
            return columns;
        };
        let prefix = folded(&join.prefix);
        if columns.iter().any(|name| folded(name).starts_with(&prefix)) {
            columns.extend(self.join_columns());
        }
        columns
    }

    /// The form in which keys are compared: without outer blanks and without regard to case; a
    /// text that means "nothing" is empty.
    #[must_use]
    pub fn join_key(&self, text: &str) -> String {
        let text = trimmed(text);
        if self.compiled.empty.iter().any(|nothing| nothing == text) {
            return String::new();
        }
        folded(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Cells, Fields, Position, Record, Span};

    const CUSTOMER: &str = r#"[customer]
Number = "Nr"
CustomerGroupId = { value = 1 }
InternalCompanyId = { value = 1 }
LanguageIso = { value = "DE" }
[customer.BillingAddress]
City = "adr.Ort"
CountryIso = { value = "DE" }
"#;

    fn mapping(join: &str) -> Result<Mapping, MappingError> {
        Mapping::parse("m.toml", &format!("{CUSTOMER}{join}"))
    }

    fn brief(join: &str) -> Vec<String> {
        mapping(join)
            .err()
            .map_or_else(Vec::new, |error| error.brief())
    }

    fn header(names: &str) -> Vec<String> {
        names.split(';').map(str::to_owned).collect()
    }

    #[test]
    fn every_mistake_has_its_sentence() {
        assert_eq!(
            brief("[join]\nfile = \"adr.csv\"\non = { Nr = \"Kunde\" }\n"),
            [""; 0]
        );
        assert_eq!(
            brief("[join]\nfil = \"adr.csv\"\n"),
            [
                "[join] needs `file` => file = \"addresses.csv\": it lies beside the input"
                    .to_owned(),
                format!("[join] needs `on` => {}", example().english),
                "unknown key `fil` in [join] => did you mean `file`?".to_owned(),
            ]
        );
        assert_eq!(
            brief("[join]\nfile = \"adr.csv\"\non = {}\n"),
            [format!("`on` names no column => {}", example().english)]
        );
        assert_eq!(
            brief("[join]\nfile = \"adr.csv\"\non = { Nr = 1 }\n"),
            [format!(
                "`on` must name a column in quotes => {}",
                example().english
            )]
        );
        assert_eq!(brief("[join]\nfile = 1\non = \"Nr\"\n").len(), 2);
    }

    #[test]
    fn columns_bear_the_file_s_name() {
        for (file, name) in [
            ("adr.csv", "adr"),
            ("../data/adr.csv", "adr"),
            ("data\\adr.xlsx", "adr"),
            ("adr.csv.gz", "adr"),
            ("old.adr.csv", "old.adr"),
            (".hidden", ".hidden"),
        ] {
            assert_eq!(stem(file), name);
        }
        let join = mapping("[join]\nfile = \"x.csv\"\nname = \"adr\"\non = { Nr = \"Kunde\" }\n");
        let join = join.unwrap();
        assert_eq!(
            join.joined_header(&header("Kunde;Ort")),
            ["adr.Kunde", "adr.Ort"]
        );
    }

    #[test]
    fn a_misspelt_column_of_the_second_file_is_found() {
        let join = mapping("[join]\nfile = \"adr.csv\"\non = { Nr = \"Kunde\" }\n").unwrap();
        let fit = |names: &str| match join.bind(Columns::Header(&header(names))) {
            Ok(plan) => vec![format!(
                "{:?} {:?}",
                plan.join_cells(),
                plan.unused_columns()
            )],
            Err(error) => error.brief(),
        };
        assert_eq!(
            fit("Nr;Note;adr.Kunde;adr.Ort;adr.Rest"),
            ["[(0, 2)] [\"Note\", \"adr.Rest\"]"]
        );
        let told = fit("Nr;adr.Kunden;adr.Ort").concat();
        assert!(
            told.contains("adr.Kunde") && told.contains("did you mean `adr.Kunden`"),
            "{told}"
        );
    }

    #[test]
    fn without_the_second_file_its_columns_are_empty() {
        let join = mapping("[join]\nfile = \"adr.csv\"\non = { Nr = \"Kunde\" }\n").unwrap();
        let plan = join.bind_alone(&header("Nr")).unwrap();
        let record = Record {
            position: Position { record: 1, line: 2 },
            span: Span { start: 0, end: 0 },
            fields: Fields::Cells(["C1"].into_iter().collect::<Cells>()),
        };
        let draft = plan
            .apply(&record, &mut super::super::Tally::default())
            .unwrap();
        assert_eq!(draft.customer.fields.text("Number"), Some("C1"));
        assert_eq!(draft.customer.billing.unwrap().text("City"), None);
        assert!(join.bind_alone(&header("Kunde")).is_err());
    }
}
