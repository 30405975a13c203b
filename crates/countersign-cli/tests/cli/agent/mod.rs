//! `countersign agent`, against a key server in this process.

mod passwords;
mod sessions;
mod uses;

use countersign_client::AuthScheme;

use crate::key_server::KeyServer;
use crate::run::{Directory, Run, countersign};

const ACCOUNT_PASSWORD: &str = "correct horse battery staple";
const KEY_PASSWORD: &str = "lösenord🔑";

/// An account at a server, with a session in a file.
struct Agent {
    server: KeyServer,
    directory: Directory,
    api_key: String,
    api_key_secret: String,
}

impl Agent {
    /// One that has no account yet.
    fn new() -> Self {
        let server = KeyServer::new();
        let issued = server.create_for(AuthScheme::Agent);
        Self {
            api_key: issued.id().to_owned(),
            api_key_secret: issued.secret().unwrap().expose().to_owned(),
            server,
            directory: Directory::new(),
        }
    }

    /// One that has an account and is logged in.
    fn logged_in() -> Self {
        let agent = Self::new();
        let said = agent.create_account().run().success();
        assert!(said.starts_with("logged in as dave until "), "{said}");
        agent
    }

    fn session(&self) -> String {
        let path = self.directory.path().join("session.json");
        path.into_os_string().into_string().unwrap()
    }

    /// `countersign agent`, with every password in its variable.
    #[allow(clippy::unused_self)] // whoever acts is named, as everywhere
    fn run(&self, operation: &str) -> Run {
        bare(operation)
            .variable("COUNTERSIGN_PASSWORD", ACCOUNT_PASSWORD)
            .variable("COUNTERSIGN_KEY_PASSWORD", KEY_PASSWORD)
    }

    /// The same, in the session.
    fn act(&self, operation: &str) -> Run {
        self.run(operation)
            .arguments(["--session", &self.session()])
    }

    /// The same, with a new session that goes into the file.
    fn begin(&self, operation: &str) -> Run {
        self.act(operation)
            .arguments(["--key-server", &self.server.url(), "--user", "dave"])
    }

    fn create_account(&self) -> Run {
        self.begin("create-account")
            .arguments(["--e-mail", "dave@example.com", "--api-key", &self.api_key])
            .variable("COUNTERSIGN_API_KEY_SECRET", &self.api_key_secret)
    }

    fn create_key(&self, algorithm: &str, id: &str) -> Run {
        self.act("create-key")
            .arguments(["--algorithm", algorithm, "--id", id])
    }
}

/// `countersign agent`, without a password.
fn bare(operation: &str) -> Run {
    countersign(["agent", operation])
}
