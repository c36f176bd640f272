//! Every key of node.toml: its default, its words, and what a value must be.

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// Its default as TOML; nothing = it must be given, or its absence is the default (then `sample` shows one).
    pub default: Option<&'static str>,
    /// A value as TOML, to show a key that has no default.
    pub sample: &'static str,
    /// What it is.
    pub about: &'static str,
}

/// A section.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Known],
}

const fn with(name: &'static str, default: &'static str, about: &'static str) -> Known {
    Known { name, default: Some(default), sample: "", about }
}

const fn without(name: &'static str, sample: &'static str, about: &'static str) -> Known {
    Known { name, default: None, sample, about }
}

/// All sections, in the order in which they are written.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "node",
        about: "Who the node is and what it does.",
        keys: &[
            without("name", "\"node\"", "Its name in logs."),
            without(
                "roles",
                "[\"trainer\", \"evaluator\"]",
                "What it does: \"trainer\" takes tasks and earns by training; \"evaluator\" sits on committees and audits\n\
                 datasets; \"coordinator\" moves everybody's claims along; \"storage\" keeps blocks and serves them.",
            ),
            with("vote", "true", "Vote on datasets once GPUs are bound."),
            with("collect", "true", "Pull rewards to the node's account as they come."),
            with(
                "enroll",
                "true",
                "Register on chain with these roles, the peer key and the addresses of [net], and keep that up to date.",
            ),
            without(
                "operator",
                "\"your name\"",
                "Whom the node says it belongs to; an operator gets one seat of a committee [default: the node's account].",
            ),
            with(
                "stake_ulyc",
                "0",
                "Bond up to this stake (1 LYC is 1000000); 0 bonds nothing. A node with less than the network's least\n\
                 stake is not active: `lyceum query nodes config` shows it.",
            ),
            with(
                "reserve_ulyc",
                "5000000",
                "What bonding leaves in the account: for fees and the bonds of claims.",
            ),
            with(
                "drain_seconds",
                "900",
                "How long a node that is told to stop goes on to finish what it owes; a second signal stops it at once.",
            ),
        ],
    },
    Section {
        name: "chain",
        about: "The chain and what the node may spend on it.",
        keys: &[
            without("id", "\"lyceum-1\"", "The chain's id; an endpoint of another chain is refused."),
            without(
                "rpc",
                "[\"http://127.0.0.1:26657\"]",
                "CometBFT RPC endpoints, the preferred first; name two or more, so that one may go down.",
            ),
            with(
                "deployment",
                "\"deployment.json\"",
                "Where the contracts are: the file that `lyceum deploy` wrote.",
            ),
            with("prefix", "\"wasm\"", "What the chain's addresses begin with."),
            with("gas_price", "\"0.025\"", "ulyc per gas."),
            with("gas_adjustment", "1.3", "Gas allowed for each gas of a simulation, 1 to 10."),
            with(
                "gas_ceiling",
                "50000000",
                "The most gas of one transaction; one that needs more is not sent.",
            ),
            with("timeout_heights", "20", "For how many heights a transaction is valid once it is signed."),
            with("request_seconds", "10", "How long an endpoint may take for an answer, 1 to 600."),
            without("fee_granter", "\"wasm1...\"", "Who pays the fees [default: the node's own account]."),
            with("stale_seconds", "60", "A chain without a new block for so long makes the node not ready."),
        ],
    },
    Section {
        name: "key",
        about: "The key that signs. Its passphrase comes from `--passphrase-file`, `--passphrase-fd`, the file below,\n\
                systemd's credential `passphrase`, or the terminal, in this order.",
        keys: &[
            without("name", "\"node\"", "A key of the folder `keys` beside this file (`lyceum keys list`)."),
            without(
                "passphrase_file",
                "\"passphrase\"",
                "A file whose first line is its passphrase [default: none].",
            ),
        ],
    },
    Section {
        name: "trainer",
        about: "Which tasks a trainer takes, and how.",
        keys: &[
            with("tasks", "[]", "Only tasks with these ids; [] takes any."),
            with("domains", "[]", "Only tasks of these domains; [] takes any."),
            without(
                "peak_lr_nano",
                "300000",
                "Peak learning rate times 10^9, within a task's bounds [default: the greatest allowed].",
            ),
            with("claims_at_once", "0", "Claims at once; 0 means one."),
        ],
    },
    Section {
        name: "coordinator",
        about: "What a coordinator opens.",
        keys: &[without(
            "plan",
            "\"plan.json\"",
            "Tasks to open, a JSON array [default: none, it only moves others' along].",
        )],
    },
    Section {
        name: "work",
        about: "The machine.",
        keys: &[
            with("device", "\"cpu\"", "\"cpu\", \"cuda\" or \"cuda:N\"."),
            with("jobs", "1", "Jobs at once, 1 to 64; each uses one thread beside the GPU."),
            with(
                "gpus",
                "[]",
                "UUIDs of the GPUs to bind on chain (`nvidia-smi -L`); they give the votes on datasets.",
            ),
            with("classes", "[\"fp32\"]", "Execution classes that an evaluator can run."),
        ],
    },
    Section {
        name: "store",
        about: "Tensor blocks, states, manifests and shards.",
        keys: &[
            with("folder", "\"store\"", "Where they lie."),
            without(
                "quota_gib",
                "200",
                "The most they may take, GiB. Beyond it, what no open claim, seat, dataset or head needs and what is not\n\
                 pinned is deleted, the least recently used first; 0 = no bound, and nothing is deleted [default: 80 % of\n\
                 what the disk has free when the node begins, with what the store takes].",
            ),
            with(
                "least_free_mib",
                "512",
                "With less than this free on its disk the node is not ready, so that you hear of it in time.",
            ),
        ],
    },
    Section {
        name: "net",
        about: "Peers, who fetch blocks from this node and give it theirs.",
        keys: &[
            with(
                "listen",
                "[\"/ip4/0.0.0.0/udp/26690/quic-v1\", \"/ip4/0.0.0.0/tcp/26690\"]",
                "Multiaddresses to listen on. A trainer whose blocks cannot be fetched loses its claims.",
            ),
            with(
                "announce",
                "[]",
                "Multiaddresses that others reach it by, at most 4: with your public address, e.g.\n\
                 \"/ip4/203.0.113.7/udp/26690/quic-v1\".",
            ),
            with(
                "allow_private",
                "false",
                "Dial peers at private and loopback addresses. Anybody registers any address, so leave it off unless all\n\
                 peers are yours; then many of them may connect from one address, too.",
            ),
        ],
    },
    Section {
        name: "beacon",
        about: "The beacon whose rounds draw committees and seeds.",
        keys: &[with(
            "urls",
            "[]",
            "drand HTTP endpoints, or `lyceum beacon`, the preferred first; with any the node posts wanted rounds.",
        )],
    },
    Section {
        name: "serve",
        about: "/healthz, /readyz and /metrics.",
        keys: &[with(
            "listen",
            "\"127.0.0.1:26680\"",
            "An address; port 0 takes any. They say nothing secret, but who need not see them should not.",
        )],
    },
    Section {
        name: "log",
        about: "Logs, on stderr.",
        keys: &[
            with(
                "level",
                "\"info\"",
                "\"error\", \"warn\", \"info\", \"debug\", or a filter of tracing such as \"info,lyceum_net=debug\", which then\n\
                 holds for libraries too.",
            ),
            with("format", "\"human\"", "\"human\" or \"json\"."),
        ],
    },
];

/// A section by name.
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|s| s.name == name)
}

/// The nearest of some names, if one is near enough to be meant.
pub fn nearest<'a>(found: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &&str| strsim::damerau_levenshtein(found, name);
    names.min_by_key(near).filter(|name| near(name) <= 1 + name.len().max(found.len()) / 3)
}
