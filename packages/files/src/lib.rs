//! Files and folders that are replaced as a whole or not at all: the one place that every other crate writes through.
//!
//! [`replace()`] is for files that a program keeps, such as a journal. [`Output`] is for files that a user names: it
//! also writes into a pipe, a terminal or `/dev/stdout`. [`replace_folder()`] is for a folder whose files belong together.
//!
//! A symbolic link is followed: what it points to is replaced, and the link stays. Permissions of a replaced file
//! stay. A file that may not be written is refused, although its folder would allow to replace it.

mod error;
mod folder;
mod output;
mod place;
mod replacement;

pub use error::{Error, Result};
pub use folder::replace_folder;
pub use output::Output;
pub use replacement::{Replacement, check, replace};
