//! This test program once more, as another process that uses a store: one that can be killed.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use countersign_key_server::credential::Principal;
use countersign_key_server::store::sqlite::SqliteStore;
use countersign_key_server::store::{
    Change, Creation, CredentialStore as _, Life, Listing, Revision, Rotation, Update, Which,
};
use tokio::task::JoinSet;

use crate::support::{Folder, at, id, record};

/// What the other process is told by: its part, the file, and whose the credentials are that it
/// makes.
const PART: &str = "COUNTERSIGN_TEST_PART";
const DATABASE: &str = "COUNTERSIGN_TEST_DATABASE";
const WHOSE: &str = "COUNTERSIGN_TEST_WHOSE";

/// How many tasks write in the other process.
const TASKS: usize = 16;

/// How often each does so, when nobody ends it.
const ROUNDS: usize = 20;

/// What a line for the parent begins with, among those of the test harness.
const MARK: &str = "> ";

/// What it ends with, if the process was not killed in the middle of it.
const END: &str = " .";

/// What another process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Writes for a while and tells of everything that was acknowledged.
    Write,
    /// Writes until it is killed.
    WriteOn,
    /// Opens the store and tells what came of it.
    Open,
    /// Writes until the disk is full, and once more when it is not.
    Fill,
}

impl Part {
    const ALL: [Self; 4] = [Self::Write, Self::WriteOn, Self::Open, Self::Fill];
}

/// Another process, which is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it by `command`, which runs this program's file or a copy of it.
    pub(crate) fn start(mut command: Command, part: Part, database: &Path, whose: &str) -> Self {
        let mut child = command
            .args([
                "--exact",
                "child::everything_acknowledged_is_there",
                "--nocapture",
            ])
            .env(PART, format!("{part:?}"))
            .env(DATABASE, database)
            .env(WHOSE, whose)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next thing it tells; `None` when it has ended.
    pub(crate) fn told(&mut self) -> Option<String> {
        self.lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let told = line.strip_prefix(MARK)?.strip_suffix(END)?;
            Some(told.to_owned())
        })
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program's file.
pub(crate) fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// Tells the parent a line.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{MARK}{line}{END}").unwrap();
    out.flush().unwrap();
}

/// On its own this tries the writing of [`Part::Write`] without a crash; with the variables it is
/// the other process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_is_there() {
    let Ok(part) = std::env::var(PART) else {
        let folder = Folder::new();
        let lines = write(folder.open(), "dave", ROUNDS, Tell::Nobody).await;
        assert_eq!(lines.len(), TASKS * ROUNDS * 3);
        return check(&folder.open(), "dave", &lines).await;
    };
    let part = Part::ALL.into_iter().find(|it| format!("{it:?}") == part);
    let database = std::env::var_os(DATABASE).unwrap();
    let whose = std::env::var(WHOSE).unwrap();
    let opened = SqliteStore::open(&database);
    match (part.unwrap(), opened) {
        (Part::Open, Ok(_)) => tell("opened"),
        (Part::Open, Err(error)) => tell(&format!("{:?}: {error}", error.kind())),
        (Part::Write, opened) => {
            write(opened.unwrap(), &whose, ROUNDS, Tell::Parent).await;
        }
        (Part::WriteOn, opened) => {
            write(opened.unwrap(), &whose, usize::MAX, Tell::Parent).await;
        }
        #[cfg(target_os = "linux")]
        (Part::Fill, opened) => crate::disk::fill(&opened.unwrap()).await,
        #[cfg(not(target_os = "linux"))]
        (Part::Fill, _) => unreachable!(),
    }
}

/// Who hears what was acknowledged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tell {
    Parent,
    Nobody,
}

/// Many tasks that create, delete and rotate. Gives a line for each thing that was acknowledged.
async fn write(store: SqliteStore, whose: &str, rounds: usize, to: Tell) -> Vec<String> {
    let store = Arc::new(store);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, whose) = (store.clone(), whose.to_owned());
        tasks.spawn(async move {
            let mut lines = Vec::new();
            for round in 0..rounds {
                for line in write_once(&store, &whose, &format!("{whose}-{task}-{round}")).await {
                    match to {
                        Tell::Parent => tell(&line),
                        Tell::Nobody => lines.push(line),
                    }
                }
            }
            lines
        });
    }
    let lines = tasks.join_all().await.concat();
    store.close().await;
    lines
}

async fn write_once(store: &SqliteStore, whose: &str, name: &str) -> [String; 3] {
    let create = async |name: &str| {
        let creation = store.create(record(name, whose).into()).await;
        assert_eq!(creation.unwrap(), Creation::Created);
    };
    create(name).await;
    let deleted = Life {
        deleted_at: Some(at(1)),
        ..Life::default()
    };
    let change = Change::Life(deleted);
    let update = store.update(&id(name), Revision::FIRST, change).await;
    assert!(matches!(update.unwrap(), Update::Updated(_)));
    let (old, new) = (format!("{name}-old"), format!("{name}-new"));
    create(&old).await;
    let life = Life {
        rotated_to: Some(id(&new)),
        ..Life::default()
    };
    let successor = record(&new, whose).into();
    let rotation = store
        .rotate(&id(&old), Revision::FIRST, life, successor)
        .await;
    assert_eq!(rotation.unwrap(), Rotation::Rotated);
    [
        format!("created {name}"),
        format!("deleted {name}"),
        format!("rotated {name}"),
    ]
}

/// What the lines tell of is there, and whatever else is there is whole.
pub(crate) async fn check(store: &SqliteStore, whose: &str, lines: &[String]) {
    let listing = Listing {
        principal: Some(Principal::parse(whose).unwrap()),
        which: Which::WithDeleted,
        after: None,
        limit: usize::MAX,
    };
    let records = store.list(&listing).await.unwrap().records;
    let kept: HashMap<_, _> = records.iter().map(|it| (it.id.as_str(), it)).collect();
    for line in lines {
        let (what, name) = line.split_once(' ').unwrap();
        let is_there = match what {
            "created" => kept.contains_key(name),
            "deleted" => kept[name].life.deleted_at.is_some(),
            _ => kept.contains_key(format!("{name}-new").as_str()),
        };
        assert!(is_there, "lost: {line}");
    }
    for (name, record) in &kept {
        if let Some(successor) = &record.life.rotated_to {
            assert!(kept.contains_key(successor.as_str()), "{name}: half done");
        }
        if let Some(old) = name.strip_suffix("-new") {
            let old = kept[format!("{old}-old").as_str()];
            assert_eq!(old.life.rotated_to, Some(id(name)), "{name}: half done");
        }
    }
}
