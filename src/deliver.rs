//! Delivery: gets submissions into the ERP, each exactly once in effect.

pub mod answer;
pub mod auth;
pub mod backoff;
pub mod breaker;
pub mod client;
mod direct;
pub mod driver;
pub mod engine;
pub mod inquiry;
pub mod listing;
pub mod naming;
pub mod pace;
pub mod reach;
pub mod settings;
pub mod verdict;
pub mod wire;

pub use settings::{Credentials, DeliverySettings, Rate, TargetSettings, Threshold};
