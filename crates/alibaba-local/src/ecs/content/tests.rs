//! Images in both places are the same thing.

use std::collections::BTreeSet;

use super::Images;

const SIZE: u64 = 40 * 1024 * 1024 * 1024;

fn read(images: &Images, name: &str, offset: u64, len: usize) -> Vec<u8> {
    let mut buffer = vec![1; len];
    images.read(name, offset, &mut buffer).unwrap();
    buffer
}

#[test]
fn a_copy_holds_what_there_was_whatever_becomes_of_the_original() {
    let folder = std::env::temp_dir().join(format!("images-{:016x}", fastrand::u64(..)));
    for place in [None, Some(folder.clone())] {
        let mut images = Images::open(place).unwrap();
        images.create("d-1", SIZE).unwrap();
        assert_eq!(read(&images, "d-1", SIZE - 5, 5), [0; 5]);
        // Over the border of a block, and at the very end.
        images.write("d-1", 65530, b"across the border").unwrap();
        images.write("d-1", SIZE - 3, b"end").unwrap();
        images.copy("d-1", "s-1", SIZE).unwrap();
        images.write("d-1", 65530, b"ACROSS").unwrap();
        assert_eq!(read(&images, "s-1", 65530, 17), b"across the border");
        assert_eq!(read(&images, "d-1", 65530, 17), b"ACROSS the border");
        images.remove("d-1").unwrap();
        images.copy("s-1", "d-2", 2 * SIZE).unwrap();
        images.write("d-2", 65530, b"another").unwrap();
        assert_eq!(read(&images, "s-1", 65530, 7), b"across ");
        assert_eq!(read(&images, "d-2", SIZE - 3, 5), b"end\0\0");
        assert_eq!(read(&images, "d-2", 2 * SIZE - 2, 2), [0; 2]);
        let held = images.held("s-1").unwrap();
        assert!((17..=1024 * 1024).contains(&held), "{held} bytes held");
        // Nothing is there twice, or not at all.
        images.remove("d-1").unwrap();
        assert!(images.copy("d-1", "d-3", SIZE).is_err());
        assert!(images.write("d-1", 0, b"x").is_err());
    }
    let mut images = Images::open(Some(folder.clone())).unwrap();
    images.retain(&BTreeSet::from(["d-2"])).unwrap();
    assert_eq!(read(&images, "d-2", 65530, 7), b"another");
    assert!(images.held("s-1").is_err());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn blocks_of_zeros_stay_holes_where_the_system_knows_no_holes() {
    use std::io::{Read as _, Seek as _, Write as _};

    let mut original = tempfile("original");
    let mut copy = tempfile("copy");
    original.1.set_len(10 * 64 * 1024).unwrap();
    original
        .1
        .seek(std::io::SeekFrom::Start(3 * 64 * 1024 + 7))
        .unwrap();
    original.1.write_all(b"data").unwrap();
    super::folder::copy_blocks(&mut original.1, &mut copy.1).unwrap();
    copy.1.set_len(10 * 64 * 1024).unwrap();
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    original.1.rewind().unwrap();
    copy.1.rewind().unwrap();
    original.1.read_to_end(&mut expected).unwrap();
    copy.1.read_to_end(&mut found).unwrap();
    assert!(found == expected);
    for (path, _) in [original, copy] {
        std::fs::remove_file(path).unwrap();
    }
}

fn tempfile(name: &str) -> (std::path::PathBuf, std::fs::File) {
    let path = std::env::temp_dir().join(format!("{name}-{:016x}", fastrand::u64(..)));
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).open(&path);
    (path, file.unwrap())
}
