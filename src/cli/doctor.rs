//! The options of `doctor`.

use clap::Args;

use super::run::{PaceArgs, TargetArgs};

/// `doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorArgs {
    /// Also look at how the ERP looks customers up and lists them; it has to have some
    #[arg(long)]
    pub probe: bool,
    /// Where the ERP is.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How fast it may be asked.
    #[command(flatten)]
    pub pace: PaceArgs,
}
