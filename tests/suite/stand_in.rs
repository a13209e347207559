//! The sandbox as a test's partner: on a runtime and a thread of its own, so that the test
//! itself can wait for the program.

use std::ops::Deref;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use wawi_importer::sandbox::{Sandbox, SandboxSettings};

/// A running sandbox; it goes when it is dropped.
pub(crate) struct StandIn {
    sandbox: Option<Sandbox>,
    runtime: Option<Runtime>,
}

impl StandIn {
    pub(crate) fn start(settings: SandboxSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
        Self {
            sandbox: Some(sandbox),
            runtime: Some(runtime),
        }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        let url = self.url();
        url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The numbers in its ledger, in the order in which they were created.
    pub(crate) fn numbers(&self) -> Vec<String> {
        let entries = self.ledger().into_iter();
        entries.map(|entry| entry.number).collect()
    }
}

impl Deref for StandIn {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.sandbox.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// Waits until `there` holds; fails after a minute.
#[track_caller]
pub(crate) fn wait_for(mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < Duration::from_secs(60), "in vain");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
