//! The answers that are the gateway's own, as problem+json (RFC 9457).
//!
//! Refusals of the layer are written by the layer; these are about the connection and the
//! service behind.

use bytes::Bytes;
use countersign::PROBLEM_TYPES;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

/// When to try again after [`Problem::Overloaded`], in seconds: a peak may be over by then, and
/// those who were refused come back spread over their own retry delays.
const RETRY_SECONDS: u16 = 1;

/// What went wrong. [`code`](Problem::code) is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    SignedHeaderIsHopByHop,
    InvalidHost,
    MethodNotForwarded,
    ClientStalled,
    UntrustedForwarding,
    InvalidOriginal,
    UnwritablePrincipal,
    Overloaded,
    UpstreamUnreachable,
    UpstreamFailed,
    UpstreamTimeout,
}

impl Problem {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SignedHeaderIsHopByHop => "signed_header_is_hop_by_hop",
            Self::InvalidHost | Self::InvalidOriginal => "invalid_target",
            Self::MethodNotForwarded => "method_not_forwarded",
            Self::ClientStalled => "body_incomplete",
            Self::UntrustedForwarding => "untrusted_forwarding",
            Self::UnwritablePrincipal => "misconfigured",
            Self::Overloaded => "overloaded",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamFailed => "upstream_failed",
            Self::UpstreamTimeout => "upstream_timeout",
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::SignedHeaderIsHopByHop
            | Self::InvalidHost
            | Self::InvalidOriginal
            | Self::UntrustedForwarding
            | Self::ClientStalled => StatusCode::BAD_REQUEST,
            Self::MethodNotForwarded => StatusCode::NOT_IMPLEMENTED,
            Self::UnwritablePrincipal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamUnreachable | Self::UpstreamFailed => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::SignedHeaderIsHopByHop => "Signed header named in Connection",
            Self::InvalidHost | Self::InvalidOriginal => "Invalid request target",
            Self::MethodNotForwarded => "Method not forwarded",
            Self::ClientStalled => "Body incomplete",
            Self::UntrustedForwarding => "Untrusted forwarding",
            Self::UnwritablePrincipal => "Service misconfigured",
            Self::Overloaded => "Overloaded",
            Self::UpstreamUnreachable => "Upstream unreachable",
            Self::UpstreamFailed => "Upstream failed",
            Self::UpstreamTimeout => "Upstream timed out",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::SignedHeaderIsHopByHop => {
                "Connection names a header that must reach the service, or is signed; leave it out \
                 of Connection."
            }
            Self::InvalidHost => "The request has no Host, or more than one; send exactly one.",
            Self::InvalidOriginal => {
                "The proxy in front does not describe the original request in a way that can be \
                 verified; it must send its method, its raw target and its host once each."
            }
            Self::MethodNotForwarded => "This gateway opens no tunnels; send another method.",
            Self::ClientStalled => "The body came too slowly; send the request again.",
            Self::UntrustedForwarding => {
                "The request says it was forwarded by a proxy that is not trusted, or in two ways \
                 at once; name the proxy in trusted-proxy and let it send one description."
            }
            Self::UnwritablePrincipal => {
                "The service is not configured correctly; its operator has the details."
            }
            Self::Overloaded => {
                "This gateway has as many requests in hand as it takes; try again later."
            }
            Self::UpstreamUnreachable => {
                "The service behind this gateway cannot be reached; try again later."
            }
            Self::UpstreamFailed => {
                "The service behind this gateway broke the connection off; try again later."
            }
            Self::UpstreamTimeout => {
                "The service behind this gateway did not answer in time; try again later."
            }
        }
    }

    pub(crate) fn body(self) -> Bytes {
        format!(
            r#"{{"type":"{PROBLEM_TYPES}{code}","title":"{title}","status":{status},"detail":"{detail}","code":"{code}"}}"#,
            code = self.code(),
            title = self.title(),
            status = self.status().as_u16(),
            detail = self.detail(),
        )
        .into()
    }

    pub(crate) fn response<B: From<Bytes>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self == Self::Overloaded {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;

    const ALL: [Problem; 11] = [
        Problem::SignedHeaderIsHopByHop,
        Problem::InvalidHost,
        Problem::MethodNotForwarded,
        Problem::ClientStalled,
        Problem::UntrustedForwarding,
        Problem::InvalidOriginal,
        Problem::UnwritablePrincipal,
        Problem::Overloaded,
        Problem::UpstreamUnreachable,
        Problem::UpstreamFailed,
        Problem::UpstreamTimeout,
    ];

    #[test]
    fn every_code_is_explained_with_its_status() {
        let page = std::fs::read_to_string("../../docs/reasons.md").unwrap();
        for problem in ALL {
            let entry = format!(
                "\n## `{}`\n\nStatus {}",
                problem.code(),
                problem.status().as_u16()
            );
            assert!(page.contains(&entry), "{entry}");
        }
    }
}
