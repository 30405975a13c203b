//! What the key server's embedded store costs with a million credentials, each figure beside its
//! goal.
//!
//! The program starts itself again for the parts that are measured from outside or killed. Exits
//! with 0 when every goal is met, 1 when one is missed, 2 when something could not be measured. It
//! reads `/proc`, and so needs Linux, and half a gigabyte of disk in the folder for temporary
//! files.

mod child;
mod creates;
mod lookups;
mod store;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use tokio::runtime;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many credentials the store has.
const CREDENTIALS: usize = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let met = match arguments.as_slice() {
        [] => measure(),
        [child::ARGUMENT, role, folder] => child::run(role, Path::new(folder)).map(|()| true),
        _ => Err("it takes no arguments".into()),
    };
    match met {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("key store bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure() -> Result<bool> {
    let folder = Folder::new()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("Key server, embedded store, {CREDENTIALS} credentials");
        let mut met = store::measure(&folder.0).await?;
        met &= lookups::measure(&folder.0).await?;
        met &= creates::measure(&folder.0).await?;
        Ok(met)
    })
}

/// Says whether a goal is met, as every line does.
fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("countersign-bench-{}", process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} cannot be removed: {error}", self.0.display());
        }
    }
}
