//! `importer.toml`: where it is found, what it may say, and how a mistake in it is shown.
//!
//! The file is walked key by key along the table of options rather than deserialised: that
//! gives every mistake its place, and no message or excerpt ever repeats what stands near
//! credentials.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::auth::{AUTH_KEYS, AuthFile};
use super::environment::Environment;
use super::error::{Mistake, SettingsError};
use super::layer::{Layer, OPTIONS, Scope, suggestion};
use crate::outcome::{Bilingual, borrowed, both};

/// The name under which the file is looked for.
pub(super) const NAME: &str = "importer.toml";

/// Longest settings file in bytes: more is another file that was named by mistake, or one
/// without an end.
const LONGEST: u64 = 8 << 20;

/// The file as read.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The profile that is used when none is named.
    pub(super) default_profile: Option<String>,
    /// What holds for every profile.
    pub(super) top: Section,
    /// The profiles, in their order.
    pub(super) profiles: Vec<(String, Section)>,
}

/// The top of the file, or one profile.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Its options.
    pub(super) layer: Layer,
    /// Its credentials.
    pub(super) auth: Option<AuthFile>,
}

/// The folder of the nearest `importer.toml`, from the current folder upwards.
pub(super) fn nearest_folder(environment: &Environment) -> Option<&Path> {
    environment
        .folder()
        .ancestors()
        .find(|folder| folder.join(NAME).is_file())
}

impl ConfigFile {
    /// Reads the file at `path`: UTF-8 or UTF-16, with or without byte-order mark, as shells
    /// and editors on Windows write both.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let none = |why| SettingsError::NoSettings {
            path: path.to_owned(),
            why,
        };
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
            .map_err(|source| match source.kind() {
                ErrorKind::NotFound => {
                    none(both!("there is no such file", "die Datei gibt es nicht"))
                }
                ErrorKind::IsADirectory => none(both!("it is a folder", "das ist ein Ordner")),
                _ => unreadable(source),
            })?;
        if bytes.len() as u64 > LONGEST {
            return Err(none(both!(
                "it is longer than {LONGEST} bytes",
                "sie ist länger als {LONGEST} Bytes"
            )));
        }
        let (text, _, broken) = encoding_rs::UTF_8.decode(&bytes);
        if broken {
            return Err(none(both!(
                "it is no text in UTF-8 or UTF-16",
                "sie ist kein Text in UTF-8 oder UTF-16"
            )));
        }
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let page = Page { path, text };
        let table = DeTable::parse(text).map_err(|error| {
            page.mistake(
                error.span().unwrap_or(0..0),
                both!([why = borrowed::of_toml(error.message())]
                    "this is no TOML: {why}",
                    "das ist kein TOML: {why}"
                ),
                None,
            )
        })?;
        let mut file = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        for (key, value) in table.get_ref() {
            match key.get_ref().as_ref() {
                "profile" => {
                    let name = page.text_of("profile", value)?;
                    file.default_profile = Some(name);
                }
                "profiles" => {
                    let profiles = page.table_of("profiles", value)?;
                    for (name, value) in profiles {
                        let name = name.get_ref().to_string();
                        let section = page.section(page.table_of(&name, value)?)?;
                        file.profiles.push((name, section));
                    }
                }
                _ => page.entry(&mut file.top, key, value)?,
            }
        }
        let folder = page.folder();
        file.top.layer.anchor(&folder);
        for (_, profile) in &mut file.profiles {
            profile.layer.anchor(&folder);
        }
        Ok(file)
    }

    /// The profile's name to use: `chosen`, else the file's own default.
    pub(super) fn profile(&self, chosen: Option<&str>) -> Result<Option<&str>, SettingsError> {
        let Some(name) = chosen.or(self.default_profile.as_deref()) else {
            return Ok(None);
        };
        match self.profiles.iter().find(|(known, _)| known == name) {
            Some((known, _)) => Ok(Some(known)),
            None => Err(SettingsError::UnknownProfile {
                name: name.to_owned(),
                path: Some(self.path.clone()),
                known: self.profile_names(),
            }),
        }
    }

    /// The names of the profiles.
    pub(super) fn profile_names(&self) -> Vec<String> {
        self.profiles.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Takes top and profile out of the file.
    pub(super) fn into_sections(self, profile: Option<&str>) -> (Section, Section) {
        let chosen = self
            .profiles
            .into_iter()
            .find(|(name, _)| Some(name.as_str()) == profile)
            .map(|(_, section)| section)
            .unwrap_or_default();
        (chosen, self.top)
    }
}

