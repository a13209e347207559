//! What a dry run asks the ERP (`--probe`): the lists behind its ids and names, and which
//! customers it has already. Only questions, no customer is sent.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use tokio::runtime::Runtime;

use super::apart::Apart;
use super::existing::{Inquired, list_keys};
use super::groups::Groups;
use super::known::{exists_error, for_each_key, for_each_listed};
use super::ledger::SettledSet;
use super::names::ask;
use super::pipeline::{Examined, Pipeline};
use super::progress::tell_asking;
use super::runtime::runtime;
use super::sending::{add, identity_path};
use super::settings::Existing;
use super::survey::Survey;
use super::{Import, ImportError, Listener};
use crate::deliver::client::{Client, Query};
use crate::deliver::driver::Observed;
use crate::deliver::engine::key_of;
use crate::deliver::inquiry::{Census, Inquiry};
use crate::mapping::Tally;
use crate::names::{NameList, Names};
use crate::outcome::{
    Bilingual, Code, Counts, Ending, Language, Outcome, Phase, Progress, RunEvent, Severity, Stage,
    Stop, Traffic,
};
use crate::source::Source;

/// Somebody who asks the ERP on behalf of a dry run.
pub(super) struct Probe<'a> {
    import: &'a Import,
    client: Client,
    runtime: Runtime,
    clock: Instant,
    /// What went over the wire.
    pub traffic: Traffic,
    /// What was asked, a sentence each.
    pub probed: Vec<Bilingual>,
    /// What the ERP did not tell, a sentence each.
    pub untold: Vec<Bilingual>,
}

/// Records whose customers the ERP has.
pub(super) struct Found {
    records: SettledSet,
    count: u64,
    is_error: bool,
    key: String,
}

impl<'a> Probe<'a> {
    /// Prepares to ask, if that is wanted.
    pub(super) fn of(import: &'a Import) -> Result<Option<Self>, ImportError> {
        let settings = &import.settings;
        if !settings.probe {
            return Ok(None);
        }
        let target = settings.target.as_ref().ok_or(ImportError::NoTarget)?;
        Ok(Some(Self {
            import,
            client: Client::new(target, settings.credentials.clone(), &settings.delivery)?,
            runtime: runtime()?,
            clock: Instant::now(),
            traffic: Traffic::default(),
            probed: Vec::new(),
            untold: Vec::new(),
        }))
    }

