//! Reading files so that it can be told later whether they have changed.
//!
//! Invariants: nothing is read beyond the limit given; what is read is wiped when dropped;
//! what is remembered of it is a keyed hash and the files' metadata.

use std::fs::{File, Metadata};
use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use countersign_core::{Clock as _, SystemClock, Timestamp};

use super::error::Problem;
use super::secret_bytes::{SecretBytes, with_room_for};

/// The reading of a key file and of the secret files it names.
pub(super) struct Reading {
    contents: DefaultHasher,
    trace: Trace,
}

impl Reading {
    pub(super) fn start(hashing: &RandomState) -> Self {
        Self {
            contents: hashing.build_hasher(),
            trace: Trace {
                started: SystemClock.now(),
                files: Vec::new(),
                end: End::Complete,
            },
        }
    }

    /// Reads a file of at most `limit` bytes; `name` is what the error calls it.
    pub(super) fn read(
        &mut self,
        path: &Path,
        name: &str,
        limit: u64,
    ) -> Result<SecretBytes, Problem> {
        let read = self.bounded(path, limit).map_err(|error| {
            self.trace.end = End::CutShort;
            Problem::new(
                format!("{name} cannot be read: {error}"),
                "check that it is there and may be read by this program",
            )
            .caused_by(error)
        })?;
        let bytes = read.ok_or_else(|| {
            Problem::new(
                format!("{name} is larger than {limit} bytes"),
                "check that it is the right file",
            )
        })?;
        self.contents.write_usize(bytes.len());
        self.contents.write(&bytes);
        Ok(bytes)
    }

    /// A keyed hash of everything read so far.
    pub(super) fn fingerprint(&self) -> u64 {
        self.contents.finish()
    }

    /// What to compare with later.
    pub(super) fn trace(self) -> Trace {
        self.trace
    }

    /// `None` when the file is larger than `limit`.
    fn bounded(&mut self, path: &Path, limit: u64) -> io::Result<Option<SecretBytes>> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        // Taken before reading: a change while reading makes the stamp out of date, not wrong.
        let stamp = opened.as_ref().ok().map(|(metadata, _)| metadata.into());
        self.trace.files.push((path.to_owned(), stamp));
        let (metadata, file) = opened?;
        if metadata.len() > limit {
            return Ok(None);
        }
        let mut bytes = with_room_for(metadata.len());
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        let in_bounds = u64::try_from(bytes.len()).is_ok_and(|len| len <= limit);
        Ok(in_bounds.then_some(bytes))
    }
}

/// Which files were read, when, and what they looked like.
pub(super) struct Trace {
    started: Timestamp,
    files: Vec<(PathBuf, Option<Stamp>)>,
    end: End,
}

#[derive(PartialEq)]
enum End {
    Complete,
    /// A file could not be read, which can pass without any change to it.
    CutShort,
}

impl Trace {
    /// Whether reading again could give something else.
    pub(super) fn may_have_changed(&self) -> bool {
        self.end == End::CutShort
            || self.files.iter().any(|(path, stamp)| {
                let now = std::fs::metadata(path).ok().as_ref().map(Stamp::from);
                now != *stamp || stamp.as_ref().is_none_or(|s| s.is_racy(self.started))
            })
    }
}

/// What changes when a file does.
#[derive(Debug, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    inode: Inode,
}

impl Stamp {
    /// Whether the file was so young when it was read that it may since have been written to
    /// within the same tick of its file system's clock. The slowest, FAT's, ticks every 2 seconds.
    fn is_racy(&self, read_at: Timestamp) -> bool {
        const TICK: i64 = 2;
        self.modified
            .is_none_or(|modified| read_at.seconds_since(modified.into()) <= TICK)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            len: metadata.len(),
            inode: inode(metadata),
        }
    }
}

