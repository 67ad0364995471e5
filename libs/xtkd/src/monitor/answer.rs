//! An answer: facts and lists, each said once, as text for people or as members of a JSON object.

use core::fmt::{self, Display, Write};

use arrayvec::ArrayString;

use super::value::Value;
use crate::json::{Array, Object};

/// Columns that the label of a fact takes.
const LABEL: usize = 24;

/// The longest text of a cell that is aligned; a longer one is written as it is.
const CELL: usize = 64;

/// Why a command ends early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nobody reads any further.
    Quit,
    /// Somebody who does not run holds this.
    Busy(&'static str),
    /// What was asked for is not there; the words say what.
    Absent(&'static str),
}

impl From<fmt::Error> for &'static Trouble {
    /// A sink refuses when its reader has enough.
    fn from(_: fmt::Error) -> Self {
        &Trouble::Quit
    }
}

/// What becomes of a part of an answer. Troubles are constants, and go by their address: a command asks after each fact, and one
/// word comes back in a register.
pub type Outcome = Result<(), &'static Trouble>;

/// A column of a list. The name stands above the column, and is the member's name in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    name: &'static str,
    width: usize,
    side: Side,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Left,
    Right,
}

impl Column {
    /// Returns a column of texts.
    #[must_use]
    pub const fn left(name: &'static str, width: usize) -> Self {
        Self { name, width, side: Side::Left }
    }

    /// Returns a column of numbers.
    #[must_use]
    pub const fn right(name: &'static str, width: usize) -> Self {
        Self { name, width, side: Side::Right }
    }

    /// Returns a column of virtual addresses.
    #[must_use]
    pub const fn address(name: &'static str) -> Self {
        Self::left(name, 2 * size_of::<usize>())
    }

    /// Writes a cell, and what separates it from its neighbours. What stands last on its line needs no blanks behind it.
    #[inline(never)]
    fn write(self, out: &mut dyn Write, what: &dyn Display, place: Place) -> fmt::Result {
        out.write_str("  ")?;
        let mut cell = ArrayString::<CELL>::new();
        let width = self.width.max(self.name.len());
        if write!(cell, "{what}").is_err() {
            write!(out, "{what}")?;
        } else {
            match (self.side, place) {
                (Side::Left, Place::Last) => out.write_str(&cell)?,
                (Side::Left, Place::Inner) => write!(out, "{cell:<width$}")?,
                (Side::Right, _) => write!(out, "{cell:>width$}")?,
            }
        }
        match place {
            Place::Inner => Ok(()),
            Place::Last => out.write_str("\n"),
        }
    }
}

/// Where a cell stands on its line.
#[derive(Clone, Copy)]
enum Place {
    Inner,
    Last,
}

impl Place {
    const fn of(is_last: bool) -> Self {
        if is_last { Self::Last } else { Self::Inner }
    }
}

/// An answer that is being given.
pub struct Answer<'a, 'o>(Form<'a, 'o>);

enum Form<'a, 'o> {
    Text(&'a mut dyn Write),
    Json(&'a mut Object<'o>),
}

impl<'a, 'o> Answer<'a, 'o> {
    pub(super) fn text(out: &'a mut dyn Write) -> Self {
        Self(Form::Text(out))
    }

    pub(super) fn json(object: &'a mut Object<'o>) -> Self {
        Self(Form::Json(object))
    }

    /// Says a fact: `label` is for people, `name` for programs.
    ///
    /// Never inlined, as everything that commands call again and again.
    ///
    /// # Errors
    /// [`Trouble::Quit`], as for everything here.
    #[inline(never)]
    pub fn fact(&mut self, name: &'static str, label: &str, value: Value<'_>) -> Outcome {
        match &mut self.0 {
            Form::Text(out) => writeln!(out, "{label:<LABEL$} {value}")?,
            Form::Json(object) => value.add_to(object, name)?,
        }
        Ok(())
    }

    /// Says something in a sentence.
    ///
    /// # Errors
    /// [`Trouble::Quit`].
    #[inline(never)]
    pub fn say(&mut self, name: &'static str, what: fmt::Arguments<'_>) -> Outcome {
        match &mut self.0 {
            Form::Text(out) => writeln!(out, "{what}")?,
            Form::Json(object) => object.text(name, what)?,
        }
        Ok(())
    }

    /// Gives a list: `fill` adds its rows.
    ///
    /// # Errors
    /// [`Trouble::Quit`], or that of `fill`; in JSON the list is closed then.
    #[inline(never)]
    pub fn list(
        &mut self,
        name: &'static str,
        columns: &[Column],
        fill: &mut dyn FnMut(&mut List<'_, '_>) -> Outcome,
    ) -> Outcome {
        match &mut self.0 {
            Form::Text(out) => {
                let mut list = List { rows: Rows::Text(&mut **out), columns };
                list.head()?;
                fill(&mut list)
            }
            Form::Json(object) => {
                let mut outcome = Ok(());
                object.array(name, |array| {
                    outcome = fill(&mut List { rows: Rows::Json(array), columns });
                    if matches!(outcome, Err(Trouble::Quit)) { Err(fmt::Error) } else { Ok(()) }
                })?;
                outcome
            }
        }
    }
}

/// A list that is being given.
pub struct List<'a, 'o> {
    rows: Rows<'a, 'o>,
    columns: &'a [Column],
}

enum Rows<'a, 'o> {
    Text(&'a mut dyn Write),
    Json(&'a mut Array<'o>),
}

impl List<'_, '_> {
    /// Adds a row: a value for each column, in their order.
    ///
    /// # Errors
    /// [`Trouble::Quit`].
    #[inline(never)]
    pub fn row(&mut self, values: &[Value<'_>]) -> Outcome {
        let cells = self.columns.iter().zip(values);
        match &mut self.rows {
            Rows::Text(out) => {
                let mut cells = cells.peekable();
                while let Some((column, value)) = cells.next() {
                    column.write(*out, value, Place::of(cells.peek().is_none()))?;
                }
            }
            Rows::Json(array) => array.object(|object| {
                cells.into_iter().try_for_each(|(column, value)| value.add_to(object, column.name))
            })?,
        }
        Ok(())
    }

    fn head(&mut self) -> Outcome {
        if let Rows::Text(out) = &mut self.rows {
            let mut columns = self.columns.iter().peekable();
            while let Some(column) = columns.next() {
                column.write(*out, &column.name, Place::of(columns.peek().is_none()))?;
            }
        }
        Ok(())
    }
}
