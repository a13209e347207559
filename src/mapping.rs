//! The mapping file and what it compiles to.
//!
//! A mapping is read in three steps: its TOML text is compiled ([`Mapping`]: whatever is wrong
//! in itself is found there), bound to the columns of an input ([`Plan`]: whatever does not fit
//! the input is found there), and applied to records, which is pure. It owns the meaning of the
//! mapping file; it must not know how inputs are read, what makes a customer valid, or where
//! customers go.
//!
//! Names in the ERP (`as = "customer_group"`) are told to a bound mapping ([`Plan::told`]).

mod columns;
mod compile;
mod condition;
mod constant;
mod convert;
mod cure;
mod draft;
pub(crate) mod error;
mod field_list;
mod file;
mod form;
mod group;
mod identity;
mod join;
mod key_list;
mod lookup;
mod lookup_file;
mod naming;
mod options;
mod part;
mod passthrough;
mod path;
mod plan;
mod proposal;
#[cfg(test)]
mod reference;
mod short;
mod single;
mod steps;
mod styles;
pub(crate) mod suggest;
pub(crate) mod syntax;
mod tally;
mod template;
mod trace;
mod trial;
mod trim;
mod value;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

pub use columns::Columns;
pub use cure::CuredMapping;
pub use error::{MappingError, MistakeLine};
pub use field_list::{FieldEntry, field_list};
pub use group::GroupValue;
pub use identity::Identity;
pub use key_list::{KeyList, key_list, template_words};
pub use options::SourceOptions;
pub use plan::Plan;
pub use proposal::{
    Proposal, Seen, ToFillIn, is_record, lines_before_header, propose, ready_made_with_join,
};
pub use styles::ColumnStyle;
pub use tally::{Tally, Unasked};
pub use trace::{FieldTrace, ObjectTrace, StepTaken, Trace};
pub use trial::{Trial, Tried, Verdict};

use columns::Bound;
use compile::Compiled;
use error::Mistake;
use lookup_file::Beside;
use suggest::{did_you_mean, listed};

use crate::customer::{Part, Target};
use crate::names::Names;
use crate::outcome::{Code, Severity, both};

/// The ready-made mappings, by name.
const BUILTIN: &[(&str, &str)] = &[
    ("jtl-shop5", include_str!("../mappings/jtl-shop5.toml")),
    ("shopify", include_str!("../mappings/shopify.toml")),
    ("shopware6", include_str!("../mappings/shopware6.toml")),
    ("woocommerce", include_str!("../mappings/woocommerce.toml")),
    ("datev", include_str!("../mappings/datev.toml")),
    ("magento2", include_str!("../mappings/magento2.toml")),
    ("prestashop", include_str!("../mappings/prestashop.toml")),
];

/// The names of [`BUILTIN`], in its order.
const BUILTIN_NAMES: &[&str] = &[
    "jtl-shop5",
    "shopify",
    "shopware6",
    "woocommerce",
    "datev",
    "magento2",
    "prestashop",
];

/// A mapping, compiled but not yet bound to an input.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: Arc<str>,
    text: Arc<str>,
    compiled: Arc<Compiled>,
    api_shaped: bool,
}