    /// Lets `work` ask.
    fn asking<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Inquiry<'_>) -> Result<T, ImportError>,
    ) -> Result<T, ImportError> {
        let settings = &self.import.settings;
        let most = settings.max_duration;
        let left = most.map(|most| most.saturating_sub(self.clock.elapsed()));
        let (client, signal) = (&self.client, self.import.signal.clone());
        let listener = self.import.listener();
        let tell = |observed: &Observed<'_>| tell_asking(observed, &listener);
        let (result, traffic) = self.runtime.block_on(async {
            let deadline = left.map(|left| tokio::time::Instant::now() + left);
            let mut inquiry =
                Inquiry::new(client, &settings.delivery, deadline, signal).telling(&tell);
            let result = work(&mut inquiry).await;
            (result, inquiry.traffic())
        });
        add(&mut self.traffic, traffic);
        result
    }

    /// Tells the mapping what the ERP says about names; records' ids are held against its lists.
    /// A list that only ids need may stay untold.
    pub(super) fn name(&mut self, pipeline: &mut Pipeline) -> Result<(), ImportError> {
        let mapping = &self.import.mapping;
        let needed = mapping.name_lists();
        let mut names = self.asking(async |inquiry| ask(inquiry, &needed, true).await)?;
        for list in mapping.id_lists() {
            if names.of(list).is_some() {
                continue;
            }
            match self.asking(async |inquiry| ask(inquiry, &[list], false).await) {
                Ok(told) => names.learn(told),
                Err(error) => self.untold.push(may_stay_untold(list, error)?),
            }
        }
        self.probed.extend(told(&names));
        pipeline.tell(names.clone())?;
        pipeline.known = names;
        Ok(())
    }

    /// Which of the valid records' customers the ERP has, as far as it is asked for that.
    pub(super) fn existing(
        &mut self,
        source: &Source,
        pipeline: &Pipeline,
        survey: &mut Survey,
        apart: &Apart,
        listener: &Listener,
        folder: &Path,
    ) -> Result<Option<Found>, ImportError> {
        let existing = self.import.settings.existing;
        if existing == Existing::Send {
            return Ok(None);
        }
        let key = pipeline.key().to_string();
        let mut open = first_of_keys(pipeline, survey, folder)?;
        let mut found = Found {
            records: SettledSet::default(),
            count: 0,
            is_error: existing == Existing::Fail,
            key: key.clone(),
        };
        let keys = open.count();
        self.asking(async |inquiry| {
            let progress = |done, total| tell(listener, survey.counts, done, total);
            let (census, first) = inquiry.census().await.map_err(untold)?;
            let pages = match census {
                Census::Empty => return Ok(()),
                Census::Counted(count) => Some(count.div_ceil(first.items.len().max(1) as u64)),
                Census::Untold => None,
            };
            if let (Some(pages), Census::Counted(count)) = (pages, census)
                && pages < keys
            {
                let mut done = 0;
                let mut each = || {
                    done += 1;
                    progress(done, count);
                };
                let (mut listed, shown) = list_keys(inquiry, first, &key, apart, folder, &mut each)
                    .await
                    .map_err(|inquired| match inquired {
                        Inquired::Ended(ending) => untold(ending),
                        Inquired::Failed(error) => error,
                    })?;
                for_each_listed(&mut survey.keys, &mut listed, folder, &mut |pair, _| {
                    if open.remove(pair.record) {
                        found.note(pair.record);
                    }
                    Ok(())
                })?;
                if shown.whole && shown.customers >= count {
                    return Ok(());
                }
            }
            let entries = source.read_again(&survey.fingerprint)?;
            let groups = pipeline.groups(entries, source);
            ask_each(inquiry, groups, (pipeline, &open), &mut found, &|done| {
                progress(done, keys);
            })
            .await
        })?;
        let (many, of) = (found.count, keys);
        self.probed.push(Bilingual {
            english: format!(
                "which customers it has already, by `{key}`: {many} of the {of} that could be created"
            ),
            german: format!(
                "welche Kunden sie schon hat, nach `{key}`: {many} der {of}, die angelegt werden könnten"
            ),
        });
        Ok(Some(found))
    }
}

/// Asks for each customer whose first record is open; `told` hears how many that were.
async fn ask_each(
    inquiry: &mut Inquiry<'_>,
    groups: Groups<'_>,
    (pipeline, open): (&Pipeline, &SettledSet),
    found: &mut Found,
    told: &dyn Fn(u64),
) -> Result<(), ImportError> {
    let identity = identity_path(&found.key);
    let by_number = found.key == "Number";
    let mut tally = Tally::default();
    let mut done = 0;
    for group in groups {
        let group = group?;
        let record = group.position().record;
        if !open.contains(record) || group.rest_of.is_some() {
            continue;
        }
        let Examined::Valid { customer, .. } = pipeline.examine(&group, &mut tally) else {
            continue;
        };
        let Some(wanted) = customer.key() else {
            continue;
        };
        // The number as it is sent: the server may mind the case.
        let query = match customer.number() {
            Some(number) if by_number => Query::Number(number.to_owned()),
            _ => Query::Keyword(wanted.to_owned()),
        };
        let is_it = |seen: &_| key_of(seen, &identity).as_deref() == Some(wanted);
        if inquiry.has(&query, &is_it).await.map_err(untold)? {
            found.note(record);
        }
        done += 1;
        told(done);
    }
    Ok(())
}

impl Found {
    fn note(&mut self, record: u64) {
        if !self.records.contains(record) {
            self.records.insert(record);
            self.count += 1;
        }
    }

    /// Moves the records from those that are ready to what the ERP makes of them.
    pub(super) fn count_in(&self, counts: &mut Counts) {
        counts.ready = counts.ready.saturating_sub(self.count);
        if self.is_error {
            counts.invalid += self.count;
        } else {
            counts.exists += self.count;
        }
    }

    /// `noted` records, and those that become invalid because of what the ERP has.
    pub(super) fn told<'a>(&self, noted: &'a SettledSet) -> Cow<'a, SettledSet> {
        if self.is_error {
            Cow::Owned(noted.with(&self.records))
        } else {
            Cow::Borrowed(noted)
        }
    }

    /// What becomes of a record that is ready otherwise; none if the ERP does not have it.
    pub(super) fn outcome(&self, record: u64) -> Option<Outcome> {
        let is_there = self.records.contains(record);
        is_there.then(|| {
            if self.is_error {
                Outcome::Invalid {
                    stage: Stage::Existing,
                    errors: vec![exists_error(&self.key)],
                }
            } else {
                Outcome::Exists {
                    id: None,
                    number: None,
                }
            }
        })
    }
}

