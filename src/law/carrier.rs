//! Whose hands a letter went through: only the postal enterprise may carry a decision (国办公开办函〔2016〕235号第二条；《邮政法》第五十五条).

/// Names of the postal enterprise and of its services. The longer ones come first: a shorter one would leave letters over.
const POSTAL: [&str; 20] = [
    "中国邮政速递物流股份有限公司",
    "中国邮政集团有限公司",
    "中国邮政集团公司",
    "邮政速递物流",
    "邮政特快专递",
    "邮政快递包裹",
    "邮政快递",
    "邮政速递",
    "邮政物流",
    "中国邮政",
    "邮政",
    "EMS特快专递",
    "EMS快递",
    "EMS速递",
    "EMS",
    "CHINAPOST",
    "国内挂号信",
    "挂号信",
    "挂号",
    "特快专递",
];

/// Words by which other carriers are known.
const COURIERS: [&str; 32] = [
    "快递",
    "速递",
    "速运",
    "快运",
    "货运",
    "物流",
    "配送",
    "专送",
    "跑腿",
    "闪送",
    "顺丰",
    "京东",
    "中通",
    "圆通",
    "申通",
    "韵达",
    "极兔",
    "德邦",
    "百世",
    "菜鸟",
    "丹鸟",
    "跨越",
    "宅急送",
    "优速",
    "安能",
    "苏宁",
    "达达",
    "美团",
    "滴滴",
    "DHL",
    "FEDEX",
    "UPS",
];

/// Words that say that another one carries for the postal enterprise, or with it.
const TIES: [&str; 6] = ["合作", "代理", "代办", "代寄", "加盟", "转寄"];

/// Whether the name is that of the postal enterprise, or of a service of its own, and names no other carrier beside it.
#[must_use]
pub fn is_postal_enterprise(name: &str) -> bool {
    let (is_postal, rest) = without_postal_names(name);
    is_postal && !names_one_of(&rest, &COURIERS) && !names_one_of(&rest, &TIES)
}

/// Whether the name is that of a carrier other than the postal enterprise.
#[must_use]
pub fn is_other_courier(name: &str) -> bool {
    names_one_of(&without_postal_names(name).1, &COURIERS)
}

/// Whether postal names stand in it, and the letters and digits that are left without them. 快递（EMS） says what EMS is, and
/// names no other carrier.
fn without_postal_names(name: &str) -> (bool, String) {
    let narrow = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    let letters = name.chars().map(narrow).filter(|letter| letter.is_alphanumeric());
    let whole: String = letters.flat_map(char::to_uppercase).collect();
    let rest = POSTAL.iter().fold(whole.clone(), |rest, name| rest.replace(name, ""));
    let is_postal = rest != whole;
    let is_generic = is_postal && matches!(rest.as_str(), "快递" | "速递" | "国内快递");
    (is_postal, if is_generic { String::new() } else { rest })
}

fn names_one_of(rest: &str, words: &[&str]) -> bool {
    words.iter().any(|word| rest.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_postal_enterprise_is_known_by_its_own_names_and_services() {
        for postal in [
            "EMS",
            "ems",
            "ＥＭＳ",
            "E.M.S.",
            "中国邮政",
            "中国邮政EMS",
            "中国邮政集团有限公司南京市分公司",
            "中国邮政速递物流股份有限公司",
            "邮政速递物流",
            "南京邮政",
            "邮政快递",
            "邮政特快专递",
            "EMS 特快专递",
            "快递（EMS）",
            "挂号信",
            "邮政挂号信",
            "China Post",
            "邮政支局（某路）",
        ] {
            assert!(is_postal_enterprise(postal) && !is_other_courier(postal), "{postal}");
        }
    }

    #[test]
    fn a_courier_is_no_postal_enterprise_whatever_it_says_of_ems() {
        for courier in [
            "京东物流（EMS合作）",
            "京东物流",
            "顺丰速运",
            "顺丰（邮政代收）",
            "EMS/顺丰",
            "某快递",
            "某某快递（EMS）",
            "邮政合作的中通快递",
            "DHL",
            "同城闪送",
        ] {
            assert!(!is_postal_enterprise(courier) && is_other_courier(courier), "{courier}");
        }
        for neither in ["", " ", "某公司", "EMS合作单位", "邮政代理点"] {
            assert!(!is_postal_enterprise(neither) && !is_other_courier(neither), "{neither}");
        }
    }
}
