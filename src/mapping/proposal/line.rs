//! One proposed line: a target, where its value comes from, and how sure that is.

use super::write::{Written, key, list, quote};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A column.
    Column(String),
    /// The first filled one of some columns.
    FirstOf(Vec<String>),
    /// Columns put together.
    Join(Vec<String>, &'static str),
    /// A template.
    Template(String),
    /// The same for all, as TOML writes it.
    Value(String),
}

/// A value: its source and its steps, as TOML writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposed {
    /// Where it comes from.
    pub(super) from: From,
    /// Steps by their key.
    pub(super) steps: Vec<(&'static str, String)>,
}

impl Proposed {
    /// A value without steps.
    pub(super) fn of(from: From) -> Self {
        Self {
            from,
            steps: Vec::new(),
        }
    }

    /// With one more step.
    pub(super) fn step(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.steps.push((key, value.into()));
        self
    }

    /// The columns that it reads.
    pub(super) fn columns(&self) -> &[String] {
        match &self.from {
            From::Column(column) => std::slice::from_ref(column),
            From::FirstOf(columns) | From::Join(columns, _) => columns,
            From::Template(_) | From::Value(_) => &[],
        }
    }

    /// As TOML writes it.
    pub(super) fn toml(&self) -> String {
        let mut parts = match &self.from {
            From::Column(column) if self.steps.is_empty() => return quote(column),
            From::Column(column) => vec![format!("column = {}", quote(column))],
            From::FirstOf(columns) => {
                let columns = columns.iter().map(String::as_str);
                vec![format!("first_of = {}", list(columns))]
            }
            From::Join(columns, with) => {
                let columns = columns.iter().map(String::as_str);
                let list = list(columns);
                vec![format!("join = {list}"), format!("with = {}", quote(with))]
            }
            From::Template(template) => vec![format!("template = {}", quote(template))],
            From::Value(value) => vec![format!("value = {value}")],
        };
        let steps = self.steps.iter();
        parts.extend(steps.map(|(key, value)| format!("{key} = {value}")));
        format!("{{ {} }}", parts.join(", "))
    }
}

/// A table of texts, as TOML writes it.
pub(super) fn table(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(from, to)| format!("{} = {}", quote(from), quote(to)))
        .collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// A proposed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The target's name within its object.
    pub(super) key: &'static str,
    /// Its value; nothing: the line is `code` as it stands.
    pub(super) value: String,
    /// Columns that it reads.
    pub(super) columns: Vec<String>,
    /// How sure it is, in per cent.
    pub(super) sure: u8,
    /// What speaks for it.
    pub(super) why: String,
    /// What somebody has to fill in or to confirm.
    pub(super) mark: Option<String>,
    /// Whether it is only a suggestion, behind a `#`.
    pub(super) off: bool,
}

/// What marks a line that somebody has to look at. It is searched for.
pub(super) const MARK: &str = "FILL IN";

impl Line {
    /// A line for `key`.
    pub(super) fn new(key: &'static str, value: &Proposed, sure: u8, why: String) -> Self {
        Self {
            key,
            value: value.toml(),
            columns: value.columns().to_vec(),
            sure,
            why,
            mark: None,
            off: false,
        }
    }

    /// With a mark.
    pub(super) fn marked(mut self, mark: impl Into<String>) -> Self {
        self.mark = Some(mark.into());
        self
    }

    /// As it is written, its key padded to `width`.
    fn written(&self, width: usize) -> Written {
        let key = key(self.key);
        let code = format!("{key:<width$} = {}", self.value);
        let remark = match &self.mark {
            Some(mark) if self.sure == 0 => format!("{MARK}: {mark}"),
            Some(mark) => format!("{MARK}: {mark} ({}%: {})", self.sure, self.why),
            None => format!("{}%: {}", self.sure, self.why),
        };
        Written {
            code: if self.off { format!("# {code}") } else { code },
            remark,
        }
    }
}

/// A table of the file with its lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Its heading, brackets and all.
    pub(super) heading: String,
    /// Lines before the proposed ones, as they are.
    pub(super) first: Vec<(String, String, String)>,
    /// The proposed lines.
    pub(super) lines: Vec<Line>,
}

impl Block {
    /// Whether it has a line that counts.
    pub(super) fn has(&self, key: &str) -> bool {
        self.lines.iter().any(|line| line.key == key && !line.off)
    }

    /// As it is written.
    pub(super) fn written(&self) -> Vec<Written> {
        let keys = self.first.iter().map(|(key, ..)| key.len());
        let width = keys
            .chain(self.lines.iter().map(|line| line.key.len()))
            .max()
            .unwrap_or(0);
        let mut written = vec![Written::plain(self.heading.clone())];
        for (key, value, remark) in &self.first {
            written.push(Written {
                code: format!("{key:<width$} = {value}"),
                remark: remark.clone(),
            });
        }
        written.extend(self.lines.iter().map(|line| line.written(width)));
        written
    }
}
