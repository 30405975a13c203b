//! Running the catalogue against a service.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, Scheme, SigningKey, SystemClock};
use futures_util::future::join_all;
use http::Uri;

use crate::answer::{Answer, Received, exchange};
use crate::case::{Before, Case};
use crate::catalogue::Catalogue;
use crate::connect::Connect;
use crate::expectation::Expectation;
use crate::judge::{self, Hidden};
use crate::message::Message;
use crate::prepare::{self, Prepared, Target, Try};
use crate::scorecard::{Miss, Score, Scorecard, Verdict};
use crate::signer::Signer;
use crate::text::{replace, shown};

/// How answers are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Answers of this project's services by status and code; those of others must be a refusal
    /// (4xx, or the end of the connection) where one is expected, and 2xx or 3xx where not.
    #[default]
    Lenient,
    /// All answers by status and code.
    Exact,
}

/// How long an answer may take: far longer than any server needs for a small request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many misses of one case are told; more of them say nothing new.
const MAX_TOLD: usize = 3;

/// How much of a request is shown.
const MAX_SHOWN: usize = 600;

/// A run of the catalogue against one URL, with one scheme and key.
pub struct Attack {
    signer: Option<Signer>,
    target: Target,
    clock: Arc<dyn Clock>,
    strictness: Strictness,
    timeout: Duration,
    variables: BTreeMap<String, Vec<u8>>,
    observer: Option<Arc<dyn Fn() -> usize + Send + Sync>>,
}

impl Attack {
    /// Against `url`, which verifies requests under `scheme` and knows `key`.
    ///
    /// # Errors
    /// When `url` is not an absolute `http` or `https` URL.
    pub fn new(
        scheme: Arc<dyn Scheme>,
        key: SigningKey<String>,
        url: &Uri,
    ) -> Result<Self, Unusable> {
        let mut attack = Self::unsigned(url)?;
        attack.signer = Some(Signer::new(scheme, key, url));
        Ok(attack)
    }

    /// Against `url`, with requests that are not signed.
    ///
    /// # Errors
    /// When `url` is not an absolute `http` or `https` URL.
    pub fn unsigned(url: &Uri) -> Result<Self, Unusable> {
        Ok(Self {
            signer: None,
            target: Target::of(url)?,
            clock: Arc::new(SystemClock),
            strictness: Strictness::default(),
            timeout: TIMEOUT,
            variables: BTreeMap::new(),
            observer: None,
        })
    }

