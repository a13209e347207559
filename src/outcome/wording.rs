//! Codes and parameters become sentences for people.
