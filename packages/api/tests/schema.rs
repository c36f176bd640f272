//! The JSON schemas under `schema/` are what the contracts speak. `./scripts/schema` writes them anew.

use std::path::PathBuf;

use cosmwasm_schema::generate_api;

macro_rules! contracts {
    ($($name:ident $label:literal),*) => {
        vec![$({
            use lyceum_api::$name::{ExecuteMsg, InstantiateMsg, QueryMsg};
            let api = generate_api! {
                name: $label,
                version: "0.1.0",
                instantiate: InstantiateMsg,
                execute: ExecuteMsg,
                query: QueryMsg,
            };
            (stringify!($name), api.render().to_string().expect("a schema is JSON"))
        }),*]
    };
}

#[test]
fn the_checked_in_schemas_are_those_of_the_messages() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let update = std::env::var_os("LYCEUM_UPDATE").is_some();
    for (name, schema) in contracts!(
        charter "lyceum-charter",
        nodes "lyceum-nodes",
        datasets "lyceum-datasets",
        experts "lyceum-experts",
        tasks "lyceum-tasks",
        credits "lyceum-credits",
        rewards "lyceum-rewards"
    ) {
        let file = folder.join(format!("{name}.json"));
        if update {
            std::fs::write(&file, schema + "\n").expect("the schema is written");
            continue;
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            found.trim_end() == schema.trim_end(),
            "schema/{name}.json is out of date: run ./scripts/schema"
        );
    }
}
