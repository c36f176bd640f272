//! The embedded chain keeps the promises of every chain.
#![cfg(all(feature = "embedded", feature = "conformance"))]

use cosmwasm_std::Addr;
use lyceum_chain::conformance::{FUNDS, Harness};
use lyceum_chain::embedded::{Network, start};
use lyceum_chain::logical::Handle;

struct Embedded;

impl Harness for Embedded {
    type Chain = Handle;

    async fn start(&self) -> [Handle; 2] {
        let (chains, ()) = start(|| {
            let mut network = Network::new()?;
            let accounts = vec![network.authority.clone(), network.account("other")];
            for account in &accounts {
                network.fund(account, FUNDS)?;
            }
            Ok((network, accounts, ()))
        })
        .unwrap();
        chains.try_into().unwrap()
    }

    fn nobody(&self) -> Addr {
        Network::new().unwrap().account("nobody")
    }
}

lyceum_chain::conformance_suite!(Some(Embedded));
