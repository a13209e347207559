//! Where each setting comes from, for `importer doctor`: the words as they were given, without
//! any secret.

use super::auth::{self, AuthFile};
use super::environment::Environment;
use super::layer::{OPTIONS, OptionRow, Scope};
use super::layers::Layers;
use super::secret::SecretSource;
use super::url::shown;
use crate::outcome::{Bilingual, both};

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
    pub fn told(&self) -> Bilingual {
        match self {
            Self::Flag => both!("flag", "Befehlszeile"),
            Self::Variable(name) => both!("environment, {name}", "Umgebung, {name}"),
            Self::Profile(name) => both!("profile {name}", "Profil {name}"),
            Self::File => both!("top of the settings file", "Anfang der Einstellungsdatei"),
            Self::Default => both!("default", "Standard"),
        }
    }
}

/// One setting as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Its key in `importer.toml`.
    pub key: &'static str,
    /// Its value as it was given; of a secret only that it is set, and where it is.
    pub value: Bilingual,
    /// Where it comes from.
    pub origin: Origin,
}

/// The settings that hold: those that somebody gave, and those that an import depends on.
pub(super) fn rows(layers: &Layers, environment: &Environment) -> Vec<SettingRow> {
    let mut rows = Vec::new();
    for option in OPTIONS.iter().filter(|row| row.scope != Scope::FlagOnly) {
        let given = given(option, layers, environment);
        let (value, origin) = match given {
            Some((value, origin)) => {
                let value = match option.key {
                    // It may hold what should not be there.
                    "base_url" => Bilingual::same(shown(&value)),
                    _ if value == "on" && option.default == "off" => both!("on", "an"),
                    _ => Bilingual::same(value),
                };
                (value, origin)
            }
            None if ALWAYS.contains(&option.key) => {
                let value = match option.key {
                    // What it is called is told where one is.
                    "config" => both!(
                        "none: there is no importer.toml here or above",
                        "keine: weder hier noch darüber gibt es eine importer.toml"
                    ),
                    "profile" => by_default("none"),
                    _ => by_default(option.default),
                };
                (value, Origin::Default)
            }
            None => continue,
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

/// What holds where nobody gave a value. What is a word of the command line stays one.
fn by_default(text: &str) -> Bilingual {
    let german = match text {
        "none" => "nicht gesetzt",
        "off" => "aus",
        "the locale's" => "die des Systems",
        "this program's name and version" => "Name und Version dieses Programms",
        "this program's version" => "Version dieses Programms",
        "base URL and tenant" => "Basis-URL und Mandant",
        "2 x timeout" => "2 × timeout",
        "20%, from 20 on" => "20\u{a0}%, ab 20",
        "10%, from 50 sent on" => "10\u{a0}%, ab 50 gesendeten",
        _ => text,
    };
    Bilingual {
        english: text.to_owned(),
        german: german.to_owned(),
    }
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
        // A switch has no value: what stands behind it is another word.
        let value = match option.default {
            "off" => "on".to_owned(),
            _ => value,
        };
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
    let mut add = |key, value: Bilingual| {
        rows.push(SettingRow {
            key,
            value,
            origin: origin.clone(),
        });
    };
    let mut secrets: Vec<(&'static str, Option<&SecretSource>)> = Vec::new();
    match auth {
        AuthFile::Gateway => add(
            "auth",
            both!(
                "gateway: it adds the credentials",
                "gateway: es fügt die Zugangsdaten hinzu"
            ),
        ),
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
            add("token_url", Bilingual::same(shown(url)));
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
fn told(source: &SecretSource, environment: &Environment) -> Bilingual {
    let place = source.place();
    match source.is_missing(environment) {
        false => both!([place] "set, from {place}", "gesetzt, aus {place}"),
        true => both!([place]
            "missing: it should come from {place}",
            "fehlt: es sollte aus {place} kommen"
        ),
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
                Some(url) if !is_secret => Bilingual::same(shown(&url)),
                _ => both!(
                    "set, from the variable {name}",
                    "gesetzt, aus der Variable {name}"
                ),
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
            value: both!(
                "none: a gateway adds the credentials",
                "keine: ein Gateway fügt die Zugangsdaten hinzu"
            ),
            origin: Origin::Default,
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_that_is_a_phrase_is_told_in_german_too() {
        let told = OPTIONS.iter().filter(|row| ALWAYS.contains(&row.key));
        // What stands for these is told as it holds, or in words of its own.
        let told = told.filter(|row| !["config", "profile", "state_dir"].contains(&row.key));
        for row in told.filter(|row| row.default.contains(' ')) {
            let value = by_default(row.default);
            assert_ne!(value.german, value.english, "{}", row.key);
        }
    }
}