    /// Judging answers like this.
    #[must_use]
    pub const fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Waiting no longer than this for an answer; ten seconds unless given.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Signing by this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// With a value for `{name}` in the texts of cases.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// With a count of the requests that reached the service, where it can be known: a request that
    /// is refused, and reaches the service all the same, is a miss.
    #[must_use]
    pub fn observe(mut self, reached: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(reached));
        self
    }

    /// Sends one good request: when it is not accepted, the rest says nothing.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn probe(&self, connect: &dyn Connect) -> Result<Received, Unusable> {
        let case = prepare::good_case();
        let prepared = self.prepare(&case, &Try::Once);
        let prepared = prepared.map_err(|error| Unusable(error.to_string()))?;
        Ok(self.send(&prepared.sent, connect).await)
    }

    /// Runs those cases that are for the scheme, one after the other.
    pub async fn run(&self, catalogue: &Catalogue, connect: &dyn Connect) -> Scorecard {
        let mut scorecard = Scorecard::default();
        for case in catalogue.cases() {
            if self.is_for(case) {
                scorecard.push(self.score(case, connect).await);
            }
        }
        scorecard
    }

    /// Whether `case` is for the scheme of this attack.
    pub fn is_for(&self, case: &Case) -> bool {
        match &self.signer {
            Some(signer) => case.is_for(signer.id()),
            None => case.schemes.is_empty(),
        }
    }

    async fn score(&self, case: &Case, connect: &dyn Connect) -> Score {
        let mut misses = Vec::new();
        let tries = match self.tries(case) {
            Ok(tries) => tries,
            Err(error) => {
                let why = error.to_string();
                return Score::of(case, 0, Verdict::Skipped { why });
            }
        };
        for one in &tries {
            match self.prepare(case, one) {
                Ok(prepared) => {
                    if let Some(got) = self.attempt(case, &prepared, connect).await {
                        misses.push(self.miss(case, &prepared, &got));
                    }
                }
                Err(error) => {
                    let why = error.to_string();
                    return Score::of(case, 0, Verdict::Skipped { why });
                }
            }
        }
        misses.truncate(MAX_TOLD);
        let result = if misses.is_empty() {
            Verdict::Passed
        } else {
            Verdict::Missed { misses }
        };
        Score::of(case, tries.len(), result)
    }

    /// What is wrong, if anything.
    async fn attempt(
        &self,
        case: &Case,
        prepared: &Prepared,
        connect: &dyn Connect,
    ) -> Option<String> {
        let reached = self.reached();
        let mut accepted = 0_usize;
        match case.before {
            Before::Nothing => {}
            Before::Genuine => {
                if !judge::is_accepted(&self.send(&prepared.genuine, connect).await) {
                    return Some("the good request before it was not accepted".to_owned());
                }
                accepted = 1;
            }
            Before::Flipped => {
                if judge::is_accepted(&self.send(&prepared.flipped, connect).await) {
                    return Some("the bad request before it was accepted".to_owned());
                }
            }
        }
        let copies = case.copies.unwrap_or(1);
        let sending = (0..copies).map(|_| self.send(&prepared.sent, connect));
        let received = join_all(sending).await;
        let hidden = self.hidden(prepared);
        let new = received
            .iter()
            .filter(|one| judge::is_accepted(one))
            .count();
        if copies > 1 {
            if new != 1 {
                return Some(format!("{new} of {copies} copies were accepted"));
            }
            let refused = received.iter().filter(|one| !judge::is_accepted(one));
            for one in refused {
                if let Some(got) = judge::wrong(one, &case.expect, self.strictness, &hidden) {
                    return Some(got);
                }
            }
        } else {
            for one in &received {
                if let Some(got) = judge::wrong(one, &case.expect, self.strictness, &hidden) {
                    return Some(got);
                }
            }
        }
        if let Some(twin) = &prepared.twin {
            let other = self.send(twin, connect).await;
            if received.first().map(without_time) != Some(without_time(&other)) {
                return Some("an answer that differs from that to its twin".to_owned());
            }
        }
        accepted = accepted.saturating_add(new);
        let seen = self.reached().saturating_sub(reached);
        (self.observer.is_some() && seen != accepted)
            .then(|| format!("{seen} requests at the service, {accepted} accepted"))
    }

    fn reached(&self) -> usize {
        self.observer.as_ref().map_or(0, |reached| reached())
    }

    fn tries(&self, case: &Case) -> Result<Vec<Try>, Box<dyn Error + Send + Sync>> {
        prepare::tries(case, || Ok(self.prepare(case, &Try::Once)?.signature.len()))
    }

    fn prepare(&self, case: &Case, one: &Try) -> Result<Prepared, Box<dyn Error + Send + Sync>> {
        let now = self.clock.now();
        prepare::prepare(
            case,
            one,
            &self.target,
            self.signer.as_ref(),
            now,
            &self.variables,
        )
    }

    fn hidden<'a>(&'a self, prepared: &'a Prepared) -> Hidden<'a> {
        Hidden {
            secret: self.signer.as_ref().map_or(b"", Signer::secret),
            signature: &prepared.signature,
        }
    }

    async fn send(&self, message: &Message, connect: &dyn Connect) -> Received {
        let exchanging = async {
            match connect.connect().await {
                Ok(stream) => exchange(stream, message).await,
                Err(error) => Received::Unreachable(error.to_string()),
            }
        };
        let received = tokio::time::timeout(self.timeout, exchanging).await;
        received.unwrap_or(Received::Silence)
    }

    fn miss(&self, case: &Case, prepared: &Prepared, got: &str) -> Miss {
        let secret = self.signer.as_ref().map_or(&b""[..], Signer::secret);
        let sent = replace(&prepared.sent.bytes(), secret, b"***");
        let expected: Vec<_> = case.expect.iter().map(Expectation::to_string).collect();
        Miss {
            sent: shown(&sent, MAX_SHOWN),
            expected: expected.join(" or "),
            got: got.to_owned(),
        }
    }
}

impl fmt::Debug for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attack")
            .field("target", &self.target)
            .field("strictness", &self.strictness)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What must be the same in two answers that are to tell nothing apart: all but the time.
fn without_time(received: &Received) -> Option<Answer> {
    let Received::Answer(answer) = received else {
        return None;
    };
    let mut answer = answer.clone();
    answer.headers.retain(|(name, _)| name != "date");
    Some(answer)
}

/// What was asked for cannot be done.
#[derive(Clone, Debug)]
pub struct Unusable(pub(crate) String);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unusable {}
