//! Accounts and sessions.

use zeroize::Zeroizing;

use super::super::members::invalid;
use super::super::problem::Problem;
use super::answer::{Answer, Field, Fields};
use super::exchange::Exchange;
use crate::agent::{NewAccount, Token, check_email, check_password, check_phone};

/// The longest API key that is looked up: that of a credential's id.
const MAX_API_KEY: usize = 256;

/// Creates an account, whose holder is logged in.
pub(super) async fn create(mut it: Exchange) -> Result<Answer, Problem> {
    let user = it.user_name()?;
    let email = it.required("eMail")?;
    check_email(&email).map_err(|why| invalid("eMail", why))?;
    let phone = it.optional("phoneNr")?;
    if let Some(phone) = &phone {
        check_phone(phone).map_err(|why| invalid("phoneNr", why))?;
    }
    let password = Zeroizing::new(it.required("password")?);
    check_password(&password, phone.as_deref()).map_err(|why| invalid("password", why))?;
    let api_key = it.required("apiKey")?;
    if api_key.is_empty() || api_key.len() > MAX_API_KEY || api_key.contains(':') {
        return Err(invalid(
            "apiKey",
            "It must be the api_key of an agent credential.",
        ));
    }
    let nonce = it.nonce()?;
    let signature = it.signature("signature")?;
    let seconds = it.seconds()?;
    it.admit()?;

    let new = NewAccount {
        user: user.clone(),
        email,
        phone,
        password,
    };
    let signed = it
        .agents()
        .signed_with_api_key(&new, &it.host, &api_key, nonce, &signature, it.endpoint)
        .await;
    // Nobody may have this API key, and then it may be the secret of somebody elsewhere.
    let disguised = it.app.registry.disguise(&api_key);
    let (signed, principal) = it.audited_refusal(&user, Some(disguised.as_str()), signed)?;
    it.begun(&user, Some(&api_key))?;
    let created = async {
        let claimed = it.agents().claim(signed).await?;
        it.agents()
            .create_account(claimed, new, principal, seconds)
            .await
    };
    let (created_at, token) = it.ended(&user, Some(&api_key), created.await)?;
    let mut fields = vec![
        ("created", Field::Time(created_at)),
        ("enabled", Field::Truth(true)),
        ("canRelay", Field::Truth(false)),
    ];
    fields.extend(session(token));
    Ok(Answer::new("AccountCreated", fields))
}

/// Begins a session for whoever knows the account password.
pub(super) async fn login(mut it: Exchange) -> Result<Answer, Problem> {
    let user = it.user_name()?;
    let nonce = it.nonce()?;
    let signature = it.signature("signature")?;
    let seconds = it.seconds()?;
    it.admit()?;
    let signed = it
        .agents()
        .signed(&user, &it.host, &[], nonce, &signature, it.endpoint)
        .await;
    let signed = it.audited_refusal(&user, None, signed)?;
    it.begun(&user, None)?;
    let begun = async {
        let claimed = it.agents().claim(signed).await?;
        it.agents().begin_session(claimed, seconds).await
    };
    let token = it.ended(&user, None, begun.await)?;
    Ok(Answer::new("LoggedIn", session(token)))
}

/// Begins a session in place of the one that the request is in.
pub(super) async fn refresh(mut it: Exchange) -> Result<Answer, Problem> {
    let seconds = it.seconds()?;
    let old = it.session().await?;
    it.begun(&old.user, None)?;
    let begun = it.agents().refresh(&old, seconds).await;
    let token = it.ended(&old.user, None, begun)?;
    Ok(Answer::new("Refreshed", session(token)))
}

/// Ends the session that the request is in.
pub(super) async fn logout(it: Exchange) -> Result<Answer, Problem> {
    let session = it.session().await?;
    it.begun(&session.user, None)?;
    let ended = it.agents().end_session(&session).await;
    it.ended(&session.user, None, ended)?;
    Ok(Answer::new("LoggedOut", Fields::new()))
}

fn session(token: Token) -> Fields {
    vec![
        ("jwt", Field::Text(token.jwt)),
        ("expires", Field::Time(token.expires_at)),
    ]
}
