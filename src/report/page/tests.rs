use std::fs;

use super::super::fixtures::{head, invalid, no_mail, row, settled, summary, written};
use super::super::{Input, Shape};
use super::*;
use crate::outcome::{Conditions, Counts, Cure, Ending, How, Limit, Plan, ToldTexts};
use crate::record::Position;

/// What a browser would have to fetch, or run.
const ACTIVE: [&str; 10] = [
    "<script",
    "javascript:",
    " on",
    "href=",
    "src=",
    "url(",
    "@import",
    "<iframe",
    "<object",
    "<form",
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_798_725_600 + second).unwrap()
}

fn group(code: &str, count: u64) -> ErrorGroup {
    let first = [
        Position {
            record: 12,
            line: 13,
        },
        Position {
            record: 1014,
            line: 1015,
        },
    ];
    ErrorGroup {
        code: code.to_owned(),
        field: "BillingAddress.EmailAddress".to_owned(),
        columns: vec!["E-Mail".to_owned()],
        kind: None,
        count,
        first: first.to_vec(),
        examples: vec!["column `E-Mail`: `m…r` is not one address.".to_owned(); 2],
        message: "Not one e-mail address.".to_owned(),
        remedy: "Correct the address.".to_owned(),
        told: None,
        cure: None,
    }
}

/// A run of which everything is told that can be told.
fn eventful() -> Summary {
    let mut cured = group("text.suspect", 2);
    cured.cure = Some(Cure {
        table: "[customer.BillingAddress]".to_owned(),
        line: "City = { column = \"Ort\", empty = [\"NULL\"] }".to_owned(),
    });
    Summary {
        started: at(0),
        finished: at(70),
        ending: Ending::Interrupted,
        exit_code: 130,
        counts: Counts {
            read: 2000,
            created: 1200,
            invalid: 5,
            refused: 2,
            unknown: 1,
            open: 792,
            ..Counts::default()
        },
        errors: vec![group("email.malformed", 5), cured],
        warnings: 3,
        warning_groups: vec![group("email.duplicate", 3)],
        repairs: [("length.cut".to_owned(), 4)].into(),
        latency: Some(Latency {
            answers: 1100,
            p50_ms: 4.26,
            p90_ms: 12.0,
            p95_ms: 80.4,
            p99_ms: 999.0,
            max_ms: 61_000.0,
        }),
        conditions: Box::new(Conditions {
            settings: vec![("--rate".to_owned(), "600 in 1 min".to_owned())],
            rate: Some(Limit::new(600, std::time::Duration::from_secs(60))),
            quota: Some(Limit::new(100_000, std::time::Duration::from_secs(60))),
            attempts: 1203,
            created_before: 0,
            told: ToldTexts::default(),
            asked: Default::default(),
        }),
        resume_with: Some("importer run 'kunden.csv' -m jtl.toml".to_owned()),
        correct_with: Some("importer run reports/r1/failed.csv -m jtl.toml".to_owned()),
        retry_with: Some("importer run kunden.csv -m jtl.toml --retry-failed".to_owned()),
        ..summary()
    }
}

fn drawn(times: &[i64]) -> Drawing {
    let mut drawing = Drawing::default();
    for second in times {
        let outcome = Outcome::Created {
            id: Some(1),
            number: None,
            attempts: 1,
            how: How::Posted,
        };
        drawing.note(&Settled {
            at: at(*second),
            ..settled(1, outcome)
        });
    }
    drawing
}

fn shown(summary: &Summary, values: ValuesShown) -> String {
    drawn(&[0, 0, 0, 1, 3])
        .page(summary, values, Language::English)
        .unwrap()
}