/// Device, number, and the time of the last change in seconds and nanoseconds: programs that
/// restore the modification time cannot restore that.
#[cfg(unix)]
type Inode = (u64, u64, i64, i64);

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Inode {
    use std::os::unix::fs::MetadataExt as _;
    (
        metadata.dev(),
        metadata.ino(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    )
}

#[cfg(not(unix))]
type Inode = ();

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Inode {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::keys::testing::TemporaryDirectory;

    fn reading() -> Reading {
        Reading::start(&RandomState::new())
    }

    /// Reads `path` as if it had been modified `age` ago and comes back with the trace.
    fn trace_of(path: &Path, age: Duration) -> Trace {
        let modified = SystemTime::now().checked_sub(age).unwrap();
        File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_modified(modified))
            .unwrap();
        let mut reading = reading();
        reading.read(path, "the file", 100).unwrap();
        reading.trace()
    }

    const OLD: Duration = Duration::from_secs(60);

    #[test]
    fn an_old_file_that_was_left_alone_has_not_changed() {
        let directory = TemporaryDirectory::new();
        let path = directory.write("file", "text");
        assert!(!trace_of(&path, OLD).may_have_changed());
    }

    #[test]
    fn a_file_is_read_again_while_its_modification_is_young() {
        let directory = TemporaryDirectory::new();
        let path = directory.write("file", "text");
        assert!(trace_of(&path, Duration::from_secs(1)).may_have_changed());
        assert!(!trace_of(&path, Duration::from_secs(4)).may_have_changed());
    }

    #[test]
    fn length_time_and_inode_tell_a_change() {
        let directory = TemporaryDirectory::new();
        let path = directory.write("file", "text");

        let trace = trace_of(&path, OLD);
        directory.write("file", "longer text");
        assert!(trace.may_have_changed());

        let trace = trace_of(&path, OLD);
        let _ = trace_of(&path, OLD * 2); // changes the time of modification
        assert!(trace.may_have_changed());

        let other = directory.write("other", "longer text");
        let trace = trace_of(&path, OLD);
        std::fs::rename(other, &path).unwrap();
        assert!(trace.may_have_changed());

        let trace = trace_of(&path, OLD);
        std::fs::remove_file(&path).unwrap();
        assert!(trace.may_have_changed());
    }

    #[test]
    fn a_file_that_could_not_be_read_is_tried_again() {
        let directory = TemporaryDirectory::new();
        let mut reading = reading();
        let missing = directory.path().join("missing");
        assert!(reading.read(&missing, "the file", 100).is_err());
        assert!(reading.trace().may_have_changed());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_opens_but_could_not_be_read_is_tried_again() {
        // Opening a directory succeeds, reading from it does not.
        let directory = TemporaryDirectory::new();
        let opened = File::open(directory.path()).unwrap();
        let long_ago = SystemTime::now().checked_sub(OLD).unwrap();
        opened.set_modified(long_ago).unwrap();
        let mut reading = reading();
        assert!(reading.read(directory.path(), "it", 1 << 20).is_err());
        assert!(reading.trace().may_have_changed());
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let directory = TemporaryDirectory::new();
        let path = directory.write("file", "0123456789");
        assert_eq!(reading().read(&path, "it", 10).unwrap().len(), 10);
        let error = reading().read(&path, "it", 9).err().unwrap();
        let error = error.in_file(&path).to_string();
        assert!(error.contains("it is larger than 9 bytes"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_gives_more_than_its_length_is_refused_as_well() {
        // Says it has 0 bytes.
        let endless = Path::new("/dev/zero");
        assert!(reading().read(endless, "it", 1000).is_err());
    }

    #[test]
    fn the_fingerprint_tells_where_one_file_ends() {
        let directory = TemporaryDirectory::new();
        let hashing = RandomState::new();
        let fingerprint = |texts: [&str; 2]| {
            let mut reading = Reading::start(&hashing);
            for text in texts {
                let path = directory.write("file", text);
                reading.read(&path, "it", 100).unwrap();
            }
            reading.fingerprint()
        };
        assert_eq!(fingerprint(["ab", "c"]), fingerprint(["ab", "c"]));
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    }
}
