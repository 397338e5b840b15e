//! Whole files and ranges of them, and everything that can be wrong with one.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{Error, ErrorKind, Result};

const STEP: &str = "read `a`";
const CHUNK: usize = super::CHUNK as usize;
const STORED_CHUNK: usize = CHUNK + 16;

fn keyring(recipients: &[Recipient], identities: Vec<Identity>) -> Keyring {
    Keyring {
        encryption: Encryption::of_all(recipients.to_vec()),
        identities: identities.into(),
    }
}

/// Somebody, and what is needed to read what is encrypted to him.
fn somebody() -> (Recipient, Keyring) {
    let identity = Identity::generate();
    let recipient = identity.recipient();
    let keyring = keyring(std::slice::from_ref(&recipient), vec![identity]);
    (recipient, keyring)
}

/// Bytes that repeat nowhere.
fn text(length: usize) -> Vec<u8> {
    let blocks = (0u64..).flat_map(|n| Sha256::digest(n.to_le_bytes()));
    blocks.take(length).collect()
}

fn encrypted(recipients: &[Recipient], text: &[u8], piece: usize) -> Bytes {
    let mut encrypting = Encrypting::to(recipients).unwrap();
    let mut stored = Vec::new();
    for piece in text.chunks(piece) {
        stored.extend_from_slice(&encrypting.push(piece).unwrap());
    }
    stored.extend_from_slice(&encrypting.finish().unwrap());
    stored.into()
}

fn range(keyring: &Keyring, stored: &Bytes, range: std::ops::Range<usize>) -> Result<Bytes> {
    let head = stored.slice(..stored.len().min(MAX_HEADER as usize));
    let unlocked = keyring.unlock(STEP, &head)?;
    let range = range.start as u64..range.end as u64;
    let at = unlocked.stored_range(&range, stored.len() as u64);
    let chunks = stored.slice(at.start as usize..at.end as usize);
    unlocked.decrypt_range(STEP, &chunks, range)
}

