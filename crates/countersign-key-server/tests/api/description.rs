//! `/openapi.json`: that every answer is as described is checked with every request of every test.

use serde_json::Value;

use crate::support::Server;

fn operations(description: &Value) -> Vec<(String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[tokio::test]
async fn it_is_openapi_3_1_and_lists_every_operation_once() {
    let server = Server::start().await;
    let description = server.get("/openapi.json").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    let operations = operations(&description);
    let names: Vec<_> = operations.iter().map(|(name, _)| name.as_str()).collect();
    for expected in [
        "get /v1.0/creds",
        "post /v1.0/creds",
        "get /v1.0/creds/",
        "post /v1.0/creds/",
        "get /v1.0/creds/{id}",
        "patch /v1.0/creds/{id}",
        "delete /v1.0/creds/{id}",
        "post /v1.0/creds/{id}/rotate",
        "post /v1.0/verify",
        "get /livez",
        "get /readyz",
        "get /metrics",
        "get /openapi.json",
    ] {
        assert!(names.contains(&expected), "{expected} is not in {names:?}");
    }
    assert_eq!(names.len(), 13);
    let mut ids: Vec<_> = operations
        .iter()
        .map(|(_, it)| it["operationId"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 13, "an operationId is given twice");
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_refusal_is_a_problem() {
    let server = Server::start().await;
    let description = server.get("/openapi.json").await.json();
    let mut references = Vec::new();
    gather(&description, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference}");
    }
    for (name, operation) in operations(&description) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with('2') {
                continue;
            }
            let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{name} {status}");
        }
    }
    assert_eq!(
        description["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
}

fn gather<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(reference) if name == "$ref" => references.push(reference),
                    _ => gather(member, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| gather(it, references)),
        _ => {}
    }
}

#[tokio::test]
async fn the_documented_examples_of_requests_are_taken() {
    let server = Server::start().await;
    let description = server.get("/openapi.json").await.json();
    let id = server.create_mac().await;
    for (schema, target) in [
        ("CreateRequest", "/v1.0/creds".to_owned()),
        ("RotateRequest", format!("/v1.0/creds/{id}/rotate")),
        ("PatchRequest", format!("/v1.0/creds/{id}")),
    ] {
        let properties = &description["components"]["schemas"][schema]["properties"];
        let example: serde_json::Map<_, _> = properties
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, it)| (name.clone(), it["example"].clone()))
            .collect();
        let body = Value::Object(example).to_string();
        let answer = match schema {
            "PatchRequest" => server.patch(&id, &body).await,
            _ => server.post(&target, &body).await,
        };
        assert!(answer.status.is_success(), "{schema} {body}: {answer:?}");
    }
}
