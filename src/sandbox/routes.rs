//! Which request is which: routes, and what the contract asks of every request.
//!
//! Pure; knows no state.

use hyper::Method;
use hyper::header::HeaderMap;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// The collection of customers.
    Customers,
    /// One customer, by id.
    Customer(i32),
    /// Customer groups.
    Groups,
    /// Customer categories.
    Categories,
    /// Companies.
    Companies,
    /// Payment methods.
    PaymentMethods,
    /// The token server.
    Token,
    /// Requests of apps to be registered.
    Registrations,
    /// One of them.
    Registration,
    /// Nothing.
    Nowhere,
}

impl Route {
    /// The route of a path; each is there with and without `/v1`.
    pub(super) fn of(path: &str, base_path: &str) -> Self {
        if path == "/oauth2/token" {
            return Self::Token;
        }
        let Some(path) = path.strip_prefix(base_path) else {
            return Self::Nowhere;
        };
        let path = match path.strip_prefix("/v1") {
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        };
        match path {
            "/oauth2/token" => Self::Token,
            "/customers" => Self::Customers,
            "/customerGroups" => Self::Groups,
            "/customerCategories" => Self::Categories,
            "/companies" => Self::Companies,
            "/paymentMethods" => Self::PaymentMethods,
            "/authentication" => Self::Registrations,
            _ if path.starts_with("/authentication/") => Self::Registration,
            _ => path
                .strip_prefix("/customers/")
                .and_then(|id| id.parse().ok())
                .map_or(Self::Nowhere, Self::Customer),
        }
    }

    /// The status for a method that the route does not know.
    pub(super) fn refuses(self, method: &Method) -> Option<u16> {
        let fine = match self {
            Self::Nowhere => return Some(404),
            Self::Token | Self::Registrations => method == Method::POST,
            Self::Customers => method == Method::POST || method == Method::GET,
            _ => method == Method::GET,
        };
        let status = if method == Method::HEAD { 404 } else { 405 };
        (!fine).then_some(status)
    }

    /// The list behind the route, if it is one that never changes.
    pub(super) fn fixed_list(self) -> Option<&'static str> {
        Some(match self {
            Self::Groups => {
                r#"[{"Id":1,"Name":"Endkunden","IsDefault":true},{"Id":2,"Name":"Händler","IsDefault":false},{"Id":3,"Name":"Mitarbeiter","IsDefault":false}]"#
            }
            Self::Categories => {
                r#"[{"Id":1,"Name":"Standard"},{"Id":2,"Name":"Stammkunde"},{"Id":3,"Name":"Messekontakt"}]"#
            }
            Self::Companies => {
                r#"[{"Id":1,"Name":"Muster GmbH"},{"Id":2,"Name":"Muster Versand GmbH"}]"#
            }
            Self::PaymentMethods => {
                r#"[{"Id":1,"Name":"Rechnung"},{"Id":2,"Name":"Vorkasse"},{"Id":3,"Name":"PayPal"},{"Id":4,"Name":"Lastschrift"}]"#
            }
            _ => return None,
        })
    }
}

