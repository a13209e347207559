//! The stand-in ERP.
