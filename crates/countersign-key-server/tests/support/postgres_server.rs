//! A PostgreSQL server of the test's own. Included where it is needed with `#[path]`.

#![allow(dead_code)]
// not every test that includes it needs all of it
// What clippy exempts in tests it does not in what they stand on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{panicking, sleep};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian keeps the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// PostgreSQL refuses to run as root; Debian's package brings this user.
const USER: &str = "postgres";

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The superuser of the cluster, who is let in without a password.
const SUPERUSER: &str = "app";

/// A server on a free loopback port, stopped when dropped.
pub(crate) struct PostgresServer {
    postmaster: Option<Child>,
    programs: PathBuf,
    port: u16,
    databases: AtomicUsize,
    /// Must go last: the server keeps its files in it.
    directory: TempDir,
}

impl PostgresServer {
    /// Starts a new, empty server.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().unwrap();
        give_away(directory.path());
        let programs = programs();
        let data = directory.path().join("data");
        let initdb = as_user(&programs.join("initdb"))
            .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .arg("--wal-segsize=1") // less to write at the start
            .args(["--username", SUPERUSER, "--pgdata"])
            .arg(data)
            .current_dir("/")
            .output();
        succeeded(&initdb.unwrap());
        let mut server = Self {
            postmaster: None,
            programs,
            port: free_port(),
            databases: AtomicUsize::new(0),
            directory,
        };
        server.restart();
        server
    }

    /// The address of `database`.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A new, empty database; its name.
    pub(crate) fn create_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("database_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// What the statements give, a row per line.
    ///
    /// # Panics
    /// When PostgreSQL refuses them.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> String {
        let output = self.psql(database).arg(statements).output().unwrap();
        succeeded(&output).trim_end().to_owned()
    }

    /// A session that runs statements, which are to be the next argument.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set=ON_ERROR_STOP=1", "--dbname"])
            .arg(self.url(database))
            .arg("--command");
        psql
    }

    /// The directory of the server's settings: `postgresql.conf`, `pg_hba.conf`.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Writes a file of settings, as PostgreSQL wants it: its own, and nobody else's.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        give_away(&path);
    }

    /// Stops every process of the server at once, as a crash of the machine would.
    pub(crate) fn kill_9(&mut self) {
        self.signal("KILL");
        if let Some(mut postmaster) = self.postmaster.take() {
            postmaster.wait().unwrap();
        }
    }

    /// Starts the server again after [`kill_9`](Self::kill_9), or with new settings.
    pub(crate) fn restart(&mut self) {
        self.kill_9();
        let begun = Instant::now();
        let mut log = self.log();
        while begun.elapsed() < PATIENCE {
            let mut postmaster = self.spawn();
            while begun.elapsed() < PATIENCE && postmaster.try_wait().unwrap().is_none() {
                if self.answers() {
                    self.postmaster = Some(postmaster);
                    return;
                }
                sleep(Duration::from_millis(20));
            }
            // It gives up while processes of its predecessor end, or when somebody has the port.
            log = self.log();
            let _ = postmaster.kill();
            postmaster.wait().unwrap();
            sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start:\n{log}");
    }

    /// Lets every process of the server stand still, connections open.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Ends a [`pause`](Self::pause).
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn spawn(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.directory.path().join("log"))
            .unwrap();
        as_user(&self.programs.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .current_dir("/")
            .spawn()
            .unwrap()
    }

    fn answers(&self) -> bool {
        let output = self.psql("postgres").arg("SELECT 1").output().unwrap();
        output.status.success()
    }

    /// Signals the postmaster first, so that it makes no more children, and then those: they are
    /// sessions of their own, so there is no group to signal.
    fn signal(&self, signal: &str) {
        let Some(postmaster) = &self.postmaster else {
            return;
        };
        let pid = postmaster.id();
        let children = format!("/proc/{pid}/task/{pid}/children");
        // A process that was killed has no children any more: they are read before.
        let before = fs::read_to_string(&children).unwrap_or_default();
        if signal == "KILL" {
            kill("STOP", &[pid.to_string()]);
        } else {
            kill(signal, &[pid.to_string()]);
        }
        let mut pids: Vec<String> = before.split_whitespace().map(str::to_owned).collect();
        let after = fs::read_to_string(&children).unwrap_or_default();
        pids.extend(after.split_whitespace().map(str::to_owned));
        pids.sort();
        pids.dedup();
        kill(signal, &pids);
        if signal == "KILL" {
            kill("KILL", &[pid.to_string()]);
        }
    }

    fn log(&self) -> String {
        let log = fs::read(self.directory.path().join("log"));
        String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill_9();
        if panicking() {
            println!("{}", self.log());
        }
    }
}

/// The programs of the newest version.
fn programs() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten();
    versions
        .map(|version| version.unwrap().path())
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.parse::<u32>().unwrap_or_default()
        })
        .map(|path| path.join("bin"))
        .expect("PostgreSQL is not installed: run `cargo xtask setup`")
}

fn is_root() -> bool {
    number_of("-u", None) == 0
}

fn number_of(what: &str, user: Option<&str>) -> u32 {
    let output = Command::new("id").arg(what).args(user).output().unwrap();
    succeeded(&output).trim().parse().unwrap()
}

/// `program` as a user that PostgreSQL accepts; the process that is started becomes it.
fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={USER}"), &format!("--regid={USER}")])
        .arg("--init-groups")
        .arg(program);
    command
}

fn give_away(path: &Path) {
    if is_root() {
        let (user, group) = (number_of("-u", Some(USER)), number_of("-g", Some(USER)));
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// A port that was free a moment ago. Below those that the system gives to clients and to whoever
/// wants any, one of which may be taken by the time the server has started, or while it is down.
fn free_port() -> u16 {
    loop {
        let any = TcpListener::bind("127.0.0.1:0").unwrap();
        let above = any.local_addr().unwrap().port() % 11_000;
        let port = above.saturating_add(11_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Some may have ended in between, which is no trouble.
fn kill(signal: &str, pids: &[String]) {
    if !pids.is_empty() {
        let mut kill = Command::new("kill");
        kill.args(["-s", signal]).args(pids);
        let _ = kill.stderr(Stdio::null()).status().unwrap();
    }
}

fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
