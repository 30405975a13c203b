//! Counts what was run and where we differ from the originals.

use std::collections::BTreeSet;

use countersign_core::{Accepted, Refusal};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::deviations::Deviation;

/// One of the vector files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum File {
    AuthKey,
    HmacAuth,
    Moxie,
    Mac,
}

impl File {
    pub(crate) const ALL: [Self; 4] = [Self::AuthKey, Self::HmacAuth, Self::Moxie, Self::Mac];

    const fn text(self) -> &'static str {
        match self {
            Self::AuthKey => include_str!("auth-key.json"),
            Self::HmacAuth => include_str!("hmac-auth.json"),
            Self::Moxie => include_str!("moxie.json"),
            Self::Mac => include_str!("mac.json"),
        }
    }

    fn json(self) -> Value {
        serde_json::from_str(self.text()).expect("the file is JSON")
    }

    /// How many entries it has: those of all its lists.
    pub(crate) fn entries(self) -> usize {
        let json = self.json();
        let sections = json.as_object().expect("the file is an object").values();
        sections.filter_map(Value::as_array).map(Vec::len).sum()
    }

    /// One of its lists.
    pub(crate) fn section<T: DeserializeOwned>(self, name: &str) -> Vec<T> {
        serde_json::from_value(self.json()[name].take()).expect("the section has this shape")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    file: File,
    entry: String,
    run: &'static str,
    original: String,
    ours: String,
}

/// What was run, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    ran: BTreeSet<(File, String)>,
    differences: BTreeSet<Difference>,
}

impl Tally {
    /// Records that the entry is run, and gives its full name.
    pub(crate) fn entry(&mut self, file: File, section: &str, name: &str) -> String {
        let full = format!("{section}/{name}");
        let new = self.ran.insert((file, full.clone()));
        assert!(new, "two entries of {file:?} are named {full}");
        full
    }

    pub(crate) fn ran(&self, file: File) -> usize {
        self.ran.iter().filter(|(of, _)| *of == file).count()
    }

    /// Records what the original did with an entry and what we did, unless they `agree`.
    pub(crate) fn compare(
        &mut self,
        (file, entry): (File, &str),
        run: &'static str,
        original: &str,
        ours: &str,
        agree: Agree,
    ) {
        if agree == Agree::No {
            self.differences.insert(Difference {
                file,
                entry: entry.to_owned(),
                run,
                original: original.to_owned(),
                ours: ours.to_owned(),
            });
        }
    }

    /// Both ways: nothing differs that is not listed, and nothing is listed that does not differ.
    pub(crate) fn assert_differences_are(&self, listed: &[Deviation]) {
        let mut expected = BTreeSet::new();
        for row in listed {
            assert!(!row.why.is_empty(), "{row:?} has no reason");
            for &entry in row.entries {
                let new = expected.insert(Difference {
                    file: row.file,
                    entry: entry.to_owned(),
                    run: row.run,
                    original: row.original.to_owned(),
                    ours: row.ours.to_owned(),
                });
                assert!(new, "{entry} is listed twice in {row:?}");
            }
        }
        let unlisted: Vec<_> = self.differences.difference(&expected).collect();
        let unseen: Vec<_> = expected.difference(&self.differences).collect();
        assert!(
            unlisted.is_empty() && unseen.is_empty(),
            "differences not listed: {unlisted:#?}\nlisted, but not seen: {unseen:#?}"
        );
    }
}

/// Whether the original and we come to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agree {
    Yes,
    No,
}

impl From<bool> for Agree {
    fn from(same: bool) -> Self {
        if same { Self::Yes } else { Self::No }
    }
}

/// Our verdict in a word: `accepted`, or the code of the reason.
pub(crate) fn verdict(result: &Result<Accepted, Refusal>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(refusal) => refusal.reason().code(),
    }
}
