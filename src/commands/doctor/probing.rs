//! What the API's description leaves open (`--probe`): how look-ups by number match, and how long
//! a page may be. Tried with a customer that is there already; its number is told to nobody.

use super::Doctor;
use super::answers::{ended, used_up};
use super::server::Asker;
use crate::deliver::answer::{self, Page};
use crate::deliver::client::{Look, PAGE_SIZE, Query};
use crate::outcome::{Bilingual, Counts, Ending, Finding, Stop, both};

const NUMBERS: &str = "probe_number";
const CASE: &str = "probe_case";
const PAGES: &str = "probe_pages";
/// Larger than any page that a server shows willingly.
const LARGE_PAGE: u32 = 1000;

pub(super) async fn look(asker: &mut Asker, doctor: &mut Doctor<'_>) {
    let first = match page(asker, Query::All, 1, PAGE_SIZE).await {
        Ok(page) => page,
        Err(finding) => {
            return doctor.tell(&Finding {
                check: PAGES,
                ..finding
            });
        }
    };
    if first.items.is_empty() {
        let why = both!(
            "the ERP shows no customer that it could be tried with",
            "die Wawi zeigt keinen Kunden, mit dem es sich ausprobieren ließe"
        );
        for check in [PAGES, NUMBERS, CASE] {
            doctor.tell(&Finding::not_checked(check, why.clone()));
        }
        return;
    }
    doctor.tell(&pages(asker, &first).await);
    let numbers = first.items.iter().filter_map(|seen| seen.number.clone());
    // The longest tells most: a short one is the beginning of many.
    let Some(number) = numbers.max_by_key(|number| number.chars().count()) else {
        let why = both!(
            "no customer that the ERP shows has a number",
            "kein Kunde, den die Wawi zeigt, hat eine Kundennummer"
        );
        doctor.tell(&Finding::not_checked(NUMBERS, why.clone()));
        return doctor.tell(&Finding::not_checked(CASE, why));
    };
    doctor.tell(&matching(asker, &number).await);
    doctor.tell(&case(asker, &number).await);
}

/// One page; else what is to be told.
async fn page(asker: &mut Asker, query: Query, number: u32, size: u32) -> Result<Page, Finding> {
    if asker.is_used_up() {
        return Err(Finding::not_checked("", used_up()));
    }
    match asker.look(&Look::Customers(query, number, size)).await {
        Ok(Ok(looked)) => {
            let status = looked.answer.status;
            let body = looked
                .answer
                .body
                .ok()
                .filter(|_| (200..300).contains(&status));
            body.as_deref().and_then(answer::page).ok_or_else(|| {
                let why = both!(
                    "the server answered with status {status}",
                    "der Server antwortete mit Status {status}"
                );
                Finding::not_checked("", why)
            })
        }
        Ok(Err(trouble)) => Err(Finding::not_checked("", Bilingual::same(trouble.why))),
        Err(ending) => Err(ended("", &ending)),
    }
}

/// How long a page may be, and whether the second is another than the first.
async fn pages(asker: &mut Asker, first: &Page) -> Finding {
    let shown = first.items.len();
    let large = match page(asker, Query::All, 1, LARGE_PAGE).await {
        Ok(large) => large.items.len(),
        Err(finding) => {
            return Finding {
                check: PAGES,
                ..finding
            };
        }
    };
    let second = match page(asker, Query::All, 2, 1).await {
        Ok(second) => second,
        Err(finding) => {
            return Finding {
                check: PAGES,
                ..finding
            };
        }
    };
    let total = first.total.and_then(|total| usize::try_from(total).ok());
    let asked = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
    let expected = total.unwrap_or(shown).min(asked);
    let is_repeated = first.items.len() > 1
        && second.items.first().map(|seen| (seen.id, &seen.number))
            == first.items.first().map(|seen| (seen.id, &seen.number));
    let value = serde_json::json!({ "asked": PAGE_SIZE, "shown": shown, "most": large });
    let text = both!(
        "a page of {PAGE_SIZE} shows {shown} customers, one of {LARGE_PAGE} shows {large}",
        "eine Seite von {PAGE_SIZE} zeigt {shown} Kunden, eine von {LARGE_PAGE} zeigt {large}"
    );
    let finding = if is_repeated {
        Finding::warning(
            PAGES,
            both!([text]
                "{text}; the second page is the first one again",
                "{text}; die zweite Seite ist noch einmal die erste"
            ),
            both!(
                "a run then asks for each customer by number, which takes one request each",
                "ein Lauf fragt dann nach jeder Kundennummer einzeln, je eine Anfrage"
            ),
        )
    } else if shown < expected {
        let text = both!([text]
            "{text}; the server has more, so it shortens pages",
            "{text}; der Server hat mehr, er kürzt also die Seiten"
        );
        let remedy = both!(
            "nothing to do: a run takes pages as they come",
            "nichts zu tun: ein Lauf nimmt die Seiten, wie sie kommen"
        );
        Finding::warning(PAGES, text, remedy)
    } else {
        Finding::ok(PAGES, text)
    };
    finding.with(value)
}

