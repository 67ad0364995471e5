//! A bug check for programs: one object of JSON, which `docs/report.md` describes.

use core::fmt;

use xtkd::json::{Array, Object, Writer};

use super::trace::{Run, Runs, Tracer};
use super::{Scene, Stop, fill_places};
use crate::ke::processor;

/// The most frames that are told.
const FRAMES: usize = 32;

/// The object.
pub(super) struct Json<'a> {
    pub(super) stop: &'a Stop<'a>,
    pub(super) scene: &'a Scene,
    /// Follows frames; `None` while somebody else does, whom this bug check interrupts.
    pub(super) tracer: Option<&'a Tracer>,
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stop, scene, tracer } = self;
        Writer::object(out, |object| {
            object.number("code", stop.number)?;
            object.text("name", stop.name())?;
            object.array("parameters", |list| {
                stop.parameters.into_iter().try_for_each(|one| list.number(one))
            })?;
            object.text("what", stop.what)?;
            object.number("cpu", processor::current().get() as u64)?;
            object.text("level", scene.level)?;
            object.text("stack", scene.stack)?;
            object.or_null("thread", scene.thread, Object::text)?;
            object.number("others", scene.stopped.others as u64)?;
            object.number("stopped", scene.stopped.stopped as u64)?;
            fill_places(object)?;
            backtrace(object, stop, *tracer)
        })
    }
}

fn backtrace(object: &mut Object<'_>, stop: &Stop<'_>, tracer: Option<&Tracer>) -> fmt::Result {
    let Some(tracer) = tracer else { return object.array("backtrace", |_| Ok(())) };
    let mut walk = stop.walk(tracer);
    object.array("backtrace", |list| {
        Runs::new(&mut walk).take(FRAMES).try_for_each(|run| frame(list, tracer, run))
    })
}

fn frame(list: &mut Array<'_>, tracer: &Tracer, run: Run) -> fmt::Result {
    let named = tracer.name(run.frame);
    list.object(|object| {
        object.address("address", run.frame.address.get())?;
        object.or_null("function", named.function.map(|function| function.name), Object::text)?;
        object.number("offset", named.offset)?;
        object.number("times", run.times)
    })
}
