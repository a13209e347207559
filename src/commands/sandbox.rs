//! `importer sandbox`: the stand-in ERP, until Ctrl-C.

use std::sync::Arc;

use super::{Ended, Failure, signals};
use crate::cli::{Duplicates, Lookup, SandboxArgs};
use crate::console::Console;
use crate::deliver::driver::Signal;
use crate::import::ImportError;
use crate::outcome::ExitCode;
use crate::sandbox::{self, Existing, Faults, Quota, Sandbox, SandboxSettings, Window};

pub(super) fn run(args: &SandboxArgs, console: &Arc<Console>) -> Ended {
    let faults = match args.faults.as_deref().map(Faults::parse).transpose() {
        Ok(faults) => faults.unwrap_or_default(),
        Err(why) => {
            return Err(Failure {
                code: ExitCode::Usage,
                text: format!("--faults: {why}"),
                help: Some("write for example commit_drop=0.02,503=0.01,status=403@101".to_owned()),
                rendered: false,
            });
        }
    };
    let broken = |error: std::io::Error| {
        let error = ImportError::Internal(format!("the sandbox does not start: {error}"));
        Failure::of_import(&error, console)
    };
    let settings = SandboxSettings {
        seed: args.seed,
        port: args.port,
        faults,
        quota: args.quota.map(|rate| Quota {
            limit: rate.requests.get(),
            interval: rate.per,
            window: Window::Sliding,
        }),
        latency: args.latency.unwrap_or_default(),
        lookup: match args.lookup.unwrap_or_default() {
            Lookup::Exact => sandbox::Lookup::Exact,
            Lookup::Prefix => sandbox::Lookup::Prefix,
            Lookup::IgnoreCase => sandbox::Lookup::IgnoreCase,
        },
        duplicates: match args.duplicates.unwrap_or_default() {
            Duplicates::Accept => sandbox::Duplicates::Accept,
            Duplicates::Refuse => sandbox::Duplicates::Refuse409,
        },
        existing: (1..=args.existing)
            .map(|n| Existing::new(i32::try_from(n).unwrap_or(i32::MAX), &format!("E{n}")))
            .collect(),
        ledger_file: args.ledger.clone(),
        ..SandboxSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(broken)?;
    let mut signal = signals::listen();
    let sandbox = runtime.block_on(Sandbox::start(settings)).map_err(broken)?;
    console.line(&sandbox.url());
    console.note("this is a stand-in ERP; Ctrl-C ends it");
    runtime.block_on(async {
        while *signal.borrow_and_update() == Signal::Go {
            if signal.changed().await.is_err() {
                break;
            }
        }
        let created = sandbox.created();
        sandbox.stop().await;
        console.note(&format!("{created} customers were created"));
    });
    Ok(ExitCode::Fine)
}
