use super::*;

#[test]
fn refusals_say_what_and_what_to_do() {
    let profiles = "[profiles.production]\nbase_url = 'https://a'\n[profiles.test]\n";
    insta::assert_snapshot!(Call::new("importer run a.csv").refusal(), @r#"
    nobody said where the ERP is: there is no base URL
    help: give --base-url URL, IMPORTER_BASE_URL, or base_url in importer.toml; to try without an ERP, `run` has --dry-run and --sandbox
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv").file(profiles).refusal(), @r#"
    nobody said where the ERP is: there is no base URL
    help: choose a profile with --profile (production, test), or give --base-url URL, IMPORTER_BASE_URL, or base_url in importer.toml; to try without an ERP, `run` has --dry-run and --sandbox
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv --profile live").file(profiles).refusal(), @r#"
    there is no profile `live` in FOLDER/importer.toml
    help: the profiles are: production, test
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv --profile live").refusal(), @r#"
    there is no profile `live`: there is no importer.toml
    help: name the settings file with --config FILE
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv --config no.toml").refusal(), @r#"
    FOLDER/no.toml cannot be read: there is no such file
    help: check the path and its permissions, or name another file with --config
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv --base-url http://wawi.local:5883/api/x").refusal(), @r#"
    base_url `http://wawi.local:5883/api/x` is plain http: customers and credentials could be read on the way
    help: use https, or accept it for this server: allow_http = true in its profile in importer.toml, or IMPORTER_ALLOW_HTTP=true
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv --base-url https://me:canary@erp.example").refusal(), @r#"
    base_url `https://…@erp.example` cannot be used: it holds a user or password, which would end up in logs; credentials belong into [auth] or the environment
    help: write it like https://api.jtl-cloud.com/erp
    "#);
    insta::assert_snapshot!(Call::new("importer run a.csv --payloads x").refusal(), @r#"
    --payloads writes what a dry run would send, but this is no dry run
    help: add --dry-run, or leave --payloads out
    "#);
    insta::assert_snapshot!(Call::new("importer run - -").refusal(), @r#"
    stdin is named twice, but can be read only once
    help: name - once
    "#);
    insta::assert_snapshot!(Call::new(AT_ERP).variable("IMPORTER_RATE", "fast").refusal(), @r#"
    the environment variable IMPORTER_RATE cannot be used: `fast` is no rate; write how many in which time, like 10/s, 600/m or 3600/h
    help: correct IMPORTER_RATE or unset it
    "#);
    insta::assert_snapshot!(Call::new(AT_ERP).variable("IMPORTER_SANDBOX", "1").refusal(), @r#"
    a base URL is given, but the settings ask for a sandbox
    help: unset IMPORTER_SANDBOX, take `sandbox` out of importer.toml, or leave the base URL out
    "#);
    insta::assert_snapshot!(Call::new(AT_ERP).variable("IMPORTER_CLIENT_ID", "a").refusal(), @r#"
    IMPORTER_CLIENT_ID is set, but IMPORTER_CLIENT_SECRET is not
    help: set IMPORTER_CLIENT_SECRET or IMPORTER_CLIENT_SECRET_FILE too
    "#);
    insta::assert_snapshot!(Call::new(AT_ERP).variable("IMPORTER_API_KEY", "").refusal(), @r#"
    IMPORTER_API_KEY is empty in the environment
    help: put the secret there, or remove the setting
    "#);
    insta::assert_snapshot!(
        Call::new(AT_ERP)
            .variable("IMPORTER_API_KEY", "canary")
            .variable("IMPORTER_API_KEY_FILE", "canary")
            .refusal(),
        @r#"
    both IMPORTER_API_KEY and IMPORTER_API_KEY_FILE are set
    help: unset one of them
    "#
    );
}

#[test]
fn only_contradictions_are_mistakes_in_the_command_line() {
    let is_usage = |call: Call| call.run().expect_err("refused").is_usage();
    assert!(is_usage(Call::new("importer run a.csv --payloads x")));
    assert!(is_usage(Call::new("importer run - -")));
    assert!(!is_usage(Call::new("importer run a.csv")));
    assert!(!is_usage(
        Call::new(AT_ERP).variable("IMPORTER_RATE", "fast")
    ));
}

#[test]
fn refusals_are_told_in_german_too() {
    let profiles = "[profiles.production]\nbase_url = 'https://a'\n[profiles.test]\n";
    let german: Vec<String> = [
        Call::new("importer run a.csv --profile live").file(profiles),
        Call::new("importer run a.csv --profile live"),
        Call::new("importer run a.csv --config no.toml"),
        Call::new("importer run a.csv --base-url http://wawi.local:5883/api/x"),
        Call::new("importer run a.csv --base-url https://me:canary@erp.example"),
        Call::new("importer run a.csv --base-url https://erp.example:port"),
        Call::new("importer run a.csv --base-url https://erp.example/?a=b"),
        Call::new("importer run a.csv --base-url erp.example"),
        Call::new(AT_ERP).variable("IMPORTER_RATE", "fast"),
        Call::new(AT_ERP).variable("IMPORTER_EXISTING", "send"),
        Call::new(AT_ERP).variable("IMPORTER_TIMEOUT", "60"),
        Call::new(AT_ERP).variable("IMPORTER_SHEET", " "),
        Call::new(AT_ERP).file("concurency = 8"),
        Call::new(AT_ERP).variable("IMPORTER_CLIENT_ID", "a"),
        Call::new(AT_ERP).variable("IMPORTER_API_KEY_FILE", "no.key"),
        Call::new(AT_ERP).file("[auth]\nkind = 'api_key'\napi_key = { env = 'NOT_SET' }"),
    ]
    .iter()
    .map(|call| {
        call.refusal();
        call.german_refusal()
    })
    .collect();
    insta::assert_snapshot!(german.join("\n"));
}

#[test]
fn a_file_that_is_no_settings_file_is_told_in_both_languages() {
    for (bytes, english, german) in [
        (
            vec![0xff; 30],
            "cannot be read: it is no text in UTF-8 or UTF-16",
            "ist nicht zu lesen: sie ist kein Text in UTF-8 oder UTF-16",
        ),
        (
            vec![b'#'; (8 << 20) + 1],
            "cannot be read: it is longer than 8388608 bytes",
            "ist nicht zu lesen: sie ist länger als 8388608 Bytes",
        ),
    ] {
        let call = Call::new(AT_ERP);
        std::fs::write(call.folder.path().join(file::NAME), bytes).expect("file");
        assert!(call.refusal().contains(english), "{}", call.refusal());
        assert!(
            call.german_refusal().contains(german),
            "{}",
            call.german_refusal()
        );
    }
}
