//! Reading a body into memory while it is being verified.
//!
//! Invariant: memory is bounded by the bytes read, not by how they were cut: small frames are
//! copied together, so a body sent byte by byte costs no more than in one piece. Nothing is
//! reserved for what a request merely declares.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use countersign_core::{BodyVerifier, Cause, Reason, Refusal};
use http_body::Body;

use super::BoxError;

/// Frames below this size are copied together. A frame costs about a hundred bytes beside its
/// data, so larger ones waste at most a tenth.
const SMALL: usize = 1024;

/// The frames of a body that was read, none of them empty.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    frames: VecDeque<Bytes>,
    small: BytesMut,
}

impl Collected {
    pub(crate) fn push(&mut self, data: Bytes) {
        if data.len() < SMALL {
            self.small.extend_from_slice(&data);
            if self.small.len() >= 16 * SMALL {
                self.seal();
            }
        } else {
            self.seal();
            self.frames.push_back(data);
        }
    }

    fn seal(&mut self) {
        if !self.small.is_empty() {
            self.frames.push_back(self.small.split().freeze());
        }
    }

    pub(crate) fn into_frames(mut self) -> VecDeque<Bytes> {
        self.seal();
        self.frames
    }
}

/// A body that was not verified to its end.
pub(crate) struct Failure<B> {
    /// Why.
    pub(crate) refusal: Refusal,
    /// What was read of it.
    pub(crate) read: Collected,
    /// What was not.
    pub(crate) rest: Option<Pin<Box<B>>>,
    /// The error in which reading ended, for a layer that only reports.
    pub(crate) error: Option<BoxError>,
}

/// Reads `body` to its end through `verifier`, within `deadline`.
pub(crate) async fn collect<B>(
    body: B,
    verifier: &mut BodyVerifier,
    deadline: Option<Duration>,
) -> Result<Collected, Failure<B>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = Box::pin(body);
    let mut read = Collected::default();
    let ended = {
        let reading = read_frames(body.as_mut(), verifier, &mut read);
        match deadline {
            None => reading.await,
            Some(deadline) => tokio::time::timeout(deadline, reading)
                .await
                .unwrap_or_else(|_| {
                    let late = Refusal::new(Reason::BodyIncomplete);
                    Err((late.caused_by(Cause::BodyDeadline), None))
                }),
        }
    };
    match ended {
        Ok(()) => Ok(read),
        Err((refusal, error)) => {
            let rest = error.is_none().then_some(body);
            Err(Failure {
                refusal,
                read,
                rest,
                error,
            })
        }
    }
}

async fn read_frames<B>(
    mut body: Pin<&mut B>,
    verifier: &mut BodyVerifier,
    read: &mut Collected,
) -> Result<(), (Refusal, Option<BoxError>)>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame =
            frame.map_err(|error| (Refusal::new(Reason::BodyIncomplete), Some(error.into())))?;
        // Trailers are dropped: no scheme signs them.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let judged = verifier.update(&data);
        read.push(data);
        judged.map_err(|refusal| (refusal, None))?;
    }
    Ok(())
}
