//! Where we differ from the original programs, and why.

use crate::tally::File;

/// A difference, and the entries that show it, asserted exactly as it stands here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deviation {
    pub(crate) file: File,
    pub(crate) entries: &'static [&'static str],
    /// What was done with them.
    pub(crate) run: &'static str,
    /// What the original does.
    pub(crate) original: &'static str,
    /// What we do.
    pub(crate) ours: &'static str,
    pub(crate) why: &'static str,
}

/// All of them.
pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        file: File::AuthKey,
        entries: &["v1/get_query", "v2/get_query", "v3/get_query"],
        run: "sign",
        original: "signs GET",
        ours: "signs get",
        why: "The original's client upper-cases the method it is given. Ours signs the method as \
              it is sent: `get` is not GET.",
    },
    Deviation {
        file: File::AuthKey,
        entries: &["v1/relative_url", "v2/relative_url", "v3/relative_url"],
        run: "sign",
        original: "InternalError - Malformed url: /api",
        ours: "signed",
        why: "The original's client wants an absolute URL. The scheme signs no host, so ours signs \
              a bare path as well.",
    },
    Deviation {
        file: File::AuthKey,
        entries: &[
            "v1/verify_query_roundtrip_bug",
            "v2/verify_query_roundtrip_bug",
            "v3/verify_query_roundtrip_bug",
        ],
        run: "verify",
        original: "SignatureDoesNotMatch",
        ours: "accepted",
        why: "The original takes the query for a part of the path too, and so refuses every query \
              that its own client signs.",
    },
    Deviation {
        file: File::AuthKey,
        entries: &[
            "v1/verify_required_missing",
            "v2/verify_required_missing",
            "v3/verify_required_missing",
        ],
        run: "verify",
        original: "MissingSecurityHeader",
        ours: "accepted",
        why: "The original has a list of x-headers to be demanded. Here the service looks for \
              them itself: all that are there are signed once the request is verified.",
    },
    Deviation {
        file: File::HmacAuth,
        entries: &[
            "vectors/HMAC-Auth sha1 POST with PADDED Content-MD5 on the wire (signed as sent)",
        ],
        run: "sign",
        original: "FYJU/tp2Axqu8rIdIkp8bpp+Xw0",
        ours: "+w2m05lsKp0wRcA1A4nVzNYORRM",
        why: "Our client writes Content-MD5 unpadded, as the document's examples do. The header is \
              signed as sent, so that both spellings verify.",
    },
    Deviation {
        file: File::HmacAuth,
        entries: &["www_authenticate/KEYID is unknown"],
        run: "challenge",
        original: "KEYID is unknown",
        ours: "signature does not match",
        why: "To say that a key id is unknown is to tell strangers which ids exist.",
    },
    Deviation {
        file: File::Moxie,
        entries: &["vectors/moxie test-suite test_successful_hmac"],
        run: "as recorded",
        original: "200",
        ours: "invalid_timestamp",
        why: NO_DATE,
    },
    Deviation {
        file: File::Moxie,
        entries: &[
            "golden/ok",
            "golden/post ok",
            "golden/post body tampered ok",
            "golden/query",
            "golden/path pct unreserved decoded",
            "golden/host port",
            "golden/host upper",
            "golden/https",
            "golden/x-forwarded-host trusted",
            "golden/empty date",
            "golden/empty nonce",
            "golden/replay 1",
            "golden/replay 2",
        ],
        run: "as recorded",
        original: "200",
        ours: "invalid_timestamp",
        why: NO_DATE,
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/options no auth"],
        run: "as recorded",
        original: "200",
        ours: "missing_credentials",
        why: "The original authenticates no OPTIONS request. Ours authenticates all; a layer can \
              let real CORS preflights through.",
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/path pct raw", "golden/path %2F"],
        run: "with a date",
        original: "401",
        ours: "accepted",
        why: DECODES,
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/path pct unreserved decoded"],
        run: "with a date",
        original: "200",
        ours: "invalid_credentials",
        why: DECODES,
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/query pct", "golden/path pct utf8 raw"],
        run: "with a date",
        original: "500",
        ours: "accepted",
        why: "The original fails on anything beyond ASCII in the decoded URL. Ours signs the raw \
              text of the target.",
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/x-forwarded-host trusted"],
        run: "with a date",
        original: "200",
        ours: "invalid_credentials",
        why: "The original believes X-Forwarded-Host from anybody. Ours takes the host from Host, \
              or from its public base URL.",
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/empty nonce"],
        run: "with a date",
        original: "200",
        ours: "invalid_nonce",
        why: "The original takes an empty nonce. Ours needs one to tell a replay by.",
    },
    Deviation {
        file: File::Moxie,
        entries: &["golden/replay 2"],
        run: "with a date",
        original: "200",
        ours: "nonce_replayed",
        why: "The original remembers no nonce.",
    },
    Deviation {
        file: File::Mac,
        entries: &["golden/ext header is ignored (recomputed)"],
        run: "verify",
        original: "200",
        ours: "invalid_digest",
        why: "The original ignores the ext it is sent and computes its own. Ours verifies the MAC \
              over the ext sent, and the body then has to give that ext.",
    },
    Deviation {
        file: File::Mac,
        entries: &["golden/ts future 5"],
        run: "verify",
        original: "401",
        ours: "accepted",
        why: "The original accepts nothing from the future. Ours allows a clock to run five \
              seconds ahead.",
    },
    Deviation {
        file: File::Mac,
        entries: &["golden/ts with leading space"],
        run: "verify",
        original: "200",
        ours: "invalid_timestamp",
        why: "Python's int() takes blanks. Here a time has one spelling: digits only.",
    },
];

const NO_DATE: &str = "The original never looks at the date, and its tests send `Wednesday`. Ours \
                       wants a date inside the window.";
const DECODES: &str = "The original signs the path percent-decoded, where %2F and / are one. Ours \
                       signs the raw path.";
