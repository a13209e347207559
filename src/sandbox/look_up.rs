//! Look-ups, listings and lists, and how they fail.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Deed, loosen};
use super::erp::{Erp, Request};
use super::faults::hash;
use super::ledger::Query;
use super::routes::Route;
use super::schedule::Asked;

impl Erp {
    /// `GET` of anything.
    pub(super) async fn look_up(&self, request: &Request) -> Deed {
        let key = hash(request.query.as_deref().unwrap_or("").as_bytes())
            ^ hash(request.path.as_bytes()).rotate_left(1);
        let mut parameters = request.parameters();
        let number = parameters.find(|(name, _)| name == "number");
        let number = number.as_ref().map(|(_, number)| number.as_str());
        let mishap = self.draw(Asked::Get, key, number);
        if let Some(deed) = self.spoil_request(mishap).await {
            return deed;
        }
        self.spoil_answer(mishap, self.found(request)).await
    }

    fn found(&self, request: &Request) -> Answer {
        if let Some(list) = request.route.fixed_list() {
            return Answer::json(200, list);
        }
        let Route::Customer(id) = request.route else {
            return self.listing(request);
        };
        match self.state().ledger.by_id(id, self.now()) {
            Some(customer) => Answer::json(200, self.shown(customer).to_string()),
            None => self.error(404, "NotFound", "There is no customer with this id."),
        }
    }

    /// `GET` of the collection.
    fn listing(&self, request: &Request) -> Answer {
        let mut query = Query::default();
        let (mut page, mut size) = (1_usize, self.settings.page_size_max.min(50));
        for (name, value) in request.parameters() {
            let fine = match name.as_str() {
                "number" => set(&mut query.number, Some(value)),
                "searchKeyWord" => set(&mut query.keyword, Some(value)),
                "groupId" => set(&mut query.group, value.parse().ok()),
                "categoryId" => set(&mut query.category, value.parse().ok()),
                "pageNumber" => replace(&mut page, &value),
                "pageSize" => replace(&mut size, &value),
                "lastChangeFrom" | "lastChangeTo" => true,
                _ => {
                    self.violated(request, &format!("unknown parameter {name}"));
                    true
                }
            };
            if !fine {
                self.violated(request, &format!("bad value of {name}"));
                let message = format!("{name} has no valid value.");
                return self.error(400, "BadRequest", &message);
            }
        }
        let size = size.min(self.settings.page_size_max);
        let now = self.now();
        let found = self.state().ledger.page(&query, now, page, size);
        let items: Vec<_> = found
            .items
            .into_iter()
            .map(|item| self.shown(item))
            .collect();
        let (mut total, mut more) = (json!(found.total), found.more);
        if self.settings.absurd_counts {
            total = match request.nth % 3 {
                1 => json!(-1),
                2 => json!(i64::MAX),
                _ => json!(0),
            };
            more = true;
        }
        let body = json!({
            "TotalItems": total, "PageNumber": page, "PageSize": size,
            "Items": items, "HasNextPage": more,
        });
        Answer::json(200, body.to_string())
    }

    fn shown(&self, mut customer: Map<String, Value>) -> Value {
        if self.settings.odd_answers {
            loosen(&mut customer);
        }
        Value::Object(customer)
    }
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    *slot = value;
    slot.is_some()
}

