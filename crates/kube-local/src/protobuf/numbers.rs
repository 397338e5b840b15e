//! Which field has which number, read once from `data/numbers.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../data/numbers.txt");

/// What a number of a struct stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The field of this name.
    Field(&'static str),
    /// A struct whose fields are those of the one around it.
    Inlined(&'static str),
}

type Places = HashMap<u64, Place>;

static NUMBERS: LazyLock<HashMap<&'static str, Places>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let read = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?;
        Some((name, words.filter_map(place).collect()))
    });
    read.collect()
});
static NONE: LazyLock<Places> = LazyLock::new(HashMap::new);

fn place(word: &'static str) -> Option<(u64, Place)> {
    let (number, place) = match word.split_once('=') {
        Some((number, field)) => (number, Place::Field(field)),
        None => {
            let (number, inner) = word.split_once('@')?;
            (number, Place::Inlined(inner))
        }
    };
    Some((number.parse().ok()?, place))
}

/// Of a type, by its name in `data/types.txt`.
pub(super) fn places(name: &str) -> &'static Places {
    NUMBERS.get(name).unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let (name, words) = line.split_once(' ').unwrap();
            assert_eq!(places(name).len(), words.split(' ').count(), "{name}");
        }
        assert_eq!(
            places("core.v1.Volume")[&2],
            Place::Inlined("core.v1.VolumeSource")
        );
    }
}
