//! The four layers of one call, read and ready to be laid over each other.

use std::path::PathBuf;

use super::auth::{self, AuthFile};
use super::environment::Environment;
use super::error::SettingsError;
use super::file::{ConfigFile, NAME, nearest_folder};
use super::layer::{Layer, OPTIONS, PREFIX, Scope, suggestion};
use crate::cli::Cli;
use crate::outcome::{Bilingual, Language, both};

/// The layers of one call.
#[derive(Debug)]
pub(super) struct Layers {
    /// Flags, environment, profile, top of the file; what comes first wins.
    order: [Layer; 4],
    /// The profile's credentials, else those at the top of the file.
    pub(super) auth: Option<AuthFile>,
    /// Whether they are the profile's own.
    pub(super) auth_of_profile: bool,
    /// The settings file, if there is one.
    pub(super) config: Option<PathBuf>,
    /// The profile, if one is chosen.
    pub(super) profile: Option<String>,
    /// The profiles that there are.
    pub(super) known_profiles: Vec<String>,
    /// What is odd about the environment.
    pub(super) warnings: Vec<Bilingual>,
    default_state_dir: PathBuf,
}

/// The language of the locale's messages, if it is one that is spoken: the first of its
/// variables that is set says it.
pub(super) fn locale(environment: &Environment) -> Option<Language> {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| environment.variable(name))?;
    Language::of_locale(&set)
}

impl Layers {
    /// Reads all of them.
    pub(super) fn load(cli: &Cli, environment: &Environment) -> Result<Self, SettingsError> {
        let mut warnings = Vec::new();
        let variables = read_variables(environment, &mut warnings)?;
        let nearest = nearest_folder(environment);
        let default_state_dir = nearest.unwrap_or(environment.folder()).join(".importer");
        let config = match (&cli.global.config, environment.get("IMPORTER_CONFIG")?) {
            (Some(path), _) => Some(environment.folder().join(path)),
            (None, Some(path)) => Some(environment.folder().join(path)),
            (None, None) => nearest.map(|folder| folder.join(NAME)),
        };
        let chosen = match (&cli.global.profile, environment.get("IMPORTER_PROFILE")?) {
            (Some(name), _) => Some(name.as_str()),
            (None, name) => name,
        };
        let file = match &config {
            Some(path) => ConfigFile::read(path)?,
            None => match chosen {
                None => ConfigFile::default(),
                Some(name) => {
                    return Err(SettingsError::UnknownProfile {
                        name: name.to_owned(),
                        path: None,
                        known: Vec::new(),
                    });
                }
            },
        };
        let profile = file.profile(chosen)?.map(str::to_owned);
        let known_profiles = file.profile_names();
        let (section, mut top) = file.into_sections(profile.as_deref());
        if top.layer.lang.is_none() {
            top.layer.lang = locale(environment);
        }
        Ok(Self {
            order: [Layer::typed(cli), variables, section.layer, top.layer],
            auth_of_profile: section.auth.is_some(),
            auth: section.auth.or(top.auth),
            config,
            profile,
            known_profiles,
            warnings,
            default_state_dir,
        })
    }

    /// The same with what a scheduled job says: as if it had been typed.
    pub(super) fn with_job(mut self, job: Layer) -> Self {
        let [flags, ..] = &mut self.order;
        *flags = job.or(std::mem::take(flags));
        self
    }

    /// What the settings file says, for this profile.
    pub(super) fn of_file(&self) -> Layer {
        let [_, _, profile, top] = &self.order;
        profile.clone().or(top.clone())
    }

    /// What holds.
    pub(super) fn merged(self) -> Layer {
        let [flags, variables, profile, top] = self.order;
        flags.or(variables).or(profile).or(top)
    }

    /// The words of an option from the environment or a file, and which layer has them. What was
    /// typed is known from the command line.
    pub(super) fn given(&self, key: &str) -> Option<(usize, String)> {
        let layers = self.order.iter().enumerate();
        layers
            .filter_map(|(index, layer)| Some((index, layer.words.get(key)?.clone())))
            .next()
    }

    /// Whether a flag or the environment names the state folder. One that only the settings
    /// file names is meant for real imports: a sandbox does not write there.
    pub(super) fn is_state_dir_typed(&self) -> bool {
        let [flags, variables, ..] = &self.order;
        flags.state_dir.is_some() || variables.state_dir.is_some()
    }

    /// Whether the state folder is named anywhere.
    pub(super) fn is_state_dir_named(&self) -> bool {
        self.nearness(|layer| layer.state_dir.is_some()).is_some()
    }

    /// The state folder.
    pub(super) fn state_dir(&self) -> PathBuf {
        self.order
            .iter()
            .find_map(|layer| layer.state_dir.clone())
            .unwrap_or_else(|| self.default_state_dir.clone())
    }

