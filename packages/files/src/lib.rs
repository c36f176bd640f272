//! Files and folders that are replaced as a whole or not at all, and small files that are read whole within a bound:
//! the one place that every other crate reads and writes such files through.
//!
//! [`replace()`] is for files that a program keeps, such as a journal. [`Output`] is for files that a user names: it
//! also writes into a pipe, a terminal or `/dev/stdout`. [`replace_folder()`] is for a folder whose files belong together.
//!
//! A symbolic link is followed: what it points to is replaced, and the link stays. Permissions of a replaced file
//! stay. A file that may not be written is refused, although its folder would allow to replace it.
//!
//! [`create_private()`] is for secrets, which never replace anything.
//!
//! [`read()`] is for files that a program keeps: a pipe or device in its place is refused, not waited for.
//! [`read_input()`] is for files that a user names: it also reads `/dev/stdin` and a shell's `<(…)`. [`is_there()`] and
//! its like say whether there is anything at all, and take a link that leads nowhere for an error.

mod error;
mod folder;
mod look;
mod output;
mod place;
mod private;
mod read;
mod replacement;

pub use error::{Error, Result};
pub use folder::replace_folder;
pub use look::{dangling, is_folder, is_plain, is_taken, is_there};
pub use output::Output;
pub use private::create_private;
pub use read::{PlainFile, read, read_if_there, read_input};
pub use replacement::{Replacement, check, replace};
