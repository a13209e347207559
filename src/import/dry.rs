//! The dry run: pass 1 with a report, no target, no journal. Ends with the plan of the import
//! that it rehearsed, and says what it did not check.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use super::altered::compare_and_tell;
use super::apart::Apart;
use super::ledger::SettledSet;
use super::noted::tell_settings;
use super::pipeline::Pipeline;
use super::probe::Probe;
use super::reporting::{Outcomes, Reporting, shape_of};
use super::returned::{DRY_RUN, ReturnedFile};
use super::settings::Existing;
use super::strays::refuse_strays;
use super::summing::{Facts, stricter};
use super::survey::{Findings, Survey, survey};
use super::unwritten::unwritten;
use super::{Import, ImportError, Listener};
use crate::journal::Journal;
use crate::mapping::Unasked;
use crate::names::NameList;
use crate::outcome::{
    Bilingual, Counts, Ending, Language, Linked, Outcome, Plan, RunEvent, Summary, Traffic,
    ValuesShown, both, wording,
};
use crate::record::Position;
use crate::report::Report;
use crate::source::{self, Source};

/// Longest sample body that is shown, in bytes.
const SAMPLE_AT_MOST: usize = 4_000;

/// Names of a list that a sentence shows at most.
const NAMES_SHOWN: usize = 8;

/// Nobody keeps what pass 1 finds: the report finds it again.
pub(super) struct Nowhere;

impl Findings for Nowhere {
    fn settle(&mut self, _position: Position, _outcome: Outcome) -> Result<(), ImportError> {
        Ok(())
    }
}

/// Reads, maps, validates, reports.
pub(super) fn rehearse(import: &mut Import) -> Result<Summary, ImportError> {
    let started = Timestamp::now();
    let clock = Instant::now();
    let settings = &import.settings;
    let listener = import.listener();
    Report::check(&settings.report)?;
    let (source, mut pipeline) = import.open()?;
    let mut probe = Probe::of(import)?;
    if let Some(probe) = &mut probe {
        probe.name(&mut pipeline)?;
    }
    let run = format!("{DRY_RUN}{}", Uuid::now_v7());
    let report = Report::prepare(&settings.report, &run)?;
    listener.tell(&RunEvent::Started {
        run: run.clone(),
        input: import.input.clone(),
        target: None,
        resumed: false,
    });
    let folder = report.folder().to_owned();
    let linked = rehearse_link(import, (&source, &pipeline), &listener, &folder)?;
    let apart = Apart::new();
    let mut survey = survey(&source, &pipeline, &apart, &mut Nowhere, &listener, &folder)?;
    if survey.read == 0 && !settings.allow_empty {
        return Err(ImportError::NoRecords {
            path: import.path.clone(),
        });
    }
    let unseen = pipeline.plan.unseen(&survey.tally);
    unseen.map_err(|error| error.at_input(&import.path))?;
    import.check_records(survey.read, &listener)?;
    let ready = survey.customers() - survey.counts.invalid - survey.counts.left_out;
    let mut counts = Counts {
        ready,
        ..survey.counts
    };
    let mut found = None;
    if let Some(probe) = &mut probe {
        found = probe.existing(&source, &pipeline, &mut survey, &apart, &listener, &folder)?;
    }
    if let Some(found) = &found {
        found.count_in(&mut counts);
    }
    let facts = facts(
        import,
        (&source, &pipeline),
        (run, started),
        &survey,
        &report,
    )?;
    let mut summary = facts.summary(Ending::Finished, counts);
    summary.reading_seconds = clock.elapsed().as_secs_f64();
    summary.linked = linked;
    tell_settings(import, &mut summary);
    plan(
        import,
        &survey,
        &pipeline.plan,
        probe.as_ref(),
        &mut summary,
    );
    drop(probe);
    let mut payloads = import.payloads.take();
    let reporting = Reporting {
        source: &source,
        pipeline: &pipeline,
        report: &report,
        outcomes: found.as_ref().map_or(Outcomes::Dry, Outcomes::Probed),
        listener: &listener,
        payloads: payloads
            .as_mut()
            .map(|writer| &mut **writer as &mut dyn std::io::Write),
    };
    let written = reporting.write(&mut survey, &mut summary, |summary| {
        stricter(summary, &import.settings);
    });
    if let Err(error) = written {
        return Err(unwritten(error, summary, &import.settings, &listener));
    }
    listener.tell(&RunEvent::Finished(Box::new(summary.clone())));
    Ok(summary)
}

