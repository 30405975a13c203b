//! A proxy as a running process.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, id};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::panicking;

/// Where `cargo xtask setup` puts the programs that no Debian package brings.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/proxies");

/// The program at `installed` under `target/proxies`, or the one called `name` on the search path.
///
/// # Panics
/// When there is none, with how to install it.
pub(crate) fn find(name: &str, installed: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = vec![Path::new(INSTALLED).join(installed)];
    places.extend(env::split_paths(&path).map(|directory| directory.join(name)));
    // Debian's place for servers, which not every user has on the search path.
    places.push(Path::new("/usr/sbin").join(name));
    places
        .into_iter()
        .find(|place| place.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: run `cargo xtask setup`"))
}

/// A directory that is gone when dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn create() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("countersign-proxy-{}-{count}", id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that is killed when dropped. What it wrote is shown when the test fails.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    directory: Directory,
}

impl Program {
    /// Starts `command` in `directory`.
    pub(crate) fn start(mut command: Command, directory: Directory) -> Self {
        let path = directory.path();
        let log = File::create(path.join("log")).unwrap();
        let child = command
            .current_dir(path)
            .env("HOME", path)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, directory }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.directory.path().join("log"));
        String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if panicking() {
            println!("{}", self.log());
        }
    }
}
