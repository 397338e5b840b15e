//! The wire format: fields by their numbers.

/// Bytes that are no protobuf, or not of what they should be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl Malformed {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Wire<'a> {
    pub(super) fn bytes(&self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(Malformed::new(format!("{other:?} where bytes should be"))),
        }
    }

    pub(super) fn text(&self) -> Result<String, Malformed> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map(str::to_owned)
            .map_err(|error| Malformed::new(format!("a text is no UTF-8: {error}")))
    }

    /// Negative ones have all 64 bits, whatever their type.
    pub(super) fn integer(&self) -> Result<i64, Malformed> {
        match self {
            Self::Varint(value) => Ok(i64::from_ne_bytes(value.to_ne_bytes())),
            other => Err(Malformed::new(format!(
                "{other:?} where a number should be"
            ))),
        }
    }

    pub(super) fn number(&self) -> Result<f64, Malformed> {
        match self {
            Self::Fixed(bits) => Ok(f64::from_bits(*bits)),
            other => Err(Malformed::new(format!(
                "{other:?} where a number should be"
            ))),
        }
    }
}

/// All fields of a message, in their order.
pub(super) fn fields(mut bytes: &[u8]) -> Result<Vec<(u64, Wire<'_>)>, Malformed> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Wire::Varint(varint(&mut bytes)?),
            1 => {
                let mut eight = [0; 8];
                eight.copy_from_slice(take(&mut bytes, 8)?);
                Wire::Fixed(u64::from_le_bytes(eight))
            }
            2 => {
                let length = varint(&mut bytes)?;
                Wire::Bytes(take(&mut bytes, length)?)
            }
            other => {
                return Err(Malformed::new(format!(
                    "there is no wire type {other} here"
                )));
            }
        };
        found.push((key >> 3, value));
    }
    Ok(found)
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let (taken, rest) = bytes
        .split_at_checked(length)
        .ok_or_else(|| Malformed::new("it ends early"))?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed::new("a number does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_are_read_and_what_ends_early_is_refused() {
        // Field 1 is 150, as in the documentation of the encoding; field 2 is "testing".
        let bytes = b"\x08\x96\x01\x12\x07testing";
        let expected = [(1, Wire::Varint(150)), (2, Wire::Bytes(b"testing"))];
        assert_eq!(fields(bytes).unwrap(), expected);
        for length in 1..bytes.len() {
            let is_whole = length == 3;
            assert_eq!(fields(&bytes[..length]).is_ok(), is_whole, "{length}");
        }
        let minus_one = [b"\x08".as_slice(), &[0xff; 9], b"\x01"].concat();
        assert_eq!(fields(&minus_one).unwrap()[0].1.integer().unwrap(), -1);
        assert!(
            fields(&[
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1
            ])
            .is_err()
        );
    }
}
