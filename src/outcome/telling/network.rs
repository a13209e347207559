//! Why somebody who was asked over the network gave no answer.

use crate::outcome::{Bilingual, Trouble, both};

/// Who was asked in vain, and why it was in vain, in a clause.
#[must_use]
pub fn unanswered(who: &Bilingual, kind: Trouble) -> Bilingual {
    let who = who.clone();
    match kind {
        Trouble::Dns => both!([who]
            "{who} cannot be reached: nobody knows the name of this host",
            "{who} ist nicht zu erreichen: den Namen dieses Hosts kennt niemand"
        ),
        Trouble::Connect => both!([who]
            "{who} cannot be reached: nothing takes connections there",
            "{who} ist nicht zu erreichen: dort nimmt nichts Verbindungen an"
        ),
        Trouble::ConnectTimeout => both!([who]
            "{who} cannot be reached: making the connection took too long",
            "{who} ist nicht zu erreichen: der Verbindungsaufbau dauerte zu lange"
        ),
        Trouble::Tls => both!([who]
            "{who} cannot be reached: no secure connection can be made",
            "{who} ist nicht zu erreichen: es kommt keine sichere Verbindung zustande"
        ),
        Trouble::Timeout => both!([who]
            "{who} did not answer within the time limit",
            "{who} antwortete nicht innerhalb der Frist"
        ),
        Trouble::Broken | Trouble::Interrupted => both!([who]
            "{who} broke the connection off before its answer was complete",
            "{who} brach die Verbindung ab, bevor die Antwort vollständig war"
        ),
        Trouble::TooLong => both!([who]
            "{who} answered with more than is read",
            "{who} antwortete mit mehr, als gelesen wird"
        ),
    }
}
