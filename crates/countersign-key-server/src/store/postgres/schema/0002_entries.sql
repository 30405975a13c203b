-- The entries of the agent API: sealed, and but for re-keying written once.
CREATE TABLE countersign_entries (
    forget_after bigint,
    kind text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (kind, owner, name)
);
CREATE INDEX countersign_entries_forget_after ON countersign_entries (forget_after)
    WHERE forget_after IS NOT NULL;
COMMENT ON COLUMN countersign_entries.kind IS 'account, agent-key, nonce, ended-session, token-key';
COMMENT ON COLUMN countersign_entries.sealed IS 'what it says, encrypted';
