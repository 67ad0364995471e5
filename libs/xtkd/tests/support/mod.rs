//! A monitor with a few commands, and a terminal that types from a script.

use std::fmt::{self, Write};

use xtkd::monitor::{
    Answer, Argument, Arguments, Column, Command, Done, Ended, Heard, Kind, Monitor, Need, Next, Offer,
    Paging, Session, Terminal, Trouble, Value,
};

/// What the commands work on: what they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked(pub(crate) Vec<String>);

fn number(asked: &mut Asked, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let (number, at) = (arguments.number(0).unwrap_or(7), arguments.address(1));
    asked.0.push(format!("number {number} {at:?}"));
    answer.fact("number", "The number", Value::Number(number))?;
    answer.fact("at", "Its place", at.map_or(Value::Nothing, Value::Hex))?;
    Ok(Next::Stay)
}

fn rows(asked: &mut Asked, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const COLUMNS: [Column; 4] =
        [Column::right("row", 5), Column::left("name", 8), Column::right("bytes", 8), Column::left("odd", 3)];
    let count = arguments.number(0).unwrap_or(3);
    answer.list("rows", &COLUMNS, &mut |list| {
        (0..count).try_for_each(|row| {
            asked.0.push(format!("row {row}"));
            let name = format_args!("the \"{row}\"");
            list.row(&[
                Value::Number(row),
                Value::Text(&name),
                Value::Bytes(row << 10),
                Value::Flag(row % 2 == 1),
            ])
        })
    })?;
    Ok(Next::Stay)
}

fn locked(_: &mut Asked, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    answer.fact("before", "Said before", Value::Number(1))?;
    answer.list("never", &[], &mut |_| Err(&Trouble::Busy("the ledger")))?;
    Ok(Next::Stay)
}

fn absent(_: &mut Asked, _: &Arguments<'_>, _: &mut Answer<'_, '_>) -> Done {
    Err(&Trouble::Absent("nothing is there"))
}

fn colour(asked: &mut Asked, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    asked.0.push(arguments.words().join(" "));
    answer.say("said", format_args!("it is {}", arguments.word(0).unwrap_or("nothing")))?;
    Ok(Next::Stay)
}

fn go(_: &mut Asked, _: &Arguments<'_>, _: &mut Answer<'_, '_>) -> Done {
    Ok(Next::Leave)
}

const NUMBER: Argument = Argument { name: "NUMBER", kind: Kind::Number, need: Need::Optional };

fn colours(offer: &mut Offer<'_>) {
    ["red", "green", "grey "].into_iter().for_each(offer);
}

type Run = fn(&mut Asked, &Arguments<'_>, &mut Answer<'_, '_>) -> Done;

static COMMANDS: [(Command, Run); 6] = [
    (
        Command {
            name: "number",
            arguments: &[
                Argument { need: Need::Required, ..NUMBER },
                Argument { name: "ADDRESS", kind: Kind::Address, need: Need::Optional },
            ],
            summary: "repeats a number",
        },
        number,
    ),
    (Command { name: "rows", arguments: &[NUMBER], summary: "lists rows" }, rows),
    (Command { name: "locked", arguments: &[], summary: "is locked" }, locked),
    (Command { name: "absent", arguments: &[], summary: "is absent" }, absent),
    (
        Command {
            name: "colour",
            arguments: &[Argument { name: "COLOUR", kind: Kind::Word(colours), need: Need::Optional }],
            summary: "names a colour",
        },
        colour,
    ),
    (Command { name: "go", arguments: &[], summary: "leaves" }, go),
];

impl Monitor for Asked {
    fn command(&self, number: usize) -> Option<&'static Command> {
        COMMANDS.get(number).map(|(command, _)| command)
    }

    fn run(&mut self, number: usize, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
        (COMMANDS[number].1)(self, arguments, answer)
    }
}

/// A terminal: what was typed before it began, and all that was written.
#[derive(Debug)]
pub(crate) struct Script {
    heard: std::vec::IntoIter<Heard>,
    paging: Paging,
    pub(crate) written: String,
}

impl Script {
    pub(crate) fn typing(text: &str, paging: Paging) -> Self {
        // What a script writes for a while in which nothing is typed is a zero.
        let heard = |byte| if byte == 0 { Heard::Silence } else { Heard::Byte(byte) };
        Self::hearing(text.bytes().map(heard).collect(), paging)
    }

    pub(crate) fn hearing(heard: Vec<Heard>, paging: Paging) -> Self {
        Self { heard: heard.into_iter(), paging, written: String::new() }
    }

    /// What stands in the lines when carriage returns have overwritten them.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.written
            .split('\n')
            .map(|line| {
                let mut shown: Vec<char> = Vec::new();
                let mut column = 0;
                for character in line.chars() {
                    if character == '\r' {
                        column = 0;
                        continue;
                    }
                    if column < shown.len() {
                        shown[column] = character;
                    } else {
                        shown.push(character);
                    }
                    column += 1;
                }
                shown.into_iter().collect::<String>().trim_end().to_owned()
            })
            .collect()
    }
}

impl Write for Script {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.written.push_str(text);
        Ok(())
    }
}

impl Terminal for Script {
    fn hear(&mut self) -> Heard {
        self.heard.next().unwrap_or(Heard::Nobody)
    }

    fn paging(&self) -> Paging {
        self.paging
    }
}

/// Types a text at the prompt; returns what was asked, what is to be seen, and how it ended.
pub(crate) fn session(text: &str, paging: Paging) -> (Vec<String>, Vec<String>, Ended) {
    session_at(Script::typing(text, paging))
}

/// The same at any terminal.
pub(crate) fn session_at(mut terminal: Script) -> (Vec<String>, Vec<String>, Ended) {
    let mut asked = Asked::default();
    let ended = Session::new().run(&mut terminal, &"kd> ", &mut asked);
    (asked.0, terminal.lines(), ended)
}
