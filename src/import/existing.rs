//! Which customers the ERP has already: asked before the first one is sent.

use std::path::Path;

use super::known::{count_open, exists_error, settle_listed};
use super::ledger::{JournalFindings, SettledSet, TargetHashes};
use super::live::Live;
use super::progress::tell_asking;
use super::sending::{add, identity_path};
use super::settings::Existing;
use super::survey::{Hashing, Survey};
use super::{ImportError, Listener};
use crate::deliver::answer::Page;
use crate::deliver::driver::Observed;
use crate::deliver::engine::Origin;
use crate::deliver::inquiry::{Census, Inquiry};
use crate::deliver::listing::Listed;
use crate::journal::Journal;
use crate::outcome::telling::thousands_in;
use crate::outcome::{Bilingual, Counts, Ending, Phase, Progress, RunEvent, Stop, Traffic, both};
use crate::sorted::{Pair, Sorted, Sorter};

impl Live<'_> {
    /// Which customers the ERP has already: by listing them when that takes fewer requests
    /// than asking for each key.
    pub(super) async fn look_for_existing(
        &self,
        journal: &mut Journal,
        settled: &mut SettledSet,
        hashes: &TargetHashes,
        survey: &mut Survey,
        traffic: &mut Traffic,
    ) -> Result<Origin, Inquired> {
        let settings = self.settings();
        if settings.existing == Existing::Send {
            return Ok(Origin::Unasked);
        }
        let tell = |observed: &Observed<'_>| tell_asking(observed, &self.listener);
        let mut inquiry = Inquiry::new(
            &self.client,
            &settings.delivery,
            self.deadline(),
            self.import.signal.clone(),
        )
        .telling(&tell);
        let result = self
            .ask_for_existing(journal, settled, hashes, survey, &mut inquiry)
            .await;
        add(traffic, inquiry.traffic());
        result
    }

    async fn ask_for_existing(
        &self,
        journal: &mut Journal,
        settled: &mut SettledSet,
        hashes: &TargetHashes,
        survey: &mut Survey,
        inquiry: &mut Inquiry<'_>,
    ) -> Result<Origin, Inquired> {
        let settings = self.settings();
        let (census, first) = inquiry.census().await?;
        let (count, pages) = match census {
            Census::Empty => return Ok(Origin::Absent),
            Census::Counted(count) => {
                let size = first.items.len().max(1) as u64;
                (count, Some(count.div_ceil(size)))
            }
            Census::Untold => (0, None),
        };
        self.listener.tell(&RunEvent::info(match census {
            Census::Counted(1) => both!(
                "the ERP has 1 customer already",
                "die Wawi hat schon 1 Kunden"
            ),
            Census::Counted(count) => both!([count = Bilingual::of(|it| thousands_in(count, it))]
                "the ERP has {count} customers already",
                "die Wawi hat schon {count} Kunden"
            ),
            _ => both!(
                "the ERP has customers already; how many it does not say",
                "die Wawi hat schon Kunden; wie viele, sagt sie nicht"
            ),
        }));
        let folder = settings.state_dir.clone();
        let mut findings = JournalFindings::new(journal, &self.run, settled);
        let open = count_open(&findings, &mut survey.keys, &folder)?;
        if pages.is_none_or(|pages| pages >= open) {
            return Ok(Origin::AskFirst);
        }
        let key = self.pipeline.key().to_string();
        let mut done = 0;
        let mut each = || {
            done += 1;
            self.listener.progress(|| {
                RunEvent::Progress(Progress {
                    phase: Phase::CheckingExisting,
                    done,
                    total: Some(count),
                    counts: survey.counts,
                    traffic: Traffic::default(),
                    concurrency: 1,
                    quota: None,
                    left: None,
                    gives_up: None,
                    waits: None,
                })
            });
        };
        let (mut listed, shown) =
            list_keys(inquiry, first, &key, hashes, &folder, &mut each).await?;
        let error = (settings.existing == Existing::Fail).then(|| exists_error(&key));
        settle_listed(
            &mut findings,
            &mut survey.keys,
            &mut listed,
            error.as_ref(),
            &folder,
        )?;
        findings.finish()?;
        // A listing that broke off early proves presence, but nobody's absence; neither does one
        // that went on behind what was promised.
        Ok(if shown.whole && shown.customers >= count {
            Origin::Absent
        } else {
            Origin::AskFirst
        })
    }

    /// Whether the ERP is still the one that the journal knows: asked before anything else, for
    /// a look-up in another one would say that nobody is there.
    pub(super) async fn check_target(
        &self,
        journal: &mut Journal,
        traffic: &mut Traffic,
    ) -> Result<(), Inquired> {
        let settings = self.settings();
        let known = journal.companies(&self.target).map_err(ImportError::from)?;
        if settings.existing == Existing::Send && known.is_none() {
            // Nobody who may not read is asked for what cannot be compared.
            return Ok(());
        }
        self.listener.tell(&RunEvent::Progress(Progress {
            phase: Phase::CheckingExisting,
            done: 0,
            total: None,
            counts: Counts::default(),
            traffic: Traffic::default(),
            concurrency: 1,
            quota: None,
            left: None,
            gives_up: None,
            waits: None,
        }));
        let tell = |observed: &Observed<'_>| tell_asking(observed, &self.listener);
        let mut inquiry = Inquiry::new(
            &self.client,
            &settings.delivery,
            self.deadline(),
            self.import.signal.clone(),
        )
        .telling(&tell);
        let result = recognise(
            journal,
            &self.target,
            &mut inquiry,
            settings.target_changed,
            &self.listener,
        )
        .await;
        add(traffic, inquiry.traffic());
        result
    }
}