/// The text of a header.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// What the headers lack or spell wrongly. The result is the required header that is missing,
/// for which the server answers 412, and everything that the contract forbids.
pub(super) fn check_headers(headers: &HeaderMap) -> (Option<&'static str>, Vec<String>) {
    let mut wrong = Vec::new();
    let filled = |name| header(headers, name).is_some_and(|value| !value.trim().is_empty());
    let mut required = ["x-appid", "x-appversion"].into_iter();
    let missing = required.find(|name| !filled(name));
    if let Some(name) = missing {
        wrong.push(format!("header {name} is missing"));
    }
    match header(headers, "api-version") {
        None => wrong.push("header api-version is missing".to_owned()),
        Some("1.0") if filled("x-tenant-id") != filled("tenant-id") => {
            wrong.push("version 1.0 wants x-tenant-id and tenant-id together".to_owned());
        }
        Some(_) => {}
    }
    for name in ["x-sessionid", "x-tenant-id", "tenant-id", "x-runas"] {
        let fine = header(headers, name).is_none_or(|value| {
            let number = name == "x-runas" && value.parse::<i32>().is_ok();
            number || uuid::Uuid::try_parse(value).is_ok()
        });
        if !fine {
            wrong.push(format!("header {name} is no UUID"));
        }
    }
    (missing, wrong)
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn paths_lead_to_their_routes() {
        let base = "/api/eazybusiness";
        for (path, route) in [
            ("/customers", Route::Customers),
            ("/v1/customers", Route::Customers),
            ("/v1/customers/1001", Route::Customer(1001)),
            ("/customers/x", Route::Nowhere),
            ("/v2/customers", Route::Nowhere),
            ("/v1customers", Route::Nowhere),
            ("/Customers", Route::Nowhere),
            ("/customerGroups", Route::Groups),
            ("/v1/companies", Route::Companies),
            ("/oauth2/token", Route::Token),
            ("", Route::Nowhere),
        ] {
            assert_eq!(Route::of(path, ""), route, "{path}");
            assert_eq!(Route::of(&format!("{base}{path}"), base), route, "{path}");
        }
        assert_eq!(Route::of("/customers", base), Route::Nowhere);
        assert_eq!(Route::of("/oauth2/token", base), Route::Token);
    }

    #[test]
    fn methods_that_a_route_lacks_are_refused() {
        for (route, method, status) in [
            (Route::Customers, Method::POST, None),
            (Route::Customers, Method::GET, None),
            (Route::Customers, Method::HEAD, Some(404)),
            (Route::Customers, Method::PUT, Some(405)),
            (Route::Customer(1), Method::DELETE, Some(405)),
            (Route::Token, Method::GET, Some(405)),
            (Route::Nowhere, Method::GET, Some(404)),
        ] {
            assert_eq!(route.refuses(&method), status, "{route:?} {method}");
        }
    }

    #[test]
    fn lists_are_json() {
        for route in [
            Route::Groups,
            Route::Categories,
            Route::Companies,
            Route::PaymentMethods,
        ] {
            let list: serde_json::Value =
                serde_json::from_str(route.fixed_list().unwrap()).unwrap();
            assert!(list[0]["Id"].is_i64() && list[0]["Name"].is_string());
        }
    }

    #[test]
    fn headers_are_checked_as_the_contract_says() {
        let uuid = "6f6c6d2e-0000-4000-8000-000000000001";
        let base = [
            ("x-appid", "A/1"),
            ("x-appversion", "1"),
            ("api-version", "1.1"),
        ];
        let checked = |changes: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in base.iter().chain(changes) {
                let name = HeaderName::from_static(name);
                if *value == "-" {
                    headers.remove(name);
                } else {
                    headers.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            let (missing, wrong) = check_headers(&headers);
            (missing, wrong.len())
        };
        assert_eq!(checked(&[]), (None, 0));
        assert_eq!(checked(&[("x-appid", "-")]), (Some("x-appid"), 1));
        assert_eq!(checked(&[("x-appversion", " ")]), (Some("x-appversion"), 1));
        assert_eq!(checked(&[("api-version", "-")]), (None, 1));
        assert_eq!(checked(&[("x-runas", "12")]), (None, 0));
        assert_eq!(checked(&[("x-runas", uuid)]), (None, 0));
        assert_eq!(checked(&[("x-runas", "me")]), (None, 1));
        assert_eq!(checked(&[("x-sessionid", "12")]), (None, 1));
        assert_eq!(checked(&[("x-tenant-id", uuid)]), (None, 0));
        let old = ("api-version", "1.0");
        assert_eq!(checked(&[old, ("x-tenant-id", uuid)]), (None, 1));
        assert_eq!(
            checked(&[old, ("x-tenant-id", uuid), ("tenant-id", uuid)]),
            (None, 0)
        );
    }
}