fn has(page: &Page, number: &str) -> bool {
    let mut numbers = page.items.iter().filter_map(|seen| seen.number.as_deref());
    numbers.any(|shown| shown == number)
}

/// Whether a look-up finds the number itself, and what else it finds.
async fn matching(asker: &mut Asker, number: &str) -> Finding {
    let wrapped = |finding| Finding {
        check: NUMBERS,
        ..finding
    };
    match page(asker, Query::Number(number.to_owned()), 1, PAGE_SIZE).await {
        Ok(page) if has(&page, number) => {}
        Ok(_) => {
            let stop = Ending::Stopped(Stop::CannotRead { status: 200 });
            return Finding::failed(
                NUMBERS,
                stop.exit_code(&Counts::default()),
                both!(
                    "a look-up by number does not find a customer that the list shows: what \
                     becomes of a lost request could not be found out",
                    "die Suche nach einer Kundennummer findet einen Kunden nicht, den die Liste \
                     zeigt: was aus einer verlorenen Anfrage wurde, ließe sich nicht herausfinden"
                ),
                Some(both!(
                    "do not import into this server; tell its maker",
                    "in diesen Server nichts importieren; seinem Hersteller Bescheid geben"
                )),
            );
        }
        Err(finding) => return wrapped(finding),
    }
    let mut shorter = number.chars();
    shorter.next_back();
    let beginning = shorter.as_str().to_owned();
    let mut shorter = number.chars();
    shorter.next();
    let end = shorter.as_str().to_owned();
    if beginning.is_empty() {
        return Finding::not_checked(
            NUMBERS,
            both!(
                "no number is longer than one character",
                "keine Kundennummer ist länger als ein Zeichen"
            ),
        );
    }
    let mut found = [false; 2];
    for (part, found) in [beginning, end].into_iter().zip(&mut found) {
        match page(asker, Query::Number(part), 1, PAGE_SIZE).await {
            Ok(page) => *found = has(&page, number),
            Err(finding) => return wrapped(finding),
        }
    }
    matches(found)
}

/// What it means that the number was found by its beginning, by its end.
fn matches(found: [bool; 2]) -> Finding {
    let remedy = both!(
        "nothing to do: a run compares on its own side, and reads up to 20 pages of them",
        "nichts zu tun: ein Lauf vergleicht selbst und liest bis zu 20 Seiten davon"
    );
    match found {
        [false, false] => Finding::ok(
            NUMBERS,
            both!(
                "a look-up finds the whole number only",
                "die Suche findet nur die ganze Kundennummer"
            ),
        )
        .with("exact"),
        [true, false] => Finding::warning(
            NUMBERS,
            both!(
                "a look-up also finds numbers that only begin so",
                "die Suche findet auch Kundennummern, die nur so anfangen"
            ),
            remedy,
        )
        .with("prefix"),
        [_, true] => Finding::warning(
            NUMBERS,
            both!(
                "a look-up also finds numbers that it is only a part of",
                "die Suche findet auch Kundennummern, in denen die gesuchte nur vorkommt"
            ),
            remedy,
        )
        .with("part"),
    }
}

/// Whether a look-up minds capitals.
async fn case(asker: &mut Asker, number: &str) -> Finding {
    let other: String = number
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    if other == number {
        return Finding::not_checked(
            CASE,
            both!(
                "the number that was tried has no letters",
                "die Kundennummer, mit der es versucht wurde, hat keine Buchstaben"
            ),
        );
    }
    match page(asker, Query::Number(other), 1, PAGE_SIZE).await {
        Ok(page) if has(&page, number) => Finding::ok(
            CASE,
            both!(
                "a look-up does not mind capitals",
                "die Suche achtet nicht auf Groß- und Kleinschreibung"
            ),
        )
        .with("ignored"),
        Ok(_) => Finding::ok(
            CASE,
            both!(
                "a look-up minds capitals: a number is asked for as it is sent",
                "die Suche achtet auf Groß- und Kleinschreibung: gesucht wird eine Kundennummer \
                 so, wie sie gesendet wird"
            ),
        )
        .with("minded"),
        Err(finding) => Finding {
            check: CASE,
            ..finding
        },
    }
}
