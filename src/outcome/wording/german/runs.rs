//! How runs end and why records stay unknown, in German.

use super::super::visible;
use crate::outcome::{Ending, Stop, UnknownWhy};

/// Why the run stopped, in one sentence.
pub(in crate::outcome::wording) fn stop(stop: &Stop) -> String {
    match stop {
        Stop::Unauthorized => {
            "Der Server nimmt die Zugangsdaten nicht an (Status 401).".to_owned()
        }
        Stop::Licence => {
            "Die Wawi hat dafür keine Lizenz, oder JTL hat die App nicht freigegeben (Status 402)."
                .to_owned()
        }
        Stop::Forbidden => {
            "Den Zugangsdaten fehlt das Recht, Kunden anzulegen (Status 403).".to_owned()
        }
        Stop::Redirect { status } => format!(
            "Die Adresse leitet anderswohin weiter (Status {status}); Weiterleitungen wird nicht gefolgt, denn sie könnten die Zugangsdaten mitnehmen."
        ),
        Stop::Address { status } => format!(
            "Der Server kennt die Adresse nicht, oder der Anfrage fehlt ein HTTP-Header (Status {status})."
        ),
        Stop::Tls => {
            "Es kommt keine sichere Verbindung zustande: das Zertifikat des Servers passt nicht, \
             oder er spricht auf diesem Port kein TLS."
                .to_owned()
        }
        Stop::Token { why } if why.is_empty() => {
            "Es war kein Zugriffstoken zu bekommen.".to_owned()
        }
        Stop::Token { why } => format!(
            "Es war kein Zugriffstoken zu bekommen: {}.",
            visible(why.trim_end_matches('.'))
        ),
        // Without a status: failures and answers without sense took turns.
        Stop::CannotRead { status: 0 | 200..=299 } => "Die Antworten des Servers zu seinen Firmen oder Kunden ergeben keinen Sinn; so ist nicht zu sehen, was er schon hat.".to_owned(),
        Stop::CannotRead { status } => format!(
            "Den Zugangsdaten fehlt das Recht, Kunden zu lesen (Status {status}); so lassen sich vorhandene nicht überspringen."
        ),
        Stop::TooManyFailures { refused, sent } => format!(
            "Der Server hat {refused} der {sent} gesendeten Datensätze abgelehnt, mehr als `--max-failures` erlaubt."
        ),
    }
}

/// What to do before the same command is given again.
pub(in crate::outcome::wording) fn stop_remedy(stop: &Stop) -> String {
    format!("{}; derselbe Befehl macht dann weiter.", stop_todo(stop))
}

/// What to do, and no more.
pub(in crate::outcome::wording) fn stop_todo(stop: &Stop) -> &'static str {
    match stop {
        Stop::Unauthorized => {
            "Prüfen, ob API-Schlüssel oder Id und Secret des Clients gesetzt sind, stimmen und zu \
             dieser Wawi gehören"
        }
        Stop::Licence => "Die Lizenz in der Wawi prüfen, und ob die App dafür freigegeben ist",
        Stop::Forbidden => "Der App den Scope `customer.createcustomer` geben",
        Stop::Redirect { .. } => "`base_url` auf die Adresse setzen, zu der weitergeleitet wird",
        Stop::Address { status: 412 } => {
            "`app_id`, `app_version`, `api_version` und `tenant_id` prüfen; eines davon vermisst der Server"
        }
        Stop::Address { .. } => {
            "`base_url`, `path` (`/v1/customers` oder `/customers`) und `api_version` prüfen"
        }
        Stop::Tls => {
            "Host, Port und `https` in `base_url` prüfen, ob das Zertifikat noch gilt, und ob \
             dieser Rechner seinem Aussteller vertraut"
        }
        Stop::Token { .. } => "`token_url` und Id und Secret des Clients prüfen",
        Stop::CannotRead {
            status: 0 | 200..=299,
        } => {
            "Prüfen, ob an `base_url` und `path` die API der Wawi antwortet und nicht ein Proxy oder eine Website"
        }
        Stop::CannotRead { .. } => {
            "Der App den Scope `all.read` geben, oder ungefragt senden: `--existing send`"
        }
        Stop::TooManyFailures { .. } => {
            "In failed.csv nachsehen und Zuordnung oder Datei berichtigen, oder `--max-failures` erhöhen"
        }
    }
}

/// Why nobody knows what became of the record.
pub(in crate::outcome::wording) fn unknown(why: UnknownWhy) -> &'static str {
    match why {
        UnknownWhy::LookupImpossible => {
            "die Antwort ging verloren, und die Wawi war nicht zu befragen"
        }
        UnknownWhy::LookupTooLong => {
            "die Antwort ging verloren, und die Liste der Wawi nahm kein Ende"
        }
        UnknownWhy::Unkeyed => {
            "die Antwort ging verloren, und es gibt keinen Schlüssel zum Nachsehen"
        }
        UnknownWhy::Ambiguous => {
            "die Antwort ging verloren, und mehrere Kunden der Wawi kommen in Frage"
        }
        UnknownWhy::Interrupted => "der Lauf endete, bevor die Wawi befragt werden konnte",
        UnknownWhy::EarlierUnknown => {
            "derselbe Kunde wartet seit einem früheren Lauf, unbekannt oder noch zu senden"
        }
    }
}

/// How the run ended, in one sentence, and what the command is for then.
pub(in crate::outcome::wording) fn ending(ending: &Ending) -> String {
    let way_on = match ending {
        Ending::Limited => "der Rest ist offen, und derselbe Befehl macht damit weiter",
        Ending::Outage => "derselbe Befehl macht später weiter",
        Ending::TimeUp | Ending::Interrupted | Ending::Terminated => {
            "derselbe Befehl macht mit dem Rest weiter"
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
        Ending::Finished => "Jeder Datensatz hat sein Ergebnis.",
        Ending::Limited => "Fertig, soweit es verlangt war.",
        Ending::TooManyInvalid => {
            "Zu viele Datensätze sind ungültig, deshalb wurde nichts gesendet."
        }
        Ending::Outage => "Der Server war zu lange nicht erreichbar.",
        Ending::TimeUp => "Die Zeit ist um.",
        Ending::Interrupted => "Unterbrochen.",
        Ending::Terminated => "Zum Beenden aufgefordert.",
    };
    text.to_owned()
}
