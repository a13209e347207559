//! Where each setting comes from, for `importer doctor`: the words as they were given, without
//! any secret.

use super::auth::{self, AuthFile};
use super::environment::Environment;
use super::layer::{OPTIONS, OptionRow, Scope};
use super::layers::Layers;
use super::secret::SecretSource;
use super::url::shown;

/// What is told of a setting even if nobody gave it.
const ALWAYS: [&str; 29] = [
    "config",
    "profile",
    "lang",
    "base_url",
    "path",
    "api_version",
    "tenant_id",
    "app_id",
    "app_version",
    "run_as",
    "session_id",
    "workflows",
    "target",
    "allow_http",
    "concurrency",
    "rate",
    "timeout",
    "settle",
    "max_outage",
    "max_duration",
    "max_attempts",
    "max_invalid",
    "max_failures",
    "existing",
    "allow_unkeyed",
    "state_dir",
    "report_dir",
    "values",
    "report_mode",
];

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was typed.
    Flag,
    /// From this environment variable.
    Variable(String),
    /// From this profile of the settings file.
    Profile(String),
    /// From the top of the settings file.
    File,
    /// Nobody gave it.
    Default,
}

impl Origin {
    /// A stable word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Variable(_) => "environment",
            Self::Profile(_) => "profile",
            Self::File => "file",
            Self::Default => "default",
        }
    }

    /// For people.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Flag => "flag".to_owned(),
            Self::Variable(name) => format!("environment, {name}"),
            Self::Profile(name) => format!("profile {name}"),
            Self::File => "top of the settings file".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }
}

/// One setting as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Its key in `importer.toml`.
    pub key: &'static str,
    /// Its value as it was given; of a secret only that it is set, and where it is.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The settings that hold: those that somebody gave, and those that an import depends on.
pub(super) fn rows(layers: &Layers, environment: &Environment) -> Vec<SettingRow> {
    let mut rows = Vec::new();
    for option in OPTIONS.iter().filter(|row| row.scope != Scope::FlagOnly) {
        let given = given(option, layers, environment);
        let (value, origin) = match given {
            Some(given) => given,
            None if ALWAYS.contains(&option.key) => {
                let value = match option.key {
                    // What it is called is told where one is.
                    "config" => "none: there is no importer.toml here or above",
                    "profile" => "none",
                    _ => option.default,
                };
                (value.to_owned(), Origin::Default)
            }
            None => continue,
        };
        let value = match option.key {
            // It may hold what should not be there.
            "base_url" => shown(&value),
            _ => value,
        };
        rows.push(SettingRow {
            key: option.key,
            value,
            origin,
        });
    }
    rows.extend(credentials(layers, environment));
    rows
}

fn given(
    option: &OptionRow,
    layers: &Layers,
    environment: &Environment,
) -> Option<(String, Origin)> {
    match option.key {
        "config" => {
            return Some((
                layers.config.as_ref()?.display().to_string(),
                config(environment),
            ));
        }
        "profile" => return Some((layers.profile.clone()?, profile(environment))),
        _ => {}
    }
    if option.scope != Scope::NoFlag
        && let Some(value) = environment.typed_value(&option.flag())
    {
        return Some((value, Origin::Flag));
    }
    let (index, value) = layers.given(option.key)?;
    let origin = match index {
        1 => Origin::Variable(option.variable()),
        2 => Origin::Profile(layers.profile.clone().unwrap_or_default()),
        3 => Origin::File,
        _ => Origin::Flag,
    };
    Some((value, origin))
}

fn config(environment: &Environment) -> Origin {
    named(environment, "config").unwrap_or(Origin::Default)
}

fn profile(environment: &Environment) -> Origin {
    named(environment, "profile").unwrap_or(Origin::File)
}

/// Whether a flag or a variable names it.
fn named(environment: &Environment, name: &str) -> Option<Origin> {
    let variable = format!("{}{}", super::layer::PREFIX, name.to_ascii_uppercase());
    if environment.typed_value(name).is_some() {
        Some(Origin::Flag)
    } else if environment.has(&variable) {
        Some(Origin::Variable(variable))
    } else {
        None
    }
}

/// The credentials: which are set, and where they are.
fn credentials(layers: &Layers, environment: &Environment) -> Vec<SettingRow> {
    match &layers.auth {
        Some(auth) => {
            let origin = match (&layers.profile, layers.auth_of_profile) {
                (Some(profile), true) => Origin::Profile(profile.clone()),
                _ => Origin::File,
            };
            of_file(auth, &origin, environment)
        }
        None => of_environment(environment),
    }
}

fn of_file(auth: &AuthFile, origin: &Origin, environment: &Environment) -> Vec<SettingRow> {
    let mut rows = Vec::new();
    let mut add = |key, value: String| {
        rows.push(SettingRow {
            key,
            value,
            origin: origin.clone(),
        });
    };
    let mut secrets: Vec<(&'static str, Option<&SecretSource>)> = Vec::new();
    match auth {
        AuthFile::Gateway => add("auth", "gateway: it adds the credentials".to_owned()),
        AuthFile::ApiKey(key) => secrets.push(("api_key", Some(key))),
        AuthFile::Token { token, api_key } => {
            secrets.extend([("access_token", Some(token)), ("api_key", api_key.as_ref())]);
        }
        AuthFile::OAuth2 {
            token_url,
            id,
            secret,
            api_key,
        } => {
            let url = token_url.as_deref().unwrap_or(auth::TOKEN_URL);
            add("token_url", shown(url));
            secrets.extend([
                ("client_id", Some(id)),
                ("client_secret", Some(secret)),
                ("api_key", api_key.as_ref()),
            ]);
        }
    }
    for (key, source) in secrets {
        if let Some(source) = source {
            add(key, told(source, environment));
        }
    }
    rows
}

/// Whether a secret is set, and where it is.
fn told(source: &SecretSource, environment: &Environment) -> String {
    match source.is_missing(environment) {
        false => format!("set, from {}", source.place()),
        true => format!("missing: it should come from {}", source.place()),
    }
}

fn of_environment(environment: &Environment) -> Vec<SettingRow> {
    let mut rows = Vec::new();
    for key in auth::AUTH_KEYS {
        let name = format!("{}{}", super::layer::PREFIX, key.to_ascii_uppercase());
        let file = format!("{name}_FILE");
        let is_secret = *key != "token_url";
        if environment.has(&name) {
            let value = match environment.variable(&name) {
                Some(url) if !is_secret => shown(&url),
                _ => format!("set, from the variable {name}"),
            };
            rows.push(SettingRow {
                key,
                value,
                origin: Origin::Variable(name),
            });
        } else if let Some(path) = environment.variable(&file) {
            rows.push(SettingRow {
                key,
                value: told(
                    &SecretSource::File(environment.folder().join(path)),
                    environment,
                ),
                origin: Origin::Variable(file),
            });
        }
    }
    if rows.is_empty() {
        rows.push(SettingRow {
            key: "auth",
            value: "none: a gateway adds the credentials".to_owned(),
            origin: Origin::Default,
        });
    }
    rows
}