/// What the summary says of the input and of how it was read.
fn facts(
    import: &Import,
    (source, pipeline): (&Source, &Pipeline),
    (run, started): (String, Timestamp),
    survey: &Survey,
    report: &Report,
) -> Result<Facts, ImportError> {
    Ok(Facts {
        run,
        dry_run: true,
        resumed: false,
        input: import.input.clone(),
        input_hash: survey.fingerprint.hex(),
        source: source.facts().describe(),
        mapping: import.mapping.name().to_owned(),
        mapping_hash: super::which::hex(&import.plan_hash(pipeline)?),
        target: None,
        workflows: super::which::workflows(&import.settings),
        shape: shape_of(source),
        started,
        report_dir: report.folder().display().to_string(),
    })
}

/// What a live run would find out about a returned file; a run that its changes would stop is
/// announced.
fn rehearse_link(
    import: &Import,
    (source, pipeline): (&Source, &Pipeline),
    listener: &Listener,
    folder: &Path,
) -> Result<Option<Box<Linked>>, ImportError> {
    let settings = &import.settings;
    let Some(file) = ReturnedFile::read(source, folder, listener)? else {
        return Ok(None);
    };
    let journal = Journal::open_existing(&settings.state_dir)?;
    let link = file.link(journal.as_ref(), None, import.mapping.text(), listener)?;
    let (Some(journal), Some(mut link)) = (journal, link) else {
        return Ok(None);
    };
    link.verify(&journal, &SettledSet::default(), folder)?;
    refuse_strays(&mut link, source, pipeline, &journal, listener, folder)?;
    let altered = compare_and_tell(&mut link, source, &journal, settings, listener, folder)?;
    if !altered.is_empty() && !settings.accept_changes {
        listener.tell(&RunEvent::warning(both!(
            "a run would send nothing because of these changes; --accept-changes accepts them",
            "ein Lauf würde wegen dieser Änderungen nichts senden; --accept-changes nimmt sie an"
        )));
    }
    let family = journal.family(&link.of.id)?;
    Ok(Some(Box::new(Linked {
        first: family.map_or_else(|| link.of.id.clone(), |family| family.first),
        to: Some(link.of.id),
        altered,
        ..Linked::default()
    })))
}

/// Adds the plan, and its sentences in the language of the people who read them: English ones
/// stand in the plan itself.
fn plan(
    import: &Import,
    survey: &Survey,
    bound: &crate::mapping::Plan,
    probe: Option<&Probe<'_>>,
    summary: &mut Summary,
) {
    summary.traffic = probe.map_or_else(Traffic::default, |probe| probe.traffic);
    let not_checked = not_checked(import, survey, bound, probe);
    let probed = probe.map_or(&[][..], |probe| &probe.probed);
    let english = |all: &[Bilingual]| all.iter().map(|text| text.english.clone()).collect();
    let mut plan = plan_of(import, survey, bound, &summary.counts);
    plan.probed = english(probed);
    plan.not_checked = english(&not_checked);
    summary.plan = Some(plan);
    let language = import.settings.report.language;
    if language != Language::English {
        let told = |all: &[Bilingual]| all.iter().map(|text| text.told_in(language)).collect();
        let texts = &mut summary.conditions.told;
        texts.probed = Some(told(probed));
        texts.not_checked = Some(told(&not_checked));
    }
}

fn plan_of(
    import: &Import,
    survey: &Survey,
    bound: &crate::mapping::Plan,
    counts: &Counts,
) -> Plan {
    let settings = &import.settings;
    let ready = counts.ready;
    let requests = match settings.existing {
        Existing::Send => ready,
        // Each key may cost a look-up besides its POST.
        Existing::Skip | Existing::Fail => ready * 2,
    };
    Plan {
        would_create: ready,
        left_out: survey.counts.left_out,
        invalid: counts.invalid,
        too_many_invalid: settings.are_too_many_invalid(
            survey.counts.invalid,
            survey.customers(),
            source::is_returned(&import.path),
        ),
        unused_columns: bound.unused_columns(),
        sample_body: survey
            .sample_body
            .as_deref()
            .and_then(|body| shown(body, settings.report.values)),
        highest_number: survey.highest.number().map(str::to_owned),
        seconds_at_rate: settings.delivery.rate.map(|rate| {
            let per_request = rate.per.as_secs_f64() / f64::from(rate.requests.get());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "an estimate, and never negative"
            )]
            let seconds = (requests as f64 * per_request).ceil() as u64;
            seconds
        }),
        ..Plan::default()
    }
}

