//! What delivery needs to know: where to send, as whom, how fast, and when to give up.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use secrecy::SecretString;

use crate::outcome::{Bilingual, both};

/// Where the ERP is and how requests introduce themselves. Defaults are those of
/// `interface`: path `/v1/customers`, version `1.0`, this program's name and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSettings {
    /// Base URL without a trailing slash, e.g. `https://api.jtl-cloud.com/erp`.
    pub base_url: String,
    /// Path of the collection, with its leading slash.
    pub path: String,
    /// Value of the header `api-version`.
    pub api_version: String,
    /// Value of the header `x-tenant-id` (and `tenant-id` for version 1.0).
    pub tenant_id: Option<String>,
    /// Value of the header `x-appid`.
    pub app_id: String,
    /// Value of the header `x-appversion`.
    pub app_version: String,
    /// Value of the header `x-runas`.
    pub run_as: Option<String>,
    /// Value of the header `x-sessionid`.
    pub session_id: Option<String>,
    /// Whether Wawi's automatic workflows run for created customers; else
    /// `disableAutomaticWorkflows=true` is sent.
    pub run_workflows: bool,
    /// The profile's name for this ERP instance in the journal.
    pub name: Option<String>,
}

/// Who we are to the server. `Debug` never shows a secret.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// A gateway in front of the server adds them; we send none.
    #[default]
    Gateway,
    /// An on-prem API key: `Authorization: Wawi <key>`.
    ApiKey(SecretString),
    /// A token that somebody else fetched: `Authorization: Bearer <token>`, and `x-api-key`
    /// beside it if there is a key.
    Token {
        /// The access token.
        token: SecretString,
        /// The key for `x-api-key`.
        api_key: Option<SecretString>,
    },
    /// OAuth 2.0 client credentials: tokens are fetched and renewed.
    OAuth2 {
        /// The token server's URL.
        token_url: String,
        /// The client's id.
        client_id: SecretString,
        /// The client's secret.
        client_secret: SecretString,
        /// The key for `x-api-key`.
        api_key: Option<SecretString>,
    },
}

impl Credentials {
    /// What they are, for people; without any secret.
    #[must_use]
    pub fn told(&self) -> Bilingual {
        match self {
            Self::Gateway => both!(
                "none are sent: a gateway in front of the ERP adds them",
                "es werden keine gesendet: ein Gateway vor der Wawi fügt sie hinzu"
            ),
            Self::ApiKey(_) => both!(
                "an API key is there (Authorization: Wawi …)",
                "ein API-Schlüssel ist da (Authorization: Wawi …)"
            ),
            Self::Token { api_key: None, .. } => both!(
                "an access token is there (Authorization: Bearer …)",
                "ein Zugriffstoken ist da (Authorization: Bearer …)"
            ),
            Self::Token { .. } => both!(
                "an access token and an API key are there",
                "ein Zugriffstoken und ein API-Schlüssel sind da"
            ),
            Self::OAuth2 { .. } => both!(
                "client id and secret are there; they fetch tokens",
                "Id und Secret des Clients sind da; damit werden Token geholt"
            ),
        }
    }
}

/// A limit on requests: so many in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub requests: NonZeroU32,
    /// The time in which they may be sent.
    pub per: Duration,
}

/// A number of records, absolute or as a share of those that were tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// More than this many.
    Count(u64),
    /// More than this share, in per cent.
    Percent(f64),
}

impl Threshold {
    /// Whether `hits` of `tried` are too many.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share needs no exact counts")]
    pub fn is_exceeded(self, hits: u64, tried: u64) -> bool {
        match self {
            Self::Count(most) => hits > most,
            Self::Percent(most) => tried > 0 && hits as f64 * 100.0 > most * tried as f64,
        }
    }
}

/// How delivery behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliverySettings {
    /// Requests in flight at most. Default 8.
    pub concurrency: NonZeroUsize,
    /// The user's own limit on requests.
    pub rate: Option<Rate>,
    /// Time limit of one request. Default 60 s.
    pub timeout: Duration,
    /// How long a lost POST may still become visible. Default: twice `timeout`.
    pub settle: Duration,
    /// POSTs for one record at most. Default 5.
    pub max_attempts: NonZeroU32,
    /// How long the server may be away before the run gives up. Default 15 min.
    pub max_outage: Duration,
    /// Refused records before the run stops. Default 10% once 50 were sent.
    pub max_failures: Threshold,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        let timeout = Duration::from_secs(60);
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(7),
            rate: None,
            timeout,
            settle: timeout * 2,
            max_attempts: NonZeroU32::MIN.saturating_add(4),
            max_outage: Duration::from_secs(15 * 60),
            max_failures: Threshold::Percent(10.0),
        }
    }
}

impl TargetSettings {
    /// What names this ERP instance in the journal: the profile's name for it, else scheme,
    /// host, port and path without a version segment, plus the tenant.
    #[must_use]
    pub fn identity(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let is_version = |segment: &str| {
            segment
                .strip_prefix(['v', 'V'])
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let (scheme, rest) = self
            .base_url
            .split_once("://")
            .unwrap_or(("https", &self.base_url));
        let segments = rest
            .split('/')
            .chain(self.path.split('/'))
            .filter(|segment| !segment.is_empty() && !is_version(segment));
        let mut identity = format!(
            "{}://{}",
            scheme.to_lowercase(),
            segments.collect::<Vec<_>>().join("/")
        );
        if let Some(tenant) = &self.tenant_id {
            identity.push('#');
            identity.push_str(tenant);
        }
        identity
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A target at this address, without anything that it could do without.
    pub(in crate::deliver) fn target(base_url: &str) -> TargetSettings {
        TargetSettings {
            base_url: base_url.to_owned(),
            path: "/v1/customers".to_owned(),
            api_version: "1.0".to_owned(),
            tenant_id: None,
            app_id: "a".to_owned(),
            app_version: "1".to_owned(),
            run_as: None,
            session_id: None,
            run_workflows: false,
            name: None,
        }
    }

    #[test]
    fn the_identity_ignores_the_version() {
        let mut target = TargetSettings {
            tenant_id: Some("t-1".to_owned()),
            ..target("https://api.jtl-cloud.com/erp")
        };
        let identity = target.identity();
        assert_eq!(identity, "https://api.jtl-cloud.com/erp/customers#t-1");
        target.path = "/customers".to_owned();
        assert_eq!(target.identity(), identity);
        target.name = Some("live".to_owned());
        assert_eq!(target.identity(), "live");
    }

    #[test]
    fn thresholds() {
        assert!(!Threshold::Percent(20.0).is_exceeded(20, 100));
        assert!(Threshold::Percent(20.0).is_exceeded(21, 100));
        assert!(!Threshold::Count(3).is_exceeded(3, 4));
        assert!(Threshold::Count(0).is_exceeded(1, 1000));
    }
}
