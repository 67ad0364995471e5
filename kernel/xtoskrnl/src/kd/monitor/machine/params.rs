//! `params`: the kernel parameters of this boot.

use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Value};

use super::super::context::Context;

pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const COLUMNS: [Column; 2] = [Column::left("key", 16), Column::left("value", 1)];
    let parameters = context.memory()?.block().parameters();
    answer.list("parameters", &COLUMNS, &mut |list| {
        parameters.iter().try_for_each(|parameter| {
            let value = parameter.value;
            list.row(&[
                Value::Text(&parameter.key),
                value.as_ref().map_or(Value::Nothing, |value| Value::Text(value)),
            ])
        })
    })?;
    Ok(Next::Stay)
}
