//! What every request passes on its way in and every answer on its way out.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};

use super::operation::Operation;
use super::problem::{Code, Problem};
use super::{App, call, place};

/// Refuses what must not get any further, counts what is answered, and lets no answer be kept.
pub(super) async fn gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let operation = Operation::of(&request);
    let mut response = match admitted(&app, operation, request) {
        Ok(request) => without_panic(operation, next.run(request)).await,
        Err(problem) => operation.refuse(problem),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    count(operation, response.status(), started);
    response
}

fn admitted(app: &App, operation: Operation, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    // Whether the process lives is told to everybody and always: a prober that is refused would
    // have it restarted.
    if operation != Operation::Live {
        app.limiter
            .admit_address(call::address(&app.settings, &parts))?;
        if operation.is_of_agents() {
            place::check_for_agents(&app.settings, &parts)?;
        } else {
            place::check(&app.settings, &parts)?;
        }
    }
    parts.extensions.insert(operation);
    Ok(Request::from_parts(parts, body))
}

/// The answer of `answer`, or one without a word about why there is none.
async fn without_panic(operation: Operation, answer: impl Future<Output = Response>) -> Response {
    let mut answer = pin!(answer);
    poll_fn(|context| {
        // After a panic the future is not polled again, so nobody sees what it left behind.
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(after_panic(operation, &*panic)),
        }
    })
    .await
}

fn after_panic(operation: Operation, _: &(dyn Any + Send)) -> Response {
    tracing::error!("a request made the server panic; this is a bug");
    operation.refuse(Code::InternalError.into())
}

fn count(operation: Operation, status: StatusCode, started: Instant) {
    let operation = operation.name();
    let status = label_of(status);
    metrics::counter!("countersign_key_server_requests_total", "operation" => operation, "status" => status)
        .increment(1);
    metrics::histogram!("countersign_key_server_request_seconds", "operation" => operation)
        .record(started.elapsed());
}

/// The status as a label, of which there are few.
const fn label_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        201 => "201",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        406 => "406",
        409 => "409",
        412 => "412",
        413 => "413",
        415 => "415",
        421 => "421",
        429 => "429",
        500 => "500",
        503 => "503",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bad_224_a_panic_is_answered_without_its_text() {
        let panicking = async { panic!("with the secret in it") };
        let response = without_panic(Operation::Other, panicking).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            text.contains("internal_error") && !text.contains("secret"),
            "{text}"
        );
    }
}
