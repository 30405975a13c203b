//! Verifying one request, without a server around it.

use countersign::AuthKey;
use countersign_benches::Result;
use countersign_benches::contest::{Contest, Handle, Once};
use countersign_benches::goal::Goal;
use countersign_benches::paths::{Remembered, Service};
use countersign_benches::requests::{self, TARGET, URL};
use http::Request;
use http_body_util::Empty;

use crate::peers::{Hawk, JsonWebToken, MessageSignature, Peer, StandardWebhooks};

const ROUNDS: usize = 201;

const LIVE: u32 = 1_000_000;

/// # Errors
/// When a request is not verified.
pub(crate) fn measure() -> Result<Goal> {
    println!("One verification in process: median of {ROUNDS} interleaved rounds");
    let service = Service::new(LIVE)?;
    let scheme = AuthKey::default();
    let mut contest = Contest::new();
    let ours = service.accepting(&scheme, Remembered::Everything, 0)?;
    let ours = contest.enter("Auth-Key, all checks", ours);
    let hawk = contest.enter("hawk HMAC-SHA256", verifying(Hawk::new()?)?);
    let jwt = contest.enter("jsonwebtoken HS256", verifying(JsonWebToken::new()?)?);
    let hooks = contest.enter("standardwebhooks", verifying(StandardWebhooks::new()?)?);
    let httpsig = verifying(MessageSignature::new()?)?;
    let httpsig = contest.enter("httpsig-hyper HMAC-SHA256", httpsig);
    let results = contest.run(ROUNDS)?;
    for handle in [ours, hawk, jwt, hooks, httpsig] {
        println!(
            "  {:<48} {:>8.0} ns  {:>6.2}×",
            results.name(handle),
            results.nanoseconds(handle),
            results.ratio(handle, ours),
        );
    }
    let goal = |handle: Handle, least| {
        let what = format!("{} beside Auth-Key", results.name(handle));
        Goal::at_least(5, &what, results.ratio(handle, ours), least, "×")
    };
    Ok(goal(httpsig, 12.0).and(goal(jwt, 3.5)).and(goal(hawk, 1.0)))
}

fn verifying<P: Peer>(peer: P) -> Result<Once<'static>> {
    let mut request = Request::get(TARGET).body(Empty::new())?;
    let mut headers = requests::plain_headers();
    peer.sign(URL, &mut headers)?;
    *request.headers_mut() = headers;
    Ok(Box::new(move || peer.verify(&request)))
}