/// The file's text with its name, to say where a mistake stands.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Page<'_> {
    /// The folder that the file's relative paths mean.
    pub(super) fn folder(self) -> PathBuf {
        self.path.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Reads a profile.
    fn section(self, table: &DeTable<'_>) -> Result<Section, SettingsError> {
        let mut section = Section::default();
        for (key, value) in table {
            self.entry(&mut section, key, value)?;
        }
        Ok(section)
    }

    /// Reads one entry of a section.
    fn entry(
        self,
        section: &mut Section,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), SettingsError> {
        let name = key.get_ref().as_ref();
        if name == "auth" {
            let table = self.table_of("auth", value)?;
            section.auth = Some(AuthFile::read(self, key.span(), table)?);
            return Ok(());
        }
        if !is_key(name) {
            return Err(self.unknown(key.span(), name));
        }
        let text = self.text_of(name, value)?;
        if name == "existing" && text == "send" {
            return Err(self.mistake(
                value.span(),
                both!(
                    "`existing = \"send\"` would send everything at every call",
                    "`existing = \"send\"` würde bei jedem Aufruf alles senden"
                ),
                Some(both!(
                    "type --existing send each time that it is meant",
                    "--existing send jedes Mal eingeben, wenn es gewollt ist"
                )),
            ));
        }
        section.layer.set(name, &text).map(|_| ()).map_err(|why| {
            self.mistake(value.span(), why.map(|why| format!("{name}: {why}")), None)
        })
    }

    fn unknown(self, span: Range<usize>, name: &str) -> SettingsError {
        if AUTH_KEYS.contains(&name) {
            return self.mistake(
                span,
                both!(
                    "`{name}` belongs to the credentials",
                    "`{name}` gehört zu den Zugangsdaten"
                ),
                Some(both!("write it under [auth] or [profiles.NAME.auth], like {name} = {{ env = \"NAME\" }}", "unter [auth] oder [profiles.NAME.auth] schreiben, etwa {name} = {{ env = \"NAME\" }}"
                )),
            );
        }
        if matches!(name, "profile" | "profiles") {
            return self.mistake(
                span,
                both!(
                    "`{name}` has no place inside a profile",
                    "`{name}` hat in einem Profil nichts zu suchen"
                ),
                Some(both!(
                    "move it to the top of the file",
                    "nach oben an den Anfang der Datei setzen"
                )),
            );
        }
        if let Some(row) = OPTIONS.iter().find(|row| row.key == name) {
            return self.mistake(
                span,
                both!(
                    "`{name}` is no setting for a file",
                    "`{name}` ist keine Einstellung für eine Datei"
                ),
                Some(both!(
                    "type --{flag} when it is meant",
                    "--{flag} eingeben, wenn es gewollt ist",
                    flag = row.flag()
                )),
            );
        }
        let help = suggestion(name, keys().chain(["profile", "profiles", "auth"]))
            .map(|known| both!("did you mean `{known}`?", "ist `{known}` gemeint?"));
        let what = both!("unknown key `{name}`", "unbekannter Schlüssel `{name}`");
        self.mistake(span, what, help)
    }

    /// The text of a plain value; numbers keep their digits.
    pub(super) fn text_of(
        self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<String, SettingsError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.to_string()),
            DeValue::Boolean(truth) => Ok(truth.to_string()),
            other => Err(self.mistake(
                value.span(),
                both!([no = no(other)]
                    "`{name}` takes one plain value, {no}",
                    "`{name}` nimmt einen einfachen Wert, {no}"
                ),
                None,
            )),
        }
    }

    fn table_of<'v, 'i>(
        self,
        name: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Result<&'v DeTable<'i>, SettingsError> {
        value.get_ref().as_table().ok_or_else(|| {
            self.mistake(
                value.span(),
                both!([no = no(value.get_ref())]
                    "`{name}` is a table, {no}",
                    "`{name}` ist eine Tabelle, {no}"
                ),
                Some(both!(
                    "write it as a section, like [{name}]",
                    "als Abschnitt schreiben, etwa [{name}]"
                )),
            )
        })
    }

    /// A mistake at `span`.
    pub(super) fn mistake(
        self,
        span: Range<usize>,
        message: Bilingual,
        help: Option<Bilingual>,
    ) -> SettingsError {
        let start = self.text.floor_char_boundary(span.start);
        let (before, behind) = self.text.split_at(start);
        let line = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.chars().count() - self.text[..line_start].chars().count() + 1;
        let length = behind.find('\n').unwrap_or(behind.len());
        let text = self.text[line_start..start + length].trim_end();
        let marked = self
            .text
            .get(start..span.end.min(start + length))
            .map_or(1, |marked| marked.trim_end().chars().count().max(1));
        SettingsError::File(Box::new(Mistake {
            path: self.path.to_owned(),
            line,
            column,
            message,
            excerpt: excerpt(line, column, marked, text, is_private(before, text)),
            help,
        }))
    }
}

