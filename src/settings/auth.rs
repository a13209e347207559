//! Who we are to the ERP: the `[auth]` table, the credentials in the environment, and the
//! places that secrets come from. Secrets never stand in a file of ours, in a flag, in a
//! message or in `Debug`.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use reqwest::Url;
use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::error::SettingsError;
use super::file::Page;
use super::layer::{PREFIX, suggestion};
use super::secret::{SecretSource, fetch};
use super::url::service_url;
use crate::deliver::Credentials;
use crate::outcome::{Bilingual, both};

/// The token server of the cloud, as its API description names it.
pub(super) const TOKEN_URL: &str = "https://auth.jtl-cloud.com/oauth2/token";

/// The keys of `[auth]` that hold credentials; each is `IMPORTER_<KEY>` in the environment,
/// and `IMPORTER_<KEY>_FILE`.
pub(super) const AUTH_KEYS: &[&str] = &[
    "token_url",
    "client_id",
    "client_secret",
    "api_key",
    "access_token",
];

const KINDS: &[&str] = &["oauth2", "api_key", "gateway"];

/// `[auth]` as it stands in the file: where the secrets are, not the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AuthFile {
    /// A gateway adds the credentials.
    Gateway,
    /// An on-prem API key.
    ApiKey(SecretSource),
    /// A token that somebody else fetches.
    Token {
        /// The token.
        token: SecretSource,
        /// The key beside it.
        api_key: Option<SecretSource>,
    },
    /// Client credentials.
    OAuth2 {
        /// The token server.
        token_url: Option<String>,
        /// The client's id.
        id: SecretSource,
        /// The client's secret.
        secret: SecretSource,
        /// The key beside the token.
        api_key: Option<SecretSource>,
    },
}

impl AuthFile {
    /// Reads `[auth]`, whose name stands at `place`.
    pub(super) fn read(
        page: Page<'_>,
        place: Range<usize>,
        table: &DeTable<'_>,
    ) -> Result<Self, SettingsError> {
        let mut kind = None;
        let mut token_url = None;
        let mut sources: [Option<SecretSource>; 4] = [const { None }; 4];
        let [id, secret, api_key, token] = &mut sources;
        for (key, value) in table {
            let slot = match key.get_ref().as_ref() {
                "kind" => {
                    kind = Some(read_kind(page, value)?);
                    continue;
                }
                "token_url" => {
                    token_url = Some(page.text_of("token_url", value)?);
                    continue;
                }
                "client_id" => &mut *id,
                "client_secret" => &mut *secret,
                "api_key" => &mut *api_key,
                "access_token" => &mut *token,
                _ => return Err(unknown_key(page, key)),
            };
            *slot = Some(SecretSource::read(page, key.get_ref(), value)?);
        }
        let Some(kind) = kind else {
            return Err(page.mistake(
                place,
                both!(
                    "the credentials have no `kind`",
                    "den Zugangsdaten fehlt `kind`"
                ),
                Some(both!(
                    "add kind = \"oauth2\", \"api_key\" or \"gateway\"",
                    "kind = \"oauth2\", \"api_key\" oder \"gateway\" hinzufügen"
                )),
            ));
        };
        let incomplete =
            |what: Bilingual, help: Bilingual| page.mistake(place.clone(), what, Some(help));
        match (kind, sources) {
            ("gateway", [None, None, None, None]) => Ok(Self::Gateway),
            ("gateway", _) => Err(incomplete(
                both!(
                    "a gateway brings its own credentials, but there are some here",
                    "ein Gateway bringt eigene Zugangsdaten mit, aber hier stehen welche"
                ),
                both!(
                    "remove them, or choose kind = \"oauth2\" or \"api_key\"",
                    "sie entfernen, oder kind = \"oauth2\" oder \"api_key\" wählen"
                ),
            )),
            ("api_key", [None, None, Some(key), None]) => Ok(Self::ApiKey(key)),
            ("api_key", _) => Err(incomplete(
                both!(
                    "credentials of the kind \"api_key\" are `api_key`, and nothing else",
                    "Zugangsdaten der Art \"api_key\" sind `api_key`, und sonst nichts"
                ),
                both!(
                    "write api_key = {{ file = \"wawi.key\" }}",
                    "api_key = {{ file = \"wawi.key\" }} schreiben"
                ),
            )),
            (_, [Some(id), Some(secret), api_key, None]) => Ok(Self::OAuth2 {
                token_url,
                id,
                secret,
                api_key,
            }),
            (_, [None, None, api_key, Some(token)]) => Ok(Self::Token { token, api_key }),
            _ => Err(incomplete(
                both!(
                    "credentials of the kind \"oauth2\" are `client_id` and `client_secret`, or \
                     `access_token`",
                    "Zugangsdaten der Art \"oauth2\" sind `client_id` und `client_secret`, oder \
                     `access_token`"
                ),
                both!(
                    "write client_id = {{ env = \"NAME\" }} and client_secret = {{ file = \"PATH\" }}",
                    "client_id = {{ env = \"NAME\" }} und client_secret = {{ file = \"PFAD\" }} schreiben"
                ),
            )),
        }
    }

