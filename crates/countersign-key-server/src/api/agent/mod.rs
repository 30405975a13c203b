//! The agent API: its nine resources, in JSON and XML, over [`Agents`](crate::agent::Agents).
//!
//! Invariants:
//! * The order of checks: readable (400, 406, 413, 415), a session (401), an endpoint that is not
//!   refused (429), an algorithm or key that exists (404), the request signature (403), the nonce
//!   (400, and from then on it is used), and last the work itself.
//! * Refusals are plain text, as the clients of the original expect: the code, and a sentence.
//! * What is begun has an audit line before the nonce is claimed, and one of what became of it.

mod account;
mod answer;
mod crypto;
mod exchange;
mod format;
mod problem;
mod resource;
mod xml;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use http::HeaderValue;
use http::header::ALLOW;

use self::answer::Answer;
use self::exchange::Exchange;
pub(super) use self::resource::Resource;
use super::App;
use super::problem::{Code, Problem};

/// The routes of the agent API.
pub(super) fn routes() -> Router<Arc<App>> {
    let mut router = Router::new();
    for resource in Resource::ALL {
        let answer = move |State(app): State<Arc<App>>, request: Request| async move {
            answer(app, resource, request).await
        };
        let refuse = || async { method_not_allowed() };
        let methods = post(answer).fallback(refuse);
        router = router.route(resource.path(), methods);
    }
    let nothing = || async {
        let fix = "There is nothing at this path; its resources are under /Agent/Account/ and \
                   /Agent/Crypto/.";
        Problem::from(Code::NotFound).because(fix).into_text()
    };
    for path in ["/Agent", "/Agent/", "/Agent/{*rest}"] {
        router = router.route(path, axum::routing::any(nothing));
    }
    router
}

async fn answer(app: Arc<App>, resource: Resource, request: Request) -> Response {
    match attempt(app, resource, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_text(),
    }
}

async fn attempt(app: Arc<App>, resource: Resource, request: Request) -> Result<Response, Problem> {
    let it = Exchange::read(app, resource, request).await?;
    let format = it.answer;
    let answer: Answer = match resource {
        Resource::Create => account::create(it).await?,
        Resource::Login => account::login(it).await?,
        Resource::Refresh => account::refresh(it).await?,
        Resource::Logout => account::logout(it).await?,
        Resource::GetAlgorithms => crypto::algorithms(it).await?,
        Resource::CreateKey => crypto::create_key(it).await?,
        Resource::GetPublicKey => crypto::public_key(it).await?,
        Resource::SignData => crypto::sign(it).await?,
        Resource::GetSharedSecret => crypto::shared_secret(it).await?,
    };
    Ok(answer.into_response(format))
}

fn method_not_allowed() -> Response {
    let mut response = Problem::from(Code::MethodNotAllowed)
        .because("Use POST.")
        .into_text();
    let allowed = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, allowed);
    response
}
