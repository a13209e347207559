//! How runs end and why records stay unknown.

use super::super::visible;
use crate::outcome::{Ending, Stop, UnknownWhy};

/// Why the run stopped, in one sentence.
pub(in crate::outcome::wording) fn stop(stop: &Stop) -> String {
    match stop {
        Stop::Unauthorized => "The server does not accept the credentials (status 401).".to_owned(),
        Stop::Licence => {
            "The ERP has no licence for this, or JTL has not authorised the app (status 402)."
                .to_owned()
        }
        Stop::Forbidden => {
            "The credentials lack the right to create customers (status 403).".to_owned()
        }
        Stop::Redirect { status } => format!(
            "The address redirects elsewhere (status {status}); redirects are not followed, for they could carry the credentials away."
        ),
        Stop::Address { status } => {
            format!("The server does not know the address, or lacks a header (status {status}).")
        }
        Stop::Tls => {
            "No secure connection could be made: the server's certificate does not fit, or it \
             speaks no TLS on that port."
                .to_owned()
        }
        Stop::Token { why } if why.is_empty() => "No access token could be had.".to_owned(),
        Stop::Token { why } => format!(
            "No access token could be had: {}.",
            visible(why.trim_end_matches('.'))
        ),
        // Without a status: failures and answers without sense took turns.
        Stop::CannotRead { status: 0 | 200..=299 } => "The server's answers about its companies or customers make no sense, so that nobody can see what it has already.".to_owned(),
        Stop::CannotRead { status } => format!(
            "The credentials lack the right to read customers (status {status}), so those that exist cannot be skipped."
        ),
        Stop::TooManyFailures { refused, sent } => format!(
            "The server refused {refused} of the {sent} records that were sent, more than `--max-failures` allows."
        ),
    }
}

/// What to do before the same command is given again.
pub(in crate::outcome::wording) fn stop_remedy(stop: &Stop) -> String {
    format!("{}; the same command then goes on.", stop_todo(stop))
}

/// What to do about what stopped a run.
pub(in crate::outcome::wording) fn stop_todo(stop: &Stop) -> &'static str {
    match stop {
        Stop::Unauthorized => {
            "Check that the API key, or the client's id and secret, are set, are right, and belong to \
             this ERP"
        }
        Stop::Licence => "Check the licence in Wawi and that the app is authorised for it",
        Stop::Forbidden => "Grant the scope `customer.createcustomer` to the app",
        Stop::Redirect { .. } => "Set `base_url` to the address that it redirects to",
        Stop::Address { status: 412 } => {
            "Check `app_id`, `app_version`, `api_version` and `tenant_id`; the server misses one of them"
        }
        Stop::Address { .. } => {
            "Check `base_url`, `path` (`/v1/customers` or `/customers`) and `api_version`"
        }
        Stop::Tls => {
            "Check host, port and `https` in `base_url`, that the certificate is not out of date, \
             and that this machine trusts its issuer"
        }
        Stop::Token { .. } => "Check `token_url` and the client's id and secret",
        Stop::CannotRead {
            status: 0 | 200..=299,
        } => {
            "Check that the ERP's API answers at `base_url` and `path`, and not a proxy or a website"
        }
        Stop::CannotRead { .. } => {
            "Grant the scope `all.read` to the app, or send without asking: `--existing send`"
        }
        Stop::TooManyFailures { .. } => {
            "Look into failed.csv and correct the mapping or the file, or raise `--max-failures`"
        }
    }
}

/// Why nobody knows what became of the record.
pub(in crate::outcome::wording) fn unknown(why: UnknownWhy) -> &'static str {
    match why {
        UnknownWhy::LookupImpossible => "the answer was lost, and the ERP could not be asked",
        UnknownWhy::LookupTooLong => "the answer was lost, and the ERP's list did not end",
        UnknownWhy::Unkeyed => "the answer was lost, and there is no key to look it up by",
        UnknownWhy::Ambiguous => "the answer was lost, and several customers in the ERP fit",
        UnknownWhy::Interrupted => "the run ended before the ERP could be asked",
        UnknownWhy::EarlierUnknown => {
            "the same customer waits since an earlier run, unknown or still to be sent"
        }
    }
}

/// How the run ended, in one sentence, and what the command is for then.
pub(in crate::outcome::wording) fn ending(ending: &Ending) -> String {
    let way_on = match ending {
        Ending::Limited => "the rest is open, and the same command goes on with it",
        Ending::Outage => "the same command goes on later",
        Ending::TimeUp | Ending::Interrupted | Ending::Terminated => {
            "the same command goes on with the rest"
        }
        Ending::Stopped(_) | Ending::Finished | Ending::TooManyInvalid => return ended(ending),
    };
    let ended = ended(ending);
    format!("{}; {way_on}.", ended.trim_end_matches('.'))
}

/// How the run ended, in one sentence.
pub(in crate::outcome::wording) fn ended(ending: &Ending) -> String {
    let text = match ending {
        Ending::Stopped(reason) => return stop(reason),
        Ending::Finished => "Every record has its outcome.",
        Ending::Limited => "Done as far as was asked for.",
        Ending::TooManyInvalid => "Too many records are invalid, so nothing was sent.",
        Ending::Outage => "The server could not be reached for too long.",
        Ending::TimeUp => "The time is up.",
        Ending::Interrupted => "Interrupted.",
        Ending::Terminated => "Asked to terminate.",
    };
    text.to_owned()
}