/// The first record of every key, without those that repeat something that must not be repeated.
fn first_of_keys(
    pipeline: &Pipeline,
    survey: &mut Survey,
    folder: &Path,
) -> Result<SettledSet, ImportError> {
    let mut repeated = SettledSet::default();
    let spool = |error| ImportError::spool(folder, error);
    for repeat in survey.repeats.iter().map_err(spool)? {
        let repeat = repeat.map_err(spool)?;
        if pipeline.rules.severity(repeat.code) == Severity::Error {
            repeated.insert(repeat.position.record);
        }
    }
    let mut first = SettledSet::default();
    for_each_key(&mut survey.keys, folder, &mut |pair| {
        if !repeated.contains(pair.record) {
            first.insert(pair.record);
        }
        Ok(())
    })?;
    Ok(first)
}

fn untold(ending: Ending) -> ImportError {
    ImportError::Untold {
        what: "which customers it has".to_owned(),
        by_name: false,
        ending: Box::new(ending),
    }
}

/// A list that the ERP does not tell leaves its ids unchecked; any other trouble ends the probe.
fn may_stay_untold(list: NameList, error: ImportError) -> Result<Bilingual, ImportError> {
    let status = match &error {
        ImportError::Untold { ending, .. } => match **ending {
            Ending::Stopped(
                Stop::CannotRead {
                    status: status @ 403,
                }
                | Stop::Address {
                    status: status @ 404,
                },
            ) => status,
            _ => return Err(error),
        },
        _ => return Err(error),
    };
    Ok(Bilingual::of(|language| {
        let names = list.plural_in(language);
        match language {
            Language::English => format!(
                "whether the {names} with these ids exist: the server does not tell them (status {status})"
            ),
            Language::German => format!(
                "ob es die {names} mit diesen Ids gibt: der Server nennt sie nicht (Status {status})"
            ),
        }
    }))
}

/// What lists were read.
fn told(names: &Names) -> Option<Bilingual> {
    let lists = |language| {
        let lists = NameList::ALL.into_iter().filter_map(|list| {
            let entries = names.of(list)?;
            Some(format!("{} ({})", list.plural_in(language), entries.len()))
        });
        lists.collect::<Vec<String>>().join(", ")
    };
    (!lists(Language::English).is_empty()).then(|| Bilingual {
        english: format!(
            "its {}: a name or id that is not among them makes its record invalid",
            lists(Language::English)
        ),
        german: format!(
            "ihre {}: ein Name oder eine Id, die nicht darunter ist, macht ihren Datensatz ungültig",
            lists(Language::German)
        ),
    })
}

fn tell(listener: &Listener, counts: Counts, done: u64, total: u64) {
    listener.progress(|| {
        RunEvent::Progress(Progress {
            phase: Phase::CheckingExisting,
            done,
            total: Some(total),
            counts,
            traffic: Traffic::default(),
            concurrency: 1,
            quota: None,
            left: None,
            gives_up: None,
            waits: None,
        })
    });
}

impl Pipeline {
    /// Ids of the draft that the ERP's lists do not have.
    pub(super) fn check_ids(&self, draft: &mut crate::customer::Draft<'_>) {
        use crate::customer::{Target, Value};
        use crate::outcome::FieldError;
        for list in NameList::ALL {
            let Some(entries) = self.known.of(list) else {
                continue;
            };
            let (part, field) = list.field();
            let Some(target) = Target::find(part, field) else {
                continue;
            };
            let Some(Value::Integer(id)) = draft.customer.get(target) else {
                continue;
            };
            if entries.iter().any(|entry| entry.id == *id) {
                continue;
            }
            let known = entries.iter().take(IDS_LISTED);
            let known: Vec<_> = known
                .map(|entry| format!("{} ({})", entry.id, entry.name))
                .collect();
            let error = FieldError::new(Code::ErpUnknownId, target.to_string())
                .with("list", list.singular())
                .with("known", known.join(", "))
                .of_value(id.to_string());
            draft.errors.push(error);
        }
    }
}

/// Ids that a message lists at most.
const IDS_LISTED: usize = 12;
