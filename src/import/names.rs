//! Names instead of ids: asks the ERP for its lists before a mapping is bound, and keeps in the
//! journal what a run was bound with, so that whoever goes on with it maps as it began.

use tokio::sync::watch;
use tokio::time::Instant;

use super::progress::tell_asking;
use super::runtime::runtime;
use super::which::options_from;
use super::{Import, ImportError};
use crate::deliver::client::Client;
use crate::deliver::driver::{Observed, Signal};
use crate::deliver::inquiry::Inquiry;
use crate::deliver::{Credentials, DeliverySettings, TargetSettings};
use crate::journal::{Journal, RunRow};
use crate::names::{NameList, Named, Names};

/// Reads one list of the ERP (`importer list`).
pub struct Listing<'a> {
    /// Where the ERP is.
    pub target: &'a TargetSettings,
    /// Who we are there.
    pub credentials: Credentials,
    /// How fast it may be asked.
    pub delivery: &'a DeliverySettings,
    /// How long it may take.
    pub max_duration: Option<std::time::Duration>,
    /// What somebody outside wants.
    pub signal: watch::Receiver<Signal>,
}

impl Listing<'_> {
    /// The entries of `list`, in the ERP's order.
    ///
    /// # Errors
    /// If the target cannot be used, or the ERP does not tell.
    pub fn read(self, list: NameList) -> Result<Vec<Named>, ImportError> {
        let client = Client::new(self.target, self.credentials, self.delivery)?;
        let names = runtime()?.block_on(async {
            let deadline = self.max_duration.map(|most| Instant::now() + most);
            let mut inquiry = Inquiry::new(&client, self.delivery, deadline, self.signal);
            ask(&mut inquiry, &[list], false).await
        })?;
        Ok(names.of(list).map(<[_]>::to_vec).unwrap_or_default())
    }
}

/// Asks for `lists`; `by_name` says that a mapping looks names up there.
pub(super) async fn ask(
    inquiry: &mut Inquiry<'_>,
    lists: &[NameList],
    by_name: bool,
) -> Result<Names, ImportError> {
    let mut names = Names::default();
    for list in lists {
        let entries = inquiry
            .names(*list)
            .await
            .map_err(|ending| ImportError::Untold {
                what: format!("its {}", list.plural()),
                by_name,
                ending: Box::new(ending),
            })?;
        tracing::info!(
            list = list.plural(),
            entries = entries.len(),
            "asked the ERP"
        );
        names.set(*list, entries);
    }
    Ok(names)
}

impl Import {
    /// What the mapping's names mean in a run: the run that goes on maps as it began; a new one
    /// asks the ERP. Where failed records are tried again (`--retry-failed`), names that are new
    /// in the ERP are learnt.
    pub(super) fn names(
        &self,
        journal: &mut Journal,
        resumed: Option<&RunRow>,
        clock: std::time::Instant,
    ) -> Result<Names, ImportError> {
        let needed = self.mapping.name_lists();
        let mut names = resumed.map_or_else(Names::default, |row| options_from(row).names);
        let is_missing = |list: &NameList| self.settings.retry_failed || names.of(*list).is_none();
        let lists: Vec<NameList> = needed.into_iter().filter(is_missing).collect();
        if lists.is_empty() {
            return Ok(names);
        }
        let settings = &self.settings;
        let target = settings.target.as_ref().ok_or(ImportError::NoTarget)?;
        // A client of its own: connections belong to the runtime that made them.
        let client = Client::new(target, settings.credentials.clone(), &settings.delivery)?;
        let asked = runtime()?.block_on(async {
            let left = settings
                .max_duration
                .map(|most| most.saturating_sub(clock.elapsed()));
            let deadline = left.map(|left| Instant::now() + left);
            let signal = self.signal.clone();
            let listener = self.listener();
            let tell = |observed: &Observed<'_>| tell_asking(observed, &listener);
            let mut inquiry =
                Inquiry::new(&client, &settings.delivery, deadline, signal).telling(&tell);
            ask(&mut inquiry, &lists, true).await
        })?;
        let before = names.clone();
        names.learn(asked);
        if let Some(row) = resumed
            && names != before
        {
            let json = serde_json::to_string(&names)
                .map_err(|error| ImportError::Internal(error.to_string()))?;
            journal.note_option(&row.id, "names", &json)?;
        }
        Ok(names)
    }
}
