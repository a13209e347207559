//! What was meant, what was done: durable.
