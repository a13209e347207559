-- The journal of `importer`: which run did what to which record. Schema version 6.
--
-- For people: open `journal.db` in the state folder with the `sqlite3` shell and read the views
-- at the end (`v_runs`, `v_records`, `v_unknown`). Nobody but `importer` may write here.
--
-- `PRAGMA application_id` is 0x5761496D ("WaIm"), `PRAGMA user_version` is the schema's version.
-- Times are nanoseconds since 1970-01-01T00:00:00Z; the views show them as text.
-- Hashes of keys are the first 16 bytes of BLAKE3, keyed with this journal's secret; those of
-- bodies are HighwayHash of 128 bits with that key, or BLAKE3 as well (`journal.body_hash`).
-- A request body and a customer's key stand in `intents` only, and only while it is not known
-- what became of them. No id or number that the ERP returned has to be unique.
-- The run number 0 is no run's: in `keys` it stands where run or customer were forgotten, in
-- `counts` (name 'erasing') it says that the file has still to be written anew after that.

-- One row: what this journal itself needs to know.
CREATE TABLE journal (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    secret   BLOB NOT NULL CHECK (length(secret) = 32),  -- the key of all hashes of keys and bodies
    created  INTEGER NOT NULL,                           -- when the journal was made
    version  TEXT NOT NULL,                              -- the program that made it
    -- How bodies are hashed here, once and for all: hashes of two kinds cannot be compared.
    -- `blake3` in journals that were made before version 6, else `highway`.
    body_hash TEXT NOT NULL DEFAULT 'blake3'
) STRICT;

-- The ERP instances that were ever imported into.
CREATE TABLE targets (
    target_no INTEGER NOT NULL PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,  -- the profile's name for it, or its address and tenant
    companies TEXT                   -- JSON array: ids of `GET /companies` as last seen; NULL: never seen
) STRICT;

-- One import of one input into one target.
CREATE TABLE runs (
    run_no         INTEGER NOT NULL PRIMARY KEY,  -- ascending: a later run has a higher one
    id             TEXT NOT NULL UNIQUE,          -- the run's id as people see it
    target_no      INTEGER NOT NULL REFERENCES targets (target_no),
    source_hash    BLOB NOT NULL CHECK (length(source_hash) = 32),  -- of the input's bytes
    plan_hash      BLOB NOT NULL CHECK (length(plan_hash) = 32),    -- of mapping and parse options
    input          TEXT NOT NULL,     -- the input as the user named it
    input_path     ANY,               -- where its bytes are: TEXT, or a BLOB if the path is no UTF-8
    mapping        TEXT NOT NULL,     -- the mapping as the user named it
    mapping_text   TEXT NOT NULL,     -- its text
    source_options TEXT NOT NULL,     -- JSON: how the input was read
    options        TEXT NOT NULL,     -- JSON: what else was asked for, without secrets, and what was measured
    version        TEXT NOT NULL,     -- the program that began it
    started        INTEGER NOT NULL,
    linked_to      TEXT,              -- id of the run whose returned file this run corrects
    records_read   INTEGER,           -- records in the input; NULL until it was read to its end
    finished       INTEGER,           -- when its last process ended in good order; NULL: it runs, or was killed
    ending         TEXT,              -- JSON: how that process ended
    exit_code      INTEGER            -- the code that it ended with; NULL: its report was not written
) STRICT;
CREATE INDEX runs_by_source ON runs (target_no, source_hash);

-- How many records of a run have which outcome; kept in step with `records`.
CREATE TABLE counts (
    run_no  INTEGER NOT NULL,
    name    TEXT NOT NULL,     -- the outcome's word
    records INTEGER NOT NULL,
    PRIMARY KEY (run_no, name)
) STRICT, WITHOUT ROWID;

-- What became of a record. A record without a row here is open.
CREATE TABLE records (
    run_no          INTEGER NOT NULL,
    record          INTEGER NOT NULL,  -- number in the input, counted from 1
    line            INTEGER NOT NULL,  -- physical line on which it starts, counted from 1
    outcome         TEXT NOT NULL,     -- created, exists, invalid, refused, unknown, skipped, changed, left_out, grouped
    customer_id     INTEGER,           -- the ERP's id, if known
    customer_number TEXT,              -- the ERP's customer number, if known
    attempts        INTEGER,           -- POSTs that it took, where any was sent
    how             TEXT,              -- created: posted (the answer said so), found (a look-up did) or resolved (a person did)
    detail          TEXT,              -- JSON: errors without values (invalid, refused), the reason (unknown)
    key_hash        BLOB,
    payload         BLOB,              -- the body's hash
    at              INTEGER NOT NULL,  -- when the outcome was known
    PRIMARY KEY (run_no, record)
) STRICT, WITHOUT ROWID;