fn replace(slot: &mut usize, value: &str) -> bool {
    let value = value.parse().ok().filter(|number| *number > 0);
    *slot = value.unwrap_or(*slot);
    value.is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{client, create, get, post, sandbox, send, with_faults};
    use super::super::{Existing, Faults, Lookup, SandboxSettings};
    use super::*;

    #[tokio::test]
    async fn look_ups_and_lists_answer() {
        let sandbox = sandbox(SandboxSettings {
            existing: vec![Existing::new(7, "OLD/1"), Existing::new(8, "old/1")],
            lookup: Lookup::IgnoreCase,
            ..SandboxSettings::default()
        })
        .await;
        post(&sandbox, "C1").await.unwrap();
        let found = get(&sandbox, "/customers?number=Old%2F1")
            .await
            .unwrap()
            .json();
        assert_eq!(found["TotalItems"], 2);
        assert_eq!(found["HasNextPage"], false);
        assert_eq!(found["Items"][1]["Id"], 8);
        let page = get(&sandbox, "/customers?pageNumber=2&pageSize=1")
            .await
            .unwrap()
            .json();
        assert_eq!(
            (&page["PageNumber"], &page["PageSize"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(page["Items"][0]["Number"], "old/1");
        assert_eq!(page["HasNextPage"], true);
        let found = get(&sandbox, "/v1/customers?searchKeyWord=muster")
            .await
            .unwrap()
            .json();
        assert_eq!(found["Items"][0]["Number"], "C1");
        assert_eq!(
            get(&sandbox, "/customers/1001").await.unwrap().json()["Number"],
            "C1"
        );
        assert_eq!(get(&sandbox, "/customers/9").await.unwrap().status, 404);
        assert_eq!(
            get(&sandbox, "/customerGroups").await.unwrap().json()[0]["Id"],
            1
        );
        assert_eq!(
            get(&sandbox, "/customers?pageSize=0").await.unwrap().status,
            400
        );
        assert_eq!(sandbox.counters().violation_count, 1);
        get(&sandbox, "/customers?email=x").await.unwrap();
        assert_eq!(sandbox.counters().violation_count, 2);
    }

    #[tokio::test]
    async fn look_ups_fail_in_every_way() {
        let sandbox = with_faults("lookups=1").await;
        let mut ends = std::collections::BTreeSet::new();
        for n in 0..80 {
            let answer = get(&sandbox, &format!("/customers?number=C{n}")).await;
            ends.insert(match answer {
                Err(_) => "nothing",
                Ok(answer) if answer.status != 200 => match answer.status {
                    429 => "429",
                    500 => "500",
                    503 => "503",
                    other => panic!("{other}"),
                },
                Ok(answer) => {
                    let encoding = answer.header("content-encoding").map(str::to_owned);
                    match (encoding.as_deref(), answer.text) {
                        (Some("gzip"), _) => "bomb",
                        (Some("br"), Ok(text)) if text.contains("\"Items\":[]") => "br",
                        (_, Err(_)) => "cut or endless",
                        (_, Ok(text)) if text.starts_with('<') => "garbage",
                        (_, Ok(text)) => {
                            assert!(!text.contains("\"Items\":[]"), "{text}");
                            "odd"
                        }
                    }
                }
            });
        }
        let ends: Vec<_> = ends.into_iter().collect();
        assert_eq!(
            ends,
            [
                "429",
                "500",
                "503",
                "bomb",
                "br",
                "cut or endless",
                "garbage",
                "nothing",
                "odd"
            ]
        );
        assert_eq!(sandbox.counters().faults.len(), 12, "every kind");
        sandbox.set_faults(Faults::parse("get_status=403@1").unwrap());
        assert_eq!(get(&sandbox, "/customers").await.unwrap().status, 403);
    }

    #[tokio::test]
    async fn look_ups_can_meet_silence() {
        let sandbox = with_faults("lookups_hang=1,hang_for=20ms").await;
        get(&sandbox, "/customers?number=C1").await.unwrap_err();
        assert_eq!(sandbox.counters().unanswered, 1);
    }

    #[tokio::test]
    async fn answers_can_be_loose_and_counts_absurd() {
        let sandbox = sandbox(SandboxSettings {
            odd_answers: true,
            absurd_counts: true,
            ..SandboxSettings::default()
        })
        .await;
        let answer = post(&sandbox, "C1").await.unwrap().json();
        assert_eq!(
            (&answer["Id"], &answer["Birthday"]),
            (&json!(1001), &json!("1985-01-01T"))
        );
        let first = get(&sandbox, "/customers").await.unwrap().json();
        assert_eq!(first["HasNextPage"], json!(true));
        let second = get(&sandbox, "/customers?pageNumber=9")
            .await
            .unwrap()
            .json();
        assert_eq!(first["TotalItems"], -1);
        assert_eq!(second["TotalItems"], json!(i64::MAX));
        assert_eq!(
            (&second["HasNextPage"], &second["Items"]),
            (&json!(true), &json!([]))
        );
        let third = get(&sandbox, "/customers").await.unwrap().json();
        let items = third["Items"].as_array().unwrap().len();
        assert_eq!((&third["TotalItems"], items), (&json!(0), 1));
        let error = send(create(&client(), &sandbox, &json!({})))
            .await
            .unwrap()
            .json();
        assert!(error["validationErrors"]["LanguageIso"].is_string());
    }
}
