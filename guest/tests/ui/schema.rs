use sandpool_guest::Schema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
struct Flat {
    #[serde(flatten)]
    rest: Vec<u8>,
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
enum Tagged {
    A { n: u8 },
}

#[derive(Serialize, Deserialize, Schema)]
struct Sparse {
    #[serde(skip_serializing_if = "Option::is_none")]
    maybe: Option<u8>,
}

#[derive(Clone, Serialize, Deserialize, Schema)]
#[serde(from = "u8", into = "u8")]
struct Hidden(u8);

impl From<u8> for Hidden {
    fn from(value: u8) -> Self {
        Self(value)
    }
}

impl From<Hidden> for u8 {
    fn from(value: Hidden) -> Self {
        value.0
    }
}

#[derive(Serialize, Deserialize, Schema)]
enum Gap {
    A,
    #[serde(skip)]
    B,
    C,
}

#[derive(Schema)]
union Bits {
    a: u8,
}

fn main() {}
