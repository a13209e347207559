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

# Let the program die and go on in so many rounds; a round that fails names its seed.
crash rounds="1000" seed="1":
    CRASH_ROUNDS={{rounds}} CRASH_SEED={{seed}} cargo test --release --locked --features fail-points --test suite crash::rounds

# The same 25 times in 1,500 customers each, among faults, lags and a freeze.
crash-full:
    CRASH_FULL=1 cargo test --release --locked --test suite crash::siege

# Fuzz a target of fuzz/fuzz_targets: `just fuzz csv 600`. Needs cargo-fuzz and a nightly Rust.
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    if [ -d /dev/shm ]; then export TMPDIR=/dev/shm; fi; \
    cargo +nightly fuzz run --sanitizer none {{target}} \
        fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- \
        -max_total_time={{seconds}} -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
        -malloc_limit_mb=1024 {{ if target == "mapping" { "-dict=fuzz/mapping.dict" } else { "" } }}

# Tell so many of the engine's stories, from a seed on; one that fails alone is told line by line.
simulate seeds="100000" from="0":
    SIMULATE_SEEDS={{seeds}} SIMULATE_FROM={{from}} cargo test --locked --lib simulation::tests::every_story -- --nocapture

# How close to the wire an import comes, in paired runs against oha, xsv and Python, whichever is
# there: `just bench all` ends with a table of the goals, `just bench run --latency-ms 20`,
# `just bench dry --records 1000000`, `just bench resume`; what each stage costs: `just stages`.
bench *words:
    cargo bench --locked --bench wire -- {{words}}

# What each stage costs a record, alone: `just stages journal` for one of them.
stages *words:
    cargo bench --locked --bench stages -- {{words}}

# Import the sample customers into a stand-in for the ERP.
demo:
    cargo run --release --locked -- run samples/customers.csv --mapping mappings/shop.toml --sandbox

# The documentation of the code.
docs:
    cargo doc --no-deps --document-private-items --locked --open

# Exactly what CI runs.
ci:
    .ci/run
