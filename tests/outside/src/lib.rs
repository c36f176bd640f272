//! A contract developer outside Lyceum: this crate depends on `lyceum-testing` and on nothing else of ours. Its one
//! test is the example of `docs/testing.md`.
