//! What the user can ask for, one module a command. Each returns the program's exit status.

pub(crate) mod bench;
pub(crate) mod book;
pub(crate) mod doctor;
pub(crate) mod evidence;
pub(crate) mod image;
pub(crate) mod map;
pub(crate) mod pictures;
pub(crate) mod publish;
pub(crate) mod run;
pub(crate) mod symbolize;

use crate::setup::Setup;
use crate::toolchain::Choice;
use crate::workspace::Workspace;

/// What every command works with.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The checkout.
    pub(crate) workspace: Workspace,
    /// What may be installed.
    pub(crate) setup: Setup,
    /// The toolchain that the user asked for.
    pub(crate) toolchain: Choice,
}
