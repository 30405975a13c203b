//! Reading a request in XML: one empty element whose attributes are its members.
//!
//! Invariants: no DTD, so there are no entities but the five that XML itself has, and nothing
//! expands; no element within the element, so there is no depth; the attributes are counted before
//! they are looked at.

use quick_xml::NsReader;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::super::members::Value;
use super::super::problem::{Code, Problem};

/// The namespace of the original's elements.
pub(super) const NAMESPACE: &str = "https://waher.se/Schema/BrokerAgent.xsd";

/// The most attributes of an element, twice what any has. Looking for one that is given twice takes
/// the square of this.
const MAX_ATTRIBUTES: usize = 16;

/// Reads the members of the element `name`.
pub(super) fn read(body: &[u8], name: &str) -> Result<Vec<(String, Value)>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| refused("The body is not UTF-8."))?;
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut members = None;
    let mut open = false;
    let mut first = true;
    loop {
        let Ok((namespace, event)) = reader.read_resolved_event() else {
            return Err(not_well_formed(reader.error_position()));
        };
        match event {
            Event::Start(element) if members.is_none() => {
                members = Some(members_of(&namespace, &element, name)?);
                open = true;
            }
            Event::Empty(element) if members.is_none() => {
                members = Some(members_of(&namespace, &element, name)?);
            }
            Event::End(_) if open => open = false,
            Event::Decl(declaration) if first => check_declaration(&declaration)?,
            Event::Text(text) if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => {}
            Event::Comment(_) => {}
            Event::DocType(_) => return Err(refused("Leave the document type out.")),
            Event::Eof if !open => break,
            Event::Eof => return Err(not_well_formed(reader.buffer_position())),
            _ => return Err(refused("There must be one empty element and nothing else.")),
        }
        first = false;
    }
    members.ok_or_else(|| refused("There is no element."))
}

fn members_of(
    namespace: &ResolveResult<'_>,
    element: &BytesStart<'_>,
    name: &str,
) -> Result<Vec<(String, Value)>, Problem> {
    let right = matches!(namespace, ResolveResult::Bound(it) if it.as_ref() == NAMESPACE)
        && element.local_name().as_ref() == name;
    if !right {
        return Err(refused(format!(
            "The element must be {name} of the namespace {NAMESPACE}."
        )));
    }
    let mut members = Vec::new();
    // Attributes given twice are looked for when all are known.
    for (index, attribute) in element.attributes().with_checks(false).enumerate() {
        if index >= MAX_ATTRIBUTES {
            return Err(refused("The element has more attributes than any request."));
        }
        let attribute = attribute.map_err(|_| refused("An attribute is not well-formed."))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::default())
            .map_err(|_| refused("An attribute has a reference to nothing."))?;
        let key: &str = attribute.key.as_ref();
        members.push((key.to_owned(), Value::Text(value.into_owned())));
    }
    Ok(members)
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Problem> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(_) => Err(refused("The encoding must be UTF-8.")),
    }
}

fn refused(why: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::from(Code::InvalidXml).because(why)
}

fn not_well_formed(position: u64) -> Problem {
    refused(format!("The body stops being XML at byte {position}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(body: &str) -> Result<Vec<(String, String)>, Code> {
        let members = read(body.as_bytes(), "Login").map_err(|problem| problem.code())?;
        let texts = members.into_iter().map(|(name, value)| match value {
            Value::Text(text) => (name, text),
            other => panic!("{other:?}"),
        });
        Ok(texts.collect())
    }

    fn with(attributes: &str) -> String {
        format!(r#"<Login xmlns="{NAMESPACE}" {attributes}/>"#)
    }

    #[test]
    fn an_element_is_read_however_it_is_written() {
        let expected = [("userName".to_owned(), "ålïce & \"co\" A".to_owned())];
        let value = "ålïce &amp; &quot;co&quot; &#65;";
        for body in [
            with(&format!(r#"userName="{value}""#)),
            format!(
                "<?xml version='1.0' encoding='utf-8'?>\r\n<!-- c -->{}\n",
                with(&format!("userName='{value}'"))
            ),
            format!(r#"<a:Login xmlns:a="{NAMESPACE}" userName="{value}"></a:Login>"#),
            format!("\u{feff}{}", with(&format!("\n\tuserName = '{value}' "))),
        ] {
            assert_eq!(read_text(&body).as_deref(), Ok(&expected[..]), "{body}");
        }
    }

    #[test]
    fn what_is_not_the_one_empty_element_is_refused() {
        for body in [
            "",
            " ",
            "{}",
            "<Login/>",
            "<Login xmlns='https://example.org/'/>",
            &with("").replace("Login", "login"),
            &with("").repeat(2),
            &format!("<Login xmlns='{NAMESPACE}'>text</Login>"),
            &format!("<Login xmlns='{NAMESPACE}'><Login/></Login>"),
            &format!("<Login xmlns='{NAMESPACE}'><![CDATA[]]></Login>"),
            &format!("<Login xmlns='{NAMESPACE}'>"),
            &format!("<Login xmlns='{NAMESPACE}'></Logout>"),
            &format!("{}</Login>", with("")),
            &format!("{}x", with("")),
            &with("a=1"),
            &with("a"),
            &with("a='&nothing;'"),
            &with("a='&#xD800;'"),
            &with("a='<'").replace("'<'", "'"),
            &format!("<?xml version='1.0' encoding='latin1'?>{}", with("")),
            &format!("{}<?xml version='1.0'?>", with("")),
            &format!("<?php ?>{}", with("")),
        ] {
            assert_eq!(read_text(body), Err(Code::InvalidXml), "{body}");
        }
        assert!(read(b"<Login a='\xff'/>", "Login").is_err());
    }

    #[test]
    fn there_are_no_entities_to_define_and_nothing_deep_or_wide_is_read() {
        let mut laughs = "<!DOCTYPE lolz [<!ENTITY lol0 \"lol\">".to_owned();
        for level in 1..10 {
            let before = format!("&lol{};", level - 1).repeat(10);
            laughs.extend(["<!ENTITY lol", &level.to_string(), " \"", &before, "\">"]);
        }
        laughs += "]>";
        let external = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
        for dtd in [laughs.as_str(), external, "<!DOCTYPE Login>"] {
            let body = format!("{dtd}{}", with("userName='&lol9;&x;'"));
            assert_eq!(read_text(&body), Err(Code::InvalidXml));
        }
        let deep = "<a>".repeat(20_000);
        assert_eq!(read_text(&deep), Err(Code::InvalidXml));
        let many = |name: &str| -> String {
            let all = (0..10_000).map(|it| format!("{name}{it}='' "));
            all.collect::<Vec<_>>().concat()
        };
        let wide = many("a");
        assert_eq!(read_text(&with(&wide)), Err(Code::InvalidXml));
        let bound = many("xmlns:a");
        assert_eq!(read_text(&with(&bound)), Err(Code::InvalidXml));
    }
}