fn not_checked(
    import: &Import,
    survey: &Survey,
    bound: &crate::mapping::Plan,
    probe: Option<&Probe<'_>>,
) -> Vec<Bilingual> {
    let settings = &import.settings;
    let both = |english: &str, german: &str| Bilingual {
        english: english.to_owned(),
        german: german.to_owned(),
    };
    let mut sentences = vec![both(
        "the server's own rules: whether it accepts these customers, its licence and scopes",
        "die eigenen Regeln des Servers: ob er diese Kunden annimmt, seine Lizenz und Rechte",
    )];
    match probe {
        None => sentences.push(both(
            "whether customer groups, companies, categories, payment methods and languages with \
             these ids exist in Wawi",
            "ob es Kundengruppen, Firmen, Kategorien, Zahlungsarten und Sprachen mit diesen Ids \
             in der Wawi gibt",
        )),
        Some(probe) => {
            sentences.push(both(
                "whether the languages are active in Wawi",
                "ob die Sprachen in der Wawi aktiv sind",
            ));
            sentences.extend(probe.untold.iter().cloned());
        }
    }
    let written = bound.unasked_names();
    sentences.extend(written.iter().map(|(list, written)| {
        let in_input = survey.tally.unasked.get(list);
        Bilingual::of(|language| {
            unasked(*list, written, in_input, settings.report.values, language)
        })
    }));
    if settings.existing != Existing::Send && probe.is_none() {
        let key = import.mapping.key();
        sentences.push(Bilingual {
            english: format!(
                "which customers the ERP, or an earlier run, has already (by `{key}`)"
            ),
            german: format!(
                "welche Kunden die Wawi oder ein früherer Lauf schon hat (nach `{key}`)"
            ),
        });
    }
    if settings.records.is_some() || settings.limit.is_some() {
        sentences.push(both(
            "`--record` and `--limit`: the plan is that of the whole input",
            "`--record` und `--limit`: der Plan gilt für die ganze Eingabe",
        ));
    }
    sentences
}

/// Names of a list that the ERP was not asked about: those of the mapping, then those of the
/// input, which are shown as `--values` says.
fn unasked(
    list: NameList,
    written: &[String],
    in_input: Option<&Unasked>,
    values: ValuesShown,
    language: Language,
) -> String {
    let mut told = Vec::new();
    if !written.is_empty() {
        let names: Vec<String> = written
            .iter()
            .take(NAMES_SHOWN)
            .map(|name| format!("`{name}`"))
            .collect();
        let in_mapping = language.pick("in the mapping", "in der Zuordnung");
        told.push(format!("{} {in_mapping}", names.join(", ")));
    }
    if let Some(unasked) = in_input {
        let shown = |name: &String| match values {
            ValuesShown::Full => Some(format!("`{}`", wording::excerpt(name))),
            ValuesShown::Masked => Some(format!("`{}`", wording::mask(name))),
            ValuesShown::None => None,
        };
        let names: Vec<String> = unasked
            .names
            .values()
            .take(NAMES_SHOWN)
            .filter_map(shown)
            .collect();
        let distinct = unasked.names.len();
        let more = match unasked.has_more {
            true => language.pick("more than ", "mehr als "),
            false => "",
        };
        let names = match names.join(", ") {
            names if names.is_empty() => names,
            names if distinct > NAMES_SHOWN || unasked.has_more => format!(": {names}, …"),
            names => format!(": {names}"),
        };
        let count = unasked.count;
        told.push(match language {
            Language::English => {
                format!("{count} values of the input, {more}{distinct} different{names}")
            }
            Language::German => {
                format!("{count} Werte der Eingabe, {more}{distinct} verschiedene{names}")
            }
        });
    }
    if told.is_empty() {
        let none = language.pick("the input has none", "die Eingabe hat keine");
        told.push(none.to_owned());
    }
    let (plural, field) = (list.plural_in(language), list.field().1);
    let told = told.join("; ");
    match language {
        Language::English => format!(
            "the {plural} by name ({told}); until then bodies leave `{field}` out. `--probe` asks the ERP"
        ),
        Language::German => format!(
            "die {plural} nach Namen ({told}); bis dahin fehlt `{field}` in den Datensätzen. `--probe` fragt die Wawi"
        ),
    }
}

/// The sample body as `--values` allows it.
fn shown(body: &[u8], values: ValuesShown) -> Option<String> {
    let mut body: serde_json::Value = serde_json::from_slice(body).ok()?;
    match values {
        ValuesShown::Full => {}
        ValuesShown::Masked => mask(&mut body, &wording::mask),
        ValuesShown::None => mask(&mut body, &|_| "…".to_owned()),
    }
    let text = serde_json::to_string_pretty(&body).ok()?;
    (text.len() <= SAMPLE_AT_MOST).then_some(text)
}

/// Masks texts; numbers, flags and two-letter codes tell nothing about a person.
fn mask(value: &mut serde_json::Value, how: &dyn Fn(&str) -> String) {
    match value {
        serde_json::Value::String(text) if text.len() > 2 => *text = how(text),
        serde_json::Value::Array(list) => list.iter_mut().for_each(|inner| mask(inner, how)),
        serde_json::Value::Object(object) => {
            object.values_mut().for_each(|inner| mask(inner, how));
        }
        _ => {}
    }
}
