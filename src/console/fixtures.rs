//! Summaries that the console's tests share.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::outcome::{Counts, Ending, ErrorGroup, Plan, Summary, Traffic};
use crate::record::Position;

/// A run in which all went well.
pub(super) fn finished() -> Summary {
    Summary {
        run: "r-0193".to_owned(),
        version: "0.1.0".to_owned(),
        dry_run: false,
        resumed: false,
        finished_before: false,
        before: Counts::default(),
        input: "kunden.csv".to_owned(),
        input_hash: "ab".to_owned(),
        source: "CSV, windows-1252, `;` (detected)".to_owned(),
        mapping: "jtl-shop.toml".to_owned(),
        mapping_hash: "cd".to_owned(),
        target: Some("muster-live".to_owned()),
        workflows: "skip".to_owned(),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::from_second(1023).unwrap(),
        ending: Ending::Finished,
        exit_code: 0,
        counts: Counts {
            read: 10_000,
            created: 9_988,
            exists: 12,
            ..Counts::default()
        },
        warnings: 0,
        repairs: BTreeMap::new(),
        errors: Vec::new(),
        warning_groups: Vec::new(),
        traffic: Traffic {
            requests: 10_001,
            posts: 9_988,
            lookups: 13,
            ..Traffic::default()
        },
        latency: None,
        conditions: Box::default(),
        requests_per_second: 9.8,
        reading_seconds: 0.44,
        sending_seconds: 1022.0,
        plan: None,
        linked: None,
        report_dir: "reports/r-0193".to_owned(),
        failed_file: "failed.csv".to_owned(),
        has_failed_workbook: true,
        is_journal_gone: false,
        resume_with: None,
        correct_with: None,
        retry_with: None,
        again_with: None,
        reconcile_with: None,
        check_with: None,
        resolve_with: None,
    }
}

fn group(code: &str, field: &str, column: &str, count: u64) -> ErrorGroup {
    let positions = [(12, 13), (14, 15), (77, 79), (80, 82), (91, 93)];
    ErrorGroup {
        code: code.to_owned(),
        field: field.to_owned(),
        columns: vec![column.to_owned()],
        kind: None,
        count,
        first: positions
            .into_iter()
            .take(usize::try_from(count).unwrap())
            .map(|(record, line)| Position { record, line })
            .collect(),
        examples: Vec::new(),
        message: "not one e-mail address".to_owned(),
        remedy: "correct the address, or leave the cell empty".to_owned(),
        told: None,
        cure: None,
    }
}

/// A run with everything that can go wrong with records.
pub(super) fn troubled() -> Summary {
    let mut summary = finished();
    summary.exit_code = 7;
    summary.resumed = true;
    summary.conditions.created_before = 9_000;
    summary.counts = Counts {
        read: 10_000,
        created: 9_900,
        invalid: 31,
        refused: 4,
        unknown: 2,
        changed: 3,
        left_out: 60,
        ..Counts::default()
    };
    summary.errors = vec![
        group(
            "email.malformed",
            "BillingAddress.EmailAddress",
            "E-Mail",
            30,
        ),
        group("E77", "Number", "Kundennr.", 4),
    ];
    summary
        .errors
        .extend((0..8).map(|n| group(&format!("c{n}"), "", "x", 1)));
    summary.warnings = 1200;
    summary.warning_groups = vec![group("email.duplicate", "", "E-Mail", 1200)];
    summary
        .repairs
        .insert("postal_code.zero_restored".to_owned(), 77);
    summary.correct_with =
        Some("importer run reports/r-0193/failed.csv -m jtl-shop.toml".to_owned());
    summary.retry_with = Some("importer run kunden.csv -m jtl-shop.toml --retry-failed".to_owned());
    summary.traffic.retries = 12;
    summary.traffic.throttled = 1;
    summary
}

/// A dry run.
pub(super) fn rehearsed() -> Summary {
    let mut summary = finished();
    summary.dry_run = true;
    summary.exit_code = 3;
    summary.target = None;
    summary.traffic = Traffic::default();
    summary.counts = Counts {
        read: 10_000,
        ready: 9_950,
        invalid: 30,
        left_out: 20,
        ..Counts::default()
    };
    summary.errors = vec![group(
        "email.malformed",
        "BillingAddress.EmailAddress",
        "E-Mail",
        30,
    )];
    summary.plan = Some(Plan {
        would_create: 9_950,
        left_out: 20,
        invalid: 30,
        too_many_invalid: false,
        unused_columns: vec!["cHerkunft".to_owned(), "dErstellt".to_owned()],
        sample_body: Some(r#"{"Number":"C…","BillingAddress":{"City":"D…"}}"#.to_owned()),
        highest_number: Some("C1005486".to_owned()),
        seconds_at_rate: Some(995),
        probed: Vec::new(),
        not_checked: vec![
            "The server's own rules.".to_owned(),
            "Which customers exist already.".to_owned(),
        ],
    });
    summary
}

/// A run that Ctrl-C ended.
pub(super) fn interrupted() -> Summary {
    let mut summary = finished();
    summary.ending = Ending::Interrupted;
    summary.exit_code = 130;
    summary.counts = Counts {
        read: 10_000,
        created: 4_000,
        open: 6_000,
        ..Counts::default()
    };
    summary.resume_with = Some("importer run kunden.csv -m jtl-shop.toml".to_owned());
    summary
}
