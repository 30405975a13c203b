//! Client of the key server.
