//! Keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::members::invalid;
use super::super::problem::{Code, Problem};
use super::answer::{Answer, Field, Fields, Within};
use super::exchange::Exchange;
use crate::agent::{
    Algorithm, AskedKey, Key, KeyName, NAMESPACES, Nonce, Session, Signature, Signed, namespace,
};

/// Lists the algorithms, under each of their namespaces.
pub(super) async fn algorithms(it: Exchange) -> Result<Answer, Problem> {
    it.session().await?;
    let all = NAMESPACES.into_iter().flat_map(|namespace| {
        let algorithms = Algorithm::ALL.into_iter();
        algorithms.map(move |algorithm| facts(algorithm, namespace))
    });
    let within = Within::Many("algorithms", "Algorithm", all.collect());
    Ok(Answer::new("Algorithms", Fields::new()).with(within))
}

/// Makes a key.
pub(super) async fn create_key(mut it: Exchange) -> Result<Answer, Problem> {
    let local_name = it.required("localName")?;
    let given_namespace = it.required("namespace")?;
    let id = it.key_name("id")?;
    let nonce = it.nonce()?;
    let key_signature = it.signature("keySignature")?;
    let signature = it.signature("requestSignature")?;
    let session = it.session().await?;
    it.admit()?;
    let found = Algorithm::find(&local_name, &given_namespace);
    let (Some(algorithm), Some(namespace)) = (found, namespace(&given_namespace)) else {
        return Err(Code::AlgorithmUnknown.into());
    };
    let asked = AskedKey {
        algorithm,
        namespace,
        host: &it.host,
        id: &id,
    };
    let fields = [
        algorithm.local_name(),
        namespace,
        id.as_str(),
        key_signature.text(),
    ];
    let signed = it
        .agents()
        .signed(
            &session.user,
            &it.host,
            &fields,
            nonce,
            &signature,
            it.endpoint,
        )
        .await;
    let signed = it.audited_refusal(&session.user, Some(id.as_str()), signed)?;
    it.begun(&session.user, Some(id.as_str()))?;
    let made = async {
        let claimed = it.agents().claim(signed).await?;
        it.agents().create_key(claimed, asked, &key_signature).await
    };
    let made_at = it.ended(&session.user, Some(id.as_str()), made.await)?;
    let fields = vec![
        ("created", Field::Time(made_at)),
        // Nothing changes a key yet.
        ("updated", Field::Time(made_at)),
    ];
    Ok(Answer::new("Stored", fields))
}

/// Shows the public half of a key of the caller's.
pub(super) async fn public_key(mut it: Exchange) -> Result<Answer, Problem> {
    let id = it.key_name("keyId")?;
    let session = it.session().await?;
    let key = it.outcome(it.agents().key(&session.user, &id).await)?;
    let public = Zeroizing::new(STANDARD.encode(&key.public));
    let algorithm = facts(key.algorithm, key.namespace);
    Ok(Answer::new("PublicKey", vec![("key", Field::Text(public))])
        .with(Within::One("Algorithm", algorithm)))
}

/// Signs data with a key.
pub(super) async fn sign(mut it: Exchange) -> Result<Answer, Problem> {
    let use_of = UseOfKey::read(&mut it, "data")?;
    let data = STANDARD
        .decode(&use_of.input)
        .map_err(|_| invalid("data", "It must be padded base64."))?;
    let (session, key, signed) = use_of.signed(&it, &[&use_of.input]).await?;
    let signed = async {
        let claimed = it.agents().claim(signed).await?;
        it.agents()
            .sign(claimed, &use_of.id, &key, &use_of.key_signature, data)
            .await
    };
    let signature = it.ended(&session.user, Some(use_of.id.as_str()), signed.await)?;
    let text = Zeroizing::new(STANDARD.encode(signature));
    Ok(Answer::new(
        "Signature",
        vec![("signature", Field::Text(text))],
    ))
}

/// What is signed over between the key signature and the public key, so that a request to sign data
/// is never one to agree on a secret.
const SHARED_SECRET: &str = "shared-secret";

/// Agrees on a secret with the owner of a public key.
pub(super) async fn shared_secret(mut it: Exchange) -> Result<Answer, Problem> {
    let use_of = UseOfKey::read(&mut it, "publicKey")?;
    let peer = STANDARD
        .decode(&use_of.input)
        .map_err(|_| invalid("publicKey", "It must be padded base64."))?;
    let (session, key, signed) = use_of.signed(&it, &[SHARED_SECRET, &use_of.input]).await?;
    let agreed = async {
        let claimed = it.agents().claim(signed).await?;
        it.agents()
            .agree(claimed, &use_of.id, &key, &use_of.key_signature, peer)
            .await
    };
    let secret = it.ended(&session.user, Some(use_of.id.as_str()), agreed.await)?;
    let text = Zeroizing::new(STANDARD.encode(&*secret));
    Ok(Answer::new(
        "SharedSecret",
        vec![("sharedSecret", Field::Text(text))],
    ))
}

/// What a request to use a key says.
struct UseOfKey {
    id: KeyName,
    key_signature: Signature,
    nonce: Nonce,
    /// What the key is used on, in base64.
    input: String,
    signature: Signature,
}

impl UseOfKey {
    fn read(it: &mut Exchange, input: &str) -> Result<Self, Problem> {
        Ok(Self {
            id: it.key_name("keyId")?,
            key_signature: it.signature("keySignature")?,
            nonce: it.nonce()?,
            input: it.required(input)?,
            signature: it.signature("requestSignature")?,
        })
    }

    /// Checks the request signature, which ends with `rest` and the nonce.
    async fn signed(
        &self,
        it: &Exchange,
        rest: &[&str],
    ) -> Result<(Session, Key, Signed), Problem> {
        let session = it.session().await?;
        it.admit()?;
        let key = it.outcome(it.agents().key(&session.user, &self.id).await)?;
        let of_key = [
            key.algorithm.local_name(),
            key.namespace,
            self.id.as_str(),
            self.key_signature.text(),
        ];
        let fields = [&of_key, rest].concat();
        let nonce = self.nonce.clone();
        let signed = it
            .agents()
            .signed(
                &session.user,
                &it.host,
                &fields,
                nonce,
                &self.signature,
                it.endpoint,
            )
            .await;
        let signed = it.audited_refusal(&session.user, Some(self.id.as_str()), signed)?;
        it.begun(&session.user, Some(self.id.as_str()))?;
        Ok((session, key, signed))
    }
}

fn facts(algorithm: Algorithm, namespace: &'static str) -> Fields {
    let facts = algorithm.facts();
    let text = |text: &str| Field::Text(Zeroizing::new(text.to_owned()));
    vec![
        ("localName", text(algorithm.local_name())),
        ("namespace", text(namespace)),
        ("securityStrength", Field::Number(facts.security_strength)),
        ("safe", Field::Truth(facts.safe)),
        ("slow", Field::Truth(facts.slow)),
        ("pqc", Field::Truth(facts.pqc)),
        ("score", Field::Number(facts.score.into())),
    ]
}