/// The texts of the page in their order, each element closed; panics if it is no XML.
fn texts(page: &str) -> Vec<String> {
    let xml = page.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut texts = Vec::new();
    let mut depth = 0;
    loop {
        use quick_xml::events::Event;
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                for attribute in start.attributes() {
                    attribute.expect("a well-formed attribute");
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Text(text) => texts.push(text.html_content().into_owned()),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().expect("a character");
                texts.push(match (character, &*name) {
                    (Some(character), _) => character.to_string(),
                    (None, "lt") => "<".to_owned(),
                    (None, "gt") => ">".to_owned(),
                    (None, "amp") => "&".to_owned(),
                    (None, "quot") => "\"".to_owned(),
                    (None, other) => panic!("`{other}` is no entity of XML"),
                });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "an element stays open");
    texts
}

/// Nothing that is fetched or run, and a policy that would forbid it.
fn assert_is_inert(page: &str) {
    let low = page.to_lowercase();
    for active in ACTIVE {
        let found = low.match_indices(active).find(|(start, _)| {
            // Words of the text may begin so; attributes of a tag may not.
            let tag = low[..*start].rfind('<') > low[..*start].rfind('>');
            tag || active.starts_with('<')
        });
        assert_eq!(found, None, "{active}");
    }
    assert!(
        !low.contains("http://") && !low.contains("https://"),
        "an address"
    );
    let policy = "content=\"default-src 'none'; style-src 'sha256-";
    assert!(page.contains(policy), "no policy");
    assert_eq!(page.matches("style=").count(), 0, "a style that it forbids");
}

fn body(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    body.to_owned()
}

#[test]
fn an_interrupted_run_tells_everything() {
    let page = shown(&eventful(), ValuesShown::Masked);
    texts(&page);
    assert_is_inert(&page);
    insta::assert_snapshot!("interrupted", body(&page));
}

#[test]
fn a_german_page_tells_the_same() {
    let mut summary = eventful();
    summary.counts.created = 1_201_200;
    let drawing = drawn(&[0, 0, 0, 1, 3]);
    let page = drawing
        .page(&summary, ValuesShown::Masked, Language::German)
        .unwrap();
    texts(&page);
    assert_is_inert(&page);
    assert!(page.contains("<html lang=\"de\">"));
    insta::assert_snapshot!("german", body(&page));
}

#[test]
fn a_resumed_run_says_what_is_of_this_start_and_what_of_all() {
    let mut summary = eventful();
    let told = |summary: &Summary, language| {
        let drawing = drawn(&[0, 0, 0, 1, 3]);
        let page = drawing.page(summary, ValuesShown::Masked, language);
        let page = page.unwrap();
        assert_is_inert(&page);
        texts(&page).join("\n")
    };
    let once = told(&summary, Language::English);
    assert!(!once.contains("resumed"), "{once}");
    assert!(once.contains("\nTime\n") && once.contains("\nStarted\n"));
    summary.resumed = true;
    summary.conditions.created_before = 1_150;
    let page = told(&summary, Language::English);
    for text in [
        "This run was resumed. 1,150 of the 1,200 created were known as created before this \
         start, 50 are new. Time and requests are those of this start, all else is of the whole \
         run.",
        "Each bar stands for 1 s. Times are UTC. All starts of this run count.",
        "by a sixteenth at most. All starts of this run count.",
        "\nThis start began\n",
        "\nThis start ended\n",
        "\nTime of this start\n",
        "\nRequests of this start\n",
    ] {
        assert!(page.contains(text), "{text}\n{page}");
    }
    assert!(!page.contains("\nTime\n") && !page.contains("\nStarted\n"));
    let page = told(&summary, Language::German);
    let text = "Dieser Lauf wurde fortgesetzt. Von den 1.200 angelegten waren 1.150 schon \
                vor diesem Start als angelegt bekannt, 50 sind neu.";
    assert!(page.contains(text), "{page}");
}

#[test]
fn stretches_in_which_nobody_was_created_have_no_bar_and_commands_are_code() {
    let mut summary = eventful();
    for group in &mut summary.errors {
        group.remedy = "Give `--rate <5/s>`.".to_owned();
        group.cure = None;
    }
    let drawing = drawn(&[0, 0, 3]);
    let page = drawing
        .page(&summary, ValuesShown::Masked, Language::English)
        .unwrap();
    texts(&page);
    assert_is_inert(&page);
    assert!(page.matches("<rect class=\"created\"").count() >= 2);
    assert!(!page.contains("height=\"0.00\""), "{page}");
    // The table tells them all the same.
    assert!(page.contains("<td class=\"number\">0</td>"), "{page}");
    let code = "Give <code>--rate &lt;5&#x2f;s&gt;</code>.";
    assert!(page.contains(code), "{page}");
}

#[test]
fn a_dry_run_has_a_plan_and_no_latencies() {
    let mut summary = eventful();
    summary.dry_run = true;
    summary.target = None;
    summary.ending = Ending::Finished;
    summary.exit_code = 3;
    summary.resume_with = None;
    summary.counts = Counts {
        read: 100,
        ready: 95,
        invalid: 5,
        ..Counts::default()
    };
    summary.plan = Some(Plan {
        would_create: 95,
        invalid: 5,
        too_many_invalid: true,
        unused_columns: vec!["<b>".to_owned()],
        sample_body: Some(r#"{"Number":"C…"}"#.to_owned()),
        not_checked: vec!["the server's own rules".to_owned()],
        ..Plan::default()
    });
    let page = Drawing::default()
        .page(&summary, ValuesShown::None, Language::English)
        .unwrap();
    texts(&page);
    assert_is_inert(&page);
    insta::assert_snapshot!("rehearsed", body(&page));
}

#[test]
fn what_is_not_known_is_said() {
    let mut summary = eventful();
    summary.latency = None;
    *summary.conditions = Conditions::default();
    summary.errors.clear();
    let page = Drawing::default()
        .page(&summary, ValuesShown::Full, Language::English)
        .unwrap();
    let texts = texts(&page).concat();
    for told in [
        ENGLISH.latency_unknown,
        ENGLISH.no_settings,
        ENGLISH.no_errors,
        ENGLISH.nothing_created,
    ] {
        assert!(texts.contains(told), "{told}");
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let evil = "</title></style><script>alert(1)</script>\" onload='x' {{ 7*7 }} &lt; \u{0}\u{1b}[2J\u{202e}\u{ffff}\r\n]]>";
    let mut summary = eventful();
    for text in [
        &mut summary.run,
        &mut summary.input,
        &mut summary.source,
        &mut summary.mapping,
        &mut summary.workflows,
        &mut summary.report_dir,
        &mut summary.failed_file,
        &mut summary.version,
    ] {
        text.push_str(evil);
    }
    summary.target = Some(evil.to_owned());
    summary.resume_with = Some(evil.to_owned());
    summary.repairs.insert(evil.to_owned(), 1);
    summary
        .conditions
        .settings
        .push((evil.to_owned(), evil.to_owned()));
    for group in summary.errors.iter_mut().chain(&mut summary.warning_groups) {
        let texts = [
            &mut group.code,
            &mut group.field,
            &mut group.message,
            &mut group.remedy,
        ];
        for text in texts {
            text.push_str(evil);
        }
        group.columns = vec![evil.to_owned(), evil.to_owned()];
        group.examples = vec![evil.to_owned(), evil.to_owned()];
        if let Some(cure) = &mut group.cure {
            cure.table = evil.to_owned();
            cure.line = evil.to_owned();
        }
    }
    summary.plan = Some(Plan {
        unused_columns: vec![evil.to_owned()],
        sample_body: Some(evil.to_owned()),
        highest_number: Some(evil.to_owned()),
        probed: vec![evil.to_owned()],
        not_checked: vec![evil.to_owned()],
        ..Plan::default()
    });
    let page = shown(&summary, ValuesShown::Full);
    assert_is_inert(&page);
    let told = texts(&page);
    assert!(
        told.iter().any(|text| text.contains("{{ 7*7 }}")),
        "not run"
    );
    let harmful = |character: char| {
        (character.is_control() && character != '\n')
            || ['\u{202e}', '\u{ffff}'].contains(&character)
    };
    let (_, told) = page.split_once("<body>").unwrap();
    assert_eq!(told.find(harmful), None);
    // Each row of a record stands on a line of its own, whatever its text holds.
    let rows = page.matches("<tr data-record=").count();
    let lines = page
        .lines()
        .filter(|line| line.starts_with("<tr data-record="))
        .count();
    assert_eq!((rows, lines), (6, 6));
}

#[test]
fn the_file_stays_small_with_a_thousand_causes_of_long_texts() {
    let mut summary = eventful();
    let long = "ß<&>".repeat(5_000);
    let mut cause = group("x", 5);
    cause.columns = vec![long.clone(); 20];
    cause.message.clone_from(&long);
    cause.remedy.clone_from(&long);
    cause.first = vec![Position { record: 1, line: 2 }; 5];
    cause.examples = vec![long.clone(); 5];
    summary.errors = vec![cause.clone(); 1_000];
    summary.warning_groups = vec![cause; 1_000];
    summary.conditions.settings = vec![(long.clone(), long.clone()); 1_000];
    summary.input = long;
    let times: Vec<i64> = (0..100_000).collect();
    let page = drawn(&times)
        .page(&summary, ValuesShown::Full, Language::English)
        .unwrap();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let told = texts(&page).concat();
    assert!(told.contains("950 more causes; failed.csv tells of each record."));
}

#[test]
fn the_policy_allows_this_style() {
    use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let page = shown(&summary(), ValuesShown::Masked);
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let suite = TLS13_AES_128_GCM_SHA256.tls13().expect("TLS 1.3");
    let hash = suite.common.hash_provider.hash(style.as_bytes());
    let hash = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, hash.as_ref());
    assert_eq!(hash, STYLE_HASH, "of the style as it is now");
}

#[test]
fn values_are_shown_as_the_settings_say() {
    let value = "anna.muster(at)example.org";
    let told = |values| {
        let (_temp, folder) = written(head(Shape::Lines), values, |rows| {
            let error = no_mail().of_value(value);
            let invalid = invalid(1, vec![error.clone()]);
            rows.push(&row(&invalid, Input::Unreadable)).unwrap();
            let told = rows.for_people(&error);
            let shows = matches!(values, ValuesShown::Full);
            assert_eq!(told.contains(value), shows, "{told}");
            assert_eq!(
                told.contains("an…"),
                matches!(values, ValuesShown::Masked),
                "{told}"
            );
        });
        fs::read_to_string(folder.join("report.html")).unwrap()
    };
    for (values, note) in [
        (ValuesShown::Masked, ENGLISH.values_masked),
        (ValuesShown::None, ENGLISH.values_none),
        (ValuesShown::Full, ENGLISH.values_full),
    ] {
        // The option's name is code on the page.
        let note = note.replace('`', "");
        assert!(texts(&told(values)).concat().contains(&note));
    }
}

#[test]
fn shares_never_look_like_nothing_or_all() {
    let told = [0.0, 0.000_01, 0.5, 0.999_99, 1.0].map(|part| share(part, Language::English));
    assert_eq!(told, ["0.0%", "< 0.1%", "50.0%", "> 99.9%", "100.0%"]);
}
