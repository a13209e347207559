//! Answers about existing customers that make no sense: once is an accident, always is a reason
//! to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::importer;
use crate::customers::Customers;

/// A server for one customer, behind something that garbles its first answers.
struct Garbling {
    url: String,
    asked: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Garbling {
    fn start(garbled: u64) -> Self {
        let runtime = Runtime::new().unwrap();
        let asked = Arc::new(AtomicU64::new(0));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counted = Arc::clone(&asked);
        let answer = move |method: Method| {
            let counted = Arc::clone(&counted);
            async move {
                if method == Method::POST {
                    let created = json!({"Id": 1, "Number": "K000001"});
                    return (StatusCode::CREATED, created.to_string());
                }
                let text = if counted.fetch_add(1, Ordering::SeqCst) < garbled {
                    "<html>Please come in.</html>".to_owned()
                } else {
                    json!({"TotalItems": 0, "Items": []}).to_string()
                };
                (StatusCode::OK, text)
            }
        };
        let app = axum::Router::new().fallback(answer);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            url,
            asked,
            _runtime: runtime,
        }
    }
}

#[test]
fn an_answer_without_sense_is_asked_for_again() {
    // All five about the companies, and the first two about the customers.
    let server = Garbling::start(5 + 2);
    let importer = importer(&Customers::valid(1, 1), &server.url);
    let run = importer.run().expect(0);
    assert_eq!(run.count("created"), 1);
}

#[test]
fn answers_that_never_make_sense_stop_the_run_and_do_not_blame_the_credentials() {
    let server = Garbling::start(u64::MAX);
    let importer = importer(&Customers::valid(1, 1), &server.url);
    let run = importer.run().expect(5);
    let said = run.said();
    assert!(said.contains("make no sense"), "{said}");
    assert!(!said.contains("credentials"), "{said}");
    assert_eq!(run.count("open"), 1);
    // Five times for the companies, which a server need not tell, and as often for the customers.
    assert_eq!(server.asked.load(Ordering::SeqCst), 5 + 5);
}
