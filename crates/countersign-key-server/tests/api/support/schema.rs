//! Checks JSON against the part of JSON Schema that the description uses. A keyword that it does
//! not know is an error, so that nothing goes unchecked.

use serde_json::Value;

/// What is wrong with `value`, if anything is; `root` resolves references.
pub(crate) fn fault(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let keywords = schema.as_object()?;
    keywords
        .iter()
        .find_map(|(keyword, rule)| check(root, keywords, keyword, rule, value, at))
}

fn check(
    root: &Value,
    keywords: &serde_json::Map<String, Value>,
    keyword: &str,
    rule: &Value,
    value: &Value,
    at: &str,
) -> Option<String> {
    let wrong = |holds: bool| (!holds).then(|| format!("{at}: {keyword} {rule}, but {value}"));
    match keyword {
        "description" | "example" | "examples" | "title" | "contentEncoding" | "format" => {
            let is_time = |it: &Value| {
                it.as_str()
                    .is_some_and(|it| it.ends_with('Z') && it.len() == 20)
            };
            wrong(keyword != "format" || rule != "date-time" || is_time(value))
        }
        "$ref" => {
            let pointer = rule.as_str()?.strip_prefix('#')?;
            let target = root.pointer(pointer);
            let target = target.unwrap_or_else(|| panic!("{at}: nothing at {pointer}"));
            fault(root, target, value, at)
        }
        "oneOf" => {
            let fits = |it: &&Value| fault(root, it, value, at).is_none();
            wrong(rule.as_array()?.iter().filter(fits).count() == 1)
        }
        "type" => wrong(match rule {
            Value::Array(types) => types.iter().any(|it| has_type(value, it)),
            one => has_type(value, one),
        }),
        "required" => {
            let names = rule.as_array()?.iter();
            wrong(
                names
                    .map(|it| it.as_str().unwrap())
                    .all(|it| value.get(it).is_some()),
            )
        }
        "properties" => rule.as_object()?.iter().find_map(|(name, schema)| {
            fault(root, schema, value.get(name)?, &format!("{at}/{name}"))
        }),
        "additionalProperties" => {
            assert_eq!(rule, false, "{at}");
            let known = keywords["properties"].as_object()?;
            let unknown = value
                .as_object()?
                .keys()
                .find(|it| !known.contains_key(*it));
            unknown.map(|name| format!("{at}: {name} is not described"))
        }
        "items" => {
            let mut items = value.as_array()?.iter().enumerate();
            items.find_map(|(index, item)| fault(root, rule, item, &format!("{at}/{index}")))
        }
        "minLength" => wrong(value.as_str()?.chars().count() >= number(rule)),
        "maxLength" => wrong(value.as_str()?.chars().count() <= number(rule)),
        "minimum" => wrong(value.as_f64()? >= rule.as_f64()?),
        "maximum" => wrong(value.as_f64()? <= rule.as_f64()?),
        "pattern" => wrong(matches_alternatives(rule.as_str()?, value.as_str()?)),
        other => panic!("{at}: the checker does not know {other}"),
    }
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the checker does not know the type {other}"),
    }
}

fn number(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().unwrap()).unwrap()
}

/// Whether the text matches `^prefix(a|b)$`, which is all that the patterns are.
fn matches_alternatives(pattern: &str, text: &str) -> bool {
    let inner = pattern
        .strip_prefix('^')
        .and_then(|it| it.strip_suffix(")$"));
    let (prefix, alternatives) = inner.and_then(|it| it.split_once('(')).unwrap();
    let rest = text.strip_prefix(prefix);
    rest.is_some_and(|rest| alternatives.split('|').any(|it| it == rest))
}
