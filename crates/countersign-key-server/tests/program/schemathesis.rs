//! What schemathesis, which reads the description and makes up requests, finds.

use std::process::Command;

use crate::ANY_PORT;
use crate::run::key_server;

/// Where `cargo xtask test` installs it.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/schemathesis");

/// Everything it can check, except that whatever fits the schema is taken: a cursor or an `ETag` of
/// the right form is still none that was ever given.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,missing_required_header,unsupported_method,\
                      use_after_free,ensure_resource_availability";

#[test]
#[ignore = "needs schemathesis, which cargo xtask test installs"]
fn requests_made_up_from_the_description_meet_no_500_and_no_undocumented_answer() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--rate-limit=off", "--log=warn"];
    let server = key_server(folder.path(), ANY_PORT.iter().chain(&options)).serve();
    let output = Command::new("python3")
        .arg(format!("{INSTALLED}/bin/st"))
        .arg("run")
        .arg(format!("{}/openapi.json", server.url()))
        .args(["--checks", CHECKS, "--max-examples", "50", "--seed", "1"])
        .args(["--no-color", "--generation-database", "none"])
        .env("PYTHONPATH", INSTALLED)
        .current_dir(folder.path())
        .output()
        .expect("python3 is installed");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{report}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // It ends well, too, when it has tried nothing.
    let tested = report
        .lines()
        .find_map(|line| line.trim().strip_prefix("Tested: "))
        .and_then(|count| count.trim().parse::<u32>().ok());
    assert!(tested.is_some_and(|tested| tested >= 12), "{report}");
    assert_eq!(server.stop().status, Some(0));
}