-- Records that are about to be sent, or were sent and nobody knows yet what became of them.
-- The row goes, overwritten, with the outcome; if that is 'unknown', it stays.
-- No foreign keys here: they would keep SQLite from clearing the table page by page.
-- Since version 5 a table of rows by number: there a body takes little to be added at the end and
-- to be taken out again.
CREATE TABLE intents (
    place         INTEGER NOT NULL PRIMARY KEY,  -- of run and record, so that they stand in that order
    run_no        INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    record        INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL,  -- the lower 40 bits
    line          INTEGER NOT NULL,
    attempt       INTEGER NOT NULL,  -- number of the POST, counted from 1
    absent_before INTEGER NOT NULL,  -- 1: the ERP was known not to have the key before it
    at            INTEGER NOT NULL,  -- when the intent was written
    key           TEXT,              -- the key as keys are compared; NULL: the record has none
    key_hash      BLOB,
    payload       BLOB NOT NULL,     -- the body's hash
    body          BLOB NOT NULL      -- the request body
) STRICT;

-- The keys that were created in a target: the guard against sending one twice. Those of the
-- runs in `keys_pending` stand in `records` alone, until somebody asks for the guard.
CREATE TABLE keys (
    target_no       INTEGER NOT NULL,
    key_hash        BLOB NOT NULL,
    payload         BLOB,              -- hash of the body that it was created with
    customer_id     INTEGER,
    customer_number TEXT,
    run_no          INTEGER NOT NULL,  -- the record that created it
    record          INTEGER NOT NULL,
    PRIMARY KEY (target_no, key_hash)
) STRICT, WITHOUT ROWID;

-- Runs that created keys which are not in `keys` yet. They are put there in the order of their
-- hashes, all at once, before the guard is read: a key at a time would write a page of the file
-- for each of them. Since version 3.
CREATE TABLE keys_pending (
    run_no INTEGER NOT NULL PRIMARY KEY,
    since  INTEGER NOT NULL  -- `records.at` of the first of them
) STRICT;

-- Which record of a linked run corrects which record: the one with which this customer began,
-- however often it was corrected since. Since version 2.
CREATE TABLE corrections (
    run_no        INTEGER NOT NULL,
    record        INTEGER NOT NULL,
    origin_run_no INTEGER NOT NULL,
    origin_record INTEGER NOT NULL,
    PRIMARY KEY (run_no, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX corrections_by_origin ON corrections (origin_run_no, origin_record);

-- What reading a run's input found out before anything was sent, for whoever goes on with the
-- run: how many records and repairs there are, where the input can be read on from, which
-- records repeat others or are odd. No value of the input is among it. Since version 4.
CREATE TABLE readings (
    run_no  INTEGER NOT NULL,
    part    INTEGER NOT NULL,  -- counted from 0; the last one, the facts, says how many there are
    content TEXT NOT NULL,     -- JSON
    hash    BLOB NOT NULL,     -- of run, part and content: whether it is what was written
    PRIMARY KEY (run_no, part)
) STRICT;

-- All runs, newest first.
CREATE VIEW v_runs AS
SELECT r.id AS run,
       t.name AS target,
       r.input,
       r.mapping,
       strftime('%Y-%m-%dT%H:%M:%fZ', r.started / 1000000000.0, 'unixepoch') AS started,
       strftime('%Y-%m-%dT%H:%M:%fZ', r.finished / 1000000000.0, 'unixepoch') AS finished,
       r.ending ->> 'ending' AS ending,
       r.exit_code,
       r.records_read AS "read",
       (SELECT json_group_object(c.name, c.records)
          FROM counts AS c
         WHERE c.run_no = r.run_no AND c.records > 0) AS counts,
       (SELECT count(*) FROM intents AS i
         WHERE i.place BETWEEN r.run_no << 40 AND r.run_no << 40 | 1099511627775) AS open_intents,
       r.linked_to,
       r.version
  FROM runs AS r
  JOIN targets AS t USING (target_no)
 ORDER BY r.run_no DESC;

-- All records that have an outcome.
CREATE VIEW v_records AS
SELECT r.id AS run,
       e.record,
       e.line,
       e.outcome,
       e.customer_id,
       e.customer_number,
       e.attempts,
       e.how,
       e.detail,
       lower(hex(e.key_hash)) AS key_hash,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000000000.0, 'unixepoch') AS at
  FROM records AS e
  JOIN runs AS r USING (run_no);

-- Records that were sent (or were about to be) without anybody knowing what became of them:
-- those in flight just now, if a run is at work; else those that the next run looks up first.
CREATE VIEW v_unknown AS
SELECT r.id AS run,
       t.name AS target,
       i.record,
       i.line,
       i.key,
       i.attempt,
       strftime('%Y-%m-%dT%H:%M:%fZ', i.at / 1000000000.0, 'unixepoch') AS at,
       e.detail ->> 'why' AS why
  FROM intents AS i
  JOIN runs AS r USING (run_no)
  JOIN targets AS t USING (target_no)
  LEFT JOIN records AS e ON e.run_no = i.run_no AND e.record = i.record AND e.outcome = 'unknown'
 ORDER BY i.place;
