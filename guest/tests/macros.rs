//! `#[task]` and `derive(Schema)`: what they refuse, and what they let through.

use sandpool_guest::{Schema, Task, task};
use serde::{Deserialize, Serialize};

#[test]
fn wrong_uses_are_errors_at_the_token_with_the_way_out() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// A shape with names that only JSON sees.
#[expect(dead_code, reason = "only its schema is looked at")]
#[derive(Serialize, Deserialize, Schema)]
#[serde(rename = "shape", rename_all = "snake_case", deny_unknown_fields)]
enum Shape {
    SmallCircle(f64),
    #[serde(rename = "box")]
    Rectangle {
        width: f64,
        #[serde(rename = "h", default)]
        height: f64,
    },
    #[serde(skip)]
    Hidden,
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(transparent)]
struct Meters(f64);

#[derive(Serialize, Deserialize, Schema)]
struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Undescribed;

#[task]
fn measure(
    shapes: Page<Shape>,
    #[expect(unused_variables, reason = "attributes of parameters are kept")] r#type: &Meters,
    mut lists: Vec<std::collections::HashMap<u8, Undescribed>>,
    (a, _b): (u8, [bool; 3]),
) -> Result<(), std::fmt::Error> {
    lists.clear();
    let _ = (shapes.items.len(), shapes.next, a);
    Ok(())
}

#[test]
fn schemas_follow_serdes_attributes() {
    let record = <measure as Task>::RECORD.to_owned();
    let shape = "enum shape { small_circle(f64), box { width: f64, h: f64 } }";
    assert_eq!(
        record.to_string(),
        format!(
            "measure(shapes: Page {{ items: Vec<{shape}>, next: Option<u32> }}, type: f64, \
             lists: Vec<std::collections::HashMap<u8, Undescribed>>, \
             argument3: (u8, [bool; 3]))"
        )
    );
}

/// Counts down, by calling itself.
#[task]
const fn countdown(n: u32) -> u32 {
    if n == 0 { 0 } else { countdown(n - 1) }
}

#[test]
fn a_task_can_call_itself_and_be_passed_as_a_function() {
    assert_eq!(countdown(5), 0);
    let function: fn(u32) -> u32 = *countdown;
    assert_eq!([1, 2].map(function), [0, 0]);
}
