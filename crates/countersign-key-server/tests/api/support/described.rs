//! Whether what is answered is what `/openapi.json` says.

use axum::Router;
use axum::body::Body;
use countersign_core::PROBLEM_TYPES;
use http::{Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

use super::schema::fault;
use super::{Answer, HOST};

pub(crate) struct Description {
    pub(crate) json: Value,
}

impl Description {
    pub(crate) async fn of(router: &Router) -> Self {
        let request = Request::get("/openapi.json").header("host", HOST);
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        Self {
            json: Answer::read(response).await.json(),
        }
    }

    /// The description of the path that `path` is one of.
    fn item(&self, path: &str) -> Option<&Value> {
        let paths = self.json["paths"].as_object().unwrap();
        let exact = paths.get(path);
        exact.or_else(|| {
            let fits = |template: &str| {
                let (template, path) = (template.split('/'), path.split('/'));
                template.clone().count() == path.clone().count()
                    && template
                        .zip(path)
                        .all(|(one, other)| one == other || one == "{id}" && !other.is_empty())
            };
            paths.iter().find(|(it, _)| fits(it)).map(|(_, item)| item)
        })
    }

    /// Panics when `answer` is not described.
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let place = format!("{method} {path} {}", answer.status);
        assert_eq!(answer.header("cache-control"), "no-store", "{place}");
        let cross_origin = "access-control-allow-origin";
        assert!(!answer.headers.contains_key(cross_origin), "{place}");
        let Some(item) = self.item(path) else {
            return self.check_undescribed(&place, answer, StatusCode::NOT_FOUND);
        };
        let name = method.as_str().to_ascii_lowercase();
        let Some(operation) = item.get(&name) else {
            if answer.status == StatusCode::METHOD_NOT_ALLOWED {
                check_allow(item, &place, answer);
            }
            let expected = StatusCode::METHOD_NOT_ALLOWED;
            return self.check_undescribed(&place, answer, expected);
        };
        let described = &operation["responses"][answer.status.as_str()];
        assert!(
            described.is_object(),
            "{place} is not described: {answer:?}"
        );
        for (header, _) in described["headers"].as_object().into_iter().flatten() {
            assert!(
                !answer.header(header).is_empty(),
                "{place}: {header} is missing"
            );
        }
        let content = described["content"].as_object();
        let Some((media_type, content)) = content.and_then(|it| it.iter().next()) else {
            assert!(answer.text.is_empty(), "{place}: {answer:?}");
            return;
        };
        let sent = answer.header("content-type");
        assert_eq!(sent.split(';').next(), Some(media_type.as_str()), "{place}");
        if media_type.ends_with("json") {
            self.check_body(&content["schema"], &place, answer);
        }
    }

    fn check_body(&self, schema: &Value, place: &str, answer: &Answer) {
        if let Some(fault) = fault(&self.json, schema, &answer.json(), "") {
            panic!("{place}: {fault}");
        }
        if answer.header("content-type").contains("problem") {
            let problem = answer.json();
            assert_eq!(problem["status"], answer.status.as_u16(), "{place}");
            let code = problem["code"].as_str().unwrap();
            assert_eq!(problem["type"], format!("{PROBLEM_TYPES}{code}"), "{place}");
        }
    }

    /// Of paths and methods that are not described, and of refusals before they are looked at.
    fn check_undescribed(&self, place: &str, answer: &Answer, expected: StatusCode) {
        let before = [403, 421, 429].contains(&answer.status.as_u16());
        assert!(before || answer.status == expected, "{place}: {answer:?}");
        if answer.text.is_empty() {
            assert!(place.starts_with("HEAD"), "{place}");
            return;
        }
        let problem = serde_json::json!({"$ref": "#/components/schemas/Problem"});
        self.check_body(&problem, place, answer);
    }
}

fn check_allow(item: &Value, place: &str, answer: &Answer) {
    let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
    allowed.sort_unstable();
    let described = item.as_object().unwrap().keys();
    let mut described: Vec<_> = described.map(|it| it.to_ascii_uppercase()).collect();
    described.sort_unstable();
    assert_eq!(allowed, described, "{place}");
}
