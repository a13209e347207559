//! What can be wrong with settings, and what to do about it. No message shows a secret.

use crate::outcome::{Bilingual, Language, both};
use std::path::PathBuf;

/// Trouble with the settings: nothing was read or sent yet.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Options that contradict each other. It is a mistake in the command line.
    #[error("{}", what.english)]
    Contradiction {
        /// What contradicts what.
        what: Bilingual,
        /// What to do.
        help: Bilingual,
    },
    /// A settings file that cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A settings file that is wrong somewhere.
    #[error("{0}")]
    File(Box<Mistake>),
    /// A settings file that is none.
    #[error("{} cannot be read: {}", path.display(), why.english)]
    NoSettings {
        /// The file.
        path: PathBuf,
        /// Why.
        why: Bilingual,
    },
    /// An environment variable that is wrong.
    #[error("the environment variable {name} cannot be used: {}", why.english)]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        why: Bilingual,
    },
    /// A profile that is not there.
    #[error("there is no profile `{name}`{}", place(.path.as_ref()))]
    UnknownProfile {
        /// Its name.
        name: String,
        /// The settings file.
        path: Option<PathBuf>,
        /// The profiles that are there.
        known: Vec<String>,
    },
    /// Nobody said where the ERP is.
    #[error("nobody said where the ERP is: there is no base URL")]
    NoBaseUrl {
        /// The profiles that could be chosen.
        known: Vec<String>,
    },
    /// A URL that cannot be used.
    #[error("{name} `{shown}` cannot be used: {}", why.english)]
    Url {
        /// The setting.
        name: &'static str,
        /// The URL, without a user or password.
        shown: String,
        /// Why.
        why: Bilingual,
    },
    /// Plain HTTP to another machine.
    #[error("{name} `{shown}` is plain http: customers and credentials could be read on the way")]
    PlainHttp {
        /// The setting.
        name: &'static str,
        /// The URL.
        shown: String,
    },
    /// Credentials that are incomplete, missing or unusable.
    #[error("{}", what.english)]
    Credentials {
        /// What is wrong with them.
        what: Bilingual,
        /// What to do.
        help: Bilingual,
    },
}

fn place(path: Option<&PathBuf>) -> String {
    path.map_or_else(
        || ": there is no importer.toml".to_owned(),
        |path| format!(" in {}", path.display()),
    )
}

impl SettingsError {
    /// Whether it is a mistake in the command line rather than in a file or variable.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Contradiction { .. })
    }

    /// The key of the setting that cannot be used, if it is a single one.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::Url { name, .. } | Self::PlainHttp { name, .. } => Some(name),
            _ => None,
        }
    }

    /// What is wrong, in German; its cause is not in it.
    #[must_use]
    pub fn in_german(&self) -> String {
        match self {
            Self::Contradiction { what, .. } | Self::Credentials { what, .. } => {
                what.german.clone()
            }
            Self::File(mistake) => mistake.shown_in(Language::German),
            Self::NoSettings { path, why } => {
                format!("{} ist nicht zu lesen: {}", path.display(), why.german)
            }
            Self::Unreadable { path, .. } => format!("{} ist nicht zu lesen", path.display()),
            Self::Variable { name, why } => {
                let why = &why.german;
                format!("die Umgebungsvariable {name} ist nicht zu gebrauchen: {why}")
            }
            Self::UnknownProfile { name, path, .. } => match path {
                None => format!("das Profil `{name}` gibt es nicht: es gibt keine importer.toml"),
                Some(path) => format!("in {} gibt es kein Profil `{name}`", path.display()),
            },
            Self::NoBaseUrl { .. } => {
                "niemand hat gesagt, wo die Wawi ist: es gibt keine Basis-URL".to_owned()
            }
            Self::Url { name, shown, why } => {
                let why = &why.german;
                format!("{name} `{shown}` ist nicht zu gebrauchen: {why}")
            }
            Self::PlainHttp { name, shown } => format!(
                "{name} `{shown}` ist unverschlüsseltes http: Kunden und Zugangsdaten könnten \
                 unterwegs gelesen werden"
            ),
        }
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> Option<Bilingual> {
        match self {
            Self::Contradiction { help, .. } | Self::Credentials { help, .. } => Some(help.clone()),
            Self::Unreadable { .. } | Self::NoSettings { .. } => Some(both!(
                "check the path and its permissions, or name another file with --config",
                "den Pfad und die Rechte prüfen, oder mit --config eine andere Datei nennen"
            )),
            Self::File(mistake) => mistake.help.clone(),
            Self::Variable { name, .. } => Some(both!(
                "correct {name} or unset it",
                "{name} berichtigen oder löschen"
            )),
            Self::UnknownProfile { known, path, .. } => Some(match path {
                None => both!(
                    "name the settings file with --config FILE",
                    "die Einstellungsdatei mit --config DATEI nennen"
                ),
                Some(_) if known.is_empty() => {
                    both!(
                        "the file has no profiles; begin one with [profiles.NAME]",
                        "die Datei hat keine Profile; eines mit [profiles.NAME] beginnen"
                    )
                }
                Some(_) => both!(
                    "the profiles are: {names}",
                    "die Profile sind: {names}",
                    names = known.join(", ")
                ),
            }),
            Self::NoBaseUrl { known } => {
                let profiles = if known.is_empty() {
                    Bilingual::default()
                } else {
                    both!(
                        "choose a profile with --profile ({names}), or ",
                        "mit --profile ein Profil wählen ({names}), oder ",
                        names = known.join(", ")
                    )
                };
                Some(both!([profiles]
                    "{profiles}give --base-url URL, IMPORTER_BASE_URL, or base_url in importer.toml; \
                     to try without an ERP, `run` has --dry-run and --sandbox", "{profiles}--base-url URL, IMPORTER_BASE_URL, oder base_url in importer.toml angeben; zum Ausprobieren ohne Wawi hat `run` --dry-run und --sandbox"
                ))
            }
            Self::Url { .. } => Some(both!(
                "write it like https://api.jtl-cloud.com/erp",
                "wie https://api.jtl-cloud.com/erp schreiben"
            )),
            Self::PlainHttp { .. } => Some(both!(
                "use https, or accept it for this server: allow_http = true in its profile in \
                 importer.toml, or IMPORTER_ALLOW_HTTP=true",
                "https nehmen, oder http für diesen Server erlauben: allow_http = true in seinem Profil in importer.toml, oder IMPORTER_ALLOW_HTTP=true"
            )),
        }
    }
}

/// One mistake in a settings file, with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.shown_in(Language::English))]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1 in characters.
    pub column: usize,
    /// What is wrong.
    pub message: Bilingual,
    /// The line with the place underlined; values near credentials are left out.
    pub excerpt: String,
    /// What to do.
    pub help: Option<Bilingual>,
}

impl Mistake {
    /// Place, words and excerpt.
    fn shown_in(&self, language: Language) -> String {
        let Self {
            path,
            line,
            column,
            message,
            excerpt,
            ..
        } = self;
        let message = message.shown_in(language);
        format!("{}:{line}:{column}: {message}\n{excerpt}", path.display())
    }
}
