//! A part of the benchmark as a process of its own.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::audit::AuditLog;
use countersign_key_server::registry::{Caller, Registry};
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::task::JoinSet;

use crate::{Result, creates, store};

/// The first argument of a child.
pub(crate) const ARGUMENT: &str = "key-server-child";

/// How many credentials a writer has made when it says that it runs: enough for a log to be read
/// again.
const WARM: usize = 2_000;

/// What a child does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Serves the API on one thread, with an audit log.
    Server,
    /// Creates credentials until it is killed.
    Writer,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Writer => "writer",
        }
    }
}

/// A process that is killed when dropped, and ends by itself when this one does.
pub(crate) struct Child {
    process: process::Child,
    said: String,
}

impl Child {
    /// Starts it, and waits until it says that it runs.
    pub(crate) fn start(role: Role, folder: &Path) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args([ARGUMENT, role.name()])
            .arg(folder)
            // It reads this to learn that its parent is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or("a child without output")?;
        let mut child = Self {
            process,
            said: String::new(),
        };
        BufReader::new(stdout).read_line(&mut child.said)?;
        if child.said.is_empty() {
            return Err(format!("the {} has ended", role.name()).into());
        }
        Ok(child)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.said.trim().parse()?)
    }

    /// The time it has run on a processor, user and system, in ticks of 10 ms (`USER_HZ` is 100
    /// wherever Linux runs).
    pub(crate) fn cpu_ticks(&self) -> Result<u32> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name of the program, in parentheses, may hold anything; the state follows it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/…/stat")?;
        let mut times = fields.split_whitespace().skip(11);
        let mut time = || -> Result<u32> { Ok(times.next().ok_or("no times")?.parse()?) };
        Ok(time()?.saturating_add(time()?))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what they are for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a child does.
pub(crate) fn run(role: &str, folder: &Path) -> Result<()> {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let registry = store::registry(folder).await?;
        match role {
            "server" => serve(registry, folder).await,
            "writer" => write(registry).await,
            _ => Err(format!("no child is called {role}").into()),
        }
    })
}

async fn serve(registry: Arc<Registry>, folder: &Path) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let audit = AuditLog::file(&folder.join("audit.log"))?;
    let router = router(registry, ApiSettings::new(address).audit(audit));
    say(&address.to_string())?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

async fn write(registry: Arc<Registry>) -> Result<()> {
    let made = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..creates::CLIENTS {
        let (registry, made) = (Arc::clone(&registry), Arc::clone(&made));
        writers.spawn(async move {
            loop {
                let number = made.fetch_add(1, Ordering::Relaxed);
                let new = store::credential(number)?;
                registry.create(&Caller::Anonymous, &new, None).await?;
                if number == WARM {
                    say("writing")?;
                }
            }
        });
    }
    match writers.join_next().await {
        Some(ended) => ended?,
        None => Ok(()),
    }
}

fn say(line: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
