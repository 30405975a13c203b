//! The recorded answers of the original program, replayed in their order.

use std::collections::{BTreeSet, HashMap};

use axum::body::Body;
use http::Request;
use serde_json::Value;

use crate::support::{Answer, Server};

const TRANSCRIPTS: &str = include_str!("../vectors/creds-api.json");

/// Where the answer has another status than the original's, and why. Every row occurs.
const OTHER_STATUS: &[(&str, u16, &str)] = &[
    (
        "create_ct_no_charset",
        201,
        "JSON is UTF-8 without saying so",
    ),
    (
        "create_ct_no_space",
        201,
        "a blank after the semicolon is optional",
    ),
    ("create_ct_quoted", 201, "a charset may be quoted"),
    (
        "create_ct_extra_param",
        415,
        "the media type is what is wrong",
    ),
    (
        "create_trailing_slash",
        201,
        "both spellings of the collection are documented",
    ),
    (
        "get_by_principal_trailing_slash(seed README form)",
        200,
        "the original's documents promise it",
    ),
    (
        "get_deleted_only(seed README form)",
        200,
        "the original's documents promise it",
    ),
    (
        "get_deleted_only_no_slash",
        200,
        "both spellings of the collection are documented",
    ),
    ("patch_item", 200, "changes are ours"),
    ("get_after_delete_deleted_false", 404, "false means false"),
];

/// Where the status is the same and the body is not, and why. Every row occurs.
const OTHER_BODY: &[(&str, &str)] = &[
    (
        "get_after_delete_deleted_true",
        "a deleted credential shows no secret",
    ),
    (
        "get_principal_after_delete_deleted_true",
        "a deleted credential shows no secret",
    ),
];

/// Members that only ours has.
const OUR_MEMBERS: [&str; 3] = ["state", "created_at", "last_used_at"];

#[tokio::test]
async fn the_transcripts_of_the_original_are_answered_as_recorded_save_for_listed_deviations() {
    let server = Server::start().await;
    let transcripts: Value = serde_json::from_str(TRANSCRIPTS).unwrap();
    let transcripts = transcripts["seed"].as_array().unwrap();
    assert_eq!(transcripts.len(), 53);
    let mut ids = HashMap::new();
    let mut deviations = BTreeSet::new();
    for transcript in transcripts {
        let name = transcript["name"].as_str().unwrap();
        let recorded = &transcript["response"];
        let answer = replay(&server, &transcript["request"], &ids).await;
        let status = recorded["status"].as_u64().unwrap();
        if u64::from(answer.status.as_u16()) != status {
            let row = OTHER_STATUS.iter().find(|(it, _, _)| *it == name);
            let (_, expected, _) = row.unwrap_or_else(|| panic!("{name}: {answer:?}"));
            assert_eq!(answer.status, *expected, "{name}: {answer:?}");
            deviations.insert(name);
        } else if let Some(difference) = difference(recorded, &answer, &mut ids) {
            let listed = OTHER_BODY.iter().any(|(it, _)| *it == name);
            assert!(listed, "{name}: {difference}: {answer:?}");
            deviations.insert(name);
        }
    }
    let rows = OTHER_STATUS.iter().map(|(name, _, _)| *name);
    let rows: BTreeSet<_> = rows
        .chain(OTHER_BODY.iter().map(|(name, _)| *name))
        .collect();
    assert_eq!(rows, deviations);
}

/// Sends a recorded request, with our ids in place of the original's.
async fn replay(server: &Server, request: &Value, ids: &HashMap<String, String>) -> Answer {
    let mut path = request["path"].as_str().unwrap().to_owned();
    for (theirs, ours) in ids {
        path = path.replace(theirs, ours);
    }
    let mut builder = Request::builder()
        .method(request["method"].as_str().unwrap())
        .uri(path);
    for (name, value) in request["headers"].as_object().unwrap() {
        builder = builder.header(name, value.as_str().unwrap());
    }
    let body = Body::from(request["body"].as_str().unwrap_or_default().to_owned());
    server.send(builder.body(body).unwrap()).await
}

/// What is different in an answer with the recorded status. The bodies of refusals are ours
/// throughout: the original's are empty or HTML.
fn difference(
    recorded: &Value,
    answer: &Answer,
    ids: &mut HashMap<String, String>,
) -> Option<String> {
    if !answer.status.is_success() {
        return None;
    }
    let recorded_header = |name: &str| {
        let headers = recorded["headers"].as_array().unwrap();
        let header = headers.iter().find(|it| it[0] == name);
        header.map_or("", |it| it[1].as_str().unwrap())
    };
    let text = recorded["body"].as_str().unwrap();
    if text.is_empty() {
        return (!answer.text.is_empty()).then(|| "the body is not empty".to_owned());
    }
    if answer.header("content-type") != recorded_header("Content-Type") {
        return Some("the Content-Type is another".to_owned());
    }
    if answer.status == 201 {
        let last = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        let theirs = last(recorded_header("Location"));
        ids.insert(theirs, last(answer.header("location")));
    }
    let ours_for_theirs = |text: &str| {
        let mut text = text.replace("127.0.0.1:41070", "127.0.0.1:8070");
        for (theirs, ours) in ids.iter() {
            text = text.replace(theirs, ours);
        }
        text
    };
    if answer.header("location") != ours_for_theirs(recorded_header("Location")) {
        return Some("the Location is another".to_owned());
    }
    let theirs: Value = serde_json::from_str(&ours_for_theirs(text)).unwrap();
    let (theirs, ours) = (comparable(theirs), comparable(answer.json()));
    (theirs != ours).then(|| format!("{theirs} and {ours}"))
}

/// Without the members of ours, and with the length of keys in place of the keys.
fn comparable(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for name in OUR_MEMBERS {
                members.remove(name);
            }
            if let Some(key) = members.get_mut("mac_key") {
                *key = key.as_str().unwrap().len().into();
            }
            for member in members.values_mut() {
                *member = comparable(member.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = comparable(item.take());
            }
        }
        _ => {}
    }
    value
}
