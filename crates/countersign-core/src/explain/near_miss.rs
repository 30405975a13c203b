//! The mistakes that are looked for: what the signer did, and what to do instead.
//!
//! Every one of them was made by somebody and puzzled them for a day. A sentence here is all the
//! help they get, so it says both halves.

use std::fmt;

macro_rules! near_misses {
    ($($variant:ident, $code:literal, $sentence:literal;)+) => {
        /// A single change to what should have been signed that makes the signature fit.
        ///
        /// [`code`](NearMiss::code) is stable: scripts may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum NearMiss {
            $(#[doc = concat!("`", $code, "`: ", $sentence)] $variant,)+
        }

        impl NearMiss {
            /// Every near miss there is.
            pub const ALL: &'static [NearMiss] = &[$(NearMiss::$variant),+];

            /// The stable code, such as `query_missing`.
            pub const fn code(self) -> &'static str {
                match self { $(NearMiss::$variant => $code,)+ }
            }

            /// What the signer did, and what to do instead.
            pub const fn sentence(self) -> &'static str {
                match self { $(NearMiss::$variant => $sentence,)+ }
            }
        }
    };
}

near_misses! {
    TrailingLineFeed, "trailing_line_feed",
        "The signer put a line feed at the end of the string to sign; leave it out.";
    TrailingLineFeedMissing, "trailing_line_feed_missing",
        "The signer left out the line feed at the end of the string to sign; it is part of it.";
    LiteralLineFeeds, "literal_line_feeds",
        "The signer joined the lines with a backslash and an n; join them with the line feed character (in many languages \"\\n\" in double quotes, not single ones).";
    CarriageReturns, "carriage_returns",
        "The signer ended lines with CR LF; use LF alone.";
    LineFeedsLeftOut, "line_feeds_left_out",
        "The signer joined the lines with nothing between them; put one LF between two lines.";
    LowerCase, "lower_case",
        "The signer lower-cased the whole string to sign; take every part as it is sent.";
    NotLowerCase, "not_lower_case",
        "The signer took every part as it is sent; this service expects the whole string to sign in lower case.";
    MethodLowerCase, "method_lower_case",
        "The signer wrote the method in lower case; write it as it is sent.";
    MethodUpperCase, "method_upper_case",
        "The signer wrote the method in upper case, but sent it otherwise; send it in upper case too.";

    QueryMissing, "query_missing",
        "The signer left out the query; sign it as it is sent.";
    QueryMark, "query_mark",
        "The signer has a question mark where the string to sign has none; leave it out.";
    QueryInPath, "query_in_path",
        "The signer left the query on the line of the path; the path ends before the question mark, and the query has a line of its own.";
    QuerySorted, "query_sorted",
        "The signer sorted the query; sign it in the order in which it is sent.";
    QueryPlusForBlank, "query_plus_for_blank",
        "The signer wrote blanks in the query as +, the request has %20; sign the query as it is sent.";
    QueryEscapedBlank, "query_escaped_blank",
        "The signer wrote blanks in the query as %20, the request has +; sign the query as it is sent.";
    QueryDecoded, "query_decoded",
        "The signer decoded the query; sign it as it is sent, escapes included.";
    QueryReencoded, "query_reencoded",
        "The signer encoded the query again, by rules other than the sender's; sign the very text that is sent.";
    EscapeCase, "escape_case",
        "The signer wrote the percent escapes in the other case (%2F or %2f); sign them as they are sent.";

    TrailingSlash, "trailing_slash",
        "The signer added a slash to the end of the path; sign the path as it is sent.";
    TrailingSlashMissing, "trailing_slash_missing",
        "The signer took the slash off the end of the path; sign the path as it is sent.";
    PathDecoded, "path_decoded",
        "The signer decoded the path; sign it as it is sent, escapes included.";
    PathDoubleEncoded, "path_double_encoded",
        "The signer encoded the path twice (%20 became %2520); sign it as it is sent.";
    PathReencoded, "path_reencoded",
        "The signer encoded the path again, by rules other than the sender's; sign the very text that is sent.";
    PathNormalised, "path_normalised",
        "The signer resolved double slashes or dots in the path; sign it as it is sent.";
    PathPrefixMissing, "path_prefix_missing",
        "The signer left out the beginning of the path; sign all of it, or have the proxy or router in between keep the original target.";
    PathPrefixAdded, "path_prefix_added",
        "The signer included a prefix of the path that the string to sign does not have; leave it out, or correct the base path of this service.";
    OriginalTarget, "original_target",
        "The signer signed the target that a proxy then rewrote; verify before the proxy, or have it pass the target unchanged.";
    AbsoluteUrl, "absolute_url",
        "The signer signed the whole URL; this scheme signs the path without scheme and host.";

    OtherUrlScheme, "other_url_scheme",
        "The signer signed http for https, or the reverse; set this service's public base URL to the URL that clients use.";
    PortLeftOut, "port_left_out",
        "The signer left out the port; sign host and port as they are sent.";
    Port80, "port_80",
        "The signer signed port 80; sign the port of the Host header, or set the default port of this service.";
    Port443, "port_443",
        "The signer signed port 443; tell this service that it is reached over https, or set its default port.";
    HostLowerCase, "host_lower_case",
        "The signer lower-cased the host; sign it as it is sent.";
    OtherHost, "other_host",
        "The signer signed the host of another header than this service looks at; set its public base URL to the URL that clients use.";

    OtherDateHeader, "other_date_header",
        "The signer signed the time of another date header; sign the one that the scheme names, and send it.";
    Milliseconds, "milliseconds",
        "The signer counted the signed time in milliseconds where the request has seconds, or the reverse; use seconds in both places.";
    UnixTime, "unix_time",
        "The signer signed the time as a number; sign the date as it is written in its header.";

    HeadersUnsorted, "headers_unsorted",
        "The signer left the signed headers in the order of the request; sort their lines.";
    HeadersSortedByName, "headers_sorted_by_name",
        "The signer sorted the signed headers by name alone; sort whole lines, colon included, so that x-a-b: comes before x-a:.";
    HeaderBlank, "header_blank",
        "The signer put a blank after the colon of the signed headers; write name:value without one.";
    HeaderEmptyDropped, "header_empty_dropped",
        "The signer left out signed headers with an empty value or 0, as Auth-Key's original program did; they are signed too.";
    HeaderUnfolded, "header_unfolded",
        "The signer kept runs of blanks inside a signed header; fold each to one blank.";
    HeaderNameCase, "header_name_case",
        "The signer wrote the names of the signed headers with capitals; write them in lower case.";
    HeadersLeftOut, "headers_left_out",
        "The signer left signed headers out of the string to sign; every one that the scheme signs belongs to it.";

    DigestLeftOut, "digest_left_out",
        "The signer left the body digest out of the string to sign, though the request carries it; sign the header as it is sent.";
    DigestPadding, "digest_padding",
        "The signer signed the body digest with padding (=) and sent it without, or the reverse; the text that is sent is the text that is signed.";
    DigestNotSent, "digest_not_sent",
        "The signer signed a digest of the body that the request does not carry; send it in its header.";
    ExtEmpty, "ext_empty",
        "The signer signed an empty ext and sent another; sign the ext that is sent.";
    ExtOfBody, "ext_of_body",
        "The signer signed an ext over the body only; it is the SHA-1 of Content-Type and body, one after the other.";
    ExtNotSent, "ext_not_sent",
        "The signer signed the right ext and sent another or none; send the ext that is signed.";
    ExtLineMissing, "ext_line_missing",
        "The signer left out the line of ext; it is there, with its line feed, even when empty.";

    SecretLineFeed, "secret_line_feed",
        "The signer's secret has a line feed at its end, as from a file or echo; take it off.";
    SecretTrimmed, "secret_trimmed",
        "The signer's secret lacks the white space that is at the ends of this one; store the secret without it here.";
    SecretQuoted, "secret_quoted",
        "The quotation marks around the secret are part of it on one side only; store the secret without them.";
    SecretBase64Decoded, "secret_base64_decoded",
        "The signer decoded the secret from Base64; this scheme uses its text as it is.";
    SecretBase64UrlDecoded, "secret_base64url_decoded",
        "The signer decoded the secret from base64url; this scheme uses its text as it is.";
    SecretHexDecoded, "secret_hex_decoded",
        "The signer decoded the secret from hexadecimal; this scheme does not.";
    SecretEncoded, "secret_encoded",
        "The signer encoded the secret in Base64 before using it; this scheme uses it as it is.";
    SecretAsText, "secret_as_text",
        "The signer used the text of the secret; this scheme uses the bytes that it spells in base64url.";

    KeyOrderSwapped, "key_order_swapped",
        "The signer hashed secret and time in the wrong order for the signing key; this form of the scheme has them the other way round.";
    KeyNotDerived, "key_not_derived",
        "The signer used the secret itself as the key; the key is the SHA-256 of time and secret.";
    KeyInHex, "key_in_hex",
        "The signer used the signing key in hexadecimal; use the 32 bytes of the hash.";
    OtherDialect, "other_dialect",
        "The signer followed another dialect of the scheme; use the string to sign and the signing key of this one, or configure the other.";

    OtherHash, "other_hash",
        "The signer used the other hash (SHA-1 or SHA-256); use the one of the scheme or of the credential.";
    SignatureInHex, "signature_in_hex",
        "The signature is written in hexadecimal; write its bytes in Base64.";
    SignatureInBase64, "signature_in_base64",
        "The signature is written in Base64; write its bytes in hexadecimal.";
    SignatureHexThenBase64, "signature_hex_then_base64",
        "The signature was written in hexadecimal and that text then in Base64; encode the bytes of the signature once.";
    SignatureUnpadded, "signature_unpadded",
        "The signature lacks its Base64 padding; end it with the = signs.";
    SignaturePadded, "signature_padded",
        "The signature has Base64 padding; send it without the = signs.";
    SignatureUrlSafe, "signature_url_safe",
        "The signature is written in base64url (- and _); use the standard alphabet (+ and /), with padding.";
    SignatureDecorated, "signature_decorated",
        "The signature has something around it or is escaped; send it without blanks, quotation marks, other words or percent escapes.";

    TheirText, "their_text",
        "The signature fits the other side's string to sign, so the secret is right; compare the two texts.";
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_snake_case_words() {
        let codes: HashSet<_> = NearMiss::ALL.iter().map(|miss| miss.code()).collect();
        assert_eq!(codes.len(), NearMiss::ALL.len());
        let snake = |b: u8| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit();
        assert!(codes.iter().all(|code| code.bytes().all(snake)));
    }

    #[test]
    fn every_sentence_says_what_was_done_and_what_to_do() {
        for miss in NearMiss::ALL {
            let sentence = miss.sentence();
            assert!(
                sentence.contains(';') && sentence.ends_with('.'),
                "{sentence}"
            );
        }
    }
}
