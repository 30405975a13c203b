//! The text that is signed, as a stream.
//!
//! A scheme writes its string to sign into a [`Canonical`]; whether that ends in a MAC or, for
//! an explanation, in a string is not its business. The pieces are gathered in a buffer on the
//! stack, because one large MAC update costs less than a dozen small ones.

use std::fmt;

/// Room for the usual string to sign in one piece; a longer one is passed on in several.
const BUFFER: usize = 512;

/// Takes the pieces of a string to sign, in order.
pub struct Canonical<'s> {
    buffer: [u8; BUFFER],
    used: usize,
    out: &'s mut dyn FnMut(&[u8]),
}

impl<'s> Canonical<'s> {
    /// Runs `write` and passes what it writes on to `out`, in pieces of any size.
    pub fn stream(out: &'s mut dyn FnMut(&[u8]), write: impl FnOnce(&mut Canonical<'_>)) {
        let mut text = Self {
            buffer: [0; BUFFER],
            used: 0,
            out,
        };
        write(&mut text);
        text.flush();
    }

    /// What `write` writes, as bytes.
    pub fn collect(write: impl FnOnce(&mut Canonical<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        Canonical::stream(&mut |piece| bytes.extend_from_slice(piece), write);
        bytes
    }

    /// Appends `bytes`.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        let end = self.used.saturating_add(bytes.len());
        if let Some(free) = self.buffer.get_mut(self.used..end) {
            free.copy_from_slice(bytes);
            self.used = end;
        } else {
            self.flush();
            (self.out)(bytes);
        }
    }

    /// Appends `bytes` with ASCII letters in lower case.
    pub fn put_lower(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(BUFFER) {
            if self.buffer.len().saturating_sub(self.used) < piece.len() {
                self.flush();
            }
            let end = self.used.saturating_add(piece.len());
            if let Some(free) = self.buffer.get_mut(self.used..end) {
                free.copy_from_slice(piece);
                free.make_ascii_lowercase();
                self.used = end;
            }
        }
    }

    /// Appends one octet.
    #[inline]
    pub fn push(&mut self, octet: u8) {
        if let Some(free) = self.buffer.get_mut(self.used) {
            *free = octet;
            self.used = self.used.saturating_add(1);
        } else {
            self.put(&[octet]);
        }
    }

    /// Appends a line feed.
    #[inline]
    pub fn lf(&mut self) {
        self.push(b'\n');
    }

    fn flush(&mut self) {
        if let Some(piece) = self.buffer.get(..self.used) {
            (self.out)(piece);
        }
        self.used = 0;
    }
}

impl fmt::Debug for Canonical<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canonical").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![0..1300_usize, 0..2_usize, BUFFER - 1..=BUFFER]
            .prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length))
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_come_out_in_order(
            pieces in proptest::collection::vec((any::<bool>(), bytes()), 0..8),
        ) {
            let mut expected = Vec::new();
            for (lower, piece) in &pieces {
                expected.extend(if *lower { piece.to_ascii_lowercase() } else { piece.clone() });
            }
            let streamed = Canonical::collect(|text| {
                for (lower, piece) in &pieces {
                    match piece.as_slice() {
                        &[octet] if !lower => text.push(octet),
                        piece if *lower => text.put_lower(piece),
                        piece => text.put(piece),
                    }
                }
            });
            prop_assert_eq!(streamed, expected);
        }
    }
}