    /// Whether it is an API key from this file.
    pub(super) fn reads_key_from(&self, file: &Path) -> bool {
        matches!(self, Self::ApiKey(SecretSource::File(named)) if named == file)
    }

    /// Fetches the secrets.
    pub(super) fn fetch(
        &self,
        environment: &Environment,
        allow_http: bool,
        warnings: &mut Vec<Bilingual>,
    ) -> Result<Credentials, SettingsError> {
        let mut get =
            |name: &str, source: &SecretSource| fetch(name, source, environment, warnings);
        Ok(match self {
            Self::Gateway => Credentials::Gateway,
            Self::ApiKey(key) => Credentials::ApiKey(get("api_key", key)?),
            Self::Token { token, api_key } => Credentials::Token {
                token: get("access_token", token)?,
                api_key: api_key
                    .as_ref()
                    .map(|key| get("api_key", key))
                    .transpose()?,
            },
            Self::OAuth2 {
                token_url,
                id,
                secret,
                api_key,
            } => Credentials::OAuth2 {
                token_url: token_server(token_url.as_deref(), allow_http)?,
                client_id: get("client_id", id)?,
                client_secret: get("client_secret", secret)?,
                api_key: api_key
                    .as_ref()
                    .map(|key| get("api_key", key))
                    .transpose()?,
            },
        })
    }
}

fn read_kind(page: Page<'_>, value: &Spanned<DeValue<'_>>) -> Result<&'static str, SettingsError> {
    let text = page.text_of("kind", value)?;
    KINDS
        .iter()
        .copied()
        .find(|kind| *kind == text)
        .ok_or_else(|| {
            page.mistake(
                value.span(),
                both!(
                    "there is no such kind of credentials",
                    "diese Art von Zugangsdaten gibt es nicht"
                ),
                Some(both!(
                    "the kinds are: {kinds}",
                    "die Arten sind: {kinds}",
                    kinds = KINDS.join(", ")
                )),
            )
        })
}

fn unknown_key(page: Page<'_>, key: &Spanned<Cow<'_, str>>) -> SettingsError {
    let known = AUTH_KEYS.iter().copied().chain(["kind"]);
    let help = match suggestion(key.get_ref(), known.clone()) {
        Some(known) => both!("did you mean `{known}`?", "ist `{known}` gemeint?"),
        None => both!(
            "the keys are: {keys}",
            "die Schlüssel sind: {keys}",
            keys = known.collect::<Vec<_>>().join(", ")
        ),
    };
    page.mistake(
        key.span(),
        both!(
            "unknown key `{key}` in the credentials",
            "unbekannter Schlüssel `{key}` in den Zugangsdaten",
            key = key.get_ref()
        ),
        Some(help),
    )
}

/// The token server's URL, checked.
fn token_server(url: Option<&str>, allow_http: bool) -> Result<String, SettingsError> {
    service_url("token_url", url.unwrap_or(TOKEN_URL), allow_http).map(Url::into)
}

/// The token server that would be asked, as far as the settings tell without any secret.
pub(super) fn token_server_of(
    auth: Option<&AuthFile>,
    environment: &Environment,
) -> Option<String> {
    let url = match auth {
        Some(AuthFile::OAuth2 { token_url, .. }) => token_url.clone(),
        Some(_) => return None,
        None => {
            let id = format!("{PREFIX}CLIENT_ID");
            let is_set = |name: &str| environment.variable(name).is_some();
            if !is_set(&id) && !is_set(&format!("{id}_FILE")) {
                return None;
            }
            plain_token_url(environment).ok()?
        }
    };
    token_server(url.as_deref(), true).ok()
}

