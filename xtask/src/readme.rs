//! The README's example, as a newcomer would try it: copied into an empty cargo project, started,
//! refused without a signature, and let in with the signature that the README's shell lines make.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::command::{cargo, output_of, run, shell};

/// The address the README's example listens on; a free port is put in its place.
const ADDRESS: &str = "127.0.0.1:3000";
/// From the start of the program to its first answer.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Builds and tries the example.
///
/// # Errors
/// When a part of it is missing, does not build, or does not answer as the README says.
pub(crate) fn run_example() -> Result<()> {
    let readme = Readme::parse(&fs::read_to_string("README.md")?)?;
    let address = free_address()?;
    let project = Project::create(&readme, &address)?;
    run(cargo(&["build", "--quiet"])
        .current_dir(&project.folder)
        .env("CARGO_TARGET_DIR", &project.target))?;

    let program = project.target.join("debug").join(NAME);
    let _server = Running(Command::new(program).spawn()?);
    wait_until_listening(&address)?;
    let unsigned = output_of(&mut shell(&format!(
        "curl -si --max-time 10 http://{address}/"
    )))?;
    for expected in ["HTTP/1.1 401", r#"reason="missing_credentials""#] {
        if !unsigned.contains(expected) {
            return Err(
                format!("an unsigned request was not answered {expected}:\n{unsigned}").into(),
            );
        }
    }
    let signed = output_of(&mut shell(&readme.shell.replace(ADDRESS, &address)))?;
    if signed != "hello dave@example.com\n" {
        return Err(format!("the signed request was answered {signed:?}").into());
    }
    println!("unsigned: 401 with its reason; signed with the README's shell lines: {signed}");
    Ok(())
}

const NAME: &str = "readme-example";

/// The parts of the README that a newcomer copies.
struct Readme {
    manifest: String,
    program: String,
    shell: String,
}

impl Readme {
    fn parse(text: &str) -> Result<Self> {
        let block = |language: &str, containing: &str| {
            let missing = format!("README.md has no {language} block with `{containing}`");
            let fence = format!("\n```{language}\n");
            text.split(&fence)
                .skip(1)
                .filter_map(|rest| {
                    rest.split_once("\n```")
                        .map(|(block, _)| format!("{block}\n"))
                })
                .find(|block| block.contains(containing))
                .ok_or(missing)
        };
        Ok(Self {
            manifest: block("toml", "[dependencies]")?,
            program: block("rust", "async fn main")?,
            shell: block("sh", "openssl")?,
        })
    }
}

/// An empty cargo project outside the workspace, with the example in it. Removed when dropped.
struct Project {
    folder: PathBuf,
    target: PathBuf,
}

impl Project {
    fn create(readme: &Readme, address: &str) -> Result<Self> {
        let root = env::current_dir()?;
        let folder = env::temp_dir().join(format!("countersign-readme-{}", std::process::id()));
        fs::create_dir_all(folder.join("src"))?;
        let project = Self {
            folder,
            target: root.join("target").join("readme"),
        };
        let manifest = format!(
            "[package]\nname = \"{NAME}\"\nedition = \"2024\"\n\n{}",
            published_to_path(&readme.manifest, &root.join("crates").join("countersign"))?
        );
        fs::write(project.folder.join("Cargo.toml"), manifest)?;
        fs::write(
            project.folder.join("src/main.rs"),
            readme.program.replace(ADDRESS, address),
        )?;
        // The versions the workspace was tested with.
        fs::copy(root.join("Cargo.lock"), project.folder.join("Cargo.lock"))?;
        Ok(project)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// The crate of this workspace in place of a published one.
fn published_to_path(manifest: &str, path: &Path) -> Result<String> {
    let version = "countersign = { version = \"0.1\"";
    if !manifest.contains(version) {
        return Err(format!("the README's manifest does not begin a line with `{version}`").into());
    }
    Ok(manifest.replace(
        version,
        &format!("countersign = {{ path = \"{}\"", path.display()),
    ))
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn wait_until_listening(address: &str) -> Result<()> {
    let started = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::ConnectionRefused => return Err(error.into()),
            Err(_) if started.elapsed() > START_LIMIT => {
                return Err(format!("not listening on {address} within {START_LIMIT:?}").into());
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A process that is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.kill().and_then(|()| self.0.wait()).is_err() {
            eprintln!("the README's example could not be stopped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_language_and_content() {
        let text = "a\n```sh\none\n```\n\n```toml\n[dependencies]\nx = 1\n```\n```rust\nasync fn main() {}\n```\n```sh\nopenssl\n```\n";
        let readme = Readme::parse(text).unwrap();
        assert_eq!(readme.shell, "openssl\n");
        assert_eq!(readme.manifest, "[dependencies]\nx = 1\n");
        assert!(Readme::parse("").is_err());
    }

    #[test]
    fn the_published_crate_gives_way_to_the_one_at_hand() {
        let line = "countersign = { version = \"0.1\", features = [\"axum\"] }";
        let changed = published_to_path(line, Path::new("/c")).unwrap();
        assert_eq!(
            changed,
            "countersign = { path = \"/c\", features = [\"axum\"] }"
        );
        assert!(published_to_path("", Path::new("/c")).is_err());
    }
}
