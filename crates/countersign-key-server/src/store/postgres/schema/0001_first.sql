-- Fixed-width columns first: no byte is lost to alignment. Times are seconds since the Unix epoch.
-- Text compares byte by byte, and no upgrade of the system's locales can break an index.
CREATE TABLE countersign_credentials (
    ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    deleted_at bigint,
    expires_at bigint,
    last_used_at bigint,
    scheme smallint NOT NULL,
    algorithm smallint NOT NULL,
    state smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    principal text COLLATE "C" NOT NULL,
    rotated_to text COLLATE "C",
    sealed bytea NOT NULL,
    CONSTRAINT countersign_credentials_id UNIQUE (id)
);
CREATE INDEX countersign_credentials_principal ON countersign_credentials (principal, ordinal);
COMMENT ON COLUMN countersign_credentials.scheme IS '0 basic, 1 mac, 2 auth-key, 3 hmac-auth, 4 moxie';
COMMENT ON COLUMN countersign_credentials.algorithm IS '1 SHA-1, 256 SHA-256';
COMMENT ON COLUMN countersign_credentials.state IS '0 active, 1 inactive';
COMMENT ON COLUMN countersign_credentials.sealed IS 'the secret, encrypted';

-- Idempotency keys, by their hashes, with the credential that each made.
CREATE TABLE countersign_retries (
    until bigint NOT NULL,
    key bytea PRIMARY KEY,
    fingerprint bytea NOT NULL,
    id text COLLATE "C" NOT NULL
);
CREATE INDEX countersign_retries_until ON countersign_retries (until);

CREATE TABLE countersign_keyring (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    revision bigint NOT NULL,
    sealed bytea NOT NULL
);

CREATE TABLE countersign_tokens (
    ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at bigint NOT NULL,
    revoked_at bigint,
    scope smallint NOT NULL,
    id text COLLATE "C" NOT NULL UNIQUE,
    hash bytea NOT NULL UNIQUE,
    name text COLLATE "C"
);
COMMENT ON COLUMN countersign_tokens.scope IS '0 verify, 1 lookup, 2 admin';
COMMENT ON COLUMN countersign_tokens.hash IS 'SHA-256 of the token';
