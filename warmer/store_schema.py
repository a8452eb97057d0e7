"""The tables of the store and how an older file becomes a current one.

`PRAGMA user_version` holds the number of migrations a file has seen.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        site TEXT NOT NULL,
        trigger TEXT NOT NULL,
        status TEXT NOT NULL,
        started_at REAL NOT NULL,
        duration_s REAL,
        note TEXT NOT NULL DEFAULT '',
        base_url TEXT NOT NULL DEFAULT '',
        config TEXT NOT NULL,
        observed_traffic REAL,
        skipped TEXT NOT NULL DEFAULT '{}',
        warnings TEXT NOT NULL DEFAULT '[]',
        planned INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE targets (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        rank INTEGER NOT NULL,
        url TEXT NOT NULL,
        variant TEXT NOT NULL,
        weight REAL NOT NULL,
        traffic REAL,
        PRIMARY KEY (run, rank)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outcomes (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        fetch TEXT NOT NULL,
        rank INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        detail TEXT NOT NULL,
        total_ms REAL,
        first_byte_ms REAL,
        body_bytes INTEGER,
        attempts INTEGER NOT NULL,
        final_url TEXT NOT NULL,
        state TEXT NOT NULL,
        state_header TEXT NOT NULL,
        age_s REAL,
        ttl_s REAL,
        stored INTEGER NOT NULL,
        obstacle TEXT,
        language TEXT,
        csrf INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (run, fetch, rank)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE verdicts (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        rank INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT,
        detail TEXT NOT NULL,
        ttl_s REAL,
        evidence TEXT NOT NULL,
        PRIMARY KEY (run, rank)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE cache_results (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        result TEXT NOT NULL,
        PRIMARY KEY (run, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE threshold_results (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        result TEXT NOT NULL,
        PRIMARY KEY (run, place)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN whole INTEGER NOT NULL DEFAULT 1;
    CREATE TABLE triggers (
        no INTEGER PRIMARY KEY AUTOINCREMENT,
        site TEXT NOT NULL,
        key TEXT,
        trigger TEXT NOT NULL,
        request TEXT NOT NULL,
        accepted_at REAL NOT NULL,
        finished_at REAL,
        run TEXT,
        UNIQUE (site, key)
    ) STRICT;
    CREATE INDEX triggers_pending ON triggers (site, no) WHERE finished_at IS NULL;
    CREATE TABLE pages (
        site TEXT NOT NULL,
        url TEXT NOT NULL,
        weight REAL NOT NULL,
        round INTEGER NOT NULL,
        expires_at REAL,
        refresh_at REAL,
        PRIMARY KEY (site, url)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pages_refresh ON pages (site, refresh_at) WHERE refresh_at IS NOT NULL;
    CREATE INDEX pages_expiry ON pages (site, expires_at) WHERE expires_at IS NOT NULL;
    """,
    """
    ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'crawl';
    ALTER TABLE outcomes ADD COLUMN connect_ms REAL;
    ALTER TABLE outcomes ADD COLUMN sent_bytes INTEGER;
    ALTER TABLE outcomes ADD COLUMN in_flight INTEGER;
    ALTER TABLE outcomes ADD COLUMN waited_ms REAL;
    CREATE TABLE limit_moves (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        result TEXT NOT NULL,
        PRIMARY KEY (run, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE write_results (
        run INTEGER NOT NULL REFERENCES runs(no) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        result TEXT NOT NULL,
        PRIMARY KEY (run, place)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN metrics TEXT;
    DELETE FROM threshold_results WHERE place < 0 -- where metrics stood before
    """,
)
