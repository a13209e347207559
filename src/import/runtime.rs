//! Where requests are made: on the thread that asked for them, by a runtime of its own. It knows
//! nothing of what is sent.

use std::io;

use tokio::runtime::{Builder, Runtime};

use super::ImportError;

/// A runtime of this thread.
pub(crate) fn runtime_here() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// A runtime of this thread for the requests of one client.
pub(super) fn runtime() -> Result<Runtime, ImportError> {
    runtime_here().map_err(ImportError::Workers)
}
