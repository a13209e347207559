# What is done often; `just` alone lists it.

_list:
    @just --list --unsorted

# Format the code.
fmt:
    cargo fmt

# Everything that the compiler and clippy have to say.
lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# All tests, or those whose name contains the word.
test *word:
    cargo test --locked {{word}}

# Import the sample customers into a stand-in for the ERP.
demo:
    cargo run --release --locked -- run samples/customers.csv --mapping mappings/shop.toml --sandbox

# The documentation of the code.
docs:
    cargo doc --no-deps --document-private-items --locked --open

# Exactly what CI runs.
ci:
    .ci/run
