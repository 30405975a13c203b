//! The few texts that two different requests share, as the specifications have it.

use countersign_core::{ContentTypeRule, Mac, Moxie, MoxieCanonical, Reason};
use proptest::prelude::*;

use crate::common::{NOW, Request, SECRET, Service, hex, key, sha1, variants};

fn sample_key() -> countersign_core::SigningKey {
    key("example-id", SECRET)
}

fn swap_case(text: &str) -> String {
    let swapped = |character: char| match character {
        'a'..='z' => character.to_ascii_uppercase(),
        _ => character.to_ascii_lowercase(),
    };
    text.chars().map(swapped).collect()
}

proptest! {
    /// `MoxieCanonical::AsDocumented` lower-cases all of it: `/Foo` and `/foo` share a signature.
    #[test]
    fn moxie_as_documented_folds_the_case_of_everything(
        method in "[A-Za-z]{1,8}",
        path in "/[A-Za-z]{0,8}",
        query in "[A-Za-z=&]{1,8}",
        host in "[A-Za-z]{1,8}",
        nonce in "[A-Za-z]{1,8}",
    ) {
        let documented = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
        let target = format!("{path}?{query}");
        let request = Request::new(&method, &target).set("host", &host);
        let signed = request
            .try_sign(&documented, &sample_key(), NOW, Some(&nonce))
            .expect("signed");
        let swapped = signed
            .clone()
            .method(&swap_case(&method))
            .target(&swap_case(&target))
            .set("host", swap_case(&host))
            .set("x-hmac-nonce", swap_case(&nonce));

        prop_assert_eq!(signed.canonical(&documented), swapped.canonical(&documented));
        let service = Service::new([sample_key()]);
        prop_assert!(service.verify(&documented, &swapped).is_ok());
        // And the two are one request to the replay cache.
        prop_assert_eq!(service.refusal(&documented, &signed), Some(Reason::NonceReplayed));
        // As built, nothing is folded.
        prop_assert_ne!(signed.canonical(&Moxie::default()), swapped.canonical(&Moxie::default()));
    }

    /// Yar's ext joins Content-Type and body without a separator.
    #[test]
    fn bad_164_bytes_move_between_content_type_and_body_under_yars_ext(
        together in "[a-z]{1,4}/[a-z]{2,12}",
        cuts in (1_usize..100, 1_usize..100),
    ) {
        let request = |cut: usize| {
            let (content_type, body) = together.split_at(1 + cut % (together.len() - 1));
            Request::new("POST", "/").header("content-type", content_type).body(body)
        };
        let signed = request(cuts.0).signed(&Mac::yar(), &sample_key());
        let moved = request(cuts.1).header("authorization", signed.value("authorization"));
        prop_assert_eq!(signed.canonical(&Mac::yar()), moved.canonical(&Mac::yar()));
        prop_assert!(Service::new([sample_key()]).verify(&Mac::yar(), &moved).is_ok());
    }

    /// Inner white space of x-headers is folded to one blank before it is signed.
    #[test]
    fn auth_key_folds_white_space_inside_an_x_header(
        words in proptest::collection::vec("[a-z]{1,4}", 1..4),
        blanks in proptest::collection::vec("[ \t]{1,3}", 4),
    ) {
        let pieces = words.iter().zip(&blanks).flat_map(|(word, blank)| [word.as_str(), blank]);
        let spread: String = pieces.collect();
        for variant in variants().iter().filter(|variant| variant.x_prefix.is_some()) {
            let name = format!("{}role", variant.x_prefix.expect("just looked"));
            let signed = Request::new("GET", "/")
                .header(&name, words.join(" "))
                .signed(&*variant.scheme, &variant.key());
            let changed = signed.clone().set(&name, &spread);
            let scheme = &*variant.scheme;
            prop_assert_eq!(signed.canonical(scheme), changed.canonical(scheme));
            let result = Service::new([variant.key()]).verify(scheme, &changed);
            prop_assert!(result.is_ok(), "{}: {:?}", variant.name, result);
        }
    }

    /// The draft signs the host in lower case.
    #[test]
    fn the_draft_folds_the_case_of_the_host_and_yar_does_not(host in "[A-Za-z]{1,8}") {
        let request = |host: &str| Request::new("GET", "/").set("host", host);
        let signed = request(&host).signed(&Mac::draft(), &sample_key());
        let changed = signed.clone().set("host", swap_case(&host));
        prop_assert_eq!(signed.canonical(&Mac::draft()), changed.canonical(&Mac::draft()));
        prop_assert!(Service::new([sample_key()]).verify(&Mac::draft(), &changed).is_ok());

        let signed = request(&host).signed(&Mac::yar(), &sample_key());
        let changed = signed.set("host", swap_case(&host));
        let refusal = Service::new([sample_key()]).refusal(&Mac::yar(), &changed);
        prop_assert_eq!(refusal, Some(Reason::InvalidCredentials));
    }

    /// MAC signs a port, not whether it was spelled out.
    #[test]
    fn mac_takes_the_default_port_and_the_same_port_spelled_out_for_one(host in "[a-z]{1,8}") {
        for scheme in [Mac::yar(), Mac::draft()] {
            let signed = Request::new("GET", "/").set("host", &host).signed(&scheme, &sample_key());
            let changed = signed.set("host", format!("{host}:80"));
            prop_assert!(Service::new([sample_key()]).verify(&scheme, &changed).is_ok());
        }
    }
}

/// The strict switch leaves fewer places to cut, not none: see the property above it.
#[test]
fn bad_164_a_demanded_media_type_stops_most_of_the_moving() {
    let strict = Mac::yar().content_type(ContentTypeRule::MediaType);
    let signed = |content_type: &str, body: &str| {
        let request = Request::new("POST", "/").header("content-type", content_type);
        request.body(body).signed(&Mac::yar(), &sample_key())
    };
    let service = Service::new([sample_key()]);
    assert!(
        service
            .verify(&strict, &signed("text/plain", "n=1"))
            .is_ok()
    );
    for (content_type, body) in [
        ("text/", "plainn=1"),
        ("text/plain;", "x"),
        ("text", "/plain"),
    ] {
        let refusal = service.refusal(&strict, &signed(content_type, body));
        assert_eq!(
            refusal,
            Some(Reason::MalformedCredentials),
            "{content_type}"
        );
    }
    let moved = signed("text/plai", "nn=1");
    assert!(
        moved
            .value("authorization")
            .contains(&hex(sha1("text/plainn=1")))
    );
    assert!(Service::new([sample_key()]).verify(&strict, &moved).is_ok());
}
