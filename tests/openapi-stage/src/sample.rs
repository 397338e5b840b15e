//! Responses of a documented form.

use serde_json::{Map, Value, json};

/// A response of this form with another value in each place, and how `Debug` shows these values.
///
/// `leaf` is given the name of a member, its kind (`string`, `integer`, ..), and a number that no other place
/// has; it says the value and how that is shown.
pub fn sample(
    form: &Value,
    leaf: impl Fn(&str, &str, u32) -> (Value, String),
) -> (Value, Vec<String>) {
    let mut filling = Filling {
        leaf,
        next: 10,
        shown: Vec::new(),
    };
    let response = filling.value("", form);
    (response, filling.shown)
}

struct Filling<F> {
    leaf: F,
    next: u32,
    shown: Vec<String>,
}

impl<F: Fn(&str, &str, u32) -> (Value, String)> Filling<F> {
    fn value(&mut self, name: &str, form: &Value) -> Value {
        match form {
            Value::Object(members) => {
                let member =
                    |(name, form): (&String, &Value)| (name.clone(), self.value(name, form));
                Value::Object(members.iter().map(member).collect::<Map<_, _>>())
            }
            Value::Array(element) => json!([self.value(name, &element[0])]),
            Value::String(kind) => {
                self.next += 1;
                let (value, shown) = (self.leaf)(name, kind, self.next);
                self.shown.push(shown);
                value
            }
            other => panic!("{other} is no form"),
        }
    }
}
