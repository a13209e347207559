//! How requests introduce themselves, and that they go nowhere else.

use std::time::Duration;

use wawi_importer::sandbox::{Auth, Faults, SandboxSettings};

use super::{CONCURRENCY, assert_clean, importer, numbers, run_with};
use crate::customers::Customers;
use crate::other_erp::{CANARY, CLIENT_ID, Door, Knobs, OtherErp};
use crate::stand_in::{StandIn, wait_for};

/// The tenant of the ERP instance.
const TENANT: &str = "6f6c6d2e-0d3c-4a55-9d55-3f3a3b1c2d4e";
/// A session.
const SESSION: &str = "0b8e7f9a-5a4e-4c39-8a60-6c1f0c7d9b21";

#[test]
fn an_api_key_lets_us_in_and_none_does_not() {
    let customers = Customers::valid(3, 20);
    let erp = OtherErp::start(Knobs::default().door(Door::ApiKey));
    let mut importer = importer(&customers, &erp.url());
    let refused = importer.run().expect(5);
    assert!(
        refused.said().contains("Check that the API key"),
        "{}",
        refused.said()
    );
    assert!(erp.posts().is_empty());
    importer.env("IMPORTER_API_KEY", CANARY);
    importer.run().expect(0);
    assert_eq!(numbers(&erp), customers.numbers());
    assert_clean(&erp);
}

#[test]
fn tokens_that_are_refused_are_renewed_once_and_then_the_run_stops() {
    let customers = Customers::valid(6, 200);
    let door = Door::Tokens(Duration::from_secs(60));
    let erp = OtherErp::start(Knobs::default().door(door).fail_from(101, 401));
    let mut importer = importer(&customers, &erp.url());
    importer
        .env("IMPORTER_CLIENT_ID", CLIENT_ID)
        .env("IMPORTER_CLIENT_SECRET", CANARY)
        .env("IMPORTER_TOKEN_URL", erp.token_url());
    let stopped = importer.run().expect(5);
    assert_eq!(stopped.count("created"), 100);
    let further = erp.posts().len() - 100;
    assert!((2..=2 * CONCURRENCY).contains(&further), "{further}");
    assert!(erp.tokens().issued <= 3, "{:?}", erp.tokens());
    erp.lift();
    importer.run().expect(0);
    assert_eq!(numbers(&erp), customers.numbers());
}

#[test]
fn revoked_tokens_cost_nobody_an_attempt() {
    let customers = Customers::valid(9, 120);
    let sandbox = StandIn::start(SandboxSettings {
        auth: Auth::Bearer {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CANARY.to_owned(),
            lives: Duration::from_secs(60),
        },
        ..SandboxSettings::default()
    });
    let mut importer = importer(&customers, &sandbox.url());
    importer
        .arg("--rate")
        .arg("100/s")
        .env("IMPORTER_CLIENT_ID", CLIENT_ID)
        .env("IMPORTER_CLIENT_SECRET", CANARY)
        .env("IMPORTER_TOKEN_URL", sandbox.token_url());
    let child = importer.start();
    wait_for(|| sandbox.created() >= 40);
    sandbox.revoke_tokens();
    let run = importer.read(child.wait_with_output().unwrap()).expect(0);
    assert_eq!(run.count("created"), 120);
    assert_eq!(sandbox.created(), 120);
    assert_eq!(sandbox.counters().tokens, 2);
    let attempts = run.rows("created.csv");
    assert!(attempts.iter().all(|row| row["attempts"] == "1"));
}

#[test]
fn requests_carry_the_headers_of_the_contract() {
    let sandbox = StandIn::start(SandboxSettings::default());
    let customers = Customers::valid(4, 5);
    let mut importer = importer(&customers, &sandbox.url());
    importer.arg("--tenant-id").arg(TENANT);
    for (option, value) in [("--run-as", "17"), ("--session-id", SESSION)] {
        importer.arg(option).arg(value);
    }
    importer.run().expect(0);
    let requests = sandbox.requests();
    assert!(requests.len() >= 6);
    for seen in &requests {
        for (name, value) in [
            ("authorization", None),
            ("x-api-key", None),
            ("api-version", Some("1.0")),
            (
                "x-appid",
                Some(concat!(
                    env!("CARGO_PKG_NAME"),
                    "/",
                    env!("CARGO_PKG_VERSION")
                )),
            ),
            ("x-appversion", Some(env!("CARGO_PKG_VERSION"))),
            ("x-tenant-id", Some(TENANT)),
            ("tenant-id", Some(TENANT)),
            ("x-runas", Some("17")),
            ("x-sessionid", Some(SESSION)),
        ] {
            assert_eq!(seen.header(name), value, "{name}");
        }
        if seen.method == "POST" {
            assert_eq!(
                seen.query.as_deref(),
                Some("disableAutomaticWorkflows=true")
            );
            assert_eq!(seen.header("content-type"), Some("application/json"));
        }
    }
    let counters = sandbox.counters();
    assert_eq!(counters.with_workflows, 0);
    assert!(counters.violations.is_empty(), "{:?}", counters.violations);
}

#[test]
fn newer_versions_get_one_tenant_header_and_workflows_run_if_asked_for() {
    let sandbox = StandIn::start(SandboxSettings::default());
    let customers = Customers::valid(5, 5);
    let run = run_with(
        &mut importer(&customers, ""),
        &sandbox.url(),
        &[
            "--tenant-id",
            TENANT,
            "--api-version",
            "1.3",
            "--workflows",
            "run",
            "--app-id",
            "Umzug/2",
            "--app-version",
            "2.0",
        ],
    );
    run.expect(0);
    for seen in sandbox.requests() {
        assert_eq!(seen.header("x-tenant-id"), Some(TENANT));
        assert_eq!(seen.header("tenant-id"), None);
        assert_eq!(seen.header("api-version"), Some("1.3"));
        assert_eq!(seen.header("x-appid"), Some("Umzug/2"));
        assert_eq!(seen.header("x-appversion"), Some("2.0"));
        if seen.method == "POST" {
            assert_eq!(seen.query, None);
        }
    }
    assert_eq!(sandbox.counters().with_workflows, 5);
}

#[test]
fn a_redirect_is_not_followed() {
    let customers = Customers::valid(29, 20);
    for faults in ["status=302@1", "status=307@5", "get_status=301@1"] {
        let sandbox = StandIn::start(SandboxSettings {
            faults: Faults::parse(faults).unwrap(),
            ..SandboxSettings::default()
        });
        let importer = importer(&customers, &sandbox.url());
        let run = importer.run().expect(5);
        assert!(run.said().contains("redirect"), "{}", run.said());
        let others = sandbox.counters().others;
        assert_eq!(others, 0, "{faults}");
        assert_eq!(run.count("refused"), 0);
    }
}