/// Whether a line may hold a secret: it stands in a table of credentials, or its key sounds
/// like one. Better one excerpt too few than one secret on a terminal.
fn is_private(before: &str, line: &str) -> bool {
    const SOUNDS: [&str; 7] = ["auth", "key", "secret", "token", "pass", "client", "cred"];
    let table = before
        .lines()
        .rev()
        .map(str::trim_start)
        .find(|line| line.starts_with('['))
        .unwrap_or_default();
    let sounds_private = |text: &str| {
        let text = text.to_ascii_lowercase();
        SOUNDS.iter().any(|sound| text.contains(sound))
    };
    sounds_private(line) || sounds_private(table)
}

/// The line with the place underlined; a private one shows its key only.
fn excerpt(line: usize, column: usize, marked: usize, text: &str, private: bool) -> String {
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let (text, column, marked) = match (private, text.split_once('=')) {
        (false, _) => (text.to_owned(), column, marked),
        (true, None) => ("…".to_owned(), 1, 1),
        (true, Some((key, _))) => {
            let shown = key.chars().count() + 3;
            let column = column.min(shown);
            (format!("{key}= …"), column, marked.min(shown + 1 - column))
        }
    };
    // Tabs and control characters would tear text and underline apart.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(
        "{margin} |\n{number} | {text}\n{margin} | {}{}",
        " ".repeat(column - 1),
        "^".repeat(marked)
    )
}

/// That something is not of this type: `no integer`.
fn no(value: &DeValue<'_>) -> Bilingual {
    let german = match value {
        DeValue::String(_) => "kein Text",
        DeValue::Integer(_) => "keine ganze Zahl",
        DeValue::Float(_) => "keine Dezimalzahl",
        DeValue::Boolean(_) => "kein Ja oder Nein",
        DeValue::Datetime(_) => "kein Datum",
        DeValue::Array(_) => "keine Liste",
        DeValue::Table(_) => "keine Tabelle",
    };
    Bilingual {
        english: format!("no {}", value.type_str()),
        german: german.to_owned(),
    }
}

fn is_key(name: &str) -> bool {
    name != "profile" && keys().any(|key| key == name)
}

