//! What the library for secure connections says.

use super::in_both;
use crate::outcome::{Bilingual, both};

/// What is in the way of a secure connection, without the numbers and names that are told with it.
pub(crate) fn of_tls(sentence: &str) -> Bilingual {
    let says = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    if says(&["corrupt message"]) {
        return both!(
            "what answers there does not speak TLS",
            "was dort antwortet, spricht kein TLS"
        );
    }
    if says(&["UnknownIssuer"]) {
        return both!(
            "this computer does not trust whoever issued the certificate",
            "dem Aussteller des Zertifikats vertraut dieser Rechner nicht"
        );
    }
    if says(&["certificate expired", "certificate: Expired"]) {
        return both!(
            "the certificate has expired",
            "das Zertifikat ist abgelaufen"
        );
    }
    if says(&["certificate not valid yet", "NotValidYet"]) {
        return both!(
            "the certificate is not valid yet",
            "das Zertifikat gilt noch nicht"
        );
    }
    if says(&["certificate not valid for name", "NotValidForName"]) {
        return both!(
            "the certificate is another host's",
            "das Zertifikat gehört einem anderen Host"
        );
    }
    if says(&["Revoked"]) {
        return both!(
            "the certificate was revoked",
            "das Zertifikat ist widerrufen"
        );
    }
    in_both(sentence, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_without_numbers_and_names() {
        for (sentence, english, german) in [
            (
                "received corrupt message of type InvalidContentType",
                "what answers there does not speak TLS",
                "was dort antwortet, spricht kein TLS",
            ),
            (
                "invalid peer certificate: UnknownIssuer",
                "this computer does not trust whoever issued the certificate",
                "dem Aussteller des Zertifikats vertraut dieser Rechner nicht",
            ),
            (
                "invalid peer certificate: certificate expired: verification time 1700000000 \
                 (UNIX), but certificate is not valid after 1600000000 (100000000 seconds ago)",
                "the certificate has expired",
                "das Zertifikat ist abgelaufen",
            ),
            (
                "invalid peer certificate: certificate not valid for name \"hooks.example\"; \
                 certificate is only valid for DnsName(\"other.example\")",
                "the certificate is another host's",
                "das Zertifikat gehört einem anderen Host",
            ),
            ("something new", "something new", "something new"),
        ] {
            let told = of_tls(sentence);
            assert_eq!((&*told.english, &*told.german), (english, german));
        }
    }
}
