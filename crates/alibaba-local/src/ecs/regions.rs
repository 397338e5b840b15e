//! Regions and their zones, and the ids of what is in them.

/// A region of the real cloud.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) id: &'static str,
    /// What ids of its resources begin with. Those of Hangzhou, Beijing, Shanghai and Hong Kong are
    /// documented; the others are as ids in public show them.
    code: &'static str,
    pub(super) name: &'static str,
    pub(super) local_name: &'static str,
    /// The letters of its zones.
    zones: &'static str,
}

const fn region(
    id: &'static str,
    code: &'static str,
    name: &'static str,
    local_name: &'static str,
    zones: &'static str,
) -> Region {
    Region {
        id,
        code,
        name,
        local_name,
        zones,
    }
}

/// Those that a local cloud serves, all in one process.
pub(super) const REGIONS: &[Region] = &[
    region(
        "cn-qingdao",
        "m5e",
        "China (Qingdao)",
        "华北1（青岛）",
        "bc",
    ),
    region(
        "cn-beijing",
        "2ze",
        "China (Beijing)",
        "华北2（北京）",
        "acdefghijkl",
    ),
    region(
        "cn-zhangjiakou",
        "8vb",
        "China (Zhangjiakou)",
        "华北3（张家口）",
        "abc",
    ),
    region(
        "cn-huhehaote",
        "hp3",
        "China (Hohhot)",
        "华北5（呼和浩特）",
        "ab",
    ),
    region(
        "cn-wulanchabu",
        "0jl",
        "China (Ulanqab)",
        "华北6（乌兰察布）",
        "abc",
    ),
    region(
        "cn-hangzhou",
        "bp1",
        "China (Hangzhou)",
        "华东1（杭州）",
        "bfghijk",
    ),
    region(
        "cn-shanghai",
        "uf6",
        "China (Shanghai)",
        "华东2（上海）",
        "abefglmn",
    ),
    region(
        "cn-shenzhen",
        "wz9",
        "China (Shenzhen)",
        "华南1（深圳）",
        "acdef",
    ),
    region("cn-heyuan", "f8z", "China (Heyuan)", "华南2（河源）", "ab"),
    region(
        "cn-guangzhou",
        "7xv",
        "China (Guangzhou)",
        "华南3（广州）",
        "ab",
    ),
    region(
        "cn-chengdu",
        "2vc",
        "China (Chengdu)",
        "西南1（成都）",
        "ab",
    ),
    region("cn-hongkong", "j6c", "China (Hong Kong)", "中国香港", "bcd"),
    region(
        "ap-northeast-1",
        "6we",
        "Japan (Tokyo)",
        "日本（东京）",
        "abc",
    ),
    region("ap-southeast-1", "t4n", "Singapore", "新加坡", "abc"),
    region(
        "ap-southeast-3",
        "8ps",
        "Malaysia (Kuala Lumpur)",
        "马来西亚（吉隆坡）",
        "ab",
    ),
    region(
        "ap-southeast-5",
        "k1a",
        "Indonesia (Jakarta)",
        "印度尼西亚（雅加达）",
        "abc",
    ),
    region(
        "us-east-1",
        "0xi",
        "US (Virginia)",
        "美国（弗吉尼亚）",
        "ab",
    ),
    region(
        "us-west-1",
        "rj9",
        "US (Silicon Valley)",
        "美国（硅谷）",
        "ab",
    ),
    region("eu-west-1", "d7o", "UK (London)", "英国（伦敦）", "ab"),
    region(
        "eu-central-1",
        "gw8",
        "Germany (Frankfurt)",
        "德国（法兰克福）",
        "abc",
    ),
    region("me-east-1", "eb3", "UAE (Dubai)", "阿联酋（迪拜）", "a"),
];

/// A region by its id.
pub(super) fn find(id: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.id == id)
}

/// The zones of a region, such as `cn-hangzhou-k`; overseas `us-west-1a`.
pub(super) fn zones(region: &Region) -> impl DoubleEndedIterator<Item = String> + '_ {
    let hyphen = if region.id.ends_with(|last: char| last.is_ascii_digit()) {
        ""
    } else {
        "-"
    };
    let letters = region.zones.chars();
    letters.map(move |letter| format!("{}{hyphen}{letter}", region.id))
}

pub(super) fn has_zone(region: &str, zone: &str) -> bool {
    find(region).is_some_and(|region| zones(region).any(|it| it == zone))
}

/// The region of a zone.
pub(super) fn of_zone(zone: &str) -> Option<&'static Region> {
    REGIONS
        .iter()
        .find(|region| zones(region).any(|it| it == zone))
}

/// Where something goes of which no zone is known.
pub(super) fn last_zone(region: &str) -> Option<String> {
    find(region).and_then(|region| zones(region).next_back())
}

/// A new id: prefix, region code, and 17 letters and digits.
pub(super) fn new_id(prefix: &str, region: &str) -> String {
    let code = find(region).map_or("bp1", |region| region.code);
    let digit = || fastrand::digit(36);
    let rest: String = std::iter::repeat_with(digit).take(17).collect();
    format!("{prefix}-{code}{rest}")
}
