//! Countries and languages: tables that mapping and validation share.
