//! The description of the API: what the attributes of the handlers do not say.

use std::collections::BTreeMap;

use bytes::Bytes;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Content, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response,
    ResponseBuilder, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::{Code, ProblemBody};

/// What any request can be answered.
pub(super) const OF_ALL: &[Code] = &[
    Code::CrossSite,
    Code::ForeignHost,
    Code::RateLimited,
    Code::InternalError,
    Code::StoreUnavailable,
];

/// What any request can be answered for which a token may be needed.
pub(super) const OF_CALLERS: &[Code] = &[Code::TokenRequired];

/// Declares the type that lists the problems of an operation, besides those of all.
macro_rules! problems {
    ($name:ident: $($code:ident),+ $(,)?) => {
        problems!(@ $name, $crate::api::description::OF_CALLERS, [$($crate::api::problem::Code::$code),+]);
    };
    ($name:ident without a token:) => {
        problems!(@ $name, &[], []);
    };
    (@ $name:ident, $callers:expr, [$($code:expr),*]) => {
        /// What it can be answered when it is not done.
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                let own: &[$crate::api::problem::Code] = &[$($code),*];
                $crate::api::description::responses([
                    own,
                    $callers,
                    $crate::api::description::OF_ALL,
                ])
            }
        }
    };
}
pub(super) use problems;

/// The answers with these codes, by status.
pub(super) fn responses(codes: [&[Code]; 3]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes.into_iter().flatten() {
        let status = code.status().as_u16();
        by_status.entry(status).or_default().push(*code);
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), RefOr::T(response(status, &codes))))
        .collect()
}

fn response(status: u16, codes: &[Code]) -> Response {
    let lines: Vec<_> = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.name(), code.title()))
        .collect();
    let problem = Ref::from_schema_name(ProblemBody::name());
    let response = ResponseBuilder::new()
        .description(lines.join("; "))
        .content("application/problem+json", Content::new(Some(problem)));
    let text = |description: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        HeaderBuilder::new()
            .schema(Some(text))
            .description(Some(description))
            .build()
    };
    match status {
        401 => response.header("WWW-Authenticate", text("`Bearer`")),
        429 | 503 => response.header("Retry-After", text("Seconds")),
        _ => response,
    }
    .build()
}

/// Completes the description that was gathered from the handlers, and writes it.
pub(super) fn finish(mut description: OpenApi) -> Bytes {
    description.info = InfoBuilder::new()
        .title("Countersign key server")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Issues, looks up, verifies, rotates and revokes credentials. Every refusal is a \
             problem+json with a stable `code`. Methods that are not listed are answered 405 with \
             `Allow`, unknown paths 404. No answer may be cached.",
        ))
        .license(Some(utoipa::openapi::License::new(env!(
            "CARGO_PKG_LICENSE"
        ))))
        .build();
    let components = description.components.get_or_insert_default();
    components
        .schemas
        .insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some(
        "An API token. None is needed on a loopback listener as long as none was ever created. \
         Its scope is `lookup`, `verify` or `admin`."
            .to_owned(),
    );
    components
        .security_schemes
        .insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    // The collection has two spellings, with and without a slash at its end.
    if let Some(mut collection) = description.paths.paths.get("/v1.0/creds").cloned() {
        let operations = [&mut collection.get, &mut collection.post];
        for operation in operations.into_iter().flatten() {
            let id = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("{id}_with_slash"));
        }
        let paths = &mut description.paths.paths;
        paths.insert("/v1.0/creds/".to_owned(), collection);
    }
    serde_json::to_vec(&description)
        .inspect_err(|error| tracing::error!(%error, "the description cannot be written"))
        .unwrap_or_default()
        .into()
}
