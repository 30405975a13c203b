//! Host, port and URL scheme, for the schemes that sign them.

use http::header::HOST;

use super::{NearMiss, Trials};
use crate::explain::reading::header;
use crate::head::{Origin, UrlScheme};

pub(super) fn run(trials: &mut Trials<'_>) {
    let head = &trials.subject.head;
    let Some(authority) = head.authority() else {
        return;
    };
    let (scheme, host) = (head.url_scheme(), authority.host());
    let text = authority.as_str();
    let other_scheme = match scheme {
        UrlScheme::Http => UrlScheme::Https,
        UrlScheme::Https => UrlScheme::Http,
    };
    reached(trials, NearMiss::PortLeftOut, scheme, host);
    reached(trials, NearMiss::Port80, scheme, &format!("{host}:80"));
    reached(trials, NearMiss::Port443, scheme, &format!("{host}:443"));
    reached(trials, NearMiss::OtherUrlScheme, other_scheme, text);
    let lower = text.to_ascii_lowercase();
    reached(trials, NearMiss::HostLowerCase, scheme, &lower);
    let headers = head.headers();
    for sent in [
        header(headers, HOST.as_str()),
        header(headers, "x-forwarded-host"),
    ] {
        if let Some(sent) = sent.and_then(|sent| std::str::from_utf8(sent).ok()) {
            reached(trials, NearMiss::OtherHost, scheme, sent);
        }
    }
}

/// As if the service were reached under this URL.
fn reached(trials: &mut Trials<'_>, miss: NearMiss, scheme: UrlScheme, authority: &str) {
    let url = format!("{}://{authority}", scheme.as_str());
    trials.request(miss, |parts| {
        parts.origin = Origin::public_base_url(&url).ok()?;
        Some(())
    });
}
