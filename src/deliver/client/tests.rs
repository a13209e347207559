use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

#[test]
fn tls_is_done_without_only_where_all_addresses_are_plain() {
    let uses_tls = |target, token_url: &str| {
        let credentials = Credentials::OAuth2 {
            token_url: token_url.to_owned(),
            client_id: "id".into(),
            client_secret: "secret".into(),
            api_key: None,
        };
        super::uses_tls(&Url::parse(target).unwrap(), &credentials)
    };
    assert!(!uses_tls("http://127.0.0.1/x", "http://127.0.0.1/token"));
    assert!(uses_tls("http://127.0.0.1/x", "HTTPS://auth.example/token"));
    assert!(uses_tls("http://127.0.0.1/x", "no address"));
    assert!(uses_tls("https://127.0.0.1/x", "http://127.0.0.1/token"));
    let plain = Url::parse("HTTP://127.0.0.1/x").unwrap();
    assert!(!super::uses_tls(&plain, &Credentials::Gateway));
    assert!(!super::uses_tls(&plain, &Credentials::ApiKey("key".into())));
}

#[test]
fn retry_after_in_both_forms() {
    let seconds = retry_after(&headers(&[("retry-after", "7")]));
    assert_eq!(seconds, Some(Duration::from_secs(7)));
    let date = retry_after(&headers(&[
        ("date", "Tue, 24 Nov 2026 10:00:00 GMT"),
        ("retry-after", "Tue, 24 Nov 2026 10:01:30 GMT"),
    ]));
    assert_eq!(date, Some(Duration::from_secs(90)));
    for text in ["soon", "-3", "Tue, 24 Nov 1926 10:00:00 GMT", ""] {
        let pairs = [
            ("date", "Tue, 24 Nov 2026 10:00:00 GMT"),
            ("retry-after", text),
        ];
        assert_eq!(retry_after(&headers(&pairs)), None, "{text}");
    }
}

#[test]
fn the_quota_needs_limit_and_interval() {
    let all = [
        ("x-ratelimit-limit", "10"),
        ("x-ratelimit-interval-length-seconds", "45"),
        ("x-ratelimit-remaining", "5"),
    ];
    assert_eq!(
        quota(&headers(&all)),
        Some(Quota {
            limit: 10,
            interval: Duration::from_secs(45),
            remaining: Some(5)
        })
    );
    assert_eq!(quota(&headers(&all[..1])), None);
    for absurd in ["0", "86401", "1e19", "inf", "NaN", "-1"] {
        let pairs = [all[0], ("x-ratelimit-interval-length-seconds", absurd)];
        assert_eq!(quota(&headers(&pairs)), None, "{absurd}");
    }
    let pairs = [("x-ratelimit-limit", "1e300"), all[1]];
    let huge = quota(&headers(&pairs)).unwrap();
    assert_eq!(huge.limit, LIMIT_AT_MOST);
    assert_eq!(quota(&headers(&[("x-ratelimit-limit", "many")])), None);
}