/// The whole file, as its stored bytes come in pieces.
fn whole(keyring: &Keyring, stored: &Bytes, piece: usize) -> Result<Vec<u8>> {
    let head = stored.slice(..stored.len().min(MAX_HEADER as usize));
    let mut whole = WholeFile::new(keyring.unlock(STEP, &head)?);
    let mut text = Vec::new();
    for piece in stored.chunks(piece) {
        text.extend(whole.push(STEP, piece)?.into_iter().flatten());
    }
    text.extend(whole.finish(STEP)?);
    Ok(text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_was_encrypted_is_read_back_as_a_whole_and_by_ranges(
        length in prop_oneof![0usize..4, (1usize..24).prop_map(|n| n * CHUNK), 0usize..1_500_000],
        near in -2isize..3,
        pieces in (1usize..400_000, 1usize..400_000),
        ranges in prop::collection::vec((any::<prop::sample::Index>(), 1usize..200_000), 1..6),
    ) {
        let length = length.saturating_add_signed(near);
        let (recipient, keyring) = somebody();
        let (other, _) = somebody();
        let text = text(length);
        let stored = encrypted(&[other, recipient], &text, pieces.0);
        prop_assert!(whole(&keyring, &stored, pieces.1).unwrap() == text);
        prop_assert!(keyring.decrypt(STEP, &stored).unwrap() == text);
        let unlocked = keyring.unlock(STEP, &stored.slice(..stored.len().min(MAX_HEADER as usize))).unwrap();
        prop_assert_eq!(unlocked.length(STEP, stored.len() as u64).unwrap(), length as u64);
        for (at, size) in ranges {
            if length == 0 { continue; }
            let begin = at.index(length);
            let end = (begin + size).min(length);
            prop_assert!(range(&keyring, &stored, begin..end).unwrap() == text[begin..end]);
            // From a border of chunks, and to one.
            let border = begin / CHUNK * CHUNK;
            prop_assert!(range(&keyring, &stored, border..end).unwrap() == text[border..end]);
        }
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T>) -> Error {
    result.expect_err("it is refused")
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_refused() {
    let (recipient, keyring) = somebody();
    // The last chunk is a full one: nothing but the end says that it is the last.
    let text = text(20 * CHUNK);
    let stored = encrypted(std::slice::from_ref(&recipient), &text, CHUNK);
    let header = stored.len() - 20 * STORED_CHUNK;
    let of = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = stored.to_vec();
        change(&mut changed);
        Bytes::from(changed)
    };
    let again = encrypted(&[recipient], &text, CHUNK);
    let cases: [(&str, Bytes); 8] = [
        ("cut", of(&|file| file.truncate(file.len() - 1))),
        (
            "a chunk less",
            of(&|file| file.truncate(file.len() - STORED_CHUNK)),
        ),
        ("only the header", of(&|file| file.truncate(header))),
        ("appended", of(&|file| file.push(0))),
        (
            "a chunk more",
            of(&|file| file.extend_from_within(header..header + STORED_CHUNK)),
        ),
        (
            "two chunks exchanged",
            of(&|file| {
                let (first, rest) = file[header..].split_at_mut(STORED_CHUNK);
                first.swap_with_slice(&mut rest[..STORED_CHUNK]);
            }),
        ),
        ("a bit", of(&|file| file[header + 5 * STORED_CHUNK] ^= 1)),
        (
            "the header of another file",
            Bytes::from([&again[..header], &stored[header..]].concat()),
        ),
    ];
    for (case, file) in cases {
        for piece in [1000, 1 << 20, usize::MAX] {
            let error = refused(whole(&keyring, &file, piece.min(file.len())));
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{case}: {error}");
        }
    }
    // A range takes no more than its chunks, and these are held to their places.
    let exchanged = of(&|file| {
        file.copy_within(
            header + STORED_CHUNK..header + 2 * STORED_CHUNK,
            header + 3 * STORED_CHUNK,
        );
    });
    assert!(range(&keyring, &exchanged, 0..CHUNK).unwrap() == text[..CHUNK]);
    for begin in [3 * CHUNK, 3 * CHUNK + 7, 2 * CHUNK + 9] {
        let error = refused(range(&keyring, &exchanged, begin..3 * CHUNK + 100));
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("are not those"), "{error}");
    }
}

#[test]
fn a_header_that_is_not_as_it_was_written_is_refused() {
    let (recipient, keyring) = somebody();
    let stored = encrypted(&[recipient], b"text", 9);
    let at = |what: &str| {
        let found = stored
            .windows(what.len())
            .position(|it| it == what.as_bytes());
        found.unwrap()
    };
    for (case, at) in [
        ("mac", at("---") + 8),
        ("format", 3),
        ("stanza", at("X25519")),
    ] {
        let mut changed = stored.to_vec();
        changed[at] ^= 1;
        let error = refused(keyring.unlock(STEP, &changed.into()));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{case}: {error}");
        assert!(error.to_string().contains("header"), "{error}");
    }
    for length in [0, 10, at("---")] {
        let error = refused(keyring.unlock(STEP, &stored.slice(..length)));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

#[test]
fn who_has_not_the_key_is_told_whose_it_is() {
    let (recipient, _) = somebody();
    let (other, stranger) = somebody();
    let stored = encrypted(std::slice::from_ref(&recipient), b"text", 9);
    let given = |identities: Arc<[Identity]>| Keyring {
        encryption: Encryption::of_all([recipient.clone()]),
        identities,
    };
    let error = refused(given(Arc::from([])).unlock(STEP, &stored));
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains(&recipient.to_string()));
    let error = refused(given(stranger.identities).unlock(STEP, &stored));
    assert_eq!(error.kind(), ErrorKind::Locked);
    for one in [&recipient, &other] {
        assert!(error.to_string().contains(&one.to_string()), "{error}");
    }

    // The record says that it was encrypted to somebody else than it is.
    let (named, keyring) = somebody();
    assert_ne!(named, recipient);
    let error = refused(keyring.unlock(STEP, &stored));
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("exchanged"), "{error}");
}

/// `age` (filippo.io/age, 1.2.1) made them: `tests/fixtures/encryption/README.md`.
#[test]
fn files_of_age_itself_are_read() {
    let identities = include_str!("../../tests/fixtures/encryption/identity.txt");
    let identities = Identity::all_of(identities).unwrap();
    let recipient = identities[0].recipient();
    let keyring = keyring(&[recipient], identities);
    // sha256 of "0", "1", "2", … one after the other.
    let blocks = (0u64..).flat_map(|n| Sha256::digest(n.to_string()));
    let text: Vec<u8> = blocks.take(75_536).collect();
    for (file, length) in [
        (
            &include_bytes!("../../tests/fixtures/encryption/two-chunks.age")[..],
            75_536,
        ),
        (
            include_bytes!("../../tests/fixtures/encryption/one-full-chunk.age"),
            65_536,
        ),
        (
            include_bytes!("../../tests/fixtures/encryption/empty.age"),
            0,
        ),
    ] {
        let stored = Bytes::from_static(file);
        assert!(keyring.decrypt(STEP, &stored).unwrap() == text[..length]);
        if length > 0 {
            let last = range(&keyring, &stored, length - 1..length).unwrap();
            assert_eq!(last, text[length - 1..length]);
        }
    }
}
