use secrecy::ExposeSecret;

use super::*;

/// Which credentials a set of variables gives, secrets included.
fn credentials_of(variables: &[(&str, &str)]) -> String {
    let mut call = Call::new(AT_ERP);
    for (name, value) in variables {
        call = call.variable(name, value);
    }
    tell(&call.run().expect("fine").settings.credentials)
}

fn tell(credentials: &Credentials) -> String {
    let key = |key: &Option<secrecy::SecretString>| {
        key.as_ref()
            .map_or(String::new(), |key| format!(" + {}", key.expose_secret()))
    };
    match credentials {
        Credentials::Gateway => "gateway".to_owned(),
        Credentials::ApiKey(key) => format!("key {}", key.expose_secret()),
        Credentials::Token { token, api_key } => {
            format!("token {}{}", token.expose_secret(), key(api_key))
        }
        Credentials::OAuth2 {
            token_url,
            client_id,
            client_secret,
            api_key,
        } => format!(
            "{token_url} {} {}{}",
            client_id.expose_secret(),
            client_secret.expose_secret(),
            key(api_key)
        ),
    }
}

#[test]
fn what_is_set_decides_who_we_are() {
    let (id, secret) = (("IMPORTER_CLIENT_ID", "i"), ("IMPORTER_CLIENT_SECRET", "s"));
    let (key, token) = (("IMPORTER_API_KEY", "k\n"), ("IMPORTER_ACCESS_TOKEN", "t"));
    let url = ("IMPORTER_TOKEN_URL", "https://auth.example/token");
    let cloud = "https://auth.jtl-cloud.com/oauth2/token";
    assert_eq!(credentials_of(&[]), "gateway");
    assert_eq!(credentials_of(&[key]), "key k");
    assert_eq!(credentials_of(&[token]), "token t");
    assert_eq!(credentials_of(&[token, key]), "token t + k");
    assert_eq!(credentials_of(&[id, secret]), format!("{cloud} i s"));
    assert_eq!(
        credentials_of(&[id, secret, key]),
        format!("{cloud} i s + k")
    );
    assert_eq!(
        credentials_of(&[id, secret, url]),
        "https://auth.example/token i s"
    );
    assert_eq!(credentials_of(&[id, secret, token]), format!("{cloud} i s"));
}

#[test]
fn a_file_variable_names_the_file_of_a_secret() {
    let call = Call::new(AT_ERP)
        .variable("IMPORTER_CLIENT_ID_FILE", "id")
        .variable("IMPORTER_CLIENT_SECRET_FILE", "secret")
        .variable("IMPORTER_TOKEN_URL_FILE", "url");
    for (name, text) in [
        ("id", "i\n"),
        ("secret", "s\r\n"),
        ("url", "https://a.example/t\n"),
    ] {
        std::fs::write(call.folder.path().join(name), text).expect("file");
    }
    let run = call.run().expect("fine");
    assert_eq!(tell(&run.settings.credentials), "https://a.example/t i s");
}

#[test]
fn a_profile_says_where_its_secrets_are() {
    let told = |auth: &str| {
        let text = format!("profile = 'p'\n[profiles.p.auth]\n{auth}");
        let call = Call::new(AT_ERP)
            .file(&text)
            .variable("WAWI", "canary")
            .variable("IMPORTER_API_KEY", "other");
        let run = call.run();
        run.map(|run| {
            assert!(!format!("{run:?}").contains("canary"));
            assert_eq!(run.warnings.len(), 1, "{:?}", run.warnings);
            tell(&run.settings.credentials)
        })
        .map_err(|error| error.to_string())
    };
    let ok = |auth: &str, told_as: &str| assert_eq!(told(auth).as_deref(), Ok(told_as), "{auth}");
    ok("kind = 'gateway'", "gateway");
    ok("kind = 'api_key'\napi_key = { env = 'WAWI' }", "key canary");
    ok(
        "kind = 'oauth2'\naccess_token = { env = 'WAWI' }",
        "token canary",
    );
    ok(
        "kind = 'oauth2'\nclient_id = { env = 'WAWI' }\nclient_secret = { env = 'WAWI' }\n\
         api_key = { env = 'WAWI' }\ntoken_url = 'https://t.example'",
        "https://t.example/ canary canary + canary",
    );
    for auth in [
        "kind = 'oauth2'\nclient_id = { env = 'WAWI' }",
        "kind = 'api_key'",
        "kind = 'gateway'\napi_key = { env = 'WAWI' }",
        "api_key = { env = 'WAWI' }",
        "kind = 'api_key'\napi_key = { env = 'UNSET' }",
        "kind = 'api_key'\napi_key = { env = 'WAWI', file = 'x' }",
        "kind = 'api_key'\napi_key = { credential = '../x' }",
        "kind = 'api_key'\napi_key = { command = [] }",
        "kind = 'oauth2'\nclient_id = { env = 'WAWI' }\nclient_secret = { env = 'WAWI' }\n\
         token_url = 'http://t.example'",
    ] {
        let said = told(auth).expect_err(auth);
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let call = Call::new(AT_ERP).file("[auth]\nkind = 'api_key'\napi_key = 'canary'\n");
    insta::assert_snapshot!(call.refusal(), @r#"
    FOLDER/importer.toml:3:11: `api_key` is written here as plain text; a settings file holds no secrets
      |
    3 | api_key = …
      |           ^
    help: write { env = "NAME" }, { file = "PATH" }, { credential = "NAME" } or { command = ["pass", "NAME"] }
    "#);
}

#[test]
fn no_secret_shows_in_debug() {
    let call = Call::new(AT_ERP)
        .variable("IMPORTER_API_KEY", "canary")
        .variable("IMPORTER_ACCESS_TOKEN", "canary");
    let shown = format!("{:?}{:?}", call.run(), call.environment());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!format!("{:?}", call.layers()).contains("canary"));
}