impl Mapping {
    /// Compiles the mapping `text`; `name` is what messages call it. There are no files beside
    /// it but those that a text of [`text`](Self::text) carries along.
    ///
    /// # Errors
    /// Everything that is wrong with it, all at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, MappingError> {
        let (text, files) = lookup_file::split(text);
        Self::of(name, text, Beside::Kept(files))
    }

    fn of(name: &str, text: &str, beside: Beside) -> Result<Self, MappingError> {
        let name: Arc<str> = name.into();
        let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(text).into();
        let compiled = Arc::new(compile::compile(&name, &text, beside)?);
        let text = if compiled.files.is_empty() {
            text
        } else {
            lookup_file::with_files(&text, &compiled.files).into()
        };
        Ok(Self {
            name,
            text,
            compiled,
            api_shaped: false,
        })
    }

    /// Reads and compiles a mapping file: UTF-8 or UTF-16, with or without byte-order mark.
    ///
    /// # Errors
    /// The file cannot be read or decoded, or everything that is wrong with the mapping.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let name = path.display().to_string();
        let unreadable = |mistake| MappingError::unreadable(&name, mistake);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let loaded = file::read(path)
            .map_err(unreadable)
            .and_then(|text| Self::of(&name, &text, Beside::Folder(folder)));
        // An excerpt of an input would show customers.
        loaded.map_err(|error| match file::is_input(path) {
            true => unreadable(file::an_input(path)),
            false => error,
        })
    }

    /// A ready-made mapping, by its name with or without `builtin:` before it.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn builtin(name: &str) -> Result<Self, MappingError> {
        let bare = name.strip_prefix("builtin:").unwrap_or(name);
        let full = format!("builtin:{bare}");
        match BUILTIN.iter().find(|(known, _)| *known == bare) {
            Some((_, text)) => Self::parse(&full, text),
            None => {
                let names = || BUILTIN_NAMES.iter().copied();
                let list = both!([names = listed(names(), BUILTIN_NAMES.len())] "there are {names}", "es gibt {names}");
                let help = match did_you_mean(bare, names()) {
                    Some(suggestion) => suggestion.and(&list),
                    None => list,
                };
                let mistake = Mistake::of_file(both!(
                    "there is no such ready-made mapping",
                    "eine solche fertige Zuordnung gibt es nicht"
                ))
                .help(help);
                Err(MappingError::unreadable(&full, mistake))
            }
        }
    }

    /// The names of the ready-made mappings.
    #[must_use]
    pub fn builtin_names() -> &'static [&'static str] {
        BUILTIN_NAMES
    }

    /// The mapping of input that already has the API's shape: JSON objects as `CreateCustomer`.
    #[must_use]
    pub fn passthrough() -> Self {
        Self {
            name: "passthrough".into(),
            text: "".into(),
            compiled: Arc::new(Compiled::of_nothing(number())),
            api_shaped: true,
        }
    }

    /// What messages call it: a path, `builtin:NAME` or `passthrough`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text without byte-order mark, and behind it what it read of files beside it
    /// (`lookup_file`): what is hashed and kept, for it makes the same mapping again.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it says that the input is to be read.
    #[must_use]
    pub fn source(&self) -> &SourceOptions {
        &self.compiled.source
    }

    /// The rules whose weight it changes.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<Code, Severity> {
        &self.compiled.rules
    }

    /// The target that identifies a customer (`[identity] key`); `Number` by default.
    #[must_use]
    pub fn key(&self) -> Target {
        self.compiled.key
    }

    /// Whether it is one of the ready-made ones, which nobody can correct.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.name.starts_with("builtin:")
    }

    /// Whether it passes input through that already has the API's shape.
    #[must_use]
    pub fn is_passthrough(&self) -> bool {
        self.api_shaped
    }

    /// Finds the mapping's columns in an input. Nobody has asked the ERP for names: their ids
    /// are [`Value::Unasked`](crate::customer::Value::Unasked).
    ///
    /// # Errors
    /// Columns that the input does not have, or has twice.
    pub fn bind(&self, columns: Columns<'_>) -> Result<Plan, MappingError> {
        let now = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now());
        self.bind_on(now.date(), columns)
    }

    /// As [`bind`](Self::bind), on a given day: a birthday with a two-digit year never lies
    /// behind it.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_on(&self, today: Date, columns: Columns<'_>) -> Result<Plan, MappingError> {
        let fail = |mistakes| MappingError::new(self.name.clone(), self.text.clone(), mistakes);
        if let (true, Columns::Header(_)) = (self.api_shaped, columns) {
            let mistake = Mistake::of_file(both!("input with a header needs a mapping", "eine Eingabe mit Kopfzeile braucht eine Zuordnung"))
                .help(both!("name one with -m; `importer mapping new INPUT -o FILE` proposes one, and only JSON objects in the API's own shape need none", "eine mit -m nennen; `importer mapping new INPUT -o FILE` schlägt eine vor, und nur JSON-Objekte in der Form der API brauchen keine"));
            return Err(fail(vec![mistake]));
        }
        let bound = Bound::find(&self.compiled, columns, self.is_builtin()).map_err(fail)?;
        let compiled = naming::tell(&self.compiled, &Names::default()).map_err(fail)?;
        let report = compiled.report.iter();
        let report_columns = report
            .filter_map(|column| bound.names.get(*column).cloned())
            .collect();
        Ok(Plan {
            name: self.name.clone(),
            text: self.text.clone(),
            compiled,
            written: self.compiled.clone(),
            api_shaped: self.api_shaped,
            bound,
            report_columns,
            today,
        })
    }
}

/// The target `Number`, the first field of the customer.
fn number() -> Target {
    Target {
        part: Part::Customer,
        index: 0,
    }
}

#[cfg(test)]
mod tests;
