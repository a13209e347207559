//! The small struct of each stage, filled from the options that hold, with the defaults.

use std::path::PathBuf;

use super::error::SettingsError;
use super::layer::Layer;
use super::url;
use crate::cli::words::HeaderText;
use crate::cli::{SourceArgs, Workflows};
use crate::deliver::{DeliverySettings, TargetSettings};
use crate::report::ReportSettings;
use crate::source::SourceSettings;

/// The target with its URL, which has to be there and usable.
pub(super) fn checked_target(
    options: &Layer,
    known: Vec<String>,
) -> Result<TargetSettings, SettingsError> {
    let Some(base_url) = options.base_url.as_deref() else {
        return Err(SettingsError::NoBaseUrl { known });
    };
    let allow_http = options.allow_http.unwrap_or_default();
    let base_url = url::base_url(base_url, allow_http)?;
    Ok(TargetSettings {
        base_url,
        ..target(options)
    })
}

/// How requests introduce themselves; the base URL is left empty.
pub(super) fn target(options: &Layer) -> TargetSettings {
    let text = |text: &Option<HeaderText>| text.clone().map(|text| text.0);
    TargetSettings {
        base_url: String::new(),
        path: options
            .path
            .clone()
            .map_or_else(|| "/v1/customers".to_owned(), |path| path.0),
        api_version: text(&options.api_version).unwrap_or_else(|| "1.0".to_owned()),
        tenant_id: text(&options.tenant_id),
        app_id: text(&options.app_id).unwrap_or_else(|| {
            concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned()
        }),
        app_version: text(&options.app_version)
            .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        run_as: text(&options.run_as),
        session_id: text(&options.session_id),
        run_workflows: options.workflows == Some(Workflows::Run),
        name: options.target.clone(),
    }
}

pub(super) fn delivery(options: &Layer) -> DeliverySettings {
    let default = DeliverySettings::default();
    let timeout = options.timeout.map_or(default.timeout, |limit| limit.0);
    DeliverySettings {
        concurrency: options
            .concurrency
            .map_or(default.concurrency, |number| number.0),
        rate: options.rate,
        timeout,
        settle: options.settle.unwrap_or(timeout * 2),
        max_attempts: options
            .max_attempts
            .map_or(default.max_attempts, |number| number.0),
        max_outage: options.max_outage.unwrap_or(default.max_outage),
        max_failures: options.max_failures.unwrap_or(default.max_failures),
    }
}

/// How the command line alone says that an input is read.
#[must_use]
pub fn typed_source(args: &SourceArgs) -> SourceSettings {
    let mut options = Layer::default();
    options.take_source(args);
    source(&options)
}

pub(super) fn source(options: &Layer) -> SourceSettings {
    SourceSettings {
        format: options.format,
        encoding: options.encoding.clone().map(|encoding| encoding.0),
        delimiter: options.delimiter.map(|delimiter| delimiter.0),
        skip_lines: options.skip_lines,
        sheet: options.sheet.clone(),
        ..SourceSettings::default()
    }
}

pub(super) fn report(options: &Layer) -> ReportSettings {
    ReportSettings {
        dir: options
            .report_dir
            .clone()
            .unwrap_or_else(|| PathBuf::from("reports")),
        mode: options.report_mode.map_or(0o600, |mode| mode.0),
        values: options.values.unwrap_or_default(),
        language: options.lang.unwrap_or_default(),
    }
}