    /// How near to the command line a setting is given.
    fn nearness(&self, is_given: impl Fn(&Layer) -> bool) -> Option<usize> {
        self.order.iter().position(is_given)
    }

    /// A sandbox that is switched on further away than a real address is typed: neither may
    /// win silently.
    pub(super) fn check_sandbox(&self) -> Result<(), SettingsError> {
        let sandbox = self.nearness(|layer| layer.sandbox.is_some());
        let is_on = sandbox
            .and_then(|index| self.order.get(index))
            .is_some_and(|layer| layer.sandbox == Some(true));
        let address = self.nearness(|layer| layer.base_url.is_some());
        match (sandbox, address) {
            (Some(sandbox), Some(address)) if is_on && address < sandbox => {
                Err(SettingsError::Contradiction {
                    what: both!(
                        "a base URL is given, but the settings ask for a sandbox",
                        "eine Basis-URL ist angegeben, aber die Einstellungen verlangen eine Sandbox"
                    ),
                    help: both!(
                        "unset IMPORTER_SANDBOX, take `sandbox` out of importer.toml, or leave \
                           the base URL out",
                        "IMPORTER_SANDBOX löschen, `sandbox` aus importer.toml nehmen, oder die Basis-URL weglassen"
                    ),
                })
            }
            _ => Ok(()),
        }
    }

    /// What is odd about the target: a name that was given together with another address.
    pub(super) fn target_warnings(&self) -> Vec<Bilingual> {
        let name = self.nearness(|layer| layer.target.is_some());
        let address = self.nearness(|layer| layer.base_url.is_some());
        let is_other = self
            .order
            .iter()
            .filter_map(|layer| layer.base_url.as_ref())
            .count()
            > 1;
        match (name, address) {
            (Some(name), Some(address)) if address < name && is_other => {
                let name = self
                    .order
                    .get(name)
                    .and_then(|layer| layer.target.as_deref())
                    .unwrap_or_default();
                vec![both!(
                    "another base URL than the profile's is used, but the journal takes it for \
                     the profile's target `{name}`; another ERP needs another `target`",
                    "es wird eine andere Basis-URL als die des Profils benutzt, aber das Journal \
                     hält sie für das Ziel `{name}` des Profils; eine andere Wawi braucht ein \
                     anderes `target`"
                )]
            }
            _ => Vec::new(),
        }
    }
}

/// Reads all variables that are ours; unknown ones are ignored with a warning, as container
/// platforms inject some.
fn read_variables(
    environment: &Environment,
    warnings: &mut Vec<Bilingual>,
) -> Result<Layer, SettingsError> {
    let mut layer = Layer::default();
    for name in environment.names(PREFIX) {
        let Some(row) = OPTIONS.iter().find(|row| row.variable() == name) else {
            if !auth::variables().any(|known| known == name) {
                warnings.push(unknown(name));
            }
            continue;
        };
        if row.scope == Scope::FlagOnly {
            warnings.push(both!(
                "{name} is ignored: --{flag} has to be typed each time that it is meant",
                "{name} wird übergangen: --{flag} muss jedes Mal eingegeben werden, wenn es gewollt ist",
                flag = row.flag()
            ));
            continue;
        }
        let Some(text) = environment.get(name)? else {
            continue;
        };
        let refuse = |why: Bilingual| SettingsError::Variable {
            name: name.to_owned(),
            why,
        };
        if row.key == "existing" && text == "send" {
            return Err(refuse(both!(
                "`send` would send everything at every call; type --existing send each time that \
                 it is meant",
                "`send` würde bei jedem Aufruf alles senden; --existing send jedes Mal eingeben, \
                 wenn es gewollt ist"
            )));
        }
        layer.set(row.key, text).map_err(refuse)?;
    }
    Ok(layer)
}

fn unknown(name: &str) -> Bilingual {
    let known: Vec<String> = OPTIONS
        .iter()
        .filter(|row| row.scope != Scope::FlagOnly)
        .map(super::OptionRow::variable)
        .chain(auth::variables())
        .collect();
    // The prefix is everybody's: it would make any two names alike.
    let bare = |name: &'_ str| name.strip_prefix(PREFIX).map(str::to_owned);
    let known: Vec<String> = known.iter().filter_map(|name| bare(name)).collect();
    let word = bare(name).unwrap_or_default();
    match suggestion(&word, known.iter().map(String::as_str)) {
        Some(meant) => {
            both!(
                "{name} is no variable of this program; did you mean {PREFIX}{meant}?",
                "{name} ist keine Variable dieses Programms; ist {PREFIX}{meant} gemeint?"
            )
        }
        None => both!(
            "{name} is no variable of this program and is ignored",
            "{name} ist keine Variable dieses Programms und wird übergangen"
        ),
    }
}
