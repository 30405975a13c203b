//! CouchDB.
