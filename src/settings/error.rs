//! What can be wrong with settings, and what to do about it. No message shows a secret.

use std::path::PathBuf;

/// Trouble with the settings: nothing was read or sent yet.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Options that contradict each other. It is a mistake in the command line.
    #[error("{what}")]
    Contradiction {
        /// What contradicts what.
        what: String,
        /// What to do.
        help: String,
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
    /// An environment variable that is wrong.
    #[error("the environment variable {name} cannot be used: {why}")]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        why: String,
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
    #[error("{name} `{shown}` cannot be used: {why}")]
    Url {
        /// The setting.
        name: &'static str,
        /// The URL, without a user or password.
        shown: String,
        /// Why.
        why: String,
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
    #[error("{what}")]
    Credentials {
        /// What is wrong with them.
        what: String,
        /// What to do.
        help: String,
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

    /// What to do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Contradiction { help, .. } | Self::Credentials { help, .. } => Some(help.clone()),
            Self::Unreadable { .. } => Some(
                "check the path and its permissions, or name another file with --config".to_owned(),
            ),
            Self::File(mistake) => mistake.help.clone(),
            Self::Variable { name, .. } => Some(format!("correct {name} or unset it")),
            Self::UnknownProfile { known, path, .. } => Some(match path {
                None => "name the settings file with --config FILE".to_owned(),
                Some(_) if known.is_empty() => {
                    "the file has no profiles; begin one with [profiles.NAME]".to_owned()
                }
                Some(_) => format!("the profiles are: {}", known.join(", ")),
            }),
            Self::NoBaseUrl { known } => {
                let profiles = if known.is_empty() {
                    String::new()
                } else {
                    format!(
                        "choose a profile with --profile ({}), or ",
                        known.join(", ")
                    )
                };
                Some(format!(
                    "{profiles}give --base-url URL, IMPORTER_BASE_URL, or base_url in importer.toml; \
                     to try without an ERP, `run` has --dry-run and --sandbox"
                ))
            }
            Self::Url { .. } => Some("write it like https://api.jtl-cloud.com/erp".to_owned()),
            Self::PlainHttp { .. } => Some(
                "use https, or accept it for this server: allow_http = true in its profile in \
                 importer.toml, or IMPORTER_ALLOW_HTTP=true"
                    .to_owned(),
            ),
        }
    }
}

/// One mistake in a settings file, with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}\n{excerpt}", path.display())]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1 in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line with the place underlined; values near credentials are left out.
    pub excerpt: String,
    /// What to do.
    pub help: Option<String>,
}
