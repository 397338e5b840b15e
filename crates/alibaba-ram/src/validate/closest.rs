//! Names that were meant.

/// The first of `names` that is `name` but for case, or for one letter more, less or other.
pub(super) fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    names
        .into_iter()
        .find(|other| at_most_one_edit(name.as_bytes(), other.to_ascii_lowercase().as_bytes()))
}

fn at_most_one_edit(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    match long.len() - short.len() {
        0 => {
            same == long.len()
                || short[same + 1..] == long[same + 1..]
                || swapped(&short[same..], &long[same..])
        }
        1 => short[same..] == long[same + 1..],
        _ => false,
    }
}

/// Whether the first two letters changed places, and the rest is the same.
fn swapped(a: &[u8], b: &[u8]) -> bool {
    match (a, b) {
        ([a0, a1, a_rest @ ..], [b0, b1, b_rest @ ..]) => a0 == b1 && a1 == b0 && a_rest == b_rest,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_or_case_apart() {
        for (a, b, expected) in [
            ("getobject", "GetObject", true),
            ("GetObjct", "GetObject", true),
            ("GetObjectt", "GetObject", true),
            ("GetObkect", "GetObject", true),
            ("GteObject", "GetObject", true),
            ("GetObj", "GetObject", false),
            ("etGObject", "GetObject", false),
            ("", "a", true),
        ] {
            assert_eq!(closest(a, [b]).is_some(), expected, "{a} {b}");
            assert_eq!(closest(b, [a]).is_some(), expected, "{b} {a}");
        }
    }
}
