//! Rules with stable codes.
