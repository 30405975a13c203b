-- A scheme that programs of before do not know: they refuse this version, rather than call its rows damaged.
COMMENT ON COLUMN countersign_credentials.scheme IS '0 basic, 1 mac, 2 auth-key, 3 hmac-auth, 4 moxie, 5 agent';