/// Lists the whole ERP: the keys of its customers, sorted by their hashes, and what the listing
/// came to. `each` is told of every customer.
pub(super) async fn list_keys(
    inquiry: &mut Inquiry<'_>,
    first: Page,
    key: &str,
    hashes: &dyn Hashing,
    folder: &Path,
    each: &mut dyn FnMut(),
) -> Result<(Sorted, Listed), Inquired> {
    let spool = |error| ImportError::spool(folder, error);
    let identity = identity_path(key);
    let mut listed = Sorter::new(folder).map_err(spool)?;
    let mut trouble = None;
    let shown = inquiry
        .list(first, &mut |seen| {
            each();
            if let Some(key) = crate::deliver::engine::key_of(seen, &identity) {
                let pair = Pair {
                    hash: hashes.key(&key),
                    record: seen
                        .id
                        .and_then(|id| u64::try_from(id).ok())
                        .unwrap_or_default(),
                    line: 0,
                    payload: [0; 16],
                };
                if let Err(error) = listed.push(pair) {
                    trouble.get_or_insert(error);
                }
            }
        })
        .await?;
    if let Some(error) = trouble {
        return Err(spool(error).into());
    }
    Ok((listed.finish().map_err(spool)?, shown))
}

/// The company ids tell whether another server answers at the same address now: it has none
/// of those that were there before. A server that never told them is taken as it is; one that
/// did has to tell them again, or to say clearly that it does so no longer.
pub(super) async fn recognise(
    journal: &mut Journal,
    target: &str,
    inquiry: &mut Inquiry<'_>,
    accepted: bool,
    listener: &Listener,
) -> Result<(), Inquired> {
    let before = journal.companies(target).map_err(ImportError::from)?;
    let told_before = before.as_ref().is_some_and(|before| !before.is_empty());
    let now = match inquiry.companies().await {
        Ok(now) => now,
        Err(Ending::Stopped(_)) if !told_before || accepted => return Ok(()),
        // A right that was taken away, or a version without this endpoint: the same server may
        // well say so, and nobody could go on if that stopped the run.
        Err(Ending::Stopped(Stop::CannotRead { status: 403 } | Stop::Address { status: 404 })) => {
            listener.tell(&RunEvent::warning(both!(
                "the server does not tell the ids of its companies any more, so that nobody can \
                 see whether it is still the ERP that `{target}` was before",
                "der Server nennt die Ids seiner Firmen nicht mehr; so kann niemand sehen, ob er \
                 noch die Wawi ist, die `{target}` zuvor war"
            )));
            return Ok(());
        }
        Err(ending) => return Err(ending.into()),
    };
    if now.is_empty() {
        return Ok(());
    }
    let stranger = told_before
        && before
            .as_ref()
            .is_some_and(|before| !before.iter().any(|id| now.contains(id)));
    if stranger && !accepted {
        return Err(ImportError::OtherTarget {
            target: target.to_owned(),
        }
        .into());
    }
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    journal
        .remember_companies(target, &now)
        .map_err(|error| Inquired::Failed(error.into()))
}

/// Why there is no answer to what the ERP has.
pub(super) enum Inquired {
    /// The run ends in an orderly way.
    Ended(Ending),
    /// It ends with an error.
    Failed(ImportError),
}

impl From<Ending> for Inquired {
    fn from(ending: Ending) -> Self {
        Self::Ended(ending)
    }
}

impl From<ImportError> for Inquired {
    fn from(error: ImportError) -> Self {
        Self::Failed(error)
    }
}