/// The keys that a section may have, credentials apart.
fn keys() -> impl Iterator<Item = &'static str> {
    OPTIONS
        .iter()
        .filter(|row| matches!(row.scope, Scope::Everywhere | Scope::NoFlag))
        .map(|row| row.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::english_words;

    fn refused(text: &str) -> [String; 2] {
        let error = ConfigFile::parse(Path::new("importer.toml"), text).expect_err(text);
        let (english, german) = (error.to_string(), error.in_german());
        match error.help() {
            Some(help) => [
                format!("{english}\nhelp: {}", help.english),
                format!("{german}\nHilfe: {}", help.german),
            ],
            None => [english, german],
        }
    }

    fn refusal(text: &str) -> String {
        let [english, german] = refused(text);
        assert_ne!(english, german);
        // What the parser of TOML says is its own.
        let words = english_words(&german);
        let is_own = !english.contains("no TOML");
        assert!(words.is_empty() || !is_own, "{words:?}: {german}");
        english
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_out() {
        insta::assert_snapshot!(refusal("concurency = 8\n"), @r#"
        importer.toml:1:1: unknown key `concurency`
          |
        1 | concurency = 8
          | ^^^^^^^^^^
        help: did you mean `concurrency`?
        "#);
        insta::assert_snapshot!(refusal("[profiles.a]\nrate = \"fast\"\n"), @r#"
        importer.toml:2:8: rate: `fast` is no rate; write how many in which time, like 10/s, 600/m or 3600/h
          |
        2 | rate = "fast"
          |        ^^^^^^
        "#);
        insta::assert_snapshot!(refusal("rate = { every = 3 }"), @r#"
        importer.toml:1:8: `rate` takes one plain value, no table
          |
        1 | rate = { every = 3 }
          |        ^^^^^^^^^^^^^
        "#);
        insta::assert_snapshot!(refusal("limit = 5"), @r#"
        importer.toml:1:1: `limit` is no setting for a file
          |
        1 | limit = 5
          | ^^^^^
        help: type --limit when it is meant
        "#);
        insta::assert_snapshot!(refusal("existing = \"send\""), @r#"
        importer.toml:1:12: `existing = "send"` would send everything at every call
          |
        1 | existing = "send"
          |            ^^^^^^
        help: type --existing send each time that it is meant
        "#);
        insta::assert_snapshot!(refusal("profiles = 3"), @r#"
        importer.toml:1:12: `profiles` is a table, no integer
          |
        1 | profiles = 3
          |            ^
        help: write it as a section, like [profiles]
        "#);
        insta::assert_snapshot!(refusal("[profiles.a]\nprofile = \"b\""), @r#"
        importer.toml:2:1: `profile` has no place inside a profile
          |
        2 | profile = "b"
          | ^^^^^^^
        help: move it to the top of the file
        "#);
        insta::assert_snapshot!(refusal("timeout = 60s"), @r#"
        importer.toml:1:11: this is no TOML: string values must be quoted, expected literal string
          |
        1 | timeout = 60s
          |           ^^^
        "#);
        insta::assert_snapshot!(refusal("values = 'Über'  # ä"), @r#"
        importer.toml:1:10: values: `Über` is none of masked, full, none
          |
        1 | values = 'Über'  # ä
          |          ^^^^^^
        "#);
    }

    #[test]
    fn mistakes_are_told_in_german_too() {
        let texts = [
            "concurency = 8",
            "[profiles.a]\nrate = \"fast\"",
            "rate = { every = 3 }",
            "limit = 5",
            "existing = \"send\"",
            "profiles = 3",
            "[profiles.a]\nprofile = \"b\"",
            "api_key = \"k\"",
            "values = 'Über'",
            "[auth]\napi_key = { env = \"A\" }",
            "[auth]\nkind = \"api\"",
            "[auth]\nkind = \"gateway\"\napi_key = { env = \"A\" }",
            "[auth]\nkind = \"api_key\"",
            "[auth]\nkind = \"oauth2\"",
            "[auth]\nkin = \"oauth2\"",
            "[auth]\napi_key = \"k\"",
            "[auth]\napi_key = 3",
            "[auth]\napi_key = {}",
            "[auth]\napi_key = { env = 3 }",
            "[auth]\napi_key = { plain = \"k\" }",
            "[auth]\napi_key = { credential = \"../k\" }",
            "[auth]\napi_key = { command = \"k\" }",
        ];
        let german = texts.map(|text| {
            refusal(text);
            let [_, german] = refused(text);
            // Place and excerpt are those of the English text.
            let told = german.lines().enumerate();
            let told = told.filter(|(at, line)| *at == 0 || line.starts_with("Hilfe: "));
            let told: Vec<&str> = told.map(|(_, line)| line).collect();
            told.join("\n").replace("importer.toml:", "")
        });
        insta::assert_snapshot!(german.join("\n"));
    }

    #[test]
    fn no_mistake_repeats_what_stands_near_credentials() {
        for text in [
            "api_key = \"canary\"",
            "auth = { kind = \"api_key\", api_key = \"canary\" }",
            "[auth]\nkind = \"api_key\"\napi_key = \"canary\"",
            "[auth]\nkind = \"api_key\"\napi_key = \"canary",
            "[auth]\nkind = \"canary\"",
            "[auth]\napi-key = \"canary\"",
            "[auth]\napi_key = { plain = \"canary\" }",
            "[auth]\napi_key = { env = \"A\", canary = 1 }",
            "[auth]\napi_key = [\n\"canary\n]",
            "[auth]\napi_key = { command = \"canary\" }",
            "[profiles.x.auth]\nclient_secret = canary",
            "[profiles.x]\nclient_secret = \"canary\"",
            "[profiles.x]\npassword = \"canary\"",
        ] {
            let said = refusal(text);
            assert!(
                !said.contains("canary") || text.contains("{ env = \"A\", canary"),
                "{text}\n{said}"
            );
        }
    }

    #[test]
    fn values_may_be_numbers_texts_or_switches() {
        let text = "concurrency = 4\nmax_invalid = \"5%\"\nallow_empty = true\n\
                    report_mode = 0o640\nskip_lines = 1_000\n\
                    [profiles.a]\nconcurrency = \"16\"\n";
        let file = ConfigFile::parse(Path::new("/x/importer.toml"), text).expect("fine");
        assert_eq!(file.top.layer.show("concurrency"), "Some(Concurrency(4))");
        assert_eq!(file.top.layer.show("max_invalid"), "Some(Percent(5.0))");
        assert_eq!(file.top.layer.show("report_mode"), "Some(FileMode(416))");
        assert_eq!(file.top.layer.show("skip_lines"), "Some(1000)");
        assert_eq!(file.profile(Some("a")).expect("known"), Some("a"));
        let (profile, _) = file.into_sections(Some("a"));
        assert_eq!(profile.layer.show("concurrency"), "Some(Concurrency(16))");
    }

    #[cfg(unix)]
    #[test]
    fn paths_are_relative_to_the_file() {
        let text = "mapping = \"shop.toml\"\nstate_dir = \"../state\"\nreport_dir = \"/abs\"";
        let file = ConfigFile::parse(Path::new("/x/importer.toml"), text).expect("fine");
        assert_eq!(
            file.top.layer.show("mapping"),
            "Some(File(\"/x/shop.toml\"))"
        );
        assert_eq!(file.top.layer.show("state_dir"), "Some(\"/x/../state\")");
        assert_eq!(file.top.layer.show("report_dir"), "Some(\"/abs\")");
    }
}
