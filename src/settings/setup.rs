//! What is done before the first run: registering, and looking at everything that a run needs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::JOURNAL_OPTIONS;
use super::auth;
use super::choice::{DoctorChoice, KeyLines, RegisterChoice};
use super::environment::Environment;
use super::error::SettingsError;
use super::layer::Layer;
use super::layers::Layers;
use super::origins::Origin;
use super::{checked_target, credentials, delivery, report, settle_warning};
use crate::cli::words::HeaderText;
use crate::cli::{Cli, DoctorArgs, RegisterArgs};
use crate::deliver::TargetSettings;
use crate::outcome::Bilingual;
use crate::outcome::telling::length_in;

/// How long somebody has to accept a registration, unless it is said.
const REGISTRATION_WAIT: Duration = Duration::from_secs(15 * 60);
/// Time between two questions about it, unless it is said.
const REGISTRATION_PACE: Duration = Duration::from_secs(2);
/// The rights that an import needs: to create customers, and to look them up.
const SCOPES: [&str; 2] = ["customer.createcustomer", "all.read"];

/// Resolves what `register` is asked to do.
///
/// # Errors
/// When a settings file, variable, profile or URL cannot be used.
pub fn resolve_register(
    cli: &Cli,
    args: &RegisterArgs,
    environment: &Environment,
) -> Result<RegisterChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let known = layers.known_profiles.clone();
    let warnings = layers.target_warnings();
    let mut lines = key_lines(args, &layers, environment);
    let of_file = layers.of_file();
    let options = layers.merged();
    let target = checked_target(&options, known)?;
    lines.target = target_lines(&options, &of_file, &target);
    let scopes: Vec<String> = match args.scope.as_slice() {
        [] => SCOPES.map(str::to_owned).to_vec(),
        scopes => scopes.iter().map(|scope| scope.0.clone()).collect(),
    };
    let name = args.name.as_ref();
    Ok(RegisterChoice {
        target,
        delivery: delivery(&options),
        name: name.map_or_else(|| "importer".to_owned(), |name| name.0.clone()),
        scopes,
        key_file: args.key_file.clone(),
        lines,
        force: args.force,
        wait: args.wait.map_or(REGISTRATION_WAIT, |wait| wait.0),
        every: args.every.unwrap_or(REGISTRATION_PACE),
        warnings,
    })
}

/// Where a key is named in the settings file. The target's lines are yet to come.
fn key_lines(args: &RegisterArgs, layers: &Layers, environment: &Environment) -> KeyLines {
    let whole = |file: &PathBuf| environment.folder().join(file);
    let is_beside = layers.config.as_deref().is_none_or(|config| {
        let folder = config.parent().unwrap_or(Path::new(""));
        folder.as_os_str().is_empty() || folder == environment.folder()
    });
    let key_name = args.key_file.as_ref();
    let table = layers.profile.as_deref();
    let table = table.map(|profile| format!("profiles.{}", toml_key(profile)));
    // Credentials at the top hold for every profile that has none of its own.
    let is_own = layers.auth.is_none() || layers.auth_of_profile;
    KeyLines {
        config: layers.config.clone(),
        auth_table: match &table {
            Some(table) if is_own => format!("{table}.auth"),
            _ => "auth".to_owned(),
        },
        is_auth_there: layers.auth.is_some(),
        is_key_named: match (&args.key_file, &layers.auth) {
            (Some(file), Some(auth)) => auth.reads_key_from(&whole(file)),
            _ => false,
        },
        key_name: key_name.map(|file| if is_beside { file.clone() } else { whole(file) }),
        options: environment.typed_options(JOURNAL_OPTIONS),
        table,
        target: Vec::new(),
    }
}

/// What of the target holds in this call, and is not in the settings file: typed, from the
/// environment, or (of the app's id) by default, as the key is good for this app only.
fn target_lines(options: &Layer, of_file: &Layer, target: &TargetSettings) -> Vec<String> {
    let text = |given: &Option<HeaderText>| given.as_ref().map(|text| text.0.clone());
    let mut lines = Vec::new();
    let mut tell = |key: &str, now: Option<String>, of_file: Option<String>| {
        if let Some(value) = now.filter(|now| of_file.as_ref() != Some(now)) {
            lines.push(format!("{key} = {}", toml::Value::String(value)));
        }
    };
    let base = |url: &String| url.trim_end_matches('/').to_owned();
    tell(
        "base_url",
        options.base_url.as_ref().map(base),
        of_file.base_url.as_ref().map(base),
    );
    let path = |options: &Layer| options.path.as_ref().map(|path| path.0.clone());
    tell("path", path(options), path(of_file));
    let app_id = Some(HeaderText(target.app_id.clone()));
    for (key, now, of_file) in [
        ("api_version", &options.api_version, &of_file.api_version),
        ("tenant_id", &options.tenant_id, &of_file.tenant_id),
        ("app_id", &app_id, &of_file.app_id),
        ("app_version", &options.app_version, &of_file.app_version),
        ("run_as", &options.run_as, &of_file.run_as),
    ] {
        tell(key, text(now), text(of_file));
    }
    if options.allow_http == Some(true) && of_file.allow_http != Some(true) {
        lines.push("allow_http = true".to_owned());
    }
    lines
}

/// Resolves what `doctor` looks at. What is wrong about target and credentials is among its
/// findings.
///
/// # Errors
/// When a settings file, variable or profile cannot be used.
pub fn resolve_doctor(
    cli: &Cli,
    args: &DoctorArgs,
    environment: &Environment,
) -> Result<DoctorChoice, SettingsError> {
    let layers = Layers::load(cli, environment)?;
    let known = layers.known_profiles.clone();
    let mut warnings = layers.target_warnings();
    let mut rows = super::origins::rows(&layers, environment);
    let state_dir = layers.state_dir();
    let auth = layers.auth.clone();
    let options = layers.merged();
    let allow_http = options.allow_http.unwrap_or_default();
    let delivery = delivery(&options);
    warnings.extend(settle_warning(&delivery));
    let target = checked_target(&options, known);
    for row in rows.iter_mut().filter(|row| row.origin == Origin::Default) {
        match (row.key, &target) {
            ("state_dir", _) => row.value = Bilingual::same(state_dir.display().to_string()),
            ("settle", _) => {
                row.value = Bilingual::of(|language| length_in(delivery.settle, language));
            }
            ("app_id", Ok(target)) => row.value = Bilingual::same(target.app_id.as_str()),
            ("app_version", Ok(target)) => row.value = Bilingual::same(target.app_version.as_str()),
            ("target", Ok(target)) => row.value = Bilingual::same(target.identity()),
            _ => {}
        }
    }
    Ok(DoctorChoice {
        rows,
        target,
        credentials: credentials(auth.as_ref(), environment, allow_http, &mut warnings),
        token_url: auth::token_server_of(auth.as_ref(), environment),
        delivery,
        max_duration: options.max_duration.map(|limit| limit.0),
        state_dir,
        report_dir: report(&options).dir,
        probe: args.probe || options.probe.unwrap_or_default(),
        warnings,
    })
}

/// A key as TOML writes it: bare, or in quotes.
fn toml_key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => toml::Value::String(name.to_owned()).to_string(),
    }
}
