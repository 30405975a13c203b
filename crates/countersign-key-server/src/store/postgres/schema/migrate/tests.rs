//! Upgrades of a schema with more than one version.

use super::*;
use crate::store::postgres::address::Address;
use crate::store::postgres::pool::Pool;

#[path = "../../../../../tests/support/postgres_server.rs"]
mod postgres_server;

const FIRST: &str = "CREATE TABLE pets (name text)";
const SECOND: &str = "ALTER TABLE pets ADD age int; UPDATE pets SET age = 1";

async fn migrate(url: &str, migrations: &'static [&'static str]) -> Result<(), StoreError> {
    let pool = Pool::new(Address::parse(url)?)?;
    pool.run(Migrate(migrations)).await
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn bad_221_an_older_schema_is_upgraded_and_a_failed_step_is_repeated_whole() {
    let server = postgres_server::PostgresServer::start();
    let url = server.url("postgres");
    migrate(&url, &[FIRST]).await.unwrap();
    server.sql("postgres", "INSERT INTO pets VALUES ('rex')");
    let broken = migrate(&url, &[FIRST, "ALTER TABLE pets ADD age int; SELECT 1/0"]).await;
    assert_eq!(broken.unwrap_err().kind(), StoreErrorKind::Incompatible);
    let columns = "SELECT relnatts FROM pg_class WHERE relname = 'pets'";
    assert_eq!(server.sql("postgres", columns), "1");
    migrate(&url, &[FIRST, SECOND]).await.unwrap();
    migrate(&url, &[FIRST, SECOND]).await.unwrap();
    assert_eq!(server.sql("postgres", "SELECT * FROM pets"), "rex|1");
    let versions = "SELECT count(*), max(version) FROM countersign_migrations";
    assert_eq!(server.sql("postgres", versions), "2|2");
    let older = migrate(&url, &[FIRST]).await;
    assert_eq!(older.unwrap_err().kind(), StoreErrorKind::Incompatible);
}
