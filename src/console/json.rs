//! `--json`: one object a line, each with a `type`. Keys are added, never renamed.

use serde::Serialize;

use super::clean;
use crate::outcome::{Alteration, Finding, RunEvent, Summary};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Started {
        run: &'a str,
        input: &'a str,
        target: Option<&'a str>,
        resumed: bool,
    },
    Notice {
        warning: bool,
        text: &'a str,
    },
    Altered {
        run: &'a str,
        columns: &'a [Alteration],
        accepted: bool,
    },
    Paused {
        why: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
    },
    Resumed,
    Summary(&'a Summary),
    Check(&'a Finding),
    Error {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<&'a str>,
    },
}

/// The event's line; progress has none.
pub(super) fn event(event: &RunEvent) -> Option<String> {
    let line = match event {
        RunEvent::Started {
            run,
            input,
            target,
            resumed,
        } => Line::Started {
            run,
            input,
            target: target.as_deref(),
            resumed: *resumed,
        },
        RunEvent::Progress(_) => return None,
        RunEvent::Notice(notice) => Line::Notice {
            warning: notice.warning,
            text: &notice.text.english,
        },
        RunEvent::Altered {
            run,
            columns,
            accepted,
        } => Line::Altered {
            run,
            columns,
            accepted: *accepted,
        },
        RunEvent::Paused { why, length } => Line::Paused {
            why: why.told().english,
            seconds: length.map(|length| length.as_secs_f64()),
        },
        RunEvent::Resumed => Line::Resumed,
        RunEvent::Finished(finished) => return Some(summary(finished)),
    };
    Some(text(&line))
}

/// What a run came to.
pub(super) fn summary(summary: &Summary) -> String {
    text(&Line::Summary(summary))
}

/// What a check came to.
pub(super) fn finding(finding: &Finding) -> String {
    text(&Line::Check(finding))
}

/// An error that ends the command.
pub(super) fn error(message: &str, help: Option<&str>) -> String {
    text(&Line::Error { message, help })
}

/// Any value on a line of its own. A value that is no JSON (a map with odd keys) becomes an
/// error line, so that it does not go missing silently.
pub(super) fn text(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|problem| {
        serde_json::json!({ "type": "error", "message": problem.to_string() }).to_string()
    });
    format!("{}\n", clean::json(&text))
}
