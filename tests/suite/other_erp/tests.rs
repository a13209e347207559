//! The witness is questioned itself: each habit that the other tests rely on.

use std::io::Read;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{CANARY, CLIENT_ID, Door, Knobs, OtherErp, Quota, SAME_ID, Window};

/// What spoils a customer: a JSON pointer, the value there, and the complaint.
const SPOILT: &str = r#"
/Shoesize | 43 | `Shoesize` is unknown
/ShipmentAddress | {} | `ShipmentAddress` is unknown
/BillingAddress/Street | null | `BillingAddress.Street` is null
/BillingAddress/City | "" | `BillingAddress.City` is empty
/BillingAddress/CountryIso | "de" | `BillingAddress.CountryIso` must be two
/BillingAddress/Fax | "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" | `BillingAddress.Fax` is longer than 30
/BillingAddress/PostalCode | 1067 | `BillingAddress.PostalCode` must be text
/Number | "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" | `Number` is longer than 30
/LanguageIso | "deu" | `LanguageIso` must be two
/CustomerGroupId | 0 | `CustomerGroupId` must be from 1
/CustomerGroupId | "1" | `CustomerGroupId` must be a whole number
/InternalCompanyId | 256 | `InternalCompanyId` must be from 0 to 255
/Birthday | "1985-12-31" | `Birthday` is no date-time
/Birthday | "1985-12-31T00:00:00" | `Birthday` is no date-time
/Birthday | "1985-12-31T00:00:00+01:00" | `Birthday` must be midnight UTC
/CustomerSince | "1750-01-01T00:00:00Z" | `CustomerSince` lies outside
/PaymentSettings/Discount | "2.5" | `PaymentSettings.Discount` must be a num
/PaymentSettings/Discount | 120 | `PaymentSettings.Discount` must be from
/PaymentSettings/CreditLimit | 0.5 | `PaymentSettings.CreditLimit` must be
/PaymentSettings/StopPaymentRequest | "no" | must be true or false
/OtherAddresses/OtherShippingAddresses | "" | must be a list
/OtherAddresses/OtherShippingAddresses | [{}] | [0].City` is missing
"#;

fn client() -> Client {
    Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()
        .expect("a client")
}

fn with_headers(request: RequestBuilder) -> RequestBuilder {
    request
        .header("api-version", "1.0")
        .header("x-appid", "Witness/1.0.0")
        .header("x-appversion", "1.0.0")
}

fn post(erp: &OtherErp, body: &Value) -> RequestBuilder {
    let url = format!("{}/v1/customers?disableAutomaticWorkflows=true", erp.url());
    with_headers(client().post(url))
        .header("content-type", "application/json")
        .body(body.to_string())
}

fn get(erp: &OtherErp, path: &str) -> RequestBuilder {
    with_headers(client().get(format!("{}/v1/{path}", erp.url())))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

async fn body_of(response: Response) -> Value {
    let text = response.text().await.expect("a whole answer");
    serde_json::from_str(&text).expect("JSON")
}

fn customer(number: &str) -> Value {
    json!({
        "Number": number,
        "CustomerGroupId": 1,
        "LanguageIso": "DE",
        "InternalCompanyId": 1,
        "CustomerSince": "2023-02-01T13:30:00.0000000+00:00",
        "Birthday": "1985-12-31T00:00:00Z",
        "BillingAddress": {
            "LastName": "Größmann",
            "City": "Dresden",
            "CountryIso": "DE",
            "EmailAddress": "anna@example.com",
        },
        "OtherAddresses": { "OtherShippingAddresses": [{ "City": "Jena", "CountryIso": "DE" }] },
        "PaymentSettings": { "Discount": 2.5, "CreditLimit": 2500, "StopPaymentRequest": false },
    })
}

/// A good customer with one property, named by its JSON pointer, set to something else.
fn spoilt(pointer: &str, value: Value) -> Value {
    let mut spoilt = customer("S1");
    let (object, name) = pointer.rsplit_once('/').expect("a pointer");
    spoilt
        .pointer_mut(object)
        .and_then(Value::as_object_mut)
        .expect("an object")
        .insert(name.to_owned(), value);
    spoilt
}

#[tokio::test]
async fn a_good_customer_is_kept_as_sent_and_told_oddly() {
    let erp = OtherErp::start(Knobs::default());
    let answer = post(&erp, &customer("C1")).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let told = body_of(answer).await;
    assert_eq!(told["Id"], json!(SAME_ID));
    assert_eq!(told["Number"], "C1");
    assert_eq!(told["Birthday"], "1985-01-01T");
    assert_eq!(told["OtherAddresses"]["OtherBillingAddresses"], "");
    assert_eq!(told["LoyaltyPoints"], "none");

    let mut unnumbered = customer("");
    unnumbered.as_object_mut().unwrap().remove("Number");
    let told = body_of(post(&erp, &unnumbered).send().await.unwrap()).await;
    assert_eq!(told["Id"], json!(SAME_ID));
    assert_eq!(told["Number"], "OE900001");

    assert_eq!(
        erp.ledger(),
        [
            ("C1".to_owned(), customer("C1")),
            ("OE900001".to_owned(), unnumbered)
        ]
    );
    assert_eq!(erp.violations(), Vec::<String>::new());
    assert_eq!(erp.posts().len(), 2);
}

#[tokio::test]
async fn whatever_the_contract_does_not_allow_is_refused_and_noted() {
    let erp = OtherErp::start(Knobs::default());
    for case in SPOILT.lines().filter(|case| !case.is_empty()) {
        let mut parts = case.split(" | ");
        let (pointer, value) = (parts.next().unwrap(), parts.next().unwrap());
        let complaint = parts.next().unwrap();
        let value = serde_json::from_str(value).unwrap();
        let noted = erp.violations().len();
        let answer = post(&erp, &spoilt(pointer, value)).send().await;
        assert_eq!(answer.unwrap().status(), 400, "{case}");
        let new = erp.violations().split_off(noted).join("; ");
        assert!(new.contains(complaint), "{case}: {new}");
    }
    assert!(erp.ledger().is_empty());
}

#[tokio::test]
async fn what_is_missing_is_named_in_camel_case() {
    let erp = OtherErp::start(Knobs::default());
    let body = json!({ "CustomerGroupId": 1, "BillingAddress": { "CountryIso": "DE" } });
    let told = body_of(post(&erp, &body).send().await.unwrap()).await;
    let fields = told["validationErrors"].as_object().unwrap();
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["billingAddress.city", "internalCompanyId", "languageIso"]
    );
    assert!(told["stacktrace"].as_str().unwrap().contains(CANARY));
}

#[tokio::test]
async fn headers_queries_and_addresses_are_looked_at_too() {
    let erp = OtherErp::start(Knobs::default());
    let url = format!("{}/customers", erp.url());
    assert_eq!(status(client().get(&url)).await, 412);
    let unnamed_kind = with_headers(client().post(&url)).body(customer("C1").to_string());
    assert_eq!(status(unnamed_kind).await, 412);
    assert_eq!(status(get(&erp, "customers?pageNumber=0")).await, 400);
    assert_eq!(status(get(&erp, "customers?email=a")).await, 400);
    assert_eq!(status(get(&erp, "customer")).await, 404);
    assert_eq!(erp.violations().len(), 3 + 1 + 1 + 1 + 1);
    assert_eq!(status(get(&erp, "companies")).await, 200);
    assert_eq!(erp.requests().len(), 6);
}

#[tokio::test]
async fn look_ups_match_by_prefix_and_count_absurdly() {
    let mut before = customer("c10");
    before["Number"] = json!("c10");
    let erp = OtherErp::start(Knobs::default().existing(before));
    for number in ["C1", "C100", "D1"] {
        assert_eq!(status(post(&erp, &customer(number))).await, 201);
    }
    let found = body_of(get(&erp, "customers?number=C10").send().await.unwrap()).await;
    let numbers = |page: &Value| -> Vec<String> {
        let items = page["Items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["Number"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(numbers(&found), ["c10", "C100"]);
    assert_eq!(found["TotalItems"], json!(-1));
    assert_eq!(found["HasNextPage"], json!(true));
    assert_eq!(found["Items"][1]["Id"], json!(SAME_ID));
    let second = get(&erp, "customers?pageNumber=2&pageSize=3").send().await;
    assert_eq!(numbers(&body_of(second.unwrap()).await), ["D1"]);
    let behind = get(&erp, "customers?pageNumber=3&pageSize=3").send().await;
    let behind = body_of(behind.unwrap()).await;
    assert!(numbers(&behind).is_empty());
    assert_eq!(behind["HasNextPage"], json!(true));
    let word = get(&erp, "customers?searchKeyWord=DRESDEN").send().await;
    assert_eq!(numbers(&body_of(word.unwrap()).await).len(), 4);
    assert_eq!(erp.ledger().len(), 3);
}

#[tokio::test]
async fn it_fails_from_the_ordered_post_on_until_that_is_lifted() {
    let erp = OtherErp::start(Knobs::default().fail_from(2, 503));
    assert_eq!(status(post(&erp, &customer("C1"))).await, 201);
    assert_eq!(status(get(&erp, "customers")).await, 200);
    assert_eq!(status(post(&erp, &customer("C2"))).await, 503);
    assert_eq!(status(get(&erp, "customers")).await, 503);
    assert_eq!(status(post(&erp, &customer("C2"))).await, 503);
    erp.lift();
    assert_eq!(status(post(&erp, &customer("C2"))).await, 201);
    let told: Vec<Option<u16>> = erp.posts().iter().map(|post| post.status).collect();
    assert_eq!(told, [Some(201), Some(503), Some(503), Some(201)]);
    assert!(erp.posts().is_sorted_by_key(|post| post.at));
    assert_eq!(erp.ledger().len(), 2);
}

#[tokio::test]
async fn a_missing_scope_leaves_reading_alone_and_repeats_what_it_was_sent() {
    let erp = OtherErp::start(Knobs::default().fail_from(0, 403));
    let answer = post(&erp, &customer("C1")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let told = body_of(answer).await;
    assert_eq!(told["errorMessage"], "cannot save anna@example.com");
    assert_eq!(status(get(&erp, "customers")).await, 200);
}

#[tokio::test]
async fn a_dropped_answer_is_in_the_ledger_all_the_same() {
    let erp = OtherErp::start(Knobs::default().drop_after_commit(2));
    assert_eq!(status(post(&erp, &customer("C1"))).await, 201);
    let error = post(&erp, &customer("C2")).send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(status(post(&erp, &customer("C3"))).await, 201);
    let numbers: Vec<String> = erp.ledger().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, ["C1", "C2", "C3"]);
    assert_eq!(erp.posts()[1].status, None);
}

#[tokio::test]
async fn repeats_are_taken_unless_they_are_to_be_refused() {
    let lax = OtherErp::start(Knobs::default());
    let strict = OtherErp::start(Knobs::default().refuse_repeats());
    for (erp, second) in [(&lax, 201), (&strict, 409)] {
        assert_eq!(status(post(erp, &customer("C1"))).await, 201);
        assert_eq!(status(post(erp, &customer("C1"))).await, second);
    }
    assert_eq!((lax.ledger().len(), strict.ledger().len()), (2, 1));
}

#[tokio::test]
async fn the_quota_is_announced_and_kept() {
    let erp = OtherErp::start(Knobs::default().quota(Window::Sliding));
    let answer = post(&erp, &customer("C0")).send().await.unwrap();
    let told = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(told("X-RateLimit-Limit"), "40");
    assert_eq!(told("X-RateLimit-Interval-Length-Seconds"), "2");
    assert_eq!(told("X-RateLimit-Remaining"), "39");

    let hourly = Quota {
        limit: 3,
        per: Duration::from_secs(3600),
        window: Window::Sliding,
    };
    let erp = OtherErp::start(Knobs::default().quota_of(hourly));
    for number in ["C1", "C2", "C3"] {
        assert_eq!(status(post(&erp, &customer(number))).await, 201);
    }
    let over = post(&erp, &customer("C4")).send().await.unwrap();
    assert_eq!(over.status(), 429);
    assert_eq!(over.headers()["X-RateLimit-Remaining"], "0");
    assert!(!over.headers().contains_key("retry-after"));
    assert_eq!(status(get(&erp, "customers")).await, 200);
    assert_eq!(erp.ledger().len(), 3);
}

fn ask_for_token(erp: &OtherErp, secret: &str) -> RequestBuilder {
    client()
        .post(erp.token_url())
        .basic_auth(CLIENT_ID, Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
}

#[tokio::test]
async fn a_token_opens_the_door_for_its_life() {
    let erp = OtherErp::start(Knobs::default().door(Door::Tokens(Duration::from_secs(600))));
    assert_eq!(status(post(&erp, &customer("C1"))).await, 401);
    assert_eq!(status(ask_for_token(&erp, "guess")).await, 401);
    let told = body_of(ask_for_token(&erp, CANARY).send().await.unwrap()).await;
    assert_eq!(told["expires_in"], json!(600));
    let token = told["access_token"].as_str().unwrap();
    assert!(token.contains(CANARY));
    let shown = post(&erp, &customer("C1")).header("authorization", format!("Bearer {token}"));
    assert_eq!(status(shown).await, 201);
    assert_eq!((erp.tokens().issued, erp.tokens().overlapped), (1, false));
    assert_eq!(erp.violations().len(), 1);

    let hasty = OtherErp::start(Knobs::default().door(Door::Tokens(Duration::ZERO)));
    let told = body_of(ask_for_token(&hasty, CANARY).send().await.unwrap()).await;
    let token = told["access_token"].as_str().unwrap();
    let late = post(&hasty, &customer("C1")).header("authorization", format!("Bearer {token}"));
    assert_eq!(status(late).await, 401);
}

#[tokio::test]
async fn two_renewals_at_once_are_noticed() {
    let erp = OtherErp::start(Knobs::default().door(Door::Tokens(Duration::from_secs(600))));
    let (first, second) = tokio::join!(
        ask_for_token(&erp, CANARY).send(),
        ask_for_token(&erp, CANARY).send()
    );
    assert_eq!(first.unwrap().status(), 200);
    assert_eq!(second.unwrap().status(), 200);
    assert_eq!((erp.tokens().issued, erp.tokens().overlapped), (2, true));
}

#[tokio::test]
async fn a_key_opens_the_door_and_has_no_place_in_a_url() {
    let erp = OtherErp::start(Knobs::default().door(Door::ApiKey));
    let with_key =
        |request: RequestBuilder| request.header("authorization", format!("Wawi {CANARY}"));
    assert_eq!(status(get(&erp, "customers")).await, 401);
    assert_eq!(status(with_key(get(&erp, "customers"))).await, 200);
    let loose = get(&erp, &format!("customers?number={CANARY}"));
    assert_eq!(status(with_key(loose)).await, 200);
    assert_eq!(erp.violations().len(), 1);
}

#[test]
fn it_runs_without_a_runtime_around_it_and_ends_with_its_owner() {
    let erp = OtherErp::start(Knobs::default());
    let mut line = std::net::TcpStream::connect(erp.address).unwrap();
    let patience = Some(Duration::from_secs(30));
    line.set_read_timeout(patience).unwrap();
    drop(erp);
    let ended = line.read(&mut [0; 1]);
    let timed_out = |error: &std::io::Error| {
        matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        )
    };
    assert!(!ended.as_ref().is_err_and(timed_out), "{ended:?}");
    assert_eq!(ended.unwrap_or(0), 0);
}
