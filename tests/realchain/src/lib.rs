//! What is only true on a real chain: wasmd, brought up by `scripts/localnet`.
