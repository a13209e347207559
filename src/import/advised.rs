//! Commands that can be called after a run, as a summary tells them.

use crate::outcome::telling::shell_word;
use crate::outcome::{Ending, Summary};

/// How to find out why the server cannot be reached.
pub(super) fn tell_of_outage(summary: &mut Summary, target: &str) {
    if summary.ending == Ending::Outage && !summary.is_journal_gone {
        summary.check_with = Some(format!("importer doctor{target}"));
    }
}

/// How to find out what became of the unknown records.
pub(super) fn tell_of_unknown(summary: &mut Summary, target: &str, journal: &str) {
    let run = &summary.run;
    summary.reconcile_with = Some(format!("importer reconcile {run}{target}"));
    summary.resolve_with = Some(format!("importer resolve {run}{journal} RECORD"));
}

/// How to import the records that failed, once they are corrected.
pub(super) fn tell_of_failed(summary: &mut Summary, is_mapped: bool, options: &str) {
    if summary.counts.invalid + summary.counts.refused == 0 {
        return;
    }
    let dir = summary.report_dir.trim_end_matches('/');
    let file = shell_word(&format!("{dir}/{}", summary.failed_file));
    let mapping = match is_mapped {
        true => format!(" -m {}", shell_word(&summary.mapping)),
        false => String::new(),
    };
    summary.correct_with = Some(format!("importer run {file}{mapping}{options}"));
}

/// How to send once more what was refused, or turns out to be absent.
pub(super) fn tell_of_sending(summary: &mut Summary, again: &str, retry: &str) {
    if summary.is_journal_gone || again.is_empty() {
        return;
    }
    // The command of another place holds once the run is over.
    let here = summary.resume_with.as_deref();
    if summary.counts.refused > 0 && here.is_none_or(|here| here == again) {
        summary.retry_with = Some(retry.to_owned());
    }
    if summary.counts.unknown > 0 {
        summary.again_with = Some(here.unwrap_or(again).to_owned());
    }
}
