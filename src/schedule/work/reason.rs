//! Why a start or one of its runs ended before its end, and what to do about it: for those who are
//! told of the job alone. Nothing of it stands in an input.

use std::path::Path;

use super::Files;
use crate::import::ImportError;
use crate::outcome::telling::{counted, length_in, steps};
use crate::outcome::{Bilingual, Ending, ExitCode, Summary, both};
use crate::schedule::archive::ArchiveError;
use crate::schedule::hooks::HookFault;
use crate::schedule::jobs::Job;
use crate::schedule::runner::Ran;
use crate::schedule::verdict::Fault;

/// What is told, and what to do.
type Reason = (Bilingual, Option<Bilingual>);

/// Why a run ended before its end; none, if it came to it or was asked to stop.
fn of_ending(summary: &Summary) -> Option<Reason> {
    let help = match &summary.ending {
        Ending::Finished | Ending::Limited | Ending::Interrupted | Ending::Terminated => {
            return None;
        }
        Ending::Outage => Some(match &summary.check_with {
            Some(command) => both!(
                "the next start goes on where this one ended, and `retry_after` lets it come \
                 sooner; `{command}` tells which step to the server fails",
                "der nächste Start macht weiter, wo dieser endete, und `retry_after` lässt ihn \
                 früher kommen; `{command}` sagt, woran es auf dem Weg zum Server liegt"
            ),
            None => goes_on(),
        }),
        Ending::TimeUp => Some(goes_on()),
        Ending::TooManyInvalid | Ending::Stopped(_) => {
            let step = |language| steps(summary, language).into_iter().next();
            let help = Bilingual::of(|it| step(it).map_or_else(String::new, |(text, _)| text));
            (!help.english.is_empty()).then_some(help)
        }
    };
    let why = Bilingual::of(|language| summary.ending.without_way_on(language));
    Some((why, help))
}

fn goes_on() -> Bilingual {
    both!(
        "the next start goes on where this one ended; `retry_after` lets it come sooner, and a \
         longer `max_duration` lets it come further",
        "der nächste Start macht weiter, wo dieser endete; `retry_after` lässt ihn früher kommen, \
         und ein längeres `max_duration` weiter"
    )
}

/// What a hook failed of, with its place in the jobs file.
pub(super) fn of_hook(job: &Job, key: &str, fault: HookFault) -> Bilingual {
    let at = job.places.of(key);
    let why = fault.what;
    let text = both!([why] "{key} failed: {why}", "{key} scheiterte: {why}");
    let text = match fault.help {
        Some(help) => both!([text, help] "{text}\n help: {help}", "{text}\n Hilfe: {help}"),
        None => text,
    };
    text.map(|text| format!("{text}\n  --> {at}"))
}

/// What to do where no input came.
pub(super) fn did_it_come() -> Bilingual {
    both!(
        "was the export made, and does it go where `inputs` looks?",
        "wurde der Export gemacht, und liegt er dort, wo `inputs` sucht?"
    )
}

impl Files {
    /// Tells what kept the job from its end, unless something did so before.
    fn tell(&mut self, (message, help): Reason) {
        if self.message.is_none() {
            self.message = Some(message);
            self.help = help;
        }
    }

    /// What ended the run of an input before its end, and what to do; the job is told of it, too, if
    /// no other input is begun after it.
    pub(super) fn reason_of(
        &mut self,
        input: &Path,
        ran: &Ran,
        code: ExitCode,
    ) -> (Option<Bilingual>, Option<Bilingual>) {
        let reason = match &ran.message {
            Some(message) => Some((message.clone(), ran.help.clone())),
            None => ran.summary.as_deref().and_then(of_ending),
        };
        let Some((why, help)) = reason else {
            return (None, None);
        };
        if code.ends_the_command() {
            let input = Bilingual::same(input.display().to_string());
            self.tell((input.because(&why), help.clone()));
        }
        (Some(why), help)
    }

    /// Tells that the job's time was over before these many files were begun.
    pub(super) fn tell_of_time(&mut self, job: &Job, files: usize) {
        let Some(most) = job.max_duration else {
            return;
        };
        let most = Bilingual::of(|language| length_in(most, language));
        let files = Bilingual {
            english: counted(files as u64, "file"),
            german: match files {
                1 => "1 Datei".to_owned(),
                many => format!("{many} Dateien"),
            },
        };
        let message = both!([most, files]
            "`max_duration` ({most}) was over before {files} could be begun",
            "`max_duration` ({most}) war um; nicht begonnen: {files}"
        );
        self.tell((message, Some(goes_on())));
    }

    /// Tells that an input could not be moved.
    pub(super) fn tell_not_moved(&mut self, why: &ArchiveError) {
        self.tell((why.told(), Some(why.help())));
    }
}

/// What ended a run, in both languages.
pub(in crate::schedule) fn in_both(error: &ImportError) -> Bilingual {
    let english = error.to_string();
    Bilingual {
        german: error.in_german().unwrap_or_else(|| english.clone()),
        english,
    }
}

/// What a run came to that nobody saw the end of.
pub(super) fn lost() -> Ran {
    Ran {
        code: ExitCode::Failure,
        summary: None,
        fault: Fault::Elsewhere,
        message: Some(both!(
            "the run ended unexpectedly",
            "der Lauf endete unerwartet"
        )),
        help: Some(both!(
            "start the job again: the journal knows what was done",
            "den Job noch einmal starten: das Journal weiß, was erledigt ist"
        )),
        dry_run: false,
        is_strict: false,
        journal: None,
    }
}
