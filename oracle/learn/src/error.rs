//! What can go wrong while learning, with the values that were wrong.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, LearnError>;

/// Why a learning operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A configuration value outside its range.
    #[error("config: {field} is {found}, expected {expected}")]
    Config {
        /// The key, by its Hugging Face name; `outer.inner` where it is nested.
        field: String,
        /// The value found.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A JSON text that is no configuration.
    #[error("config: {0}")]
    Json(#[from] serde_json::Error),
    /// A tensor that must be there and is not, or the other way round.
    #[error("tensor {name} is {problem}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// `missing` or `unexpected`.
        problem: &'static str,
    },
    /// A tensor of another shape.
    #[error("tensor {name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The tensor's name.
        name: String,
        /// The shape found.
        found: Vec<i64>,
        /// The shape that belongs there.
        expected: Vec<i64>,
    },
    /// A tensor that holds something else than finite fp32 numbers.
    #[error("tensor {name} holds a value that is no finite fp32 number, or a negative second moment")]
    NotFinite {
        /// The tensor's name.
        name: String,
    },
    /// A file that is no tensor block, or one of another kind.
    #[error("tensor block: {0}")]
    Block(String),
    /// An expert index the model does not have, or the shared expert, which stays frozen.
    #[error("expert {index} cannot be trained: the model has {experts} and the last one is shared")]
    Expert {
        /// The index asked for.
        index: u32,
        /// How many the model has.
        experts: usize,
    },
    /// A recipe that gives no run.
    #[error("recipe: {0}")]
    Recipe(String),
    /// Too little text.
    #[error("{what} needs at least {required} bytes, found {found}")]
    TooShort {
        /// What the text is for.
        what: &'static str,
        /// Bytes needed.
        required: u64,
        /// Bytes found.
        found: u64,
    },
    /// A state that does not belong at this step of this run.
    #[error("state stands at step {found}, expected {expected}")]
    Step {
        /// Step of the state.
        found: u64,
        /// Step it must have.
        expected: u64,
    },
    /// Training ran into NaN or infinity.
    #[error("the loss at step {step} is not finite: the learning rate is too high for this model")]
    Diverged {
        /// The step.
        step: u64,
    },
    /// A GPU was asked for that is not there.
    #[error("CUDA was asked for, but libtorch sees no CUDA device")]
    NoCuda,
    /// A GPU was asked for by a number that none has.
    #[error(
        "cuda:{index} was asked for, and libtorch sees {found} CUDA devices, the first of which is cuda:0"
    )]
    NoSuchCuda {
        /// Its number.
        index: usize,
        /// How many there are.
        found: usize,
    },
    /// A device name that is none.
    #[error("device {0:?} is unknown, expected cpu, cuda or cuda:N with N from 0 to 127")]
    Device(String),
    /// The observer of a run asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The observer of a run could not keep a state.
    #[error("a state could not be kept: {0}")]
    Sink(String),
    /// A sealed text that does not open under this key.
    #[error("the seal does not open: {0}")]
    Seal(&'static str),
    /// Items that cannot be scored or compared.
    #[error("items: {0}")]
    Items(String),
    /// A sketch component beyond 2⁵⁵.
    #[error("component {component} of the sketch is out of range")]
    Sketch {
        /// The component's index.
        component: usize,
    },
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// A file could not be written.
    #[error("{0}")]
    File(#[from] lyceum_tensorblock::FileError),
}

impl LearnError {
    /// The stable code shown in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config { .. } | Self::Json(_) => "learn.config",
            Self::Tensor { .. } | Self::Shape { .. } | Self::NotFinite { .. } => "learn.tensor",
            Self::Block(_) => "learn.block",
            Self::Expert { .. } => "learn.expert",
            Self::Recipe(_) => "learn.recipe",
            Self::TooShort { .. } => "learn.too_short",
            Self::Step { .. } => "learn.step",
            Self::Diverged { .. } => "learn.diverged",
            Self::NoCuda | Self::NoSuchCuda { .. } => "learn.no_cuda",
            Self::Device(_) => "learn.device",
            Self::Cancelled => "learn.cancelled",
            Self::Sink(_) => "learn.sink",
            Self::Seal(_) => "learn.seal",
            Self::Items(_) => "learn.items",
            Self::Sketch { .. } => "learn.sketch",
            Self::Torch(_) => "learn.torch",
            Self::File(_) => "learn.io",
        }
    }
}
