//! Delivery: gets submissions into the ERP, each exactly once in effect.

pub mod settings;

pub use settings::{Credentials, DeliverySettings, Rate, TargetSettings, Threshold};
