//! A server that remembers what it was sent and answers as it is told, or as CouchDB would.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    /// By their names in small letters.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// When a server goes down, and stays so until it is told otherwise.
#[derive(Clone, Default)]
pub(crate) struct Outage(Arc<Mutex<Option<Plan>>>);

#[derive(Clone, Copy, Debug)]
struct Plan {
    writes: usize,
    at: Moment,
    is_down: bool,
}

/// When, at a write, the server goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    BeforeTheWrite,
    /// So that its answer is lost.
    AfterTheWrite,
}

impl Outage {
    /// It goes down at the write after so many more.
    pub(crate) fn after(&self, writes: usize, at: Moment) {
        *self.0.lock().unwrap() = Some(Plan {
            writes,
            at,
            is_down: false,
        });
    }

    /// It is up again, and stays up. `false` if it never went down.
    pub(crate) fn ends(&self) -> bool {
        self.0
            .lock()
            .unwrap()
            .take()
            .is_some_and(|plan| plan.is_down)
    }

    fn hears(&self, sent: &Sent) -> bool {
        let mut plan = self.0.lock().unwrap();
        let Some(plan) = plan.as_mut() else {
            return true;
        };
        if plan.is_down {
            return false;
        }
        if sent.method == "GET" {
            return true;
        }
        if plan.writes > 0 {
            plan.writes -= 1;
            return true;
        }
        plan.is_down = true;
        plan.at == Moment::AfterTheWrite
    }

    fn answers(&self) -> bool {
        self.0.lock().unwrap().is_none_or(|plan| !plan.is_down)
    }
}

/// The server. It stops when dropped.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
    task: JoinHandle<()>,
}

impl Stub {
    /// One that answers with the bytes that `answer` gives, which may be any number, and then
    /// closes the connection.
    pub(crate) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(Sent, TcpStream) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let remembered = sent.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, remembered) = (answer.clone(), remembered.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    if let Some(sent) = read(&mut stream).await {
                        remembered.lock().unwrap().push(sent.clone());
                        answer(sent, stream.into_inner()).await;
                    }
                });
            }
        });
        Self {
            address,
            sent,
            task,
        }
    }

    /// One that answers as CouchDB does, with the documents that are sent to it. Views have every
    /// credential in them.
    pub(crate) async fn couchdb() -> Self {
        Self::couchdb_with(Outage::default()).await
    }

    /// One that goes down when `outage` says so.
    pub(crate) async fn couchdb_with(outage: Outage) -> Self {
        let documents = Arc::new(Mutex::new(Documents::default()));
        Self::start(move |sent, stream| {
            let heard = outage.hears(&sent);
            let answer = heard.then(|| documents.lock().unwrap().answer(&sent));
            let answer = answer.filter(|_| outage.answers());
            async move {
                if let Some((status, body)) = answer {
                    respond(stream, status, body.to_string()).await;
                }
            }
        })
        .await
    }

    /// One that answers everything with this status and body.
    pub(crate) async fn always(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::start(move |_, stream| respond(stream, status, body.clone())).await
    }

    pub(crate) fn url(&self) -> String {
        format!("couchdb://{}/creds", self.address)
    }

    /// What was sent until now, from the first.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Sent> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut parts = line.split(' ');
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |it| it.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Sent {
        method,
        target,
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}

/// Writes one answer and closes the connection.
pub(crate) async fn respond(mut stream: TcpStream, status: u16, body: String) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    // Whoever asked may have gone.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
}

#[derive(Default)]
struct Documents(HashMap<String, Value>);

impl Documents {
    fn answer(&mut self, sent: &Sent) -> (u16, Value) {
        let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
        let id = path.strip_prefix("/creds/").map(decoded);
        match (sent.method.as_str(), id.as_deref()) {
            ("GET", None) if path == "/" => (200, json!({"couchdb": "Welcome"})),
            ("GET", None) if path == "/creds" => (200, json!({"doc_count": self.0.len()})),
            ("POST", Some("_all_docs")) => {
                let keys = sent.json()["keys"].as_array().unwrap().clone();
                let row = |key: &Value| {
                    let id = key.as_str().unwrap();
                    match self.0.get(id) {
                        Some(document) => json!({"id": id, "key": id, "doc": document}),
                        None => json!({"key": id, "error": "not_found"}),
                    }
                };
                (
                    200,
                    json!({"rows": keys.iter().map(row).collect::<Vec<_>>()}),
                )
            }
            ("POST", Some("_bulk_docs")) => {
                let documents = sent.json()["docs"].as_array().unwrap().clone();
                let mut results = Vec::new();
                for document in documents {
                    let id = document["_id"].as_str().unwrap().to_owned();
                    let (_, mut result) = self.put(&id, document);
                    result["id"] = id.into();
                    results.push(result);
                }
                (201, Value::Array(results))
            }
            ("GET", Some(view)) if view.contains("/_view/") => (200, json!({"rows": self.rows()})),
            ("GET", Some(id)) => match self.0.get(id) {
                Some(document) => (200, document.clone()),
                None => (404, json!({"error": "not_found", "reason": "missing"})),
            },
            ("PUT", Some(id)) => self.put(id, sent.json()),
            ("DELETE", Some(id)) => {
                let rev = query.strip_prefix("rev=").map(decoded);
                match self.0.get(id) {
                    Some(document) if rev.as_deref() == document["_rev"].as_str() => {
                        self.0.remove(id);
                        (200, json!({"ok": true, "id": id, "rev": "9-d"}))
                    }
                    _ => conflict(),
                }
            }
            _ => panic!("{sent:?}"),
        }
    }

    fn put(&mut self, id: &str, mut document: Value) -> (u16, Value) {
        let there = self
            .0
            .get(id)
            .map(|it| it["_rev"].clone())
            .unwrap_or_default();
        if there != document["_rev"] {
            return conflict();
        }
        let number: u64 = there
            .as_str()
            .map_or(0, |rev| rev.split_once('-').unwrap().0.parse().unwrap());
        let rev = format!("{}-0+a", number + 1);
        document["_rev"] = rev.as_str().into();
        self.0.insert(id.to_owned(), document);
        (201, json!({"ok": true, "id": id, "rev": rev}))
    }

    fn rows(&self) -> Vec<Value> {
        let credentials = self.0.values().filter(|it| it["type"] == "credential");
        let row = |it: &Value| {
            json!({"id": it["_id"], "key": [it["principal_hash"], it["order"], it["id"]],
                "value": null, "doc": it})
        };
        credentials.map(row).collect()
    }
}

fn conflict() -> (u16, Value) {
    (
        409,
        json!({"error": "conflict", "reason": "Document update conflict."}),
    )
}

/// Without percent-encoding.
pub(crate) fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}