/// The names of all variables that hold credentials.
pub(super) fn variables() -> impl Iterator<Item = String> {
    AUTH_KEYS.iter().flat_map(|key| {
        let name = format!("{PREFIX}{}", key.to_ascii_uppercase());
        [format!("{name}_FILE"), name]
    })
}

/// The credentials that the environment gives. What is set decides: client id and secret, then
/// an access token, then an API key alone; nothing means that a gateway has them.
pub(super) fn from_environment(
    environment: &Environment,
    allow_http: bool,
    warnings: &mut Vec<Bilingual>,
) -> Result<Credentials, SettingsError> {
    let mut get = |key: &str| one_of(environment, key, warnings);
    let id = get("client_id")?;
    let secret = get("client_secret")?;
    let token = get("access_token")?;
    let api_key = get("api_key")?;
    let token_url = plain_token_url(environment)?;
    let missing = |missing: &str, given: &str| SettingsError::Credentials {
        what: both!(
            "{given} is set, but {missing} is not",
            "{given} ist gesetzt, aber {missing} nicht"
        ),
        help: both!(
            "set {missing} or {missing}_FILE too",
            "auch {missing} oder {missing}_FILE setzen"
        ),
    };
    let credentials = match (id, secret, token) {
        (Some(client_id), Some(client_secret), token) => {
            if token.is_some() {
                warnings.push(
                    both!("IMPORTER_ACCESS_TOKEN is not used: client id and secret fetch a token of \
                     their own", "IMPORTER_ACCESS_TOKEN wird nicht benutzt: Id und Secret des Clients holen ein eigenes Token"),
                );
            }
            return Ok(Credentials::OAuth2 {
                token_url: token_server(token_url.as_deref(), allow_http)?,
                client_id,
                client_secret,
                api_key,
            });
        }
        (Some(_), None, _) => {
            return Err(missing("IMPORTER_CLIENT_SECRET", "IMPORTER_CLIENT_ID"));
        }
        (None, Some(_), _) => {
            return Err(missing("IMPORTER_CLIENT_ID", "IMPORTER_CLIENT_SECRET"));
        }
        (None, None, Some(token)) => Credentials::Token { token, api_key },
        (None, None, None) => api_key.map_or(Credentials::Gateway, Credentials::ApiKey),
    };
    if token_url.is_some() {
        warnings.push(
            both!("IMPORTER_TOKEN_URL is not used: without client id and secret no token is fetched", "IMPORTER_TOKEN_URL wird nicht benutzt: ohne Id und Secret des Clients wird kein Token geholt"),
        );
    }
    Ok(credentials)
}

/// The secret `key` from its variable or the file that its `_FILE` variable names.
fn one_of(
    environment: &Environment,
    key: &str,
    warnings: &mut Vec<Bilingual>,
) -> Result<Option<SecretString>, SettingsError> {
    let name = format!("{PREFIX}{}", key.to_ascii_uppercase());
    let file = format!("{name}_FILE");
    let source = match (environment.get_raw(&name)?, environment.get(&file)?) {
        (None, None) => return Ok(None),
        (Some(_), None) => SecretSource::Env(name.clone()),
        (None, Some(path)) => SecretSource::File(environment.folder().join(path)),
        (Some(_), Some(_)) => {
            return Err(SettingsError::Credentials {
                what: both!(
                    "both {name} and {file} are set",
                    "{name} und {file} sind beide gesetzt"
                ),
                help: both!("unset one of them", "eine davon löschen"),
            });
        }
    };
    fetch(&name, &source, environment, warnings).map(Some)
}

/// The token server's URL is no secret, but has a `_FILE` twin like the others.
fn plain_token_url(environment: &Environment) -> Result<Option<String>, SettingsError> {
    const NAME: &str = "IMPORTER_TOKEN_URL";
    if let Some(url) = environment.get(NAME)? {
        return Ok(Some(url.to_owned()));
    }
    let Some(path) = environment.get("IMPORTER_TOKEN_URL_FILE")? else {
        return Ok(None);
    };
    let path = environment.folder().join(path);
    std::fs::read_to_string(&path)
        .map(|url| Some(url.trim().to_owned()))
        .map_err(|source| SettingsError::Unreadable { path, source })
}
