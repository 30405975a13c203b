//! `GET /v1.0/creds`

use std::borrow::Cow;

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::call::{Call, Subject};
use crate::api::description::problems;
use crate::api::problem::{Code, Problem};
use crate::api::query::{CURSOR, DELETED, LIMIT, PRINCIPAL, Query};
use crate::api::representation::{Credential, Link, UNRESERVED, href, json};
use crate::credential::Principal;
use crate::registry::Permission;
use crate::store::{Record, Which};

/// The most credentials of a page, and how many it has unless more or fewer are asked for.
const MAX_LIMIT: usize = 1000;
const DEFAULT_LIMIT: usize = 100;

/// Room for a credential in a page.
const ROOM: usize = 512;

/// Some credentials, from the oldest to the newest.
#[derive(Serialize, ToSchema)]
#[schema(as = Credentials)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Credentials<'a> {
    creds: Vec<Credential<'a>>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    links: Option<PageLinks<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PageLinks<'a> {
    /// The next page.
    next: Link<'a>,
}

problems!(Problems: InvalidParameter, RepeatedParameter, MissingParameter, ScopeInsufficient,
    CredentialUnreadable, AuditUnavailable);

/// List credentials.
///
/// Those of a principal, or with `deleted=true` everybody's. Secrets are shown, save those of
/// deleted credentials. A principal that nobody is has an empty list.
#[utoipa::path(
    get,
    path = "/v1.0/creds",
    operation_id = "list_credentials",
    params(
        ("principal" = Option<String>, Query,
            description = "Whose; percent-encoded, compared exactly, `+` is a plus"),
        ("deleted" = Option<bool>, Query, description = "Whether deleted ones are among them"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000,
            description = "The most of them; 100 unless given"),
        ("cursor" = Option<String>, Query,
            description = "The next page: as in `links.next.href` of the one before"),
    ),
    responses((status = 200, description = "A page of credentials", body = Credentials<'_>), Problems),
    security((), ("token" = ["admin"])),
)]
pub(in crate::api) async fn list(call: Call, request: Request) -> Result<Response, Problem> {
    call.require(Permission::Administer)?;
    let (parts, _) = request.into_parts();
    let query = Query::of(&parts.uri, &[PRINCIPAL, DELETED, LIMIT, CURSOR])?;
    let which = query.which()?;
    let limit = limit_of(query.limit.as_deref())?;
    let principal = principal_of(query.principal)?;
    if principal.is_none() && which == Which::Present {
        return Err(Problem::of_parameter(Code::MissingParameter, PRINCIPAL));
    }
    let registry = &call.app.registry;
    let page = registry
        .list(principal.clone(), which, query.cursor.as_deref(), limit)
        .await?;
    let secrets = secrets(&call, &page.records)?;
    audit(&call, principal.as_ref(), &page.records)?;

    let base = call.base(&parts);
    let shown = || {
        let secrets = secrets.iter().map(|it| it.as_ref().map(|it| it.as_str()));
        page.records.iter().zip(secrets)
    };
    let links: Vec<_> = shown()
        .map(|(record, secret)| href(&base, record, secret))
        .collect();
    let next = page
        .next
        .map(|cursor| next_page(&base, principal.as_ref(), which, limit, &cursor));
    let credentials = Credentials {
        creds: shown()
            .zip(&links)
            .map(|((record, secret), href)| Credential::new(record, secret, href))
            .collect(),
        links: next.as_ref().map(|href| PageLinks {
            next: Link { href },
        }),
    };
    let room = page.records.len().saturating_add(1).saturating_mul(ROOM);
    json(StatusCode::OK, room, &credentials)
}

fn limit_of(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIMIT);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(limit) if digits && (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(Problem::of_parameter(Code::InvalidParameter, LIMIT)
            .because("limit is a number from 1 to 1000.")),
    }
}

fn principal_of(text: Option<Cow<'_, str>>) -> Result<Option<Principal>, Problem> {
    let parsed = text.map(|text| Principal::parse(text.into_owned()));
    parsed.transpose().map_err(|_| {
        Problem::of_parameter(Code::InvalidParameter, PRINCIPAL)
            .because("principal has 1 to 256 characters, none of them a control character.")
    })
}

/// The secrets of those that are not deleted.
fn secrets(call: &Call, records: &[Record]) -> Result<Vec<Option<Zeroizing<String>>>, Problem> {
    let secret = |record: &Record| match record.life.deleted_at {
        Some(_) => Ok(None),
        None => call.app.registry.reveal(record).map(Some),
    };
    Ok(records.iter().map(secret).collect::<Result<_, _>>()?)
}

fn audit(call: &Call, principal: Option<&Principal>, records: &[Record]) -> Result<(), Problem> {
    let read = records.iter().filter(|it| it.life.deleted_at.is_none());
    let subject = Subject {
        credential: None,
        credentials: Some(read.map(|it| it.id.as_str()).collect()),
        principal: principal.map(Principal::as_str),
    };
    call.audit(&subject, "done")
}

fn next_page(
    base: &str,
    principal: Option<&Principal>,
    which: Which,
    limit: usize,
    cursor: &str,
) -> String {
    let mut href = format!("{base}/v1.0/creds?limit={limit}&cursor={cursor}");
    if which == Which::WithDeleted {
        href.push_str("&deleted=true");
    }
    if let Some(principal) = principal {
        href.push_str("&principal=");
        href.extend(utf8_percent_encode(principal.as_str(), UNRESERVED));
    }
    href
}
